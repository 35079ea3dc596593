//! Rows 1, 2 and 5: what was acknowledged and comes through crashes, checkpoints and stops.

use treering_persist::{FindingKind, Options, SyncPolicy};
use treering_tests::{SimDisk, held};

use super::{
    DAY_S, HOST, HOUR_S, T, checkpoint, files, got, kill, options, own_snapshot, pass, put, start, start_on,
    stop,
};

/// One sample a minute, each with a value of its own.
fn minutes(from_s: i64, count: u16) -> Vec<(i64, f32)> {
    (0..count).map(|k| (from_s + 60 * i64::from(k), f32::from(k) + 0.5)).collect()
}

#[test]
fn row_01_samples_that_were_replayed_after_a_crash_are_in_the_next_snapshot() {
    let disk = SimDisk::new();
    let all = minutes(T - DAY_S, 1440);
    let store = start(&disk, &options());
    put(&store, "load", &all[..1000]);
    let disk = kill(&disk, store);

    let store = start(&disk, &options());
    put(&store, "load", &all[1000..]);
    let disk = stop(&disk, store);

    assert_eq!(got(&start(&disk, &options()), "load"), all);
}

#[test]
fn row_01_samples_that_came_through_several_crashes_are_in_the_next_snapshot() {
    let mut disk = SimDisk::new();
    let all = minutes(T - DAY_S, 500);
    for (index, piece) in all.chunks(100).enumerate() {
        let store = start(&disk, &options());
        put(&store, "load", piece);
        if index == 2 {
            checkpoint(&store);
        }
        disk = kill(&disk, store);
    }
    let store = start(&disk, &options());
    checkpoint(&store);
    assert_eq!(files(&disk, ".wal"), [""; 0], "all of it is covered, so no log is left");
    assert_eq!(got(&start(&kill(&disk, store), &options()), "load"), all);
}

#[test]
fn row_01_what_was_salvaged_from_a_damaged_snapshot_is_in_the_next_one() {
    let disk = SimDisk::new();
    let mut bytes = own_snapshot(T, T + 600, 0, &[("load", 60, T, &[1.0, 2.0]), ("mem", 10, T, &[3.0])]);
    // A bit of a value of "load".
    let value = bytes.windows(4).position(|bytes| bytes == 2.0_f32.to_le_bytes()).unwrap();
    bytes[value] ^= 1;
    disk.write_file(format!("{HOST}/{T}.bin"), &bytes).unwrap();

    let (store, report) = start_on(disk.clone(), &options());
    assert!(report.findings.iter().any(|finding| finding.kind == FindingKind::DamagedSnapshot), "{report:?}");
    assert_eq!(got(&store, "mem"), [(T, 3.0)], "the sound column is used");
    let report = store.close();
    assert_eq!(report.quarantined.len(), 1, "and the file is set aside when that is safe");
    drop(store);

    let store = start(&disk.crash(), &options());
    assert_eq!(got(&store, "mem"), [(T, 3.0)]);
}

#[test]
fn row_02_late_sample_is_in_the_next_snapshot() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "load", &minutes(T - 2 * HOUR_S, 100));
    checkpoint(&store);
    pass(&disk, HOUR_S);
    // Between the samples of the snapshot, on one of them, before all of them; and a new one.
    let late = [(T - 2 * HOUR_S + 600, -1.0), (T - 600, -2.0), (T - 5 * HOUR_S, -3.0), (T + HOUR_S, 4.0)];
    put(&store, "load", &late);
    let before = held(&store);
    checkpoint(&store);
    assert_eq!(files(&disk, ".wal"), [""; 0], "their log is gone");

    let store = start(&kill(&disk, store), &options());
    assert_eq!(held(&store), before);
    for sample in late {
        assert!(got(&store, "load").contains(&sample), "{sample:?}");
    }
}

#[test]
fn row_02_late_sample_survives_a_crash_and_the_checkpoint_after_it() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "load", &[(T, 1.0)]);
    checkpoint(&store);
    put(&store, "load", &[(T - 600, 2.0), (T, 3.0)]);
    let disk = kill(&disk, store);
    let disk = stop(&disk, start(&disk, &options()));
    assert_eq!(got(&start(&disk, &options()), "load"), [(T - 600, 2.0), (T, 3.0)]);
}

