//! Restoring a series: a column that was read from a file comes into the ring.

use super::{Fill, Ring};
use crate::chunk::Placed;
use crate::grid::{Grid, Slot, behind, is_within_limits};
use crate::ranges::{Marks, SlotRanges};
use crate::values::{Block, Values};
use crate::window::left_in_window;

/// A column of another interval may cover so many slots of the series' grid: 16 MB when it is written on that grid.
pub const SPREAD_SLOTS_MAX: u64 = 1 << 22;

/// Or so many for each of its values: one a day, where the series has one a second. What covers more is no series that
/// somebody recorded and then configured anew, but an interval that is damaged.
const SLOTS_PER_VALUE_MAX: u64 = 86_400;

/// A column as a file holds it: values at even intervals.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// The time of the first value, in Unix seconds.
    pub start_s: i64,
    /// Seconds from one value to the next.
    pub interval_s: u32,
    /// The values, one piece behind the other.
    pub values: &'a [Values<'a>],
}

/// What became of a column's values. NaN count nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Restored {
    /// Values that are in the ring now.
    pub stored: u64,
    /// Values that met another one in their slot, within the column or in the ring. With [`Fill::Overwrite`] such a
    /// value is stored as well.
    pub merged: u64,
}

/// Why a column was not restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The column's interval is 0.
    #[error("the column has an interval of 0 seconds")]
    IntervalZero,
    /// The first or the last value, or the slot that takes it, is beyond ±[`TIME_MAX_S`](crate::TIME_MAX_S).
    #[error("{slots} values from {start_s} at {interval_s} s reach beyond the limit of time")]
    TimeOutOfRange {
        /// Time of the first value.
        start_s: i64,
        /// Seconds from one value to the next.
        interval_s: u32,
        /// Values in the column, the missing ones counted in.
        slots: u64,
    },
    /// An interval so much longer than the series' own that the column would cover more than [`SPREAD_SLOTS_MAX`] slots, and
    /// more than 86,400 for each of its values.
    #[error(
        "{slots} values at {interval_s} s, where the series has one every {own_interval_s} s, cover {covered} slots: too \
         many to be meant"
    )]
    TooSparse {
        /// Seconds from one value to the next.
        interval_s: u32,
        /// Values in the column, the missing ones counted in.
        slots: u64,
        /// Seconds from one slot of the series to the next.
        own_interval_s: u32,
        /// From the slot of the first value to that of the last, both counted in.
        covered: u64,
    },
    /// Bytes that do not make whole values.
    #[error("{len_bytes} bytes are no whole number of values")]
    PartialValue {
        /// Length of the piece.
        len_bytes: usize,
    },
}

/// A column that was checked, and where it comes to lie.
struct Fitted<'a> {
    column: Column<'a>,
    grid: Grid,
    first: Slot,
}

impl Ring {
    /// Stores the values of a column, each in the slot that takes its time. NaN never replaces a sample.
    ///
    /// A ring without a grid takes the column's start as its origin, but always keeps its own interval. Where several
    /// values of the column fall into one slot, the last one counts and the earlier are merged; whether it then
    /// replaces a sample of the ring is up to `fill`. With `dirty`, the slots that were stored are marked as
    /// [`Ring::write`] would mark them.
    ///
    /// Columns of the ring's own interval are copied in blocks, of whatever phase they are. A column that holds no
    /// value at all sets the origin and nothing else; one without slots does not even that.
    ///
    /// # Errors
    /// [`RestoreError`] says what is wrong with the column. Nothing has changed then.
    pub fn restore(&mut self, column: Column<'_>, fill: Fill, dirty: bool) -> Result<Restored, RestoreError> {
        let Some(fitted) = self.fit(column)? else { return Ok(Restored::default()) };
        self.begin(fitted.grid);
        let mut ranges = self.take_dirty();
        let marked = dirty.then_some(&mut ranges);
        let restored = if column.interval_s == self.interval_s {
            self.restore_blocks(&fitted, fill, marked)
        } else {
            self.restore_by_time(&fitted, fill, marked)
        };
        self.put_dirty(ranges);
        Ok(restored)
    }

