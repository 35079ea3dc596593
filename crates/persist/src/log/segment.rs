//! The file that has the name `current.wal`: made, appended to, given up, sealed.

use std::io;
use std::path::Path;
use std::time::Duration;

use treering_wal::{AppendError, Batch, LogFile, Writer};

use super::degraded::pause;
use super::directory::{DirMark, DirSyncs};
use crate::error::IoFailure;
use crate::layout::{CURRENT_LOG, sealed_name};
use crate::planted::planted;
use crate::storage::{Replace, Storage, StorageFile};
use crate::sync::Arc;

/// The log file of a host, under its lock.
#[derive(Default)]
pub(crate) struct Log {
    pub(super) current: Current,
    /// The directory was changed and not synced since: no new segment before it is.
    dir_unsynced: bool,
    /// Generations that were sealed since the catalog was last told.
    sealed: Vec<u64>,
    /// Records were dropped, and names of metrics may have been among them.
    names_due: bool,
    /// The segment that was sealed last, while its new name is not durable.
    last_sealed: Option<u64>,
    /// The sync of that name has failed, and so has giving the old one back: that comes before anything else.
    unsealing: bool,
    spare: Batch,
    /// Segments that failed one after the other.
    failed_in_a_row: u32,
    /// If they are several: when the next one may be begun, by the monotonic clock. Else each write would leave one.
    next_try: Option<Duration>,
}

/// What has the name `current.wal`.
#[derive(Default)]
pub(super) enum Current {
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

pub(super) struct Segment {
    pub(super) generation: u64,
    pub(super) file: Arc<dyn StorageFile>,
    pub(super) entry_durable: bool,
    /// From before it got its name.
    pub(super) named: DirMark,
    writer: Writer<LogHandle>,
}

/// What an append left behind when it failed.
pub(super) struct Appended {
    /// Whole records of the batch that are in the file.
    pub(super) records: u64,
    pub(super) source: io::Error,
    /// The segment cannot be used any more.
    pub(super) broken: bool,
}

struct LogHandle(Arc<dyn StorageFile>);

impl Log {
    /// Whether no file has the log's name, and nothing is left to be told of one that had it.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.current, Current::Nothing) && self.sealed.is_empty() && !self.dir_unsynced
    }

    /// Whether there is a segment before the one that is written, which the catalog does not know of yet.
    pub(crate) fn has_earlier(&self) -> bool {
        !self.sealed.is_empty() || matches!(self.current, Current::Found { .. } | Current::Broken { .. })
    }

    /// Whether the directory must be synced before the name `current.wal` is given away again.
    pub(crate) fn dir_unsynced(&self) -> bool {
        self.dir_unsynced
    }

    /// The directory was synced.
    pub(crate) fn dir_synced(&mut self) {
        self.dir_unsynced = false;
        self.last_sealed = None;
    }

    pub(super) fn names_are_due(&self) -> bool {
        self.names_due
    }

    pub(super) fn names_due(&mut self, due: bool) {
        self.names_due = due;
    }

