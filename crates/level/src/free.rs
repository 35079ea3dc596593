//! Freeing what retention no longer wants.

use std::ops::{AddAssign, Range};

use crate::host::{HostGuard, State};
use crate::view::SeriesIndex;

/// What [`HostGuard::free_before`] freed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Freed {
    /// Samples.
    pub samples: u64,
    /// Bytes of their chunks. A chunk that a frozen column still shares is freed with that column.
    pub bytes: usize,
    /// Series that hold nothing any more.
    pub series: usize,
    /// Levels that hold nothing any more.
    pub levels: usize,
}

impl AddAssign for Freed {
    fn add_assign(&mut self, other: Self) {
        self.samples += other.samples;
        self.bytes += other.bytes;
        self.series += other.series;
        self.levels += other.levels;
    }
}

impl<H> HostGuard<'_, H> {
    /// Frees only the chunks, and only of some of the [`HostGuard::series_count`] series, counted in no order that means
    /// anything. Whoever does so with a few at a time, and gives writers the lock in between, leaves little to
    /// [`HostGuard::free_before_but`].
    pub fn free_chunks_before(&mut self, limit_s: i64, places: Range<usize>) -> Freed {
        let State { series, samples, .. } = &mut *self.state;
        let mut freed = Freed::default();
        for series in series.iter_mut().take(places.end).skip(places.start) {
            let of_series = series.ring.free_before(limit_s);
            freed += Freed { samples: of_series.samples, bytes: of_series.bytes, ..Freed::default() };
        }
        *samples = samples.saturating_sub(freed.samples);
        freed
    }

    /// Frees the chunks that end before `limit_s`, in Unix seconds, dirty or not; then the series without a
    /// sample, then the levels without a series.
    ///
    /// The index of a series that is freed is stale from then on; a series that was resolved but never
    /// written is freed too. A series with a sample at or behind the limit stays.
    pub fn free_before(&mut self, limit_s: i64) -> Freed {
        self.free_before_but(limit_s, |_| false)
    }

    /// The same, but a series without a sample of which `stays` says so keeps its index, its names and its grid:
    /// because something that is stored elsewhere still lies on that grid.
    pub fn free_before_but(&mut self, limit_s: i64, stays: impl Fn(SeriesIndex) -> bool) -> Freed {
        let mut freed = self.free_chunks_before(limit_s, 0..usize::MAX);
        let host = self.host.tag;
        let State { levels, series, .. } = &mut *self.state;
        let metrics = series.take_empty(|number| stays(SeriesIndex { host, number }));
        if metrics.is_empty() {
            return freed;
        }
        let pruned = levels.prune(|number| series.get(number).is_none());
        freed.series = metrics.len();
        freed.levels = pruned.names.len();
        self.host.shared.pool.give_back(metrics, pruned.names, pruned.paths);
        freed
    }
}
