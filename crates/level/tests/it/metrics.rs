//! Which metrics are welcome, and at which interval.

use treering_level::{Aggregation, Bounds, Entry, ReadError, ResolveError, Sample};

use crate::setup::{T0, ask, configured_tree, host, metric, points, put, restore, taking_tree};

const NONE: Aggregation = Aggregation::None;

#[test]
fn a_metric_that_nobody_configured_is_refused_where_only_configured_ones_are_taken() {
    let tree = configured_tree(&[("load", metric(60, NONE))]);
    let host = host(&tree);
    let refused = host.lock().resolve(&["a"], "mem").unwrap_err();
    assert!(matches!(refused, ResolveError::UnknownMetric { .. }));
    assert_eq!(refused.to_string(), "metric \"mem\" is not configured");
    assert_eq!(host.lock().level_count(), 0);
    assert!(host.lock().resolve(&["a"], "load").is_ok());
}

#[test]
fn any_metric_is_taken_where_that_is_configured() {
    let tree = taking_tree();
    assert_eq!(put(&tree, &["c", "h"], "mem", &[(T0, 1.0), (T0 + 60, 2.0)]).stored, 2);
    assert_eq!(ask(&tree, &["c", "h"], "mem", (T0, T0 + 120)).unwrap().interval_s, 60);
    assert_eq!(tree.metrics().get("mem"), None, "taking one configures nothing");
}

#[test]
fn a_metric_that_was_only_found_keeps_its_interval_can_be_read_and_takes_no_new_samples() {
    let tree = configured_tree(&[("load", metric(60, NONE))]);
    let host = host(&tree);
    let series = restore(&host, &[], "old", T0, 10, &[1.0, 2.0]);
    assert_eq!(tree.metrics().get("old"), Some(Entry { metric: metric(10, NONE), configured: false }));
    let answer = ask(&tree, &["c", "h"], "old", (T0, T0 + 20)).unwrap();
    assert_eq!((answer.interval_s, points(&answer)), (10, vec![(T0, 1.0), (T0 + 10, 2.0)]));
    let refused = host.lock().resolve(&[], "old").unwrap_err();
    assert!(matches!(refused, ResolveError::NotConfigured { .. }), "{refused}");
    let refused = host.lock().resolve(&["elsewhere"], "old").unwrap_err();
    assert!(matches!(refused, ResolveError::NotConfigured { .. }), "{refused}");
    let sample = Sample { series, time_s: T0 + 20, value: 3.0 };
    let outcome = host.lock().write(&[sample], Bounds::NONE);
    assert_eq!((outcome.stored, outcome.refused.not_configured), (0, 1));
    assert_eq!(host.lock().journal().0, []);

    host.lock().free_before(T0 + 20);
    assert!(matches!(ask(&tree, &["c", "h"], "old", (T0, T0 + 20)), Err(ReadError::NothingFound { .. })));
}

#[test]
fn a_metric_that_was_only_found_takes_new_samples_at_its_interval_where_any_metric_is_taken() {
    let tree = taking_tree();
    let host = host(&tree);
    restore(&host, &[], "old", T0, 10, &[1.0]);
    put(&tree, &["c", "h"], "old", &[(T0 + 10, 2.0)]);
    put(&tree, &["c", "h", "new level"], "old", &[(T0, 3.0), (T0 + 10, 4.0)]);
    let answer = ask(&tree, &["c", "h", "new level"], "old", (T0, T0 + 20)).unwrap();
    assert_eq!((answer.interval_s, points(&answer)), (10, vec![(T0, 3.0), (T0 + 10, 4.0)]));
    assert_eq!(points(&ask(&tree, &["c", "h"], "old", (T0, T0 + 20)).unwrap()), [(T0, 1.0), (T0 + 10, 2.0)]);
}

#[test]
fn a_metric_added_while_running_is_welcome_at_once() {
    let tree = configured_tree(&[]);
    let host = host(&tree);
    assert!(matches!(host.lock().resolve(&[], "m"), Err(ResolveError::UnknownMetric { .. })));
    let found = restore(&host, &[], "found", T0, 10, &[1.0]);
    tree.add_metric("m", metric(30, NONE)).unwrap();
    tree.add_metric("found", metric(60, NONE)).unwrap();
    put(&tree, &["c", "h"], "m", &[(T0, 1.0)]);
    assert_eq!(ask(&tree, &["c", "h"], "m", (T0, T0 + 30)).unwrap().interval_s, 30);
    // Also through an index that was given out before, without resolving again.
    let outcome = host.lock().write(&[Sample { series: found, time_s: T0 + 10, value: 2.0 }], Bounds::NONE);
    assert_eq!(outcome.stored, 1);
    assert_eq!(
        host.lock().series_view(found).unwrap().interval_s(),
        10,
        "a series that is there keeps its interval"
    );
    put(&tree, &["c", "h", "a"], "found", &[(T0, 1.0)]);
    assert_eq!(ask(&tree, &["c", "h", "a"], "found", (T0, T0 + 60)).unwrap().interval_s, 60);
}

#[test]
fn row_18_loaded_samples_are_placed_on_the_configured_grid_by_their_time() {
    for (configured_s, stored, merged, expected) in [
        // Slot 0 takes T0-30 to T0+29, so the samples at T0 to T0+20; slot 1 those at T0+30 to T0+80.
        (60, 2, 6, vec![(T0, 2.0), (T0 + 60, 7.0)]),
        (5, 8, 0, (0..8_u8).map(|i| (T0 + 10 * i64::from(i), f32::from(i))).collect()),
        (10, 8, 0, (0..8_u8).map(|i| (T0 + 10 * i64::from(i), f32::from(i))).collect()),
    ] {
        let tree = configured_tree(&[("m", metric(configured_s, NONE))]);
        let host = host(&tree);
        let values: Vec<f32> = (0..8_u8).map(f32::from).collect();
        let values = [treering_level::Values::Native(&values)];
        let column = treering_level::Column { start_s: T0, interval_s: 10, values: &values };
        let (_, restored) =
            host.lock().restore(&[], "m", column, treering_level::Fill::EmptySlots, false).unwrap();
        assert_eq!((restored.stored, restored.merged), (stored, merged), "to {configured_s} s");
        let answer = ask(&tree, &["c", "h"], "m", (T0, T0 + 120)).unwrap();
        assert_eq!((answer.interval_s, points(&answer)), (configured_s, expected));
        assert_eq!(host.lock().samples(), stored);
    }
}
