//! One snapshot: what its decoder gives and says, and how far each damage reaches.

use treering_level::{Column, Fill, Ring, TIME_MAX_S, Values};
use treering_snapshot::{
    Damage, DamageKind, DecodeError, Format, Head, Limits, Meta, Part, Scratch, Sink, Stop, Take,
};

use super::extents::Extents;
use super::json::Members;
use super::{Class, Fault, Faults, NOTHING};
use crate::program::exit::chain;
use crate::program::words::{self, wide};

const SET_ASIDE: &str = "the store uses what is sound, writes that anew with its next checkpoint and sets the file aside; a backup may have the rest";
const LEFT_OUT: &str = "the store leaves the column out and the file in its place";
const UNCHECKED: &str = "perhaps: the file was read, but a flipped bit in it would go unnoticed";
const ALL: &str = "all of the file's samples that no log and no other snapshot has";

/// What was found in a snapshot.
pub(crate) struct Snapshot {
    pub(crate) meta: Option<Meta>,
    /// All that were read, those that no series can hold included.
    pub(crate) columns: u64,
    /// Columns that a series can hold, and the values in them.
    pub(crate) parts: u64,
    pub(crate) samples: u64,
    pub(crate) faults: Faults,
}

/// A column as it is read.
pub(crate) struct Taken<'a> {
    pub(crate) path: &'a [String],
    pub(crate) head: Head<'a>,
    pub(crate) values: &'a [Part<'a>],
}

/// Whether a file with this in it is damaged. A later version's trailer is no damage, only nothing that this version
/// can check.
pub(crate) fn is_damage(kind: DamageKind) -> bool {
    !matches!(kind, DamageKind::TrailerVersion { .. })
}

