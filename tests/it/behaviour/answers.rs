//! Rows 21 and 26: what queries and writes are answered.

use treering_level::{Aggregation, Metric, Query, ResolveError, Sample, Selector};
use treering_persist::{AddressError, Options, Store, WriteError};
use treering_tests::SimDisk;

use super::{DAY_S, T, checkpoint, got, kill, options, start, stop};

fn write(store: &Store, level: &str, samples: &[(i64, f32)]) {
    let host = store.host("alpha", "n1").unwrap();
    let series = store.resolve(&host, &["socket0", level], "mem").unwrap();
    let samples: Vec<Sample> =
        samples.iter().map(|(time_s, value)| Sample { series, time_s: *time_s, value: *value }).collect();
    assert_eq!(store.write(&host, &samples).unwrap().refused.total(), 0);
}

/// The sum over `socket0`, with NaN as `None`.
fn sum(store: &Store, from_s: i64, to_s: i64) -> (i64, Vec<Option<f32>>) {
    let path = ["alpha", "n1", "socket0"].map(Selector::from).to_vec();
    let answer = store.read(&Query { path, metric: "mem".to_owned(), from_s, to_s }).unwrap();
    assert_eq!(answer.interval_s, 10);
    (
        answer.start_s,
        answer.values.into_iter().map(|value| Some(value).filter(|value| !value.is_nan())).collect(),
    )
}

#[test]
fn row_21_children_of_different_length_and_phase_add_up_on_the_grid_of_the_first() {
    let disk = SimDisk::new();
    let mut store = start(&disk, &options());
    // core0 gives the grid; core1 is a sample short and 4 s off, core2 begins late and has a gap.
    write(&store, "core2", &[(T + 10, 100.0), (T + 30, 100.0), (T + 40, 100.0)]);
    write(&store, "core1", &[(T + 4, 10.0), (T + 14, 10.0), (T + 24, 10.0), (T + 34, 10.0)]);
    write(&store, "core0", &[(T, 1.0), (T + 10, 2.0), (T + 20, 3.0), (T + 30, 4.0), (T + 40, 5.0)]);
    let expected = (T - 20, vec![None, None, None, Some(112.0), None, Some(114.0), None, None]);
    for _ in 0..3 {
        assert_eq!(sum(&store, T - 20, T + 60), expected);
    }
    checkpoint(&store);
    // The same answer after every restart.
    let disk = kill(&disk, store);
    store = start(&disk, &options());
    assert_eq!(sum(&store, T - 20, T + 60), expected);
    store = start(&stop(&disk, store), &options());
    assert_eq!(sum(&store, T - 20, T + 60), expected);
    assert_eq!(sum(&store, T + 15, T + 35), (T + 20, vec![None, Some(114.0)]));
}

#[test]
fn row_21_where_a_child_has_a_long_gap_there_is_no_sum() {
    let store = start(&SimDisk::new(), &options());
    let begin_s = T - 20_000;
    let ends = [(begin_s, 1.0), (T, 2.0)];
    let all: Vec<_> = (0..=2000).map(|k| (begin_s + 10 * k, 10.0)).collect();
    write(&store, "core0", &all);
    write(&store, "core1", &ends);
    let (_, values) = sum(&store, begin_s, T + 10);
    let there: Vec<usize> = (0..values.len()).filter(|k| values[*k].is_some()).collect();
    assert_eq!((there, values[0], values[2000]), (vec![0, 2000], Some(11.0), Some(12.0)));
}

#[test]
fn row_21_series_of_the_level_itself_answers_alone() {
    let store = start(&SimDisk::new(), &options());
    write(&store, "core0", &[(T, 1.0)]);
    write(&store, "core1", &[(T, 2.0)]);
    assert_eq!(sum(&store, T, T + 10), (T, vec![Some(3.0)]));
    super::put(&store, "mem", &[(T, 7.0)]);
    assert_eq!(sum(&store, T, T + 10), (T, vec![Some(7.0)]));
}

#[test]
fn row_26_every_write_says_what_was_stored_and_why_the_rest_was_not() {
    let keeping = Options { retention: Some(std::time::Duration::from_secs(3600)), ..options() };
    let disk = SimDisk::new();
    let store = start(&disk, &keeping);
    let host = store.host("alpha", "n1").unwrap();
    let series = store.resolve(&host, &["socket0"], "flops").unwrap();
    let other = store.host("alpha", "n2").unwrap();
    let strange = store.resolve(&other, &["socket0"], "flops").unwrap();
    let sample = |series, time_s, value| Sample { series, time_s, value };
    let batch = [
        sample(series, T - DAY_S, 1.0),
        sample(series, T, 2.0),
        sample(series, T + DAY_S, 3.0),
        sample(series, T - 1, f32::NAN),
        sample(strange, T, 5.0),
        sample(series, T - 2, 6.0),
        sample(series, T, 7.0),
    ];
    let outcome = store.write(&host, &batch).unwrap();
    let refused = outcome.refused;
    assert_eq!(outcome.stored, 3);
    let counted = [refused.too_old, refused.too_far_ahead, refused.not_a_number, refused.stale];
    assert_eq!((counted, refused.total()), ([1, 1, 1, 1], 4));

    // What was counted as stored is what there is, now and after a crash.
    assert_eq!(got(&store, "flops"), [(T - 2, 6.0), (T, 7.0)]);
    let store = start(&kill(&disk, store), &keeping);
    assert_eq!(got(&store, "flops"), [(T - 2, 6.0), (T, 7.0)]);
}

#[test]
fn row_26_unknown_metric_is_an_error_and_so_is_a_closed_store() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    let host = store.host("alpha", "n1").unwrap();
    let error = store.resolve(&host, &[], "nobody_knows").unwrap_err();
    assert!(matches!(error, AddressError::Series(ResolveError::UnknownMetric { .. })), "{error}");
    let series = store.resolve(&host, &[], "load").unwrap();
    let disk = {
        store.close();
        let late = store.write(&host, &[Sample { series, time_s: T, value: 1.0 }]);
        assert!(matches!(late, Err(WriteError::Closed)));
        drop(host);
        kill(&disk, store)
    };
    assert_eq!(start(&disk, &options()).status().counts.samples, 0);
}

#[test]
fn row_26_metric_that_is_only_found_on_disk_is_readable_and_takes_nothing() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    super::put(&store, "mem", &[(T, 1.0)]);
    let disk = stop(&disk, store);
    let load = Metric { interval_s: 60, aggregation: Aggregation::Sum };
    let without = Options { metrics: vec![("load".to_owned(), load)], ..options() };
    let store = start(&disk, &without);
    assert_eq!(got(&store, "mem"), [(T, 1.0)]);
    let host = store.host("alpha", "n1").unwrap();
    let error = store.resolve(&host, &["socket0"], "mem").unwrap_err();
    assert!(matches!(error, AddressError::Series(ResolveError::NotConfigured { .. })), "{error}");
}
