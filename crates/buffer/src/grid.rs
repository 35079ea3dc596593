//! The grid of a series: which slot a time belongs to, and which time a slot stands for.

use std::ops::Range;

/// The largest time, and without its sign the smallest, that a series takes, in Unix seconds.
///
/// Up to here no sum or difference of times, intervals and slots can leave the range of `i64`.
pub const TIME_MAX_S: i64 = 1 << 53;

/// The number of a slot: how many intervals it lies behind the grid's origin. Negative before it.
pub type Slot = i64;

/// Where the slots of a series lie in time.
///
/// Slot `k` stands for the time `origin + k * interval`, and takes every time from half an interval before it (in
/// whole seconds, the half rounded down) to as far behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grid {
    origin_s: i64,
    interval_s: u32,
}

impl Grid {
    /// A grid with slot 0 at `origin_s`; `None` if the interval is 0 or the origin beyond ±[`TIME_MAX_S`].
    #[must_use]
    pub const fn new(origin_s: i64, interval_s: u32) -> Option<Self> {
        if interval_s == 0 || origin_s > TIME_MAX_S || origin_s < -TIME_MAX_S {
            return None;
        }
        Some(Self { origin_s, interval_s })
    }

    /// A grid of an origin and an interval that [`Grid::new`] would take.
    pub(crate) const fn checked(origin_s: i64, interval_s: u32) -> Self {
        Self { origin_s, interval_s }
    }

    /// The time of slot 0, in Unix seconds.
    #[must_use]
    pub const fn origin_s(self) -> i64 {
        self.origin_s
    }

    /// Seconds from one slot to the next, at least 1.
    #[must_use]
    pub const fn interval_s(self) -> u32 {
        self.interval_s
    }

    /// The slot that takes the time: `floor((time - origin + interval / 2) / interval)`.
    ///
    /// A time beyond ±[`TIME_MAX_S`] is answered like that limit.
    #[must_use]
    pub fn slot_at(self, time_s: i64) -> Slot {
        let time_s = time_s.clamp(-TIME_MAX_S, TIME_MAX_S);
        // The divisor is positive, so the Euclidean quotient is the floor.
        (time_s - self.origin_s + self.half_s()).div_euclid(i64::from(self.interval_s))
    }

    /// The time that a slot stands for, in Unix seconds. Saturates for slots that no time within the limits has.
    #[must_use]
    pub const fn time_of(self, slot: Slot) -> i64 {
        slot.saturating_mul(self.interval_s as i64).saturating_add(self.origin_s)
    }

    /// The slots whose time lies in `from_s..to_s`; times are cut to ±[`TIME_MAX_S`].
    ///
    /// This goes by the time that a slot stands for, not by the times it takes.
    #[must_use]
    pub fn slots_in(self, from_s: i64, to_s: i64) -> Range<Slot> {
        let first = self.first_slot_from(from_s);
        first..self.first_slot_from(to_s).max(first)
    }

    /// The first slot that stands for `time_s` or a later time.
    pub(crate) fn first_slot_from(self, time_s: i64) -> Slot {
        // One more than the limit, so that a slot at the limit itself lies before the end of an open range.
        let time_s = time_s.clamp(-TIME_MAX_S, TIME_MAX_S + 1);
        let interval_s = i64::from(self.interval_s);
        (time_s - self.origin_s + interval_s - 1).div_euclid(interval_s)
    }

    /// Whether `slot` takes the time: what `slot_at` answers, without its division.
    ///
    /// The time must lie within ±[`TIME_MAX_S`], and so must the slot's.
    pub(crate) fn takes(self, slot: Slot, time_s: i64) -> bool {
        let interval_s = i64::from(self.interval_s);
        (0..interval_s).contains(&(time_s - self.origin_s + self.half_s() - slot * interval_s))
    }

    /// The slot that takes the time, if the time and the one that the slot stands for are within the limits.
    pub(crate) fn slot_within_limits(self, time_s: i64) -> Option<Slot> {
        let slot = self.slot_at(time_s);
        (is_within_limits(time_s) && is_within_limits(self.time_of(slot))).then_some(slot)
    }

    const fn half_s(self) -> i64 {
        (self.interval_s / 2) as i64
    }
}

/// Whether a time lies within ±[`TIME_MAX_S`].
pub(crate) const fn is_within_limits(time_s: i64) -> bool {
    -TIME_MAX_S <= time_s && time_s <= TIME_MAX_S
}