/// Looks at a snapshot of `len` bytes, of which `bytes` are all, or its two ends. They are overwritten.
pub(crate) fn snapshot(
    format: &dyn Format,
    bytes: &mut [u8],
    len: u64,
    scratch: &mut Scratch,
    take: &mut dyn FnMut(Taken<'_>),
) -> Snapshot {
    // Decoders may write into the file that they read; where things end is looked up in what it was.
    let original = bytes.to_vec();
    let file = Extents::new(format.extension(), &original, len);
    let base = bytes.as_ptr().addr();
    let mut sink = Counting { base, file: &file, take, path: Vec::new(), seen: Seen::default() };
    let mut faults = Faults::default();
    let mut is_reported = false;
    let report = &mut |damage: Damage| {
        is_reported = true;
        of_damage(&file, &damage).for_each(|fault| faults.push(fault));
    };
    let decoded = format.decode(bytes, scratch, &Limits::default(), &mut sink, report);
    let Seen { columns, parts, samples, used_to, unplaced } = sink.seen;
    faults.append(unplaced);
    let damaged: Vec<_> = faults.kept.iter().map(|fault| (fault.from, fault.to)).collect();
    let mut read_to = len;
    if let Err(error) = &decoded.end {
        let fault = of_end(&file, error, used_to, columns, is_reported);
        if fault.from < fault.to {
            // What was found behind that is in it.
            read_to = fault.from;
            faults.kept.iter_mut().for_each(|fault| fault.clip(read_to));
        }
        faults.push(fault);
    }
    let trailer_is_ours = decoded.meta.as_ref().is_some_and(|meta| meta.ours.is_some());
    let foreign_from = file.foreign_from(trailer_is_ours || file.has_no_trailer());
    if let Some(from) = foreign_from.filter(|_| read_to == len) {
        let is_behind = |fault: &&mut Fault| fault.class == Class::Damage && fault.from >= from;
        if let Some(piece) = faults.kept.iter_mut().find(is_behind) {
            // What lies there has the end of a file of ours in it, so all of it is a piece of one.
            (piece.from, piece.to) = (from, len);
        } else {
            let what = "bytes behind the end that belong to nobody known here";
            let rule = format!("{}-foreign-bytes", file.extension);
            let fault = Fault::new(Class::Foreign, rule, (from, len), what);
            faults.push(fault.advice("nothing: they are passed over, as by the reference"));
        }
    }
    passed_over(&file, read_to, &damaged).for_each(|fault| faults.push(fault));
    faults.kept.sort_by_key(|fault| fault.at);
    Snapshot { meta: decoded.meta, columns, parts, samples, faults }
}

/// One report of a decoder.
fn of_damage(file: &Extents<'_>, damage: &Damage) -> impl Iterator<Item = Fault> {
    let (suffix, lost, advice) = match damage.kind {
        DamageKind::ColumnChecksum { .. } => ("column-checksum", None, SET_ASIDE),
        DamageKind::ColumnMalformed { .. } => ("column-malformed", None, SET_ASIDE),
        DamageKind::ColumnUnusable { .. } => ("column-unusable", None, SET_ASIDE),
        DamageKind::LevelUnusable { .. } => ("level-unusable", None, SET_ASIDE),
        DamageKind::StructureChecksum { .. } => ("structure-checksum", Some(NOTHING), SET_ASIDE),
        DamageKind::FileChecksum { .. } => ("file-checksum", Some(UNCHECKED), SET_ASIDE),
        DamageKind::TrailerChecksum { .. } => ("trailer-checksum", Some(UNCHECKED), SET_ASIDE),
        DamageKind::TrailerBroken { .. } => ("trailer-broken", Some(UNCHECKED), SET_ASIDE),
        DamageKind::TrailerVersion { .. } => {
            ("trailer-version", Some(UNCHECKED), "verify it with the version that wrote it")
        }
        DamageKind::Depth { .. } => ("depth", None, SET_ASIDE),
        DamageKind::NameLength { .. } => ("name-length", None, SET_ASIDE),
        _ => ("damage", None, SET_ASIDE),
    };
    let class = if is_damage(damage.kind) { Class::Damage } else { Class::Foreign };
    let rule = format!("{}-{suffix}", file.extension);
    let (path, metric) = (damage.path.clone(), damage.metric.clone());
    let lost = lost.map_or_else(|| samples_of(path.as_deref(), metric.as_deref()), str::to_owned);
    let (what, at) = (damage.kind.to_string(), damage.offset);
    file.of_damage(damage).into_iter().map(move |range| Fault {
        path: path.clone(),
        metric: metric.clone(),
        ..Fault::new(class, rule.clone(), range, what.clone()).at(at).lost(lost.clone()).advice(advice)
    })
}

/// Why a decode ended early. `used_to` is where the last values end that were used.
fn of_end(
    file: &Extents<'_>,
    error: &DecodeError,
    used_to: Option<u64>,
    columns: u64,
    is_reported: bool,
) -> Fault {
    let suffix = match error {
        DecodeError::Truncated { .. } => "truncated",
        DecodeError::Magic { .. } => "magic",
        DecodeError::Checksum { .. } => "checksum",
        DecodeError::Limit { .. } => "limit",
        DecodeError::Malformed { .. } => "malformed",
        _ => "damage",
    };
    let rule = format!("{}-{suffix}", file.extension);
    let offset = error.offset().unwrap_or(0);
    if matches!(error, DecodeError::Malformed { .. }) && file.is_whole_object() {
        // All of the text was read: what is wrong is in one place, and was reported if it holds samples.
        let what = format!(
            "the reference would refuse this directory because this text is no snapshot: {}",
            chain(error)
        );
        return match is_reported {
            true => Fault::new(Class::Note, "reference-refuses-text", (offset, offset), what)
                .advice("nothing for this store; before going back to the reference, move this file away"),
            false => Fault::new(Class::Damage, rule, (offset, offset), chain(error)).advice(SET_ASIDE),
        };
    }
    let lost = match columns {
        0 => ALL.to_owned(),
        _ => {
            let read = words::count(columns, "column");
            format!("what follows the first {read}, as far as nothing else has it")
        }
    };
    let from = file.unused_from(offset, used_to);
    let fault =
        |what: String| Fault::new(Class::Damage, rule, (from, file.len), what).lost(lost).advice(SET_ASIDE);
    if file.len == 0 {
        return fault("the file is empty".to_owned());
    }
    match file.impossible_count(offset) {
        None => fault(chain(error)).at(offset),
        Some(count) => {
            let (found, fits) = (count.found, words::count_len(count.fits, "column"));
            let what = format!("a count of {found} columns, {fits} at most can follow; {}", chain(error));
            fault(what).at(wide(count.at))
        }
    }
}

/// What a decoder passes over without a word.
fn passed_over(file: &Extents<'_>, to: u64, damaged: &[(u64, u64)]) -> impl Iterator<Item = Fault> {
    let found = file.passed_over(to, damaged);
    let fault = |rule: &'static str, members: Members, what: &str| {
        let range = (wide(members.range.start), wide(members.range.end));
        let what = format!(
            "{}, the first of them \"{}\", {what}",
            words::count(members.count, "member"),
            words::brief(&members.key)
        );
        let fault = Fault { bytes: Some(members.bytes), ..Fault::new(Class::Foreign, rule, range, what) };
        (members.count > 0).then_some(fault)
    };
    let unknown = fault("json-unknown-members", found.unknown, "that no snapshot has");
    let replaced = fault("json-members-twice", found.replaced, "that a later one of the same name replaces");
    let advice = "nothing: they are passed over, as by the reference";
    let replaced =
        replaced.map(|fault| fault.lost("what they say: the last one counts, as in the reference"));
    unknown.into_iter().chain(replaced).map(move |fault| fault.advice(advice))
}

