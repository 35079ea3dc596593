//! One life of a store on a disk, step by step, with the oracle told of everything.

mod step;
mod time_rule;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use treering_format_bin::BinFormat;
use treering_format_json::JsonFormat;
use treering_level::{Aggregation, Metric};
use treering_persist::{Finding, FindingKind, OpenError, Options, Store, SyncPolicy};
use treering_snapshot::Format;

use crate::disk::Disk;
use crate::held::{Held, SeriesName, held};
use crate::oracle::{Mismatch, Oracle, Recovered, Safety};

use time_rule::TimeRule;

/// Where the stores of workloads live: two directories that the store has to make itself.
pub const ROOT: &str = "/var/store";
/// How long the stores of workloads keep samples, unless they keep all.
pub const RETENTION: Duration = Duration::from_secs(6 * 3600);
/// The metrics of workloads, and their intervals in seconds. One has no whole half.
pub const METRICS: [(&str, u32); 3] = [("load", 60), ("mem", 10), ("flops", 7)];

/// One sample to write: a series, by its place in the workload's list, and a Unix time. Whether the store has to
/// take it follows from the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Which series.
    pub series: usize,
    /// Unix seconds.
    pub time_s: i64,
}

/// What is done with a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A batch of samples for one host; values are given by the oracle.
    Write(Vec<Planned>),
    /// The logs are synced, as the background worker does.
    Sync,
    /// A checkpoint.
    Checkpoint,
    /// Time goes by.
    Advance(Duration),
    /// Retention.
    Retention,
    /// Hosts whose log failed are checkpointed, as the background worker does.
    Heal,
    /// A clean stop.
    Close,
}

/// How a life or a step went on.
#[derive(Debug)]
pub enum Outcome<T> {
    /// The process lives.
    Alive(T),
    /// The process died on the way, as the disk was told.
    Died,
}

/// What a store could not do, and said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The host; none if it was not about one.
    pub host: Option<(String, String)>,
    /// The error and its causes, in one line.
    pub what: String,
}

/// A start on a disk that may fail.
#[expect(clippy::large_enum_variant, reason = "one is made for each start, and taken apart at once")]
pub enum Start<'a> {
    /// The store runs.
    Alive(Life<'a>),
    /// The process died on the way, as the disk was told.
    Died,
    /// The store could not be opened.
    Refused(OpenError),
}

/// A store that runs.
pub struct Life<'a> {
    disk: Arc<dyn Disk>,
    store: Store,
    series: &'a [SeriesName],
    times: TimeRule,
    /// What could not be read when it started.
    unread: Vec<Finding>,
}

/// Options for workloads: the metrics of [`METRICS`], one worker, so that a run is the same each time.
#[must_use]
pub fn options(sync: SyncPolicy, retention: Option<Duration>) -> Options {
    let metric = |interval_s| Metric { interval_s, aggregation: Aggregation::Sum };
    let metrics = METRICS.map(|(name, interval_s)| (name.to_owned(), metric(interval_s)));
    Options { metrics: metrics.to_vec(), sync, retention, workers: 1, ..Options::new(ROOT) }
}

/// What a store of this policy is opened with: JSON is written where there is no log, both are read.
#[must_use]
pub fn formats(sync: SyncPolicy) -> Vec<Box<dyn Format>> {
    let mut formats: Vec<Box<dyn Format>> = vec![Box::new(BinFormat), Box::new(JsonFormat::exact())];
    if sync == SyncPolicy::Unlogged {
        formats.reverse();
    }
    formats
}

/// The interval of a metric of [`METRICS`].
#[must_use]
pub fn interval_of(metric: &str) -> u32 {
    METRICS.iter().find(|(name, _)| *name == metric).map_or(60, |(_, interval_s)| *interval_s)
}

impl<'a> Life<'a> {
    /// Starts a store on the disk. What it finds is checked: `survived` is what the end of the life before had to
    /// spare.
    ///
    /// # Errors
    /// What was lost or changed, or a start that failed, or found damage that no such end leaves.
    pub fn start(
        disk: &(impl Disk + Clone + 'static),
        options: &Options,
        series: &'a [SeriesName],
        oracle: &mut Oracle,
        survived: Safety,
    ) -> Result<Outcome<Life<'a>>, Mismatch> {
        match Life::start_in_trouble(disk, options, series, oracle, survived)? {
            Start::Died => Ok(Outcome::Died),
            Start::Refused(error) => Err(Mismatch::new(format!("open failed: {}", chain(&error)))),
            Start::Alive(life) => match life.unread.first() {
                Some(finding) => Err(Mismatch::new(format!("start: {finding}"))),
                None => Ok(Outcome::Alive(life)),
            },
        }
    }

