//! Restoring columns that were read from files.

use treering_buffer::{Column, Fill, RestoreError, Restored, Ring, SPREAD_SLOTS_MAX, TIME_MAX_S, Values};

use crate::{START_S, dirty, file_bytes, filled, held, write};

const GAP: f32 = f32::NAN;

fn restore(ring: &mut Ring, start_s: i64, interval_s: u32, values: &[Values<'_>], fill: Fill) -> (u64, u64) {
    let Restored { stored, merged } =
        ring.restore(Column { start_s, interval_s, values }, fill, false).unwrap();
    (stored, merged)
}

#[test]
fn an_empty_ring_takes_the_columns_start_as_origin_and_keeps_its_interval() {
    for interval_s in [60, 10] {
        let mut ring = Ring::new(60);
        restore(&mut ring, START_S, interval_s, &[Values::Native(&[1.0])], Fill::EmptySlots);
        let grid = ring.grid().unwrap();
        assert_eq!((grid.origin_s(), grid.interval_s()), (START_S, 60));
        assert_eq!(held(&ring), [(0, 1.0)]);
        assert!(ring.dirty().is_empty());
    }
}

#[test]
fn a_column_of_nan_sets_the_origin_and_one_without_slots_does_not() {
    let mut ring = Ring::new(60);
    for values in [vec![], vec![Values::Missing(0), Values::Native(&[]), Values::LittleEndian(&[])]] {
        assert_eq!(restore(&mut ring, START_S, 60, &values, Fill::Overwrite), (0, 0));
        assert_eq!(ring.grid(), None);
    }
    let nothing = [Values::Native(&[GAP; 2000]), Values::Missing(7)];
    assert_eq!(restore(&mut ring, START_S, 60, &nothing, Fill::Overwrite), (0, 0));
    assert_eq!((ring.grid().unwrap().origin_s(), ring.is_empty()), (START_S, true));
    assert_eq!(ring.memory_bytes(), size_of::<Ring>());
}

#[test]
fn pieces_follow_each_other_whatever_they_are() {
    let bytes = file_bytes(&[3.0, GAP, 5.0]);
    let mut unaligned = vec![0];
    unaligned.extend(&bytes);
    let pieces = [
        Values::Native(&[0.0, 1.0]),
        Values::Missing(1),
        Values::LittleEndian(&unaligned[1..]),
        Values::Missing(1000),
        Values::Native(&[1006.0]),
    ];
    let expected = [(0, 0.0), (1, 1.0), (3, 3.0), (5, 5.0), (1006, 1006.0)];
    for ring_interval_s in [60, 30] {
        let mut ring = Ring::new(ring_interval_s);
        assert_eq!(restore(&mut ring, START_S, 60, &pieces, Fill::EmptySlots), (5, 0));
        let factor = i64::from(60 / ring_interval_s);
        assert_eq!(held(&ring), expected.map(|(slot, value)| (slot * factor, value)));
        assert_eq!(ring.samples(), 5);
    }
}

#[test]
fn a_long_column_crosses_windows_at_any_phase() {
    let values: Vec<f32> = (0_u16..2000).map(f32::from).collect();
    for first in [-1_i64, -700, 0, 1, 511] {
        let mut ring = Ring::new(60);
        write(&mut ring, START_S, 7.0);
        let start_s = START_S + first * 60 + 29;
        let met = u64::from((first..first + 2000).contains(&0));
        let pieces = [Values::Native(&values)];
        assert_eq!(restore(&mut ring, start_s, 60, &pieces, Fill::EmptySlots), (2000 - met, met));
        let expected =
            (first..).zip(&values).map(|(slot, value)| (slot, if slot == 0 { 7.0 } else { *value }));
        let mut expected: Vec<_> = expected.collect();
        if met == 0 {
            expected.insert(0, (0, 7.0));
        }
        assert_eq!(held(&ring), expected);
    }
}

#[test]
fn nan_never_replaces_a_value() {
    for (interval_s, fill) in [(60, Fill::Overwrite), (60, Fill::EmptySlots), (1, Fill::Overwrite)] {
        let mut ring = filled(60, 600);
        let before = held(&ring);
        assert_eq!(restore(&mut ring, START_S, interval_s, &[Values::Native(&[GAP; 600])], fill), (0, 0));
        assert_eq!(held(&ring), before);
    }
}

#[test]
fn older_columns_fill_only_what_is_empty_and_say_what_met() {
    let mut ring = Ring::new(60);
    let newest = [Values::Native(&[10.0, GAP, 12.0])];
    let older = [Values::Native(&[-1.0, -2.0, -3.0, GAP, -5.0])];
    assert_eq!(restore(&mut ring, START_S, 60, &newest, Fill::EmptySlots), (2, 0));
    // Half an interval early: its first value lies in slot -1.
    assert_eq!(restore(&mut ring, START_S - 90, 60, &older, Fill::EmptySlots), (3, 1));
    assert_eq!(held(&ring), [(-1, -1.0), (0, 10.0), (1, -3.0), (2, 12.0), (3, -5.0)]);
}

#[test]
fn an_overwriting_column_stores_every_value_and_says_what_met() {
    let mut ring = filled(60, 4);
    let values = [Values::Native(&[-2.0, GAP, -4.0])];
    assert_eq!(restore(&mut ring, START_S + 60, 60, &values, Fill::Overwrite), (2, 2));
    let more = [Values::Native(&[-5.0, -6.0])];
    assert_eq!(restore(&mut ring, START_S + 180, 60, &more, Fill::Overwrite), (2, 1));
    assert_eq!(held(&ring), [(0, 0.0), (1, -2.0), (2, 2.0), (3, -5.0), (4, -6.0)]);
    assert_eq!(ring.samples(), 5);
}

#[test]
fn of_one_columns_values_in_a_slot_the_last_counts() {
    // Ten-second values on a minute's grid: slot 0 takes 0, 10, 20 s; slot 1 takes 30 to 80 s.
    let values = [Values::Native(&[0.0, 1.0, 2.0, 3.0, 4.0, GAP, 6.0, 7.0, GAP])];
    let mut ring = Ring::new(60);
    assert_eq!(restore(&mut ring, START_S, 10, &values, Fill::EmptySlots), (2, 5));
    assert_eq!(held(&ring), [(0, 2.0), (1, 7.0)]);
    assert_eq!(ring.samples(), 2);
    // Against what is held: one more per slot.
    assert_eq!(restore(&mut ring, START_S, 10, &values, Fill::EmptySlots), (0, 7));
    assert_eq!(restore(&mut ring, START_S, 10, &values, Fill::Overwrite), (2, 7));
}

#[test]
fn only_what_is_stored_becomes_dirty() {
    let values = [Values::Native(&[1.0, 1.0, GAP, 1.0]), Values::Missing(2), Values::Native(&[1.0])];
    for (fill, expected) in [
        (Fill::EmptySlots, vec![(-2, 0), (4, 5)]),
        // The newest slot is dirty now, so the gap behind it is bridged, as with samples that are written.
        (Fill::Overwrite, vec![(-2, 0), (1, 5)]),
    ] {
        for interval_s in [60, 30] {
            let mut ring = Ring::new(interval_s);
            for slot in [0, 1] {
                write(&mut ring, START_S + slot * i64::from(interval_s), 7.0);
            }
            drop(ring.take_dirty());
            let start_s = START_S - 2 * i64::from(interval_s);
            ring.restore(Column { start_s, interval_s, values: &values }, fill, true).unwrap();
            assert_eq!(dirty(&ring), expected);
        }
    }
}

#[test]
fn bad_columns_are_errors_and_change_nothing() {
    let one = [Values::Native(&[1.0])];
    let two = [Values::Native(&[1.0, 2.0])];
    let huge = [Values::Native(&[1.0]), Values::Missing(u32::MAX), Values::Missing(u32::MAX)];
    let odd = [Values::LittleEndian(&[0; 7])];
    let beyond = |start_s, interval_s, slots| RestoreError::TimeOutOfRange { start_s, interval_s, slots };
    let cases: [(i64, u32, &[Values<'_>], RestoreError); 7] = [
        (0, 0, &one, RestoreError::IntervalZero),
        (0, 60, &odd, RestoreError::PartialValue { len_bytes: 7 }),
        (TIME_MAX_S + 1, 60, &one, beyond(TIME_MAX_S + 1, 60, 1)),
        (i64::MIN, 60, &one, beyond(i64::MIN, 60, 1)),
        (i64::MAX, u32::MAX, &two, beyond(i64::MAX, u32::MAX, 2)),
        (TIME_MAX_S - 59, 60, &two, beyond(TIME_MAX_S - 59, 60, 2)),
        (0, u32::MAX, &huge, beyond(0, u32::MAX, 2 * u64::from(u32::MAX) + 1)),
    ];
    for (start_s, interval_s, values, expected) in cases {
        for mut ring in [Ring::new(60), filled(60, 3)] {
            let before = (ring.grid(), held(&ring), dirty(&ring));
            let result = ring.restore(Column { start_s, interval_s, values }, Fill::Overwrite, true);
            assert_eq!(result, Err(expected));
            assert_eq!((ring.grid(), held(&ring), dirty(&ring)), before);
        }
    }
}

#[test]
fn a_column_that_its_interval_spreads_too_far_is_refused() {
    let mut ring = filled(60, 3);
    let before = (held(&ring), dirty(&ring));
    let two = [Values::Native(&[1.0, 2.0])];
    let interval_s = u32::try_from(SPREAD_SLOTS_MAX).unwrap() * 60;
    let result = ring.restore(Column { start_s: 0, interval_s, values: &two }, Fill::EmptySlots, true);
    let (slots, own_interval_s, covered) = (2, 60, SPREAD_SLOTS_MAX + 1);
    assert_eq!(result, Err(RestoreError::TooSparse { interval_s, slots, own_interval_s, covered }));
    assert_eq!((held(&ring), dirty(&ring)), before);

    assert_eq!(restore(&mut ring, 0, interval_s - 60, &two, Fill::EmptySlots), (2, 0));
    // Two months at a minute, and then somebody configures a second; or years of one value a day.
    for (interval_s, slots) in [(60, 86_400), (86_400, 1500)] {
        let values = vec![1.0; slots];
        assert_eq!(
            restore(&mut filled(1, 3), 0, interval_s, &[Values::Native(&values)], Fill::EmptySlots),
            (u64::try_from(slots).unwrap(), 0)
        );
    }
    // Of its own interval it may be as long as it likes.
    let long = [Values::Native(&[1.0]), Values::Missing(1 << 23), Values::Native(&[2.0])];
    assert_eq!(restore(&mut Ring::new(60), 0, 60, &long, Fill::EmptySlots), (2, 0));
}

#[test]
fn a_column_that_ends_at_the_limit_is_restored() {
    let mut ring = Ring::new(60);
    let values = [Values::Native(&[1.0, 2.0])];
    assert_eq!(restore(&mut ring, TIME_MAX_S - 60, 60, &values, Fill::EmptySlots), (2, 0));
    assert_eq!(ring.latest(), Some((TIME_MAX_S, 2.0)));
}

#[test]
fn what_is_frozen_restores_to_the_same_bits() {
    let mut ring = filled(7, 1500);
    write(&mut ring, START_S + 7 * 100_000, -0.0);
    let column = ring.freeze(i64::MIN..i64::MAX);
    let values: Vec<_> = column.parts().collect();
    let mut again = Ring::new(7);
    restore(&mut again, column.start_s(), column.interval_s(), &values, Fill::EmptySlots);
    assert_eq!(again.grid(), ring.grid());
    assert_eq!(again.samples(), ring.samples());
    let bits =
        |ring: &Ring| held(ring).into_iter().map(|(slot, value)| (slot, value.to_bits())).collect::<Vec<_>>();
    assert_eq!(bits(&again), bits(&ring));
}
