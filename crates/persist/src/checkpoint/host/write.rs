//! The files of a host: what is dirty is frozen, encoded and written under temporary names, and let go of at once.

use std::io;
use std::path::Path;

use treering_level::{FrozenSeries, Ring, SERIES_AT_ONCE};
use treering_snapshot::{Meta, Ours, Window};

use super::super::Environment;
use super::super::encode::{ColumnOf, Encoded, encode};
use super::super::finish;
use super::super::late::{LateWork, add, merge_late};
use super::super::plan::{floor_slot, fresh_columns, held};
use super::{HostRun, NewFile};
use crate::error::{CheckpointError, IoFailure};
use crate::layout::{snapshot_name, temporary_name};
use crate::planted::planted;
use crate::storage::{Storage, StorageFile, append_all};
use crate::sync::Arc;

impl HostRun<'_> {
    /// New content for older files that take up late samples, and the new snapshots.
    ///
    /// Nothing else is done between freezing and writing: the processor still has at hand what it has just looked at, and
    /// the next host can have the memory.
    pub(in super::super) fn write(
        &mut self,
        env: &Environment,
        buffer: &mut Vec<u8>,
    ) -> Result<(), CheckpointError> {
        self.freeze();
        let late = self.write_late(env)?;
        self.write_new(env, late, buffer)?;
        self.frozen.iter_mut().for_each(FrozenSeries::release);
        Ok(())
    }

    /// Freezes what is dirty, which is at least all that was written before the segment was sealed: series may come
    /// meanwhile, but none goes, because retention waits for the catalog.
    ///
    /// Writers get the host's lock now and then. What they have written since is in the next segment; that some of it is in
    /// the snapshot as well harms nobody.
    fn freeze(&mut self) {
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
        let dirty = self.memory.lock().dirty_series();
        self.frozen.reserve_exact(dirty.len());
        for series in dirty.chunks(SERIES_AT_ONCE) {
            self.memory.lock().freeze(series, reach, &mut self.frozen);
        }
    }

    /// Returns what gets new files.
    fn write_late(&mut self, env: &Environment) -> Result<LateWork, CheckpointError> {
        let mut work = merge_late(env, self.disk, &self.catalog, &self.frozen)?;
        self.late = std::mem::take(&mut work.rewritten);
        for index in 0..self.late.len() {
            let name = temporary_name(&self.catalog.snapshots[self.late[index].file].name);
            let bytes = std::mem::take(&mut self.late[index].bytes);
            self.write_file(env, &name, &bytes)?;
        }
        Ok(work)
    }

    fn write_new(
        &mut self,
        env: &Environment,
        late: LateWork,
        buffer: &mut Vec<u8>,
    ) -> Result<(), CheckpointError> {
        let LateWork { mut front, behind: mut columns, .. } = late;
        columns.append(&mut self.fresh_columns());
        let covers_more = finish::has_uncovered(&self.catalog);
        if columns.is_empty() && front.is_empty() && self.frozen.is_empty() && !covers_more {
            return Ok(());
        }
        if columns.is_empty() {
            // Somebody has to say what is covered now.
            columns.push(Vec::new());
        }
        let mut stems = finish::stems(self.disk, &self.catalog, &self.frozen);
        // From the oldest that there is outwards: what is cut in two takes one number more.
        while let Some(columns) = front.pop() {
            let stem = stems.before()?;
            match self.encode_new(env, stem, &columns, 0, buffer)? {
                Some(halves) => front.extend(halves),
                None => stems.take(stem),
            }
        }
        self.new.reverse();
        columns.reverse();
        while let Some(file) = columns.pop() {
            let covers = if columns.is_empty() { self.covers } else { 0 };
            let stem = stems.behind()?;
            match self.encode_new(env, stem, &file, covers, buffer)? {
                Some(halves) => columns.extend(halves),
                None => stems.take(stem),
            }
        }
        Ok(())
    }

    /// Writes one new file. If it would be too long to be read, it returns its columns as those of two: each series stays
    /// whole, so that one file says nothing of where the other one's columns may begin.
    fn encode_new(
        &mut self,
        env: &Environment,
        stem: i64,
        columns: &[ColumnOf],
        covers: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<Option<[Vec<ColumnOf>; 2]>, CheckpointError> {
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
        let path = self.disk.dir.join(&name);
        let encoded = match encode(format, &self.frozen, columns, meta, buffer) {
            Ok(encoded) => encoded,
            Err(source) => return Err(CheckpointError::Encode { path, source }),
        };
        if let Err(error) = env.check_len(format, &path, buffer) {
            let (some, others) = columns.split_at(columns.len() / 2);
            return if some.is_empty() { Err(error) } else { Ok(Some([some.to_vec(), others.to_vec()])) };
        }
        self.write_file(env, &temporary_name(&name), buffer)?;
        self.new.push(NewFile { stem, name, encoded });
        Ok(None)
    }

    /// All dirty slots that a new file may hold, as columns; series with fewer pieces are in the newest files.
    fn fresh_columns(&self) -> Vec<Vec<ColumnOf>> {
        let mut files: Vec<Vec<ColumnOf>> = Vec::new();
        for (index, series) in self.frozen.iter().enumerate().filter(|(_, series)| !series.column.is_empty())
        {
            let by_time = self.catalog.checkpointed_s.filter(|_| planted("coverage-by-time"));
            let floor = floor_slot(&series.column.grid(), self.catalog.floor_s(series.index).max(by_time));
            add(&mut files, index, fresh_columns(&held(&series.dirty, &series.column), floor));
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
