//! One life of a store on a simulated disk, step by step, with the oracle told of everything.

use std::sync::Arc;
use std::time::Duration;

use treering_format_bin::BinFormat;
use treering_format_json::JsonFormat;
use treering_level::{Aggregation, Metric, Sample};
use treering_persist::{OpenError, Options, RecoveryReport, Store, SyncPolicy};
use treering_snapshot::Format;

use crate::held::{SeriesName, held};
use crate::oracle::{Mismatch, Oracle, Safety};
use crate::simdisk::SimDisk;

/// Where the stores of workloads live: two directories that the store has to make itself.
pub const ROOT: &str = "/var/store";
/// How long the stores of workloads keep samples, unless they keep all.
pub const RETENTION: Duration = Duration::from_secs(6 * 3600);
/// The metrics of workloads, and their intervals in seconds. One has no whole half.
pub const METRICS: [(&str, u32); 3] = [("load", 60), ("mem", 10), ("flops", 7)];

/// One sample to write: a series, by its place in the workload's list, a Unix time, and whether the store has to
/// refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Which series.
    pub series: usize,
    /// Unix seconds.
    pub time_s: i64,
    /// Too old or too far ahead.
    pub refused: bool,
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

/// A store that runs.
pub struct Life<'a> {
    disk: SimDisk,
    store: Store,
    series: &'a [SeriesName],
    /// The newest time of a sample that was found, and of one that was written in this life.
    found_newest_s: Option<i64>,
    own_newest_s: Option<i64>,
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
        disk: &SimDisk,
        options: &Options,
        series: &'a [SeriesName],
        oracle: &mut Oracle,
        survived: Safety,
    ) -> Result<Outcome<Life<'a>>, Mismatch> {
        let opened = Store::open(Arc::new(disk.clone()), options.clone(), formats(options.sync));
        let (store, report) = match opened {
            Ok(opened) => opened,
            Err(_) if disk.died() => return Ok(Outcome::Died),
            Err(error) => return Err(Mismatch::new(format!("open failed: {}", chain(&error)))),
        };
        if disk.died() {
            return Ok(Outcome::Died);
        }
        let held = held(&store);
        // Whoever opens a store builds on what it finds; only a policy that syncs no log leaves that on sand.
        let found = if options.sync == SyncPolicy::Never { Safety::Written } else { Safety::Durable };
        oracle.recovered(&held, survived, found)?;
        check_report(&report, oracle)?;
        let newest = |held: &crate::held::Held| held.samples.keys().next_back().copied();
        let found_newest_s = held.values().filter_map(newest).max();
        Ok(Outcome::Alive(Life { disk: disk.clone(), store, series, found_newest_s, own_newest_s: None }))
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Does a step, and tells the oracle what was promised.
    ///
    /// # Errors
    /// What the store did not do although the process lives.
    pub fn step(&mut self, step: &Step, oracle: &mut Oracle) -> Result<Outcome<()>, Mismatch> {
        let result = match step {
            Step::Write(batch) => self.write(batch, oracle),
            Step::Sync => match self.store.sync() {
                Ok(()) => {
                    if self.store.options().sync != SyncPolicy::Unlogged {
                        oracle.all_durable();
                    }
                    Ok(())
                }
                Err(error) => Err(Mismatch::new(format!("sync failed: {}", chain(&error)))),
            },
            Step::Checkpoint => checkpointed(&self.store.checkpoint(), oracle),
            Step::Advance(time) => {
                self.disk.advance(*time);
                Ok(())
            }
            Step::Retention => self.retention(oracle),
            Step::Close => {
                let running =
                    if self.disk.died() { Ok(()) } else { oracle.check_running(&held(&self.store)) };
                running.and_then(|()| checkpointed(&self.store.close(), oracle))
            }
        };
        match result {
            _ if self.disk.died() => Ok(Outcome::Died),
            Ok(()) => Ok(Outcome::Alive(())),
            Err(mismatch) => Err(mismatch),
        }
    }

    fn write(&mut self, batch: &[Planned], oracle: &mut Oracle) -> Result<(), Mismatch> {
        let Some(name) = batch.first().map(|planned| &self.series[planned.series]) else { return Ok(()) };
        let host = self.store.host(&name.cluster, &name.host).map_err(|error| addressed(&error))?;
        let mut samples = Vec::with_capacity(batch.len());
        let mut refused = 0;
        for planned in batch {
            let name = &self.series[planned.series];
            let path: Vec<&str> = name.path.iter().map(String::as_str).collect();
            let series = self.store.resolve(&host, &path, &name.metric).map_err(|error| addressed(&error))?;
            let value = oracle.next_value();
            samples.push(Sample { series, time_s: planned.time_s, value });
            if planned.refused {
                refused += 1;
            } else {
                oracle.attempt(name, interval_of(&name.metric), planned.time_s, value);
                self.own_newest_s = self.own_newest_s.max(Some(planned.time_s));
            }
        }
        let outcome = self
            .store
            .write(&host, &samples)
            .map_err(|error| Mismatch::new(format!("write failed: {}", chain(&error))))?;
        let stored = count(samples.len()) - refused;
        if (outcome.stored, outcome.refused.total()) != (stored, refused) {
            return Err(Mismatch::new(format!("{outcome:?} instead of {stored} stored, {refused} refused")));
        }
        let safety = match self.store.options().sync {
            SyncPolicy::Always => Safety::Durable,
            SyncPolicy::Interval(_) | SyncPolicy::Never => Safety::Written,
            SyncPolicy::Unlogged => Safety::Attempted,
        };
        oracle.acknowledge(&name.cluster, &name.host, safety);
        for (planned, sample) in batch.iter().zip(&samples) {
            let name = &self.series[planned.series];
            if oracle.has_no_grid(name)
                && let Some(series) = host.lock().series_view(sample.series)
                && let Some(grid) = series.ring().grid()
            {
                oracle.see_grid(name, grid.origin_s());
            }
        }
        Ok(())
    }

    /// Retention counts from the earlier of the wall clock and the newest sample that brought its own time. Without
    /// one in this life there is nothing to count from that the oracle knows, so nothing is done.
    fn retention(&mut self, oracle: &mut Oracle) -> Result<(), Mismatch> {
        let (Some(retention), Some(own_s)) = (self.store.options().retention, self.own_newest_s) else {
            return Ok(());
        };
        let reference_s = own_s.max(self.found_newest_s.unwrap_or(own_s)).min(self.store.now_s());
        oracle.expire(reference_s - i64::try_from(retention.as_secs()).unwrap_or(i64::MAX));
        let report = self.store.apply_retention();
        if report.paused || report.files_failed > 0 {
            return Err(Mismatch::new(format!("retention: {report:?}")));
        }
        Ok(())
    }
}

