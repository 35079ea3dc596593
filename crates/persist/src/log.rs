//! One host's log on disk: who writes it, when it is synced, and how a segment ends.
//!
//! Locks, in the order in which they are taken: a host's catalog, the right to sync, the log, the memory (the tree's
//! lock of the host). A writer lets go of the memory before it takes the log. Under the right to sync the directory
//! nothing is taken but the store's right to sync the file system.

mod degraded;
mod directory;
mod durable;
mod segment;

use std::io;
use std::path::{Path, PathBuf};

use treering_level::Host;

use crate::catalog::Catalog;
use crate::dirs::Dirs;
use crate::error::{IoFailure, chain};
use crate::journal::{HostJournal, segment_record};
use crate::layout::CURRENT_LOG;
use crate::storage::Storage;
use crate::sync::{Arc, AtomicBool, Mutex, MutexGuard, OnceLock, Ordering, lock};
use crate::ticket::{Pending, Receipt, Written};

use degraded::Degraded;
use directory::DirSyncs;
use durable::Progress;
use segment::{Appended, Current};

pub(crate) use directory::{DirMark, DirSync};
pub(crate) use durable::Mark;
pub(crate) use segment::Log;

/// A batch buffer that grew beyond this is not kept: one burst should not hold memory for ever.
const SPARE_BYTES_MAX: usize = 1 << 20;

/// The disk side of a host.
pub(crate) struct HostDisk {
    pub(crate) cluster: String,
    pub(crate) host: String,
    pub(crate) dir: PathBuf,
    /// What lies in the directory. Whoever holds it is the one who checkpoints this host.
    pub(crate) catalog: Mutex<Catalog>,
    log: Mutex<Log>,
    progress: Progress,
    degraded: Mutex<Degraded>,
    /// Of the host's own directory.
    pub(crate) dir_syncs: DirSyncs,
    dirs: Arc<Dirs>,
    /// The directories down to the host's own are there for good.
    has_dirs: AtomicBool,
    /// What could not be read at the start. Only another start can change that.
    unreadable: OnceLock<String>,
}

impl HostDisk {
    pub(crate) fn new(root: &Path, cluster: &str, host: &str, dirs: &Arc<Dirs>) -> HostDisk {
        HostDisk {
            cluster: cluster.to_owned(),
            host: host.to_owned(),
            dir: root.join(cluster).join(host),
            catalog: Mutex::default(),
            log: Mutex::new(Log::default()),
            progress: Progress::default(),
            degraded: Mutex::default(),
            dir_syncs: DirSyncs::default(),
            dirs: Arc::clone(dirs),
            has_dirs: AtomicBool::new(false),
            unreadable: OnceLock::new(),
        }
    }

    /// Recovery found a `current.wal`; it will be sealed under this generation.
    pub(crate) fn found_current(&self, generation: u64) {
        lock(&self.log).current = Current::Found { generation };
    }

    pub(crate) fn has_found_current(&self) -> bool {
        matches!(lock(&self.log).current, Current::Found { .. })
    }

    /// Nothing is written to this host's directory.
    pub(crate) fn block(&self, why: &str) {
        let failure = IoFailure::new("use", &self.dir, io::Error::other(why.to_owned()));
        let _ = self.unreadable.set(chain(&failure));
        self.dirs.set_unusable(&self.dir, why.to_owned());
    }

    /// The directories down to the host's own were found, and are durable.
    pub(crate) fn found_dirs(&self) {
        self.dirs.set_durable(&self.dir);
        self.has_dirs.store(true, Ordering::Release);
    }

