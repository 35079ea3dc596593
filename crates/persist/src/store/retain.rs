//! Retention: what is too old for memory, and which files hold nothing younger.

use std::path::PathBuf;

use treering_level::{Freed, SERIES_AT_ONCE};

use super::Store;
use crate::catalog::Catalog;
use crate::log::HostDisk;
use crate::planted::planted;
use crate::report::RetentionReport;
use crate::retention::Moment;
use crate::sync::{Arc, lock};

impl Store {
    /// Frees samples that are older than the retention, and deletes snapshots that hold only such.
    ///
    /// A file goes by what it holds, not by its name. After a jump of the wall clock nothing is removed for an hour.
    pub fn apply_retention(&self) -> RetentionReport {
        let mut report = RetentionReport::default();
        let now = self.now();
        report.paused = self.clock.is_paused(now);
        let limit_s = self.retention_limit_s(now);
        if report.paused || limit_s == i64::MIN {
            return report;
        }
        for host in self.tree.hosts() {
            let disk = Arc::clone(&host.lock().journal().disk);
            let mut catalog = lock(&disk.catalog);
            if self.env.options.delete_expired {
                self.delete_expired(&disk, &mut catalog, limit_s, &mut report);
            }
            let mut freed = Freed::default();
            let series = host.lock().series_count();
            for first in (0..series).step_by(SERIES_AT_ONCE) {
                freed += host.lock().free_chunks_before(limit_s, first..first + SERIES_AT_ONCE);
            }
            // A series is forgotten only when nothing on disk tells of it. Else the next start would place what it
            // gets from now on by the grid that it has there, and the next file could begin before the last one. The log
            // is held, so that nobody begins another segment meanwhile.
            let log = disk.lock_log();
            let has_others = !catalog.sealed.is_empty() || !catalog.damaged.is_empty() || log.has_earlier();
            let mut memory = host.lock();
            let logged = memory.journal().logged();
            let is_logged =
                |number: u32| usize::try_from(number).is_ok_and(|number| logged.get(number) == Some(&true));
            freed += memory.free_before_but(limit_s, |series| {
                has_others || catalog.may_hold(series) || is_logged(series.number())
            });
            report.samples_freed += freed.samples;
            report.bytes_freed += u64::try_from(freed.bytes).unwrap_or(u64::MAX);
        }
        report
    }

    /// The time before which nothing is kept; `i64::MIN` if everything is.
    pub(super) fn retention_limit_s(&self, now: Moment) -> i64 {
        let Some(retention) = self.env.options.retention else { return i64::MIN };
        let retention_s = i64::try_from(retention.as_secs()).unwrap_or(i64::MAX);
        self.clock.reference_s(now).saturating_sub(retention_s)
    }

    fn delete_expired(
        &self,
        disk: &HostDisk,
        catalog: &mut Catalog,
        limit_s: i64,
        report: &mut RetentionReport,
    ) {
        let storage = &*self.env.storage;
        let before = catalog.snapshots.len();
        let mark = disk.dir_syncs.mark();
        let mut failed: Option<(PathBuf, std::io::Error)> = None;
        catalog.snapshots.retain(|file| {
            let end_s = if planted("retention-by-name") { file.stem } else { file.end_s };
            if end_s > limit_s || failed.is_some() {
                return true;
            }
            let path = disk.dir.join(&file.name);
            match storage.unlink(&path) {
                Ok(()) => false,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
                Err(error) => {
                    failed = Some((path, error));
                    true
                }
            }
        });
        let deleted = before - catalog.snapshots.len();
        report.files_deleted += u64::try_from(deleted).unwrap_or(u64::MAX);
        if let Some((path, error)) = failed {
            report.files_failed += 1;
            tracing::warn!(file = %path.display(), %error, "an expired snapshot could not be deleted");
        }
        if deleted > 0
            && let Err(failure) = disk.sync_dir(storage, mark)
        {
            disk.sync_was_lost(&failure);
        }
    }
}
