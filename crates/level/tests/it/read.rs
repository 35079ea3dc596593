//! Queries: which series answer, how they are combined, and what is refused.

use treering_level::{Aggregation, Answer, ReadError, Selector};

use crate::setup::{T0, Told, ask, ask_for, configured_tree, host, metric, plain, points, put, taking_tree};

const AVG: Aggregation = Aggregation::Avg;
const SUM: Aggregation = Aggregation::Sum;

fn tree(aggregation: Aggregation) -> treering_level::Tree<Told> {
    configured_tree(&[("m", metric(60, aggregation))])
}

fn group(names: &[&str]) -> Selector {
    Selector::Group(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn a_levels_own_series_answers_alone() {
    let tree = tree(SUM);
    put(&tree, &["c", "h", "s"], "m", &[(T0, 1.0)]);
    put(&tree, &["c", "h", "s", "core0"], "m", &[(T0, 10.0)]);
    put(&tree, &["c", "h", "s", "core1"], "m", &[(T0, 20.0)]);
    let answer = ask(&tree, &["c", "h", "s"], "m", (T0, T0 + 60)).unwrap();
    assert_eq!(answer, Answer { start_s: T0, interval_s: 60, values: vec![1.0], series: 1 });
}

#[test]
fn a_level_without_it_answers_with_all_series_below_at_whatever_depth() {
    for (aggregation, expected) in [(SUM, 111.0), (AVG, 37.0)] {
        let tree = tree(aggregation);
        put(&tree, &["c", "h", "s"], "m", &[(T0, 1.0)]);
        put(&tree, &["c", "h", "s", "core0"], "m", &[(T0, 10.0)]);
        put(&tree, &["c", "h", "t", "u", "v"], "m", &[(T0, 100.0)]);
        let answer = ask(&tree, &["c", "h"], "m", (T0, T0 + 60)).unwrap();
        assert_eq!(answer, Answer { start_s: T0, interval_s: 60, values: vec![expected], series: 3 });
        // The same from further above.
        for path in [&["c"][..], &[]] {
            assert_eq!(ask(&tree, path, "m", (T0, T0 + 60)).unwrap(), answer);
        }
    }
}

#[test]
fn a_host_that_is_selected_answers_with_its_own_series_a_cluster_with_all_below() {
    let tree = tree(SUM);
    for host in ["h1", "h2"] {
        put(&tree, &["c", host], "m", &[(T0, 10.0)]);
        put(&tree, &["c", host, "socket0"], "m", &[(T0, 1.0)]);
    }
    let all_hosts = vec!["c".into(), Selector::Any];
    assert_eq!(ask_for(&tree, all_hosts, "m", (T0, T0 + 60)).unwrap().values, [20.0]);
    assert_eq!(ask(&tree, &["c"], "m", (T0, T0 + 60)).unwrap().values, [22.0]);
    assert_eq!(ask(&tree, &[], "m", (T0, T0 + 60)).unwrap().values, [22.0]);
}

#[test]
fn several_selected_levels_are_combined() {
    let tree = tree(SUM);
    for (host, level, value) in
        [("h1", "core0", 1.0), ("h1", "core1", 2.0), ("h2", "core0", 4.0), ("h3", "core0", 8.0)]
    {
        put(&tree, &["c", host, level], "m", &[(T0, value)]);
        put(&tree, &["d", host, level], "m", &[(T0, 16.0 * value)]);
    }
    let exact = |name: &str| Selector::from(name);
    for (path, expected, series) in [
        (vec![exact("c"), exact("h1"), exact("core0")], 1.0, 1),
        (vec![exact("c"), exact("h1"), group(&["core1", "core0"])], 3.0, 2),
        (vec![exact("c"), exact("h1"), group(&["core1", "core1", "none"])], 2.0, 1),
        (vec![exact("c"), exact("h1"), Selector::Any], 3.0, 2),
        (vec![exact("c"), Selector::Any, exact("core0")], 13.0, 3),
        (vec![exact("c"), group(&["h3", "h2"])], 12.0, 2),
        (vec![exact("c"), group(&["h3", "h2", "h3"]), exact("core0")], 12.0, 2),
        (vec![Selector::Any, exact("h1"), Selector::Any], 51.0, 4),
        (vec![group(&["d", "c"])], 255.0, 8),
    ] {
        let answer = ask_for(&tree, path.clone(), "m", (T0, T0 + 60)).unwrap();
        assert_eq!((&*answer.values, answer.series), (&[expected][..], series), "{path:?}");
    }
}

#[test]
fn several_series_without_aggregation_are_an_error_and_one_is_none() {
    let tree = tree(Aggregation::None);
    put(&tree, &["c", "h", "a"], "m", &[(T0, 1.0)]);
    assert_eq!(ask(&tree, &["c", "h"], "m", (T0, T0 + 60)).unwrap().values, [1.0]);
    put(&tree, &["c", "h", "b"], "m", &[(T0, 1.0)]);
    let refused = ask(&tree, &["c", "h"], "m", (T0, T0 + 60)).unwrap_err();
    assert!(matches!(refused, ReadError::NoAggregation { series: 2, .. }));
    assert_eq!(
        refused.to_string(),
        "2 series or more of metric \"m\", which has no aggregation to combine them"
    );
    put(&tree, &["c", "h2"], "m", &[(T0, 1.0)]);
    put(&tree, &["c", "h3"], "m", &[(T0, 1.0)]);
    let refused = ask_for(&tree, vec!["c".into(), group(&["h2", "h3"])], "m", (T0, T0 + 60)).unwrap_err();
    assert!(matches!(refused, ReadError::NoAggregation { series: 2, .. }), "{refused}");
}

/// Children of which one is a sample short.
#[test]
fn row_21_the_whole_range_is_answered_and_is_nan_where_any_child_has_nothing() {
    let tree = tree(SUM);
    let samples = |slots: std::ops::Range<i64>| -> Vec<(i64, f32)> {
        slots.map(|slot| (T0 + 60 * slot, 1.0)).collect()
    };
    put(&tree, &["c", "h", "a"], "m", &samples(1..9));
    put(&tree, &["c", "h", "b"], "m", &[&samples(2..4)[..], &samples(5..10)].concat());
    put(&tree, &["c", "h", "c"], "m", &samples(0..8));
    let answer = ask(&tree, &["c", "h"], "m", (T0 - 60, T0 + 660)).unwrap();
    assert_eq!((answer.start_s, answer.series), (T0 - 60, 3));
    let three = Some(3.0);
    let expected = [None, None, None, three, three, None, three, three, three, None, None, None];
    assert_eq!(plain(&answer.values), expected);
    for _ in 0..10 {
        assert_eq!(plain(&ask(&tree, &["c", "h"], "m", (T0 - 60, T0 + 660)).unwrap().values), expected);
    }
}

#[test]
fn a_child_with_nothing_in_the_range_makes_all_of_it_nan() {
    let tree = tree(SUM);
    put(&tree, &["c", "h", "a"], "m", &[(T0, 1.0), (T0 + 60, 1.0)]);
    put(&tree, &["c", "h", "b"], "m", &[(T0 + 6000, 1.0)]);
    let answer = ask(&tree, &["c", "h"], "m", (T0, T0 + 120)).unwrap();
    assert_eq!((plain(&answer.values), answer.series), (vec![None, None], 2));
    // Whichever of them comes first.
    put(&tree, &["c", "h", "0"], "m", &[(T0 - 6000, 1.0)]);
    let answer = ask(&tree, &["c", "h"], "m", (T0, T0 + 120)).unwrap();
    assert_eq!((plain(&answer.values), answer.series), (vec![None, None], 3));
}

#[test]
fn the_grid_is_that_of_the_first_series_in_path_order_and_others_count_in_the_slot_that_takes_them() {
    // The second series is late by each phase in turn.
    for phase_s in -59..60 {
        let tree = tree(SUM);
        put(&tree, &["c", "h", "b"], "m", &(0..5).map(|i| (T0 + 60 * i + phase_s, 10.0)).collect::<Vec<_>>());
        put(&tree, &["c", "h", "a"], "m", &(0..5).map(|i| (T0 + 60 * i, 1.0)).collect::<Vec<_>>());
        let answer = ask(&tree, &["c", "h"], "m", (T0, T0 + 300)).unwrap();
        assert_eq!((answer.start_s, answer.interval_s), (T0, 60));
        // Slot k takes the times from 30 s before its own to 29 s behind it.
        let moved = (phase_s + 30_i64).div_euclid(60);
        let expected: Vec<Option<f32>> =
            (0..5_i64).map(|slot| (0..5).contains(&(slot - moved)).then_some(11.0)).collect();
        assert_eq!(plain(&answer.values), expected, "{phase_s} s");
    }
}

#[test]
fn a_sample_just_outside_the_range_counts_in_a_slot_inside_it() {
    let tree = tree(SUM);
    put(&tree, &["c", "h", "a"], "m", &[(T0, 1.0), (T0 + 60, 1.0)]);
    put(&tree, &["c", "h", "b"], "m", &[(T0 - 30, 10.0), (T0 + 30, 20.0), (T0 + 90, 40.0)]);
    assert_eq!(ask(&tree, &["c", "h"], "m", (T0, T0 + 120)).unwrap().values, [11.0, 21.0]);
    assert_eq!(ask(&tree, &["c", "h"], "m", (T0 + 60, T0 + 61)).unwrap().values, [21.0]);
}

#[test]
fn of_several_samples_in_one_slot_the_latest_counts() {
    let tree = taking_tree();
    let host = host(&tree);
    crate::setup::restore(&host, &["a"], "m", T0, 60, &[100.0, 200.0, 300.0]);
    // The slots of the first take [-30, 29], [30, 89] and [90, 149] around its times; gaps replace nothing.
    crate::setup::restore(
        &host,
        &["b"],
        "m",
        T0 - 30,
        20,
        &[1.0, 2.0, f32::NAN, 4.0, 5.0, f32::NAN, 7.0, 8.0],
    );
    let answer = ask(&tree, &["c", "h"], "m", (T0, T0 + 180)).unwrap();
    assert_eq!((answer.interval_s, &*answer.values), (60, &[102.0, 205.0, 308.0][..]));
}

#[test]
fn a_coarser_series_counts_only_in_the_slots_that_take_its_samples() {
    let tree = taking_tree();
    let host = host(&tree);
    crate::setup::restore(&host, &["a"], "m", T0, 10, &[1.0; 13]);
    crate::setup::restore(&host, &["b"], "m", T0, 60, &[10.0, 20.0, 30.0]);
    let answer = ask(&tree, &["c", "h"], "m", (T0, T0 + 180)).unwrap();
    assert_eq!(answer.interval_s, 10);
    assert_eq!(points(&answer), [(T0, 11.0), (T0 + 60, 21.0), (T0 + 120, 31.0)]);
}

#[test]
fn a_series_that_was_never_written_counts_as_none() {
    let tree = tree(Aggregation::None);
    put(&tree, &["c", "h", "s", "core0"], "m", &[(T0, 1.0)]);
    host(&tree).lock().resolve(&["s"], "m").unwrap();
    host(&tree).lock().resolve(&["s", "core"], "m").unwrap();
    let answer = ask(&tree, &["c", "h", "s"], "m", (T0, T0 + 60)).unwrap();
    assert_eq!((answer.values, answer.series), (vec![1.0], 1));
}

#[test]
fn what_is_not_there_is_said_apart() {
    let tree = tree(SUM);
    put(&tree, &["c", "h", "a"], "m", &[(T0, 1.0)]);
    tree.host_or_insert_with("c", "h2", Told::default).unwrap();
    tree.add_metric("unused", metric(60, SUM)).unwrap();
    let range = (T0, T0 + 60);
    let unknown = ask(&tree, &["c", "h"], "x", range).unwrap_err();
    assert!(matches!(unknown, ReadError::UnknownMetric { .. }));
    assert_eq!(unknown.to_string(), "metric \"x\" is unknown");
    for path in [&["c", "x"][..], &["x", "h"], &["x"]] {
        assert_eq!(ask(&tree, path, "m", range).unwrap_err(), ReadError::UnknownHost, "{path:?}");
    }
    let nothing = ask_for(&tree, vec![Selector::Group(vec![])], "m", range).unwrap_err();
    assert_eq!(nothing, ReadError::UnknownHost);
    for (path, metric) in
        [(&["c", "h", "x"][..], "m"), (&["c", "h", "a", "b"], "m"), (&["c", "h2"], "m"), (&["c"], "unused")]
    {
        let nothing = ask(&tree, path, metric, range).unwrap_err();
        assert!(matches!(nothing, ReadError::NothingFound { .. }), "{path:?}: {nothing}");
    }
    let backward = ask(&tree, &["c", "h"], "m", (5, 4)).unwrap_err();
    assert_eq!(backward, ReadError::BackwardRange { from_s: 5, to_s: 4 });
    let long: Vec<&str> = std::iter::repeat_n("a", 100_000).collect();
    assert!(matches!(ask(&tree, &long, "m", range), Err(ReadError::UnknownHost)));
    let long = [&["c", "h"][..], &long].concat();
    assert!(matches!(ask(&tree, &long, "m", range), Err(ReadError::NothingFound { .. })));
}

#[test]
fn ranges_are_half_open_and_empty_ones_are_answered() {
    let tree = tree(SUM);
    put(&tree, &["c", "h"], "m", &[(T0, 1.0), (T0 + 60, 2.0)]);
    for (from_s, to_s, start_s, expected) in [
        (T0, T0 + 60, T0, vec![Some(1.0)]),
        (T0 + 1, T0 + 61, T0 + 60, vec![Some(2.0)]),
        (T0 - 59, T0 + 1, T0, vec![Some(1.0)]),
        (T0, T0, T0, vec![]),
        (T0 + 1, T0 + 60, T0 + 60, vec![]),
        (T0 - 120, T0 - 60, T0 - 120, vec![None]),
        (T0 + 120, T0 + 240, T0 + 120, vec![None, None]),
    ] {
        let answer = ask(&tree, &["c", "h"], "m", (from_s, to_s)).unwrap();
        assert_eq!((answer.start_s, plain(&answer.values)), (start_s, expected), "{from_s}..{to_s}");
    }
}

#[test]
fn samples_at_the_ends_of_time_can_be_asked_for() {
    let max = treering_level::TIME_MAX_S;
    for time_s in [-max, max] {
        let tree = tree(SUM);
        put(&tree, &["c", "h", "a"], "m", &[(time_s, 1.0)]);
        put(&tree, &["c", "h", "b"], "m", &[(time_s, 2.0)]);
        let range = if time_s > 0 { (time_s - 60, i64::MAX) } else { (i64::MIN, time_s + 60) };
        assert_eq!(points(&ask(&tree, &["c", "h"], "m", range).unwrap()), [(time_s, 3.0)]);
    }
}

#[test]
fn single_series_come_back_bit_for_bit() {
    let tree = tree(AVG);
    let values = [-0.0, f32::MIN_POSITIVE / 8.0, f32::MAX, f32::NEG_INFINITY, 0.1];
    let samples: Vec<(i64, f32)> = (0..).zip(values).map(|(slot, value)| (T0 + 60 * slot, value)).collect();
    put(&tree, &["c", "h", "a"], "m", &samples);
    let answer = ask(&tree, &["c", "h"], "m", (T0, T0 + 300)).unwrap();
    assert!(answer.values.iter().map(|value| value.to_bits()).eq(values.map(f32::to_bits)));
}

#[test]
fn more_series_than_are_frozen_at_once_are_all_counted() {
    let tree = tree(SUM);
    for core in 0..700 {
        put(&tree, &["c", "h", &format!("core{core}")], "m", &[(T0, 1.0)]);
    }
    let answer = ask(&tree, &["c", "h"], "m", (T0, T0 + 60)).unwrap();
    assert_eq!((answer.series, answer.values), (700, vec![700.0]));
}

#[test]
fn what_an_answer_costs_depends_on_what_is_held_and_asked_not_on_the_gap_between() {
    let tree = taking_tree();
    let host = host(&tree);
    // A child on another grid with a gap of ten million years in it.
    crate::setup::restore(&host, &["a"], "m", T0, 60, &[1.0]);
    crate::setup::restore(&host, &["b"], "m", T0, 1, &[2.0]);
    let far = host.lock().find(&["b"], "m").unwrap();
    host.lock().replay(far, T0 + 300_000_000_000_000, 1.0, treering_level::Fill::EmptySlots).unwrap();
    let info = allocation_counter::measure(|| {
        let answer = ask(&tree, &["c", "h"], "m", (T0, T0 + 600)).unwrap();
        assert_eq!(points(&answer), [(T0, 3.0)]);
    });
    assert!(info.bytes_total < 4096, "{} bytes", info.bytes_total);
}
