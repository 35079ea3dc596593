//! A run: the values of successive slots, lent.

use std::ops::Range;

use crate::grid::{Slot, behind, distance};
use crate::values::Block;

/// Values of successive slots, NaN where there is no sample. Those of a chunk begin and end with a sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    /// The slot of the first value.
    pub(crate) first: Slot,
    pub(crate) values: &'a [f32],
}

impl<'a> Run<'a> {
    /// The slot behind the last value.
    pub(crate) fn end(self) -> Slot {
        behind(self.first, self.values.len())
    }

    /// The last sample.
    pub(crate) fn last(self) -> Option<(Slot, f32)> {
        self.values.last().map(|value| (self.end() - 1, *value))
    }

    /// The sample in a slot.
    pub(crate) fn get(self, slot: Slot) -> Option<f32> {
        let at = usize::try_from(slot.saturating_sub(self.first)).ok()?;
        self.values.get(at).copied().filter(|value| !value.is_nan())
    }

    pub(crate) fn samples(self) -> u64 {
        // Counted in the width of a value: no run is longer than a window.
        let samples: u32 = self.values.iter().map(|value| u32::from(!value.is_nan())).sum();
        u64::from(samples)
    }

    /// Whether it has slots in a range.
    pub(crate) fn is_in(self, range: &Range<Slot>) -> bool {
        self.first < range.end && self.end() > range.start
    }

    /// The values of the slots in `range`.
    pub(crate) fn within(self, range: &Range<Slot>) -> Self {
        let from = distance(self.first, range.start).min(self.values.len());
        let to = distance(self.first, range.end).clamp(from, self.values.len());
        Self { first: behind(self.first, from), values: &self.values[from..to] }
    }

    /// From the first to behind the last sample in `range`, of the run of a chunk; `None` if there is none.
    pub(crate) fn trimmed(self, range: &Range<Slot>) -> Option<Range<Slot>> {
        // The outer values are samples: of a chunk that lies wholly in the range none has to be looked at, and a checkpoint
        // does not wait for memory that it does not need yet.
        if range.start <= self.first && self.end() <= range.end && !self.values.is_empty() {
            return Some(self.first..self.end());
        }
        let within = self.within(range);
        let (front, values) = Block::Native(within.values).trimmed()?;
        let first = behind(within.first, front);
        Some(first..behind(first, values.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: f32 = f32::NAN;
    const ALL: Range<Slot> = i64::MIN..i64::MAX;

    #[test]
    fn a_run_is_cut_and_trimmed_to_samples() {
        let run = Run { first: 10, values: &[1.0, GAP, 3.0, GAP, 5.0] };
        assert_eq!(run.trimmed(&(0..100)), Some(10..15));
        assert_eq!(run.trimmed(&(11..14)), Some(12..13));
        assert_eq!(run.trimmed(&(13..14)), None);
        assert_eq!(run.trimmed(&(15..100)), None);
        assert_eq!(run.trimmed(&ALL), Some(10..15));
        assert_eq!(Run { first: 0, values: &[] }.trimmed(&ALL), None);
        let cut = run.within(&(12..15));
        assert_eq!((cut.first, cut.values[0], cut.values[2], cut.values.len()), (12, 3.0, 5.0, 3));
        assert_eq!([9, 10, 11, 14, 15].map(|slot| run.get(slot)), [None, Some(1.0), None, Some(5.0), None]);
        assert_eq!((run.last(), run.samples()), (Some((14, 5.0)), 3));
        assert_eq!([9..10, 9..11, 14..15, 15..16].map(|range| run.is_in(&range)), [false, true, true, false]);
    }
}
