//! What a store is opened with.

use std::path::PathBuf;
use std::time::Duration;

use treering_level::{Aggregation, Limits, Metric, Unknown};

/// How a store behaves. Start from [`Options::new`] and change what you need.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory that holds `<cluster>/<host>/`. Made if it is missing.
    pub root: PathBuf,
    /// The configured metrics, by name.
    pub metrics: Vec<(String, Metric)>,
    /// What happens to samples of other metrics.
    pub unknown: Unknown,
    /// Interval and aggregation of a metric that is found in a log, and of which nothing else is known.
    pub default_metric: Metric,
    /// What is known of metrics that are not configured, for those that are found in a log that does not say it itself.
    pub hints: Vec<(String, Metric)>,
    /// When a write that was acknowledged is safe from a power cut.
    pub sync: SyncPolicy,
    /// What happens to samples of a host whose log cannot take them.
    pub on_disk_full: OnDiskFull,
    /// How long samples are kept; `None` keeps them for ever.
    pub retention: Option<Duration>,
    /// Whether files that hold nothing younger than the retention are deleted.
    pub delete_expired: bool,
    /// How far ahead of the wall clock a sample's time may be.
    pub future_limit: Duration,
    /// Time from one checkpoint of the background worker to the next; zero for none.
    pub checkpoint_interval: Duration,
    /// A host's log that grows beyond this many bytes forces a checkpoint of that host; 0 for no limit.
    pub log_bytes_max: u64,
    /// Threads that recover and write checkpoints; 0 for one per core. What the background worker checkpoints gets one less,
    /// if there are several.
    pub workers: usize,
    /// Bounds of the tree; its depth also bounds what is read from files.
    pub limits: Limits,
    /// A file longer than this is not read but reported, and no snapshot longer than this is written.
    pub file_bytes_max: u64,
}

/// When a write that returned is durable, and what it survives until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Before it returns. Writers that wait together share one sync.
    Always,
    /// At most this much later, and one sync. It survives the death of the process at once.
    Interval(Duration),
    /// With the next checkpoint. It survives the death of the process at once.
    Never,
    /// There is no log: with the next checkpoint, and until then it is in memory only. Logs that a start finds are read
    /// all the same, and dropped when a snapshot holds what is in them.
    Unlogged,
}

/// What happens to samples of a host whose log has failed, as on a full disk, until a checkpoint heals the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDiskFull {
    /// They are kept in memory, and whoever wrote them is told that they are nowhere else.
    #[default]
    Memory,
    /// They are refused. Those of the write that met the failure are in memory all the same.
    Refuse,
}

impl Options {
    /// The defaults for a store in `root` that takes every metric at 60 s intervals.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Options {
        let default_metric = Metric { interval_s: 60, aggregation: Aggregation::Avg };
        Options {
            root: root.into(),
            metrics: Vec::new(),
            unknown: Unknown::Take(default_metric),
            default_metric,
            hints: Vec::new(),
            sync: SyncPolicy::Interval(Duration::from_secs(1)),
            on_disk_full: OnDiskFull::default(),
            retention: Some(Duration::from_secs(48 * 3600)),
            delete_expired: true,
            future_limit: Duration::from_secs(600),
            checkpoint_interval: Duration::from_secs(12 * 3600),
            log_bytes_max: 0,
            workers: 0,
            limits: Limits::default(),
            // Two days of a host with 1,000 series at 1 s are 0.7 GB.
            file_bytes_max: 8 << 30,
        }
    }

    pub(crate) fn worker_count(&self) -> usize {
        if self.workers > 0 {
            return self.workers;
        }
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    }

    /// So many that writers are left a core.
    pub(crate) fn worker_count_beside_writers(&self) -> usize {
        self.worker_count().saturating_sub(1).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_are_left_a_core_if_there_are_several_workers() {
        let beside = |workers| Options { workers, ..Options::new("/x") }.worker_count_beside_writers();
        assert_eq!([1, 2, 8].map(beside), [1, 1, 7]);
    }
}
