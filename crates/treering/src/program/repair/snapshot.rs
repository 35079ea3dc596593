//! What of a snapshot is used: every column that its decoder gives and a series can hold.

use treering_level::{Column, Ring, Values};
use treering_snapshot::{Damage, DamageKind, Format, Head, Limits, Meta, Part, Scratch, Sink, Stop, Take};

use super::extent;
use super::report::{FileReport, LossKind, State};
use crate::program::exit::chain;

/// So many ranges of one file are reported one by one.
const LOST_MAX: usize = 1000;

/// Looks at what a start would take.
struct Counting {
    /// Where the file lies in memory, to tell where in it values lie.
    base: usize,
    len: usize,
    parts: u64,
    samples: u64,
    /// Behind the last value that was taken from where it lies in the file.
    end: Option<u64>,
    path: Vec<String>,
    unplaced: Vec<(u64, Option<u64>, String)>,
}

/// Accounts for a snapshot of `len` bytes. `bytes` may be overwritten.
pub(super) fn account(
    format: &dyn Format,
    bytes: &mut [u8],
    len: u64,
    scratch: &mut Scratch,
    report: &mut FileReport,
) {
    // Decoders may write into the file that they read; where things end is looked up in what it was.
    let original = bytes.to_vec();
    let mut sink = Counting {
        base: bytes.as_ptr().addr(),
        len: bytes.len(),
        parts: 0,
        samples: 0,
        end: None,
        path: Vec::new(),
        unplaced: Vec::new(),
    };
    let mut found: Vec<Damage> = Vec::new();
    let mut more = 0_u64;
    let decoded = format.decode(bytes, scratch, &Limits::default(), &mut sink, &mut |damage| {
        // A later version's trailer is no damage, only nothing that this version can check.
        if matches!(damage.kind, DamageKind::TrailerVersion { .. }) {
            return;
        }
        if found.len() < LOST_MAX { found.push(damage) } else { more += 1 }
    });
    report.parts = sink.parts;
    report.samples = sink.samples;
    if !sink.unplaced.is_empty() {
        report.state = State::Unplaced;
    }
    for (from, to, what) in sink.unplaced {
        report.lose(from, to, LossKind::Unplaced, what);
    }
    if !found.is_empty() || decoded.end.is_err() {
        report.state = State::Damaged;
    }
    for damage in &found {
        lose(damage, format.extension(), &original, report);
    }
    if more > 0 {
        report.lose(0, None, LossKind::DamagedColumn, format!("and {more} more such places"));
    }
    if let Err(error) = &decoded.end {
        let from = sink.end.or_else(|| extent::sound_end(format.extension(), &original, error.offset()));
        report.lose(from.unwrap_or(0), Some(len), LossKind::CutOff, chain(error));
    } else if found.is_empty()
        && let Some(meta) = decoded.meta.filter(|meta| meta.ours.is_none())
        && let Some(end) = end_of_tree(format, &original, &meta)
        && end < len
    {
        let what = "behind the end that its counts give it: no reader looks there".to_owned();
        report.lose(end, Some(len), LossKind::BehindTheEnd, what);
    }
}

/// Notes one damaged place, as far as it reaches.
fn lose(damage: &Damage, extension: &str, original: &[u8], report: &mut FileReport) {
    let offset = damage.offset;
    let (kind, to) = match damage.kind {
        DamageKind::TrailerChecksum { .. } | DamageKind::TrailerBroken { .. } => {
            (LossKind::DamagedTrailer, extent::trailer_end(extension, original, offset))
        }
        DamageKind::StructureChecksum { .. } | DamageKind::FileChecksum { .. } => {
            (LossKind::Unchecked, Some(offset))
        }
        _ => {
            let of_column = damage.metric.is_some() || is_of_column(damage.kind);
            let kind = if of_column { LossKind::DamagedColumn } else { LossKind::DamagedLevel };
            (kind, extent::end(extension, original, offset, kind))
        }
    };
    report.lose(offset, to, kind, without_offset(damage));
}

/// Where a sound snapshot without anything of ours ends.
fn end_of_tree(format: &dyn Format, bytes: &[u8], meta: &Meta) -> Option<u64> {
    if format.extension() == "json" {
        return extent::json_end(bytes);
    }
    // Decoded and encoded again it is the same, and what is too much is behind.
    let mut copy = Vec::new();
    let mut encoder = format.encoder(&mut copy);
    let mut input = bytes.to_vec();
    let report = &mut |_| ();
    format.decode(&mut input, &mut Scratch::new(), &Limits::default(), &mut *encoder, report).end.ok()?;
    encoder.finish(meta).ok()?;
    bytes.starts_with(&copy).then(|| u64::try_from(copy.len()).unwrap_or(u64::MAX))
}

fn is_of_column(kind: DamageKind) -> bool {
    matches!(
        kind,
        DamageKind::ColumnChecksum { .. }
            | DamageKind::ColumnMalformed { .. }
            | DamageKind::ColumnUnusable { .. }
    )
}

/// The offset stands before it already.
fn without_offset(damage: &Damage) -> String {
    let text = damage.to_string();
    text.split_once(": ").map_or(text.clone(), |(_, what)| what.to_owned())
}

impl Counting {
    /// Where in the file a value's bytes lie.
    fn place(&self, bytes: &[u8]) -> Option<(u64, u64)> {
        let from = bytes.as_ptr().addr().checked_sub(self.base)?;
        let to = from.checked_add(bytes.len()).filter(|to| *to <= self.len)?;
        Some((u64::try_from(from).ok()?, u64::try_from(to).ok()?))
    }
}

impl Sink for Counting {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let place = values.iter().find_map(|part| match part {
            Part::LittleEndian(bytes) if !bytes.is_empty() => self.place(bytes),
            _ => None,
        });
        let before = self.end.unwrap_or(0);
        self.end = self.end.max(place.map(|(_, to)| to));
        if let Err(why) = fits(&head) {
            if self.unplaced.len() < LOST_MAX {
                let (level, metric) = (self.path.join("/"), head.metric);
                let what = format!("level {level:?}, metric {metric:?} left out: {why}");
                // Where no values lie, no sample does.
                let near = (before, (head.count == 0).then_some(before));
                let (from, to) = place.map_or(near, |(from, to)| (from, Some(to)));
                self.unplaced.push((from, to, what));
            }
            return Ok(());
        }
        self.parts += 1;
        let mut all = Vec::new();
        values.iter().for_each(|part| part.append_to(&mut all));
        let samples = all.iter().filter(|value| !value.is_nan()).count();
        self.samples += u64::try_from(samples).unwrap_or(u64::MAX);
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

/// Whether a series can hold the column: a ring is asked for a place, without any value.
fn fits(head: &Head<'_>) -> Result<(), String> {
    let interval_s = u32::try_from(head.interval_s).ok().filter(|interval_s| *interval_s > 0);
    let interval_s = interval_s.ok_or_else(|| format!("an interval of {} s", head.interval_s))?;
    let column = Column { start_s: head.start_s, interval_s, values: &[Values::Missing(head.count)] };
    let placed = Ring::new(interval_s).restore(column, treering_level::Fill::EmptySlots, false);
    placed.map(|_| ()).map_err(|error| chain(&error))
}
