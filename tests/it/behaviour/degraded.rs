//! Row 16: a host that fails keeps what it has and heals by itself, the others go on; and what the store says of it.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use treering_level::Sample;
use treering_persist::{OnDiskFull, Options, Store, SyncPolicy, Worker, WriteError};
use treering_tests::{Errno, Fault, Faults, Operation, PowerCut, Rule, SimDisk, WatchedDisk};

use super::{T, files, got, kill, options, put, start, start_on, stop, try_put};

fn fail(disk: &SimDisk, operation: Operation, path: &str, errno: Errno) {
    let rule = Rule::from(0, Fault::Error(errno)).on(operation).path(path);
    disk.set_faults(Faults::none().with(rule));
}

fn put_other(store: &Store, time_s: i64) {
    let host = store.host("alpha", "n2").unwrap();
    let series = store.resolve(&host, &[], "load").unwrap();
    assert_eq!(store.write(&host, &[Sample { series, time_s, value: 1.0 }]).unwrap().stored, 1);
}

#[test]
fn row_16_host_that_fails_in_a_checkpoint_keeps_everything_and_the_others_go_on() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "load", &[(T, 1.0)]);
    put_other(&store, T);
    fail(&disk, Operation::Append, "n1/1700000000.bin.tmp", Errno::Enospc);
    let report = store.checkpoint();
    assert_eq!((report.hosts_written, report.failed.len()), (1, 1));
    assert_eq!(store.status().failed_checkpoints, 1);
    let degraded = store.health().degraded;
    assert!(matches!(&degraded[..], [host] if host.host == "n1" && host.why.contains("1700000000.bin.tmp")));
    // Nothing is lost if it dies now, and the next window has the whole of it.
    assert_eq!(got(&start(&disk.fork(), &options()), "load"), [(T, 1.0)]);
    put(&store, "load", &[(T + 60, 2.0)]);
    disk.set_faults(Faults::none());
    assert!(store.heal().failed.is_empty() && store.health().is_good());
    assert_eq!(files(&disk, ".wal"), Vec::<String>::new());
    assert_eq!(got(&start(&kill(&disk, store), &options()), "load"), [(T, 1.0), (T + 60, 2.0)]);
}

/// The sync of the segment fails and drops what it should have made durable; then there is no room for the snapshot.
#[test]
fn row_16_segment_whose_sync_failed_is_durable_only_when_a_snapshot_is() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "load", &[(T, 1.0)]);
    let drops = Rule::once(0, Fault::SyncDrops).on(Operation::Sync).path("current.wal");
    let full = Rule::from(0, Fault::Error(Errno::Enospc)).on(Operation::Append).path(".tmp");
    disk.set_faults(Faults::none().with(drops).with(full));
    assert_eq!(store.checkpoint().failed.len(), 1);
    assert!(store.sync().is_err(), "it is in memory only");
    let cut = || got(&start_on(disk.fork().power_cut(PowerCut::Nothing), &options()).0, "load");
    assert_eq!(cut(), []);
    disk.set_faults(Faults::none());
    let report = store.heal();
    assert!(report.failed.is_empty(), "{report:?}");
    store.sync().unwrap();
    assert_eq!(cut(), [(T, 1.0)]);
}

#[test]
fn row_16_worker_heals_a_host_without_a_restart_and_leaves_longer_and_longer_pauses() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "load", &[(T, 1.0)]);
    fail(&disk, Operation::Append, "alpha/n1", Errno::Enospc);
    assert!(matches!(try_put(&store, "load", &[(T + 60, 2.0)]), Err(WriteError::NotLogged(_))));
    let mut tries = 0;
    for _ in 0..600 {
        tries += store.heal_when_due().failed.len();
        disk.advance(Duration::from_secs(1));
    }
    assert_eq!(tries, 15, "at 1, 2, 4, 8, 16, 32 and then 60 s");
    disk.set_faults(Faults::none());
    for _ in 0..60 {
        store.heal_when_due();
        disk.advance(Duration::from_secs(1));
    }
    assert!(store.health().is_good() && !store.needs_healing());
    assert_eq!(got(&start(&kill(&disk, store), &options()), "load"), [(T, 1.0), (T + 60, 2.0)]);
}

