//! Rows 10, 12 and 15: the log when it grows, when it cannot, and when it was cut.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use treering_level::{Aggregation, Metric, SERIES_AT_ONCE, Sample};
use treering_persist::{FindingKind, Options, WriteError};
use treering_tests::{Errno, Fault, Found, Operation, Rule, SeriesName, SimDisk, WatchedDisk, held};
use treering_wal::{Batch, FILE_MAGIC, Template};

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
    assert_eq!(store.health().degraded.len(), 1);
    // What was answered with Ok is in the log, what was not is in memory, and reads go on.
    assert_eq!(got(&start(&disk.fork(), &options()), "flops"), acknowledged);
    assert_eq!(got(&store, "flops").len(), acknowledged.len() + failed.len());

    // Space returns: the next checkpoint has all of it.
    disk.limit_bytes(None);
    let disk = stop(&disk, store);
    assert_eq!(got(&start(&disk, &options()), "flops").len(), acknowledged.len() + failed.len());
}

/// Four writers, and how many samples of each were acknowledged.
#[derive(Default)]
struct Writers {
    acknowledged: [AtomicI64; 4],
    appends: AtomicI64,
    /// The disk at some moments, and what had been acknowledged by then.
    moments: Mutex<Vec<(SimDisk, [i64; 4])>>,
}

impl Writers {
    /// While one of them appends, or is in the middle of a checkpoint: the others may try what they can, then the disk
    /// is kept as a death would leave it.
    fn look(&self, disk: &SimDisk, operation: Operation, path: &str) {
        let appends = operation == Operation::Append && path.ends_with("current.wal");
        let is_due = appends && self.appends.fetch_add(1, Ordering::SeqCst) % 10 == 9;
        if is_due || path.ends_with(".tmp") {
            (0..300).for_each(|_| thread::yield_now());
            let promised = self.acknowledged.each_ref().map(|count| count.load(Ordering::SeqCst));
            self.moments.lock().unwrap().push((disk.fork(), promised));
        }
    }
}

#[test]
fn row_12_every_sample_of_many_writers_is_in_the_log_when_it_is_acknowledged() {
    const NAMES: [&str; 4] = ["core0", "core1", "core2", "core3"];
    // In all more than a checkpoint freezes at once: others write in between.
    const LEVELS: usize = SERIES_AT_ONCE;
    const ROUNDS: i64 = 200;
    let levels = |name: &'static str| (0..LEVELS).map(move |level| format!("{name}-{level}"));
    // Some writers cross the limit of the log, and checkpoint while the others write.
    let limited = Options { log_bytes_max: 100_000, ..options() };
    let disk = SimDisk::new();
    let writers = Arc::new(Writers::default());
    let watched = {
        let (writers, disk) = (Arc::clone(&writers), disk.clone());
        WatchedDisk::new(&disk.clone(), move |operation, path| writers.look(&disk, operation, path))
    };
    let (store, _) = start_on(watched, &limited);
    let host = store.host("alpha", "n1").unwrap();
    let begin = Barrier::new(NAMES.len());
    thread::scope(|scope| {
        for (name, acknowledged) in NAMES.iter().zip(&writers.acknowledged) {
            let (store, host, begin) = (&store, host.clone(), &begin);
            scope.spawn(move || {
                let series = levels(name).map(|level| store.resolve(&host, &[&level], "flops").unwrap());
                let series: Vec<_> = series.collect();
                begin.wait();
                for k in 0..ROUNDS {
                    let sample = |series: &_| Sample { series: *series, time_s: T - ROUNDS + k, value: 1.0 };
                    let batch: Vec<_> = series.iter().map(sample).collect();
                    assert_eq!(usize::try_from(store.write(&host, &batch).unwrap().stored), Ok(LEVELS));
                    acknowledged.store(k + 1, Ordering::SeqCst);
                }
            });
        }
    });
    let moments = std::mem::take(&mut *writers.moments.lock().unwrap());
    assert!(moments.len() > 10);
    for (disk, promised) in moments {
        let held = held(&start(&disk, &limited));
        for (name, promised) in NAMES.iter().zip(promised) {
            for level in levels(name) {
                let found = held.get(&SeriesName::new("alpha", "n1", &[&level], "flops"));
                let found = found.map_or(0, |held| held.samples.range(..T - ROUNDS + promised).count());
                assert_eq!(i64::try_from(found).unwrap(), promised, "{level}");
            }
        }
    }
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
        let (store, report) = start_on(disk.clone(), &options());
        assert_eq!((report.torn_tails, report.corrupt_records), (u64::from(len > 0), 0), "{len} bytes");
        put(&store, "flops", &[(T, 1.0)]);
        let (store, _) = start_on(kill(&disk, store), &options());
        assert_eq!(got(&store, "flops"), [(T, 1.0)], "{len} bytes");
    }
}

/// A log of samples of `flops`, one record for each.
fn log_of(samples: &[(i64, f32)]) -> Vec<u8> {
    let template = Template::new("flops", ["socket0"]).unwrap();
    let mut batch = Batch::new();
    for (time_s, value) in samples {
        batch.push(&template, *time_s, *value);
    }
    [&FILE_MAGIC.to_le_bytes(), batch.bytes()].concat()
}

