//! The oracle: what was tried, what was promised, and whether a store that was started again keeps it.
//!
//! It lives outside the store and shares no code with it, the rule of slots included: slot `k` of a series stands
//! for the time `origin + k * interval` and takes the times from half an interval before it on, in whole seconds.

mod series;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::held::{Held, SeriesName};
use series::Series;

/// Lines of a [`Mismatch`] that are shown.
const SHOWN_MAX: usize = 12;

/// How safe a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Safety {
    /// A write was begun. It may be there or not, but if it is, then as it was meant.
    Attempted,
    /// It is in memory only, and its writer was told so. A checkpoint that succeeds makes it durable.
    Accepted,
    /// Survives the death of the process.
    Written,
    /// Survives a power cut.
    Durable,
}

/// What a start made of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovered {
    /// All of it was read, and what was found is now as safe as this.
    Whole(Safety),
    /// All of it was read, but could not be made durable: no sync of a log will do that any more.
    Unsynced,
    /// Some files could not be read. They are still there, and another start may bring back what is missing.
    InPart,
    /// Some files were damaged. What is missing is gone, and what was found is now as safe as this.
    Damaged(Safety),
}

/// Everything that was tried on a store, and how strongly it was acknowledged.
#[derive(Debug, Clone, Default)]
pub struct Oracle {
    series: BTreeMap<SeriesName, Series>,
    /// What is older may be gone, because retention ran.
    kept_from_s: Option<i64>,
    tears_logs: bool,
    values: u32,
    /// Batches of samples so far.
    batches: u64,
    /// Series of which this life has not read all that there is.
    in_part: BTreeSet<SeriesName>,
    /// Hosts with files that somebody has damaged, and whether no start has judged them yet.
    damaged: BTreeMap<(String, String), bool>,
}

/// How what a store holds differs from what it must hold, one line for each slot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mismatch {
    lines: Vec<String>,
}

impl Oracle {
    /// Nothing was tried yet.
    #[must_use]
    pub fn new() -> Oracle {
        Oracle::default()
    }

    /// A value that no other attempt has.
    pub fn next_value(&mut self) -> f32 {
        self.values += 1;
        // Exact up to 2^24.
        self.values as f32
    }

    /// The samples that are tried from now on go into one call.
    pub fn begin_batch(&mut self) {
        self.batches += 1;
    }

    /// A sample is about to be written, and will be accepted.
    pub fn attempt(&mut self, name: &SeriesName, interval_s: u32, time_s: i64, value: f32) {
        let series = self.series.entry(name.clone()).or_insert_with(|| Series::new(interval_s));
        series.attempt(time_s, value.to_bits(), self.batches);
    }

    /// Takes what a store holds for the truth: samples that somebody else has stored.
    pub fn adopt(&mut self, held: &BTreeMap<SeriesName, Held>) {
        for (name, held) in held {
            let series = self.series.entry(name.clone()).or_insert_with(|| Series::new(held.interval_s));
            series.see_grid(held.grid_s);
            for (time_s, bits) in &held.samples {
                series.attempt(*time_s, *bits, self.batches);
            }
            series.acknowledge(self.batches, Safety::Durable);
        }
    }

    /// The samples of the newest batch are at least this safe.
    pub fn acknowledge(&mut self, cluster: &str, host: &str, safety: Safety) {
        let batch = self.batches;
        self.of_host(cluster, host).for_each(|series| series.acknowledge(batch, safety));
    }

    /// The log of a host was synced: what was written is durable, unless the log has failed since.
    pub fn synced(&mut self, cluster: &str, host: &str) {
        self.of_host(cluster, host).for_each(Series::synced);
    }

    /// A host was checkpointed: all that is in memory is durable.
    pub fn checkpointed(&mut self, cluster: &str, host: &str) {
        self.of_host(cluster, host).for_each(Series::checkpointed);
    }

    /// The log of a host failed: what is not durable by now becomes so with a checkpoint, not with a sync.
    pub fn log_failed(&mut self, cluster: &str, host: &str) {
        self.of_host(cluster, host).for_each(Series::log_failed);
    }

    fn of_host(&mut self, cluster: &str, host: &str) -> impl Iterator<Item = &mut Series> {
        let of_host = move |(name, _): &(&SeriesName, &mut Series)| name.is_of(cluster, host);
        self.series.iter_mut().filter(of_host).map(|(_, series)| series)
    }

    /// Retention is about to remove what is older than this.
    pub fn expire(&mut self, limit_s: i64) {
        self.kept_from_s = self.kept_from_s.max(Some(limit_s));
        self.series.values_mut().for_each(|series| series.expire(limit_s));
    }

    /// Whether it is open which grid a series has: retention emptied it, and samples came since; or not all of it was
    /// read.
    #[must_use]
    pub fn has_no_grid(&self, name: &SeriesName) -> bool {
        self.series.get(name).is_some_and(Series::has_no_grid)
    }

