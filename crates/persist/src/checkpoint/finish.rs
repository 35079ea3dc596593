//! The edges of a checkpoint: the numbers of new files, and what may go once they are durable.

use std::io;
use std::path::{Path, PathBuf};

use treering_level::FrozenSeries;

use super::Environment;
use crate::catalog::Catalog;
use crate::error::{CheckpointError, IoFailure};
use crate::layout::{QUARANTINE, sealed_name};
use crate::log::HostDisk;
use crate::report::CheckpointReport;
use crate::storage::{Replace, Storage, make_dirs};

/// A damaged file is set aside under its own name, or with a number behind it if that is taken, up to this one.
const QUARANTINE_TRIES: u32 = 10_000;

/// Whether there are segments that the next snapshot would cover.
pub(super) fn has_uncovered(catalog: &Catalog) -> bool {
    let readable = catalog.unread_from.unwrap_or(u64::MAX);
    catalog.sealed.iter().any(|generation| *generation > catalog.covers && *generation < readable)
}

/// Whether there is anything to tidy, even if nothing is dirty.
pub(super) fn has_work(catalog: &Catalog) -> bool {
    has_uncovered(catalog)
        || !catalog.droppable().is_empty()
        || !catalog.damaged.is_empty()
        || !catalog.temporaries.is_empty()
}

/// Numbers for `front` files before all others and `new` files behind them, in ascending order.
///
/// A new file is called after the wall clock at the checkpoint before, or what comes nearest to it, but always
/// higher than every other: clocks jump, the order of files must not.
pub(super) fn stems(
    disk: &HostDisk,
    catalog: &Catalog,
    frozen: &[FrozenSeries],
    front: usize,
    new: usize,
) -> Result<Vec<i64>, CheckpointError> {
    let columns = || frozen.iter().map(|series| &series.column).filter(|column| !column.is_empty());
    let earliest_s = columns().map(treering_buffer::Frozen::start_s).min();
    let newest_end_s = catalog.snapshots.iter().map(|file| file.end_s).max();
    let wanted = catalog.checkpointed_s.or(newest_end_s).or(earliest_s).unwrap_or(0);
    let (highest, highest_name) = match &catalog.highest {
        Some((stem, name)) => (Some(*stem), name.as_str()),
        None => (None, ""),
    };
    let no_stem_left = || CheckpointError::NoStemLeft { path: disk.dir.join(highest_name) };
    let first = highest.map_or(Some(wanted), |highest| Some(highest.checked_add(1)?.max(wanted)));
    let first = first.ok_or_else(no_stem_left)?;
    let count = |files: usize| i64::try_from(files).map_err(|_| no_stem_left());
    let end = first.checked_add(count(new)?).ok_or_else(no_stem_left)?;
    let lowest = catalog.snapshots.first().map_or(first, |file| file.stem);
    let front = lowest.checked_sub(count(front)?).ok_or_else(no_stem_left)?..lowest;
    Ok(front.chain(first..end).collect())
}

/// Removes what the durable snapshots make superfluous; returns the directories that changed.
pub(super) fn clean_up(
    env: &Environment,
    disk: &HostDisk,
    catalog: &mut Catalog,
    report: &mut CheckpointReport,
) -> Result<Vec<PathBuf>, CheckpointError> {
    let storage = &*env.storage;
    let mut dirs = Vec::new();
    // In ascending order, and the first failure stops: of the segments that are left, none is missing in between.
    for generation in catalog.droppable() {
        let path = disk.dir.join(sealed_name(generation));
        unlink_if_there(storage, &path)?;
        catalog.sealed.remove(&generation);
        report.segments_dropped += 1;
        dirs.push(disk.dir.clone());
    }
    while let Some(name) = catalog.temporaries.pop() {
        unlink_if_there(storage, &disk.dir.join(name))?;
        dirs.push(disk.dir.clone());
    }
    while let Some(name) = catalog.damaged.last() {
        let to = set_aside(storage, &disk.dir, name)?;
        tracing::warn!(file = %disk.dir.join(name).display(), to = %to.display(), "damaged file set aside");
        report.quarantined.push(to);
        catalog.damaged.pop();
        // The new name first: a power cut between the two must not find the file nowhere.
        dirs.push(disk.dir.join(QUARANTINE));
        dirs.push(disk.dir.clone());
    }
    Ok(dirs)
}

fn unlink_if_there(storage: &dyn Storage, path: &Path) -> Result<(), IoFailure> {
    match storage.unlink(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(IoFailure::new("remove", path, error)),
        _ => Ok(()),
    }
}

/// Moves a damaged file into the quarantine, never over another.
fn set_aside(storage: &dyn Storage, dir: &Path, name: &str) -> Result<PathBuf, IoFailure> {
    let from = dir.join(name);
    let quarantine = dir.join(QUARANTINE);
    make_dirs(storage, &quarantine).map_err(|error| IoFailure::new("make", &quarantine, error))?;
    let mut error = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..QUARANTINE_TRIES {
        let to = quarantine.join(if number == 0 { name.to_owned() } else { format!("{name}.{number}") });
        match storage.rename(&from, &to, Replace::No) {
            Ok(()) => return Ok(to),
            Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists => {}
            Err(other) => {
                error = other;
                break;
            }
        }
    }
    Err(IoFailure::new("set aside", &from, error))
}
