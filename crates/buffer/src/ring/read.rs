//! Reading a series: a range into the caller's buffer, one slot, or a frozen column.

use std::ops::Range;

use super::Ring;
use crate::chunks::trimmed;
use crate::frozen::Frozen;
use crate::grid::{Grid, Slot, distance};

/// Why a range was not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The range has more slots than the caller takes.
    #[error("the range has {slots} slots, more than {limit}")]
    RangeTooLarge {
        /// Slots in the range.
        slots: u64,
        /// The caller's limit.
        limit: u64,
    },
}

impl Ring {
    /// Appends one value per slot whose time lies in `from_s..to_s` to `out`, NaN where there is no sample, and
    /// answers the time of the first of them.
    ///
    /// Times are Unix seconds. The range is not cut to what is held, only to ±[`TIME_MAX_S`](crate::TIME_MAX_S): the
    /// caller says with `slots_max` how many values it takes. `None`, with nothing appended, if the series has no
    /// grid yet or no slot stands for a time in the range.
    ///
    /// # Errors
    /// [`ReadError::RangeTooLarge`] if there are more than `slots_max` slots in the range. Nothing is appended or
    /// allocated then.
    pub fn read(
        &self,
        from_s: i64,
        to_s: i64,
        slots_max: u64,
        out: &mut Vec<f32>,
    ) -> Result<Option<i64>, ReadError> {
        let Some(grid) = self.grid() else { return Ok(None) };
        let range = grid.slots_in(from_s, to_s);
        let slots = range.end.abs_diff(range.start);
        if slots > slots_max {
            return Err(ReadError::RangeTooLarge { slots, limit: slots_max });
        }
        if slots == 0 {
            return Ok(None);
        }
        out.reserve(distance(range.start, range.end));
        let mut at = range.start;
        for chunk in self.chunks.within(&range) {
            let run = chunk.within(&range);
            append_gap(out, at..run.first);
            out.extend_from_slice(run.values);
            at = run.end();
        }
        append_gap(out, at..range.end);
        Ok(Some(grid.time_of(range.start)))
    }

    /// The sample in a slot.
    #[must_use]
    pub fn value_at(&self, slot: Slot) -> Option<f32> {
        self.chunks.get(slot)
    }

    /// The samples of a range as they are now, whatever is written later.
    ///
    /// The column is trimmed: its first and its last slot hold a sample. Sealed chunks are shared with the ring, the
    /// open one is copied, so the cost does not grow with the range but by a counter per chunk.
    #[must_use]
    pub fn freeze(&self, range: Range<Slot>) -> Frozen {
        match (self.grid(), trimmed(self.chunks.within(&range), &range)) {
            (Some(grid), Some(slots)) => Frozen::new(grid, self.chunks.share(&slots), slots),
            (grid, _) => Frozen::empty(grid.unwrap_or(Grid::checked(0, self.interval_s))),
        }
    }
}

fn append_gap(out: &mut Vec<f32>, slots: Range<Slot>) {
    out.resize(out.len() + distance(slots.start, slots.end), f32::NAN);
}
