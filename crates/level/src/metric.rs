//! Which metrics there are, at which interval, and how they are combined.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::size_of;

use thiserror::Error;

use crate::name::{NameError, NameKind, ShownName};
use crate::sync::Arc;

/// How several series of a metric become one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Aggregation {
    /// They do not: a query that meets several is an error.
    #[default]
    None,
    /// Their values are added.
    Sum,
    /// The mean of their values is taken.
    Avg,
}

/// What is known about a metric.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Metric {
    /// Seconds between two samples; a table takes no 0.
    pub interval_s: u32,
    /// How its series are combined.
    pub aggregation: Aggregation,
}

/// What happens to samples of a metric that nobody configured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unknown {
    /// They are refused.
    Refuse,
    /// They are taken, as samples of a metric like this one.
    Take(Metric),
}

/// A metric in a [`MetricTable`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The metric.
    pub metric: Metric,
    /// Whether it was configured; otherwise it was only found among stored data.
    pub configured: bool,
}

/// The metrics of a store: configured ones, those found among stored data, and what to do with any other.
///
/// A metric that was only found keeps the interval found and stays readable. New samples for it are taken or
/// refused as [`Unknown`] says. A tree never changes a table in place, it swaps in another one.
#[derive(Clone, Debug)]
pub struct MetricTable {
    entries: BTreeMap<Arc<str>, Entry>,
    reserved: BTreeSet<Box<str>>,
    unknown: Unknown,
}

/// Why a metric cannot be put into a table.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum MetricError {
    /// Its name breaks a rule, or is reserved.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Its interval is 0.
    #[error("metric {name} has an interval of 0 s, allowed is 1 s or more")]
    ZeroInterval {
        /// The name.
        name: ShownName,
    },
}

/// Why new samples of a metric are refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PolicyError {
    Reserved,
    /// Found among stored data only.
    NotConfigured,
    Unknown,
}

impl MetricTable {
    /// A table without a metric, by which samples of a metric that nobody configures are refused.
    #[must_use]
    pub fn refusing_unknown() -> Self {
        Self::new(Unknown::Refuse)
    }

    /// A table without a metric, by which a metric that nobody configures is taken as one like this.
    ///
    /// # Panics
    /// If the interval is 0: whoever takes it from a configuration checks it there.
    #[must_use]
    pub fn taking_unknown(metric: Metric) -> Self {
        Self::new(Unknown::Take(metric))
    }

    /// A table without a metric.
    ///
    /// # Panics
    /// If metrics are to be taken at an interval of 0: whoever takes it from a configuration checks it there.
    #[must_use]
    pub fn new(unknown: Unknown) -> Self {
        if let Unknown::Take(metric) = unknown {
            assert!(metric.interval_s > 0, "metrics need an interval");
        }
        Self { entries: BTreeMap::new(), reserved: BTreeSet::new(), unknown }
    }

    /// Keeps a name for the caller's own use: samples of it are refused, and it cannot be configured.
    pub fn reserve(&mut self, name: &str) {
        self.reserved.insert(name.into());
    }

    /// Puts in a metric as configured; what was there under that name is replaced.
    ///
    /// # Errors
    /// [`MetricError::Name`] if the name breaks a rule or is reserved, [`MetricError::ZeroInterval`].
    pub fn configure(&mut self, name: &str, metric: Metric) -> Result<(), MetricError> {
        NameKind::Metric.check(name)?;
        if self.reserved.contains(name) {
            return Err(NameError::Reserved { name: ShownName::new(name) }.into());
        }
        check_interval(name, metric)?;
        self.entries.insert(name.into(), Entry { metric, configured: true });
        Ok(())
    }

    /// Puts in a metric as found among stored data, under whatever name it has there.
    ///
    /// A configured metric stays as it is. If several are found under one name, the smaller interval and the
    /// larger aggregation (none, sum, avg) are kept, so that the order of finding them does not matter.
    ///
    /// # Errors
    /// [`MetricError::ZeroInterval`].
    pub fn discover(&mut self, name: &str, metric: Metric) -> Result<(), MetricError> {
        check_interval(name, metric)?;
        if let Some(metric) = self.discovery(name, metric) {
            self.entries.insert(name.into(), Entry { metric, configured: false });
        }
        Ok(())
    }

    /// What the entry of this name becomes by finding `metric`, if that changes anything.
    pub(crate) fn discovery(&self, name: &str, metric: Metric) -> Option<Metric> {
        let Some(entry) = self.entries.get(name) else { return Some(metric) };
        let merged = Metric {
            interval_s: entry.metric.interval_s.min(metric.interval_s),
            aggregation: entry.metric.aggregation.max(metric.aggregation),
        };
        (!entry.configured && merged != entry.metric).then_some(merged)
    }

