//! One host's log on disk: who writes it, when it is synced, and how a segment ends.
//!
//! Locks, in the order in which they are taken: a host's catalog, the right to sync, the log, the memory (the tree's
//! lock of the host). A writer lets go of the memory before it takes the log.

use std::io;
use std::path::{Path, PathBuf};

use treering_level::Host;
use treering_wal::{AppendError, Batch, Control, LogFile, Writer};

use crate::catalog::Catalog;
use crate::error::{IoFailure, chain};
use crate::journal::{HostJournal, Pending, Receipt, Written};
use crate::layout::{CURRENT_LOG, sealed_name};
use crate::storage::{Replace, Storage, StorageFile, make_dirs};
use crate::sync::{Arc, AtomicU64, Mutex, MutexGuard, OnceLock, Ordering, lock};

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
    /// Held by the one who syncs for all that wait.
    syncing: Mutex<()>,
    /// Log writes so far, and how many of them are durable, or in a durable snapshot.
    written: AtomicU64,
    durable: AtomicU64,
    /// Writes whose sync failed: half-open ranges of the write counter.
    failed_syncs: Mutex<Vec<(std::ops::Range<u64>, IoFailure)>>,
    /// Why this host's data are not as safe as they should be, until a checkpoint heals it.
    degraded: Mutex<Option<String>>,
    /// What could not be read at the start. Only another start can change that.
    unreadable: OnceLock<String>,
}

/// The log file, under its lock.
#[derive(Default)]
pub(crate) struct Log {
    current: Current,
    /// The directory was changed and could not be synced: no new segment before it is.
    dir_unsynced: bool,
    /// Generations that were sealed since the catalog was last told.
    sealed: Vec<u64>,
    spare: Batch,
}

/// What has the name `current.wal`.
#[derive(Default)]
enum Current {
    #[default]
    Nothing,
    /// A segment of an earlier life. It is sealed before anything is appended, so a torn tail stays the last thing in
    /// its file.
    Found {
        generation: u64,
    },
    Open(Segment),
    /// A segment that must not be written or synced any more.
    Broken {
        generation: u64,
    },
}

struct Segment {
    generation: u64,
    file: Arc<dyn StorageFile>,
    writer: Writer<LogHandle>,
    entry_durable: bool,
}

struct LogHandle(Arc<dyn StorageFile>);