    /// Makes the host's directory, and makes all names down to it durable. Once in a life.
    pub(crate) fn ensure_dirs(&self, storage: &dyn Storage) -> Result<(), IoFailure> {
        if !self.has_dirs.load(Ordering::Acquire) {
            self.dirs.ensure(storage, &self.dir)?;
            self.has_dirs.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Makes durable what was changed in the host's directory since the mark.
    pub(crate) fn sync_dir(&self, storage: &dyn Storage, mark: DirMark) -> Result<(), IoFailure> {
        self.dir_syncs.sync(storage, &self.dir, mark)
    }

    pub(crate) fn lock_log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    pub(crate) fn current_path(&self) -> PathBuf {
        self.dir.join(CURRENT_LOG)
    }

    pub(crate) fn set_unreadable(&self, why: String) {
        let _ = self.unreadable.set(why);
    }

    /// Bytes in the current segment.
    pub(crate) fn segment_bytes(&self) -> u64 {
        lock(&self.log).len_bytes()
    }

    /// Waits until the batch of this receipt is written, by whoever gets here first; returns the number of the write.
    pub(crate) fn flush(
        &self,
        storage: &dyn Storage,
        memory: &Host<HostJournal>,
        receipt: &Receipt,
    ) -> Result<u64, IoFailure> {
        if let Some(outcome) = receipt.outcome() {
            return outcome;
        }
        let mut log = lock(&self.log);
        if let Some(outcome) = receipt.outcome() {
            return outcome;
        }
        self.write_pending(storage, memory, &mut log);
        // Batches are taken only under the log lock, so this receipt's was the one that was just written.
        receipt.outcome().unwrap_or_else(|| Ok(self.written()))
    }

    /// Writes what waits. Failures go to those who wait, by way of their tickets.
    pub(crate) fn write_pending(&self, storage: &dyn Storage, memory: &Host<HostJournal>, log: &mut Log) {
        let replaces = matches!(log.current, Current::Broken { .. });
        let (generation, names) = {
            let mut memory = memory.lock();
            let journal = memory.journal();
            let generation = journal.segment_generation(replaces);
            let again = replaces || log.names_are_due();
            (generation, again.then(|| journal.names()).filter(|names| !names.is_empty()))
        };
        let opened = self.ensure_open(storage, log, generation).and_then(|()| match names {
            Some(names) => log.append(&names).map_err(|failed| self.append_failed(failed, self.written()).1),
            None => Ok(()),
        });
        let spare = log.take_spare();
        let pending = memory.lock().journal().take_pending(spare);
        self.write(storage, log, pending, opened);
    }

    /// Writes the rest of a generation that was just ended. A broken segment is not replaced for it: what is in the
    /// batch is dirty, and about to be in a snapshot.
    pub(crate) fn write_rest(&self, storage: &dyn Storage, log: &mut Log, generation: u64, rest: Pending) {
        let opened = match &log.current {
            _ if rest.records.is_empty() => Ok(()),
            Current::Broken { .. } => {
                let error = io::Error::other("the segment failed before");
                Err(IoFailure::new("append to", &self.current_path(), error))
            }
            _ => self.ensure_open(storage, log, generation),
        };
        self.write(storage, log, rest, opened);
    }

    fn ensure_open(&self, storage: &dyn Storage, log: &mut Log, generation: u64) -> Result<(), IoFailure> {
        self.ensure_dirs(storage)?;
        log.ensure_open(storage, (&self.dir, &self.dir_syncs), generation, &segment_record(generation))
    }

    /// Appends a batch and tells its writers.
    fn write(&self, storage: &dyn Storage, log: &mut Log, pending: Pending, opened: Result<(), IoFailure>) {
        let Pending { records, ticket } = pending;
        let nothing = Written { records: 0, failure: None, sequence: self.written() };
        let written = match opened {
            Err(failure) => Written { failure: Some(failure), ..nothing },
            Ok(()) if records.is_empty() => nothing,
            Ok(()) => match log.append(&records) {
                Ok(()) => Written {
                    records: records.records(),
                    failure: None,
                    sequence: self.count_write(storage, records.len_bytes()),
                },
                Err(failed) => {
                    let whole = failed.records;
                    let sequence = if whole > 0 {
                        self.count_write(storage, records.len_bytes())
                    } else {
                        self.written()
                    };
                    let (_, failure) = self.append_failed(failed, sequence);
                    Written { records: whole, failure: Some(failure), sequence }
                }
            },
        };
        if let Some(failure) = &written.failure {
            self.set_log_failed(failure);
        }
        log.names_due(written.failure.is_some());
        ticket.set(written);
        if records.memory_bytes() <= SPARE_BYTES_MAX {
            log.keep_spare(records);
        }
    }

    /// What a failed append means for the writes up to `sequence`.
    fn append_failed(&self, failed: Appended, sequence: u64) -> (u64, IoFailure) {
        let failure = IoFailure::new("append to", &self.current_path(), failed.source);
        if failed.broken {
            self.lose(sequence, &failure);
        }
        (sequence, failure)
    }
}
