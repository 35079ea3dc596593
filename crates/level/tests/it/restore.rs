//! Columns and log records that come back from disk.

use treering_level::{Aggregation, Column, Fill, RestoreError, Restored, Values};

use crate::setup::{T0, Told, ask, configured_tree, host, metric, points, put, restore, taking_tree};

#[test]
fn a_column_fills_or_overwrites_and_is_dirty_or_not_as_the_caller_says() {
    let tree = taking_tree();
    let host = host(&tree);
    let mut guard = host.lock();
    let newer = [Values::Native(&[1.0, f32::NAN, 3.0])];
    let older = [Values::Native(&[7.0, 8.0, f32::NAN, 9.0])];
    let column = |values| Column { start_s: T0, interval_s: 60, values };
    let (index, restored) = guard.restore(&["a"], "m", column(&newer), Fill::EmptySlots, false).unwrap();
    assert_eq!(restored, Restored { stored: 2, merged: 0 });
    assert!(guard.series_view(index).unwrap().ring().dirty().is_empty());
    let (again, restored) = guard.restore(&["a"], "m", column(&older), Fill::EmptySlots, true).unwrap();
    assert_eq!((again, restored), (index, Restored { stored: 2, merged: 1 }));
    assert_eq!(guard.samples(), 4);
    assert!(guard.series_view(index).unwrap().ring().dirty().contains(1));
    assert_eq!(guard.restore_column(index, column(&older), Fill::Overwrite, false).unwrap().stored, 3);
    assert_eq!(guard.samples(), 4);
    drop(guard);
    let answer = ask(&tree, &["c", "h", "a"], "m", (T0, T0 + 240)).unwrap();
    assert_eq!(answer.values, [7.0, 8.0, 3.0, 9.0]);
    assert_eq!(host.lock().journal().0, [], "what comes from disk is not logged again");
}

#[test]
fn a_record_is_replayed_without_journal_or_bounds_and_is_dirty() {
    let tree = configured_tree(&[("m", metric(60, Aggregation::None))]);
    let host = host(&tree);
    let mut guard = host.lock();
    let series = guard.restore_series(&["a"], "m", 10).unwrap();
    assert_eq!(guard.series_view(series).unwrap().interval_s(), 60);
    let stored = |stored, merged| Ok(Restored { stored, merged });
    assert_eq!(guard.replay(series, T0, f32::NAN, Fill::Overwrite), stored(0, 0));
    assert_eq!(guard.series_view(series).unwrap().ring().grid(), None, "a NaN sets no grid");
    assert_eq!(guard.replay(series, T0 + 7, 1.0, Fill::Overwrite), stored(1, 0));
    assert_eq!(guard.replay(series, T0 + 8, 2.0, Fill::Overwrite), stored(1, 1));
    assert_eq!(guard.replay(series, T0 + 9, 3.0, Fill::EmptySlots), stored(0, 1));
    assert_eq!(guard.replay(series, T0 + 67, 4.0, Fill::EmptySlots), stored(1, 0));
    assert_eq!(guard.replay(series, T0 - 1_000_000, 5.0, Fill::Overwrite), stored(1, 0));
    assert_eq!((guard.samples(), guard.journal().0.len()), (3, 0));
    assert_eq!(guard.series_view(series).unwrap().ring().dirty().slots(), 3);
    for fill in [Fill::Overwrite, Fill::EmptySlots] {
        let wild = guard.replay(series, i64::MAX, 1.0, fill);
        assert!(matches!(wild, Err(RestoreError::Column(_))), "{wild:?}");
    }
    assert_eq!(guard.samples(), 3);
    drop(guard);
    let answer = ask(&tree, &["c", "h", "a"], "m", (T0, T0 + 120)).unwrap();
    assert_eq!(points(&answer), [(T0 + 7, 2.0), (T0 + 67, 4.0)]);
}

#[test]
fn an_interval_of_zero_is_a_typed_error_and_counts_only_where_it_is_needed() {
    let tree = configured_tree(&[("m", metric(60, Aggregation::None))]);
    let host = host(&tree);
    let column = Column { start_s: T0, interval_s: 0, values: &[Values::Native(&[1.0])] };
    let mut guard = host.lock();
    let refused = guard.restore(&["a"], "unknown", column, Fill::EmptySlots, true).unwrap_err();
    assert_eq!(refused, RestoreError::ZeroInterval);
    assert_eq!((guard.series_count(), guard.level_count()), (0, 0));
    assert_eq!(guard.restore_series(&["a"], "unknown", 0), Err(RestoreError::ZeroInterval));
    assert!(guard.restore_series(&["a"], "m", 0).is_ok());
    let refused = guard.restore(&["a"], "m", column, Fill::EmptySlots, true).unwrap_err();
    assert!(matches!(refused, RestoreError::Column(_)), "{refused}");
}

#[test]
fn an_index_that_is_gone_or_foreign_is_stale() {
    let tree = taking_tree();
    let host = host(&tree);
    let other = tree.host_or_insert_with("c", "other", Told::default).unwrap();
    let foreign = restore(&other, &[], "m", T0, 60, &[1.0]);
    restore(&host, &[], "m", T0, 60, &[1.0]);
    let gone = restore(&host, &["a"], "m", T0, 60, &[1.0]);
    let mut guard = host.lock();
    guard.free_before(T0 + 60);
    for index in [gone, foreign] {
        assert_eq!(guard.replay(index, T0, 1.0, Fill::Overwrite), Err(RestoreError::Stale));
        let column = Column { start_s: T0, interval_s: 60, values: &[Values::Native(&[1.0])] };
        let refused = guard.restore_column(index, column, Fill::Overwrite, true);
        assert_eq!(refused, Err(RestoreError::Stale));
    }
    assert_eq!((guard.samples(), other.lock().samples()), (0, 1));
}

#[test]
fn a_restored_series_takes_new_samples_on_the_grid_it_came_with() {
    let tree = taking_tree();
    let host = host(&tree);
    let restored = restore(&host, &["a"], "m", T0 + 13, 60, &[1.0]);
    assert_eq!(host.lock().resolve(&["a"], "m"), Ok(restored));
    put(&tree, &["c", "h", "a"], "m", &[(T0 + 80, 2.0)]);
    let answer = ask(&tree, &["c", "h", "a"], "m", (T0, T0 + 120)).unwrap();
    assert_eq!(points(&answer), [(T0 + 13, 1.0), (T0 + 73, 2.0)]);
}