    /// The grid on which the store has put the newest batch for such a series goes through this time.
    pub fn see_grid(&mut self, name: &SeriesName, grid_s: i64) {
        if let Some(series) = self.series.get_mut(name) {
            series.see_grid(grid_s);
        }
    }

    /// A process died in the middle of a write.
    pub fn expect_torn_logs(&mut self) {
        self.tears_logs = true;
    }

    /// Somebody has damaged files of a host while no store was open.
    pub fn expect_damage(&mut self, cluster: &str, host: &str) {
        self.damaged.insert((cluster.to_owned(), host.to_owned()), true);
    }

    /// The same of damage that the last start has judged: what it left is what there is.
    pub fn expect_damage_of_old(&mut self, cluster: &str, host: &str) {
        self.damaged.insert((cluster.to_owned(), host.to_owned()), false);
    }

    /// Whether somebody has ever damaged files of a host.
    #[must_use]
    pub fn expects_damage(&self, cluster: &str, host: &str) -> bool {
        self.damaged.contains_key(&(cluster.to_owned(), host.to_owned()))
    }

    /// Hosts whose damage no start has judged yet; from now on it is judged.
    pub(crate) fn take_damage(&mut self) -> Vec<(String, String)> {
        let new = self.damaged.iter_mut().filter_map(|(host, new)| std::mem::take(new).then(|| host.clone()));
        new.collect()
    }

    /// Whether any end so far could leave a log with a hole or half a record in it: a power cut, or a death in the
    /// middle of a write.
    #[must_use]
    pub fn expects_torn_logs(&self) -> bool {
        self.tears_logs
    }

    /// Times of samples that were tried, in no order that means anything.
    #[must_use]
    pub fn times(&self, name: &SeriesName) -> Vec<i64> {
        self.series.get(name).map(Series::times).unwrap_or_default()
    }

    /// Whether somebody has ever tried to write this value where a series on this grid has it now.
    #[must_use]
    pub fn was_tried(&self, name: &SeriesName, grid_s: i64, (time_s, bits): (i64, u32)) -> bool {
        self.series.get(name).is_some_and(|series| series.was_tried(grid_s, time_s, bits))
    }

    /// Samples that count as this safe, or safer.
    #[must_use]
    pub fn count(&self, safety: Safety) -> usize {
        self.series.values().map(|series| series.count(safety)).sum()
    }

    /// A store that runs shows for each slot what was tried last.
    ///
    /// # Errors
    /// Each slot of which that is not so.
    pub fn check_running(&self, held: &BTreeMap<SeriesName, Held>) -> Result<(), Mismatch> {
        let mut mismatch = self.strangers(held);
        for (name, series) in &self.series {
            let held = held.get(name);
            mismatch.add(
                name,
                match self.in_part.contains(name) {
                    true => series.check_in_part(held),
                    false => series.check_running(held, self.kept_from_s),
                },
            );
        }
        mismatch.into_result()
    }

    /// A store was started again after an end that what was `survived` safe had to survive. Takes what it holds as
    /// what there is, from now on as safe as `found` says for each host.
    ///
    /// # Errors
    /// Each slot that misses what had to survive, or holds what was not tried there last, or later than that.
    pub fn recovered(
        &mut self,
        held: &BTreeMap<SeriesName, Held>,
        survived: Safety,
        found: impl Fn(&SeriesName) -> Recovered,
    ) -> Result<(), Mismatch> {
        self.tears_logs |= survived == Safety::Durable;
        self.in_part.clear();
        let mut mismatch = self.strangers(held);
        for (name, series) in &mut self.series {
            let found = found(name);
            if found == Recovered::InPart {
                self.in_part.insert(name.clone());
            }
            mismatch.add(name, series.recovered(held.get(name), survived, found, self.kept_from_s));
        }
        mismatch.into_result()
    }

    fn strangers(&self, held: &BTreeMap<SeriesName, Held>) -> Mismatch {
        let strange = held.keys().filter(|name| !self.series.contains_key(name));
        Mismatch { lines: strange.map(|name| format!("{name}: nobody wrote such a series")).collect() }
    }
}

impl Mismatch {
    /// One thing that is not as it must be.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Mismatch {
        Mismatch { lines: vec![what.into()] }
    }

    /// The same, with where or when it was in front.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Mismatch {
        self.lines.insert(0, format!("{place}:"));
        self
    }

    fn add(&mut self, name: &SeriesName, lines: Vec<String>) {
        self.lines.extend(lines.into_iter().map(|line| format!("{name}: {line}")));
    }

    fn into_result(self) -> Result<(), Mismatch> {
        if self.lines.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.lines.len().min(SHOWN_MAX);
        f.write_str(&self.lines[..shown].join("\n"))?;
        if shown < self.lines.len() {
            write!(f, "\n... and {} more", self.lines.len() - shown)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mismatch {}
