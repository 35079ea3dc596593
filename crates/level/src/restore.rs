//! What recovery asks of a host: put in columns and log records, under the names that they have in their
//! files.

use thiserror::Error;
use treering_buffer::{Bounds, Column, Fill, Restored, Ring, Stored, Values};

use crate::host::HostGuard;
use crate::metric::{Aggregation, Metric};
use crate::resolve::NoRoom;
use crate::view::SeriesIndex;

/// Why stored data was not put back.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// There are more levels than allowed.
    #[error("the path has {levels} levels, allowed are {levels_max}")]
    TooDeep {
        /// How many there are.
        levels: usize,
        /// How many may be.
        levels_max: usize,
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
    /// The data has an interval of 0, and no other is configured.
    #[error("the interval is 0 s")]
    ZeroInterval,
    /// The series is gone, or belongs to another host.
    #[error("the series is gone")]
    Stale,
    /// The column itself is wrong.
    #[error(transparent)]
    Column(#[from] treering_buffer::RestoreError),
}

impl<H> HostGuard<'_, H> {
    /// Puts a column of a file into its series, which is made if it is not there yet.
    ///
    /// Names are taken as they are. The grid of a new series has the interval that is configured for the
    /// metric, else that of the column; a series that is there keeps its own. Values come to lie by their
    /// time. A metric that is not configured is noted as found, see
    /// [`MetricTable::discover`](crate::MetricTable::discover).
    ///
    /// # Errors
    /// Any variant of [`RestoreError`] but `Stale`. No sample has changed then.
    pub fn restore(
        &mut self,
        path: &[&str],
        metric: &str,
        column: Column<'_>,
        fill: Fill,
        dirty: bool,
    ) -> Result<(SeriesIndex, Restored), RestoreError> {
        let index = self.restore_series(path, metric, column.interval_s)?;
        Ok((index, self.restore_column(index, column, fill, dirty)?))
    }

    /// The series of these names, for data from files; makes it, and the levels to it, if it is not there.
    ///
    /// `interval_s` is what the file says, or what else is known; it counts only for a new series of a metric
    /// that is not configured.
    ///
    /// # Errors
    /// Any variant of [`RestoreError`] but `Stale` and `Column`. Nothing was made then.
    pub fn restore_series(
        &mut self,
        path: &[&str],
        metric: &str,
        interval_s: u32,
    ) -> Result<SeriesIndex, RestoreError> {
        if let Some(index) = self.find(path, metric) {
            return Ok(index);
        }
        let shared = &self.host.shared;
        let room = self.room_for(path)?;
        let configured_s = shared.metrics.load().configured_interval_s(metric);
        let interval_s = match configured_s {
            Some(configured_s) => configured_s,
            None => {
                let found = Metric { interval_s, aggregation: Aggregation::None };
                shared.discover(metric, found).map_err(|_| RestoreError::ZeroInterval)?;
                interval_s
            }
        };
        self.make(&room, path, metric, Ring::new(interval_s), false)
            .ok_or(RestoreError::TooManyLevels { levels_max: self.host.shared.limits.levels_per_host_max })
    }

    /// Puts a column of a file into a series.
    ///
    /// # Errors
    /// [`RestoreError::Stale`], [`RestoreError::Column`]. No sample has changed then.
    pub fn restore_column(
        &mut self,
        index: SeriesIndex,
        column: Column<'_>,
        fill: Fill,
        dirty: bool,
    ) -> Result<Restored, RestoreError> {
        let ring = self.ring_mut(index)?;
        let before = ring.samples();
        let restored = ring.restore(column, fill, dirty);
        let new = ring.samples() - before;
        self.state.samples += new;
        Ok(restored?)
    }

    /// Puts one record of a log into a series: like a sample, but with no bounds, no journal and no question
    /// whether the metric is welcome. What it stores is dirty.
    ///
    /// With [`Fill::EmptySlots`] a sample that is there stays: the record counts as merged. A NaN counts
    /// nowhere.
    ///
    /// # Errors
    /// [`RestoreError::Stale`]; [`RestoreError::Column`] if the time is beyond what a series can hold. No
    /// sample has changed then.
    pub fn replay(
        &mut self,
        index: SeriesIndex,
        time_s: i64,
        value: f32,
        fill: Fill,
    ) -> Result<Restored, RestoreError> {
        let ring = self.ring_mut(index)?;
        if value.is_nan() {
            return Ok(Restored::default());
        }
        if fill == Fill::Overwrite
            && let Ok(stored) = ring.write(time_s, value, Bounds::NONE)
        {
            let new = u64::from(stored == Stored::New);
            self.state.samples += new;
            return Ok(Restored { stored: 1, merged: 1 - new });
        }
        let column =
            Column { start_s: time_s, interval_s: ring.interval_s(), values: &[Values::Native(&[value])] };
        self.restore_column(index, column, fill, true)
    }

    fn ring_mut(&mut self, index: SeriesIndex) -> Result<&mut Ring, RestoreError> {
        let tag = self.host.tag;
        let series = self.state.series.get_mut(index.number).filter(|_| index.host == tag);
        series.map(|series| &mut series.ring).ok_or(RestoreError::Stale)
    }
}

impl From<NoRoom> for RestoreError {
    fn from(no_room: NoRoom) -> Self {
        match no_room {
            NoRoom::Depth { levels, levels_max } => Self::TooDeep { levels, levels_max },
            NoRoom::Levels { levels_max } => Self::TooManyLevels { levels_max },
            NoRoom::Series { series_max } => Self::TooManySeries { series_max },
        }
    }
}
