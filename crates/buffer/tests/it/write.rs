//! Writing single samples, and reading them.

use treering_buffer::{Bounds, Column, Fill, Grid, ReadError, Refused, Ring, Stored, TIME_MAX_S, Values};

use crate::{START_S, dirty, filled, held, write};

const YEAR_S: i64 = 365 * 86_400;

#[test]
fn the_first_sample_sets_the_grid() {
    let mut ring = Ring::new(60);
    assert_eq!((ring.grid(), ring.span(), ring.latest(), ring.is_empty()), (None, None, None, true));
    assert_eq!(ring.read(0, TIME_MAX_S, 0, &mut Vec::new()), Ok(None));
    write(&mut ring, START_S, 1.5);
    assert_eq!(ring.grid().unwrap().origin_s(), START_S);
    assert_eq!((ring.span(), ring.latest(), ring.samples()), (Some(0..1), Some((START_S, 1.5)), 1));
}

#[test]
fn a_grid_that_is_given_holds_for_the_first_sample() {
    let grid = Grid::new(START_S, 60).unwrap();
    let mut ring = Ring::with_grid(grid);
    assert_eq!((ring.grid(), ring.interval_s(), ring.is_empty()), (Some(grid), 60, true));
    write(&mut ring, START_S + 100, 1.5);
    assert_eq!((ring.grid(), held(&ring)), (Some(grid), vec![(2, 1.5)]));
    let mut ring = Ring::with_grid(grid);
    let column = Column { start_s: START_S - 61, interval_s: 60, values: &[Values::Native(&[2.5])] };
    ring.restore(column, Fill::EmptySlots, false).unwrap();
    assert_eq!((ring.grid(), held(&ring)), (Some(grid), vec![(-1, 2.5)]));
}

#[test]
fn a_refused_first_sample_sets_no_grid() {
    let bounds = Bounds { oldest_s: 100, newest_s: 200 };
    let mut ring = Ring::new(60);
    assert_eq!(ring.write(99, 1.0, bounds), Err(Refused::TooOld));
    assert_eq!(ring.write(150, f32::NAN, bounds), Err(Refused::NotANumber));
    assert_eq!(ring.write(TIME_MAX_S + 1, 1.0, Bounds::NONE), Err(Refused::TimeOutOfRange));
    assert_eq!((ring.grid(), ring.samples()), (None, 0));
}

#[test]
fn appending_takes_the_next_sample_where_there_is_room_and_nothing_else() {
    let mut ring = Ring::new(60);
    assert!(!ring.append(START_S, 1.0), "a series that has no grid");
    ring = filled(60, 3);
    let refused = [
        (START_S + 120, 1.0),
        (START_S, 1.0),
        (START_S + 240, 1.0),
        (START_S + 180, f32::NAN),
        (TIME_MAX_S, 1.0),
    ];
    for (time_s, value) in refused {
        assert!(!ring.append(time_s, value), "{value} at {time_s}");
    }
    assert_eq!((ring.samples(), dirty(&ring)), (3, vec![(0, 3)]));
    assert!(ring.append(START_S + 180, 3.0));
    assert_eq!((held(&ring).last(), ring.samples(), dirty(&ring)), (Some(&(3, 3.0)), 4, vec![(0, 4)]));
    let bytes = ring.memory_bytes();
    let taken = (4..1000).take_while(|slot| ring.append(START_S + 60 * slot, 1.0)).count();
    assert!((1..100).contains(&taken) && ring.memory_bytes() == bytes, "{taken}");
}

#[test]
fn bounds_belong_to_what_they_allow() {
    let bounds = Bounds { oldest_s: 100, newest_s: 200 };
    for first_s in [150, 100, 200] {
        let mut ring = Ring::new(1);
        ring.write(first_s, 1.0, bounds).unwrap();
        let answers = [99, 100, 200, 201].map(|time_s| ring.write(time_s, 1.0, bounds).map(|_| ()));
        assert_eq!(answers, [Err(Refused::TooOld), Ok(()), Ok(()), Err(Refused::TooFarAhead)]);
    }
}

