//! Which log writes are durable, and what a failed sync means.

use std::ops::Range;

use super::HostDisk;
use super::segment::{Current, Log};
use crate::error::{IoFailure, chain};
use crate::storage::Storage;
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, lock};

/// The log writes of a host, counted.
#[derive(Default)]
pub(super) struct Progress {
    /// Held by the one who syncs for all that wait.
    syncing: Mutex<()>,
    /// Log writes so far.
    written: AtomicU64,
    /// How many of them are durable, or were given up: then they are in `lost`.
    settled: AtomicU64,
    /// Writes that no sync will make durable.
    lost: Mutex<Vec<(Range<u64>, IoFailure)>>,
}

impl HostDisk {
    /// The right to sync. Held while a segment is sealed, so that a failed sync is seen by only one.
    pub(crate) fn lock_syncing(&self) -> MutexGuard<'_, ()> {
        lock(&self.progress.syncing)
    }

    /// Whether log writes wait for a sync.
    pub(crate) fn has_unsynced(&self) -> bool {
        self.settled() < self.written()
    }

    /// The number of the newest log write.
    pub(crate) fn written(&self) -> u64 {
        self.progress.written.load(Ordering::Acquire)
    }

    /// All log writes up to this number are durable, or known to be lost.
    pub(crate) fn set_durable(&self, sequence: u64) {
        self.progress.settled.fetch_max(sequence, Ordering::AcqRel);
    }

    /// Counts a write; under the log lock.
    pub(super) fn count_write(&self) -> u64 {
        self.progress.written.fetch_add(1, Ordering::AcqRel) + 1
    }

    fn settled(&self) -> u64 {
        self.progress.settled.load(Ordering::Acquire)
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
                    Some((segment.file.clone(), segment.generation, segment.entry_durable))
                }
                _ => None,
            };
            (self.written(), open)
        };
        let Some((file, generation, entry_durable)) = open else {
            // Its segment was given up or sealed, and whoever did that did not settle it.
            let error = std::io::Error::other("the segment is gone");
            self.lose(upto, &IoFailure::new("sync", &self.current_path(), error));
            return;
        };
        let synced = match file.sync() {
            Err(error) => Err(IoFailure::new("sync", &self.current_path(), error)),
            Ok(()) if entry_durable => Ok(()),
            Ok(()) => storage.sync_dir(&self.dir).map_err(|error| IoFailure::new("sync", &self.dir, error)),
        };
        match synced {
            Ok(()) => {
                if let Current::Open(segment) = &mut self.lock_log().current
                    && segment.generation == generation
                {
                    segment.entry_durable = true;
                }
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

    /// A sync of the file system failed, and nobody knows whose writes it lost.
    pub(crate) fn sync_was_lost(&self, failure: &IoFailure) {
        let mut log = self.lock_log();
        if let Some((generation, _)) = log.open_segment() {
            self.sync_failed(&mut log, generation, failure);
        }
    }

    /// No sync will make durable what was written up to `upto` and is not durable yet.
    pub(super) fn lose(&self, upto: u64, failure: &IoFailure) {
        let lost = self.settled() + 1..upto + 1;
        let mut all = lock(&self.progress.lost);
        match all.last_mut() {
            Some((last, _)) if last.end == lost.start => last.end = lost.end.max(last.end),
            _ if lost.is_empty() => {}
            _ => all.push((lost, failure.clone())),
        }
        drop(all);
        self.set_durable(upto);
        self.set_degraded(chain(failure));
    }

    fn outcome(&self, sequence: u64) -> Result<(), IoFailure> {
        let lost = lock(&self.progress.lost);
        lost.iter()
            .find(|(range, _)| range.contains(&sequence))
            .map_or(Ok(()), |(_, failure)| Err(failure.clone()))
    }
}
