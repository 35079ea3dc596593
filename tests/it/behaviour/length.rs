//! Row 22: no snapshot is written that the next start would not read.

use treering_format_bin::BinFormat;
use treering_persist::{CheckpointError, Options};
use treering_snapshot::{Document, Format, Limits, Scratch};
use treering_tests::{PowerCut, SimDisk};

use super::{DAY_S, HOST, T, checkpoint, files, got, kill, options, pass, put, start, stop};

const LEN_BYTES_MAX: u64 = 2000;

fn short() -> Options {
    Options { file_bytes_max: LEN_BYTES_MAX, ..options() }
}

/// A sample every `interval_s`, each of its own value.
fn samples(from_s: i64, interval_s: i64, count: i16) -> Vec<(i64, f32)> {
    (0..count).map(|index| (from_s + i64::from(index) * interval_s, f32::from(index))).collect()
}

/// The host's snapshots.
fn snapshots(disk: &SimDisk) -> Vec<Vec<u8>> {
    files(disk, ".bin").into_iter().map(|name| disk.read(format!("{HOST}/{name}")).unwrap()).collect()
}

fn lengths(disk: &SimDisk) -> Vec<u64> {
    snapshots(disk).iter().map(|bytes| bytes.len() as u64).collect()
}

/// What the snapshots say that they cover.
fn covers(disk: &SimDisk) -> Vec<u64> {
    let of_one = |mut bytes: Vec<u8>| {
        let (mut document, limits) = (Document::new(), Limits::default());
        let decoded = BinFormat.decode(&mut bytes, &mut Scratch::new(), &limits, &mut document, &mut |_| {});
        decoded.meta.unwrap().ours.unwrap().covers
    };
    snapshots(disk).into_iter().map(of_one).collect()
}

#[test]
fn row_22_snapshot_that_would_be_too_long_to_be_read_becomes_several() {
    const METRICS: [(&str, i64); 3] = [("flops", 1), ("mem", 10), ("load", 60)];
    let disk = SimDisk::new();
    pass(&disk, 10 * DAY_S);
    let store = start(&disk, &short());
    let all = METRICS.map(|(metric, interval_s)| (metric, samples(T, interval_s, 400)));
    let put_all = |all: &[(&str, Vec<(i64, f32)>)]| {
        for (metric, samples) in all {
            put(&store, metric, samples);
        }
    };
    put_all(&all);
    checkpoint(&store);
    assert_eq!(covers(&disk), [0, 0, 1]);

    // In front of all that there is.
    let late = METRICS.map(|(metric, interval_s)| (metric, samples(T - 8000 * DAY_S, interval_s, 300)));
    put_all(&late);
    checkpoint(&store);
    // Behind them is one without a column, which says so.
    assert_eq!(covers(&disk), [0, 0, 0, 0, 0, 1, 2]);
    assert!(lengths(&disk).iter().all(|len| *len <= LEN_BYTES_MAX), "{:?}", lengths(&disk));

    let disk = stop(&disk, store);
    let store = start(&disk, &short());
    for ((metric, samples), (_, late)) in all.into_iter().zip(late) {
        assert_eq!(got(&store, metric), [late, samples].concat(), "{metric}");
    }
}

#[test]
fn row_22_late_samples_that_would_make_their_file_too_long_get_one_behind_the_others() {
    let disk = SimDisk::new();
    pass(&disk, 5 * DAY_S);
    let store = start(&disk, &short());
    let mut all = Vec::new();
    for from_s in [T, T + 4 * DAY_S, T + 4 * DAY_S + 1000] {
        let some = samples(from_s, 1, 450);
        put(&store, "flops", &some);
        checkpoint(&store);
        all.extend(some);
    }
    let found = snapshots(&disk);
    assert_eq!(found.len(), 3);

    // Of the first file and of the second one, and so far apart that one column would be too long as well.
    let late = [(T - 100, 7.0), (T + 4 * DAY_S + 800, 8.0)];
    put(&store, "flops", &late);
    all.extend(late);
    checkpoint(&store);
    assert_eq!((snapshots(&disk).len(), &snapshots(&disk)[..3]), (5, &found[..]));
    assert!(store.health().degraded.is_empty() && files(&disk, ".wal").is_empty());

    let disk = kill(&disk, store).power_cut(PowerCut::Nothing);
    let store = start(&disk, &short());
    all.sort_by_key(|(time_s, _)| *time_s);
    assert_eq!(got(&store, "flops"), all);
}

#[test]
fn row_22_series_that_is_too_long_for_any_file_stays_in_the_log() {
    let disk = SimDisk::new();
    pass(&disk, DAY_S);
    let store = start(&disk, &short());
    put(&store, "flops", &samples(T, 1, 600));
    let report = store.checkpoint();
    let [failed] = &report.failed[..] else { panic!("{report:?}") };
    let CheckpointError::TooLong { max, found, .. } = failed.error else { panic!("{failed:?}") };
    assert!(max == LEN_BYTES_MAX && found > 600 * 4, "{failed:?}");
    assert_eq!((snapshots(&disk).len(), store.health().degraded.len()), (0, 1));

    let disk = kill(&disk, store);
    assert_eq!(got(&start(&disk, &short()), "flops"), samples(T, 1, 600));
    let store = start(&disk, &options());
    checkpoint(&store);
    assert!(store.health().degraded.is_empty());
    let disk = stop(&disk, store);
    assert_eq!(got(&start(&disk, &options()), "flops"), samples(T, 1, 600));
}
