//! What the threads do with the store, each with a note in the book of what it was promised.

use std::sync::atomic::Ordering;

use treering_level::{Query, ReadError, Sample, Selector};
use treering_persist::{CheckpointReport, StoreHost, SyncPolicy, WriteError};
use treering_tests::{Held, Safety, SeriesName};

use crate::book::Tried;
use crate::plan::{Batch, SERIES};
use crate::stage::Stage;

const CLUSTER: &str = "c";

/// The name of a host.
pub(crate) fn host_name(host: usize) -> String {
    format!("n{host}")
}

impl Stage {
    /// Writes batch after batch.
    pub(crate) fn write_all(&self, batches: &[Batch]) {
        batches.iter().for_each(|batch| self.write(batch));
    }

    pub(crate) fn write(&self, batch: &Batch) {
        let host = self.store.host(CLUSTER, &host_name(batch.host)).unwrap();
        let tried: Vec<Tried> = batch
            .samples
            .iter()
            .map(|(series, time_s)| self.book.attempt((series_name(batch.host, *series), *time_s)))
            .collect();
        while !self.write_once(&host, batch, &tried) {}
    }

    /// False if retention has taken the series away: then it has to be resolved again.
    fn write_once(&self, host: &StoreHost, batch: &Batch, tried: &[Tried]) -> bool {
        let sample = |(&(series, time_s), tried): (&(usize, i64), &Tried)| {
            let (path, metric) = SERIES[series];
            let series = self.store.resolve(host, path, metric).unwrap();
            Sample { series, time_s, value: tried.value }
        };
        let samples: Vec<Sample> = batch.samples.iter().zip(tried).map(sample).collect();
        let (outcome, safety) = match self.store.write(host, &samples) {
            Ok(outcome) => (outcome, self.promised()),
            Err(WriteError::NotLogged(not_logged)) => {
                if !self.may_fail() {
                    self.complain(format!("a write failed: {}", not_logged.source));
                }
                (not_logged.outcome, Safety::Accepted)
            }
            Err(WriteError::Closed | WriteError::Refused { .. }) => {
                self.book.refuse(tried);
                return true;
            }
            Err(error) => {
                self.complain(format!("a write: {error}"));
                return true;
            }
        };
        if outcome.stored == 0 && outcome.refused.stale > 0 {
            return false;
        }
        if outcome.stored != samples.len() as u64 {
            self.complain(format!("of {} samples: {outcome:?}", samples.len()));
        }
        self.book.acknowledge(tried, safety);
        true
    }

    /// What a write that returns OK is.
    fn promised(&self) -> Safety {
        match self.store.options().sync {
            SyncPolicy::Always => Safety::Durable,
            _ => Safety::Written,
        }
    }

    /// A checkpoint that says nothing of a failure has made durable all that was in memory when it began.
    pub(crate) fn checkpoint(&self) {
        let before = self.book.moment();
        let report = self.store.checkpoint();
        if self.is_fine(&report) {
            self.book.promote(before, Safety::Accepted);
        }
    }

    /// The same of the hosts that need it.
    pub(crate) fn heal(&self) {
        let before = self.book.moment();
        let report = self.store.heal();
        // There is one host: either it was checkpointed, or nothing was done.
        if self.is_fine(&report) && report.hosts_written > 0 {
            self.book.promote(before, Safety::Accepted);
        }
    }

    /// When it returns nothing is written any more, and all that was ever taken is durable.
    pub(crate) fn close(&self) {
        let report = self.store.close();
        if self.is_fine(&report) {
            self.was_closed.store(true, Ordering::Relaxed);
        }
    }

    fn is_fine(&self, report: &CheckpointReport) -> bool {
        if let Some(failed) = report.failed.first()
            && !self.may_fail()
        {
            self.complain(format!("a checkpoint failed: {:?}", failed.error));
        }
        report.failed.is_empty()
    }

    /// A sync makes durable what had been written when it began. If the log had failed before, the host is degraded until a
    /// checkpoint has all of it.
    pub(crate) fn sync(&self) {
        let before = self.book.moment();
        match self.store.sync() {
            Ok(()) if self.store.health().degraded.is_empty() => self.book.promote(before, Safety::Accepted),
            Ok(()) => {}
            Err(failure) if !self.may_fail() => self.complain(format!("a sync failed: {failure:?}")),
            Err(_) => {}
        }
    }

    /// The disk is sound again. Once the host is not degraded any more, all in it is as safe as the policy promises, also
    /// what its writers were told is in memory only.
    pub(crate) fn make_whole(&self) {
        self.store.heal();
        if self.store.needs_healing() {
            return self.complain(format!("not healed: {:?}", self.store.health().degraded));
        }
        match self.store.options().sync {
            SyncPolicy::Interval(_) => self.sync(),
            _ => self.book.promote_to(self.promised(), self.book.moment(), Safety::Accepted),
        }
    }

    pub(crate) fn retention(&self) {
        let report = self.store.apply_retention();
        if report.files_failed > 0 && !self.may_fail() {
            self.complain(format!("retention: {report:?}"));
        }
    }

    /// Reads a series: all that had been stored is there, and nothing that was not tried.
    pub(crate) fn read(&self, host: usize, series: usize) {
        let (path, metric) = SERIES[series];
        let host_name = host_name(host);
        let path = [CLUSTER, &host_name].iter().chain(path).map(|name| Selector::from(*name)).collect();
        let now_s = self.store.now_s();
        let (from_s, to_s) = (now_s - 6 * 3600, now_s);
        let before = self.book.moment();
        let answer = match self.store.read(&Query { path, metric: metric.to_owned(), from_s, to_s }) {
            Ok(answer) => answer,
            Err(ReadError::UnknownHost | ReadError::NothingFound { .. }) => {
                treering_level::Answer { start_s: from_s, interval_s: 60, values: Vec::new(), series: 0 }
            }
            Err(error) => return self.complain(format!("a query: {error}")),
        };
        let times_s = (answer.start_s..).step_by(60);
        let samples = times_s.zip(&answer.values).filter(|(_, value)| !value.is_nan());
        let samples = samples.map(|(time_s, value)| (time_s, value.to_bits())).collect();
        let held = Held { interval_s: answer.interval_s, grid_s: 0, samples };
        let name = series_name(host, series);
        if let Err(mismatch) = self.book.check_series(&name, held, before) {
            self.complain(mismatch.at("a query").to_string());
        }
    }
}

fn series_name(host: usize, series: usize) -> SeriesName {
    let (path, metric) = SERIES[series];
    SeriesName::new(CLUSTER, &host_name(host), path, metric)
}
