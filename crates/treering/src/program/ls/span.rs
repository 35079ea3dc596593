//! What a file holds, in short: columns or records, series, and the times of its first and last sample.

use std::collections::HashSet;
use std::io;

use treering_snapshot::{Format, Meta, Part, Scratch};

use crate::program::file::Source;
use crate::program::series::Series;
use crate::program::survey;
use crate::program::words::wide;

/// Times of the first and the last sample.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Span(pub(super) Option<(i64, i64)>);

impl Span {
    pub(super) fn add(&mut self, time_s: i64) {
        self.join(Span(Some((time_s, time_s))));
    }

    pub(super) fn join(&mut self, other: Span) {
        let Some((other_first, other_last)) = other.0 else { return };
        let (first, last) = self.0.unwrap_or((other_first, other_last));
        self.0 = Some((first.min(other_first), last.max(other_last)));
    }
}

/// A snapshot or a log, read through.
#[derive(Default)]
pub(super) struct Content {
    pub(super) span: Span,
    /// Columns of a snapshot.
    pub(super) columns: u64,
    /// Samples of a log.
    pub(super) records: u64,
    pub(super) meta: Option<Meta>,
    pub(super) damaged: bool,
}

/// Reads a snapshot of `len` bytes, of which `bytes` are all, or its two ends; `all` takes its series.
pub(super) fn snapshot(
    format: &dyn Format,
    (bytes, len): (&mut [u8], u64),
    scratch: &mut Scratch,
    all: &mut HashSet<Series>,
) -> Content {
    let mut span = Span::default();
    let seen = survey::snapshot(format, bytes, len, scratch, &mut |taken| {
        let head = taken.head;
        let Some((first, last)) = first_and_last(taken.values).filter(|_| head.interval_s > 0) else {
            return;
        };
        let time_of = |index: u64| {
            let index = i64::try_from(index).unwrap_or(i64::MAX);
            head.start_s.saturating_add(head.interval_s.saturating_mul(index))
        };
        span.join(Span(Some((time_of(first), time_of(last)))));
        all.insert(Series::new(taken.path, head.metric));
    });
    let damaged = seen.faults.lose_samples();
    Content { span, columns: seen.columns, records: 0, meta: seen.meta, damaged }
}

/// Reads a log, behind damage too; `all` takes its series.
///
/// # Errors
/// As the system reports it.
pub(super) fn log(source: &Source, all: &mut HashSet<Series>) -> io::Result<Content> {
    let mut span = Span::default();
    let mut known: HashSet<Box<[u8]>> = HashSet::new();
    let seen = survey::log(source, &mut |(_, record)| {
        if record.value.is_nan() {
            return;
        }
        span.add(record.time_s);
        if !known.contains(record.series_bytes()) {
            known.insert(record.series_bytes().into());
            let path: Vec<_> = record.levels().collect();
            all.insert(Series::new(&path, &record.metric()));
        }
    })?;
    let damaged = seen.faults.lose_samples();
    Ok(Content { span, columns: 0, records: seen.records, meta: None, damaged })
}

/// Indices of the first and the last value that is a sample.
fn first_and_last(parts: &[Part<'_>]) -> Option<(u64, u64)> {
    let mut found = None;
    let mut before = 0;
    for part in parts {
        let count = part.count();
        let ends = match part {
            Part::Native(values) => ends(count, |index| !values[index].is_nan()),
            Part::LittleEndian(bytes) => {
                let (values, _) = bytes.as_chunks::<4>();
                ends(count, |index| !f32::from_le_bytes(values[index]).is_nan())
            }
            Part::Missing(_) => None,
        };
        if let Some((first, last)) = ends {
            let first = found.map_or(before + wide(first), |(first, _)| first);
            found = Some((first, before + wide(last)));
        }
        before += wide(count);
    }
    found
}

fn ends(count: usize, is_sample: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
    let first = (0..count).find(|index| is_sample(*index))?;
    let last = (first..count).rev().find(|index| is_sample(*index))?;
    Some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_found_across_parts_and_gaps() {
        let nan = f32::NAN;
        let bytes: Vec<u8> = [1.0f32, nan].iter().flat_map(|value| value.to_le_bytes()).collect();
        let parts = [Part::Missing(2), Part::Native(&[nan, 1.0, nan]), Part::LittleEndian(&bytes)];
        assert_eq!(first_and_last(&parts), Some((3, 5)));
        assert_eq!(first_and_last(&parts[..2]), Some((3, 3)));
        assert_eq!(first_and_last(&[Part::Missing(5), Part::Native(&[nan])]), None);
    }
}
