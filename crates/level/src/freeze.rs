//! What a checkpoint asks of a host: freeze what is dirty, and take it back if it could not be written.

use std::ops::Range;

use treering_buffer::{Frozen, Ring, Slot, SlotRanges};

use crate::arena::Levels;
use crate::host::{HostGuard, State};
use crate::sync::Arc;
use crate::view::SeriesIndex;

/// So many series are frozen, or freed, in some tens of microseconds: whoever has more gives writers the lock in between.
///
/// Where schedules are explored it is one, so that others may come between any two.
pub const SERIES_AT_ONCE: usize = if cfg!(treering_shuttle) { 1 } else { 64 };

/// A series as it was when it was frozen, with all that a snapshot says of it.
#[derive(Clone, Debug)]
pub struct FrozenSeries {
    /// The series.
    pub index: SeriesIndex,
    /// The names of the levels between the host and the series.
    pub path: Arc<[Arc<str>]>,
    /// The metric's name.
    pub metric: Arc<str>,
    /// What was dirty, and is clean from then on.
    pub dirty: SlotRanges,
    /// The samples of the range that was asked for, trimmed to those that are held.
    pub column: Frozen,
}

impl FrozenSeries {
    /// Lets go of the samples, as soon as they are elsewhere. What was dirty can still be given back.
    pub fn release(&mut self) {
        self.column = Frozen::empty(self.column.grid());
    }
}

impl<H> HostGuard<'_, H> {
    /// The series of which something is dirty, in path order.
    #[must_use]
    pub fn dirty_series(&self) -> Vec<SeriesIndex> {
        let host = self.host.tag;
        let State { levels, series, .. } = &*self.state;
        let is_dirty = |number: &u32| series.get(*number).is_some_and(|series| series.ring.is_dirty());
        let all = levels.walk(Levels::HOST).flat_map(|level| levels.metrics(level));
        all.copied().filter(is_dirty).map(|number| SeriesIndex { host, number }).collect()
    }

    /// Takes what is dirty of each of some series, and freezes the range of it that `reach` says, onto the end of `frozen`.
    ///
    /// `reach` sees the series' number and its ring, still dirty. Series that are clean, or gone, are left out. Once
    /// the columns are safe elsewhere they are dropped; if they could not be made safe, they go to
    /// [`HostGuard::give_back`].
    pub fn freeze(
        &mut self,
        series: &[SeriesIndex],
        mut reach: impl FnMut(SeriesIndex, &Ring) -> Range<Slot>,
        frozen: &mut Vec<FrozenSeries>,
    ) {
        let host = self.host.tag;
        let State { levels, series: table, .. } = &mut *self.state;
        for index in series.iter().filter(|index| index.host == host) {
            let Some(series) = table.get_mut(index.number).filter(|series| series.ring.is_dirty()) else {
                continue;
            };
            let range = reach(*index, &series.ring);
            frozen.push(FrozenSeries {
                index: *index,
                path: levels.shared_path(series.level),
                metric: Arc::clone(&series.metric),
                dirty: series.ring.take_dirty(),
                column: series.ring.freeze(range),
            });
        }
    }

    /// [`HostGuard::freeze`] of all that is dirty, at once.
    #[must_use = "what is taken and neither saved nor given back is never saved"]
    pub fn freeze_dirty(
        &mut self,
        reach: impl FnMut(SeriesIndex, &Ring) -> Range<Slot>,
    ) -> Vec<FrozenSeries> {
        let dirty = self.dirty_series();
        let mut frozen = Vec::with_capacity(dirty.len());
        self.freeze(&dirty, reach, &mut frozen);
        frozen
    }

    /// Makes dirty what a series holds in `[from_s, to_s)`, in Unix seconds: because the file that it came
    /// from cannot be relied on. An index that is stale, or of another host, marks nothing.
    pub fn mark_dirty(&mut self, index: SeriesIndex, from_s: i64, to_s: i64) {
        let host = self.host.tag;
        let series = self.state.series.get_mut(index.number).filter(|_| index.host == host);
        if let Some((grid, ring)) = series.and_then(|series| Some((series.ring.grid()?, &mut series.ring)))
            && from_s < to_s
        {
            let mut slots = SlotRanges::default();
            // A value's slot is the one nearest to its time, so it may lie beside the column's first or last
            // slot.
            slots.insert(grid.slot_at(from_s)..grid.slot_at(to_s) + 1);
            ring.give_back(&slots);
        }
    }

    /// Makes dirty again what was taken. What was freed in the meantime stays gone.
    pub fn give_back<'a>(&mut self, frozen: impl IntoIterator<Item = &'a FrozenSeries>) {
        let host = self.host.tag;
        for taken in frozen.into_iter().filter(|taken| taken.index.host == host) {
            if let Some(series) = self.state.series.get_mut(taken.index.number) {
                series.ring.give_back(&taken.dirty);
            }
        }
    }
}