#[test]
fn row_16_store_that_is_to_refuse_on_a_full_disk_stores_nothing_until_it_is_healed() {
    let refusing = Options { on_disk_full: OnDiskFull::Refuse, ..options() };
    let disk = SimDisk::new();
    let store = start(&disk, &refusing);
    put(&store, "load", &[(T, 1.0)]);
    disk.limit_bytes(Some(0));
    // The one that finds out is in memory, as it is told.
    assert!(matches!(try_put(&store, "load", &[(T + 60, 2.0)]), Err(WriteError::NotLogged(_))));
    for k in 2..5 {
        let refused = try_put(&store, "load", &[(T + 60 * k, 3.0)]);
        assert!(matches!(refused, Err(WriteError::Refused { why, .. }) if why.contains("current.wal")));
    }
    assert_eq!(got(&store, "load").len(), 2);
    disk.limit_bytes(None);
    assert!(store.heal().failed.is_empty());
    put(&store, "load", &[(T + 120, 3.0)]);
    assert_eq!(
        got(&start(&kill(&disk, store), &refusing), "load"),
        [(T, 1.0), (T + 60, 2.0), (T + 120, 3.0)]
    );
}

#[test]
fn row_16_medium_that_fails_for_good_is_not_filled_with_segments() {
    let always = Options { sync: SyncPolicy::Always, ..options() };
    let disk = SimDisk::new();
    let store = start(&disk, &always);
    put(&store, "load", &[(T, 1.0)]);
    fail(&disk, Operation::Sync, "alpha/n1", Errno::Eio);
    let mut lost = 0;
    for k in 1..300 {
        lost += usize::from(try_put(&store, "load", &[(T - 60 * k, 2.0)]).is_err());
        store.heal_when_due();
        disk.advance(Duration::from_millis(100));
    }
    assert_eq!(lost, 299);
    let segments = files(&disk, ".wal").len();
    assert!(segments < 12, "{segments} segments after half a minute");
    disk.set_faults(Faults::none());
    assert!(store.heal().failed.is_empty());
    put(&store, "load", &[(T, 9.0)]);
    assert_eq!(got(&start(&stop(&disk, store), &always), "load").len(), 300);
}

#[test]
fn status_says_what_a_power_cut_would_cost_now() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    assert_eq!((store.status().unsynced_bytes, store.status().durable_lag), (0, Duration::ZERO));
    put(&store, "load", &[(T, 1.0)]);
    disk.advance(Duration::from_secs(5));
    put(&store, "load", &[(T + 60, 1.0)]);
    let status = store.status();
    assert_eq!((status.unsynced_hosts, status.durable_lag), (1, Duration::from_secs(5)));
    assert!(status.unsynced_bytes > 60 && status.unsynced_bytes <= status.log_bytes, "{status:?}");
    store.sync().unwrap();
    assert_eq!((store.status().unsynced_bytes, store.status().durable_lag), (0, Duration::ZERO));
    disk.advance(Duration::from_secs(7));
    put(&store, "load", &[(T, 2.0), (T - 1_000_000_000_000, 2.0)]);
    disk.advance(Duration::from_secs(1));
    let status = store.status();
    assert_eq!((status.durable_lag, status.writes.stored), (Duration::from_secs(1), 4));
    let refused = try_put(&store, "load", &[(T + 1_000_000, 1.0)]).unwrap().refused;
    assert_eq!((refused.too_far_ahead, store.status().writes.refused), (1, refused));
}

#[test]
fn row_10_worker_takes_the_snapshot_that_a_full_log_forces() {
    let limited = Options { log_bytes_max: 4_000, ..options() };
    let disk = SimDisk::new();
    let makers: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let watched = {
        let makers = Arc::clone(&makers);
        WatchedDisk::new(&disk, move |operation, path| {
            if operation == Operation::Create && path.ends_with(".tmp") {
                makers.lock().unwrap().push(thread::current().name().map(str::to_owned));
            }
        })
    };
    let store = Arc::new(start_on(watched, &limited).0);
    put(&store, "flops", &[(T, 1.0)]);
    let worker = Worker::start(Arc::clone(&store)).unwrap();
    let mut written = 1;
    // Once the log is beyond its limit nobody writes until the worker has made a file.
    while makers.lock().unwrap().is_empty() {
        if store.status().log_bytes <= 4_000 {
            put(&store, "flops", &[(T - written, 1.0)]);
            written += 1;
        }
        thread::yield_now();
    }
    drop(worker);
    assert_eq!(makers.lock().unwrap()[..], [Some("treering-worker".to_owned())]);
    let store = Arc::into_inner(store).unwrap();
    let held = got(&start(&kill(&disk, store), &limited), "flops").len();
    assert_eq!(i64::try_from(held).unwrap(), written);
}
