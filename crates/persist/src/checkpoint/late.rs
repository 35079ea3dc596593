//! Late samples into the files that are there: each is read, its columns merged with memory, and replaced.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use treering_buffer::{Column, Fill, Frozen, Grid, Ring, Slot, SlotRanges, TIME_MAX_S, Values};
use treering_level::FrozenSeries;
use treering_snapshot::{
    Counts, Damage, Decoded, EncodeError, Encoder, Format, Head, Limits, Loss, Meta, Ours, Part, Scratch,
    Sink, Stop, Take,
};

use super::Environment;
use super::encode::{ColumnOf, emit_column_from};
use super::plan::{Extent, LatePlan, floor_slot, fresh_columns, held, late_slots, plan_late};
use crate::catalog::{Catalog, SnapshotFile};
use crate::error::{CheckpointError, IoFailure, chain};
use crate::log::HostDisk;
use crate::parts::values_of;
use crate::planted::planted;
use crate::recover::is_damage;
use crate::storage::read_file;

/// Two years of seconds. A column is not stretched beyond it: what lies between its samples takes memory and room.
const MERGED_SLOTS_MAX: u64 = 1 << 26;

/// A path below the host and a metric.
type Key = (Vec<String>, String);

/// What became of the late slots of a host.
#[derive(Default)]
pub(super) struct LateWork {
    /// Files to be replaced: index in the catalog, new bytes, and where their last value ends.
    pub(super) rewritten: Vec<Rewritten>,
    /// Columns of new files in front of all others, the oldest first.
    pub(super) front: Vec<Vec<ColumnOf>>,
    /// Columns of new files behind all others, the oldest first: of late slots that their file cannot take up.
    pub(super) behind: Vec<Vec<ColumnOf>>,
}

/// The new content of an existing file.
pub(super) struct Rewritten {
    pub(super) file: usize,
    pub(super) bytes: Vec<u8>,
    pub(super) end_s: i64,
    pub(super) loss: Loss,
}

/// A file and the late samples that belong into it.
enum Rewrite {
    Done(Rewritten),
    /// Why they cannot be in it.
    Unfit(String),
}

/// Notes where the columns of some series lie.
struct ExtentSink<'a> {
    wanted: &'a HashMap<Key, usize>,
    path: Vec<String>,
    extents: Vec<Option<Extent>>,
}

/// Passes a file on into an encoder, some of its columns merged with memory.
struct MergeSink<'a, 'e> {
    encoder: Box<dyn Encoder + 'e>,
    merges: &'a HashMap<Key, Merge<'a>>,
    path: Vec<String>,
    end_s: i64,
    /// Why a column cannot be merged.
    unfit: Option<String>,
}

/// What a column is merged with.
struct Merge<'a> {
    /// Index of the frozen series.
    series: usize,
    grid: Grid,
    /// What memory has for the column's new range.
    memory: &'a Frozen,
    late: SlotRanges,
}

/// Plans and encodes what late slots ask for. Nothing is written here.
pub(super) fn merge_late(
    env: &Environment,
    disk: &HostDisk,
    catalog: &Catalog,
    frozen: &[FrozenSeries],
) -> Result<LateWork, CheckpointError> {
    let mut wanted = HashMap::new();
    for (index, series) in frozen.iter().enumerate() {
        if let Some(floor) = late_floor(catalog, series)
            && !late_slots(&held(&series.dirty, &series.column), floor).is_empty()
        {
            wanted.insert(key(series), index);
        }
    }
    let mut work = LateWork::default();
    if wanted.is_empty() {
        return Ok(work);
    }
    if catalog.unread_snapshot {
        // It may hold older values of these slots, and come before or behind any file that it is not compared with.
        warn_behind("a snapshot among the others cannot be read");
        for index in wanted.values() {
            let series = &frozen[*index];
            let Some(floor) = late_floor(catalog, series) else { continue };
            let late = late_slots(&held(&series.dirty, &series.column), floor);
            add(&mut work.behind, *index, fresh_columns(&late, Slot::MIN));
        }
        in_order(&mut work.behind);
        return Ok(work);
    }
    let extents = read_extents(env, disk, catalog, &wanted)?;
    let mut merges: BTreeMap<usize, HashMap<Key, Merge<'_>>> = BTreeMap::new();
    for (key, index) in &wanted {
        let series = &frozen[*index];
        let grid = series.column.grid();
        let Some(floor) = late_floor(catalog, series) else { continue };
        let of_series: Vec<Option<Extent>> = extents.iter().map(|file| file[*index]).collect();
        let late = late_slots(&held(&series.dirty, &series.column), floor);
        let LatePlan { into, front } = plan_late(&grid, &late, &of_series);
        for (file, late) in into {
            let merge = Merge { series: *index, grid, memory: &series.column, late };
            merges.entry(file).or_default().insert(key.clone(), merge);
        }
        add(&mut work.front, *index, front);
    }
    let mut behind: BTreeMap<usize, SlotRanges> = BTreeMap::new();
    for (file, merges) in merges {
        match rewrite(env, disk, &catalog.snapshots[file], file, &merges)? {
            Rewrite::Done(rewritten) => work.rewritten.push(rewritten),
            Rewrite::Unfit(why) => {
                warn_behind(&why);
                for merge in merges.values() {
                    behind.entry(merge.series).or_default().merge(&merge.late);
                }
            }
        }
    }
    for (series, late) in behind {
        add(&mut work.behind, series, fresh_columns(&late, Slot::MIN));
    }
    in_order(&mut work.front);
    in_order(&mut work.behind);
    Ok(work)
}