#[test]
fn row_02_late_sample_of_days_ago_gets_a_place_in_front_of_all_files() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "flops", &[(T, 1.0)]);
    checkpoint(&store);
    put(&store, "flops", &[(T - 10 * DAY_S, 2.0), (T - 5 * DAY_S, 3.0)]);
    let disk = stop(&disk, store);
    assert!(files(&disk, ".bin").len() >= 3, "no file spans the gap");
    let all = [(T - 10 * DAY_S, 2.0), (T - 5 * DAY_S, 3.0), (T, 1.0)];
    assert_eq!(got(&start(&disk, &options()), "flops"), all);
}

#[test]
fn row_05_clean_stop_gives_back_the_newest_sample_at_every_phase() {
    for phase_s in 0..60 {
        let disk = SimDisk::new();
        pass(&disk, phase_s);
        let mut all = minutes(T - HOUR_S, 61);
        let store = start(&disk, &options());
        put(&store, "load", &all[..40]);
        // A checkpoint in the middle, then the stop: the newest sample is at the wall clock or up to a minute older.
        checkpoint(&store);
        put(&store, "load", &all[40..]);
        put(&store, "mem", &[(T + phase_s, 7.0)]);
        let disk = stop(&disk, store);

        let store = start(&disk, &options());
        assert_eq!(got(&store, "load"), all, "phase {phase_s}");
        assert_eq!(got(&store, "mem"), [(T + phase_s, 7.0)]);
        all.push((T + 60, 9.0));
        put(&store, "load", &all[61..]);
        assert_eq!(got(&start(&stop(&disk, store), &options()), "load"), all, "phase {phase_s}");
    }
}

#[test]
fn row_02_segment_that_a_snapshot_covers_fills_in_with_its_newest_values() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "load", &[(T, 1.0), (T + 60, 5.0), (T, 2.0)]);
    put(&store, "load", &[(T, 3.0)]);
    let disk = kill(&disk, store);
    // Its snapshot was durable, the process died before the segment was removed, and then a bit of the column flipped.
    let log = disk.read(format!("{HOST}/current.wal")).unwrap();
    disk.remove(format!("{HOST}/current.wal")).unwrap();
    disk.write_file(format!("{HOST}/sealed.1.wal"), log).unwrap();
    let mut bytes = own_snapshot(T, T + 120, 1, &[("load", 60, T, &[3.0, 5.0])]);
    let value = bytes.windows(4).position(|bytes| bytes == 5.0_f32.to_le_bytes()).unwrap();
    bytes[value] ^= 1;
    disk.write_file(format!("{HOST}/{T}.bin"), bytes).unwrap();
    let (store, report) = start_on(disk.clone(), &options());
    assert_eq!(got(&store, "load"), [(T, 3.0), (T + 60, 5.0)]);
    assert_eq!((report.samples_from_logs, report.merged), (2, 2));
}

#[test]
fn row_02_older_segment_that_a_power_cut_brings_back_changes_nothing() {
    let always = Options { sync: SyncPolicy::Always, ..options() };
    // Two segments have a value for the same slot; one checkpoint covers and removes both.
    let run = |stop_before| {
        let disk = SimDisk::new();
        let store = start(&disk, &always);
        put(&store, "load", &[(T, 1.0)]);
        let disk = kill(&disk, store);
        let store = start(&disk, &always);
        put(&store, "load", &[(T, 2.0)]);
        disk.stop_before(disk.operations() + stop_before);
        store.checkpoint();
        disk
    };
    for k in 0.. {
        let disk = run(k);
        let finished = !disk.died();
        for cut in disk.power_cuts() {
            let store = start(&disk.power_cut(cut), &always);
            assert_eq!(got(&store, "load"), [(T, 2.0)], "{cut} before operation {k} of the checkpoint");
        }
        if finished {
            assert!(k > 10, "the checkpoint has {k} operations");
            return;
        }
    }
}
