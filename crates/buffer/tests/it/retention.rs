//! Freeing what is too old.

use treering_buffer::{Freed, Ring, Slot};

use crate::{START_S, dirty, filled, held, write};

#[test]
fn whole_chunks_before_the_limit_are_freed_and_no_sample_behind_it() {
    // Three chunks: slots 0..512, 512..1024, 1024..1300.
    for (limit, kept_from) in [(0, 0_i64), (511, 0), (512, 512), (1023, 512), (1024, 1024), (1299, 1024)] {
        let mut ring = filled(60, 1300);
        let before = ring.memory_bytes();
        let freed = ring.free_before(START_S + limit * 60);
        assert_eq!(freed.samples, kept_from.unsigned_abs(), "limit at slot {limit}");
        assert_eq!(freed.bytes, before - ring.memory_bytes());
        assert_eq!(ring.span(), Some(kept_from..1300));
        assert_eq!(ring.samples(), 1300 - freed.samples);
        assert_eq!(dirty(&ring), [(kept_from, 1300)]);
    }
}

#[test]
fn a_chunk_counts_as_old_by_its_last_sample_not_by_its_window() {
    let mut ring = filled(60, 1);
    write(&mut ring, START_S + 60 * 5000, 1.0);
    assert_eq!(ring.free_before(START_S).samples, 0);
    assert_eq!(ring.free_before(START_S + 1).samples, 1);
    assert_eq!(held(&ring), [(5000, 1.0)]);
}

#[test]
fn a_series_that_is_freed_wholly_keeps_its_grid_and_no_heap() {
    let mut ring = filled(60, 1300);
    let grid = ring.grid();
    let taken = ring.take_dirty();
    write(&mut ring, START_S, 1.0);
    let before = ring.memory_bytes();
    let freed = ring.free_before(START_S + 60 * 1300);
    assert_eq!(freed, Freed { samples: 1300, bytes: before - size_of::<Ring>() });
    assert_eq!((ring.span(), ring.latest(), ring.samples(), ring.is_empty()), (None, None, 0, true));
    assert_eq!(ring.memory_bytes(), size_of::<Ring>());
    assert!(ring.dirty().is_empty());
    // Nothing is left of what was taken.
    ring.give_back(&taken);
    assert!(ring.dirty().is_empty());
    // It goes on where it was, also before.
    write(&mut ring, START_S - 60 * 7 + 1, 7.0);
    assert_eq!((ring.grid(), held(&ring)), (grid, vec![(-7, 7.0)]));
}

#[test]
fn what_is_given_back_after_freeing_is_only_what_is_left() {
    let mut ring = filled(60, 1300);
    let taken = ring.take_dirty();
    ring.free_before(START_S + 60 * 600);
    assert!(ring.dirty().is_empty());
    ring.give_back(&taken);
    assert_eq!(dirty(&ring), [(512, 1300)]);
}

#[test]
fn the_ends_of_time_free_nothing_and_everything() {
    let mut ring = filled(60, 1300);
    assert_eq!(ring.free_before(i64::MIN), Freed::default());
    assert_eq!(ring.free_before(i64::MAX).samples, 1300);
    assert_eq!(ring.free_before(i64::MAX), Freed::default());
    assert_eq!(Ring::new(60).free_before(i64::MAX), Freed::default());
}

#[test]
fn what_a_frozen_column_holds_outlives_the_ring() {
    let mut ring = filled(60, 1300);
    let column = ring.freeze(Slot::MIN..Slot::MAX);
    ring.free_before(i64::MAX);
    assert_eq!(crate::samples(&column).len(), 1300);
}