fn warn_behind(why: &str) {
    tracing::warn!(
        why,
        "late samples get a file behind the others: the reference's reader refuses that order"
    );
}

/// Adds a series' columns, oldest first, to files, newest first: the newest of all series are in one file.
pub(super) fn add(files: &mut Vec<Vec<ColumnOf>>, series: usize, columns: Vec<Range<Slot>>) {
    for (age, slots) in columns.into_iter().rev().enumerate() {
        if files.len() <= age {
            files.push(Vec::new());
        }
        files[age].push(ColumnOf { series, slots });
    }
}

/// The oldest file first, and in each the columns as encoders want them.
fn in_order(files: &mut [Vec<ColumnOf>]) {
    files.reverse();
    for columns in files {
        columns.sort_by_key(|column| column.series);
    }
}

fn late_floor(catalog: &Catalog, series: &FrozenSeries) -> Option<i64> {
    let floor_s = catalog.floor_s(series.index)?;
    (!series.column.is_empty()).then(|| floor_slot(&series.column.grid(), Some(floor_s)))
}

fn key(series: &FrozenSeries) -> Key {
    (series.path.iter().map(ToString::to_string).collect(), series.metric.to_string())
}

fn read_extents(
    env: &Environment,
    disk: &HostDisk,
    catalog: &Catalog,
    wanted: &HashMap<Key, usize>,
) -> Result<Vec<Vec<Option<Extent>>>, CheckpointError> {
    let series = wanted.values().max().map_or(0, |index| index + 1);
    let mut bytes = Vec::new();
    let mut all = Vec::new();
    for file in &catalog.snapshots {
        let mut sink = ExtentSink { wanted, path: Vec::new(), extents: vec![None; series] };
        decode(env, disk, file, &mut bytes, &mut sink)?;
        all.push(sink.extents);
    }
    Ok(all)
}

fn rewrite(
    env: &Environment,
    disk: &HostDisk,
    file: &SnapshotFile,
    index: usize,
    merges: &HashMap<Key, Merge<'_>>,
) -> Result<Rewrite, CheckpointError> {
    let format: &dyn Format = &*env.formats[file.format];
    let (mut read, mut written) = (Vec::new(), Vec::new());
    let encoder = format.encoder(&mut written);
    let mut sink = MergeSink { encoder, merges, path: Vec::new(), end_s: file.end_s, unfit: None };
    let decoded = decode(env, disk, file, &mut read, &mut sink);
    if let Some(why) = sink.unfit.take() {
        return Ok(Rewrite::Unfit(why));
    }
    let decoded = decoded?;
    let (end_s, finished) = sink.finish(decoded.meta.unwrap_or_default(), disk);
    let path = disk.dir.join(&file.name);
    let counts = match finished {
        Ok(counts) => counts,
        Err(error) => return Err(CheckpointError::Encode { path, source: error.into() }),
    };
    if let Err(error) = env.check_len(format, &path, &written) {
        return Ok(Rewrite::Unfit(chain(&error)));
    }
    // What the store's own format cannot hold is lost in any case.
    if counts.loss.any() && file.format != 0 {
        return Ok(Rewrite::Unfit(format!("{} would hold other values", path.display())));
    }
    Ok(Rewrite::Done(Rewritten { file: index, bytes: written, end_s, loss: counts.loss }))
}

/// Decodes a file that was sound when it was read at the start.
fn decode(
    env: &Environment,
    disk: &HostDisk,
    file: &SnapshotFile,
    bytes: &mut Vec<u8>,
    sink: &mut dyn Sink,
) -> Result<Decoded, CheckpointError> {
    let path = disk.dir.join(&file.name);
    env.storage
        .open(&path)
        .and_then(|open| read_file(&*open, bytes, env.options.file_bytes_max))
        .map_err(|error| IoFailure::new("read", &path, error))?;
    let limits = Limits { depth_max: env.options.limits.depth_max, ..Limits::default() };
    let mut damage: Option<Damage> = None;
    let decoded = env.formats[file.format].decode(bytes, &mut Scratch::new(), &limits, sink, &mut |found| {
        if is_damage(found.kind) {
            damage.get_or_insert(found);
        }
    });
    let reason = match (&decoded.end, damage) {
        (Err(error), _) => chain(error),
        (Ok(()), Some(damage)) => damage.to_string(),
        (Ok(()), None) => return Ok(decoded),
    };
    Err(CheckpointError::Unreadable { path, reason })
}

