//! Checkpoints: what is dirty is frozen in path order, and given back if it cannot be written.

use treering_level::{Bounds, FrozenSeries, HostGuard, Ring, Sample, SeriesIndex, Slot};

use crate::setup::{T0, Told, host, name_of, put, restore, taking_tree};

fn all(_: SeriesIndex, ring: &Ring) -> std::ops::Range<Slot> {
    ring.span().unwrap_or_default()
}

fn dirty(_: SeriesIndex, ring: &Ring) -> std::ops::Range<Slot> {
    ring.dirty().span().unwrap_or_default()
}

fn names(frozen: &[FrozenSeries]) -> Vec<String> {
    frozen
        .iter()
        .map(|series| {
            let names: Vec<&str> = series.path.iter().map(|name| &**name).chain([&*series.metric]).collect();
            names.join("/")
        })
        .collect()
}

fn dirty_slots(guard: &HostGuard<'_, Told>) -> u64 {
    guard.series().map(|series| series.ring().dirty().slots()).sum()
}

#[test]
fn parts_of_what_is_dirty_are_frozen_one_after_the_other() {
    let tree = taking_tree();
    let put_all = |time_s| ["a", "b", "c"].map(|metric| put(&tree, &["c", "h"], metric, &[(time_s, 1.0)]));
    put_all(T0);
    let host = host(&tree);
    let dirty_series = host.lock().dirty_series();
    let mut frozen = Vec::new();
    host.lock().freeze(&dirty_series[..2], dirty, &mut frozen);
    // What comes in between belongs to those that are still to come, and to the next time.
    put_all(T0 + 60);
    put(&tree, &["c", "h"], "aa", &[(T0, 1.0)]);
    host.lock().freeze(&dirty_series[2..], dirty, &mut frozen);
    let slots: Vec<u64> = frozen.iter().map(|series| series.column.slots()).collect();
    assert_eq!((names(&frozen), slots), (["a", "b", "c"].map(str::to_owned).to_vec(), vec![1, 1, 2]));
    host.lock().freeze(&dirty_series, dirty, &mut frozen);
    assert_eq!(names(&frozen[3..]), ["a", "b"]);
    assert_eq!(names(&host.lock().freeze_dirty(dirty)), ["aa"]);
}

#[test]
fn series_come_in_path_order_whatever_order_they_were_made_in() {
    let tree = taking_tree();
    for (path, metric) in [
        (&["c", "h", "socket1"][..], "b"),
        (&["c", "h", "socket0", "core10"], "a"),
        (&["c", "h", "socket0"], "z"),
        (&["c", "h"], "zz"),
        (&["c", "h", "socket0", "core2"], "a"),
        (&["c", "h"], "Z"),
        (&["c", "h", "socket1"], "a"),
        (&["c", "h", "a", "deep", "er"], "m"),
        (&["c", "h"], "a\u{e4}"),
    ] {
        put(&tree, path, metric, &[(T0, 1.0)]);
    }
    let host = host(&tree);
    let mut guard = host.lock();
    let expected = [
        "Z",
        "a\u{e4}",
        "zz",
        "a/deep/er/m",
        "socket0/z",
        "socket0/core10/a",
        "socket0/core2/a",
        "socket1/a",
        "socket1/b",
    ];
    assert_eq!(guard.series().map(|series| name_of(&series)).collect::<Vec<_>>(), expected);
    assert_eq!(names(&guard.freeze_dirty(all)), expected);
}

#[test]
fn only_what_is_dirty_is_frozen_and_then_it_is_clean() {
    let tree = taking_tree();
    let host = host(&tree);
    restore(&host, &["clean"], "m", T0, 60, &[1.0]);
    restore(&host, &["touched"], "m", T0, 60, &[1.0, 2.0]);
    put(&tree, &["c", "h", "touched"], "m", &[(T0 + 60, 5.0), (T0 + 120, 3.0)]);
    let mut guard = host.lock();
    let frozen = guard.freeze_dirty(dirty);
    assert_eq!(names(&frozen), ["touched/m"]);
    assert_eq!((frozen[0].column.start_s(), frozen[0].column.slots()), (T0 + 60, 2));
    assert_eq!(frozen[0].dirty.span(), Some(1..3));
    assert!(guard.freeze_dirty(dirty).is_empty());
    // A range that goes further back than the dirt is frozen as asked.
    guard.give_back(&frozen);
    let frozen = guard.freeze_dirty(all);
    assert_eq!((frozen[0].column.start_s(), frozen[0].column.slots()), (T0, 3));
    assert_eq!(frozen[0].dirty.span(), Some(1..3));
}

#[test]
fn what_is_frozen_does_not_change_and_what_comes_after_is_dirty_again() {
    let tree = taking_tree();
    let host = host(&tree);
    put(&tree, &["c", "h"], "m", &[(T0, 1.0), (T0 + 60, 2.0)]);
    let frozen = host.lock().freeze_dirty(all);
    put(&tree, &["c", "h"], "m", &[(T0, 8.0), (T0 + 120, 9.0)]);
    assert_eq!(frozen[0].column.value_at(0), Some(1.0));
    assert_eq!(frozen[0].column.slots(), 2);
    let mut guard = host.lock();
    assert_eq!(dirty_slots(&guard), 2, "the late one and the new one");
    let second = guard.freeze_dirty(dirty);
    guard.give_back(&second);
    guard.give_back(&frozen);
    assert_eq!(dirty_slots(&guard), 3);
}

#[test]
fn what_was_freed_in_the_meantime_is_not_given_back_to_its_successor() {
    let tree = taking_tree();
    let host = host(&tree);
    put(&tree, &["c", "h", "a"], "m", &[(T0, 1.0)]);
    let frozen = host.lock().freeze_dirty(all);
    host.lock().free_before(T0 + 60);
    put(&tree, &["c", "h", "a"], "m", &[(T0 + 600, 1.0)]);
    let _ = host.lock().freeze_dirty(all);
    host.lock().give_back(&frozen);
    assert_eq!(dirty_slots(&host.lock()), 0);
    assert_eq!(frozen[0].column.value_at(0), Some(1.0), "a frozen column outlives its series");
    // Nor to the series of another host that has the same number.
    let other = tree.host_or_insert_with("c", "other", Told::default).unwrap();
    let series = other.lock().resolve(&[], "m").unwrap();
    other.lock().write(&[Sample { series, time_s: T0, value: 1.0 }], Bounds::NONE);
    let _ = other.lock().freeze_dirty(all);
    other.lock().give_back(&frozen);
    assert_eq!(dirty_slots(&other.lock()), 0);
}
