//! Which log writes are durable, and what a failed sync means.

use std::ops::Range;
use std::time::Duration;

use super::HostDisk;
use super::segment::{Current, Log};
use crate::error::IoFailure;
use crate::planted::planted;
use crate::storage::{Storage, sync_file};
use crate::sync::{Mutex, MutexGuard, lock};

/// The log writes of a host, counted.
#[derive(Default)]
pub(super) struct Progress {
    /// Held by the one who syncs for all that wait.
    syncing: Mutex<()>,
    marks: Mutex<Marks>,
    /// Writes that no sync will make durable.
    lost: Mutex<Vec<(Range<u64>, IoFailure)>>,
}

/// A place in a host's log, over all its segments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Log writes up to here.
    pub(crate) sequence: u64,
    /// Their bytes.
    bytes: u64,
    /// When somebody looked, by the monotonic clock.
    at: Duration,
}

#[derive(Debug, Default)]
struct Marks {
    /// Log writes so far; `at` is when the oldest that is not settled was written, or a little earlier.
    written: Mark,
    /// What is durable, or was given up: then it is in `lost`.
    settled: Mark,
}

impl HostDisk {
    /// The right to sync. Held while a segment is sealed, so that a failed sync is seen by only one.
    pub(crate) fn lock_syncing(&self) -> MutexGuard<'_, ()> {
        lock(&self.progress.syncing)
    }

    /// Whether log writes wait for a sync.
    pub(crate) fn has_unsynced(&self) -> bool {
        let marks = lock(&self.progress.marks);
        marks.settled.sequence < marks.written.sequence
    }

    /// Bytes that wait for a sync, and for how long the oldest of them may have waited.
    pub(crate) fn unsynced(&self, now: Duration) -> (u64, Duration) {
        let marks = lock(&self.progress.marks);
        match marks.written.bytes.saturating_sub(marks.settled.bytes) {
            0 => (0, Duration::ZERO),
            bytes => (bytes, now.saturating_sub(marks.written.at)),
        }
    }

    /// The number of the newest log write.
    pub(crate) fn written(&self) -> u64 {
        lock(&self.progress.marks).written.sequence
    }

    /// The end of the log as it is now.
    pub(crate) fn mark(&self, storage: &dyn Storage) -> Mark {
        Mark { at: storage.monotonic(), ..lock(&self.progress.marks).written }
    }

    /// All log writes up to this mark are durable, or known to be lost.
    pub(crate) fn set_durable(&self, mark: Mark) {
        let mut marks = lock(&self.progress.marks);
        if marks.settled.sequence < mark.sequence {
            marks.settled = mark;
            // What was written since is younger than the mark.
            marks.written.at = mark.at;
        }
    }

    /// Counts a write of so many bytes; under the log lock.
    pub(super) fn count_write(&self, storage: &dyn Storage, bytes: usize) -> u64 {
        let mut marks = lock(&self.progress.marks);
        if marks.settled.sequence == marks.written.sequence {
            marks.written.at = storage.monotonic();
        }
        marks.written.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        marks.written.sequence += 1;
        marks.written.sequence
    }

    /// Writes up to `upto` wait no longer: they were given up.
    fn settle(&self, upto: u64) {
        let mut marks = lock(&self.progress.marks);
        if marks.settled.sequence < upto {
            let written = marks.written;
            // Whose bytes they are is known only if they are all.
            let bytes = if upto == written.sequence { written.bytes } else { marks.settled.bytes };
            marks.settled = Mark { sequence: upto, bytes, at: written.at };
        }
    }

    fn settled(&self) -> u64 {
        lock(&self.progress.marks).settled.sequence
    }

    /// Waits until all log writes up to `sequence` are durable; whoever gets here first syncs for all.
    pub(crate) fn sync_upto(&self, storage: &dyn Storage, sequence: u64) -> Result<(), IoFailure> {
        if self.settled() < sequence {
            let _syncing = self.lock_syncing();
            if self.settled() < sequence {
                self.sync_written(storage);
            }
        }
        self.outcome(sequence)
    }

    /// Syncs all that is written now, and settles it.
    fn sync_written(&self, storage: &dyn Storage) {
        let (upto, open) = {
            let log = self.lock_log();
            let open = match &log.current {
                Current::Open(segment) => {
                    Some((segment.file.clone(), segment.generation, segment.entry_durable, segment.named))
                }
                _ => None,
            };
            (self.mark(storage), open)
        };
        let Some((file, generation, entry_durable, named)) = open else {
            // Its segment was given up or sealed, and whoever did that did not settle it.
            let error = std::io::Error::other("the segment is gone");
            self.lose(upto.sequence, &IoFailure::new("sync", &self.current_path(), error));
            return;
        };
        let synced = match sync_file(&*file) {
            Err(error) => Err(IoFailure::new("sync", &self.current_path(), error)),
            Ok(()) if entry_durable || planted("name-of-new-log-not-synced") => Ok(()),
            Ok(()) => self.sync_dir(storage, named),
        };
        match synced {
            Ok(()) => {
                let mut log = self.lock_log();
                if let Current::Open(segment) = &mut log.current
                    && segment.generation == generation
                {
                    segment.entry_durable = true;
                    log.proved_good();
                }
                drop(log);
                self.set_durable(upto);
            }
            Err(failure) => self.sync_failed(&mut self.lock_log(), generation, &failure),
        }
    }

    /// A sync of a segment failed: its descriptor is never used again, and what was not synced before is lost to the
    /// log. Memory has it.
    pub(crate) fn sync_failed(&self, log: &mut Log, generation: u64, failure: &IoFailure) {
        log.give_up(generation);
        self.lose(self.written(), failure);
    }

    /// Whether a failed sync of the directory may have cost the current segment its name.
    pub(crate) fn may_have_lost_name(&self) -> bool {
        match &self.lock_log().current {
            Current::Open(segment) => !segment.entry_durable && segment.named != self.dir_syncs.mark(),
            _ => false,
        }
    }

    /// A sync of the file system or of the host's directory failed, and nobody knows what it lost: the name of the segment
    /// may be among it.
    pub(crate) fn sync_was_lost(&self, failure: &IoFailure) {
        let mut log = self.lock_log();
        if let Some((generation, _)) = log.open_segment() {
            self.sync_failed(&mut log, generation, failure);
        }
    }

    /// No sync will make durable what was written up to `upto` and is not durable yet.
    pub(super) fn lose(&self, upto: u64, failure: &IoFailure) {
        let lost = self.settled() + 1..upto + 1;
        if lost.is_empty() {
            self.set_log_failed(failure);
            return;
        }
        let mut all = lock(&self.progress.lost);
        match all.last_mut() {
            Some((last, _)) if last.end == lost.start => last.end = lost.end,
            _ => all.push((lost, failure.clone())),
        }
        drop(all);
        // Before they count as settled: who finds nothing to sync must see why.
        self.set_lost(failure);
        self.settle(upto);
    }

    fn outcome(&self, sequence: u64) -> Result<(), IoFailure> {
        let lost = lock(&self.progress.lost);
        lost.iter()
            .find(|(range, _)| range.contains(&sequence))
            .map_or(Ok(()), |(_, failure)| Err(failure.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::sync::Arc;

    #[test]
    fn what_is_written_during_a_sync_has_waited_since_the_sync_began_at_most() {
        let storage = crate::OsStorage::new();
        let disk = HostDisk::new(Path::new("x"), "c", "h", &Arc::default());
        disk.count_write(&storage, 10);
        let looked = storage.monotonic();
        let mark = disk.mark(&storage);
        assert!(mark.at >= looked);
        disk.count_write(&storage, 7);
        disk.set_durable(mark);
        let seconds = Duration::from_secs(3);
        assert_eq!(disk.unsynced(mark.at + seconds), (7, seconds));
        disk.set_durable(disk.mark(&storage));
        assert_eq!((disk.unsynced(mark.at + seconds), disk.has_unsynced()), ((0, Duration::ZERO), false));
    }

    #[test]
    fn what_is_durable_between_two_losses_is_no_loss_and_losses_side_by_side_are_one() {
        let storage = crate::OsStorage::new();
        let disk = HostDisk::new(Path::new("x"), "c", "h", &Arc::default());
        let write = |writes: usize| {
            for _ in 0..writes {
                disk.count_write(&storage, 1);
            }
        };
        let failure = IoFailure::new("sync", Path::new("x"), std::io::Error::other("gone"));
        write(3);
        disk.lose(3, &failure);
        write(2);
        disk.set_durable(disk.mark(&storage));
        write(2);
        disk.lose(7, &failure);
        write(1);
        disk.lose(8, &failure);
        let lost: Vec<u64> = (1..=8).filter(|sequence| disk.outcome(*sequence).is_err()).collect();
        assert_eq!(lost, [1, 2, 3, 6, 7, 8]);
        assert_eq!(
            lock(&disk.progress.lost).len(),
            2,
            "as many as there are gaps, however long a disk is broken"
        );
    }
}