impl Sink for ExtentSink<'_> {
    fn column(&mut self, head: Head<'_>, _values: &[Part<'_>]) -> Result<(), Stop> {
        // Keys own their strings, so one is made to look one up. Late samples are rare.
        let key = (self.path.clone(), head.metric.to_owned());
        if let Some(index) = self.wanted.get(&key) {
            self.extents[*index] = placeable(&head);
        }
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

impl Sink for MergeSink<'_, '_> {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let key = (self.path.clone(), head.metric.to_owned());
        let merge = self.merges.get(&key).zip(placeable(&head));
        let Some((merge, extent)) = merge else { return self.encoder.column(head, values) };
        let (first, merged) = merge.with(&extent, values).map_err(|why| self.give_up(why))?;
        if merged.is_empty() {
            return self.encoder.column(head, values);
        }
        let end_s = emit_column_from(&mut *self.encoder, head.metric, first, &merged)
            .map_err(|error| self.give_up(chain(&*error)))?;
        self.end_s = self.end_s.max(end_s);
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        self.path.push(level.to_owned());
        self.encoder.enter(level)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.path.pop();
        self.encoder.leave()
    }
}

impl MergeSink<'_, '_> {
    fn give_up(&mut self, why: String) -> Stop {
        self.unfit = Some(why.clone());
        Stop::because(why)
    }

    /// Completes the file; returns where its last value ends.
    fn finish(self, mut meta: Meta, disk: &HostDisk) -> (i64, Result<Counts, EncodeError>) {
        // It began with what the header says, if that says anything.
        meta.window.to_s = self.end_s;
        // A file of the reference's gets our checksums, and says that it covers nothing.
        meta.ours.get_or_insert_with(|| Ours {
            cluster: disk.cluster.clone(),
            host: disk.host.clone(),
            covers: 0,
            previous: 0,
        });
        (self.end_s, self.encoder.finish(&meta))
    }
}

impl Merge<'_> {
    /// The column on the series' grid: memory where it has a value, the file elsewhere; and the slot that it begins with.
    ///
    /// That is where the file's column began, also if there is no value: later columns may count on it.
    fn with(&self, extent: &Extent, values: &[Part<'_>]) -> Result<(Slot, Frozen), String> {
        let mut slots = extent.slots(&self.grid);
        if let Some(late) = self.late.span() {
            slots = slots.start.min(late.start)..slots.end.max(late.end);
            if slots.start.abs_diff(slots.end) > MERGED_SLOTS_MAX {
                return Err(format!("a column would take {} slots", slots.start.abs_diff(slots.end)));
            }
        }
        let values: Vec<Values<'_>> = values.iter().map(values_of).collect();
        let column = Column { start_s: extent.start_s, interval_s: extent.interval_s, values: &values };
        if extent.interval_s != self.grid.interval_s() {
            // The interval was configured anew. What merges is gone when the file is replaced.
            let alone = Ring::with_grid(self.grid).restore(column, Fill::EmptySlots, false);
            let merged = alone.map_or(0, |restored| restored.merged);
            tracing::warn!(merged, "samples merged: a snapshot of another interval takes up late samples");
        }
        let mut ring = Ring::with_grid(self.grid);
        if !planted("rewritten-file-ignores-memory") {
            restore_frozen(&mut ring, &self.memory.slice(slots.clone())).map_err(|error| chain(&error))?;
        }
        ring.restore(column, Fill::EmptySlots, false).map_err(|error| chain(&error))?;
        let merged = ring.freeze(ring.span().unwrap_or(0..0));
        Ok((slots.start.min(merged.first_slot()), merged))
    }
}

/// Where a column lies, if a series can hold it at all. Others stay in their files as they are.
fn placeable(head: &Head<'_>) -> Option<Extent> {
    let interval_s = u32::try_from(head.interval_s).ok().filter(|interval_s| *interval_s > 0)?;
    let length_s = i64::from(interval_s).checked_mul(i64::from(head.count))?;
    let times = -TIME_MAX_S..=TIME_MAX_S;
    let end_s = head.start_s.checked_add(length_s)?;
    (times.contains(&head.start_s) && times.contains(&end_s)).then_some(Extent {
        start_s: head.start_s,
        interval_s,
        count: head.count,
    })
}

fn restore_frozen(ring: &mut Ring, frozen: &Frozen) -> Result<(), treering_buffer::RestoreError> {
    let values: Vec<Values<'_>> = frozen.parts().collect();
    let column = Column { start_s: frozen.start_s(), interval_s: frozen.interval_s(), values: &values };
    ring.restore(column, Fill::EmptySlots, false).map(|_| ())
}
