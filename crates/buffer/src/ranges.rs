//! A set of slots as sorted ranges: what of a series is dirty.

use std::mem;
use std::ops::Range;

use crate::grid::Slot;

/// A set of slots, held as half-open ranges that are sorted and neither overlap nor touch.
///
/// The last range lies in the value itself, so that a series which only grows needs no heap for what is dirty, and
/// the next slot costs one comparison.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SlotRanges {
    /// All ranges but the last.
    earlier: Vec<Range<Slot>>,
    /// Empty only if the whole set is; then it is `0..0`.
    last: Range<Slot>,
}

/// Marks the slots of stored values dirty.
pub(crate) struct Marks<'a> {
    dirty: &'a mut SlotRanges,
    /// Where the series ends, kept up while it grows.
    held_end: Option<Slot>,
}

impl SlotRanges {
    pub(crate) const fn new() -> Self {
        Self { earlier: Vec::new(), last: 0..0 }
    }

    /// Adds a range of slots. An empty one adds nothing.
    pub fn insert(&mut self, range: Range<Slot>) {
        if range.is_empty() {
        } else if self.is_empty() {
            self.last = range;
        } else if range.start > self.last.end {
            self.earlier.push(mem::replace(&mut self.last, range));
        } else if range.start >= self.last.start {
            self.last.end = self.last.end.max(range.end);
        } else {
            self.insert_before_last(range);
        }
    }

    /// Adds all slots of another set.
    pub fn merge(&mut self, other: &Self) {
        for range in other.iter() {
            self.insert(range);
        }
    }

    /// Removes the slots before `slot`.
    pub fn clip_before(&mut self, slot: Slot) {
        if slot >= self.last.end {
            *self = Self::default();
            return;
        }
        let gone = self.earlier.partition_point(|range| range.end <= slot);
        self.earlier.drain(..gone);
        let first = self.earlier.first_mut().unwrap_or(&mut self.last);
        first.start = first.start.max(slot);
    }

    /// Removes the slots from `slot` on.
    pub fn clip_from(&mut self, slot: Slot) {
        if slot <= self.last.start {
            let kept = self.earlier.partition_point(|range| range.start < slot);
            self.earlier.truncate(kept);
            self.last = self.earlier.pop().unwrap_or_default();
        }
        self.last.end = self.last.end.min(slot).max(self.last.start);
    }

    /// Whether there is no slot in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    /// From the first slot to behind the last; `None` if there is none.
    #[must_use]
    pub fn span(&self) -> Option<Range<Slot>> {
        let first = self.earlier.first().unwrap_or(&self.last);
        (!self.is_empty()).then_some(first.start..self.last.end)
    }

    /// How many slots are in the set.
    #[must_use]
    pub fn slots(&self) -> u64 {
        self.iter().map(|range| range.end.abs_diff(range.start)).sum()
    }

    /// Whether the slot is in the set.
    #[must_use]
    pub fn contains(&self, slot: Slot) -> bool {
        let at = self.earlier.partition_point(|range| range.end <= slot);
        self.earlier.get(at).unwrap_or(&self.last).contains(&slot)
    }

    /// The ranges in ascending order. No two of them touch.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Range<Slot>> + '_ {
        let last = (!self.is_empty()).then_some(&self.last);
        self.earlier.iter().chain(last).cloned()
    }

    /// Adds the slot of a sample that was just stored. `held_end` is where the series ended before it.
    ///
    /// A sample behind the series' end stretches a last range that reached that end, over the empty slots between:
    /// they cost nothing to write, and a series with gaps keeps one range instead of one per gap.
    pub(crate) fn mark(&mut self, slot: Slot, held_end: Option<Slot>) {
        match held_end {
            Some(end) if slot >= end && self.last.end == end && !self.is_empty() => self.last.end = slot + 1,
            _ => self.insert(slot..slot + 1),
        }
    }

    /// Takes the last range out, if `wanted` says so of it; it is not asked about an empty set.
    pub(crate) fn take_last_if(&mut self, wanted: impl FnOnce(&Range<Slot>) -> bool) -> Option<Range<Slot>> {
        if self.is_empty() || !wanted(&self.last) {
            return None;
        }
        Some(mem::replace(&mut self.last, self.earlier.pop().unwrap_or_default()))
    }

    /// What the set holds on the heap, in bytes.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.earlier.capacity() * size_of::<Range<Slot>>()
    }

    /// The general case of `insert`: the range begins before the last one.
    fn insert_before_last(&mut self, mut range: Range<Slot>) {
        let from = self.earlier.partition_point(|held| held.end < range.start);
        let to = self.earlier.partition_point(|held| held.start <= range.end);
        let joined = self.earlier.get(from..to).unwrap_or_default();
        if let (Some(first), Some(last)) = (joined.first(), joined.last()) {
            range = range.start.min(first.start)..range.end.max(last.end);
        }
        if range.end >= self.last.start {
            self.earlier.truncate(from);
            self.last = range.start..range.end.max(self.last.end);
        } else {
            self.earlier.splice(from..to, [range]);
        }
    }
}

