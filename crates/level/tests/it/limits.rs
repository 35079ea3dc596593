//! Every limit, from both sides: ingest and files.

use treering_level::{
    Column, Counts, DEPTH_MAX, Fill, HostError, Limits, ReadError, ResolveError, RestoreError, Values,
};

use crate::setup::{T0, Told, ask, host, limited_tree, put};

fn small() -> Limits {
    Limits { hosts_max: 2, levels_per_host_max: 3, series_per_host_max: 4, depth_max: 2, query_slots_max: 10 }
}

fn column<'a>(values: &'a [Values<'static>; 1]) -> Column<'a> {
    Column { start_s: T0, interval_s: 60, values }
}

const ONE: [Values<'static>; 1] = [Values::Native(&[1.0])];

#[test]
fn the_default_depth_is_64_levels() {
    let tree = limited_tree(Limits::default());
    assert_eq!((DEPTH_MAX, tree.limits().depth_max), (64, 64));
    let host = host(&tree);
    let path: Vec<String> = (0..65).map(|level| format!("l{level}")).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let refused = host.lock().resolve(&path, "m").unwrap_err();
    assert_eq!(refused, ResolveError::TooDeep { levels: 65, levels_max: 64 });
    assert_eq!(refused.to_string(), "the path has 65 levels, allowed are 64");
    let refused = host.lock().restore(&path, "m", column(&ONE), Fill::EmptySlots, true).unwrap_err();
    assert_eq!(refused, RestoreError::TooDeep { levels: 65, levels_max: 64 });
    assert_eq!(host.lock().level_count(), 0);
    let deepest = host.lock().resolve(&path[..64], "m").unwrap();
    let guard = host.lock();
    let view = guard.series_view(deepest).unwrap();
    assert!(view.path().iter().map(|name| &**name).eq(path[..64].iter().copied()));
}

#[test]
fn a_host_too_many_is_refused_and_nothing_is_made_for_it() {
    let tree = limited_tree(small());
    let first = tree.host_or_insert_with("a", "1", Told::default).unwrap();
    tree.host_or_insert_with("b", "1", Told::default).unwrap();
    let refused = tree.host_or_insert_with("a", "2", || panic!("made")).unwrap_err();
    assert_eq!(refused, HostError::TooManyHosts { hosts_max: 2 });
    let again = tree.host_or_insert_with("a", "1", || panic!("made")).unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &again));
    drop((first, again));
    tree.remove_empty_host("a", "1").unwrap();
    tree.host_or_insert_with("a", "2", Told::default).unwrap();
}

#[test]
fn a_level_too_many_is_refused_and_none_of_its_path_is_made() {
    let tree = limited_tree(small());
    let host = host(&tree);
    let mut guard = host.lock();
    guard.resolve(&["a", "b"], "m").unwrap();
    let refused = guard.resolve(&["c", "d"], "m").unwrap_err();
    assert_eq!(refused, ResolveError::TooManyLevels { levels_max: 3 });
    let refused = guard.restore(&["c", "d"], "m", column(&ONE), Fill::EmptySlots, true).unwrap_err();
    assert_eq!(refused, RestoreError::TooManyLevels { levels_max: 3 });
    assert_eq!((guard.level_count(), guard.series_count()), (2, 1));
    guard.resolve(&["a", "c"], "m").unwrap();
    assert_eq!(guard.level_count(), 3);
}

#[test]
fn a_series_too_many_is_refused_and_room_comes_back_when_one_is_freed() {
    let tree = limited_tree(small());
    for name in ["1", "2", "3", "4"] {
        put(&tree, &["c", "h"], name, &[(T0, 1.0)]);
    }
    let host = host(&tree);
    let mut guard = host.lock();
    let refused = guard.resolve(&["a"], "5").unwrap_err();
    assert_eq!(refused, ResolveError::TooManySeries { series_max: 4 });
    let refused = guard.restore(&["a"], "5", column(&ONE), Fill::EmptySlots, true).unwrap_err();
    assert_eq!(refused, RestoreError::TooManySeries { series_max: 4 });
    assert_eq!((guard.level_count(), guard.series_count()), (0, 4));
    assert!(guard.resolve(&[], "1").is_ok());
    guard.free_before(T0 + 60);
    assert_eq!(guard.resolve(&["a"], "5").unwrap().number(), 4, "numbers are not used again");
}

#[test]
fn an_answer_too_long_is_refused_and_one_as_long_as_allowed_is_given() {
    let tree = limited_tree(small());
    put(&tree, &["c", "h"], "m", &[(T0, 1.0)]);
    assert_eq!(ask(&tree, &["c", "h"], "m", (T0, T0 + 600)).unwrap().values.len(), 10);
    let refused = ask(&tree, &["c", "h"], "m", (T0, T0 + 601)).unwrap_err();
    assert_eq!(refused, ReadError::RangeTooLarge { slots: 11, slots_max: 10 });
    let refused = ask(&tree, &["c", "h"], "m", (i64::MIN, i64::MAX)).unwrap_err();
    assert!(matches!(refused, ReadError::RangeTooLarge { slots, .. } if slots > 1 << 48), "{refused}");
}

#[test]
fn row_22_a_range_of_any_size_takes_no_memory_before_it_is_refused() {
    let tree = limited_tree(Limits::default());
    put(&tree, &["c", "h"], "m", &[(T0, 1.0)]);
    let info = allocation_counter::measure(|| {
        assert!(matches!(ask(&tree, &["c", "h"], "m", (0, i64::MAX)), Err(ReadError::RangeTooLarge { .. })));
    });
    assert!(info.bytes_total < 1024, "{} bytes", info.bytes_total);
}

#[test]
fn refusals_change_no_count() {
    let tree = limited_tree(small());
    let before = tree.counts();
    assert_eq!(before, Counts::default());
    let host = host(&tree);
    for path in [&["a", "b", "c"][..], &["a\n"], &["a", ""]] {
        host.lock().resolve(path, "m").unwrap_err();
    }
    assert_eq!(tree.counts(), Counts { hosts: 1, ..before });
}
