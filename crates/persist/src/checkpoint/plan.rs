//! Which file takes which dirty slot. Pure: no files are touched here.
//!
//! A reader of the reference's accepts a host's files, in ascending order of their stems, only if the start of a
//! column is never before the start of the last earlier column of the same series. So a new file may
//! reach back to that start, the series' *floor*, and no further. Dirty slots before the floor are *late* and go
//! into an older file: the newest one whose column contains them, so that no newer file hides them. A column that is
//! rewritten takes all that memory has within its new range.

use std::ops::Range;

use crate::planted::planted;
use treering_buffer::{Frozen, Grid, Slot, SlotRanges, Values};

/// Two values of a column that are further apart than this many slots go into two files, so that a gap of a
/// year costs no file of a year. 1 MB of one column; 72 hours at 1 s.
pub(crate) const GAP_SLOTS_MAX: Slot = 1 << 18;

/// Where a series' column lies in a snapshot on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) start_s: i64,
    pub(crate) interval_s: u32,
    pub(crate) count: u32,
}

/// What becomes of one series' late slots.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LatePlan {
    /// By index of the file: the slots that its column takes up.
    pub(crate) into: Vec<(usize, SlotRanges)>,
    /// Slots so long before the oldest file that they get files of their own in front of it, oldest first.
    pub(crate) front: Vec<Range<Slot>>,
}

impl Extent {
    /// The slots that its values fill.
    pub(crate) fn slots(&self, grid: &Grid) -> Range<Slot> {
        let length_s = i64::from(self.interval_s).saturating_mul(i64::from(self.count.saturating_sub(1)));
        grid.slot_at(self.start_s)..grid.slot_at(self.start_s.saturating_add(length_s)) + 1
    }

    /// Whether all values lie on the slots of `grid`.
    pub(crate) fn is_on(&self, grid: &Grid) -> bool {
        self.interval_s == grid.interval_s() && grid.time_of(grid.slot_at(self.start_s)) == self.start_s
    }
}

/// The slots of `dirty` that hold a value. Dirty ranges bridge gaps, and a gap costs nothing here.
pub(crate) fn held(dirty: &SlotRanges, column: &Frozen) -> SlotRanges {
    let mut held = SlotRanges::default();
    for range in dirty.iter() {
        let part = column.slice(range);
        let mut slot = part.first_slot();
        for values in part.parts() {
            let end = slot.saturating_add(i64::try_from(values.slots()).unwrap_or(i64::MAX));
            if !matches!(values, Values::Missing(_)) {
                held.insert(slot..end);
            }
            slot = end;
        }
    }
    held
}

/// The first slot that a new file may hold.
pub(crate) fn floor_slot(grid: &Grid, floor_s: Option<i64>) -> Slot {
    let Some(floor_s) = floor_s else { return Slot::MIN };
    let nearest = grid.slot_at(floor_s);
    if grid.time_of(nearest) < floor_s { nearest + 1 } else { nearest }
}

/// The dirty slots from `floor` on, as the columns of as many new files as the gaps ask for.
pub(crate) fn fresh_columns(dirty: &SlotRanges, floor: Slot) -> Vec<Range<Slot>> {
    let fresh = dirty.iter().map(|range| range.start.max(floor)..range.end).filter(|range| !range.is_empty());
    joined(fresh)
}

/// The dirty slots before `floor`.
pub(crate) fn late_slots(dirty: &SlotRanges, floor: Slot) -> SlotRanges {
    let mut late = SlotRanges::default();
    for range in dirty.iter().filter(|_| !planted("late-samples-in-no-plan")) {
        // Empty if it begins behind the floor.
        late.insert(range.start..range.end.min(floor));
    }
    late
}

/// Finds a file for every late slot. `extents` has an entry for each sound file, in ascending order of stems.
pub(crate) fn plan_late(grid: &Grid, late: &SlotRanges, extents: &[Option<Extent>]) -> LatePlan {
    let mut into: Vec<SlotRanges> = vec![SlotRanges::default(); extents.len()];
    let mut front = SlotRanges::default();
    // Counted in slots, as recovery will place the columns: one off the grid fills slots that lie beside its times.
    let held = extents.iter().enumerate().filter_map(|(index, extent)| Some((index, extent.as_ref()?)));
    let columns: Vec<_> = held.map(|(index, extent)| (index, extent.slots(grid))).collect();
    for slot in late.iter().flatten() {
        match file_for(slot, &columns) {
            Some(index) => into[index].insert(slot..slot + 1),
            None => front.insert(slot..slot + 1),
        }
    }
    let mut into: Vec<_> = into.into_iter().enumerate().filter(|(_, slots)| !slots.is_empty()).collect();
    // A rewritten column moves to our grid. Moving one of several could put it behind its neighbour; moving all
    // of them keeps their order.
    let is_off = |extent: &Extent| !extent.is_on(grid);
    // A file in front of all is read last. If the newest one is off the grid, the next start would take up that one's.
    let leaves_grid = !front.is_empty() && extents.iter().rev().flatten().next().is_some_and(is_off);
    if leaves_grid || into.iter().any(|(index, _)| extents[*index].as_ref().is_some_and(is_off)) {
        for (index, extent) in extents.iter().enumerate() {
            if extent.is_some() && !into.iter().any(|(taken, _)| *taken == index) {
                into.push((index, SlotRanges::default()));
            }
        }
        into.sort_by_key(|(index, _)| *index);
    }
    LatePlan { into, front: joined(front.iter()) }
}

