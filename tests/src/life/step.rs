//! What each step does, and what it promises.

use treering_level::Sample;
use treering_persist::{CheckpointReport, StoreHost, SyncPolicy, WriteError};

use super::{Life, Planned, Step, Trouble, chain, interval_of};
use crate::held::held;
use crate::oracle::{Mismatch, Oracle, Safety};

impl Life<'_> {
    /// Does a step and tells the oracle; returns what the store said that it could not do. Means nothing if the process
    /// died meanwhile.
    pub(super) fn take(&mut self, step: &Step, oracle: &mut Oracle) -> Result<Vec<Trouble>, Mismatch> {
        match step {
            Step::Write(batch) => self.write(batch, oracle),
            Step::Sync => self.sync(oracle),
            Step::Checkpoint => self.checkpointed(&self.store.checkpoint(), &self.hosts(), oracle),
            Step::Heal => {
                // Of hosts that were not read wholly nobody can tell from outside whether they were tried.
                let is_whole = |(cluster, host): &(String, String)| !self.is_in_part(cluster, host);
                let sick: Vec<_> = self.degraded().into_iter().filter(is_whole).collect();
                self.checkpointed(&self.store.heal(), &sick, oracle)
            }
            Step::Advance(time) => {
                self.disk.advance(*time);
                Ok(Vec::new())
            }
            Step::Retention => self.retention(oracle),
            Step::Close => {
                if !self.disk.died() {
                    oracle.check_running(&held(&self.store))?;
                }
                self.checkpointed(&self.store.close(), &self.hosts(), oracle)
            }
        }
    }

    fn write(&mut self, batch: &[Planned], oracle: &mut Oracle) -> Result<Vec<Trouble>, Mismatch> {
        let Some(name) = batch.first().map(|planned| &self.series[planned.series]) else {
            return Ok(Vec::new());
        };
        let host = self.store.host(&name.cluster, &name.host).map_err(|error| addressed(&error))?;
        let times: Vec<i64> = batch.iter().map(|planned| planned.time_s).collect();
        let taken = self.times.taken(&*self.disk, &times);
        let mut samples = Vec::with_capacity(batch.len());
        oracle.begin_batch();
        for planned in batch {
            let name = &self.series[planned.series];
            let path: Vec<&str> = name.path.iter().map(String::as_str).collect();
            let series = self.store.resolve(&host, &path, &name.metric).map_err(|error| addressed(&error))?;
            let value = oracle.next_value();
            samples.push(Sample { series, time_s: planned.time_s, value });
            if taken.contains(&planned.time_s) {
                oracle.attempt(name, interval_of(&name.metric), planned.time_s, value);
            }
        }
        let (outcome, failure) = match self.store.write(&host, &samples) {
            Ok(outcome) => (outcome, None),
            Err(WriteError::NotLogged(failure)) => (failure.outcome, Some(failure)),
            Err(error) => return Err(Mismatch::new(format!("write failed: {}", chain(&error)))),
        };
        let count = |wanted: &dyn Fn(i64) -> bool| times.iter().filter(|time_s| wanted(**time_s)).count();
        let expected = [
            count(&|time_s| taken.contains(&time_s)),
            count(&|time_s| time_s < *taken.start()),
            count(&|time_s| time_s > *taken.end()),
        ];
        let seen = [outcome.stored, outcome.refused.too_old, outcome.refused.too_far_ahead];
        if seen.map(usize::try_from) != expected.map(Ok) {
            return Err(Mismatch::new(format!(
                "{outcome:?} instead of {expected:?} stored, too old, too far ahead"
            )));
        }
        self.see_grids(&host, batch, &samples, oracle);
        let (cluster, host) = (name.cluster.as_str(), name.host.as_str());
        let Some(failure) = failure else {
            oracle.acknowledge(
                cluster,
                host,
                match self.store.options().sync {
                    SyncPolicy::Always => Safety::Durable,
                    SyncPolicy::Interval(_) | SyncPolicy::Never => Safety::Written,
                    SyncPolicy::Unlogged => Safety::Accepted,
                },
            );
            return Ok(Vec::new());
        };
        oracle.acknowledge(cluster, host, Safety::Accepted);
        oracle.log_failed(cluster, host);
        if (failure.cluster.as_str(), failure.host.as_str()) != (cluster, host) {
            return Err(Mismatch::new(format!("a write to {cluster}/{host} failed as {failure}")));
        }
        let trouble = Trouble::of(cluster, host, chain(&failure));
        self.must_be_degraded(&trouble)?;
        Ok(vec![trouble])
    }

    /// Which grid a series gets after retention has emptied it is the store's choice.
    fn see_grids(&self, host: &StoreHost, batch: &[Planned], samples: &[Sample], oracle: &mut Oracle) {
        for (planned, sample) in batch.iter().zip(samples) {
            let name = &self.series[planned.series];
            if oracle.has_no_grid(name)
                && let Some(series) = host.lock().series_view(sample.series)
                && let Some(grid) = series.ring().grid()
            {
                oracle.see_grid(name, grid.origin_s());
            }
        }
    }

    fn sync(&self, oracle: &mut Oracle) -> Result<Vec<Trouble>, Mismatch> {
        let result = self.store.sync();
        let degraded = self.degraded();
        for (cluster, host) in self.hosts() {
            let is_degraded = degraded.iter().any(|other| *other == (cluster.clone(), host.clone()));
            match result.is_err() && is_degraded {
                true => oracle.log_failed(&cluster, &host),
                false => oracle.synced(&cluster, &host),
            }
        }
        match result {
            Ok(()) => Ok(Vec::new()),
            Err(failure) if degraded.is_empty() => {
                Err(Mismatch::new(format!("a sync failed and no host is degraded: {}", chain(&failure))))
            }
            Err(failure) => Ok(vec![Trouble { host: None, what: chain(&failure) }]),
        }
    }

    fn checkpointed(
        &self,
        report: &CheckpointReport,
        hosts: &[(String, String)],
        oracle: &mut Oracle,
    ) -> Result<Vec<Trouble>, Mismatch> {
        let mut troubles = Vec::new();
        for failed in &report.failed {
            let trouble = Trouble::of(&failed.cluster, &failed.host, chain(&failed.error));
            oracle.log_failed(&failed.cluster, &failed.host);
            self.must_be_degraded(&trouble)?;
            troubles.push(trouble);
        }
        let degraded = self.degraded();
        for (cluster, host) in hosts {
            if report.failed.iter().any(|failed| (&failed.cluster, &failed.host) == (cluster, host)) {
                continue;
            }
            let is_degraded = degraded.iter().any(|other| other == &(cluster.clone(), host.clone()));
            if is_degraded && !self.is_in_part(cluster, host) && !self.disk.died() {
                return Err(Mismatch::new(format!("{cluster}/{host} is degraded after a checkpoint")));
            }
            oracle.checkpointed(cluster, host);
        }
        Ok(troubles)
    }

    fn retention(&mut self, oracle: &mut Oracle) -> Result<Vec<Trouble>, Mismatch> {
        let limit_s = self.times.expired_before_s(&*self.disk);
        if let Some(limit_s) = limit_s {
            oracle.expire(limit_s);
        }
        let before = self.degraded();
        let report = self.store.apply_retention();
        if report.paused != self.times.is_paused() {
            return Err(Mismatch::new(format!("retention up to {limit_s:?}: {report:?}")));
        }
        let failed = (report.files_failed > 0)
            .then(|| Trouble { host: None, what: format!("{} files failed", report.files_failed) });
        let mut troubles: Vec<Trouble> = failed.into_iter().collect();
        for (cluster, host) in self.degraded().into_iter().filter(|host| !before.contains(host)) {
            oracle.log_failed(&cluster, &host);
            troubles.push(Trouble::of(&cluster, &host, "degraded by retention".to_owned()));
        }
        Ok(troubles)
    }

    /// All hosts of the workload, each once.
    fn hosts(&self) -> Vec<(String, String)> {
        let mut hosts: Vec<_> =
            self.series.iter().map(|name| (name.cluster.clone(), name.host.clone())).collect();
        hosts.dedup();
        hosts
    }

    fn must_be_degraded(&self, trouble: &Trouble) -> Result<(), Mismatch> {
        if trouble.host.as_ref().is_none_or(|host| self.degraded().contains(host)) {
            return Ok(());
        }
        Err(Mismatch::new(format!("the host is not degraded after: {}", trouble.what)))
    }
}

impl Trouble {
    fn of(cluster: &str, host: &str, what: String) -> Trouble {
        Trouble { host: Some((cluster.to_owned(), host.to_owned())), what }
    }
}

fn addressed(error: &treering_persist::AddressError) -> Mismatch {
    Mismatch::new(format!("resolve failed: {}", chain(error)))
}
