//! The places where the reference loses, shifts or refuses data, and what the store does there instead. A test's name
//! begins with the row that it is about; docs/testing.md lists them.

mod answers;
mod checkpoint;
mod clock;
mod damage;
mod degraded;
mod files;
mod grid;
mod json;
mod late;
mod length;
mod limits;
mod lock;
mod log;
mod loss;
mod names;
mod reports;
mod returning;
mod syncs;

use std::sync::Arc;
use std::time::Duration;

use treering_format_bin::BinFormat;
use treering_level::{Aggregation, Metric, Outcome, Sample};
use treering_persist::{Options, RecoveryReport, Storage, Store, SyncPolicy, WriteError};
use treering_snapshot::{Column, Document, Format, Meta, Ours, Window};
use treering_tests::{PowerCut, SeriesName, SimDisk, check_clean_stop, held};

/// What the wall clock of a new disk says.
const T: i64 = 1_700_000_000;
const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;
const ROOT: &str = "/store";
/// Where most tests put their samples.
const HOST: &str = "/store/alpha/n1";

/// A store of three metrics, at 60, 10 and 1 s, that refuses others, keeps everything and syncs nothing of its own.
fn options() -> Options {
    let metric = |interval_s| Metric { interval_s, aggregation: Aggregation::Sum };
    let metrics = [("load", 60), ("mem", 10), ("flops", 1)];
    Options {
        metrics: metrics.map(|(name, interval_s)| (name.to_owned(), metric(interval_s))).to_vec(),
        unknown: treering_level::Unknown::Refuse,
        sync: SyncPolicy::Never,
        retention: None,
        workers: 1,
        ..Options::new(ROOT)
    }
}

fn start_on(storage: impl Storage + 'static, options: &Options) -> (Store, RecoveryReport) {
    Store::open(Arc::new(storage), options.clone(), vec![Box::new(BinFormat)]).unwrap()
}

/// Starts on a disk where nothing is wrong.
fn start(disk: &SimDisk, options: &Options) -> Store {
    let (store, report) = start_on(disk.clone(), options);
    assert_eq!(report.findings, []);
    store
}

/// Writes samples of one metric to `alpha/n1/socket0`.
fn try_put(store: &Store, metric: &str, samples: &[(i64, f32)]) -> Result<Outcome, WriteError> {
    let host = store.host("alpha", "n1").unwrap();
    let series = store.resolve(&host, &["socket0"], metric).unwrap();
    let samples: Vec<Sample> =
        samples.iter().map(|(time_s, value)| Sample { series, time_s: *time_s, value: *value }).collect();
    store.write(&host, &samples)
}

/// The same; all of them are stored.
fn put(store: &Store, metric: &str, samples: &[(i64, f32)]) {
    let outcome = try_put(store, metric, samples).unwrap();
    assert_eq!(outcome.stored, u64::try_from(samples.len()).unwrap(), "{outcome:?}");
}

/// All samples of a metric of `alpha/n1/socket0`.
fn got(store: &Store, metric: &str) -> Vec<(i64, f32)> {
    let held = held(store).remove(&SeriesName::new("alpha", "n1", &["socket0"], metric));
    let samples = held.map(|held| held.samples).unwrap_or_default();
    samples.into_iter().map(|(time_s, bits)| (time_s, f32::from_bits(bits))).collect()
}

fn checkpoint(store: &Store) {
    let report = store.checkpoint();
    assert!(report.failed.is_empty(), "{report:?}");
}

/// The process dies.
fn kill(disk: &SimDisk, store: Store) -> SimDisk {
    drop(store);
    disk.crash()
}

/// A clean stop; then the machine dies, and what was not durable is gone.
fn stop(disk: &SimDisk, store: Store) -> SimDisk {
    let report = store.close();
    assert!(report.failed.is_empty(), "{report:?}");
    drop(store);
    check_clean_stop(disk, ROOT).unwrap();
    disk.power_cut(PowerCut::Nothing)
}

fn pass(disk: &SimDisk, seconds: i64) {
    disk.advance(Duration::from_secs(seconds.unsigned_abs()));
}

/// The names in the host's directory that end so.
fn files(disk: &SimDisk, end: &str) -> Vec<String> {
    let below = disk.tree().into_keys().filter(|path| path.starts_with(HOST));
    let names = below.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
    names.filter(|name| name.ends_with(end)).collect()
}

/// A column of `socket0` for [`snapshot`]: metric, interval, start, values.
type Plain<'a> = (&'a str, i64, i64, &'a [f32]);

/// The bytes of a snapshot of the reference's.
fn snapshot(from_s: i64, to_s: i64, columns: &[Plain<'_>]) -> Vec<u8> {
    encode(&Meta { window: Window { from_s, to_s }, ours: None }, columns)
}

/// The bytes of a snapshot of ours, with checksums.
fn own_snapshot(from_s: i64, to_s: i64, covers: u64, columns: &[Plain<'_>]) -> Vec<u8> {
    let ours = Ours { cluster: "alpha".to_owned(), host: "n1".to_owned(), covers, previous: 0 };
    encode(&Meta { window: Window { from_s, to_s }, ours: Some(ours) }, columns)
}

fn encode(meta: &Meta, columns: &[Plain<'_>]) -> Vec<u8> {
    let mut document = Document::new();
    for (metric, interval_s, start_s, values) in columns {
        let column = Column { interval_s: *interval_s, start_s: *start_s, values: values.to_vec() };
        document.insert(&["socket0"], *metric, column).unwrap();
    }
    let mut bytes = Vec::new();
    let mut encoder = BinFormat.encoder(&mut bytes);
    document.emit(&mut *encoder).unwrap();
    encoder.finish(meta).unwrap();
    bytes
}
