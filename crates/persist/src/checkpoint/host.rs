//! One host on its way through a checkpoint: what it holds locked, and each step.

mod write;

use std::io;
use std::path::{Path, PathBuf};

use treering_level::{FrozenSeries, Host};

use super::Environment;
use super::encode::Encoded;
use super::finish;
use super::late::Rewritten;
use crate::catalog::{Catalog, SnapshotFile};
use crate::error::{CheckpointError, IoFailure, chain};
use crate::journal::HostJournal;
use crate::layout::temporary_name;
use crate::log::{DirMark, DirSync, HostDisk, Log, Mark};
use crate::planted::planted;
use crate::report::CheckpointReport;
use crate::storage::{Replace, StorageFile};
use crate::sync::{Arc, MutexGuard};

/// A host in a checkpoint. Dropping it gives back what was frozen, unless that is safe.
pub(super) struct HostRun<'a> {
    memory: &'a Arc<Host<HostJournal>>,
    disk: &'a HostDisk,
    catalog: MutexGuard<'a, Catalog>,
    sealing: Option<Sealing<'a>>,
    frozen: Vec<FrozenSeries>,
    /// What the snapshot will cover.
    covers: u64,
    /// It covers less than it could: another checkpoint has to say so.
    holds_back: bool,
    /// Damaged snapshots were set aside by this checkpoint.
    moved_damaged: bool,
    /// The log's end when it was sealed.
    sealed: Mark,
    late: Vec<Rewritten>,
    /// In the order of their stems. The last one commits.
    new: Vec<NewFile>,
    unsynced: Vec<(PathBuf, Arc<dyn StorageFile>)>,
    /// Files that were written under temporary names.
    temporaries: Vec<PathBuf>,
    changed_dirs: Vec<PathBuf>,
    /// What was changed before is durable.
    dirs_synced: DirMark,
    committed: bool,
    /// Failures of the host's log before its segment was sealed: those are what this checkpoint makes good.
    failures: u64,
    error: Option<CheckpointError>,
    report: CheckpointReport,
}

/// What is locked until the old segment's new name is durable.
struct Sealing<'a> {
    _syncing: MutexGuard<'a, ()>,
    log: MutexGuard<'a, Log>,
}

struct NewFile {
    stem: i64,
    name: String,
    encoded: Encoded,
}

