//! What a configuration says, with defaults filled in.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

/// The checkpoint interval where none is configured.
pub const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(12 * 3600);

/// The directory where none is configured.
pub const DIRECTORY: &str = "./var/checkpoints";

/// A configuration that was checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// The metrics that are taken, by name. Others are refused.
    pub metrics: BTreeMap<String, MetricConfig>,
    /// `metric-store.retention-in-memory`: how long samples are kept, and how often old files are cleaned up. Above 0.
    pub retention: Duration,
    /// `metric-store.checkpoint-interval`, above 0; [`CHECKPOINT_INTERVAL`] by default.
    pub checkpoint_interval: Duration,
    /// `metric-store.checkpoints.directory`, [`DIRECTORY`] by default; relative to the working directory.
    pub directory: PathBuf,
    /// `metric-store.checkpoints.file-format`, [`FileFormat::Wal`] by default.
    pub file_format: FileFormat,
    /// `metric-store.checkpoints.max-wal-size`: bytes of log per host; `None` (0 in the file) is no limit.
    pub max_wal_bytes: Option<NonZeroU64>,
    /// `metric-store.num-workers`; `None` (0 in the file) is as many as there are cores.
    pub workers: Option<NonZeroU32>,
    /// `metric-store.memory-cap` in GB; `None` (0 in the file) is no limit.
    pub memory_cap_gb: Option<NonZeroU64>,
    /// `metric-store.cleanup`.
    pub cleanup: Cleanup,
    /// `metric-store.nats-subscriptions`, in the order of the file.
    pub subscriptions: Vec<Subscription>,
}

/// How one metric is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MetricConfig {
    /// `frequency`: seconds from one slot to the next, at least 1.
    pub interval_s: NonZeroU32,
    /// `aggregation`.
    pub aggregation: Aggregation,
}

/// How the series below a level become one answer for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aggregation {
    /// Not at all (`null` in the file).
    None,
    /// They are added up.
    Sum,
    /// Their mean is taken.
    Avg,
}

/// The kind of files that checkpoints write.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FileFormat {
    /// `"wal"`: binary snapshots and a log.
    #[default]
    Wal,
    /// `"json"`: JSON snapshots.
    Json,
}

/// What happens to files older than the retention.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cleanup {
    /// `mode`.
    pub mode: CleanupMode,
    /// `directory`: where the archive goes.
    pub directory: Option<PathBuf>,
}

/// Whether old files are archived first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CleanupMode {
    /// `"delete"`.
    #[default]
    Delete,
    /// `"archive"`: no file is deleted that is not in the archive.
    Archive,
}

/// One NATS subject to take lines from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscription {
    /// `subscribe-to`: the subject.
    pub subject: String,
    /// `cluster-tag`: the cluster of lines that name none.
    pub cluster: Option<String>,
}
