//! The store: memory, logs and checkpoints as one thing to write to and read from.

mod checkpoints;
mod open;
mod retain;
mod status;

use std::time::Duration;

use treering_level::{
    Answer, Bounds, Host, HostGuard, Metric, MetricError, Outcome, Query, ReadError, Sample, SeriesIndex,
    Tree,
};

use crate::barrier::sync_each;
use crate::checkpoint::Environment;
use crate::error::{AddressError, IoFailure, NotLogged, WriteError, chain};
use crate::journal::HostJournal;
use crate::log::HostDisk;
use crate::options::{OnDiskFull, SyncPolicy};
use crate::planted::planted;
use crate::report::CheckpointReport;
use crate::retention::{Moment, RetentionClock};
use crate::sync::{Arc, AtomicU64, Mutex, RwLock, read_lock, write_lock};

use crate::worker::Nudge;

use status::Found;

pub use status::Status;

pub(crate) use open::{HostDir, foreign, host_dirs, metric_table, unreadable};

/// An open store.
///
/// All methods may be called from any thread. Dropping a store without [`Store::close`] loses nothing that was
/// acknowledged: the next open reads the logs.
pub struct Store {
    tree: Tree<HostJournal>,
    env: Environment,
    clock: RetentionClock,
    /// Writers share it; closing has it alone.
    closed: RwLock<bool>,
    checkpointing: Mutex<()>,
    last_checkpoint: Mutex<Option<Duration>>,
    /// Checkpoints of hosts that failed.
    failed_checkpoints: AtomicU64,
    found: Mutex<Found>,
    nudge: Nudge,
    /// Held, never read: dropping it lets another process in.
    _root: Box<dyn Send + Sync>,
}

/// A host of a store. Keep it: looking one up costs more than a write.
#[derive(Clone)]
pub struct StoreHost {
    memory: Arc<Host<HostJournal>>,
    disk: Arc<HostDisk>,
}

/// Where the times of a batch come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// From whoever sent the samples. The newest of them is what retention counts from, if it is before the wall clock.
    Own,
    /// From this machine's clock, because the samples had none. They say nothing about what time it is.
    Stamped,
}

impl Store {
    /// The host of this name, made if it is not there. Nothing is written before its first sample.
    ///
    /// # Errors
    /// [`AddressError::Host`] if a name breaks a rule or there are too many hosts.
    pub fn host(&self, cluster: &str, host: &str) -> Result<StoreHost, AddressError> {
        let memory = self.tree.host_or_insert_with(cluster, host, || {
            let disk = HostDisk::new(&self.env.options.root, cluster, host, &self.env.dirs);
            if let Some(why) = self.env.dirs.why_unusable(&disk.dir) {
                disk.block(&why);
            }
            HostJournal::new(Arc::new(disk), self.env.options.sync)
        })?;
        Ok(StoreHost::of(memory))
    }

    /// The series of a path below the host and a metric, made if it is not there. Keep the index.
    ///
    /// # Errors
    /// [`AddressError::Series`] if a name breaks a rule, the metric is not welcome, or a limit is met.
    pub fn resolve(
        &self,
        host: &StoreHost,
        path: &[&str],
        metric: &str,
    ) -> Result<SeriesIndex, AddressError> {
        Ok(host.memory.lock().resolve(path, metric)?)
    }

    /// Stores a batch of samples that brought their own times; see [`Store::write_with`].
    ///
    /// # Errors
    /// As [`Store::write_with`].
    pub fn write(&self, host: &StoreHost, samples: &[Sample]) -> Result<Outcome, WriteError> {
        self.write_with(host, samples, Times::Own)
    }

    /// Stores a batch of samples of one host, and returns when they are as safe as the sync policy promises.
    ///
    /// The outcome says how many were stored, and by reason how many were not; one that is refused takes no other
    /// along.
    ///
    /// # Errors
    /// [`WriteError::NotLogged`]: the accepted samples are in memory, but the log could not take them. The host is
    /// degraded until its next checkpoint. [`WriteError::Refused`], [`WriteError::Closed`]: nothing was stored.
    pub fn write_with(
        &self,
        host: &StoreHost,
        samples: &[Sample],
        times: Times,
    ) -> Result<Outcome, WriteError> {
        let closed = read_lock(&self.closed);
        if *closed {
            return Err(WriteError::Closed);
        }
        if self.env.options.on_disk_full == OnDiskFull::Refuse && host.disk.has_failed_log() {
            let (cluster, name) = (host.disk.cluster.clone(), host.disk.host.clone());
            let why = host.disk.degraded().unwrap_or_default();
            return Err(WriteError::Refused { cluster, host: name, why });
        }
        let bounds = self.bounds(samples, times);
        let (outcome, receipt) = {
            let mut memory = host.memory.lock();
            let outcome = memory.write(samples, bounds);
            let journal = memory.journal();
            journal.count(&outcome);
            (outcome, journal.receipt())
        };
        if outcome.stored == 0 || self.env.options.sync == SyncPolicy::Unlogged {
            return Ok(outcome);
        }
        let not_logged = |source| {
            let (cluster, host) = (host.disk.cluster.clone(), host.disk.host.clone());
            WriteError::NotLogged(Box::new(NotLogged { outcome, cluster, host, source }))
        };
        let storage = &*self.env.storage;
        let receipt = receipt.map_err(|count| {
            let error = std::io::Error::other(format!("{count} samples have names that no record can hold"));
            not_logged(IoFailure::new("append to", &host.disk.current_path(), error))
        })?;
        let sequence = match host.disk.flush(storage, &host.memory, &receipt) {
            Err(_) if planted("failed-append-is-done") => return Ok(outcome),
            written => written.map_err(not_logged)?,
        };
        if self.env.options.sync == SyncPolicy::Always && !planted("answer-before-sync") {
            host.disk.sync_upto(storage, sequence).map_err(not_logged)?;
        }
        self.bound_log(host);
        Ok(outcome)
    }

