//! Several series become one answer.

use std::ops::Range;

use treering_buffer::{Frozen, Grid, Slot, Values};

use super::{Answer, ReadError};
use crate::metric::Aggregation;

/// An answer in the making. Series are added in path order; the first one gives the grid.
#[derive(Debug)]
pub(super) struct Combined {
    grid: Grid,
    /// The slots asked for.
    asked: Range<Slot>,
    /// Of the slots asked for, where every series so far may have samples: all others are NaN in the end. So
    /// what a series costs depends on the samples that are held, not on the range.
    live: Range<Slot>,
    /// One for each slot of the first series' own span. f64, so that the order of adding hardly matters; it
    /// is the same each time anyway.
    sums: Vec<f64>,
    /// The slot of the first sum.
    sums_from: Slot,
    series: u64,
    scratch: Vec<f32>,
}

impl Combined {
    /// An answer on this grid for the slots whose time lies in `from_s..to_s`.
    pub(super) fn new(grid: Grid, from_s: i64, to_s: i64, slots_max: u64) -> Result<Self, ReadError> {
        let asked = grid.slots_in(from_s, to_s);
        let slots = asked.end.abs_diff(asked.start);
        if slots > slots_max {
            return Err(ReadError::RangeTooLarge { slots, slots_max });
        }
        let sums_from = asked.start;
        Ok(Self {
            grid,
            live: asked.clone(),
            asked,
            sums: Vec::new(),
            sums_from,
            series: 0,
            scratch: Vec::new(),
        })
    }

    /// Which slots of a series on `grid` have times that the slots asked for take.
    pub(super) fn wanted(&self, grid: Grid) -> Range<Slot> {
        if grid == self.grid {
            return self.asked.clone();
        }
        let half_s = i64::from(self.grid.interval_s() / 2);
        let from_s = self.grid.time_of(self.asked.start).saturating_sub(half_s);
        let to_s = self.grid.time_of(self.asked.end).saturating_sub(half_s);
        grid.slots_in(from_s, to_s)
    }

    /// Adds the next series: its [`Combined::wanted`] slots.
    pub(super) fn add(&mut self, column: &Frozen) {
        self.series += 1;
        let span = self.span_of(column);
        self.live = self.live.start.max(span.start)..self.live.end.min(span.end);
        if self.live.is_empty() {
            return;
        }
        let slots = index(self.live.start, self.live.end);
        let mut values = std::mem::take(&mut self.scratch);
        values.clear();
        values.resize(slots, f32::NAN);
        self.place(column, &mut values);
        if self.series == 1 {
            self.sums_from = self.live.start;
            self.sums = values.iter().copied().map(f64::from).collect();
        } else {
            let skipped = index(self.sums_from, self.live.start);
            for (sum, value) in self.sums[skipped..].iter_mut().zip(&values) {
                *sum += f64::from(*value);
            }
        }
        self.scratch = values;
    }

    /// The answer from all series that were added.
    #[expect(clippy::cast_possible_truncation, reason = "an answer is in single precision, as samples are")]
    pub(super) fn finish(self, aggregation: Aggregation) -> Answer {
        let mut values = vec![f32::NAN; index(self.asked.start, self.asked.end)];
        if !self.live.is_empty() {
            let divisor = match aggregation {
                Aggregation::None | Aggregation::Sum => 1.0,
                Aggregation::Avg => self.series as f64,
            };
            let sums = &self.sums[index(self.sums_from, self.live.start)..];
            let live =
                &mut values[index(self.asked.start, self.live.start)..index(self.asked.start, self.live.end)];
            for (value, sum) in live.iter_mut().zip(sums) {
                *value = (sum / divisor) as f32;
            }
        }
        Answer {
            start_s: self.grid.time_of(self.asked.start),
            interval_s: self.grid.interval_s(),
            values,
            series: self.series,
        }
    }

    /// The slots of the answer that the series may have samples for.
    fn span_of(&self, column: &Frozen) -> Range<Slot> {
        if column.is_empty() {
            return self.asked.start..self.asked.start;
        }
        let last_s = column.grid().time_of(column.span().end - 1);
        self.grid.slot_at(column.start_s())..self.grid.slot_at(last_s) + 1
    }

    /// Puts the samples of a series into the live slots that take their times; the later of two in one slot
    /// stays.
    fn place(&self, column: &Frozen, live: &mut [f32]) {
        let mut slot = column.first_slot();
        for part in column.parts() {
            let from = slot;
            slot = slot.saturating_add(i64::try_from(part.slots()).unwrap_or(i64::MAX));
            let Values::Native(values) = part else { continue };
            if column.interval_s() == self.grid.interval_s() {
                self.place_block(self.grid.slot_at(column.grid().time_of(from)), values, live);
            } else {
                self.place_by_time(column.grid(), from, values, live);
            }
        }
    }

    /// Series of one interval differ by a whole number of slots, if one rounds as the grid does.
    fn place_block(&self, at: Slot, values: &[f32], live: &mut [f32]) {
        let from = at.max(self.live.start);
        let to = at.saturating_add(i64::try_from(values.len()).unwrap_or(i64::MAX)).min(self.live.end);
        if from < to {
            let values = &values[index(at, from)..index(at, to)];
            live[index(self.live.start, from)..index(self.live.start, to)].copy_from_slice(values);
        }
    }

    fn place_by_time(&self, grid: Grid, from: Slot, values: &[f32], live: &mut [f32]) {
        for (slot, value) in (from..).zip(values).filter(|(_, value)| !value.is_nan()) {
            let slot = self.grid.slot_at(grid.time_of(slot));
            if self.live.contains(&slot) {
                live[index(self.live.start, slot)] = *value;
            }
        }
    }
}

/// How far `slot` lies behind `start`, which it is not before.
fn index(start: Slot, slot: Slot) -> usize {
    usize::try_from(slot.saturating_sub(start)).unwrap_or(0)
}