    /// The generations that were sealed since this was last asked.
    pub(crate) fn take_sealed(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.sealed)
    }

    /// A buffer for the next batch.
    pub(crate) fn take_spare(&mut self) -> Batch {
        std::mem::take(&mut self.spare)
    }

    pub(super) fn keep_spare(&mut self, mut spare: Batch) {
        spare.clear();
        self.spare = spare;
    }

    /// The open segment, to be synced before it is sealed.
    pub(crate) fn open_segment(&self) -> Option<(u64, Arc<dyn StorageFile>)> {
        match &self.current {
            Current::Open(segment) => Some((segment.generation, Arc::clone(&segment.file))),
            _ => None,
        }
    }

    /// Bytes in the open segment.
    pub(super) fn len_bytes(&self) -> u64 {
        match &self.current {
            Current::Open(segment) => segment.writer.len_bytes(),
            _ => 0,
        }
    }

    /// The descriptor of this generation's segment is never used again.
    pub(super) fn give_up(&mut self, generation: u64) {
        if matches!(&self.current, Current::Open(segment) if segment.generation == generation) {
            self.current = Current::Broken { generation };
            self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
        }
    }

    /// The open segment has proven good: what was written to it is durable, or it has come to its end.
    pub(super) fn proved_good(&mut self) {
        self.failed_in_a_row = 0;
        self.next_try = None;
    }

    /// Whether it is too early to begin another segment, because the last ones failed.
    fn pauses(&mut self, now: Duration) -> bool {
        if self.failed_in_a_row < 2 || !matches!(self.current, Current::Broken { .. }) {
            return false;
        }
        let next = *self.next_try.get_or_insert_with(|| now.saturating_add(pause(self.failed_in_a_row - 1)));
        if now >= next {
            self.next_try = None;
        }
        now < next
    }

    /// Makes sure that there is a segment to append to; a new one has this generation and begins with `head`.
    pub(super) fn ensure_open(
        &mut self,
        storage: &dyn Storage,
        (dir, dir_syncs): (&Path, &DirSyncs),
        generation: u64,
        head: &Batch,
    ) -> Result<(), IoFailure> {
        if matches!(self.current, Current::Open(_)) {
            return Ok(());
        }
        if self.pauses(storage.monotonic()) {
            let error = io::Error::other(format!("the last {} segments have failed", self.failed_in_a_row));
            return Err(IoFailure::new("append to", &dir.join(CURRENT_LOG), error));
        }
        let mark = dir_syncs.mark();
        self.rename_sealed(storage, dir)?;
        if self.dir_unsynced && !planted("name-given-away-early") {
            // The name may be given away only when the old segment's new name is durable.
            if let Err(failure) = dir_syncs.sync(storage, dir, mark) {
                self.unseal(storage, dir);
                return Err(failure);
            }
            self.dir_synced();
        }
        let path = dir.join(CURRENT_LOG);
        let named = dir_syncs.mark();
        let file = storage.create(&path).map_err(|error| IoFailure::new("create", &path, error))?;
        let mut writer = Writer::create(LogHandle(Arc::clone(&file)));
        if let Err(error) = writer.append(head) {
            // It holds nothing of anybody's. On a full disk each try would leave another one behind.
            if storage.unlink(&path).is_err() {
                self.current = Current::Broken { generation };
            }
            let (_, source) = taken_apart(error);
            return Err(IoFailure::new("append to", &path, source));
        }
        self.current = Current::Open(Segment { generation, file, entry_durable: false, named, writer });
        Ok(())
    }

    /// Appends whole records. `Ok` also if there is nothing to append, open segment or not.
    pub(super) fn append(&mut self, batch: &Batch) -> Result<(), Appended> {
        let Current::Open(segment) = &mut self.current else { return Ok(()) };
        let Err(error) = segment.writer.append(batch) else { return Ok(()) };
        let (records, source) = taken_apart(error);
        let generation = segment.generation;
        // A full disk refuses what is new and keeps what it has. Of any other error nobody knows what it cost.
        let full = matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let sound_bytes = segment.writer.len_bytes();
        let mended = full
            && (planted("tail-not-cut") || segment.file.truncate(sound_bytes).is_ok())
            && segment.writer.truncated_to(sound_bytes).is_ok();
        if !mended {
            self.give_up(generation);
        }
        Err(Appended { records, source, broken: !mended })
    }

    /// Takes the name `current.wal` from whatever segment has it. The caller syncs the directory.
    pub(crate) fn rename_sealed(&mut self, storage: &dyn Storage, dir: &Path) -> Result<(), IoFailure> {
        self.unseal_if_due(storage, dir)?;
        let generation = match &self.current {
            Current::Nothing => return Ok(()),
            Current::Found { generation } | Current::Broken { generation } => *generation,
            Current::Open(segment) => {
                let generation = segment.generation;
                self.proved_good();
                generation
            }
        };
        let from = dir.join(CURRENT_LOG);
        let to = dir.join(sealed_name(generation));
        match storage.rename(&from, &to, Replace::No) {
            Ok(()) => {}
            // Somebody has removed it. Memory has what was in it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::error!(file = %from.display(), "the log is gone");
                self.current = Current::Nothing;
                return Ok(());
            }
            Err(error) => return Err(IoFailure::new("rename", &from, error)),
        }
        self.current = Current::Nothing;
        self.dir_unsynced = true;
        self.last_sealed = Some(generation);
        self.sealed.push(generation);
        Ok(())
    }

    /// Takes the last sealing back if its sync failed: a second sync of the same change proves nothing, so the change is
    /// made again another time. Returns the generation that is no longer sealed.
    pub(crate) fn unseal(&mut self, storage: &dyn Storage, dir: &Path) -> Option<u64> {
        if !matches!(self.current, Current::Nothing) {
            self.last_sealed = None;
        }
        let generation = self.last_sealed?;
        let (from, to) = (dir.join(sealed_name(generation)), dir.join(CURRENT_LOG));
        match storage.rename(&from, &to, Replace::No) {
            // Until then the old name may be the only durable one, and no new segment gets it.
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                self.unsealing = true;
                return None;
            }
            Err(_) => self.current = Current::Nothing,
            Ok(()) => self.current = Current::Found { generation },
        }
        self.sealed.retain(|sealed| *sealed != generation);
        (self.last_sealed, self.unsealing, self.dir_unsynced) = (None, false, false);
        Some(generation)
    }

    /// The same, if it was tried before and has failed.
    fn unseal_if_due(&mut self, storage: &dyn Storage, dir: &Path) -> Result<(), IoFailure> {
        if self.unsealing && self.unseal(storage, dir).is_none() {
            let error = io::Error::other("its name could not be made durable, nor be given back");
            return Err(IoFailure::new("rename", &dir.join(CURRENT_LOG), error));
        }
        Ok(())
    }
}

fn taken_apart(error: AppendError) -> (u64, io::Error) {
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
