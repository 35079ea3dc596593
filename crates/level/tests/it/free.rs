//! Retention: chunks, series, levels and names go when nothing needs them any more.

use treering_level::{Bounds, Counts, Freed, ReadError, Sample};

use crate::setup::{T0, Told, ask, host, points, put, taking_tree};

#[test]
fn whole_chunks_before_the_limit_go_and_the_rest_stays() {
    let tree = taking_tree();
    let samples: Vec<(i64, f32)> = (0..1000).map(|slot| (T0 + 60 * slot, 1.0)).collect();
    put(&tree, &["c", "h", "a"], "m", &samples);
    put(&tree, &["c", "h", "b", "deep"], "m", &samples[..100]);
    let host = host(&tree);
    let before = tree.counts();
    let freed = host.lock().free_before(T0 + 60 * 600);
    assert_eq!(Freed { bytes: 0, ..freed }, Freed { samples: 512 + 100, bytes: 0, series: 1, levels: 2 });
    assert!(freed.bytes >= 4 * 612, "{freed:?}");
    assert_eq!(before, Counts { hosts: 1, levels: 3, series: 2, samples: 1100 });
    assert_eq!(tree.counts(), Counts { hosts: 1, levels: 1, series: 1, samples: 488 });
    let answer = ask(&tree, &["c", "h", "a"], "m", (T0, T0 + 60_000)).unwrap();
    assert_eq!(points(&answer), samples[512..]);
    assert_eq!(host.lock().free_before(T0 + 60 * 600), Freed::default());
}

#[test]
fn chunks_that_go_a_few_series_at_a_time_leave_their_series_to_the_end() {
    let tree = taking_tree();
    let samples: Vec<(i64, f32)> = (0..1000).map(|slot| (T0 + 60 * slot, 1.0)).collect();
    for level in ["a", "b", "c", "d"] {
        put(&tree, &["c", "h", level], "m", &samples);
    }
    put(&tree, &["c", "h", "e"], "m", &samples[..100]);
    let host = host(&tree);
    let limit_s = T0 + 60 * 600;
    let some = |from| host.lock().free_chunks_before(limit_s, from..from + 2);
    let mut freed = some(0);
    assert_eq!(Freed { bytes: 0, ..freed }, Freed { samples: 1024, ..Freed::default() });
    assert_eq!(tree.counts(), Counts { hosts: 1, levels: 5, series: 5, samples: 3076 });
    freed += some(2);
    freed += some(4);
    freed += some(6);
    assert_eq!(tree.counts(), Counts { hosts: 1, levels: 5, series: 5, samples: 4 * 488 });
    let rest = host.lock().free_before(limit_s);
    assert_eq!(rest, Freed { samples: 0, bytes: 0, series: 1, levels: 1 });
    freed += rest;
    assert_eq!(Freed { bytes: 0, ..freed }, Freed { samples: 4 * 512 + 100, bytes: 0, series: 1, levels: 1 });
    assert!(freed.bytes >= 4 * 2148, "{freed:?}");
}

#[test]
fn a_level_stays_as_long_as_a_series_below_it_does() {
    let tree = taking_tree();
    put(&tree, &["c", "h", "a", "b"], "old", &[(T0, 1.0)]);
    put(&tree, &["c", "h", "a"], "old", &[(T0, 1.0)]);
    put(&tree, &["c", "h", "a", "b", "c"], "new", &[(T0 + 6000, 1.0)]);
    put(&tree, &["c", "h", "a", "b", "d"], "old", &[(T0, 1.0)]);
    let host = host(&tree);
    let freed = host.lock().free_before(T0 + 60);
    assert_eq!((freed.series, freed.levels), (3, 1));
    let guard = host.lock();
    let left: Vec<String> = guard.series().map(|series| crate::setup::name_of(&series)).collect();
    assert_eq!(left, ["a/b/c/new"]);
    drop(guard);
    assert_eq!(host.lock().free_before(T0 + 12_000).levels, 3);
}

