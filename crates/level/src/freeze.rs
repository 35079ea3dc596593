//! What a checkpoint asks of a host: freeze what is dirty, and take it back if it could not be written.

use std::ops::Range;

use treering_buffer::{Frozen, Ring, Slot, SlotRanges};

use crate::arena::Levels;
use crate::host::{HostGuard, State};
use crate::sync::Arc;
use crate::view::SeriesIndex;

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
    /// Takes what is dirty of each series, and freezes the range of it that `reach` says, in path order.
    ///
    /// `reach` sees the series' number and its ring, still dirty. Series that are clean are left out. Once
    /// the columns are safe elsewhere the answer is dropped; if they could not be made safe, it goes to
    /// [`HostGuard::give_back`].
    #[must_use = "what is taken and neither saved nor given back is never saved"]
    pub fn freeze_dirty(
        &mut self,
        mut reach: impl FnMut(SeriesIndex, &Ring) -> Range<Slot>,
    ) -> Vec<FrozenSeries> {
        let host = self.host.tag;
        let State { levels, series: table, .. } = &mut *self.state;
        let mut frozen = Vec::with_capacity(table.iter().filter(|series| series.ring.is_dirty()).count());
        for level in levels.walk(Levels::HOST) {
            for number in levels.metrics(level) {
                let Some(series) = table.get_mut(*number).filter(|series| series.ring.is_dirty()) else {
                    continue;
                };
                let index = SeriesIndex { host, number: *number };
                let range = reach(index, &series.ring);
                frozen.push(FrozenSeries {
                    index,
                    path: levels.shared_path(level),
                    metric: Arc::clone(&series.metric),
                    dirty: series.ring.take_dirty(),
                    column: series.ring.freeze(range),
                });
            }
        }
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