fn samples_of(path: Option<&[String]>, metric: Option<&str>) -> String {
    let place = words::place(path, metric);
    let of = if place.is_empty() { "" } else { " of " };
    format!("this file's samples{of}{place}, as far as no log and no other snapshot has them")
}

/// What a start would take of a file.
#[derive(Default)]
struct Seen {
    columns: u64,
    parts: u64,
    samples: u64,
    /// Behind the last value that was taken from where it lies in the file.
    used_to: Option<u64>,
    unplaced: Faults,
}

struct Counting<'a, 'f> {
    /// Where the file lies in memory, to tell where in it values lie.
    base: usize,
    file: &'a Extents<'f>,
    take: &'a mut dyn FnMut(Taken<'_>),
    path: Vec<String>,
    seen: Seen,
}

impl Counting<'_, '_> {
    /// Behind the last of a column's values, if these lie in the file.
    fn values_to(&self, values: &[Part<'_>]) -> Option<usize> {
        let end_of = |part: &Part<'_>| match part {
            Part::LittleEndian(bytes) if !bytes.is_empty() => {
                let from = bytes.as_ptr().addr().checked_sub(self.base)?;
                from.checked_add(bytes.len()).filter(|to| *to <= self.file.bytes.len())
            }
            _ => None,
        };
        values.iter().filter_map(end_of).max()
    }

    fn unplaced(&mut self, head: &Head<'_>, suffix: &str, why: &str, values_to: Option<usize>) {
        let range = self.file.column(&self.path, head.metric, values_to, self.seen.used_to);
        self.seen.used_to = self.seen.used_to.max(Some(range.1));
        let rule = format!("{}-{suffix}", self.file.extension);
        let fault = Fault::new(Class::Unplaced, rule, range, format!("column left out: {why}"));
        self.seen.unplaced.push(Fault {
            path: Some(self.path.clone()),
            metric: Some(head.metric.to_owned()),
            ..fault.lost(samples_of(Some(&self.path), Some(head.metric))).advice(LEFT_OUT)
        });
    }
}

impl Sink for Counting<'_, '_> {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let values_to = self.values_to(values);
        self.seen.columns += 1;
        match unusable(&head) {
            Some((suffix, why)) => self.unplaced(&head, suffix, &why, values_to),
            None => {
                self.seen.parts += 1;
                self.seen.samples += values.iter().map(samples).sum::<u64>();
                self.seen.used_to = self.seen.used_to.max(values_to.map(wide));
            }
        }
        (self.take)(Taken { path: &self.path, head, values });
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

/// Why no series can hold a column: a ring is asked for a place, without any value.
fn unusable(head: &Head<'_>) -> Option<(&'static str, String)> {
    let Some(interval_s) = u32::try_from(head.interval_s).ok().filter(|interval_s| *interval_s > 0) else {
        let why = format!("an interval of {} s, 1 to {} expected", head.interval_s, u32::MAX);
        return Some(("column-interval", why));
    };
    let column = Column { start_s: head.start_s, interval_s, values: &[Values::Missing(head.count)] };
    Ring::new(interval_s).restore(column, Fill::EmptySlots, false).err()?;
    let slots = i64::from(head.count.saturating_sub(1));
    let last_s = head.start_s.saturating_add(head.interval_s.saturating_mul(slots));
    let why = format!("times {} to {last_s}, nothing beyond {TIME_MAX_S} expected", head.start_s);
    Some(("column-time", why))
}

fn samples(part: &Part<'_>) -> u64 {
    let count = match part {
        Part::Native(values) => values.iter().filter(|value| !value.is_nan()).count(),
        Part::LittleEndian(bytes) => {
            let (values, _) = bytes.as_chunks::<4>();
            values.iter().filter(|value| !f32::from_le_bytes(**value).is_nan()).count()
        }
        Part::Missing(_) => 0,
    };
    wide(count)
}