    /// Answers a query.
    ///
    /// # Errors
    /// As [`Tree::read`].
    pub fn read(&self, query: &Query) -> Result<Answer, ReadError> {
        self.tree.read(query)
    }

    /// The tree in memory, to look at. What is written through it and not through the store gets into the log only with
    /// the host's next write.
    #[must_use]
    pub fn tree(&self) -> &Tree<HostJournal> {
        &self.tree
    }

    /// Configures a metric while the store runs.
    ///
    /// # Errors
    /// As [`Tree::add_metric`].
    pub fn add_metric(&self, name: &str, metric: Metric) -> Result<(), MetricError> {
        self.tree.add_metric(name, metric)
    }

    /// Unix time by the store's wall clock, for samples that bring none.
    #[must_use]
    pub fn now_s(&self) -> i64 {
        self.env.storage.wall_s()
    }

    /// Makes durable what was written to the logs. The background worker does it at the interval of the policy.
    ///
    /// # Errors
    /// The first failure; its host is degraded, the others were synced. What a sync has lost stays an error, whoever was
    /// told first, until a checkpoint has made it durable.
    pub fn sync(&self) -> Result<(), IoFailure> {
        if planted("sync-does-nothing") {
            return Ok(());
        }
        let storage = &*self.env.storage;
        let hosts = self.tree.hosts();
        let disks: Vec<_> = hosts.iter().map(|host| Arc::clone(&host.lock().journal().disk)).collect();
        let waiting: Vec<_> =
            disks.iter().filter(|disk| disk.has_unsynced()).map(|disk| (disk.mark(storage), disk)).collect();
        let results = sync_each(self.env.shared(), &waiting, |(mark, disk)| {
            disk.sync_upto(storage, mark.sequence).map_err(|failure| std::io::Error::other(chain(&failure)))
        });
        let mut first = Ok(());
        for ((mark, disk), result) in waiting.iter().zip(results) {
            let lost_name = || std::io::Error::other("a sync of the directory has failed");
            match result.and_then(|()| disk.may_have_lost_name().then(lost_name).map_or(Ok(()), Err)) {
                Ok(()) => disk.set_durable(*mark),
                Err(error) => {
                    let failure = IoFailure::new("sync", &disk.current_path(), error);
                    disk.sync_was_lost(&failure);
                    first = first.and(Err(failure));
                }
            }
        }
        first.and_then(|()| disks.iter().find_map(|disk| disk.lost()).map_or(Ok(()), Err))
    }

    /// Stops accepting samples, makes everything durable in a last checkpoint, and drops the logs.
    ///
    /// The directory stays locked until the store is dropped. Closing again does nothing.
    pub fn close(&self) -> CheckpointReport {
        let mut closed = write_lock(&self.closed);
        if *closed {
            return CheckpointReport::default();
        }
        *closed = true;
        let report = self.checkpoint();
        // Hosts that failed keep their logs: those at least are to be durable.
        if let Err(failure) = self.sync() {
            tracing::error!(error = chain(&failure), "a log could not be synced");
        }
        report
    }

    /// Time by the store's clock that never jumps, for measuring intervals.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        self.env.storage.monotonic()
    }

    /// The options that it was opened with.
    #[must_use]
    pub fn options(&self) -> &crate::Options {
        &self.env.options
    }

    pub(crate) fn nudge(&self) -> &Nudge {
        &self.nudge
    }

    fn bounds(&self, samples: &[Sample], times: Times) -> Bounds {
        let now = self.now();
        let future_s = i64::try_from(self.env.options.future_limit.as_secs()).unwrap_or(i64::MAX);
        let newest_s = now.wall_s.saturating_add(future_s);
        if times == Times::Own {
            let own = samples.iter().map(|sample| sample.time_s).filter(|time_s| *time_s <= newest_s).max();
            if let Some(own_s) = own {
                self.clock.own_time(own_s);
            }
        }
        let newest_s = if planted("future-not-checked") { i64::MAX } else { newest_s };
        Bounds { oldest_s: self.retention_limit_s(now), newest_s }
    }

    fn now(&self) -> Moment {
        Moment { wall_s: self.env.storage.wall_s(), monotonic: self.env.storage.monotonic() }
    }
}

impl StoreHost {
    fn of(memory: Arc<Host<HostJournal>>) -> StoreHost {
        let disk = Arc::clone(&memory.lock().journal().disk);
        StoreHost { memory, disk }
    }

    /// The cluster's name.
    #[must_use]
    pub fn cluster(&self) -> &str {
        &self.disk.cluster
    }

    /// The host's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.disk.host
    }

    /// The host's memory, locked, to look at.
    #[must_use]
    pub fn lock(&self) -> HostGuard<'_, HostJournal> {
        self.memory.lock()
    }
}
