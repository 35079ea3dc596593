//! Rows 8 and 18: where samples lie in time, before and after any restart.

use std::time::Duration;

use treering_level::{Aggregation, Metric};
use treering_persist::{Options, Store};
use treering_tests::{SimDisk, held};

use super::{HOST, HOUR_S, T, checkpoint, got, kill, options, pass, put, snapshot, start, start_on, stop};

/// Values that a careless hand would change.
const DELICATE: [f32; 12] = [
    0.0,
    -0.0,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::MIN_POSITIVE,
    1.0e-45,
    f32::MAX,
    f32::MIN,
    0.04,
    16_777_217.0,
    -1.5,
    f32::EPSILON,
];

#[test]
fn row_08_restarts_change_no_time_and_no_bit() {
    let mut disk = SimDisk::new();
    let mut store = start(&disk, &options());
    let mut series = 0;
    for (restart, value) in (0_i64..).zip(DELICATE.into_iter().chain(DELICATE)) {
        pass(&disk, 61);
        let now_s = T + 61 * (restart + 1);
        // The first sample sets a grid; the others come up to half an interval beside it.
        for (metric, off_s) in [("load", [0, 29, -30, 7]), ("mem", [0, 4, -5, 1]), ("flops", [0, 0, 0, 0])] {
            let off_s = off_s[usize::try_from(restart % 4).unwrap()];
            put(&store, metric, &[(now_s - off_s, value)]);
        }
        if restart % 5 == 4 {
            checkpoint(&store);
        }
        let before = held(&store);
        disk = if restart % 3 == 2 { stop(&disk, store) } else { kill(&disk, store) };
        store = start(&disk, &options());
        assert_eq!(held(&store), before, "restart {restart}");
        series = before.len();
    }
    assert_eq!(series, 3);
    assert!(
        got(&store, "flops")
            .iter()
            .map(|(_, value)| value.to_bits())
            .eq(DELICATE.into_iter().chain(DELICATE).map(f32::to_bits))
    );
}

#[test]
fn row_08_grid_outlives_the_sample_that_set_it() {
    let keeping = Options { retention: Some(Duration::from_secs(3600)), ..options() };
    let disk = SimDisk::new();
    let store = start(&disk, &keeping);
    put(&store, "load", &[(T, 1.0)]);
    checkpoint(&store);
    // 20 s beside the grid, and only in the log when the file with the first sample is deleted.
    pass(&disk, HOUR_S + 80);
    put(&store, "load", &[(T + 60 * 60 + 80, 2.0)]);
    put(&store, "load", &[(T + 140, 3.0)]);
    assert_eq!(store.apply_retention().files_deleted, 1);
    let young =
        |store: &Store| got(store, "load").into_iter().filter(|(time_s, _)| *time_s > T).collect::<Vec<_>>();
    let before = young(&store);
    assert_eq!(before, [(T + 120, 3.0), (T + 3660, 2.0)]);
    assert_eq!(young(&start(&kill(&disk, store), &keeping)), before);
}

#[test]
fn row_08_series_that_retention_emptied_keeps_its_grid_while_a_file_or_a_log_has_it() {
    let keeping = Options { retention: Some(Duration::from_secs(3600)), ..options() };
    for in_a_file in [false, true] {
        let disk = SimDisk::new();
        let store = start(&disk, &keeping);
        put(&store, "load", &[(T, 1.0)]);
        pass(&disk, HOUR_S);
        // Younger, so that the file stays.
        put(&store, "mem", &[(T + HOUR_S, 2.0)]);
        if in_a_file {
            checkpoint(&store);
        }
        pass(&disk, HOUR_S / 2);
        put(&store, "mem", &[(T + HOUR_S * 3 / 2, 2.0)]);
        assert_eq!(store.apply_retention().samples_freed, 1);
        put(&store, "load", &[(T + HOUR_S * 3 / 2 + 20, 3.0)]);
        let young = |store: &Store| {
            got(store, "load").into_iter().filter(|(time_s, _)| *time_s > T).collect::<Vec<_>>()
        };
        let before = young(&store);
        assert_eq!(before.len(), 1);
        assert_eq!(young(&start(&kill(&disk, store), &keeping)), before, "in a file: {in_a_file}");
    }
}