    /// The same on a disk that may fail: then the store may be refused, or hold only a part of some hosts and say so.
    ///
    /// # Errors
    /// What was lost or changed without a word, or damage that no such end leaves.
    pub fn start_in_trouble(
        disk: &(impl Disk + Clone + 'static),
        options: &Options,
        series: &'a [SeriesName],
        oracle: &mut Oracle,
        survived: Safety,
    ) -> Result<Start<'a>, Mismatch> {
        let disk: Arc<dyn Disk> = Arc::new(disk.clone());
        let opened = (disk.wall_s(), disk.monotonic());
        let (store, report) = match Store::open(disk.clone(), options.clone(), formats(options.sync)) {
            Ok(opened) => opened,
            Err(_) if disk.died() => return Ok(Start::Died),
            Err(error) => return Ok(Start::Refused(error)),
        };
        if disk.died() {
            return Ok(Start::Died);
        }
        let held = held(&store);
        let newest = |held: &Held| held.samples.keys().next_back().copied();
        let times = TimeRule::new(options, opened, held.values().filter_map(newest).max());
        let (unread, findings): (Vec<_>, Vec<_>) =
            report.findings.into_iter().partition(|finding| finding.kind == FindingKind::Unreadable);
        let life = Life { disk, store, series, times, unread };
        let (degraded, damaged) = (life.degraded(), oracle.take_damage());
        oracle.recovered(&held, survived, |name| life.recovered(name, &degraded, &damaged))?;
        check_findings(&findings, oracle)?;
        Ok(Start::Alive(life))
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Whether something of a host could not be read when the store started.
    #[must_use]
    pub fn is_in_part(&self, cluster: &str, host: &str) -> bool {
        let dir = Path::new(ROOT).join(cluster).join(host);
        self.unread.iter().any(|finding| finding.path.starts_with(&dir) || dir.starts_with(&finding.path))
    }

    /// Does a step, and tells the oracle what was promised.
    ///
    /// # Errors
    /// What the store did not do although the process lives.
    pub fn step(&mut self, step: &Step, oracle: &mut Oracle) -> Result<Outcome<()>, Mismatch> {
        match self.step_in_trouble(step, oracle)? {
            Outcome::Died => Ok(Outcome::Died),
            Outcome::Alive(troubles) => match troubles.first() {
                Some(trouble) => Err(Mismatch::new(format!("{step:?} failed: {}", trouble.what))),
                None => Ok(Outcome::Alive(())),
            },
        }
    }

    /// Does a step on a disk that may fail; returns what the store said that it could not do.
    ///
    /// # Errors
    /// What the store did not do, and did not say.
    pub fn step_in_trouble(
        &mut self,
        step: &Step,
        oracle: &mut Oracle,
    ) -> Result<Outcome<Vec<Trouble>>, Mismatch> {
        let result = self.take(step, oracle);
        if self.disk.died() { Ok(Outcome::Died) } else { result.map(Outcome::Alive) }
    }

    /// Names of hosts that the store calls degraded.
    #[must_use]
    pub fn degraded(&self) -> Vec<(String, String)> {
        let degraded = self.store.health().degraded;
        degraded.into_iter().map(|degraded| (degraded.cluster, degraded.host)).collect()
    }

    fn recovered(
        &self,
        name: &SeriesName,
        degraded: &[(String, String)],
        damaged: &[(String, String)],
    ) -> Recovered {
        let is_among =
            |hosts: &[(String, String)]| hosts.iter().any(|(cluster, host)| name.is_of(cluster, host));
        // Whoever opens a store builds on what it finds; only a policy that syncs no log leaves that on sand.
        let safety = match self.store.options().sync {
            SyncPolicy::Never => Safety::Written,
            SyncPolicy::Always | SyncPolicy::Interval(_) | SyncPolicy::Unlogged => Safety::Durable,
        };
        if self.is_in_part(&name.cluster, &name.host) {
            Recovered::InPart
        } else if is_among(damaged) {
            Recovered::Damaged(safety)
        } else if is_among(degraded) {
            Recovered::Unsynced
        } else {
            Recovered::Whole(safety)
        }
    }
}

/// Snapshots are renamed into place only when they are whole, so no death and no power cut damages one.
fn check_findings(findings: &[Finding], oracle: &Oracle) -> Result<(), Mismatch> {
    use FindingKind::{CorruptLog, TornTail};
    let expected = |finding: &&Finding| {
        let torn = finding.kind == CorruptLog || finding.kind == TornTail;
        (torn && oracle.expects_torn_logs()) || is_of_damaged_host(finding, oracle)
    };
    match findings.iter().find(|finding| !expected(finding)) {
        Some(finding) => Err(Mismatch::new(format!("start: {finding}"))),
        None => Ok(()),
    }
}

fn is_of_damaged_host(finding: &Finding, oracle: &Oracle) -> bool {
    let below = finding.path.strip_prefix(ROOT).ok();
    let names: Vec<_> = below.into_iter().flatten().filter_map(|name| name.to_str()).collect();
    matches!(names.as_slice(), [cluster, host, ..] if oracle.expects_damage(cluster, host))
}

/// An error and its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// Whether a store cannot be opened because somebody else has it.
#[must_use]
pub fn is_held(error: &OpenError) -> bool {
    matches!(error, OpenError::Lock { source: treering_persist::LockError::Held { .. }, .. })
}