/// How many slots lie in `from..to`; 0 if there are none.
pub(crate) fn distance(from: Slot, to: Slot) -> usize {
    usize::try_from(to.saturating_sub(from)).unwrap_or(0)
}

/// The slot that lies `count` behind `slot`.
pub(crate) fn behind(slot: Slot, count: usize) -> Slot {
    slot.saturating_add(Slot::try_from(count).unwrap_or(Slot::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grid(origin_s: i64, interval_s: u32) -> Grid {
        Grid::new(origin_s, interval_s).unwrap()
    }

    #[test]
    fn a_grid_without_interval_or_with_a_wild_origin_is_none() {
        assert_eq!(Grid::new(0, 0), None);
        assert_eq!(Grid::new(TIME_MAX_S + 1, 1), None);
        assert_eq!(Grid::new(-TIME_MAX_S - 1, 1), None);
        assert!(Grid::new(-TIME_MAX_S, u32::MAX).is_some());
    }

    #[test]
    fn a_slot_takes_half_an_interval_on_each_side() {
        let even = grid(100, 10);
        assert_eq!([94, 95, 104, 105].map(|t| even.slot_at(t)), [-1, 0, 0, 1]);
        // Half of 7 is 3 whole seconds: three before the slot's time, three behind it.
        let odd = grid(100, 7);
        assert_eq!([96, 97, 103, 104].map(|t| odd.slot_at(t)), [-1, 0, 0, 1]);
        let single = grid(100, 1);
        assert_eq!([99, 100, 101].map(|t| single.slot_at(t)), [-1, 0, 1]);
    }

    #[test]
    fn a_range_of_times_holds_the_slots_that_stand_in_it() {
        let grid = grid(100, 10);
        assert_eq!(grid.slots_in(100, 120), 0..2);
        assert_eq!(grid.slots_in(101, 121), 1..3);
        assert_eq!(grid.slots_in(91, 100), 0..0);
        assert_eq!(grid.slots_in(50, 40), -5..-5);
    }

    #[test]
    fn no_time_overflows() {
        for origin_s in [-TIME_MAX_S, 0, TIME_MAX_S] {
            for interval_s in [1, 2, 60, u32::MAX] {
                let grid = grid(origin_s, interval_s);
                assert_eq!(grid.slot_at(i64::MAX), grid.slot_at(TIME_MAX_S));
                assert_eq!(grid.slot_at(i64::MIN), grid.slot_at(-TIME_MAX_S));
                let all = grid.slots_in(i64::MIN, i64::MAX);
                assert!(grid.time_of(all.start) >= -TIME_MAX_S - 1);
                assert!(grid.time_of(all.end - 1) <= TIME_MAX_S);
                assert!(grid.time_of(all.end) > TIME_MAX_S);
                assert!(grid.time_of(i64::MIN) < grid.time_of(i64::MAX));
            }
        }
    }

    #[test]
    fn a_slot_whose_own_time_is_beyond_the_limit_is_not_given() {
        let grid = grid(0, 60);
        let last = grid.time_of(grid.slots_in(0, i64::MAX).end - 1);
        assert!(grid.slot_within_limits(last).is_some());
        let rounds_up = last + 30;
        assert!(rounds_up <= TIME_MAX_S, "the case needs a limit that is on no slot");
        assert_eq!(grid.slot_within_limits(rounds_up), None);
    }

    proptest! {
        #[test]
        fn prop_slots_agree_with_wide_arithmetic(
            origin_s in -TIME_MAX_S..=TIME_MAX_S,
            interval_s in prop_oneof![1_u32..100, any::<u32>().prop_filter("0", |i| *i > 0)],
            time_s in prop_oneof![-TIME_MAX_S..=TIME_MAX_S, -1000_i64..1000],
        ) {
            let grid = grid(origin_s, interval_s);
            let wide = i128::from(time_s) - i128::from(origin_s) + i128::from(interval_s / 2);
            let slot = grid.slot_at(time_s);
            prop_assert_eq!(i128::from(slot), wide.div_euclid(i128::from(interval_s)));
            prop_assert!(grid.takes(slot, time_s));
            prop_assert!(!grid.takes(slot - 1, time_s));
            prop_assert!(!grid.takes(slot + 1, time_s));
            let first = grid.first_slot_from(time_s);
            prop_assert!(grid.time_of(first) >= time_s && grid.time_of(first - 1) < time_s);
        }
    }
}