/// The file that a late slot goes to; none if it gets one of its own in front of all. `columns` has the index of a file
/// and what its column covers.
fn file_for(slot: Slot, columns: &[(usize, Range<Slot>)]) -> Option<usize> {
    let begun = || columns.iter().rev().filter(|(_, slots)| slots.start <= slot);
    let of_begun = begun()
        .find(|(_, slots)| slots.contains(&slot))
        .or_else(|| begun().find(|(_, slots)| slot - slots.end < GAP_SLOTS_MAX));
    let file = of_begun.or_else(|| {
        // Far behind what has begun. The next one may begin earlier, but not before its predecessor.
        let newest = columns.iter().rposition(|(_, slots)| slots.start <= slot);
        let next = columns.get(newest.map_or(0, |newest| newest + 1));
        match (newest.map(|newest| &columns[newest]), next) {
            (None, next) => next.filter(|(_, slots)| slots.start - slot <= GAP_SLOTS_MAX),
            (Some(before), Some(next)) if next.1.start - slot < slot - before.1.end => Some(next),
            (before, _) => before,
        }
    });
    file.map(|(index, _)| *index)
}

fn joined(ranges: impl Iterator<Item = Range<Slot>>) -> Vec<Range<Slot>> {
    let mut columns: Vec<Range<Slot>> = Vec::new();
    for range in ranges {
        match columns.last_mut() {
            Some(last) if range.start - last.end <= GAP_SLOTS_MAX => last.end = range.end,
            _ => columns.push(range),
        }
    }
    columns
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "one range of slots is what is meant")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grid() -> Grid {
        Grid::new(1000, 10).unwrap()
    }

    fn slots(ranges: &[Range<Slot>]) -> SlotRanges {
        let mut slots = SlotRanges::default();
        for range in ranges {
            slots.insert(range.clone());
        }
        slots
    }

    fn extent(first: Slot, count: u32) -> Option<Extent> {
        Some(Extent { start_s: grid().time_of(first), interval_s: 10, count })
    }

    #[test]
    fn without_a_floor_everything_is_fresh() {
        let dirty = slots(&[-5..3, 7..9]);
        let floor = floor_slot(&grid(), None);
        assert_eq!(fresh_columns(&dirty, floor), vec![-5..9]);
        assert!(late_slots(&dirty, floor).is_empty());
    }

    #[test]
    fn a_floor_between_two_slots_excludes_the_one_before_it() {
        assert_eq!(floor_slot(&grid(), Some(1000)), 0);
        assert_eq!(floor_slot(&grid(), Some(1001)), 1);
        assert_eq!(floor_slot(&grid(), Some(1006)), 1);
        assert_eq!(floor_slot(&grid(), Some(1010)), 1);
    }

    #[test]
    fn a_gap_of_a_year_makes_two_files() {
        let far = 400 * 24 * 3600;
        assert_eq!(fresh_columns(&slots(&[0..1, far..far + 1]), 0), vec![0..1, far..far + 1]);
    }

    #[test]
    fn extent_has_the_slots_of_its_values() {
        assert_eq!(extent(3, 4).unwrap().slots(&grid()), 3..7);
        assert_eq!(extent(3, 1).unwrap().slots(&grid()), 3..4);
    }

    #[test]
    fn a_late_slot_goes_to_the_newest_file_that_contains_it() {
        let plan = plan_late(&grid(), &slots(&[5..6]), &[extent(0, 10), extent(2, 10), extent(8, 4)]);
        assert_eq!(plan.into, vec![(1, slots(&[5..6]))]);
    }

    #[test]
    fn a_late_slot_in_no_file_extends_the_one_before_it_or_the_oldest() {
        let files = [None, extent(0, 2), extent(6, 2)];
        assert_eq!(plan_late(&grid(), &slots(&[4..6]), &files).into, vec![(1, slots(&[4..6]))]);
        assert_eq!(plan_late(&grid(), &slots(&[-4..-3]), &files).into, vec![(1, slots(&[-4..-3]))]);
    }

    /// Else a file of three years ago would be stretched to here.
    #[test]
    fn a_late_slot_long_behind_the_file_before_it_goes_to_the_nearer_of_its_neighbours() {
        let far = 8 * GAP_SLOTS_MAX;
        let files = [extent(0, 2), None, extent(far, 2)];
        let file_of = |slot: Slot| plan_late(&grid(), &slots(&[slot..slot + 1]), &files).into[0].0;
        assert_eq!([1, GAP_SLOTS_MAX, far / 2 + 1, far / 2 + 2, far - 1].map(file_of), [0, 0, 0, 2, 2]);
    }

    #[test]
    fn slots_long_before_the_oldest_file_get_files_in_front_of_it() {
        let far = -3 * GAP_SLOTS_MAX;
        let plan = plan_late(&grid(), &slots(&[far..far + 2]), &[extent(0, 2)]);
        assert_eq!(plan, LatePlan { into: vec![], front: vec![far..far + 2] });
    }

    #[test]
    fn a_column_off_the_grid_takes_the_slot_that_its_first_value_rounds_to() {
        let off = Some(Extent { start_s: 1003, interval_s: 10, count: 4 });
        let plan = plan_late(&grid(), &slots(&[0..1]), &[extent(-12, 2), off, extent(20, 1)]);
        assert_eq!(plan.into[1], (1, slots(&[0..1])));
    }

    #[test]
    fn a_bridged_gap_is_not_held() {
        let mut ring = treering_buffer::Ring::with_grid(grid());
        for slot in [0, 5, 1 << 20] {
            let bounds = treering_buffer::Bounds::NONE;
            ring.write(grid().time_of(slot), 1.0, bounds).unwrap();
        }
        let dirty = ring.take_dirty();
        let column = ring.freeze(0..2 << 20);
        assert_eq!(dirty, slots(&[0..(1 << 20) + 1]));
        let far = 1 << 20;
        assert_eq!(fresh_columns(&held(&dirty, &column), Slot::MIN), vec![0..6, far..far + 1]);
    }

    #[test]
    fn one_column_off_the_grid_moves_all_columns_of_its_series() {
        let off = Some(Extent { start_s: 1003, interval_s: 10, count: 4 });
        let plan = plan_late(&grid(), &slots(&[1..2]), &[extent(-9, 3), off, None, extent(9, 1)]);
        let none = SlotRanges::default();
        assert_eq!(plan.into, vec![(0, none.clone()), (1, slots(&[1..2])), (3, none)]);
    }

    #[test]
    fn a_file_in_front_of_one_that_is_off_the_grid_moves_that_to_the_grid() {
        let far = -3 * GAP_SLOTS_MAX;
        let off = Some(Extent { start_s: 1003, interval_s: 10, count: 4 });
        let none = SlotRanges::default();
        let into = |files: &[Option<Extent>]| plan_late(&grid(), &slots(&[far..far + 1]), files).into;
        assert_eq!(into(&[extent(0, 3), None, off]), vec![(0, none.clone()), (2, none)]);
        // The next start takes up the grid of the newest.
        assert_eq!(into(&[off, extent(9, 1), None]), vec![]);
    }

    proptest! {
        /// Applies the plan to the extents and looks at them as a reader of the reference's would.
        #[test]
        fn prop_every_late_slot_is_held_and_starts_stay_in_order(
            scale in prop_oneof![Just(1), Just(GAP_SLOTS_MAX / 7)],
            steps in proptest::collection::vec((0i64..20, 1u32..30, any::<bool>()), 1..6),
            dirty in proptest::collection::vec((-40i64..100, 1i64..8), 1..6),
        ) {
            let mut first = 0;
            let mut files: Vec<Option<Extent>> = Vec::new();
            for (step, count, held) in steps {
                first += step * scale;
                files.push(if held { extent(first, count) } else { None });
            }
            let Some(newest) = files.iter().rev().flatten().next() else { return Ok(()) };
            let floor = floor_slot(&grid(), Some(newest.start_s));
            let dirty = slots(&dirty.into_iter().map(|(at, len)| at * scale..at * scale + len).collect::<Vec<_>>());
            let late = late_slots(&dirty, floor);
            let plan = plan_late(&grid(), &late, &files);

            let mut held: Vec<Option<Range<Slot>>> = files.iter().map(|file| file.map(|extent| {
                let start = grid().slot_at(extent.start_s);
                start..start + i64::from(extent.count)
            })).collect();
            for (index, taken) in &plan.into {
                let column = held[*index].as_mut().unwrap();
                let span = taken.span().unwrap();
                *column = column.start.min(span.start)..column.end.max(span.end);
            }
            // A rewritten column takes all that memory has within its new range, so any rewritten file will do: as long
            // as no newer one, left as it was, hides it.
            for slot in late.iter().flatten().filter(|slot| !plan.front.iter().any(|front| front.contains(slot))) {
                let newest = held.iter().rposition(|column| column.as_ref().is_some_and(|c| c.contains(&slot)));
                let rewritten = plan.into.iter().any(|(index, _)| Some(*index) == newest);
                prop_assert!(rewritten, "slot {} must be in the newest file that has a place for it", slot);
            }
            let starts: Vec<Slot> = held.iter().flatten().map(|column| column.start).collect();
            prop_assert!(starts.is_sorted(), "{:?}", starts);
        }
    }
}
