//! Rows 10, 12 and 15: the log when it grows, when it cannot, and when it was cut.

use std::sync::Arc;
use std::thread;

use treering_level::Sample;
use treering_persist::{Options, WriteError};
use treering_tests::{Found, SimDisk};

use super::{HOST, T, files, got, kill, options, put, start, start_on, stop, try_put};

#[test]
fn row_10_log_at_its_limit_forces_a_snapshot_of_that_host() {
    const LIMIT: u64 = 2000;
    let limited = Options { log_bytes_max: LIMIT, ..options() };
    let disk = SimDisk::new();
    let store = start(&disk, &limited);
    let other = store.host("alpha", "n2").unwrap();
    let series = store.resolve(&other, &[], "load").unwrap();
    store.write(&other, &[Sample { series, time_s: T, value: 1.0 }]).unwrap();
    let mut all = Vec::new();
    for k in 0_u8..200 {
        let sample = (T + i64::from(k), f32::from(k));
        put(&store, "flops", &[sample]);
        all.push(sample);
        let log = disk.tree().get(std::path::Path::new("/store/alpha/n1/current.wal")).copied();
        assert!(log.is_none_or(|log| log < Found::File(LIMIT + 200)), "{log:?} after {k}");
        // At no moment does the log go before a snapshot has it.
        if k % 10 == 9 {
            assert_eq!(got(&start(&disk.fork(), &limited), "flops"), all);
        }
    }
    assert!(!files(&disk, ".bin").is_empty());
    assert!(disk.read("/store/alpha/n2/current.wal").is_some(), "the other host is left alone");
}

#[test]
fn row_12_full_disk_is_an_error_that_the_caller_sees() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "flops", &[(T, 1.0)]);
    let mut acknowledged = vec![(T, 1.0)];
    disk.limit_bytes(Some(2500));
    let mut failed = Vec::new();
    for k in 1_u8..100 {
        let sample = (T + i64::from(k), f32::from(k));
        match try_put(&store, "flops", &[sample]) {
            Ok(outcome) => {
                assert_eq!(outcome.stored, 1);
                acknowledged.push(sample);
            }
            Err(WriteError::NotLogged { .. }) => failed.push(sample),
            Err(other) => panic!("{other}"),
        }
    }
    assert!(acknowledged.len() > 10 && failed.len() > 10);
    assert!(!store.status().is_healthy());
    // What was answered with Ok is in the log, what was not is in memory, and reads go on.
    assert_eq!(got(&start(&disk.fork(), &options()), "flops"), acknowledged);
    assert_eq!(got(&store, "flops").len(), acknowledged.len() + failed.len());

    // Space returns: the next checkpoint has all of it.
    disk.limit_bytes(None);
    let disk = stop(&disk, store);
    assert_eq!(got(&start(&disk, &options()), "flops").len(), acknowledged.len() + failed.len());
}

#[test]
fn row_12_every_sample_of_many_writers_is_in_the_log_when_it_is_acknowledged() {
    const WRITERS: u8 = 4;
    const BATCHES: i64 = 200;
    let disk = SimDisk::new();
    let store = Arc::new(start(&disk, &options()));
    let host = store.host("alpha", "n1").unwrap();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (store, host) = (Arc::clone(&store), host.clone());
            scope.spawn(move || {
                let series = store.resolve(&host, &[&format!("core{writer}")], "flops").unwrap();
                for k in 0..BATCHES {
                    let sample = Sample { series, time_s: T - k, value: f32::from(writer) };
                    assert_eq!(store.write(&host, &[sample]).unwrap().stored, 1);
                }
            });
        }
        // Checkpoints go on meanwhile.
        for _ in 0..20 {
            assert!(store.checkpoint().failed.is_empty());
        }
    });
    drop(host);
    let store = Arc::into_inner(store).unwrap();
    let expected = u64::from(WRITERS) * BATCHES.unsigned_abs();
    assert_eq!(start(&kill(&disk, store), &options()).status().counts.samples, expected);
}

#[test]
fn row_15_nothing_is_appended_behind_a_torn_tail() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "flops", &[(T, 1.0)]);
    let whole = disk.read(format!("{HOST}/current.wal")).unwrap().len();
    put(&store, "flops", &[(T + 1, 2.0)]);
    let disk = kill(&disk, store);
    let bytes = disk.read(format!("{HOST}/current.wal")).unwrap();

    // The second record was cut at any byte, or is there with a wrong one.
    for cut in whole..=bytes.len() {
        let torn = disk.fork();
        let mut left = bytes[..cut].to_vec();
        if cut == bytes.len() {
            left[cut - 1] ^= 1;
        }
        torn.write_file(format!("{HOST}/current.wal"), left).unwrap();
        let (store, report) = start_on(torn.clone(), &options());
        assert_eq!(report.torn_tails, u64::from(cut > whole), "{report:?}");
        put(&store, "flops", &[(T + 2, 3.0)]);
        put(&store, "flops", &[(T + 3, 4.0)]);
        // What came after the first crash is there after the second.
        let (store, _) = start_on(kill(&torn, store), &options());
        assert_eq!(got(&store, "flops"), [(T, 1.0), (T + 2, 3.0), (T + 3, 4.0)], "cut at {cut}");
    }
}

#[test]
fn row_15_log_that_was_cut_within_its_first_bytes_takes_no_new_ones() {
    for len in 0..4 {
        let disk = SimDisk::new();
        disk.write_file(format!("{HOST}/current.wal"), &0xCC1D_A701_u32.to_le_bytes()[..len]).unwrap();
        let (store, _) = start_on(disk.clone(), &options());
        put(&store, "flops", &[(T, 1.0)]);
        let (store, _) = start_on(kill(&disk, store), &options());
        assert_eq!(got(&store, "flops"), [(T, 1.0)], "{len} bytes");
    }
}