#[test]
fn row_08_series_that_nothing_tells_of_any_more_is_forgotten() {
    let keeping = Options { retention: Some(Duration::from_secs(3600)), ..options() };
    let disk = SimDisk::new();
    let store = start(&disk, &keeping);
    put(&store, "load", &[(T, 1.0)]);
    checkpoint(&store);
    pass(&disk, 2 * HOUR_S);
    put(&store, "mem", &[(T + 2 * HOUR_S, 2.0)]);
    assert_eq!(store.apply_retention().files_deleted, 1);
    checkpoint(&store);
    store.apply_retention();
    assert_eq!(store.status().counts.series, 1);
}

#[test]
fn row_08_late_first_record_of_a_log_does_not_move_the_grid() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "load", &[(T, 1.0)]);
    checkpoint(&store);
    put(&store, "load", &[(T - 600 + 25, 2.0), (T + 60, 3.0)]);
    let expected = [(T - 600, 2.0), (T, 1.0), (T + 60, 3.0)];
    assert_eq!(got(&store, "load"), expected);
    let disk = kill(&disk, store);
    let store = start(&disk, &options());
    assert_eq!(got(&store, "load"), expected);
    assert_eq!(got(&start(&stop(&disk, store), &options()), "load"), expected);
}

fn at_interval(interval_s: u32) -> Options {
    let metric = Metric { interval_s, aggregation: Aggregation::Sum };
    Options { metrics: vec![("load".to_owned(), metric)], ..options() }
}

#[test]
fn row_18_coarser_interval_merges_and_counts() {
    for crash in [false, true] {
        let disk = SimDisk::new();
        let store = start(&disk, &at_interval(10));
        put(&store, "load", &(0_u8..12).map(|k| (T + 10 * i64::from(k), f32::from(k))).collect::<Vec<_>>());
        let disk = if crash { kill(&disk, store) } else { stop(&disk, store) };

        // Slots of 60 s take what lies up to 30 s before their time: 0..=2, 3..=8, 9..=11.
        let (store, report) = start_on(disk.clone(), &at_interval(60));
        assert_eq!(got(&store, "load"), [(T, 2.0), (T + 60, 8.0), (T + 120, 11.0)]);
        assert_eq!(report.merged, 9, "after a crash: {crash}");
        put(&store, "load", &[(T + 180, 99.0)]);
        let before = held(&store);
        assert_eq!(held(&start(&stop(&disk, store), &at_interval(60))), before);
    }
}

#[test]
fn row_18_finer_interval_merges_nothing() {
    let disk = SimDisk::new();
    let store = start(&disk, &at_interval(60));
    let all: Vec<_> = (0_u8..5).map(|k| (T + 60 * i64::from(k), f32::from(k))).collect();
    put(&store, "load", &all);
    let disk = stop(&disk, store);

    let (store, report) = start_on(disk.clone(), &at_interval(10));
    assert_eq!((got(&store, "load"), report.merged), (all.clone(), 0));
    put(&store, "load", &[(T + 10, 9.0)]);
    let before = held(&store);
    assert_eq!(got(&store, "load").len(), all.len() + 1);
    assert_eq!(held(&start(&stop(&disk, store), &at_interval(10))), before);
}

#[test]
fn row_18_late_sample_for_a_file_of_another_interval_is_kept_with_its_neighbours() {
    let disk = SimDisk::new();
    disk.write_file(
        format!("{HOST}/{T}.bin"),
        snapshot(T, T + 40, &[("load", 10, T, &[1.0, 2.0, 3.0, 4.0])]),
    )
    .unwrap();
    let (store, _) = start_on(disk.clone(), &at_interval(60));
    put(&store, "load", &[(T + 300, 9.0)]);
    checkpoint(&store);
    put(&store, "load", &[(T - 120, 7.0)]);
    let before = held(&store);
    assert_eq!(before.values().next().unwrap().samples.len(), 4, "-120, 0, 60 and 300");
    let disk = stop(&disk, store);
    assert_eq!(held(&start(&disk, &at_interval(60))), before);
}
