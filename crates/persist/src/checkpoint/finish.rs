//! The edges of a checkpoint: the numbers of new files, and what may go once they are durable.

use std::io;
use std::path::{Path, PathBuf};

use treering_level::{FrozenSeries, TIME_MAX_S};

use super::Environment;
use crate::catalog::Catalog;
use crate::error::{CheckpointError, IoFailure};
use crate::layout::{CURRENT_LOG, QUARANTINE, sealed_name};
use crate::log::HostDisk;
use crate::planted::planted;
use crate::report::{CheckpointReport, Quarantined};
use crate::storage::{Replace, Storage};

/// A damaged file is set aside under its own name, or with a number behind it if that is taken, up to this one.
const QUARANTINE_TRIES: u32 = 10_000;

/// Whether there are segments that the next snapshot would cover.
pub(super) fn has_uncovered(catalog: &Catalog) -> bool {
    if catalog.holds_log_back() {
        return false;
    }
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

/// Numbers for new files, each lower or higher than all that there are.
pub(super) struct Stems {
    lowest: Option<i64>,
    highest: Option<i64>,
    /// Of a file behind all others, if that is possible.
    wanted: i64,
    /// The file with the highest number.
    newest: PathBuf,
}

impl Stems {
    /// The number of a file in front of all others, until there is one of that number.
    pub(super) fn before(&self) -> Result<i64, CheckpointError> {
        let Some(lowest) = self.lowest else { return self.behind() };
        lowest.checked_sub(1).ok_or_else(|| self.none_left())
    }

    /// The number of a file behind all others, until there is one of that number.
    pub(super) fn behind(&self) -> Result<i64, CheckpointError> {
        let next =
            self.highest.map_or(Some(self.wanted), |highest| Some(highest.checked_add(1)?.max(self.wanted)));
        next.ok_or_else(|| self.none_left())
    }

    /// There is a file of this number.
    pub(super) fn take(&mut self, stem: i64) {
        self.lowest = Some(self.lowest.map_or(stem, |lowest| lowest.min(stem)));
        self.highest = Some(self.highest.map_or(stem, |highest| highest.max(stem)));
    }

    fn none_left(&self) -> CheckpointError {
        CheckpointError::NoStemLeft { path: self.newest.clone() }
    }
}

/// A file behind all others is called after the wall clock at the checkpoint before, or what comes nearest to it, but
/// always higher than every other: clocks jump, the order of files must not.
pub(super) fn stems(disk: &HostDisk, catalog: &Catalog, frozen: &[FrozenSeries]) -> Stems {
    let columns = || frozen.iter().map(|series| &series.column).filter(|column| !column.is_empty());
    let earliest_s = columns().map(treering_buffer::Frozen::start_s).min();
    let newest_end_s = catalog.snapshots.iter().map(|file| file.end_s).max();
    // What a header says of its end may be anything.
    let wanted = catalog.checkpointed_s.or(newest_end_s).or(earliest_s).unwrap_or(0);
    let (highest, newest) = match &catalog.highest {
        Some((stem, name)) => (Some(*stem), name.as_str()),
        None => (None, ""),
    };
    Stems {
        lowest: catalog.lowest,
        highest: highest.filter(|_| !planted("name-by-the-clock")),
        wanted: wanted.clamp(-TIME_MAX_S, TIME_MAX_S),
        newest: disk.dir.join(newest),
    }
}

/// Removes what the durable snapshots make superfluous, and adds the directories that it changed to `dirs`.
pub(super) fn clean_up(
    env: &Environment,
    disk: &HostDisk,
    catalog: &mut Catalog,
    dirs: &mut Vec<PathBuf>,
    report: &mut CheckpointReport,
) -> Result<(), CheckpointError> {
    let storage = &*env.storage;
    // In ascending order, and the first failure stops: of the segments that are left, none is missing in between.
    for generation in catalog.droppable() {
        let name = sealed_name(generation);
        if catalog.damaged_logs.contains(&generation) {
            // What could not be read in it may mean something to somebody.
            let found = if catalog.found_current == Some(generation) { CURRENT_LOG } else { &name };
            set_aside(storage, disk, &name, found, dirs, report)?;
        } else {
            unlink_if_there(storage, &disk.dir.join(name))?;
        }
        catalog.sealed.remove(&generation);
        report.segments_dropped += 1;
        dirs.push(disk.dir.clone());
    }
    while let Some(name) = catalog.temporaries.last() {
        unlink_if_there(storage, &disk.dir.join(name))?;
        catalog.temporaries.pop();
        dirs.push(disk.dir.clone());
    }
    while let Some(name) = catalog.damaged.last() {
        set_aside(storage, disk, name, name, dirs, report)?;
        catalog.damaged.pop();
    }
    Ok(())
}

fn unlink_if_there(storage: &dyn Storage, path: &Path) -> Result<(), IoFailure> {
    match storage.unlink(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(IoFailure::new("remove", path, error)),
        _ => Ok(()),
    }
}

/// Moves a damaged file into the quarantine, never over another. One that is gone is nobody's concern any more.
/// `found` is the name that it had at the start.
fn set_aside(
    storage: &dyn Storage,
    disk: &HostDisk,
    name: &str,
    found: &str,
    dirs: &mut Vec<PathBuf>,
    report: &mut CheckpointReport,
) -> Result<(), IoFailure> {
    let dir = &disk.dir;
    let from = dir.join(name);
    let quarantine = make_quarantine(storage, disk)?;
    if planted("damaged-file-deleted") {
        return unlink_if_there(storage, &from);
    }
    for number in 0..QUARANTINE_TRIES {
        let to = quarantine.join(if number == 0 { name.to_owned() } else { format!("{name}.{number}") });
        match storage.rename(&from, &to, Replace::No) {
            Ok(()) => {
                tracing::warn!(file = %from.display(), to = %to.display(), "damaged file set aside");
                report.quarantined.push(Quarantined { found: dir.join(found), now: to });
                // The new name first: a power cut between the two must not find the file nowhere.
                dirs.push(quarantine);
                dirs.push(dir.clone());
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(IoFailure::new("set aside", &from, error)),
        }
    }
    Err(IoFailure::new("set aside", &from, io::ErrorKind::AlreadyExists.into()))
}

/// The place for damaged files; its name is durable before one is moved there.
fn make_quarantine(storage: &dyn Storage, disk: &HostDisk) -> Result<PathBuf, IoFailure> {
    let quarantine = disk.dir.join(QUARANTINE);
    let mark = disk.dir_syncs.mark();
    match storage.make_dir(&quarantine) {
        // Writers change the directory meanwhile: of a sync that fails they have to learn.
        Ok(()) => disk.sync_dir(storage, mark).inspect_err(|failure| disk.sync_was_lost(failure))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(IoFailure::new("make", &quarantine, error)),
    }
    Ok(quarantine)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::storage::OsStorage;
    use crate::sync::Arc;

    /// A host whose directory is there, below this one.
    fn disk_in(root: &Path) -> HostDisk {
        let disk = HostDisk::new(root, "c", "h", &Arc::default());
        fs::create_dir_all(&disk.dir).unwrap();
        disk
    }

    /// Sets a file aside; where it is now, as the report says, and the directories that changed.
    fn set_aside_on(disk: &HostDisk, name: &str) -> Result<(Vec<PathBuf>, usize), IoFailure> {
        let (mut dirs, mut report) = (Vec::new(), CheckpointReport::default());
        set_aside(&OsStorage::new(), disk, name, name, &mut dirs, &mut report)?;
        Ok((report.quarantined.into_iter().map(|quarantined| quarantined.now).collect(), dirs.len()))
    }

    #[test]
    fn damaged_file_keeps_its_name_unless_one_like_it_is_there_already() {
        let root = tempfile::tempdir().unwrap();
        let disk = disk_in(root.path());
        for (content, now) in [("first", "1.bin"), ("second", "1.bin.1"), ("third", "1.bin.2")] {
            fs::write(disk.dir.join("1.bin"), content).unwrap();
            let (aside, dirs) = set_aside_on(&disk, "1.bin").unwrap();
            assert_eq!((&*aside, dirs), (&[disk.dir.join(QUARANTINE).join(now)][..], 2));
            assert_eq!(fs::read(&aside[0]).unwrap(), content.as_bytes());
        }
        assert_eq!(set_aside_on(&disk, "1.bin").unwrap(), (Vec::new(), 0), "it is gone");
    }

    #[test]
    fn why_a_file_cannot_be_moved_or_removed_is_told() {
        let root = tempfile::tempdir().unwrap();
        let disk = disk_in(root.path());
        let too_long = "x".repeat(300);
        let error = set_aside_on(&disk, &too_long).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::InvalidFilename);
        let storage = OsStorage::new();
        assert!(unlink_if_there(&storage, &disk.dir.join("1.bin")).is_ok(), "it is gone");
        assert!(unlink_if_there(&storage, &disk.dir).is_err(), "it is a directory");
    }

    #[test]
    fn each_thing_that_is_left_over_is_work() {
        let of = |leave: fn(&mut Catalog)| {
            let mut catalog = Catalog::default();
            catalog.covers = 5;
            leave(&mut catalog);
            has_work(&catalog)
        };
        assert!(!of(|_| {}));
        assert!(of(|catalog| catalog.sealed.extend([6])), "a segment that no snapshot covers");
        assert!(of(|catalog| catalog.sealed.extend([5])), "one that can go");
        assert!(of(|catalog| catalog.damaged.push("1.bin".to_owned())));
        assert!(of(|catalog| catalog.temporaries.push("1.bin.tmp".to_owned())));
    }

    #[test]
    fn segments_are_uncovered_that_are_newer_than_the_snapshots_and_can_all_be_read() {
        for (sealed, covers, unread_from, expected) in [
            (&[][..], 0, None, false),
            (&[5], 5, None, false),
            (&[6], 5, None, true),
            (&[4, 6], 5, None, true),
            (&[6], 5, Some(6), false),
            (&[6, 7], 5, Some(7), true),
            (&[7], 5, Some(6), false),
        ] {
            let mut catalog = Catalog::default();
            catalog.sealed.extend(sealed);
            (catalog.covers, catalog.unread_from) = (covers, unread_from);
            assert_eq!(
                has_uncovered(&catalog),
                expected,
                "{sealed:?}, covered up to {covers}, not read from {unread_from:?}"
            );
        }
    }
}
