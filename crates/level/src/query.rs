//! Queries: a path of selectors, a metric and a range of time; and what they are answered.

mod combine;
mod read;

use thiserror::Error;

use crate::name::ShownName;
use crate::selector::Selector;

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Query {
    /// Selectors of cluster, host and levels, in this order. The levels that it leads to are asked; where it
    /// ends before a host, the clusters or the tree itself.
    pub path: Vec<Selector>,
    /// The metric.
    pub metric: String,
    /// The first time, in Unix seconds.
    pub from_s: i64,
    /// The time behind the last, in Unix seconds.
    pub to_s: i64,
}

/// What a query is answered: one value for each slot whose time lies in the range, NaN where one is missing.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// The time of the first slot that is not before the range, in Unix seconds: that of the first value, if
    /// any.
    pub start_s: i64,
    /// Seconds from one value to the next.
    pub interval_s: u32,
    /// The values.
    pub values: Vec<f32>,
    /// How many series they were made from.
    pub series: u64,
}

/// Why a query is not answered.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The range ends before it begins.
    #[error("the range ends at {to_s}, before it begins at {from_s}")]
    BackwardRange {
        /// The first time, in Unix seconds.
        from_s: i64,
        /// The time behind the last, in Unix seconds.
        to_s: i64,
    },
    /// The range has more slots than an answer may have.
    #[error("the range has {slots} slots, allowed are {slots_max}")]
    RangeTooLarge {
        /// How many it has.
        slots: u64,
        /// How many it may have.
        slots_max: u64,
    },
    /// Nobody configured the metric, and no series has it.
    #[error("metric {metric} is unknown")]
    UnknownMetric {
        /// The metric's name.
        metric: ShownName,
    },
    /// No host is selected.
    #[error("no such host")]
    UnknownHost,
    /// Hosts are selected, but no series with a sample of the metric is.
    #[error("no samples of metric {metric} there")]
    NothingFound {
        /// The metric's name.
        metric: ShownName,
    },
    /// Several series are selected, and the metric says not how to combine them.
    #[error("{series} series or more of metric {metric}, which has no aggregation to combine them")]
    NoAggregation {
        /// The metric's name.
        metric: ShownName,
        /// How many series were found before the search was given up.
        series: u64,
    },
}