    /// The entry of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Entry> {
        self.entries.get(name).copied()
    }

    /// The interval of a metric that is configured.
    #[must_use]
    pub fn configured_interval_s(&self, name: &str) -> Option<u32> {
        self.entries.get(name).filter(|entry| entry.configured).map(|entry| entry.metric.interval_s)
    }

    /// How the series of this name are combined.
    ///
    /// Snapshots do not say how their metrics are combined, so for a metric that was found without an
    /// aggregation the one of [`Unknown::Take`] counts.
    #[must_use]
    pub fn aggregation(&self, name: &str) -> Aggregation {
        let fallback = match self.unknown {
            Unknown::Refuse => Aggregation::None,
            Unknown::Take(metric) => metric.aggregation,
        };
        match self.entries.get(name) {
            Some(entry) if entry.configured || entry.metric.aggregation != Aggregation::None => {
                entry.metric.aggregation
            }
            _ => fallback,
        }
    }

    /// What happens to metrics without an entry.
    #[must_use]
    pub fn unknown(&self) -> Unknown {
        self.unknown
    }

    /// Whether the name is kept for the caller's own use.
    #[must_use]
    pub fn is_reserved(&self, name: &str) -> bool {
        self.reserved.contains(name)
    }

    /// All metrics, sorted by the bytes of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Entry)> {
        self.entries.iter().map(|(name, entry)| (&**name, *entry))
    }

    /// The interval at which a new series of this name takes samples.
    pub(crate) fn interval_for_samples(&self, name: &str) -> Result<u32, PolicyError> {
        if self.reserved.contains(name) {
            return Err(PolicyError::Reserved);
        }
        match (self.entries.get(name), self.unknown) {
            (Some(entry), Unknown::Take(_)) => Ok(entry.metric.interval_s),
            (Some(entry), Unknown::Refuse) if entry.configured => Ok(entry.metric.interval_s),
            (Some(_), Unknown::Refuse) => Err(PolicyError::NotConfigured),
            (None, Unknown::Take(metric)) => Ok(metric.interval_s),
            (None, Unknown::Refuse) => Err(PolicyError::Unknown),
        }
    }

    /// Bytes that the table takes, the nodes of its maps estimated.
    pub(crate) fn memory_bytes(&self) -> usize {
        let entries: usize =
            self.entries.keys().map(|name| name.len() + size_of::<(Arc<str>, Entry)>() + 16).sum();
        let reserved: usize = self.reserved.iter().map(|name| name.len() + size_of::<Box<str>>()).sum();
        entries + reserved + size_of::<Self>()
    }
}

fn check_interval(name: &str, metric: Metric) -> Result<(), MetricError> {
    if metric.interval_s == 0 {
        return Err(MetricError::ZeroInterval { name: ShownName::new(name) });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: Metric = Metric { interval_s: 10, aggregation: Aggregation::Sum };
    const PLAIN: Metric = Metric { interval_s: 60, aggregation: Aggregation::None };
    const AVG: Metric = Metric { interval_s: 30, aggregation: Aggregation::Avg };

    #[test]
    fn a_found_metric_never_changes_a_configured_one() {
        let mut table = MetricTable::refusing_unknown();
        table.configure("load", PLAIN).unwrap();
        table.discover("load", SUM).unwrap();
        assert_eq!(table.get("load"), Some(Entry { metric: PLAIN, configured: true }));
        table.discover("mem", SUM).unwrap();
        table.configure("mem", PLAIN).unwrap();
        assert_eq!(table.get("mem"), Some(Entry { metric: PLAIN, configured: true }));
    }

    #[test]
    fn the_order_in_which_metrics_are_found_does_not_matter() {
        let finds = [SUM, PLAIN, AVG];
        for (a, b, c) in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)] {
            let mut table = MetricTable::refusing_unknown();
            for find in [a, b, c] {
                table.discover("load", finds[find]).unwrap();
            }
            let metric = Metric { interval_s: 10, aggregation: Aggregation::Avg };
            assert_eq!(table.get("load"), Some(Entry { metric, configured: false }));
        }
    }

    #[test]
    fn new_samples_are_taken_by_entry_and_policy() {
        for (unknown, found, never_seen) in [
            (Unknown::Refuse, Err(PolicyError::NotConfigured), Err(PolicyError::Unknown)),
            (Unknown::Take(AVG), Ok(60), Ok(30)),
        ] {
            let mut table = MetricTable::new(unknown);
            table.reserve("own");
            table.configure("configured", SUM).unwrap();
            table.discover("found", PLAIN).unwrap();
            assert_eq!(table.interval_for_samples("configured"), Ok(10));
            assert_eq!(table.interval_for_samples("found"), found);
            assert_eq!(table.interval_for_samples("never seen"), never_seen);
            assert_eq!(table.interval_for_samples("own"), Err(PolicyError::Reserved));
        }
    }

    #[test]
    fn what_is_found_without_an_aggregation_is_combined_like_any_unknown_metric() {
        let mut table = MetricTable::taking_unknown(AVG);
        table.configure("configured", PLAIN).unwrap();
        table.discover("found", PLAIN).unwrap();
        table.discover("found with", SUM).unwrap();
        assert_eq!(table.aggregation("configured"), Aggregation::None);
        assert_eq!(table.aggregation("found"), Aggregation::Avg);
        assert_eq!(table.aggregation("found with"), Aggregation::Sum);
        assert_eq!(table.aggregation("never seen"), Aggregation::Avg);
        let table = MetricTable::refusing_unknown();
        assert_eq!(table.aggregation("never seen"), Aggregation::None);
    }

    #[test]
    #[should_panic(expected = "metrics need an interval")]
    fn a_table_that_takes_metrics_at_an_interval_of_zero_is_a_mistake() {
        let _ = MetricTable::taking_unknown(Metric { interval_s: 0, aggregation: Aggregation::Avg });
    }

    #[test]
    fn bad_names_reserved_names_and_an_interval_of_zero_cannot_be_configured() {
        let zero = Metric { interval_s: 0, aggregation: Aggregation::None };
        let mut table = MetricTable::refusing_unknown();
        table.reserve("own");
        assert!(matches!(table.configure("load", zero), Err(MetricError::ZeroInterval { .. })));
        assert!(matches!(table.discover("load", zero), Err(MetricError::ZeroInterval { .. })));
        assert!(matches!(table.configure("a\nb", SUM), Err(MetricError::Name(_))));
        let reserved = table.configure("own", SUM);
        assert!(matches!(reserved, Err(MetricError::Name(NameError::Reserved { .. }))));
        assert_eq!(table.iter().count(), 0);
        assert_eq!(table.discover("a\nb", SUM), Ok(()), "names from files are taken as they are");
    }
}
