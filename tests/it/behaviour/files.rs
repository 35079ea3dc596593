//! Rows 6 and 13: which files count, and which wins.

use std::time::Duration;

use treering_persist::Options;
use treering_tests::SimDisk;

use super::{
    HOST, HOUR_S, T, checkpoint, files, got, kill, options, own_snapshot, pass, put, snapshot, start,
    start_on, stop,
};

#[test]
fn row_06_file_with_an_old_name_and_young_samples_is_loaded_and_kept() {
    let keeping = Options { retention: Some(Duration::from_secs(48 * 3600)), ..options() };
    let disk = SimDisk::new();
    let store = start(&disk, &keeping);
    put(&store, "load", &[(T, 1.0)]);
    checkpoint(&store);
    // The next file is called after the checkpoint before, and holds all up to 40 hours later.
    let later: Vec<_> = (1..=40).map(|hours| (T + hours * HOUR_S, 2.0)).collect();
    pass(&disk, 40 * HOUR_S);
    put(&store, "load", &later);
    checkpoint(&store);

    // By their names both files are 49 hours old; the second holds samples of 9 hours ago.
    pass(&disk, 9 * HOUR_S);
    put(&store, "load", &[(T + 49 * HOUR_S, 3.0)]);
    assert_eq!(store.apply_retention().files_deleted, 1);
    assert_eq!(files(&disk, ".bin"), [format!("{}.bin", T + 1)]);

    let (store, report) = start_on(kill(&disk, store), &keeping);
    assert_eq!(report.snapshots, 1);
    assert_eq!(got(&store, "load").len(), 41, "the whole file is loaded");
}

#[test]
fn row_06_newest_file_is_loaded_however_old_it_is() {
    let keeping = Options { retention: Some(Duration::from_secs(48 * 3600)), ..options() };
    let disk = SimDisk::new();
    let store = start(&disk, &keeping);
    put(&store, "load", &[(T, 1.0)]);
    let disk = stop(&disk, store);
    pass(&disk, 500 * HOUR_S);
    assert_eq!(got(&start(&disk, &keeping), "load"), [(T, 1.0)]);
}

#[test]
fn row_13_overlapping_snapshots_load_and_the_higher_stem_wins_slot_by_slot() {
    const NONE: f32 = f32::NAN;
    let disk = SimDisk::new();
    disk.write_file(format!("{HOST}/100.bin"), snapshot(100, T, &[("load", 60, T, &[1.0, 2.0, 3.0, 4.0])]))
        .unwrap();
    disk.write_file(
        format!("{HOST}/300.bin"),
        snapshot(300, T, &[("load", 60, T + 60, &[20.0, NONE, 40.0, 50.0])]),
    )
    .unwrap();
    // Written after the clock stepped back: a higher stem, and columns that begin before all others.
    disk.write_file(
        format!("{HOST}/400.bin"),
        own_snapshot(400, T, 0, &[("load", 60, T - 60, &[-1.0, NONE, 200.0])]),
    )
    .unwrap();
    let store = start(&disk, &options());
    let expected =
        [(T - 60, -1.0), (T, 1.0), (T + 60, 200.0), (T + 120, 3.0), (T + 180, 40.0), (T + 240, 50.0)];
    assert_eq!(got(&store, "load"), expected);

    // It goes on from there.
    put(&store, "load", &[(T + 300, 6.0), (T, 1.5)]);
    checkpoint(&store);
    let store = start(&kill(&disk, store), &options());
    let mut expected = expected.to_vec();
    expected[1].1 = 1.5;
    expected.push((T + 300, 6.0));
    assert_eq!(got(&store, "load"), expected);
}

#[test]
fn row_02_file_in_front_of_all_takes_no_name_that_a_damaged_one_has() {
    let disk = SimDisk::new();
    disk.write_file(format!("{HOST}/{}.bin", T - 1), b"not a snapshot").unwrap();
    disk.write_file(format!("{HOST}/{T}.bin"), own_snapshot(T, T + 1, 0, &[("flops", 1, T, &[1.0])]))
        .unwrap();
    let (store, _) = start_on(disk.clone(), &options());
    put(&store, "flops", &[(T - 20 * super::DAY_S, 2.0)]);
    let report = store.checkpoint();
    assert!(report.failed.is_empty(), "{report:?}");
}
