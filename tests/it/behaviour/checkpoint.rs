//! Row 4: samples that come while a checkpoint runs.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use treering_level::{Bounds, Sample};
use treering_persist::Store;
use treering_tests::{Operation, SimDisk, WatchedDisk};

use super::{T, got, kill, options, put, start, start_on};

/// What the watcher of the disk works with.
#[derive(Default)]
struct Intruder {
    store: OnceLock<Arc<Store>>,
    /// Between the segment's seal and the end of the checkpoint.
    sealed: AtomicBool,
    running: AtomicBool,
    written: AtomicI64,
    /// The disk as it was right after each write, and how many had been written.
    moments: Mutex<Vec<(SimDisk, i64)>>,
}

impl Intruder {
    /// At each step of a checkpoint: writes a sample, and keeps the disk as a death at that moment would leave it.
    fn intrude(&self, disk: &SimDisk, path: &str) {
        let Some(store) = self.store.get() else { return };
        // Before the first unfinished file the log is in the hands of this very thread.
        let sealed =
            self.sealed.fetch_or(path.ends_with(".tmp"), Ordering::Relaxed) || path.ends_with(".tmp");
        if !sealed || self.running.swap(true, Ordering::Relaxed) {
            return;
        }
        let k = self.written.fetch_add(1, Ordering::Relaxed) + 1;
        put(store, "flops", &[(T + k, 1.0)]);
        self.moments.lock().unwrap().push((disk.fork(), k));
        self.running.store(false, Ordering::Relaxed);
    }
}

#[test]
fn row_04_sample_of_any_moment_of_a_checkpoint_is_logged_at_once() {
    let disk = SimDisk::new();
    let intruder = Arc::new(Intruder::default());
    let watched = {
        let (intruder, disk) = (Arc::clone(&intruder), disk.clone());
        WatchedDisk::new(&disk.clone(), move |_: Operation, path| intruder.intrude(&disk, path))
    };
    let (store, _) = start_on(watched, &options());
    let store = Arc::new(store);
    put(&store, "flops", &[(T, 1.0), (T - 600, 1.0)]);
    put(&store, "load", &[(T, 1.0)]);
    assert!(store.checkpoint().failed.is_empty());
    put(&store, "flops", &[(T - 300, 1.0), (T - 900, 1.0)]);

    // The second one also merges late samples into the first file.
    intruder.store.set(Arc::clone(&store)).ok().unwrap();
    assert!(store.checkpoint().failed.is_empty());

    let moments = std::mem::take(&mut *intruder.moments.lock().unwrap());
    assert!(moments.len() >= 12, "{} steps", moments.len());
    for (disk, written) in moments {
        let found = got(&start_on(disk, &options()).0, "flops");
        let during = found.iter().filter(|(time_s, _)| *time_s > T).count();
        assert_eq!(i64::try_from(during).unwrap(), written);
        assert_eq!(found.len() - during, 4, "and none of those before is missing");
    }
}

#[test]
fn row_04_sample_that_waits_while_a_segment_is_sealed_is_logged_then() {
    let disk = SimDisk::new();
    let (waiting, waits) = std::sync::mpsc::channel();
    let store: Arc<OnceLock<Arc<Store>>> = Arc::default();
    let watched = {
        let (store, once) = (Arc::clone(&store), AtomicBool::new(false));
        WatchedDisk::new(&disk, move |operation, path| {
            let sealing = operation == Operation::Rename && path.ends_with("current.wal");
            let Some(store) = store.get().filter(|_| sealing && !once.swap(true, Ordering::Relaxed)) else {
                return;
            };
            // The log is in the sealer's hands: the write is accepted now, and comes back when it is logged.
            let writer = {
                let store = Arc::clone(store);
                thread::spawn(move || put(&store, "flops", &[(T + 1, 2.0)]))
            };
            while got(store, "flops").len() < 2 {
                thread::yield_now();
            }
            waiting.send(writer).unwrap();
        })
    };
    let (opened, _) = start_on(watched, &options());
    let opened = Arc::new(opened);
    store.set(Arc::clone(&opened)).ok().unwrap();
    put(&opened, "flops", &[(T, 1.0)]);
    assert!(opened.checkpoint().failed.is_empty());
    waits.recv().unwrap().join().unwrap();
    assert_eq!(got(&start(&disk.fork(), &options()), "flops"), [(T, 1.0), (T + 1, 2.0)]);
}

#[test]
fn row_04_a_checkpoint_leaves_a_log_for_what_came_after_it() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "flops", &[(T, 1.0)]);
    for k in 1..20 {
        assert!(store.checkpoint().failed.is_empty());
        put(&store, "flops", &[(T + k, 1.0)]);
        assert_eq!(got(&start(&disk.fork(), &options()), "flops").len(), usize::try_from(k + 1).unwrap());
    }
    assert_eq!(got(&start(&kill(&disk, store), &options()), "flops").len(), 20);
}

#[test]
fn row_04_sample_that_comes_while_the_last_records_are_written_is_logged_before_it_is_acknowledged() {
    type Waiting = Mutex<Option<thread::JoinHandle<()>>>;
    let disk = SimDisk::new();
    let store: Arc<OnceLock<Arc<Store>>> = Arc::default();
    let moment: Arc<OnceLock<SimDisk>> = Arc::default();
    let watched = {
        let (store, moment, watched) = (Arc::clone(&store), Arc::clone(&moment), disk.clone());
        let writer = Waiting::default();
        WatchedDisk::new(&disk, move |operation, path| {
            let Some(store) = store.get() else { return };
            let mut writer = writer.lock().unwrap();
            if operation == Operation::Append && path.ends_with("current.wal") && writer.is_none() {
                let waits = Arc::clone(store);
                *writer = Some(thread::spawn(move || put(&waits, "flops", &[(T + 2, 3.0)])));
                while got(store, "flops").len() < 3 {
                    thread::yield_now();
                }
            }
            // The log is free again, the snapshot is not there: what is acknowledged now is in a log or nowhere.
            if path.ends_with(".tmp") && moment.get().is_none() {
                writer.take().unwrap().join().unwrap();
                moment.set(watched.fork()).unwrap();
            }
        })
    };
    let (opened, _) = start_on(watched, &options());
    let opened = Arc::new(opened);
    put(&opened, "flops", &[(T, 1.0)]);
    // A writer that has not come to write its record yet.
    let host = opened.tree().host("alpha", "n1").unwrap();
    let series = host.lock().find(&["socket0"], "flops").unwrap();
    let sample = Sample { series, time_s: T + 1, value: 2.0 };
    assert_eq!(host.lock().write(&[sample], Bounds::NONE).stored, 1);

    store.set(Arc::clone(&opened)).ok().unwrap();
    assert!(opened.checkpoint().failed.is_empty());
    let moment = moment.get().unwrap().fork();
    assert_eq!(got(&start(&moment, &options()), "flops"), [(T, 1.0), (T + 1, 2.0), (T + 2, 3.0)]);
}
