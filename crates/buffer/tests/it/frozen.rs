//! Frozen columns.

use std::ops::Range;

use treering_buffer::{CHUNK_SLOTS, Frozen, Ring, Slot, Values};

use crate::{START_S, filled, samples, write};

const ALL: Range<Slot> = Slot::MIN..Slot::MAX;

#[test]
fn a_frozen_column_never_changes() {
    let mut ring = filled(1, 1300);
    write(&mut ring, START_S + 5000, 1.0);
    let column = ring.freeze(ALL);
    let before = samples(&column);
    for k in 0..1400 {
        write(&mut ring, START_S + k, -1.0);
    }
    write(&mut ring, START_S - 1, -1.0);
    write(&mut ring, START_S + 5000, -1.0);
    write(&mut ring, START_S + 5001, -1.0);
    assert_eq!(samples(&column), before);
    assert_eq!(ring.free_before(i64::MAX).samples, 1403);
    drop(ring);
    assert_eq!(samples(&column), before);
}

#[test]
fn a_column_is_trimmed_to_samples() {
    let mut ring = Ring::new(10);
    for slot in [3_u8, 5, 200] {
        write(&mut ring, START_S + i64::from(slot) * 10, f32::from(slot));
    }
    // The origin is the first sample's time, so slot 0 is the one written at 30 s.
    for (range, span) in [(ALL, 0..198), (1..198, 2..198), (-100..197, 0..3), (1..2, 0..0), (198..500, 0..0)]
    {
        let column = ring.freeze(range.clone());
        assert_eq!(column.span(), span, "{range:?}");
        assert_eq!((column.first_slot(), column.slots()), (span.start, span.end.abs_diff(span.start)));
        assert_eq!(column.is_empty(), span.is_empty());
        assert_eq!(column.start_s(), START_S + 30 + span.start * 10);
        assert_eq!(column.interval_s(), 10);
    }
    assert_eq!(ring.freeze(Range { start: 5, end: -5 }).span(), 0..0);
}

#[test]
fn an_unborn_series_freezes_to_nothing() {
    let column = Ring::new(60).freeze(ALL);
    assert!(column.is_empty());
    assert_eq!((column.parts().count(), column.value_at(0), column.interval_s()), (0, None, 60));
}

#[test]
fn a_gap_between_chunks_is_one_missing_part() {
    let mut ring = Ring::new(1);
    let year = 365 * 86_400;
    write(&mut ring, 0, 1.0);
    write(&mut ring, i64::from(year), 2.0);
    let column = ring.freeze(ALL);
    let parts: Vec<_> = column.parts().collect();
    assert_eq!(parts, [Values::Native(&[1.0]), Values::Missing(year - 1), Values::Native(&[2.0])]);
}

#[test]
fn a_gap_beyond_the_width_of_its_count_is_split() {
    let mut ring = Ring::new(1);
    write(&mut ring, 0, 1.0);
    write(&mut ring, 10_000_000_000, 2.0);
    let column = ring.freeze(ALL);
    let rest = u32::try_from(9_999_999_999 - 2 * u64::from(u32::MAX)).unwrap();
    let gaps = [u32::MAX, u32::MAX, rest].map(Values::Missing);
    assert_eq!(column.parts().skip(1).take(3).collect::<Vec<_>>(), gaps);
    assert_eq!(column.parts().map(|part| part.slots()).sum::<u64>(), column.slots());
}

#[test]
fn a_slice_is_what_freezing_its_range_would_have_given() {
    let mut ring = filled(1, 600);
    write(&mut ring, START_S + 2000, 2000.0);
    write(&mut ring, START_S + 2002, 2002.0);
    let column = ring.freeze(100..2003);
    assert_eq!(column.span(), 100..2003);
    for range in [ALL, 0..101, 100..101, 511..513, 550..1999, 599..2001, 601..2000, 2001..2003, 2001..2002] {
        let (slice, frozen) = (column.slice(range.clone()), ring.freeze(range.start.max(100)..range.end));
        assert_eq!(slice.span(), frozen.span(), "{range:?}");
        assert_eq!(samples(&slice), samples(&frozen), "{range:?}");
        assert_eq!(slice.start_s(), frozen.start_s());
    }
    assert!(column.slice(Range { start: 500, end: 400 }).is_empty());
    // A slice does not see what its chunks hold beyond it.
    let slice = column.slice(200..300);
    assert_eq!([199, 200, 299, 300].map(|slot| slice.value_at(slot)), [None, Some(200.0), Some(299.0), None]);
    assert_eq!(slice.slice(ALL).span(), 200..300);
}

#[test]
fn sealed_chunks_are_shared_and_the_open_one_is_copied() {
    let ring = filled(1, 600);
    let (one, two) = (ring.freeze(ALL), ring.freeze(ALL));
    let pieces = |column: &Frozen| {
        let parts = column.parts().map(|part| match part {
            Values::Native(values) => values.as_ptr(),
            other => panic!("{other:?}"),
        });
        parts.collect::<Vec<_>>()
    };
    assert_eq!(pieces(&one)[0], pieces(&two)[0]);
    assert_ne!(pieces(&one)[1], pieces(&two)[1]);
    assert_eq!(pieces(&one), pieces(&one.clone()));
}

#[test]
fn a_column_may_go_to_another_thread() {
    let ring = filled(1, 600);
    let column = ring.freeze(ALL);
    let there = std::thread::spawn(move || samples(&column)).join().unwrap();
    assert_eq!(there.len(), 600);
}

#[test]
fn a_range_that_ends_where_a_chunk_begins_has_all_that_is_before_and_nothing_of_it() {
    let chunk = i64::try_from(CHUNK_SLOTS).unwrap();
    // Three sealed chunks and the open one, all full but the last.
    let ring = filled(60, 1_948);
    let whole = ring.freeze(ALL);
    for end in [chunk, 2 * chunk, 3 * chunk] {
        assert_eq!(ring.freeze(0..end).span(), 0..end);
        assert_eq!(whole.slice(0..end).span(), 0..end);
    }
}
