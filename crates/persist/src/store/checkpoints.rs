//! When hosts are checkpointed: all, those that failed, those whose log is full.

use super::{Store, StoreHost};
use crate::checkpoint::checkpoint;
use crate::error::chain;
use crate::health::note_quarantined;
use crate::log::HostDisk;
use crate::report::CheckpointReport;
use crate::sync::{Arc, Ordering, lock};

impl Store {
    /// Writes what is dirty of every host as snapshots and drops the logs that they cover.
    ///
    /// Writers go on meanwhile. A host that fails keeps its log, and is named in the report.
    pub fn checkpoint(&self) -> CheckpointReport {
        self.checkpoint_on(self.env.options.worker_count())
    }

    /// [`Store::checkpoint`] on one thread less, if there are several workers: where each core has one, writers are left a
    /// core, and wait for a lock at most. This is what the background worker does.
    pub fn checkpoint_beside_writers(&self) -> CheckpointReport {
        self.checkpoint_on(self.env.options.worker_count_beside_writers())
    }

    fn checkpoint_on(&self, threads: usize) -> CheckpointReport {
        let _one_at_a_time = lock(&self.checkpointing);
        let report = checkpoint(&self.env, &self.tree.hosts(), threads);
        self.take_note(&report);
        *lock(&self.last_checkpoint) = Some(self.env.storage.monotonic());
        report
    }

    /// Checkpoints the hosts of which something failed, so that what is in memory only gets onto disk.
    pub fn heal(&self) -> CheckpointReport {
        self.heal_those(|_| true)
    }

    /// The same for those that were not tried just now: the longer it does not help, the longer the pause, up to a
    /// minute. The background worker does it every second.
    pub fn heal_when_due(&self) -> CheckpointReport {
        let now = self.monotonic();
        self.heal_those(|disk| disk.is_healing_due(now))
    }

    /// Whether there are hosts that a checkpoint has to make whole: until then some of their samples, or all, are less safe
    /// than the policy promises.
    #[must_use]
    pub fn needs_healing(&self) -> bool {
        self.tree.hosts().iter().any(|host| host.lock().journal().disk.wants_healing())
    }

    fn heal_those(&self, wanted: impl Fn(&HostDisk) -> bool) -> CheckpointReport {
        let mut hosts = self.tree.hosts();
        hosts.retain(|host| {
            let disk = Arc::clone(&host.lock().journal().disk);
            disk.wants_healing() && wanted(&disk)
        });
        if hosts.is_empty() {
            return CheckpointReport::default();
        }
        let report = checkpoint(&self.env, &hosts, self.env.options.worker_count_beside_writers());
        let now = self.monotonic();
        for host in &hosts {
            let disk = Arc::clone(&host.lock().journal().disk);
            if disk.wants_healing() {
                disk.not_healed(now);
            }
        }
        self.take_note(&report);
        report
    }

    /// A log beyond its limit forces a checkpoint of its host: it is only dropped once a snapshot has all of it.
    pub(super) fn bound_log(&self, host: &StoreHost) {
        let limit = self.env.options.log_bytes_max;
        // A host that is degraded is tried again in its own time.
        if limit == 0 || host.disk.segment_bytes() <= limit || host.disk.wants_healing() {
            return;
        }
        // The worker does it, if there is one. Whoever writes faster than it can follow does it himself.
        let far_beyond = host.disk.segment_bytes() > limit.saturating_mul(2);
        if far_beyond || !self.nudge.send() {
            self.take_note(&checkpoint(&self.env, std::slice::from_ref(&host.memory), 1));
        }
    }

    /// Checkpoints the hosts whose log is beyond its limit.
    pub(crate) fn checkpoint_full_logs(&self) {
        let limit = self.env.options.log_bytes_max;
        let mut hosts = self.tree.hosts();
        hosts.retain(|host| {
            let disk = Arc::clone(&host.lock().journal().disk);
            limit > 0 && disk.segment_bytes() > limit && !disk.wants_healing()
        });
        let threads = self.env.options.worker_count_beside_writers();
        self.take_note(&checkpoint(&self.env, &hosts, threads));
    }

    /// What a checkpoint means for the health of the store.
    fn take_note(&self, report: &CheckpointReport) {
        for failed in &report.failed {
            tracing::error!(
                cluster = failed.cluster,
                host = failed.host,
                error = chain(&failed.error),
                "checkpoint failed; what it should have written is kept"
            );
        }
        if report.loss.any() {
            tracing::warn!(
                infinite = report.loss.infinite,
                rounded = report.loss.rounded,
                "values that the format of the snapshots cannot hold: after a restart they are gone, or others"
            );
        }
        let failed = u64::try_from(report.failed.len()).unwrap_or(u64::MAX);
        self.failed_checkpoints.fetch_add(failed, Ordering::Relaxed);
        let mut found = lock(&self.found);
        note_quarantined(&mut found.damaged, &report.quarantined);
    }
}
