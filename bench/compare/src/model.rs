//! The columns of a host as anybody would declare them for serde.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use treering_bench::workload::{Fritz, INTERVAL_S};

/// A level of the tree with its columns. `V` is a value, or an optional one where a format has no NaN.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Level<V> {
    metrics: BTreeMap<String, Column<V>>,
    children: BTreeMap<String, Level<V>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Column<V> {
    frequency: i64,
    start: i64,
    data: Vec<V>,
}

impl<V> Default for Level<V> {
    fn default() -> Self {
        Self { metrics: BTreeMap::new(), children: BTreeMap::new() }
    }
}

impl<V> Level<V> {
    /// A host of the workload.
    pub(crate) fn of_host(fritz: &Fritz, host: usize, value: impl Fn(f32) -> V) -> Self {
        let mut root = Self::default();
        for (number, series) in fritz.series().iter().enumerate() {
            let level = match &series.level {
                Some(level) => root.children.entry(level.clone()).or_default(),
                None => &mut root,
            };
            let data = fritz.column(host, number).map(&value).collect();
            let column = Column { frequency: INTERVAL_S, start: fritz.time_s(0), data };
            level.metrics.insert(series.metric.clone(), column);
        }
        root
    }

    /// Values in all columns.
    pub(crate) fn values(&self) -> usize {
        let here: usize = self.metrics.values().map(|column| column.data.len()).sum();
        here + self.children.values().map(Level::values).sum::<usize>()
    }
}
