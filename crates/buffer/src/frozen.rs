//! A frozen column: samples of a series that no longer change.

use std::borrow::Cow;
use std::ops::Range;
use std::slice;

use crate::chunks::{Pieces, trimmed};
use crate::grid::{Grid, Slot};
use crate::sealed::Sealed;
use crate::values::Values;

/// A range of a series as it was when it was frozen. Its first and its last slot hold a sample.
///
/// It shares its chunks with the ring and with its clones, and may go to another thread.
#[derive(Clone, Debug)]
pub struct Frozen {
    grid: Grid,
    slots: Range<Slot>,
    /// Those that have slots in the range; the outer ones may reach beyond it.
    chunks: Pieces,
}

/// The values of a [`Frozen`] column in ascending order, without a break: chunks, and the gaps between them.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// What is still to come.
    slots: Range<Slot>,
    chunks: slice::Iter<'a, Sealed>,
}

impl Frozen {
    pub(crate) fn new(grid: Grid, chunks: Pieces, slots: Range<Slot>) -> Self {
        Self { grid, slots, chunks }
    }

    /// A column without a sample.
    #[must_use]
    pub fn empty(grid: Grid) -> Self {
        Self { grid, slots: 0..0, chunks: Pieces::new() }
    }

    /// The grid of the series. A column of a series that never had a sample has its interval and the origin 0.
    #[must_use]
    pub const fn grid(&self) -> Grid {
        self.grid
    }

    /// The time of the first slot, in Unix seconds; the grid's origin if the column is empty.
    #[must_use]
    pub const fn start_s(&self) -> i64 {
        self.grid.time_of(self.slots.start)
    }

    /// Seconds from one slot to the next.
    #[must_use]
    pub const fn interval_s(&self) -> u32 {
        self.grid.interval_s()
    }

    /// The first slot; 0 if the column is empty.
    #[must_use]
    pub const fn first_slot(&self) -> Slot {
        self.slots.start
    }

    /// From the first slot to behind the last; `0..0` if the column is empty.
    #[must_use]
    pub fn span(&self) -> Range<Slot> {
        self.slots.clone()
    }

    /// How many slots the column covers, from its first sample to its last.
    #[must_use]
    pub const fn slots(&self) -> u64 {
        self.slots.end.abs_diff(self.slots.start)
    }

    /// Whether there is no sample in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The values, one per slot in all: [`Values::Native`] and, where no chunk is, [`Values::Missing`].
    #[must_use]
    pub fn parts(&self) -> Parts<'_> {
        Parts { slots: self.slots.clone(), chunks: self.chunks.iter() }
    }

    /// The sample in a slot.
    #[must_use]
    pub fn value_at(&self, slot: Slot) -> Option<f32> {
        if !self.slots.contains(&slot) {
            return None;
        }
        let at = self.chunks.partition_point(|chunk| chunk.run().end() <= slot);
        self.chunks.get(at)?.run().get(slot)
    }

    /// The part of the column that lies in a range, again trimmed to its first and its last sample. All of it is lent.
    #[must_use]
    pub fn slice(&self, range: Range<Slot>) -> Cow<'_, Self> {
        if range.start <= self.slots.start && self.slots.end <= range.end {
            return Cow::Borrowed(self);
        }
        let range = range.start.max(self.slots.start)..range.end.min(self.slots.end);
        let Some(slots) = trimmed(self.within(&range).iter().map(Sealed::run), &range) else {
            return Cow::Owned(Self::empty(self.grid));
        };
        Cow::Owned(Self { grid: self.grid, chunks: self.within(&slots).into(), slots })
    }

    fn within(&self, range: &Range<Slot>) -> &[Sealed] {
        let from = self.chunks.partition_point(|chunk| chunk.run().end() <= range.start);
        let to = self.chunks.partition_point(|chunk| chunk.run().first < range.end);
        &self.chunks[from..to.max(from)]
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Values<'a>;

    fn next(&mut self) -> Option<Values<'a>> {
        if self.slots.is_empty() {
            return None;
        }
        let run = self.chunks.as_slice().first()?.run().within(&self.slots);
        if run.first > self.slots.start {
            let gap = u32::try_from(run.first.abs_diff(self.slots.start)).unwrap_or(u32::MAX);
            self.slots.start += i64::from(gap);
            return Some(Values::Missing(gap));
        }
        self.slots.start = run.end();
        self.chunks.next();
        Some(Values::Native(run.values))
    }
}
