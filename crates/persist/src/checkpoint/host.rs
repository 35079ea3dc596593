//! One host on its way through a checkpoint: what it holds locked, and each step.

use std::io;
use std::path::{Path, PathBuf};

use treering_level::{FREEZE_AT_ONCE, FrozenSeries, Host, Ring};
use treering_snapshot::{Meta, Ours, Window};

use super::Environment;
use super::encode::{ColumnOf, Encoded, encode};
use super::finish;
use super::late::{Rewritten, merge_late};
use super::plan::{floor_slot, fresh_columns, held};
use crate::catalog::{Catalog, SnapshotFile};
use crate::error::{CheckpointError, IoFailure, chain};
use crate::journal::HostJournal;
use crate::layout::{snapshot_name, temporary_name};
use crate::log::{DirMark, DirSync, HostDisk, Log, Mark};
use crate::planted::planted;
use crate::report::CheckpointReport;
use crate::storage::{Replace, Storage, StorageFile, append_all};
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
    /// The log's end when it was sealed.
    sealed: Mark,
    late: Vec<Rewritten>,
    /// Columns of the new files, in the order of their stems. The last one commits.
    front: Vec<Vec<ColumnOf>>,
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

/// What is locked from freezing until the old segment's new name is durable.
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
            catalog,
            sealing: Some(Sealing { _syncing: syncing, log }),
            frozen: Vec::new(),
            sealed: Mark::default(),
            late: Vec::new(),
            front: Vec::new(),
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

    /// Begins the next generation, and freezes what is dirty by then.
    ///
    /// Writers get the host's lock back now and then. What they write meanwhile goes into the next segment; that some of it
    /// is in the snapshot as well harms nobody. All that was written before is frozen: series may come in between, but
    /// none goes, because retention waits for the catalog.
    pub(super) fn freeze(&mut self, env: &Environment) -> Result<(), CheckpointError> {
        let Some(Sealing { log, .. }) = &mut self.sealing else { return Ok(()) };
        let storage = &*env.storage;
        self.disk.ensure_dirs(storage)?;
        if self.memory.lock().journal().has_pending() {
            self.disk.write_pending(storage, self.memory, log);
        }
        let catalog = &self.catalog;
        let reach = |series, ring: &Ring| {
            let dirty = ring.dirty_span().unwrap_or(0..0);
            match (ring.grid(), catalog.floor_s(series)) {
                // Late samples: an older file is merged with all that memory has.
                (Some(grid), Some(floor_s)) if dirty.start < floor_slot(&grid, Some(floor_s)) => {
                    ring.span().unwrap_or(0..0)
                }
                _ => dirty,
            }
        };
        let (generation, rest, dirty) = {
            let mut memory = self.memory.lock();
            let journal = memory.journal();
            (journal.generation(), journal.seal(log.take_spare()), memory.dirty_series())
        };
        self.frozen.reserve_exact(dirty.len());
        for series in dirty.chunks(FREEZE_AT_ONCE) {
            self.memory.lock().freeze(series, reach, &mut self.frozen);
        }
        let generation = generation + u64::from(planted("covers-one-too-many"));
        let readable =
            catalog.unread_from.map_or(generation, |unread| generation.min(unread.saturating_sub(1)));
        // While a damaged snapshot lies among the others, it may come before the one that gets what was written over its
        // samples. The log is what overwrites both, until the damaged one is set aside.
        self.holds_back = !catalog.damaged.is_empty();
        if !self.holds_back {
            self.covers = self.covers.max(readable);
        }
        // What came in between: it is frozen, and its writers wait for its record.
        self.disk.write_rest(storage, log, generation, rest);
        self.sealed = self.disk.mark(storage);
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

    /// New content for older files that take up late samples.
    pub(super) fn write_late(&mut self, env: &Environment) -> Result<(), CheckpointError> {
        let work = merge_late(env, self.disk, &self.catalog, &self.frozen)?;
        self.front = work.front;
        self.late = work.rewritten;
        for index in 0..self.late.len() {
            let name = temporary_name(&self.catalog.snapshots[self.late[index].file].name);
            let bytes = std::mem::take(&mut self.late[index].bytes);
            self.write_file(env, &name, &bytes)?;
        }
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

    /// The new snapshots, under temporary names.
    pub(super) fn write_new(
        &mut self,
        env: &Environment,
        buffer: &mut Vec<u8>,
    ) -> Result<(), CheckpointError> {
        let front = std::mem::take(&mut self.front);
        let mut columns = self.fresh_columns();
        let covers_more = finish::has_uncovered(&self.catalog);
        if columns.is_empty() && front.is_empty() && self.frozen.is_empty() && !covers_more {
            return Ok(());
        }
        if columns.is_empty() {
            // Somebody has to say what is covered now.
            columns.push(Vec::new());
        }
        let stems = finish::stems(self.disk, &self.catalog, &self.frozen, front.len(), columns.len())?;
        let last = stems.len() - 1;
        for (index, (stem, columns)) in stems.into_iter().zip(front.into_iter().chain(columns)).enumerate() {
            let covers = if index == last { self.covers } else { 0 };
            self.encode_new(env, stem, &columns, covers, buffer)?;
        }
        // At once, while the processor still has the chunks at hand, and the next host can have the memory.
        self.frozen.iter_mut().for_each(FrozenSeries::release);
        Ok(())
    }

    fn encode_new(
        &mut self,
        env: &Environment,
        stem: i64,
        columns: &[ColumnOf],
        covers: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<(), CheckpointError> {
        let format = &*env.formats[0];
        let name = snapshot_name(stem, format.extension());
        let ours = Ours {
            cluster: self.disk.cluster.clone(),
            host: self.disk.host.clone(),
            covers,
            previous: self.catalog.covers,
        };
        let meta = |encoded: &Encoded| Meta {
            // An end of 0 would say "of no known age" to the reference.
            window: Window {
                from_s: stem,
                to_s: encoded.end_s.or(Some(stem)).filter(|end_s| *end_s != 0).unwrap_or(1),
            },
            ours: Some(ours),
        };
        let encoded = encode(format, &self.frozen, columns, meta, buffer)
            .map_err(|source| CheckpointError::Encode { path: self.disk.dir.join(&name), source })?;
        self.write_file(env, &temporary_name(&name), buffer)?;
        self.new.push(NewFile { stem, name, encoded });
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
        finish::clean_up(env, self.disk, &mut self.catalog, &mut self.changed_dirs, &mut self.report)
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

    /// All dirty slots that a new file may hold, as columns; series with fewer pieces are in the newest files.
    fn fresh_columns(&self) -> Vec<Vec<ColumnOf>> {
        let mut files: Vec<Vec<ColumnOf>> = Vec::new();
        for (index, series) in self.frozen.iter().enumerate().filter(|(_, series)| !series.column.is_empty())
        {
            let by_time = self.catalog.checkpointed_s.filter(|_| planted("coverage-by-time"));
            let floor = floor_slot(&series.column.grid(), self.catalog.floor_s(series.index).max(by_time));
            for (age, slots) in
                fresh_columns(&held(&series.dirty, &series.column), floor).into_iter().rev().enumerate()
            {
                if files.len() <= age {
                    files.push(Vec::new());
                }
                files[age].push(ColumnOf { series: index, slots });
            }
        }
        files.reverse();
        files
    }

    fn write_file(&mut self, env: &Environment, name: &str, bytes: &[u8]) -> Result<(), CheckpointError> {
        let path = self.disk.dir.join(name);
        let file = create_afresh(&*env.storage, &path)?;
        self.temporaries.push(path.clone());
        append_all(&*file, bytes).map_err(|(_, error)| IoFailure::new("write", &path, error))?;
        self.report.files_written += 1;
        self.report.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.unsynced.push((path, file));
        Ok(())
    }
}

impl Drop for HostRun<'_> {
    fn drop(&mut self) {
        if !self.committed {
            self.memory.lock().give_back(&self.frozen);
        }
    }
}

/// A temporary file that an earlier checkpoint left behind is in nobody's way.
fn create_afresh(storage: &dyn Storage, path: &Path) -> Result<Arc<dyn StorageFile>, IoFailure> {
    match storage.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            storage.unlink(path).map_err(|error| IoFailure::new("remove", path, error))?;
            storage.create(path)
        }
        created => created,
    }
    .map_err(|error| IoFailure::new("create", path, error))
}