impl HostDisk {
    pub(crate) fn new(root: &Path, cluster: &str, host: &str) -> HostDisk {
        HostDisk {
            cluster: cluster.to_owned(),
            host: host.to_owned(),
            dir: root.join(cluster).join(host),
            catalog: Mutex::default(),
            log: Mutex::new(Log::default()),
            syncing: Mutex::new(()),
            written: AtomicU64::new(0),
            durable: AtomicU64::new(0),
            failed_syncs: Mutex::default(),
            degraded: Mutex::default(),
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

    /// The right to sync. Held while a segment is sealed, so that a failed sync is seen by only one.
    pub(crate) fn lock_syncing(&self) -> MutexGuard<'_, ()> {
        lock(&self.syncing)
    }

    pub(crate) fn lock_log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    pub(crate) fn current_path(&self) -> PathBuf {
        self.dir.join(CURRENT_LOG)
    }

    /// Whether log writes wait for a sync.
    pub(crate) fn has_unsynced(&self) -> bool {
        self.durable.load(Ordering::Acquire) < self.written.load(Ordering::Acquire)
    }

    /// The number of the newest log write.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// All log writes up to this number are safe.
    pub(crate) fn set_durable(&self, sequence: u64) {
        self.durable.fetch_max(sequence, Ordering::AcqRel);
    }

    /// Why the host is degraded, if it is.
    pub(crate) fn degraded(&self) -> Option<String> {
        lock(&self.degraded).clone().or_else(|| self.unreadable.get().cloned())
    }

    /// Whether a checkpoint could make the host whole again.
    pub(crate) fn wants_healing(&self) -> bool {
        lock(&self.degraded).is_some()
    }

    pub(crate) fn set_degraded(&self, why: String) {
        tracing::error!(cluster = %self.cluster, host = %self.host, why, "host degraded");
        *lock(&self.degraded) = Some(why);
    }

    /// All that is in memory is in durable snapshots.
    pub(crate) fn healed(&self) {
        if lock(&self.degraded).take().is_some() {
            tracing::info!(cluster = %self.cluster, host = %self.host, "host healed");
        }
    }

    pub(crate) fn set_unreadable(&self, why: String) {
        let _ = self.unreadable.set(why);
    }

    /// Bytes in the current segment.
    pub(crate) fn segment_bytes(&self) -> u64 {
        match &lock(&self.log).current {
            Current::Open(segment) => segment.writer.len_bytes(),
            _ => 0,
        }
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
        let replaced = matches!(log.current, Current::Broken { .. });
        let (generation, head) = memory.lock().journal().segment_head(replaced);
        let opened = self.ensure_open(storage, log, generation, &head);
        let spare = log.take_spare();
        let pending = memory.lock().journal().take_pending(spare);
        self.write(log, pending, opened);
    }

    /// Writes the rest of a generation that was just ended. A broken segment is not replaced for it: what is in the
    /// batch is frozen, too, and about to be in a snapshot.
    pub(crate) fn write_rest(&self, storage: &dyn Storage, log: &mut Log, generation: u64, rest: Pending) {
        let opened = match &log.current {
            _ if rest.records.is_empty() => Ok(()),
            Current::Broken { .. } => {
                let error = io::Error::other("the segment failed before");
                Err(IoFailure::new("append to", &self.current_path(), error))
            }
            _ => self.ensure_open(storage, log, generation, &segment_record(generation)),
        };
        self.write(log, rest, opened);
    }

    /// Appends a batch to the open segment and tells its writers.
    pub(crate) fn write(&self, log: &mut Log, pending: Pending, opened: Result<(), IoFailure>) {
        let Pending { mut records, ticket } = pending;
        let mut written = Written { records: 0, failure: None, sequence: self.written() };
        match (opened, &mut log.current) {
            (Err(failure), _) => written.failure = Some(failure),
            (Ok(()), Current::Open(segment)) => match segment.writer.append(&records) {
                Ok(()) => {
                    written.records = records.records();
                    written.sequence = self.written.fetch_add(1, Ordering::AcqRel) + 1;
                }
                Err(error) => {
                    let (whole, source) = append_failure(error);
                    if whole > 0 {
                        written.sequence = self.written.fetch_add(1, Ordering::AcqRel) + 1;
                    }
                    written.records = whole;
                    let disk_full =
                        matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
                    written.failure = Some(IoFailure::new("append to", &self.current_path(), source));
                    self.after_failed_append(log, disk_full);
                }
            },
            // An empty batch asks for no segment.
            (Ok(()), _) => {}
        }
        if let Some(failure) = &written.failure {
            self.set_degraded(chain(failure));
        }
        ticket.set(written);
        records.clear();
        if records.memory_bytes() <= SPARE_BYTES_MAX {
            log.spare = records;
        }
    }

    /// Cuts the torn record off, or gives the segment up.
    fn after_failed_append(&self, log: &mut Log, disk_full: bool) {
        let Current::Open(segment) = &mut log.current else { return };
        let whole_bytes = segment.writer.len_bytes();
        // A full disk refuses what is new and keeps what it has. Of any other error nobody knows what it cost.
        if disk_full && segment.file.truncate(whole_bytes).is_ok() && segment.writer.truncated_to(whole_bytes).is_ok() {
            return;
        }
        self.break_segment(log);
    }

    /// The descriptor of the open segment is never used again. Its unsynced writes are in memory, not on disk.
    fn break_segment(&self, log: &mut Log) {
        if let Current::Open(segment) = &log.current {
            log.current = Current::Broken { generation: segment.generation };
        }
    }

    /// Makes sure that there is a segment to append to; a new one has this generation and begins with `head`.
    fn ensure_open(
        &self,
        storage: &dyn Storage,
        log: &mut Log,
        generation: u64,
        head: &Batch,
    ) -> Result<(), IoFailure> {
        if matches!(log.current, Current::Open(_)) {
            return Ok(());
        }
        self.rename_sealed(storage, log)?;
        self.sync_dir_after_seal(storage, log)?;
        let mut segment = self.create_segment(storage, generation)?;
        let appended = segment.writer.append(head);
        log.current = Current::Open(segment);
        if let Err(error) = appended {
            log.current = Current::Broken { generation };
            let (_, source) = append_failure(error);
            return Err(IoFailure::new("append to", &self.current_path(), source));
        }
        Ok(())
    }

    fn create_segment(&self, storage: &dyn Storage, generation: u64) -> Result<Segment, IoFailure> {
        let path = self.current_path();
        make_dirs(storage, &self.dir).map_err(|error| IoFailure::new("make", &self.dir, error))?;
        let file = storage.create(&path).map_err(|error| IoFailure::new("create", &path, error))?;
        let writer = Writer::create(LogHandle(Arc::clone(&file)));
        Ok(Segment { generation, file, writer, entry_durable: false })
    }

    /// The open segment, to be synced before it is sealed.
    pub(crate) fn open_segment(log: &Log) -> Option<(u64, Arc<dyn StorageFile>)> {
        match &log.current {
            Current::Open(segment) => Some((segment.generation, Arc::clone(&segment.file))),
            _ => None,
        }
    }

    /// A sync of a segment failed: nothing that was written to it and not synced before is durable.
    pub(crate) fn sync_failed(&self, log: &mut Log, generation: u64, failure: &IoFailure) {
        let failed = self.durable.load(Ordering::Acquire) + 1..self.written() + 1;
        lock(&self.failed_syncs).push((failed, failure.clone()));
        self.set_degraded(chain(failure));
        if matches!(&log.current, Current::Open(segment) if segment.generation == generation) {
            log.current = Current::Broken { generation };
        }
    }

    /// A sync of the file system failed, and nobody knows whose writes it lost.
    pub(crate) fn sync_was_lost(&self, failure: &IoFailure) {
        let mut log = lock(&self.log);
        if let Current::Open(segment) = &log.current {
            let generation = segment.generation;
            self.sync_failed(&mut log, generation, failure);
        }
    }

    /// Takes the name `current.wal` from whatever segment has it. The caller syncs the directory.
    pub(crate) fn rename_sealed(&self, storage: &dyn Storage, log: &mut Log) -> Result<(), IoFailure> {
        let generation = match &log.current {
            Current::Nothing => return Ok(()),
            Current::Found { generation } | Current::Broken { generation } => *generation,
            Current::Open(segment) => segment.generation,
        };
        let from = self.current_path();
        let to = self.dir.join(sealed_name(generation));
        storage.rename(&from, &to, Replace::No).map_err(|error| IoFailure::new("rename", &from, error))?;
        log.current = Current::Nothing;
        log.dir_unsynced = true;
        log.sealed.push(generation);
        Ok(())
    }

    /// The name `current.wal` may be given away only when the old segment's new name is durable.
    fn sync_dir_after_seal(&self, storage: &dyn Storage, log: &mut Log) -> Result<(), IoFailure> {
        if log.dir_unsynced {
            storage.sync_dir(&self.dir).map_err(|error| IoFailure::new("sync", &self.dir, error))?;
            log.dir_unsynced = false;
        }
        Ok(())
    }

    /// Waits until all log writes up to `sequence` are durable; whoever gets here first syncs for all.
    pub(crate) fn sync_upto(&self, storage: &dyn Storage, sequence: u64) -> Result<(), IoFailure> {
        if self.durable.load(Ordering::Acquire) >= sequence {
            return self.sync_outcome(sequence);
        }
        let _syncing = lock(&self.syncing);
        if self.durable.load(Ordering::Acquire) >= sequence {
            return self.sync_outcome(sequence);
        }
        self.sync_outcome(sequence)?;
        let (upto, open) = {
            let log = lock(&self.log);
            let open = match &log.current {
                Current::Open(segment) => {
                    Some((segment.generation, Arc::clone(&segment.file), segment.entry_durable))
                }
                _ => None,
            };
            (self.written(), open)
        };
        let Some((generation, file, entry_durable)) = open else {
            return self.sync_outcome(sequence);
        };
        let synced = file.sync().map_err(|error| IoFailure::new("sync", &self.current_path(), error)).and_then(|()| {
            if entry_durable {
                return Ok(());
            }
            storage.sync_dir(&self.dir).map_err(|error| IoFailure::new("sync", &self.dir, error))
        });
        let mut log = lock(&self.log);
        match synced {
            Ok(()) => {
                if let Current::Open(segment) = &mut log.current
                    && segment.generation == generation
                {
                    segment.entry_durable = true;
                }
                self.set_durable(upto);
            }
            Err(failure) => self.sync_failed(&mut log, generation, &failure),
        }
        drop(log);
        self.sync_outcome(sequence)
    }

    fn sync_outcome(&self, sequence: u64) -> Result<(), IoFailure> {
        let failed = lock(&self.failed_syncs);
        match failed.iter().find(|(range, _)| range.contains(&sequence)) {
            Some((_, failure)) => Err(failure.clone()),
            None => Ok(()),
        }
    }
}

impl Log {
    /// Whether no file has the log's name, and nothing is left to be told of one that had it.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.current, Current::Nothing) && self.sealed.is_empty() && !self.dir_unsynced
    }

    /// Whether the directory must be synced before the name `current.wal` is given away again.
    pub(crate) fn dir_unsynced(&self) -> bool {
        self.dir_unsynced
    }

    /// The directory was synced.
    pub(crate) fn dir_synced(&mut self) {
        self.dir_unsynced = false;
    }

    /// The generations that were sealed since this was last asked.
    pub(crate) fn take_sealed(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.sealed)
    }

    pub(crate) fn take_spare(&mut self) -> Batch {
        std::mem::take(&mut self.spare)
    }
}

/// The first record of a segment.
pub(crate) fn segment_record(generation: u64) -> Batch {
    let mut head = Batch::new();
    // A number always fits.
    let _ = head.push_control(&Control::Segment { generation });
    head
}

fn append_failure(error: AppendError) -> (u64, io::Error) {
    match error {
        AppendError::Write { records, source, .. } => (records, source),
        other => (0, io::Error::other(other.to_string())),
    }
}

impl LogFile for LogHandle {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.append(bytes)
    }
}
