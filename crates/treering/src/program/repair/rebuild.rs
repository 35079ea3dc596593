//! A new store that holds what was recovered from the old one.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use treering_level::{Column, Fill, Frozen, Host, HostGuard, Ring, SeriesView, Tree, Values};
use treering_persist::{
    CheckpointReport, Options, OsStorage, Replace, Storage, Store, StoreHost, inspect_host,
};

use super::cannot_open;
use super::report::Written;
use crate::program::exit::{Failure, Outcome, chain};
use crate::program::fresh::Fresh;
use crate::program::place::HostDir;
use crate::program::settings;
use crate::program::words::count;

/// A store that is being made beside its name.
pub(super) struct NewStore {
    fresh: Fresh,
    /// Where one host is written, as a store of its own, before it is moved to the others.
    part: Fresh,
    dirs: BTreeSet<PathBuf>,
    written: Written,
}

impl NewStore {
    pub(super) fn begin(path: &Path) -> Result<NewStore, Failure> {
        let fresh = Fresh::dir(path)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = Fresh::dir(&path.with_file_name(name))?;
        Ok(NewStore { fresh, part, dirs: BTreeSet::new(), written: Written::default() })
    }

    /// Writes a host, looks at what was written, and compares it.
    pub(super) fn add(&mut self, host: &HostDir, tree: &Tree<()>, options: &Options) -> Result<(), Failure> {
        let (cluster, name) = (host.cluster.as_str(), host.host.as_str());
        let root = self.part.temporary();
        let report = write(tree, root)?;
        let dir = root.join(cluster).join(name);
        let storage = OsStorage::new();
        let (new, _) = inspect_host(&storage, options, &settings::formats(), (cluster, name), &dir)
            .map_err(|error| cannot_open(&error))?;
        must_be_equal(tree, &new).map_err(|why| {
            let what = format!("the new store was written, but {why}; it is removed again");
            Failure::new(Outcome::Unfinished, what)
        })?;
        let to = self.fresh.temporary().join(cluster);
        let moved = match storage.make_dir(&to) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => storage.rename(&dir, &to.join(name), Replace::Yes),
        };
        moved.map_err(|error| {
            Failure::new(Outcome::Unfinished, format!("cannot move {}: {error}", dir.display()))
        })?;
        self.dirs.insert(to);
        self.written.snapshots += report.files_written;
        self.written.bytes += report.bytes;
        Ok(())
    }

    /// Gives it its name.
    pub(super) fn keep(self) -> Result<Written, Failure> {
        let storage = OsStorage::new();
        for dir in self.dirs.iter().map(PathBuf::as_path).chain([self.fresh.temporary()]) {
            storage.sync_dir(dir).map_err(|error| {
                Failure::new(Outcome::Unfinished, format!("cannot sync {}: {error}", dir.display()))
            })?;
        }
        self.fresh.keep()?;
        Ok(self.written)
    }
}

/// Writes all series into a new store in `root`, by the way that every sample goes: into memory, dirty, and by a
/// checkpoint onto the disk.
fn write(tree: &Tree<()>, root: &Path) -> Result<CheckpointReport, Failure> {
    let failed = |what: String| Failure::new(Outcome::Unfinished, what);
    let mut options = Options::new(root);
    options.retention = None;
    let opened = Store::open(Arc::new(OsStorage::new()), options, settings::formats());
    let (store, _) = opened.map_err(|error| cannot_open(&error))?;
    for host in tree.hosts().iter().filter(|host| host.lock().samples() > 0) {
        let to = store.host(host.cluster(), host.name()).map_err(|error| failed(chain(&error)))?;
        copy(host, &to).map_err(|why| failed(format!("{}/{}: {why}", host.cluster(), host.name())))?;
    }
    let report = store.close();
    match report.failed.first() {
        None => Ok(report),
        Some(first) => Err(failed(format!("{}/{}: {}", first.cluster, first.host, chain(&first.error)))
            .hint("nothing is left of the new store")),
    }
}

fn copy(from: &Host<()>, to: &StoreHost) -> Result<(), String> {
    let from = from.lock();
    let mut to = to.lock();
    for series in from.series() {
        let frozen = all_of(&series);
        let mut start = frozen.first_slot();
        let path: Vec<&str> = series.path().iter().map(|level| &**level).collect();
        // Chunk by chunk: a gap of years between two of them is not to be filled.
        for part in frozen.parts() {
            let start_s = frozen.grid().time_of(start);
            start = start.saturating_add(i64::try_from(part.slots()).unwrap_or(i64::MAX));
            if matches!(part, Values::Missing(_)) {
                continue;
            }
            let column = Column { start_s, interval_s: series.interval_s(), values: &[part] };
            to.restore(&path, series.metric(), column, Fill::EmptySlots, true)
                .map_err(|error| chain(&error))?;
        }
    }
    Ok(())
}