impl<'a> Marks<'a> {
    pub(crate) fn new(dirty: &'a mut SlotRanges, held_end: Option<Slot>) -> Self {
        Self { dirty, held_end }
    }

    /// Marks one slot.
    pub(crate) fn stored(&mut self, slot: Slot) {
        self.dirty.mark(slot, self.held_end);
        self.held_end = self.held_end.max(Some(slot + 1));
    }

    /// Marks every sample of `values`, of which the first lies at `slot`.
    pub(crate) fn stored_all(&mut self, slot: Slot, values: &[f32]) {
        for (slot, _) in (slot..).zip(values).filter(|(_, value)| !value.is_nan()) {
            self.stored(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn ranges(set: &SlotRanges) -> Vec<(Slot, Slot)> {
        set.iter().map(|range| (range.start, range.end)).collect()
    }

    #[test]
    fn touching_ranges_become_one() {
        let mut set = SlotRanges::default();
        for range in [0..2, 4..6, 8..10, 2..4] {
            set.insert(range);
        }
        assert_eq!(ranges(&set), [(0, 6), (8, 10)]);
        set.insert(6..8);
        assert_eq!(ranges(&set), [(0, 10)]);
    }

    #[test]
    fn one_range_needs_no_heap() {
        let mut set = SlotRanges::default();
        for slot in 0..10_000 {
            set.mark(slot, Some(slot));
        }
        assert_eq!((set.slots(), set.heap_bytes()), (10_000, 0));
    }

    #[test]
    fn a_sample_behind_the_end_bridges_the_gap_before_it() {
        let mut set = SlotRanges::default();
        set.mark(0, None);
        set.mark(100, Some(1));
        assert_eq!(ranges(&set), [(0, 101)]);
        // The end of the series is clean here, so nothing is bridged.
        let mut set = SlotRanges::default();
        set.mark(0, None);
        set.mark(100, Some(50));
        assert_eq!(ranges(&set), [(0, 1), (100, 101)]);
    }

    #[test]
    fn the_last_range_is_taken_only_if_it_is_wanted() {
        let mut set = SlotRanges::default();
        assert_eq!(set.take_last_if(|_| true), None);
        set.insert(0..2);
        set.insert(4..6);
        assert_eq!(set.take_last_if(|last| *last != (4..6)), None);
        assert_eq!((set.take_last_if(|_| true), ranges(&set)), (Some(4..6), vec![(0, 2)]));
        assert_eq!((set.take_last_if(|_| true), ranges(&set)), (Some(0..2), vec![]));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(Slot, Slot),
        Merge(Vec<(Slot, Slot)>),
        ClipBefore(Slot),
        ClipFrom(Slot),
    }

    fn step() -> impl Strategy<Value = Step> {
        let slot = -40..40_i64;
        let range = (slot.clone(), 0..12_i64).prop_map(|(start, length)| (start, start + length));
        prop_oneof![
            6 => range.clone().prop_map(|(start, end)| Step::Insert(start, end)),
            1 => prop::collection::vec(range, 0..5).prop_map(Step::Merge),
            1 => slot.clone().prop_map(Step::ClipBefore),
            1 => slot.prop_map(Step::ClipFrom),
        ]
    }

    proptest! {
        #[test]
        fn prop_any_sequence_agrees_with_a_plain_set(steps in prop::collection::vec(step(), 0..40)) {
            let mut set = SlotRanges::default();
            let mut plain = BTreeSet::new();
            for step in steps {
                match step {
                    Step::Insert(start, end) => {
                        set.insert(start..end);
                        plain.extend(start..end);
                    }
                    Step::Merge(pieces) => {
                        let mut other = SlotRanges::default();
                        for (start, end) in pieces {
                            other.insert(start..end);
                            plain.extend(start..end);
                        }
                        set.merge(&other);
                    }
                    Step::ClipBefore(slot) => {
                        set.clip_before(slot);
                        plain.retain(|held| *held >= slot);
                    }
                    Step::ClipFrom(slot) => {
                        set.clip_from(slot);
                        plain.retain(|held| *held < slot);
                    }
                }
                let held = ranges(&set);
                prop_assert!(held.iter().all(|(start, end)| start < end));
                prop_assert!(held.windows(2).all(|pair| pair[0].1 < pair[1].0));
                prop_assert!(held.iter().flat_map(|(start, end)| *start..*end).eq(plain.iter().copied()));
                prop_assert!((-60..60).all(|slot| set.contains(slot) == plain.contains(&slot)));
                prop_assert_eq!(set.slots(), plain.len() as u64);
                prop_assert_eq!(set.is_empty(), plain.is_empty());
                prop_assert_eq!(set.span(), plain.first().map(|first| *first..plain.last().unwrap() + 1));
                prop_assert!(!set.is_empty() || set == SlotRanges::default());
            }
        }
    }
}
