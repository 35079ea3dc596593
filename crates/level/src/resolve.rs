//! From names to the index of a series, made if it is not there yet.

use thiserror::Error;
use treering_buffer::Ring;

use crate::arena::{LevelIndex, Series};
use crate::host::{Host, HostGuard, State};
use crate::metric::PolicyError;
use crate::name::{NameError, NameKind, ShownName};
use crate::view::SeriesIndex;

/// Why a series takes no samples.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// A level's or the metric's name breaks a rule, or the metric's is reserved.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There are more levels than allowed.
    #[error("the path has {levels} levels, allowed are {levels_max}")]
    TooDeep {
        /// How many there are.
        levels: usize,
        /// How many may be.
        levels_max: usize,
    },
    /// Nobody configured the metric, and it is in no stored data either.
    #[error("metric {metric} is not configured")]
    UnknownMetric {
        /// The metric's name.
        metric: ShownName,
    },
    /// Nobody configured the metric; what is stored of it can be read, but nothing is added.
    #[error("metric {metric} is not configured, only what is stored of it can be read")]
    NotConfigured {
        /// The metric's name.
        metric: ShownName,
    },
    /// The host would get more levels than allowed.
    #[error("the host has its {levels_max} levels, no other is taken")]
    TooManyLevels {
        /// How many there may be.
        levels_max: usize,
    },
    /// The host would get more series than allowed.
    #[error("the host has its {series_max} series, no other is taken")]
    TooManySeries {
        /// How many there may be.
        series_max: usize,
    },
}

/// A place where a series may be made: all limits allow it.
pub(crate) struct Room {
    level: LevelIndex,
    /// How much of the path is there already.
    depth: usize,
    number: u32,
}

/// Why there is no room for a series.
#[derive(Debug)]
pub(crate) enum NoRoom {
    Depth { levels: usize, levels_max: usize },
    Levels { levels_max: usize },
    Series { series_max: usize },
}

impl<H> HostGuard<'_, H> {
    /// The series of these names, for writing; makes it, and the levels to it, if it is not there. Resolve
    /// once and keep the index. Costs no allocation if the series is there.
    ///
    /// Here, where samples enter, names are checked as [`NameKind::check`] says. A series that came from a
    /// file has its names, whatever they are, and can be read; but its index is given out here only if new
    /// samples are welcome. A series that is resolved but never written goes with the next
    /// [`HostGuard::free_before`].
    ///
    /// # Errors
    /// - [`ResolveError::TooDeep`], [`ResolveError::Name`]: the names are none that samples may come with.
    /// - [`ResolveError::UnknownMetric`], [`ResolveError::NotConfigured`]: the metric is not welcome, see
    ///   [`Unknown::Refuse`](crate::Unknown::Refuse).
    /// - [`ResolveError::TooManyLevels`], [`ResolveError::TooManySeries`]: the host is full. Nothing was
    ///   made.
    pub fn resolve(&mut self, path: &[&str], metric: &str) -> Result<SeriesIndex, ResolveError> {
        let held = self.find(path, metric);
        if let Some(index) = held
            && self.state.series.takes_samples(index.number)
        {
            return Ok(index);
        }
        let interval_s = self.host.admit(path, metric)?;
        if let Some(index) = held {
            self.state.series.take_samples(index.number);
            return Ok(index);
        }
        let room = self.room_for(path)?;
        self.make(&room, path, metric, Ring::new(interval_s), true)
            .ok_or(ResolveError::TooManyLevels { levels_max: self.host.shared.limits.levels_per_host_max })
    }

    /// Whether a series that is not there yet may be made.
    pub(crate) fn room_for(&self, path: &[&str]) -> Result<Room, NoRoom> {
        let limits = &self.host.shared.limits;
        let State { levels, series, .. } = &*self.state;
        if path.len() > limits.depth_max {
            return Err(NoRoom::Depth { levels: path.len(), levels_max: limits.depth_max });
        }
        let (level, depth) = levels.descend(path);
        if levels.count() + (path.len() - depth) > limits.levels_per_host_max {
            return Err(NoRoom::Levels { levels_max: limits.levels_per_host_max });
        }
        let number = series.next_number().filter(|_| series.count() < limits.series_per_host_max);
        number
            .map(|number| Room { level, depth, number })
            .ok_or(NoRoom::Series { series_max: limits.series_per_host_max })
    }

    /// Makes a series that is not there yet, and the levels to it. `None` if the numbers of levels ran out.
    pub(crate) fn make(
        &mut self,
        room: &Room,
        path: &[&str],
        metric: &str,
        ring: Ring,
        takes_samples: bool,
    ) -> Option<SeriesIndex> {
        let pool = &self.host.shared.pool;
        let State { levels, series, .. } = &mut *self.state;
        let mut level = room.level;
        for name in &path[room.depth..] {
            level = levels.add(level, pool.level(name))?;
        }
        let position = match levels.metric(level, metric, series) {
            Ok(held) => return Some(self.index(held)),
            Err(position) => position,
        };
        let number = room.number;
        series.push(Series { ring, metric: pool.metric(metric), level, number });
        if takes_samples {
            series.take_samples(number);
        }
        levels.add_metric(level, position, number, pool);
        Some(self.index(number))
    }
}

impl<H> Host<H> {
    /// Whether samples of these names are welcome, and at which interval a new series takes them.
    pub(crate) fn admit(&self, path: &[impl AsRef<str>], metric: &str) -> Result<u32, ResolveError> {
        let levels_max = self.shared.limits.depth_max;
        if path.len() > levels_max {
            return Err(ResolveError::TooDeep { levels: path.len(), levels_max });
        }
        for level in path {
            NameKind::Level.check(level.as_ref())?;
        }
        NameKind::Metric.check(metric)?;
        self.shared.metrics.load().interval_for_samples(metric).map_err(|error| {
            let metric = ShownName::new(metric);
            match error {
                PolicyError::Reserved => NameError::Reserved { name: metric }.into(),
                PolicyError::NotConfigured => ResolveError::NotConfigured { metric },
                PolicyError::Unknown => ResolveError::UnknownMetric { metric },
            }
        })
    }
}

impl From<NoRoom> for ResolveError {
    fn from(no_room: NoRoom) -> Self {
        match no_room {
            NoRoom::Depth { levels, levels_max } => Self::TooDeep { levels, levels_max },
            NoRoom::Levels { levels_max } => Self::TooManyLevels { levels_max },
            NoRoom::Series { series_max } => Self::TooManySeries { series_max },
        }
    }
}