/// Whether two stores hold the same samples at the same times, bit by bit.
///
/// # Errors
/// What is different, the first of all differences.
fn must_be_equal(old: &Tree<()>, new: &Tree<()>) -> Result<(), String> {
    let (held, found) = (old.counts().samples, new.counts().samples);
    if held != found {
        return Err(format!("it has {} instead of {held}", count(found, "sample")));
    }
    for host in old.hosts() {
        let (cluster, name) = (host.cluster(), host.name());
        let held = host.lock();
        let Some(other) = new.host(cluster, name) else {
            if held.samples() == 0 {
                continue;
            }
            return Err(format!("{cluster}/{name} is missing"));
        };
        same_host(&held, &other.lock()).map_err(|what| format!("{cluster}/{name}: {what}"))?;
    }
    Ok(())
}

fn same_host(old: &HostGuard<'_, ()>, new: &HostGuard<'_, ()>) -> Result<(), String> {
    for series in old.series().filter(|series| !series.ring().is_empty()) {
        let path: Vec<&str> = series.path().iter().map(|level| &**level).collect();
        let found = new.find(&path, series.metric()).and_then(|index| new.series_view(index));
        let same = found.is_some_and(|found| {
            let (old, new) = (all_of(&series), all_of(&found));
            samples(&old).eq(samples(&new))
        });
        if !same {
            return Err(format!("level {:?}, metric {:?} is different", path.join("/"), series.metric()));
        }
    }
    Ok(())
}

fn all_of(series: &SeriesView<'_>) -> Frozen {
    let ring: &Ring = series.ring();
    ring.freeze(ring.span().unwrap_or(0..0))
}

/// Times and bits in the order of time.
fn samples(frozen: &Frozen) -> impl Iterator<Item = (i64, u32)> + '_ {
    let mut slot = frozen.first_slot();
    frozen.parts().flat_map(move |part| {
        let first = slot;
        slot = slot.saturating_add(i64::try_from(part.slots()).unwrap_or(i64::MAX));
        let values: &[f32] = match part {
            Values::Native(values) => values,
            _ => &[],
        };
        let held = (first..).zip(values).filter(|(_, value)| !value.is_nan());
        held.map(|(slot, value)| (frozen.grid().time_of(slot), value.to_bits()))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use treering_level::{Aggregation, Limits, Metric, MetricTable, Unknown};

    use super::*;

    fn tree(host: &str, level: &str, start_s: i64, values: &[f32]) -> Tree<()> {
        let metric = Metric { interval_s: 60, aggregation: Aggregation::Avg };
        let tree = Tree::new(MetricTable::new(Unknown::Take(metric)), Limits::default());
        let made = tree.host_or_insert_with("c", host, || ()).unwrap();
        let column = Column { start_s, interval_s: 60, values: &[Values::Native(values)] };
        made.lock().restore(&[level], "m", column, Fill::EmptySlots, true).unwrap();
        tree
    }

    #[test]
    fn stores_are_equal_only_if_every_sample_is() {
        let held = tree("h", "core0", 0, &[1.0, f32::NAN, 2.0]);
        assert_eq!(must_be_equal(&held, &tree("h", "core0", 0, &[1.0, f32::NAN, 2.0])), Ok(()));
        for (other, why) in [
            (tree("h", "core0", 0, &[1.0, f32::NAN, 3.0]), "c/h: level \"core0\", metric \"m\" is different"),
            (
                tree("h", "core0", 60, &[1.0, f32::NAN, 2.0]),
                "c/h: level \"core0\", metric \"m\" is different",
            ),
            (tree("h", "core1", 0, &[1.0, f32::NAN, 2.0]), "c/h: level \"core0\", metric \"m\" is different"),
            (tree("h", "core0", 0, &[1.0, f32::NAN, f32::NAN]), "it has 1 sample instead of 2"),
            (tree("i", "core0", 0, &[1.0, f32::NAN, 2.0]), "c/h is missing"),
        ] {
            assert_eq!(must_be_equal(&held, &other), Err(why.to_owned()));
        }
    }
}
