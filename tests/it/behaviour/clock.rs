//! Rows 19 and 23: samples from the future, and clocks that jump.

use std::time::Duration;

use treering_persist::Options;
use treering_tests::{SimDisk, check_clean_stop};

use super::{
    DAY_S, HOST, HOUR_S, ROOT, T, checkpoint, got, kill, options, put, snapshot, start, stop, try_put,
};

const YEAR_S: i64 = 365 * DAY_S;

#[test]
fn row_19_sample_of_the_far_future_is_refused_and_the_series_goes_on() {
    let limited = Options { future_limit: Duration::from_secs(600), ..options() };
    let disk = SimDisk::new();
    let store = start(&disk, &limited);
    let batch =
        [(T, 1.0), (T + 50 * YEAR_S, 2.0), (T + 601, 3.0), (i64::MAX, 4.0), (T + 600, 5.0), (T + 60, 6.0)];
    let outcome = try_put(&store, "load", &batch).unwrap();
    assert_eq!((outcome.stored, outcome.refused.too_far_ahead + outcome.refused.time_out_of_range), (3, 3));
    put(&store, "load", &[(T + 120, 7.0)]);
    let expected = [(T, 1.0), (T + 60, 6.0), (T + 120, 7.0), (T + 600, 5.0)];
    assert_eq!(got(&store, "load"), expected);
    assert_eq!(got(&start(&kill(&disk, store), &limited), "load"), expected);
}

#[test]
fn row_19_series_that_was_loaded_from_the_future_goes_on() {
    let keeping = Options { retention: Some(Duration::from_secs(48 * 3600)), ..options() };
    let disk = SimDisk::new();
    let far_s = T + 50 * YEAR_S;
    disk.write_file(format!("{HOST}/{T}.bin"), snapshot(T, far_s, &[("load", 60, far_s, &[9.0])])).unwrap();
    let store = start(&disk, &keeping);
    put(&store, "load", &[(T, 1.0)]);
    assert_eq!(store.apply_retention().samples_freed, 0);
    store.close();
    let store = start(&kill(&disk, store), &keeping);
    let values: Vec<f32> = got(&store, "load").into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, [1.0, 9.0]);
}

#[test]
fn row_23_files_stay_in_order_whatever_the_clock_does() {
    let keeping = Options { retention: Some(Duration::from_secs(48 * 3600)), ..options() };
    for options in [options(), keeping] {
        let mut disk = SimDisk::new();
        let clocks = [T - 1, T - DAY_S, 0, 2_147_483_648, T - YEAR_S, T + 10 * YEAR_S, T];
        for (round, wall_s) in clocks.into_iter().enumerate() {
            let store = start(&disk, &options);
            let now_s = store.now_s();
            put(&store, "load", &[(now_s, 1.0), (now_s - 600, 2.0)]);
            checkpoint(&store);
            // The clock jumps between a checkpoint and what follows it, or while nothing runs.
            if round % 2 == 0 {
                disk.set_wall_s(wall_s);
            }
            put(&store, "load", &[(store.now_s() - 60, 3.0), (store.now_s() + 60, 4.0)]);
            let deleted = store.apply_retention().files_deleted;
            // What a process before this one wrote by a clock of 1970 is old, once the clock is right again.
            assert!(deleted == 0 || round % 2 == 1, "nothing goes within an hour of a jump");
            checkpoint(&store);
            let before = got(&store, "load");
            disk = stop(&disk, store);
            check_clean_stop(&disk, ROOT).unwrap();
            disk.set_wall_s(wall_s);
            // What retention freed may come back with the file that it shares with younger samples.
            let after = got(&start(&disk.fork(), &options), "load");
            let lost: Vec<_> = before.iter().filter(|sample| !after.contains(sample)).collect();
            assert!(lost.is_empty(), "round {round}: {lost:?}");
        }
    }
}

#[test]
fn row_23_start_with_a_clock_far_ahead_removes_nothing() {
    let keeping = Options { retention: Some(Duration::from_secs(48 * 3600)), ..options() };
    let disk = SimDisk::new();
    let store = start(&disk, &keeping);
    put(&store, "load", &[(T - HOUR_S, 1.0), (T, 2.0)]);
    let disk = stop(&disk, store);
    disk.jump_wall_s(YEAR_S);
    let store = start(&disk, &keeping);
    let report = store.apply_retention();
    assert_eq!((report.samples_freed, report.files_deleted), (0, 0));
    assert_eq!(got(&store, "load").len(), 2);
}

#[test]
fn row_23_series_that_retention_emptied_keeps_its_files_in_order_when_the_clock_steps_back() {
    let keeping = Options { retention: Some(Duration::from_secs(48 * 3600)), ..options() };
    let disk = SimDisk::new();
    let store = start(&disk, &keeping);
    // One file: "load" ends in it, "mem" goes on, so that it stays when "load" is out of retention.
    put(&store, "load", &[(T, 1.0)]);
    disk.advance(Duration::from_secs(40 * 3600));
    put(&store, "mem", &[(T + 40 * HOUR_S, 2.0)]);
    checkpoint(&store);
    disk.advance(Duration::from_secs(20 * 3600));
    put(&store, "mem", &[(T + 60 * HOUR_S, 3.0)]);
    let report = store.apply_retention();
    assert_eq!((report.samples_freed, report.files_deleted), (1, 0));

    // The clock steps back, and "load" begins anew before the column that is in the file.
    disk.jump_wall_s(-70 * HOUR_S);
    put(&store, "load", &[(T - 10 * HOUR_S, 4.0)]);
    let store = start(&stop(&disk, store), &keeping);
    assert!(got(&store, "load").contains(&(T - 10 * HOUR_S, 4.0)));
}
