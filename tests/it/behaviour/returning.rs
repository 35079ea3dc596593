//! Row 7: what was written while a file could not be read, or was damaged, counts when that file is back.

use treering_persist::{FindingKind, Options, Store, SyncPolicy};
use treering_tests::{Errno, Fault, Faults, Operation, PowerCut, Rule, SimDisk};
use treering_wal::{Batch, FILE_MAGIC, Template};

use super::{HOST, T, checkpoint, files, got, kill, options, own_snapshot, put, start, start_on};

fn unlogged() -> Options {
    Options { sync: SyncPolicy::Unlogged, ..options() }
}

/// Starts where something is wrong.
fn start_anyway(disk: &SimDisk, options: &Options) -> Store {
    start_on(disk.clone(), options).0
}

#[test]
fn row_07_log_with_a_record_that_no_series_can_hold_stays_and_overwrites_nothing_that_came_later() {
    let template = Template::new("flops", ["socket0"]).unwrap();
    let mut batch = Batch::new();
    for (time_s, value) in [(i64::MAX, 2.0), (T, 1.0), (T + 1, 1.0)] {
        batch.push(&template, time_s, value);
    }
    let log = [&FILE_MAGIC.to_le_bytes(), batch.bytes()].concat();
    let disk = SimDisk::new();
    disk.write_file(format!("{HOST}/current.wal"), log.clone()).unwrap();

    let mut disk = disk;
    for life in [unlogged(), options(), unlogged()] {
        let (store, report) = start_on(disk.clone(), &life);
        let kinds: Vec<_> = report.findings.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, [FindingKind::Unplaced], "{report:?}");
        assert_eq!(store.health().degraded.len(), 1);
        let value = got(&store, "flops")[0].1 + 1.0;
        put(&store, "flops", &[(T, value)]);
        assert!(store.close().failed.is_empty());
        disk = kill(&disk, store);
        assert_eq!(got(&start_anyway(&disk, &life), "flops"), [(T, value), (T + 1, 1.0)]);
    }
    let kept: Vec<_> = files(&disk, ".wal").iter().map(|name| disk.read(format!("{HOST}/{name}"))).collect();
    assert!(kept.contains(&Some(log)), "{:?}", files(&disk, ".wal"));
}

#[test]
fn row_07_what_is_written_over_a_snapshot_in_the_middle_that_cannot_be_read_counts_when_it_can() {
    for life in [unlogged(), options()] {
        let disk = SimDisk::new();
        let store = start(&disk, &options());
        for second in [0, 100, 200] {
            put(&store, "flops", &[(T + second, 1.0), (T + second + 9, 1.0)]);
            checkpoint(&store);
        }
        let disk = kill(&disk, store);
        assert_eq!(files(&disk, ".bin")[1], "1700000001.bin");
        let unreadable = Rule::from(0, Fault::Error(Errno::Eio)).on(Operation::ReadAt).path("1700000001.bin");
        disk.set_faults(unreadable.into());
        let store = start_anyway(&disk, &life);
        // In it, and before all that there is.
        put(&store, "flops", &[(T + 100, 9.0), (T - 50, 8.0)]);
        checkpoint(&store);
        let disk = kill(&disk, store);
        disk.set_faults(Faults::none());
        let rest = [(T, 1.0), (T + 9, 1.0), (T + 100, 9.0), (T + 109, 1.0), (T + 200, 1.0), (T + 209, 1.0)];
        let expected: Vec<_> = [(T - 50, 8.0)].into_iter().chain(rest).collect();
        assert_eq!(got(&start(&disk, &life), "flops"), expected);
    }
}

/// A damaged snapshot of an old sample, which is sound in it; and a sound one of a newer sample.
fn damaged_and_sound(old_s: i64) -> SimDisk {
    let disk = SimDisk::new();
    let mut damaged =
        own_snapshot(old_s, old_s + 1, 0, &[("flops", 1, old_s, &[1.0]), ("load", 60, old_s, &[1.0])]);
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    disk.write_file(format!("{HOST}/{old_s}.bin"), damaged).unwrap();
    let sound = own_snapshot(T, T + 1, 0, &[("flops", 1, T, &[2.0])]);
    disk.write_file(format!("{HOST}/{T}.bin"), sound).unwrap();
    disk
}

/// So long ago that no sound snapshot takes it up.
const OLD_S: i64 = T - 300_000;

#[test]
fn row_07_damaged_snapshot_that_a_lost_sync_brings_back_hides_nothing_that_was_written_over_it() {
    let mut failed = 0;
    for k in 0..8 {
        let disk = damaged_and_sound(OLD_S);
        let store = start_anyway(&disk, &options());
        put(&store, "flops", &[(OLD_S, 3.0)]);
        store.sync().unwrap();
        let lost = Rule::once(k, Fault::SyncDrops).on(Operation::SyncDir).path("alpha/n1");
        disk.set_faults(lost.into());
        failed += store.checkpoint().failed.len();
        disk.set_faults(Faults::none());
        for _ in 0..2 {
            assert!(store.heal().failed.is_empty());
            checkpoint(&store);
        }
        let store = start_anyway(&disk.power_cut(PowerCut::Nothing), &options());
        assert_eq!(got(&store, "flops"), [(OLD_S, 3.0), (T, 2.0)], "sync {k} of the directory");
    }
    assert!(failed > 3, "{failed}");
}

#[test]
fn row_07_snapshots_do_not_grow_in_number_while_a_damaged_one_can_go_nowhere() {
    let disk = damaged_and_sound(OLD_S);
    // Where the quarantine should be.
    disk.write_file(format!("{HOST}/quarantine"), Vec::new()).unwrap();
    let store = start_anyway(&disk, &options());
    put(&store, "flops", &[(OLD_S, 3.0)]);
    assert_eq!(store.checkpoint().failed.len(), 1);
    let found = files(&disk, ".bin");
    for _ in 0..5 {
        assert_eq!(store.heal().failed.len(), 1);
    }
    assert_eq!(files(&disk, ".bin"), found);
    disk.remove(format!("{HOST}/quarantine")).unwrap();
    assert!(store.heal().failed.is_empty());
    assert_eq!(files(&disk, ".wal"), [""; 0]);
    let (store, report) = start_on(kill(&disk, store), &options());
    assert_eq!((report.findings, got(&store, "flops")), (vec![], vec![(OLD_S, 3.0), (T, 2.0)]));
}
