//! What a start, a checkpoint and the running store have to tell.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use treering_snapshot::Loss;

use crate::error::CheckpointError;

/// What a start found and did.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RecoveryReport {
    /// Hosts that have a directory.
    pub hosts: u64,
    /// Snapshots read.
    pub snapshots: u64,
    /// Log segments read.
    pub log_segments: u64,
    /// Samples that came from snapshots.
    pub samples_from_snapshots: u64,
    /// Samples that came from logs.
    pub samples_from_logs: u64,
    /// Samples that met another one in their slot.
    pub merged: u64,
    /// Bytes read.
    pub bytes_read: u64,
    /// Log segments whose last record was cut short: normal after a crash.
    pub torn_tails: u64,
    /// Records that were damaged in the middle of a log.
    pub corrupt_records: u64,
    /// What is damaged, foreign or unreadable, in the order of hosts and files.
    pub findings: Vec<Finding>,
    /// How long it took.
    pub elapsed: Duration,
}

/// One thing about one file that an operator should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// The file or directory.
    pub path: PathBuf,
    /// Where in it, if at one place.
    pub offset: Option<u64>,
    /// What it is, in one line.
    pub what: String,
}

/// What a finding means for the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// A snapshot is damaged; its sound parts are used, and it is set aside once they are safe.
    DamagedSnapshot,
    /// Bad bytes in a log, with sound records behind them.
    CorruptLog,
    /// The last record of a log was cut short.
    TornTail,
    /// Something that no store has put there; left alone.
    Foreign,
    /// Sound, but nothing that a series can hold: an interval of 0, a time beyond all bounds, a limit met. Or a column that
    /// its interval spreads too far: its file is set aside.
    Unplaced,
    /// The system could not read it; it stays as it is, and the host is degraded.
    Unreadable,
}

/// What a checkpoint did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct CheckpointReport {
    /// Hosts that had something to write.
    pub hosts_written: u64,
    /// Snapshots written, rewritten ones included.
    pub files_written: u64,
    /// Slots of all their new columns, empty ones counted in.
    pub slots: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Log segments that were dropped because a snapshot holds all of them.
    pub segments_dropped: u64,
    /// Damaged files that were set aside.
    pub quarantined: Vec<Quarantined>,
    /// Values that the format of the snapshots could not hold as they are: after a restart they are gone, or others.
    pub loss: Loss,
    /// Hosts that failed; what they hold is still dirty and still in their logs.
    pub failed: Vec<FailedHost>,
    /// How long it took.
    pub elapsed: Duration,
}

/// A damaged file that was set aside, because what was sound in it is safe now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Where the start found it.
    pub found: PathBuf,
    /// Where it is now.
    pub now: PathBuf,
}

/// A host whose checkpoint failed.
#[derive(Debug)]
pub struct FailedHost {
    /// The cluster.
    pub cluster: String,
    /// The host.
    pub host: String,
    /// Why.
    pub error: CheckpointError,
}

/// What retention removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetentionReport {
    /// Samples freed from memory.
    pub samples_freed: u64,
    /// Bytes freed from memory.
    pub bytes_freed: u64,
    /// Snapshots deleted.
    pub files_deleted: u64,
    /// Snapshots that could not be deleted.
    pub files_failed: u64,
    /// Nothing was done, because the wall clock jumped.
    pub paused: bool,
}

impl RecoveryReport {
    /// Takes up what another part of the store had to report. The time it took is not added.
    pub(crate) fn add(&mut self, other: RecoveryReport) {
        self.hosts += other.hosts;
        self.snapshots += other.snapshots;
        self.log_segments += other.log_segments;
        self.samples_from_snapshots += other.samples_from_snapshots;
        self.samples_from_logs += other.samples_from_logs;
        self.merged += other.merged;
        self.bytes_read += other.bytes_read;
        self.torn_tails += other.torn_tails;
        self.corrupt_records += other.corrupt_records;
        self.findings.extend(other.findings);
    }

    /// Whether something that was stored may be lost.
    #[must_use]
    pub fn has_damage(&self) -> bool {
        self.findings.iter().any(|finding| finding.kind.is_damage())
    }
}

impl FindingKind {
    /// Whether something that was stored may be lost.
    #[must_use]
    pub fn is_damage(self) -> bool {
        matches!(self, FindingKind::DamagedSnapshot | FindingKind::CorruptLog | FindingKind::Unplaced)
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            FindingKind::DamagedSnapshot => "damaged snapshot",
            FindingKind::CorruptLog => "corrupt log",
            FindingKind::TornTail => "torn tail",
            FindingKind::Foreign => "foreign entry",
            FindingKind::Unplaced => "not placed",
            FindingKind::Unreadable => "unreadable",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.kind, self.path.display())?;
        if let Some(offset) = self.offset {
            write!(out, " at byte {offset}")?;
        }
        write!(out, ": {}", self.what)
    }
}