#[test]
fn times_of_this_age_are_plain_and_those_near_the_limits_are_not() {
    for (time_s, plain) in
        [(START_S, true), (-START_S, true), (0, true), (TIME_MAX_S, false), (-TIME_MAX_S, false)]
    {
        assert_eq!(Bounds::NONE.are_plain_for(time_s), plain, "{time_s}");
    }
}

#[test]
fn bounds_hold_for_the_next_sample_too() {
    let mut ring = filled(60, 20);
    let next_s = START_S + 20 * 60;
    let early = Bounds { oldest_s: next_s + 1, newest_s: i64::MAX };
    let late = Bounds { oldest_s: i64::MIN, newest_s: next_s - 1 };
    assert_eq!(ring.write(next_s, 1.0, early), Err(Refused::TooOld));
    assert_eq!(ring.write(next_s, 1.0, late), Err(Refused::TooFarAhead));
    assert_eq!(ring.write(next_s, f32::NAN, Bounds::NONE), Err(Refused::NotANumber));
    assert_eq!(ring.samples(), 20);
}

#[test]
fn a_later_sample_for_the_same_slot_replaces_the_value() {
    let mut ring = Ring::new(60);
    assert_eq!(write(&mut ring, START_S, 1.0), Stored::New);
    assert_eq!(write(&mut ring, START_S + 29, 2.0), Stored::Replaced);
    assert_eq!(write(&mut ring, START_S - 30, 3.0), Stored::Replaced);
    assert_eq!(write(&mut ring, START_S + 30, 4.0), Stored::New);
    assert_eq!(held(&ring), [(0, 3.0), (1, 4.0)]);
    assert_eq!(ring.samples(), 2);
}

#[test]
fn a_late_sample_before_the_first_slot_is_kept() {
    let mut ring = filled(60, 10);
    for (time_s, slot) in [(START_S - 60, -1), (START_S - 60 * 600, -600), (START_S - YEAR_S, -525_600)] {
        assert_eq!(write(&mut ring, time_s, 9.0), Stored::New);
        assert_eq!((ring.value_at(slot), ring.span()), (Some(9.0), Some(slot..10)));
    }
    assert_eq!(ring.latest(), Some((START_S + 9 * 60, 9.0)));
    assert_eq!(ring.samples(), 13);
}

#[test]
fn a_late_sample_lands_in_an_old_chunk_or_between_chunks() {
    let mut ring = filled(1, 600);
    write(&mut ring, START_S + 5_000, 1.0);
    assert_eq!(write(&mut ring, START_S + 10, -10.0), Stored::Replaced);
    assert_eq!(write(&mut ring, START_S + 2_000, -2000.0), Stored::New);
    assert_eq!(write(&mut ring, START_S + 1_000, -1000.0), Stored::New);
    let values = [9, 10, 11, 1_000, 1_001, 2_000].map(|slot| ring.value_at(slot));
    let expected = [Some(9.0), Some(-10.0), Some(11.0), Some(-1000.0), None, Some(-2000.0)];
    assert_eq!(values, expected);
    assert_eq!(ring.samples(), 603);
}

#[test]
fn infinity_and_negative_zero_are_values() {
    let mut ring = Ring::new(1);
    for (time_s, value) in [(0, f32::INFINITY), (1, f32::NEG_INFINITY), (2, -0.0)] {
        write(&mut ring, time_s, value);
    }
    let bits = [0, 1, 2].map(|slot| ring.value_at(slot).unwrap().to_bits());
    assert_eq!(bits, [f32::INFINITY, f32::NEG_INFINITY, -0.0].map(f32::to_bits));
}

#[test]
fn times_at_the_limits_are_taken_and_those_beyond_refused() {
    let mut ring = Ring::new(1);
    write(&mut ring, TIME_MAX_S, 1.0);
    write(&mut ring, -TIME_MAX_S, 2.0);
    for time_s in [TIME_MAX_S + 1, -TIME_MAX_S - 1, i64::MAX, i64::MIN] {
        assert_eq!(ring.write(time_s, 1.0, Bounds::NONE), Err(Refused::TimeOutOfRange));
    }
    assert_eq!(ring.samples(), 2);
    let column = ring.freeze(i64::MIN..i64::MAX);
    assert_eq!((column.start_s(), column.slots()), (-TIME_MAX_S, TIME_MAX_S.unsigned_abs() * 2 + 1));
}

