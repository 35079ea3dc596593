//! How a series is known and looked at.

use std::fmt;

use treering_buffer::Ring;

use crate::arena::{Levels, Series};
use crate::host::Shared;
use crate::metric::Aggregation;
use crate::sync::Arc;

/// What a series of a host is known by once its names were looked up.
///
/// The numbers of a host's series are dense and start at 0. None is ever used again: when a series is pruned,
/// its index is stale and stays so.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SeriesIndex {
    /// Tells the index of one host from that of another.
    pub(crate) host: u32,
    pub(crate) number: u32,
}

/// A series as it is under its host's lock. Making one costs nothing, nothing is looked up before it is asked
/// for.
#[derive(Clone, Copy)]
pub struct SeriesView<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) host: u32,
    pub(crate) series: &'a Series,
    pub(crate) levels: &'a Levels,
}

/// Is told of every sample that a host accepts, under the host's lock and in the order of the samples.
///
/// What carries it lies beside the host's series, under the same lock: see [`Tree`](crate::Tree). It must be
/// quick and must not call back into the tree.
pub trait Journal {
    /// Takes down one accepted sample with its own time, in Unix seconds.
    fn append(&mut self, series: &SeriesView<'_>, time_s: i64, value: f32);

    /// Whether it wants to be told. Asked once for each batch.
    fn listens(&self) -> bool {
        true
    }
}

impl SeriesIndex {
    /// The series' number in its host: 0 for the first one, then up without gaps.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }
}

impl<'a> SeriesView<'a> {
    /// What the series is known by.
    #[must_use]
    pub fn index(&self) -> SeriesIndex {
        SeriesIndex { host: self.host, number: self.series.number }
    }

    /// The names of the levels between the host and the series; empty for a series of the host itself.
    #[must_use]
    pub fn path(&self) -> &'a [Arc<str>] {
        self.levels.path(self.series.level)
    }

    /// The metric's name.
    #[must_use]
    pub fn metric(&self) -> &'a str {
        &self.series.metric
    }

    /// Seconds from one slot to the next: that of the series, whatever was configured since it began.
    #[must_use]
    pub fn interval_s(&self) -> u32 {
        self.series.ring.interval_s()
    }

    /// How the metric's series are combined, by the metric table of this moment.
    #[must_use]
    pub fn aggregation(&self) -> Aggregation {
        self.shared.metrics.load().aggregation(self.metric())
    }

    /// The samples.
    #[must_use]
    pub fn ring(&self) -> &'a Ring {
        &self.series.ring
    }
}

impl fmt::Debug for SeriesView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeriesView")
            .field("index", &self.index())
            .field("path", &self.path())
            .field("metric", &self.metric())
            .field("ring", self.ring())
            .finish_non_exhaustive()
    }
}

impl Journal for () {
    fn append(&mut self, _series: &SeriesView<'_>, _time_s: i64, _value: f32) {}

    fn listens(&self) -> bool {
        false
    }
}
