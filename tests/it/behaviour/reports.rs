//! Row 16, the other half of it: what a checkpoint and a start say of what they did is what they did.

use std::io::ErrorKind;
use std::time::Duration;

use treering_level::Sample;
use treering_persist::{CheckpointError, Store};
use treering_tests::{Errno, Fault, Found, Operation, Rule, SimDisk};

use super::{T, kill, options, start, start_on};

const HOSTS: [(&str, &str); 3] = [("alpha", "n1"), ("alpha", "n2"), ("beta", "n1")];

/// To the first host `most` samples of each of two series, to each other one fewer.
fn write(store: &Store, from_s: i64, most: i64) {
    for (fewer, (cluster, host)) in (0..).zip(HOSTS) {
        let host = store.host(cluster, host).unwrap();
        for level in ["socket0", "socket1"] {
            let series = store.resolve(&host, &[level], "load").unwrap();
            let sample = |slot| Sample { series, time_s: from_s + 60 * slot, value: 1.0 };
            store.write(&host, &(0..most - fewer).map(sample).collect::<Vec<_>>()).unwrap();
        }
    }
}

/// Files whose names end so, and their bytes.
fn files(disk: &SimDisk, end: &str) -> (u64, u64) {
    let named =
        disk.tree().into_iter().filter(|(path, _)| path.to_str().is_some_and(|path| path.ends_with(end)));
    let lens = named.map(|(path, found)| match found {
        Found::File(len) => len,
        other => panic!("{} is {other:?}", path.display()),
    });
    lens.fold((0, 0), |(files, bytes), len| (files + 1, bytes + len))
}

#[test]
fn row_16_what_a_checkpoint_and_a_start_say_they_did_is_what_they_did() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    assert_eq!(store.status().since_checkpoint, None);
    write(&store, T, 7);
    let report = store.checkpoint();
    disk.advance(Duration::from_secs(5));
    let status = store.status();
    assert_eq!(status.since_checkpoint, Some(Duration::from_secs(5)));
    assert!(status.memory_bytes > 18 * size_of::<f32>(), "{status:?}");
    let (bins, bytes) = files(&disk, ".bin");
    assert_eq!((report.hosts_written, report.files_written, report.bytes), (3, bins, bytes));
    assert_eq!((report.slots, report.segments_dropped, bins), (2 * (7 + 6 + 5), 3, 3));
    assert!(report.failed.is_empty() && report.quarantined.is_empty() && !report.loss.any(), "{report:?}");

    // Samples in logs, one of them with another value for a slot that the snapshot has.
    write(&store, T + 60 * 6, 4);
    let disk = kill(&disk, store);
    let (logs, log_bytes) = files(&disk, ".wal");
    let (store, report) = start_on(disk.clone(), &options());
    assert_eq!((report.hosts, report.snapshots, report.log_segments, logs), (3, bins, logs, 3));
    assert_eq!(report.bytes_read, bytes + log_bytes);
    assert_eq!((report.samples_from_snapshots, report.samples_from_logs), (2 * (7 + 6 + 5), 2 * (4 + 3 + 2)));
    assert_eq!(
        (report.merged, report.torn_tails, report.corrupt_records, report.findings.len()),
        (2, 0, 0, 0)
    );

    // Of what the logs held the next checkpoint has everything, and of the snapshots nothing again.
    let report = store.checkpoint();
    assert_eq!((report.hosts_written, report.slots, report.segments_dropped), (3, 2 * (4 + 3 + 2), 3));
}

#[test]
fn row_16_checkpoint_that_only_tidies_up_has_written_no_host() {
    let disk = SimDisk::new();
    disk.write_file("/store/alpha/n1/5.bin.tmp", "").unwrap();
    let store = start_on(disk.clone(), &options()).0;
    let report = store.checkpoint();
    assert_eq!((report.hosts_written, report.files_written, files(&disk, ".tmp").0), (0, 0, 0));
}

#[test]
fn row_16_why_no_snapshot_can_be_made_is_what_the_system_said() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    write(&store, T, 3);
    disk.set_faults(Rule::from(0, Fault::Error(Errno::Enospc)).on(Operation::Create).path(".tmp").into());
    let report = store.checkpoint();
    assert_eq!(report.failed.len(), 3);
    for failed in report.failed {
        let CheckpointError::Io(failure) = failed.error else { panic!("{:?}", failed.error) };
        assert_eq!((failure.operation, failure.source.kind()), ("create", ErrorKind::StorageFull));
    }
}