    /// Checks a column; `None` if it has no slots.
    fn fit<'a>(&self, column: Column<'a>) -> Result<Option<Fitted<'a>>, RestoreError> {
        if column.interval_s == 0 {
            return Err(RestoreError::IntervalZero);
        }
        let slots = column.slots()?;
        let Some(steps) = slots.checked_sub(1) else { return Ok(None) };
        let beyond =
            RestoreError::TimeOutOfRange { start_s: column.start_s, interval_s: column.interval_s, slots };
        let last_s = i128::from(column.start_s) + i128::from(steps) * i128::from(column.interval_s);
        let last_s = i64::try_from(last_s).map_err(|_| beyond)?;
        if !is_within_limits(column.start_s) {
            return Err(beyond);
        }
        let grid = self.grid_or_from(column.start_s).ok_or(beyond)?;
        // Slots ascend with time: if the outer ones are within the limits, all are.
        let first = grid.slot_within_limits(column.start_s).ok_or(beyond)?;
        let last = grid.slot_within_limits(last_s).ok_or(beyond)?;
        let covered = last.abs_diff(first) + 1;
        if covered > slots.saturating_mul(SLOTS_PER_VALUE_MAX).max(SPREAD_SLOTS_MAX) {
            let own_interval_s = self.interval_s;
            return Err(RestoreError::TooSparse {
                interval_s: column.interval_s,
                slots,
                own_interval_s,
                covered,
            });
        }
        Ok(Some(Fitted { column, grid, first }))
    }

    /// The way for columns of the ring's interval: their values lie in successive slots, whatever the phase.
    fn restore_blocks(
        &mut self,
        fitted: &Fitted<'_>,
        fill: Fill,
        dirty: Option<&mut SlotRanges>,
    ) -> Restored {
        let mut marks = dirty.map(|dirty| Marks::new(dirty, self.chunks.end()));
        let mut restored = Restored::default();
        let mut slot = fitted.first;
        for values in fitted.column.values {
            let mut rest = match Block::of(values) {
                Ok(block) => block,
                Err(missing) => {
                    slot += i64::from(missing);
                    continue;
                }
            };
            while rest.len() > 0 {
                let (block, behind_it) = rest.split_at(rest.len().min(left_in_window(slot)));
                // Trimmed per window: no chunk is made for NaN, and none begins or ends with it.
                if let Some((front, samples)) = block.trimmed() {
                    let first = behind(slot, front);
                    let more_follow = behind_it.has_sample();
                    let placed = if more_follow && self.chunks.is_behind_all(first) {
                        self.chunks.place_sealed(first, samples, marks.as_mut())
                    } else {
                        self.chunks.place(first, samples, fill, marks.as_mut())
                    };
                    self.samples += placed.new;
                    restored.count(placed, fill);
                }
                slot = behind(slot, block.len());
                rest = behind_it;
            }
        }
        restored
    }

    /// The way for other intervals: each value by its time.
    fn restore_by_time(
        &mut self,
        fitted: &Fitted<'_>,
        fill: Fill,
        mut dirty: Option<&mut SlotRanges>,
    ) -> Restored {
        let mut restored = Restored::default();
        // The last value that was seen, until one comes for another slot: times ascend, so its slot is done then.
        let mut pending: Option<(Slot, f32)> = None;
        for (time_s, value) in fitted.column.samples() {
            let slot = fitted.grid.slot_at(time_s);
            match pending.replace((slot, value)) {
                Some((before, _)) if before == slot => restored.merged += 1,
                Some((before, value)) => {
                    restored.count(self.restore_one(before, value, fill, dirty.as_deref_mut()), fill);
                }
                None => {}
            }
        }
        if let Some((slot, value)) = pending {
            restored.count(self.restore_one(slot, value, fill, dirty), fill);
        }
        restored
    }

    fn restore_one(&mut self, slot: Slot, value: f32, fill: Fill, dirty: Option<&mut SlotRanges>) -> Placed {
        // Looked up first: a value that gives way must not make a shared chunk be copied.
        let is_held = self.chunks.get(slot).is_some();
        if !is_held || fill == Fill::Overwrite {
            let held_end = self.chunks.end();
            self.chunks.set(slot, value);
            if let Some(dirty) = dirty {
                dirty.mark(slot, held_end);
            }
        }
        self.samples += u64::from(!is_held);
        Placed { new: u64::from(!is_held), met: u64::from(is_held) }
    }
}

impl<'a> Column<'a> {
    /// How many slots the column covers.
    fn slots(&self) -> Result<u64, RestoreError> {
        let mut slots = 0_u64;
        for values in self.values {
            if let Values::LittleEndian(bytes) = values
                && bytes.len() % size_of::<f32>() != 0
            {
                return Err(RestoreError::PartialValue { len_bytes: bytes.len() });
            }
            // What saturates is beyond the limit of time in any case.
            slots = slots.saturating_add(values.slots());
        }
        Ok(slots)
    }

    /// The times and values of all samples. The column was checked: no time overflows.
    fn samples(self) -> impl Iterator<Item = (i64, f32)> + 'a {
        let interval_s = i64::from(self.interval_s);
        let mut start_s = self.start_s;
        let pieces = self.values.iter().filter_map(move |values| match Block::of(values) {
            Ok(block) => {
                let block_start_s = start_s;
                start_s += interval_s * behind(0, block.len());
                Some((block_start_s, block))
            }
            Err(missing) => {
                start_s += interval_s * i64::from(missing);
                None
            }
        });
        let timed = pieces.flat_map(move |(start_s, block)| {
            (0..).zip(block.iter()).map(move |(at, value)| (start_s + interval_s * at, value))
        });
        timed.filter(|(_, value)| !value.is_nan())
    }
}

impl Restored {
    fn count(&mut self, placed: Placed, fill: Fill) {
        self.stored += placed.new;
        self.merged += placed.met;
        if fill == Fill::Overwrite {
            self.stored += placed.met;
        }
    }
}