impl<'a> HostRun<'a> {
    /// Locks the host's files; `None` if there is nothing to do.
    pub(super) fn begin(memory: &'a Arc<Host<HostJournal>>, disk: &'a HostDisk) -> Option<HostRun<'a>> {
        let catalog = crate::sync::lock(&disk.catalog);
        let syncing = disk.lock_syncing();
        let log = disk.lock_log();
        let idle = {
            let mut guard = memory.lock();
            !guard.journal().has_pending() && guard.series().all(|series| !series.ring().is_dirty())
        };
        if idle && log.is_empty() && !finish::has_work(&catalog) {
            disk.healed(disk.failures());
            return None;
        }
        Some(HostRun {
            memory,
            disk,
            covers: catalog.covers,
            holds_back: false,
            moved_damaged: false,
            catalog,
            sealing: Some(Sealing { _syncing: syncing, log }),
            frozen: Vec::new(),
            sealed: Mark::default(),
            late: Vec::new(),
            new: Vec::new(),
            unsynced: Vec::new(),
            temporaries: Vec::new(),
            changed_dirs: Vec::new(),
            dirs_synced: disk.dir_syncs.mark(),
            committed: false,
            failures: 0,
            error: None,
            report: CheckpointReport::default(),
        })
    }

    pub(super) fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    pub(super) fn fail(&mut self, env: &Environment, error: CheckpointError) {
        if let Some(Sealing { mut log, .. }) = self.sealing.take()
            && let Some(generation) = log.unseal(&*env.storage, &self.disk.dir)
        {
            self.catalog.sealed.remove(&generation);
        }
        self.error.get_or_insert(error);
    }

    /// Begins the next generation; what was written before is dirty, and stays so until it is frozen for the snapshot.
    pub(super) fn end_generation(&mut self, env: &Environment) -> Result<(), CheckpointError> {
        let Some(Sealing { log, .. }) = &mut self.sealing else { return Ok(()) };
        let storage = &*env.storage;
        self.disk.ensure_dirs(storage)?;
        if self.memory.lock().journal().has_pending() {
            self.disk.write_pending(storage, self.memory, log);
        }
        let (generation, rest) = {
            let mut memory = self.memory.lock();
            let journal = memory.journal();
            (journal.generation(), journal.seal(log.take_spare()))
        };
        // What came in between: it is dirty, and its writers wait for its record.
        self.disk.write_rest(storage, log, generation, rest);
        self.sealed = self.disk.mark(storage);

        let generation = generation + u64::from(planted("covers-one-too-many"));
        let unread_from = self.catalog.unread_from;
        let readable = unread_from.map_or(generation, |unread| generation.min(unread.saturating_sub(1)));
        self.holds_back = self.catalog.holds_log_back();
        if !self.holds_back {
            self.covers = self.covers.max(readable);
        }
        Ok(())
    }

    pub(super) fn open_segment(&mut self) -> Option<(u64, Arc<dyn StorageFile>)> {
        self.sealing.as_ref().and_then(|sealing| sealing.log.open_segment())
    }

    pub(super) fn segment_sync_failed(&mut self, generation: u64, error: io::Error) {
        let failure = IoFailure::new("sync", &self.disk.current_path(), error);
        if let Some(Sealing { log, .. }) = &mut self.sealing {
            self.disk.sync_failed(log, generation, &failure);
        }
    }

    pub(super) fn rename_segment(&mut self, env: &Environment) -> Result<(), CheckpointError> {
        let Some(Sealing { log, .. }) = &mut self.sealing else { return Ok(()) };
        let renamed = log.rename_sealed(&*env.storage, &self.disk.dir);
        self.catalog.sealed.extend(log.take_sealed());
        renamed?;
        if log.dir_unsynced() {
            self.changed_dirs.push(self.disk.dir.clone());
        }
        Ok(())
    }

    /// The old segment has its new name for good: writers may begin the next one.
    pub(super) fn release_log(&mut self) -> Result<(), CheckpointError> {
        // Before the right to sync is given back: nobody shall look for the segment that is gone.
        self.disk.set_durable(self.sealed);
        self.failures = self.disk.failures();
        self.sealing = None;
        Ok(())
    }

    pub(super) fn rename_late(&mut self, env: &Environment) -> Result<(), CheckpointError> {
        for rewritten in std::mem::take(&mut self.late) {
            let file = &mut self.catalog.snapshots[rewritten.file];
            let to = self.disk.dir.join(&file.name);
            let from = self.disk.dir.join(temporary_name(&file.name));
            env.storage
                .rename(&from, &to, Replace::Yes)
                .map_err(|error| IoFailure::new("rename", &from, error))?;
            file.end_s = rewritten.end_s;
            self.report.loss += rewritten.loss;
            self.changed_dirs.push(self.disk.dir.clone());
        }
        Ok(())
    }

    /// All new snapshots but the one that says what is covered.
    pub(super) fn rename_but_last(&mut self, env: &Environment) -> Result<(), CheckpointError> {
        let last = self.new.len().saturating_sub(1);
        if planted("commits-first") {
            self.new.reverse();
        }
        for file in self.new.drain(..last).collect::<Vec<_>>() {
            self.rename_new(env, file)?;
        }
        Ok(())
    }

    /// The one that commits, when the others are durable.
    pub(super) fn rename_last(&mut self, env: &Environment) -> Result<(), CheckpointError> {
        self.new.pop().map_or(Ok(()), |file| self.rename_new(env, file))
    }

    fn rename_new(&mut self, env: &Environment, file: NewFile) -> Result<(), CheckpointError> {
        let from = self.disk.dir.join(temporary_name(&file.name));
        let to = self.disk.dir.join(&file.name);
        env.storage
            .rename(&from, &to, Replace::No)
            .map_err(|error| IoFailure::new("rename", &from, error))?;
        self.changed_dirs.push(self.disk.dir.clone());
        self.catalog.saw_stem(file.stem, &file.name);
        let end_s = file.encoded.end_s.unwrap_or(file.stem);
        let snapshot = SnapshotFile { stem: file.stem, name: file.name, format: 0, end_s };
        self.catalog.insert_snapshot(snapshot);
        for (series, start_s) in file.encoded.starts {
            let series = self.frozen[series].index;
            // Files in front of all others come first, and set no floor.
            if self.catalog.floor_s(series).is_none_or(|floor_s| floor_s <= start_s) {
                self.catalog.set_floor(series, start_s, file.stem);
            }
        }
        self.report.slots += file.encoded.slots;
        self.report.loss += file.encoded.loss;
        Ok(())
    }

    /// The new snapshots are durable, and so is all that they cover.
    pub(super) fn committed(&mut self) -> Result<(), CheckpointError> {
        self.committed = true;
        self.catalog.covers = self.covers;
        Ok(())
    }

    pub(super) fn clean_up(&mut self, env: &Environment) -> Result<(), CheckpointError> {
        let damaged = self.catalog.damaged.len();
        let done =
            finish::clean_up(env, self.disk, &mut self.catalog, &mut self.changed_dirs, &mut self.report);
        self.moved_damaged |= self.catalog.damaged.len() < damaged;
        done
    }

    pub(super) fn take_unsynced(&mut self) -> Vec<(PathBuf, Arc<dyn StorageFile>)> {
        std::mem::take(&mut self.unsynced)
    }

    pub(super) fn take_changed_dirs(&mut self) -> Vec<PathBuf> {
        let mut seen = std::collections::HashSet::new();
        let mut dirs = std::mem::take(&mut self.changed_dirs);
        // Each once, where it was named last: what was moved is durable under its new name before the old one is gone.
        dirs.reverse();
        dirs.retain(|dir| seen.insert(dir.clone()));
        dirs.reverse();
        dirs
    }

    /// The right to sync the host's directory, if this is it.
    pub(super) fn begin_dir_sync(&self, dir: &Path) -> Option<DirSync<'a>> {
        (dir == self.disk.dir).then(|| self.disk.dir_syncs.begin())
    }

    /// What a sync of the host's directory that went like this means for what this checkpoint has changed there.
    pub(super) fn judge_dir_sync(
        &mut self,
        right: &mut DirSync<'_>,
        result: io::Result<()>,
    ) -> io::Result<()> {
        let judged = right.judge(result, self.dirs_synced);
        self.dirs_synced = right.mark();
        judged
    }

    pub(super) fn dir_synced(&mut self) {
        if let Some(Sealing { log, .. }) = &mut self.sealing {
            log.dir_synced();
        }
    }

    /// The name of a segment that writers have begun meanwhile may be lost, too.
    pub(super) fn dir_sync_failed(&mut self, env: &Environment, failure: IoFailure) {
        if self.sealing.is_none() {
            self.disk.sync_was_lost(&failure);
        }
        // A second sync would prove nothing, and they are where nobody would move them from once more.
        self.catalog.damaged_may_return |= self.moved_damaged;
        self.fail(env, failure.into());
    }

    /// Reports. What was not made safe is given back when this is dropped. Returns the host if it needs another checkpoint.
    pub(super) fn finish(
        mut self,
        env: &Environment,
        total: &mut CheckpointReport,
    ) -> Option<Arc<Host<HostJournal>>> {
        if self.committed {
            self.catalog.checkpointed_s = Some(env.storage.wall_s());
        } else {
            // On a full disk they take the room that the log needs.
            for path in self.temporaries.drain(..) {
                if env.storage.unlink(&path).is_err()
                    && let Some(name) = path.file_name().and_then(|name| name.to_str())
                {
                    // The next checkpoint may have another name for it.
                    self.catalog.temporaries.push(name.to_owned());
                }
            }
        }
        let mut again = None;
        match self.error.take() {
            Some(error) => {
                self.disk.set_degraded(chain(&error));
                total.add_failure(&self.disk.cluster, &self.disk.host, error);
            }
            None => {
                self.report.hosts_written += u64::from(self.report.files_written > 0);
                self.disk.healed(self.failures);
                again = (self.holds_back && finish::has_uncovered(&self.catalog))
                    .then(|| Arc::clone(self.memory));
            }
        }
        total.add(std::mem::take(&mut self.report));
        again
    }
}

impl Drop for HostRun<'_> {
    fn drop(&mut self) {
        if !self.committed {
            self.memory.lock().give_back(&self.frozen);
        }
    }
}