fn checkpointed(report: &treering_persist::CheckpointReport, oracle: &mut Oracle) -> Result<(), Mismatch> {
    if let Some(failed) = report.failed.first() {
        let (cluster, host) = (&failed.cluster, &failed.host);
        return Err(Mismatch::new(format!("checkpoint of {cluster}/{host}: {}", chain(&failed.error))));
    }
    oracle.all_durable();
    Ok(())
}

/// Snapshots are renamed into place only when they are whole, so no death and no power cut damages one.
fn check_report(report: &RecoveryReport, oracle: &Oracle) -> Result<(), Mismatch> {
    use treering_persist::FindingKind::{CorruptLog, TornTail};
    let expected = |kind| oracle.saw_power_cut() && (kind == CorruptLog || kind == TornTail);
    match report.findings.iter().find(|finding| !expected(finding.kind)) {
        Some(finding) => Err(Mismatch::new(format!("start: {finding}"))),
        None => Ok(()),
    }
}

fn addressed(error: &treering_persist::AddressError) -> Mismatch {
    Mismatch::new(format!("resolve failed: {}", chain(error)))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

/// Whether a store cannot be opened because somebody else has it.
#[must_use]
pub fn is_held(error: &OpenError) -> bool {
    matches!(error, OpenError::Lock { source: treering_persist::LockError::Held { .. }, .. })
}
