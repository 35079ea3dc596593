//! The ring: one series, written, read and aged.

mod restore;

mod read;

use std::ops::Range;

use crate::chunks::Chunks;
use crate::grid::{Grid, Slot, TIME_MAX_S, is_within_limits};
use crate::ranges::SlotRanges;

pub use crate::chunk::{Fill, Stored};
pub use read::ReadError;
pub use restore::{Column, RestoreError, Restored, SPREAD_SLOTS_MAX};

/// Up to here, in either direction, no slot that takes a time stands for one beyond the limit.
const PLAIN_TIME_MAX_S: u64 = (TIME_MAX_S - u32::MAX as i64).unsigned_abs();

/// So many newest slots are not counted apart.
const NEWEST_MAX: Slot = u32::MAX as Slot;

/// In the place of an origin: no grid begins so early.
const NO_ORIGIN: i64 = i64::MIN;

/// The times that a write may have; both ends belong to them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// The oldest time, in Unix seconds: the retention limit.
    pub oldest_s: i64,
    /// The newest time, in Unix seconds: the future limit.
    pub newest_s: i64,
}

/// Why a sample was not stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is older than the caller's bounds.
    #[error("the sample is older than the retention limit")]
    TooOld,
    /// It is newer than the caller's bounds.
    #[error("the sample is too far in the future")]
    TooFarAhead,
    /// Its value is NaN, which means "no sample".
    #[error("the value is not a number")]
    NotANumber,
    /// Its time, or that of the slot which takes it, is beyond ±[`TIME_MAX_S`].
    #[error("the time is beyond the limit of {TIME_MAX_S} seconds")]
    TimeOutOfRange,
}

/// What [`Ring::free_before`] dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Freed {
    /// Samples that are gone.
    pub samples: u64,
    /// What [`Ring::memory_bytes`] went down by.
    pub bytes: usize,
}

/// The samples of one series on one grid.
///
/// The grid's origin is the time of the first sample, or the start of the first column that was restored. It stays
/// when all samples are freed.
///
/// What appending a sample needs is one cache line: with tens of thousands of series it is memory that takes the time.
#[derive(Debug)]
#[repr(align(64))]
pub struct Ring {
    chunks: Chunks,
    /// [`NO_ORIGIN`] before there is a grid.
    origin_s: i64,
    samples: u64,
    interval_s: u32,
    /// So many of the newest slots are dirty. What else is, `chunks` keeps aside.
    dirty_newest: u32,
}

impl Bounds {
    /// No bounds: what is read back from disk is never too old.
    pub const NONE: Self = Self { oldest_s: i64::MIN, newest_s: i64::MAX };

    /// Whether a time lies within them, and so far from the limits of time that a slot which takes it does, too. Samples
    /// of one moment have to be asked once.
    #[inline]
    #[must_use]
    pub const fn are_plain_for(self, time_s: i64) -> bool {
        self.oldest_s <= time_s && time_s <= self.newest_s && time_s.unsigned_abs() <= PLAIN_TIME_MAX_S
    }
}

impl Ring {
    /// An empty series with so many seconds between samples. It allocates nothing.
    ///
    /// # Panics
    /// If the interval is 0: whoever takes intervals from a file or a configuration checks them there.
    #[must_use]
    pub const fn new(interval_s: u32) -> Self {
        assert!(interval_s > 0, "a series needs an interval");
        Self { chunks: Chunks::new(), origin_s: NO_ORIGIN, samples: 0, interval_s, dirty_newest: 0 }
    }

    /// An empty series on a grid that is known before its first sample. It allocates nothing.
    #[must_use]
    pub const fn with_grid(grid: Grid) -> Self {
        let mut ring = Self::new(grid.interval_s());
        ring.origin_s = grid.origin_s();
        ring
    }

    /// The grid; `None` before the first sample or column set it.
    #[must_use]
    pub const fn grid(&self) -> Option<Grid> {
        if self.origin_s == NO_ORIGIN { None } else { Some(Grid::checked(self.origin_s, self.interval_s)) }
    }

    /// Seconds from one slot to the next.
    #[must_use]
    pub const fn interval_s(&self) -> u32 {
        self.interval_s
    }

