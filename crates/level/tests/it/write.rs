//! Batches: what is stored, what is refused and why, and what the journal is told.

use treering_level::{Aggregation, Bounds, MetricTable, Outcome, Refusal, Refusals, Sample, Tree};

use crate::setup::{T0, Told, ask, configured_tree, host, metric, points, put, restore, taking_tree};

const BOUNDS: Bounds = Bounds { oldest_s: T0, newest_s: T0 + 600 };

#[test]
fn row_26_each_sample_is_counted_once_as_stored_or_by_its_reason_and_takes_no_other_along() {
    let tree = configured_tree(&[("m", metric(60, Aggregation::None))]);
    let other = tree.host_or_insert_with("c", "other", Told::default).unwrap();
    let foreign = other.lock().resolve(&[], "m").unwrap();
    let host = host(&tree);
    let found = restore(&host, &[], "found", T0, 60, &[1.0]);
    let mut guard = host.lock();
    let gone = guard.resolve(&["gone"], "m").unwrap();
    guard.free_before(i64::MIN);
    let series = guard.resolve(&["a"], "m").unwrap();
    let sample = |series, time_s, value| Sample { series, time_s, value };
    let batch = [
        sample(series, T0 + 7, 1.0),
        sample(series, T0 - 1, 2.0),
        sample(gone, T0, 3.0),
        sample(series, T0 + 61, 4.0),
        sample(series, T0 + 601, 5.0),
        sample(foreign, T0, 6.0),
        sample(series, T0, f32::NAN),
        sample(found, T0 + 60, 7.0),
        sample(series, T0 + 8, 8.0),
        sample(series, T0, f32::INFINITY),
    ];
    let mut told = Vec::new();
    let outcome = guard.write_and_tell(&batch, BOUNDS, |place, refusal| told.push((place, refusal)));
    let refused = Refusals {
        too_old: 1,
        too_far_ahead: 1,
        not_a_number: 1,
        stale: 2,
        not_configured: 1,
        ..Refusals::default()
    };
    assert_eq!(outcome, Outcome { stored: 4, refused });
    assert_eq!(outcome.stored + outcome.refused.total(), 10);
    assert_eq!(
        told,
        [
            (1, Refusal::TooOld),
            (2, Refusal::Stale),
            (4, Refusal::TooFarAhead),
            (5, Refusal::Stale),
            (6, Refusal::NotANumber),
            (7, Refusal::NotConfigured),
        ]
    );
    // The journal is told of the accepted ones, in order, with the times they came with.
    let named = |time_s, value| ("a/m".to_owned(), time_s, value);
    assert_eq!(
        guard.journal().0,
        [named(T0 + 7, 1.0), named(T0 + 61, 4.0), named(T0 + 8, 8.0), named(T0, f32::INFINITY)]
    );
    assert_eq!(guard.samples(), 3);
    drop(guard);
    let answer = ask(&tree, &["c", "h", "a"], "m", (T0, T0 + 120)).unwrap();
    assert_eq!(points(&answer), [(T0 + 7, f32::INFINITY), (T0 + 67, 4.0)]);
    assert_eq!(other.lock().samples(), 0);
}

#[test]
fn a_time_that_no_slot_can_have_is_refused_by_its_own_reason() {
    let tree = taking_tree();
    for time_s in [i64::MIN, i64::MAX, treering_level::TIME_MAX_S + 1] {
        let outcome = put(&tree, &["c", "h"], "m", &[(time_s, 1.0), (T0, 1.0)]);
        assert_eq!((outcome.stored, outcome.refused.time_out_of_range), (1, 1), "{time_s}");
    }
}

#[test]
fn row_19_a_sample_from_the_future_is_refused_and_the_series_goes_on() {
    let tree = taking_tree();
    let host = host(&tree);
    let mut guard = host.lock();
    let series = guard.resolve(&[], "m").unwrap();
    for (time_s, stored) in [(T0, 1), (T0 + 1_000_000, 0), (T0 + 60, 1), (T0 + 120, 1)] {
        let outcome = guard.write(&[Sample { series, time_s, value: 1.0 }], BOUNDS);
        assert_eq!(outcome.stored, stored, "{time_s}");
        assert_eq!(outcome.refused.too_far_ahead, 1 - stored);
    }
    assert_eq!(guard.samples(), 3);
}

#[test]
fn an_index_of_another_host_is_stale_even_where_its_number_is_in_use() {
    let tree = taking_tree();
    let other_tree = taking_tree();
    let a = tree.host_or_insert_with("c", "a", Told::default).unwrap();
    let b = tree.host_or_insert_with("c", "b", Told::default).unwrap();
    let elsewhere = other_tree.host_or_insert_with("c", "a", Told::default).unwrap();
    let of_a = a.lock().resolve(&[], "m").unwrap();
    for host in [&b, &elsewhere] {
        let own = host.lock().resolve(&[], "m").unwrap();
        assert_eq!(own.number(), of_a.number());
        assert_ne!(own, of_a);
        let outcome = host.lock().write(&[Sample { series: of_a, time_s: T0, value: 1.0 }], Bounds::NONE);
        assert_eq!((outcome.stored, outcome.refused.stale), (0, 1));
        assert!(host.lock().series_view(of_a).is_none());
    }
}

#[test]
fn a_batch_that_fits_into_memory_held_and_a_resolve_of_what_is_there_allocate_nothing() {
    let tree: Tree<()> = Tree::new(
        MetricTable::taking_unknown(metric(60, Aggregation::Sum)),
        treering_level::Limits::default(),
    );
    let host = tree.host_or_insert_with("c", "h", || ()).unwrap();
    let names: Vec<String> = (0..50).map(|core| format!("core{core}")).collect();
    let samples: Vec<Sample> = names
        .iter()
        .map(|name| {
            let series = host.lock().resolve(&["socket0", name], "m").unwrap();
            Sample { series, time_s: T0, value: 1.0 }
        })
        .collect();
    let next: Vec<Sample> = samples.iter().map(|sample| Sample { time_s: T0 + 60, ..*sample }).collect();
    host.lock().write(&samples, BOUNDS);
    let mut outcome = Outcome::default();
    let info = allocation_counter::measure(|| {
        outcome += host.lock().write(&next, BOUNDS);
        for name in &names {
            assert!(host.lock().resolve(&["socket0", name], "m").is_ok());
        }
        assert!(tree.host("c", "h").is_some());
    });
    assert_eq!((outcome.stored, info.count_total), (50, 0));
}

#[test]
fn refusals_add_up() {
    let all = [
        Refusal::TooOld,
        Refusal::TooFarAhead,
        Refusal::NotANumber,
        Refusal::TimeOutOfRange,
        Refusal::Stale,
        Refusal::NotConfigured,
        Refusal::Name,
    ];
    let mut sum = Refusals::default();
    for (count, refusal) in all.iter().enumerate() {
        let mut one = Refusals::default();
        for _ in 0..1 << count {
            one.count(*refusal);
        }
        assert_eq!(one.total(), 1 << count);
        sum += one;
    }
    assert_eq!(sum.total(), (1 << all.len()) - 1);
    assert_eq!((sum.too_old, sum.too_far_ahead, sum.not_a_number, sum.time_out_of_range), (1, 2, 4, 8));
    assert_eq!((sum.stale, sum.not_configured, sum.name), (16, 32, 64));
}
