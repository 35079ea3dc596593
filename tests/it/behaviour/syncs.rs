//! Row 16: whoever relies on a sync that failed is told, and nothing is built on what it may have cost.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use treering_level::Sample;
use treering_persist::{Options, Store, SyncPolicy};
use treering_tests::{Errno, Fault, Faults, Operation, PowerCut, Rule, SimDisk, WatchedDisk};

use super::{HOST, T, checkpoint, got, kill, options, own_snapshot, put, start, start_on};

fn drops(operation: Operation, path: &str) -> Faults {
    Faults::none().with(Rule::once(0, Fault::SyncDrops).on(operation).path(path))
}

/// What a start finds of `load` after a power cut that spares nothing but what is durable.
fn durable(disk: &SimDisk) -> Vec<(i64, f32)> {
    got(&start_on(disk.fork().power_cut(PowerCut::Nothing), &options()).0, "load")
}

/// The kernel tells an error once, and a sync that runs at the same time that all is well.
#[test]
fn row_16_of_two_syncs_of_the_file_system_at_a_time_both_are_told_what_one_has_lost() {
    const HOSTS: i64 = 60;
    let disk = SimDisk::new();
    let begun = Arc::new(AtomicU32::new(0));
    let watched = {
        let begun = Arc::clone(&begun);
        WatchedDisk::new(&disk, move |operation, _| {
            if operation == Operation::SyncFileSystem {
                begun.fetch_add(1, Ordering::SeqCst);
                // So long the other one may come in between.
                let until = Instant::now() + Duration::from_millis(300);
                while begun.load(Ordering::SeqCst) < 2 && Instant::now() < until {
                    thread::yield_now();
                }
            }
        })
    };
    let store = start_on(watched, &options()).0;
    for number in 0..HOSTS {
        let host = store.host("alpha", &format!("n{number}")).unwrap();
        let series = store.resolve(&host, &["socket0"], "load").unwrap();
        store.write(&host, &[Sample { series, time_s: T, value: 1.0 }]).unwrap();
    }
    disk.set_faults(Rule::once(0, Fault::SyncDrops).on(Operation::SyncFileSystem).into());
    let told = thread::scope(|scope| {
        let syncs = [(); 2].map(|()| scope.spawn(|| store.sync().is_err()));
        syncs.map(|sync| sync.join().unwrap())
    });
    assert_eq!((told, begun.load(Ordering::SeqCst)), ([true, true], 1));
    disk.set_faults(Faults::none());
    checkpoint(&store);
    store.sync().unwrap();
    assert_eq!(durable(&disk), [(T, 1.0)]);
}

/// The directory of the quarantine is made while writers begin a log beside it.
#[test]
fn row_16_name_of_a_log_that_the_sync_for_the_quarantine_has_lost_is_not_called_durable() {
    let disk = SimDisk::new();
    let mut damaged = own_snapshot(T - 600, T, 0, &[("load", 60, T - 600, &[5.0; 10])]);
    damaged.truncate(damaged.len() - 1);
    disk.write_file(format!("{HOST}/1699999400.bin"), damaged).unwrap();

    let writer: Arc<OnceLock<Weak<Store>>> = Arc::default();
    let watched = {
        let (disk, writer) = (disk.clone(), Arc::clone(&writer));
        let first = AtomicBool::new(true);
        WatchedDisk::new(&disk.clone(), move |operation, path| {
            let is_it = operation == Operation::MakeDir && path.ends_with("quarantine");
            if is_it && first.swap(false, Ordering::SeqCst) {
                put(&writer.get().unwrap().upgrade().unwrap(), "load", &[(T + 60, 2.0)]);
                disk.set_faults(drops(Operation::SyncDir, "alpha/n1"));
            }
        })
    };
    let store = Arc::new(start_on(watched, &options()).0);
    writer.set(Arc::downgrade(&store)).unwrap();
    put(&store, "load", &[(T, 1.0)]);
    assert_eq!(store.checkpoint().failed.len(), 1);
    let is_there = |samples: Vec<(i64, f32)>| samples.contains(&(T + 60, 2.0));
    assert!(!is_there(durable(&disk)) && store.sync().is_err(), "{:?}", durable(&disk));
    assert!(store.heal().failed.is_empty());
    store.sync().unwrap();
    assert!(is_there(durable(&disk)));
}

#[test]
fn row_16_found_log_that_cannot_be_made_durable_is_an_error_of_every_sync_until_a_snapshot_has_it() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "load", &[(T, 1.0)]);
    let disk = kill(&disk, store);
    disk.set_faults(drops(Operation::Sync, "current.wal"));
    let store = start(&disk, &options());
    assert_eq!(durable(&disk), []);
    assert!(store.sync().is_err() && store.sync().is_err());
    // Samples go on into a log of their own.
    put(&store, "load", &[(T + 60, 2.0)]);
    assert!(store.status().degraded_hosts == 1 && store.sync().is_err());
    assert!(store.heal().failed.is_empty());
    store.sync().unwrap();
    assert_eq!(durable(&disk), [(T, 1.0), (T + 60, 2.0)]);
}

/// The new name of a sealed segment was not made durable, and the old one could not be given back either.
#[test]
fn row_16_old_name_of_a_segment_is_not_given_away_while_it_may_be_the_only_durable_one() {
    let always = Options { sync: SyncPolicy::Always, ..options() };
    let disk = SimDisk::new();
    let store = start(&disk, &always);
    put(&store, "load", &[(T, 1.0)]);
    assert_eq!(durable(&disk), [(T, 1.0)]);
    let not_back = Rule::once(1, Fault::Error(Errno::Eio)).on(Operation::Rename);
    disk.set_faults(drops(Operation::SyncDir, "alpha/n1").with(not_back));
    assert_eq!(store.checkpoint().failed.len(), 1);
    disk.set_faults(Faults::none());
    put(&store, "load", &[(T + 60, 2.0)]);
    assert_eq!(durable(&disk), [(T, 1.0), (T + 60, 2.0)]);
    assert!(store.heal().failed.is_empty());
    assert_eq!(got(&start(&kill(&disk, store), &always), "load"), [(T, 1.0), (T + 60, 2.0)]);
}