    /// Whether no sample is held.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.samples == 0
    }

    /// How many samples are held, at most one per slot.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// From the first slot that holds a sample to behind the last; `None` if there is none.
    #[must_use]
    pub fn span(&self) -> Option<Range<Slot>> {
        self.chunks.span()
    }

    /// The newest sample: the time of its slot, and its value.
    #[must_use]
    pub fn latest(&self) -> Option<(i64, f32)> {
        let (slot, value) = self.chunks.open().run().last()?;
        Some((self.grid()?.time_of(slot), value))
    }

    /// Stores a sample in the slot that takes its time, and marks the slot dirty.
    ///
    /// The first sample of a series sets the grid's origin. A sample may come at any time within the bounds, also
    /// before all others. One behind all others also marks the empty slots between dirty, if the newest slot was.
    ///
    /// # Errors
    /// [`Refused`] says why nothing was stored and nothing changed.
    #[inline]
    pub fn write(&mut self, time_s: i64, value: f32, bounds: Bounds) -> Result<Stored, Refused> {
        if bounds.are_plain_for(time_s) && self.append(time_s, value) {
            return Ok(Stored::New);
        }
        self.write_anywhere(time_s, value, bounds)
    }

    /// [`Ring::write`] for a sample that is simply the next of its series, at a time for which the bounds
    /// [are plain](Bounds::are_plain_for). For any other it does nothing and returns false.
    ///
    /// By far the most samples are such: no division, no search, no allocation for them.
    #[inline]
    pub fn append(&mut self, time_s: i64, value: f32) -> bool {
        let next = self.chunks.open().end();
        let is_next = !value.is_nan()
            && self.origin_s != NO_ORIGIN
            && self.dirty_newest != u32::MAX
            && Grid::checked(self.origin_s, self.interval_s).takes(next, time_s)
            && self.chunks.push_in_place(value);
        if is_next {
            self.samples += 1;
            self.dirty_newest += 1;
        }
        is_next
    }

    /// The slots that changed since they were last taken, and the empty ones between that were bridged.
    #[must_use]
    pub fn dirty(&self) -> SlotRanges {
        let mut dirty = self.chunks.dirty().cloned().unwrap_or_default();
        dirty.insert(self.dirty_at_end());
        dirty
    }

    /// Whether a slot changed since they were last taken.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.dirty_newest > 0 || self.chunks.dirty().is_some_and(|dirty| !dirty.is_empty())
    }

    /// From the first dirty slot to behind the last; `None` if there is none.
    #[must_use]
    pub fn dirty_span(&self) -> Option<Range<Slot>> {
        let newest = Some(self.dirty_at_end()).filter(|newest| !newest.is_empty());
        match (self.chunks.dirty().and_then(SlotRanges::span), newest) {
            (Some(older), Some(newest)) => Some(older.start..newest.end),
            (older, newest) => older.or(newest),
        }
    }

    /// Takes what is dirty: from now on it is clean.
    ///
    /// Once it is safe elsewhere, the taken ranges are dropped; if it could not be made safe, they are given back.
    #[must_use = "what is taken and neither saved nor given back is never saved"]
    pub fn take_dirty(&mut self) -> SlotRanges {
        let newest = self.dirty_at_end();
        self.dirty_newest = 0;
        let mut dirty = self.chunks.take_dirty();
        dirty.insert(newest);
        dirty
    }

    /// Makes ranges dirty again that were taken, but for slots that were freed since.
    pub fn give_back(&mut self, taken: &SlotRanges) {
        let mut dirty = self.take_dirty();
        dirty.merge(taken);
        self.put_dirty_within(dirty);
    }

    /// Frees the chunks whose last sample's slot stands for a time before `limit_s`, dirty or not.
    ///
    /// A chunk that has a sample at the limit or behind it stays as a whole. What a frozen column shares is gone from
    /// the ring, and from the process when that column is dropped.
    pub fn free_before(&mut self, limit_s: i64) -> Freed {
        let Some(grid) = self.grid() else { return Freed::default() };
        let limit = grid.first_slot_from(limit_s);
        if !self.chunks.has_before(limit) {
            return Freed::default();
        }
        let held_bytes = self.memory_bytes();
        let dirty = self.take_dirty();
        let samples = self.chunks.free_before(limit);
        self.put_dirty_within(dirty);
        self.samples -= samples;
        Freed { samples, bytes: held_bytes.saturating_sub(self.memory_bytes()) }
    }

    /// The memory that the series takes, in bytes: the ring itself, and all that it holds on the heap by capacity,
    /// with chunks that frozen columns share and without what the allocator adds.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.chunks.heap_bytes()
    }

    /// A write that is not the plain next sample.
    #[cold]
    #[inline(never)]
    fn write_anywhere(&mut self, time_s: i64, value: f32, bounds: Bounds) -> Result<Stored, Refused> {
        if value.is_nan() {
            return Err(Refused::NotANumber);
        }
        if !is_within_limits(time_s) {
            return Err(Refused::TimeOutOfRange);
        }
        if time_s < bounds.oldest_s {
            return Err(Refused::TooOld);
        }
        if time_s > bounds.newest_s {
            return Err(Refused::TooFarAhead);
        }
        let grid = self.grid_or_from(time_s).ok_or(Refused::TimeOutOfRange)?;
        let slot = grid.slot_within_limits(time_s).ok_or(Refused::TimeOutOfRange)?;
        self.begin(grid);
        let mut dirty = self.take_dirty();
        let held_end = self.chunks.end();
        let stored = self.chunks.set(slot, value);
        self.samples += u64::from(stored == Stored::New);
        dirty.mark(slot, held_end);
        self.put_dirty(dirty);
        Ok(stored)
    }

    /// The grid, or the one that a first sample at this time would set.
    fn grid_or_from(&self, origin_s: i64) -> Option<Grid> {
        self.grid().or_else(|| Grid::new(origin_s, self.interval_s))
    }

    fn begin(&mut self, grid: Grid) {
        self.origin_s = grid.origin_s();
    }

    /// Of the newest slots those that are dirty. It moves with the end: whoever moves that takes what is dirty before.
    fn dirty_at_end(&self) -> Range<Slot> {
        let end = self.chunks.end().unwrap_or_default();
        end - Slot::from(self.dirty_newest)..end
    }

    /// [`Ring::put_dirty`] for what may reach beyond the first or the last sample, and is cut there.
    fn put_dirty_within(&mut self, mut dirty: SlotRanges) {
        let held = self.chunks.span().unwrap_or_default();
        dirty.clip_before(held.start);
        dirty.clip_from(held.end);
        self.put_dirty(dirty);
    }

    /// Makes this dirty and nothing else. It lies between the first and the last sample; that is not looked at, because
    /// the first may be in memory that was not used for long.
    fn put_dirty(&mut self, mut dirty: SlotRanges) {
        let end = self.chunks.end().unwrap_or_default();
        let newest = dirty.take_last_if(|last| last.end == end && last.end - last.start < NEWEST_MAX);
        // It is not longer than that.
        self.dirty_newest = newest.map_or(0, |newest| u32::try_from(newest.end - newest.start).unwrap_or(0));
        self.chunks.put_dirty(dirty);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_struct_of_a_series_is_a_cache_line() {
        assert_eq!((size_of::<Ring>(), align_of::<Ring>()), (64, 64));
    }
}