#[test]
fn no_sample_comes_to_stand_for_a_time_beyond_the_limit() {
    let mut ring = Ring::new(60);
    let near_s = TIME_MAX_S - 40;
    write(&mut ring, near_s, 1.0);
    // The time itself is within the limit, the one of its slot is not.
    assert_eq!(ring.write(near_s + 35, 2.0, Bounds::NONE), Err(Refused::TimeOutOfRange));
    assert_eq!(ring.latest(), Some((near_s, 1.0)));
}

#[test]
fn a_range_is_read_aligned_and_padded() {
    let mut ring = Ring::new(10);
    for (time_s, value) in [(100, 1.0), (120, 3.0), (100 + 10 * 600, 600.0)] {
        write(&mut ring, time_s, value);
    }
    let mut out = vec![-1.0];
    assert_eq!(ring.read(81, 131, 5, &mut out), Ok(Some(90)));
    let text: Vec<_> = out.iter().map(ToString::to_string).collect();
    assert_eq!(text, ["-1", "NaN", "1", "NaN", "3", "NaN"]);
    out.clear();
    assert_eq!(ring.read(100, 100 + 10 * 601, 601, &mut out), Ok(Some(100)));
    assert_eq!((out.len(), out[0], out[2], out[600]), (601, 1.0, 3.0, 600.0));
    assert_eq!(out.iter().filter(|value| value.is_nan()).count(), 598);
}

#[test]
fn a_range_without_slots_reads_nothing() {
    let ring = filled(10, 3);
    let mut out = Vec::new();
    assert_eq!(ring.read(START_S + 1, START_S + 10, 100, &mut out), Ok(None));
    assert_eq!(ring.read(START_S + 20, START_S, 100, &mut out), Ok(None));
    assert_eq!(ring.read(i64::MAX, i64::MIN, 0, &mut out), Ok(None));
    assert!(out.is_empty());
}

#[test]
fn a_huge_range_is_an_error_and_allocates_nothing() {
    let ring = filled(1, 3);
    let mut out = Vec::new();
    let limit = 1_000_000;
    let error = ring.read(i64::MIN, i64::MAX, limit, &mut out).unwrap_err();
    let slots = TIME_MAX_S.unsigned_abs() * 2 + 1;
    assert_eq!(error, ReadError::RangeTooLarge { slots, limit });
    assert_eq!(error.to_string(), format!("the range has {slots} slots, more than 1000000"));
    assert_eq!(out.capacity(), 0);
    assert!(ring.read(START_S, START_S + 3, 2, &mut out).is_err());
    assert!(ring.read(START_S, START_S + 3, 3, &mut out).is_ok());
}

#[test]
fn writing_marks_dirty_and_bridges_the_gap_before_the_next_sample() {
    let mut ring = filled(1, 10);
    write(&mut ring, START_S + 1_000, 1.0);
    assert_eq!(dirty(&ring), [(0, 1_001)]);
    write(&mut ring, START_S - 100, 1.0);
    assert_eq!(dirty(&ring), [(-100, -99), (0, 1_001)]);
    // What was taken is clean: a later sample bridges nothing.
    assert_eq!(ring.take_dirty().slots(), 1_002);
    write(&mut ring, START_S + 2_000, 1.0);
    assert_eq!(dirty(&ring), [(2_000, 2_001)]);
    write(&mut ring, START_S + 3, 1.0);
    assert_eq!(dirty(&ring), [(3, 4), (2_000, 2_001)]);
}

#[test]
fn what_is_given_back_joins_what_became_dirty_meanwhile() {
    let mut ring = filled(1, 10);
    let taken = ring.take_dirty();
    assert!(ring.dirty().is_empty());
    for k in 10..15 {
        write(&mut ring, START_S + k, 1.0);
    }
    write(&mut ring, START_S - 1, 1.0);
    assert_eq!(dirty(&ring), [(-1, 0), (10, 15)]);
    ring.give_back(&taken);
    assert_eq!(dirty(&ring), [(-1, 15)]);
}
