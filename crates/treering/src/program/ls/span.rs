//! What a file holds, in short: columns or records, series, and the times of its first and last sample.

use std::collections::HashSet;

use treering_snapshot::{Damage, Format, Head, Limits, Meta, Part, Scratch, Sink, Stop, Take};
use treering_wal::{End, HeaderError, Reader, Record};

use crate::program::series::Series;

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

/// Reads a snapshot; `all` takes its series.
pub(super) fn snapshot(
    format: &dyn Format,
    bytes: &mut [u8],
    scratch: &mut Scratch,
    all: &mut HashSet<Series>,
) -> Content {
    let mut sink = SpanSink { content: Content::default(), all, path: Vec::new() };
    let mut damaged = false;
    let mut report = |damage: Damage| damaged |= !is_of_a_later_version(&damage);
    let decoded = format.decode(bytes, scratch, &Limits::default(), &mut sink, &mut report);
    let damaged = damaged || decoded.end.is_err();
    Content { meta: decoded.meta, damaged, ..sink.content }
}

/// What a later version wrote is sound, only unchecked.
fn is_of_a_later_version(damage: &Damage) -> bool {
    matches!(damage.kind, treering_snapshot::DamageKind::TrailerVersion { .. })
}

/// Reads a log, behind damage too; `all` takes its series.
pub(super) fn log(bytes: &[u8], all: &mut HashSet<Series>) -> Content {
    let limits = treering_wal::Limits::default();
    let mut content = Content::default();
    let mut reader = Reader::new(bytes, &limits).unwrap_or_else(|error| {
        content.damaged = matches!(error, HeaderError::Magic { .. });
        Reader::salvage(bytes, &limits)
    });
    let mut seen: HashSet<&[u8]> = HashSet::new();
    loop {
        for record in reader.by_ref().filter(|record| !record.is_control()) {
            content.records += 1;
            if !record.value.is_nan() {
                content.span.add(record.time_s);
                if seen.insert(record.series_bytes()) {
                    all.insert(series(&record));
                }
            }
        }
        content.damaged |= matches!(reader.end(), Some(End::Corrupt { .. }));
        if !reader.resume() {
            return content;
        }
    }
}

fn series(record: &Record<'_>) -> Series {
    let path: Vec<_> = record.levels().collect();
    Series::new(&path, &record.metric())
}

struct SpanSink<'a> {
    content: Content,
    all: &'a mut HashSet<Series>,
    path: Vec<String>,
}

impl Sink for SpanSink<'_> {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        self.content.columns += 1;
        let Some((first, last)) = first_and_last(values).filter(|_| head.interval_s > 0) else {
            return Ok(());
        };
        let time_of = |index: u64| {
            let index = i64::try_from(index).unwrap_or(i64::MAX);
            head.start_s.saturating_add(head.interval_s.saturating_mul(index))
        };
        self.content.span.join(Span(Some((time_of(first), time_of(last)))));
        self.all.insert(Series::new(&self.path, head.metric));
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        self.path.push(level.to_owned());
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.path.pop();
        Ok(())
    }
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

fn wide(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
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