#[test]
fn row_15_damage_in_a_log_is_counted_and_told_without_end() {
    const RECORDS: u8 = 100;
    let all: Vec<_> = (0..RECORDS).map(|k| (T + i64::from(k), f32::from(k))).collect();
    let mut log = log_of(&all);
    let record_bytes = (log.len() - FILE_MAGIC.to_le_bytes().len()) / usize::from(RECORDS);
    // The header, and every second record.
    log[0] ^= 1;
    for record in log[4..].chunks_mut(2 * record_bytes) {
        record[2 * record_bytes - 1] ^= 1;
    }
    let disk = SimDisk::new();
    disk.write_file(format!("{HOST}/current.wal"), log).unwrap();
    let (store, report) = start_on(disk, &options());
    // The last record may as well have been cut off.
    assert_eq!((report.corrupt_records, report.torn_tails), (u64::from(RECORDS) / 2, 1));
    assert_eq!(report.findings.len(), 16, "enough for whoever looks into it");
    let sound: Vec<_> = all.into_iter().step_by(2).collect();
    assert_eq!(got(&store, "flops"), sound);
}

/// The reference logs what it is sent.
#[test]
fn row_15_record_without_a_value_is_nothing_and_one_that_no_series_can_hold_is_told() {
    let start_on_log = |samples: &[(i64, f32)]| {
        let disk = SimDisk::new();
        disk.write_file(format!("{HOST}/current.wal"), log_of(samples)).unwrap();
        let (store, report) = start_on(disk, &options());
        assert_eq!(got(&store, "flops"), [(T, 1.0)]);
        report.findings.into_iter().map(|finding| finding.kind).collect::<Vec<_>>()
    };
    assert_eq!(start_on_log(&[(T, 1.0), (T + 1, f32::NAN), (i64::MAX, f32::NAN)]), []);
    assert_eq!(start_on_log(&[(i64::MAX, 2.0), (T, 1.0)]), [FindingKind::Unplaced]);
}

/// Somebody copies the log of an older backup back. Segments that no snapshot has yet have its number, and a higher one.
#[test]
fn row_15_log_with_a_number_that_is_taken_gets_one_of_its_own() {
    let backup = SimDisk::new();
    let store = start(&backup, &options());
    put(&store, "flops", &[(T, 1.0)]);
    let log = kill(&backup, store).read(format!("{HOST}/current.wal")).unwrap();

    let disk = SimDisk::new();
    let store = start(&disk, &options());
    for k in [1, 2] {
        put(&store, "flops", &[(T + k, 2.0)]);
        disk.set_faults(Rule::once(0, Fault::Error(Errno::Eio)).on(Operation::Append).path(".tmp").into());
        assert_eq!(store.checkpoint().failed.len(), 1);
    }
    let disk = kill(&disk, store);
    assert_eq!(files(&disk, ".wal").len(), 2);
    disk.write_file(format!("{HOST}/current.wal"), log).unwrap();
    let store = start(&disk, &options());
    assert_eq!(store.checkpoint().failed.len(), 0);
    let disk = stop(&disk, store);
    assert_eq!(got(&start(&disk, &options()), "flops"), [(T, 1.0), (T + 1, 2.0), (T + 2, 2.0)]);
}

/// Somebody took the snapshots away. A segment that is numbered anew could get the number that one of them covers.
#[test]
fn row_15_log_that_lies_alone_keeps_its_number() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    for k in 0..3 {
        put(&store, "flops", &[(T + k, 1.0)]);
        assert_eq!(store.checkpoint().failed.len(), 0);
    }
    put(&store, "flops", &[(T + 3, 1.0)]);
    let disk = kill(&disk, store);
    for name in files(&disk, ".bin") {
        disk.remove(format!("{HOST}/{name}")).unwrap();
    }
    let store = start(&disk, &options());
    put(&store, "flops", &[(T + 4, 1.0)]);
    disk.set_faults(Rule::once(0, Fault::Error(Errno::Eio)).on(Operation::Append).path(".tmp").into());
    assert_eq!(store.checkpoint().failed.len(), 1);
    assert!(files(&disk, ".wal").contains(&"sealed.4.wal".to_owned()), "{:?}", files(&disk, ".wal"));
}

/// The interval of a metric that is not configured: what the log says, else what is known of it elsewhere, else the default.
#[test]
fn row_15_log_says_how_far_apart_the_samples_of_a_metric_are() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "mem", &[(T, 1.0)]);
    let with_control = kill(&disk, store).read(format!("{HOST}/current.wal")).unwrap();
    let interval_of = |metric: &str, log: &[u8], hinted: &str| {
        let disk = SimDisk::new();
        disk.write_file(format!("{HOST}/current.wal"), log).unwrap();
        let hints = vec![(hinted.to_owned(), Metric { interval_s: 7, aggregation: Aggregation::Sum })];
        let store = start(&disk, &Options { metrics: Vec::new(), hints, ..options() });
        held(&store)[&SeriesName::new("alpha", "n1", &["socket0"], metric)].interval_s
    };
    let without = log_of(&[(T, 1.0)]);
    assert_eq!(interval_of("mem", &with_control, "mem"), 10);
    assert_eq!(interval_of("flops", &without, "flops"), 7);
    assert_eq!(interval_of("flops", &without, "mem"), options().default_metric.interval_s);
}
