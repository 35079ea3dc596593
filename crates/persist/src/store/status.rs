//! How an open store stands: numbers to watch, and what to look after.

use std::time::Duration;

use treering_level::{Counts, Outcome};

use super::Store;
use crate::health::{DamagedFile, DegradedHost, Health};
use crate::report::RecoveryReport;
use crate::sync::{Arc, Ordering, lock};

/// The store as it is now, in numbers.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Status {
    /// Hosts, levels, series, samples.
    pub counts: Counts,
    /// Bytes that all of it takes in memory.
    pub memory_bytes: usize,
    /// Samples that writes have stored since the start, and, by reason, those that they have not.
    pub writes: Outcome,
    /// Hosts with log writes that are not synced yet.
    pub unsynced_hosts: usize,
    /// Bytes of those writes.
    pub unsynced_bytes: u64,
    /// For how long the oldest of them may have waited: what a power cut now would cost, in time.
    pub durable_lag: Duration,
    /// Bytes in the segments that are written now.
    pub log_bytes: u64,
    /// Logs that the start found cut short, as after a crash.
    pub torn_tails: u64,
    /// Damaged places that the start found within logs.
    pub corrupt_records: u64,
    /// Files that the start found damaged or could not read; those that were set aside since are counted in.
    pub damaged_files: u64,
    /// Damaged files that were set aside since the start.
    pub quarantined_files: u64,
    /// Hosts whose data are not as safe as they should be.
    pub degraded_hosts: u64,
    /// Checkpoints of single hosts that have failed since the start.
    pub failed_checkpoints: u64,
    /// Time since the last checkpoint of the store; none if there was none in this life.
    pub since_checkpoint: Option<Duration>,
}

/// What the start found, as far as it matters later.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) damaged: Vec<DamagedFile>,
    torn_tails: u64,
    corrupt_records: u64,
}

impl Found {
    pub(super) fn new(report: &RecoveryReport, damaged: Vec<DamagedFile>) -> Found {
        Found { damaged, torn_tails: report.torn_tails, corrupt_records: report.corrupt_records }
    }
}

impl Store {
    /// How things stand.
    #[must_use]
    pub fn status(&self) -> Status {
        let now = self.monotonic();
        let mut status = Status {
            counts: self.tree.counts(),
            memory_bytes: self.tree.memory_bytes(),
            failed_checkpoints: self.failed_checkpoints.load(Ordering::Relaxed),
            since_checkpoint: lock(&self.last_checkpoint).map(|at| now.saturating_sub(at)),
            ..Status::default()
        };
        for host in self.tree.hosts() {
            let disk = {
                let mut memory = host.lock();
                let journal = memory.journal();
                status.writes += journal.writes();
                Arc::clone(&journal.disk)
            };
            let (unsynced_bytes, lag) = disk.unsynced(now);
            status.unsynced_hosts += usize::from(disk.has_unsynced());
            status.unsynced_bytes += unsynced_bytes;
            status.durable_lag = status.durable_lag.max(lag);
            status.log_bytes += disk.segment_bytes();
            status.degraded_hosts += u64::from(disk.degraded().is_some());
        }
        let found = lock(&self.found);
        let set_aside = found.damaged.iter().filter(|file| file.set_aside.is_some()).count();
        status.torn_tails = found.torn_tails;
        status.corrupt_records = found.corrupt_records;
        status.damaged_files = u64::try_from(found.damaged.len()).unwrap_or(u64::MAX);
        status.quarantined_files = u64::try_from(set_aside).unwrap_or(u64::MAX);
        status
    }

    /// What to look after, by name.
    #[must_use]
    pub fn health(&self) -> Health {
        let degraded = self.tree.hosts().into_iter().filter_map(|host| {
            let disk = Arc::clone(&host.lock().journal().disk);
            let why = disk.degraded()?;
            Some(DegradedHost { cluster: disk.cluster.clone(), host: disk.host.clone(), why })
        });
        Health { degraded: degraded.collect(), damaged: lock(&self.found).damaged.clone() }
    }
}