#[test]
fn the_index_of_a_freed_series_is_stale_for_ever_and_its_names_get_another() {
    let tree = taking_tree();
    let host = host(&tree);
    let mut guard = host.lock();
    let mut given = Vec::new();
    for round in 0..10 {
        let series = guard.resolve(&["a"], "m").unwrap();
        assert_eq!(series.number(), round);
        given.push(series);
        let time_s = T0 + 60 * i64::from(round);
        for (age, series) in given.iter().rev().enumerate() {
            let outcome = guard.write(&[Sample { series: *series, time_s, value: 1.0 }], Bounds::NONE);
            assert_eq!((outcome.stored, outcome.refused.stale), if age == 0 { (1, 0) } else { (0, 1) });
        }
        guard.free_before(time_s + 60);
        assert_eq!((guard.series_count(), guard.level_count(), guard.samples()), (0, 0, 0));
    }
}

#[test]
fn a_series_that_was_resolved_but_never_written_goes_too() {
    let tree = taking_tree();
    let host = host(&tree);
    let mut guard = host.lock();
    let never = guard.resolve(&["a"], "m").unwrap();
    let freed = guard.free_before(i64::MIN);
    assert_eq!(freed, Freed { series: 1, levels: 1, ..Freed::default() });
    assert!(guard.series_view(never).is_none());
    assert_ne!(guard.resolve(&["a"], "m").unwrap(), never);
}

#[test]
fn series_that_stay_keep_their_index_when_others_around_them_go() {
    let tree = taking_tree();
    let host = host(&tree);
    let mut kept = Vec::new();
    for number in 0..100_u16 {
        let name = format!("m{number}");
        let newer = number % 7 == 3;
        put(&tree, &["c", "h", "a"], &name, &[(T0 + if newer { 60_000 } else { 0 }, f32::from(number))]);
        if newer {
            kept.push((host.lock().find(&["a"], &name).unwrap(), name, number));
        }
    }
    let mut guard = host.lock();
    assert_eq!(guard.free_before(T0 + 60).series, 100 - kept.len());
    for (index, name, number) in &kept {
        assert_eq!(guard.find(&["a"], name), Some(*index));
        let view = guard.series_view(*index).unwrap();
        assert_eq!((view.index(), view.metric()), (*index, &**name));
        assert_eq!(view.ring().latest().unwrap().1, f32::from(*number));
        assert_eq!(view.path().len(), 1);
    }
    let sorted: Vec<&str> = guard.series().map(|series| series.metric()).collect();
    assert!(sorted.is_sorted(), "{sorted:?}");
    assert_eq!(sorted.len(), kept.len());
}

#[test]
fn a_query_finds_nothing_where_all_was_freed() {
    let tree = taking_tree();
    put(&tree, &["c", "h"], "m", &[(T0, 1.0)]);
    put(&tree, &["c", "h"], "other", &[(T0 + 6000, 1.0)]);
    let host = host(&tree);
    host.lock().free_before(T0 + 60);
    // The name is gone from the tree with its last series.
    assert!(matches!(ask(&tree, &["c", "h"], "m", (T0, T0 + 60)), Err(ReadError::UnknownMetric { .. })));
}

#[test]
fn only_an_empty_host_that_nobody_holds_is_taken_out() {
    let tree = taking_tree();
    put(&tree, &["c", "h"], "m", &[(T0, 1.0)]);
    assert_eq!(tree.remove_empty_host("c", "h"), None, "it has a series");
    assert_eq!(tree.remove_empty_host("c", "x"), None);
    let held = host(&tree);
    held.lock().free_before(T0 + 60);
    assert_eq!(tree.remove_empty_host("c", "h"), None, "it is held");
    drop(held);
    let told = tree.remove_empty_host("c", "h");
    assert_eq!(told, Some(Told(vec![("m".to_owned(), T0, 1.0)])));
    assert!(tree.host("c", "h").is_none());
    assert!(tree.hosts().is_empty());
    put(&tree, &["c", "h"], "m", &[(T0, 2.0)]);
    assert_eq!(tree.counts().samples, 1);
}
