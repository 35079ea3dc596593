//! Row 22: no snapshot is written that the next start would not read.

use treering_format_bin::BinFormat;
use treering_persist::{CheckpointError, Options};
use treering_snapshot::{Document, Format, Limits, Scratch};
use treering_tests::SimDisk;

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

/// The snapshots that have no column.
fn without_a_column(disk: &SimDisk) -> usize {
    let is_empty = |mut bytes: Vec<u8>| {
        let mut document = Document::new();
        let (limits, damage) = (Limits::default(), &mut |damage| panic!("{damage:?}"));
        BinFormat.decode(&mut bytes, &mut Scratch::new(), &limits, &mut document, damage).end.unwrap();
        document.level(&["socket0"]).is_none()
    };
    snapshots(disk).into_iter().map(is_empty).filter(|is_empty| *is_empty).count()
}

#[test]
fn row_22_snapshot_that_would_be_too_long_to_be_read_becomes_several() {
    let disk = SimDisk::new();
    pass(&disk, 10 * DAY_S);
    let store = start(&disk, &short());
    let mut flops = samples(T, 1, 1500);
    // Behind a gap that is worth a file of its own. What is cut has a quarter without a value.
    flops.extend(samples(T + 9 * DAY_S, 1, 600));
    flops.extend(samples(T + 9 * DAY_S + 4000, 1, 3));
    let mem = samples(T - 5, 10, 160);
    let load = [(T + 720, 1.0)];
    for (metric, samples) in [("flops", &flops[..]), ("mem", &mem), ("load", &load)] {
        put(&store, metric, samples);
    }
    checkpoint(&store);
    assert!(lengths(&disk).len() >= 6 && lengths(&disk).iter().all(|len| *len <= LEN_BYTES_MAX));

    // In front of all that there is.
    let late = samples(T - 40 * DAY_S, 1, 1300);
    put(&store, "flops", &late);
    flops.splice(..0, late);
    let before = lengths(&disk).len();
    checkpoint(&store);
    assert!(lengths(&disk).len() >= before + 3 && lengths(&disk).iter().all(|len| *len <= LEN_BYTES_MAX));

    // Only the one that says what is covered, when all that was written is older than what there was.
    assert_eq!(without_a_column(&disk), 1);
    let disk = stop(&disk, store);
    let store = start(&disk, &short());
    assert_eq!((got(&store, "flops"), got(&store, "mem")), (flops, mem));
    assert_eq!(got(&store, "load").len(), 1);
}

#[test]
fn row_22_snapshot_that_late_samples_would_make_too_long_stays_and_they_are_in_the_log() {
    let disk = SimDisk::new();
    let store = start(&disk, &short());
    let mut flops = samples(T, 1, 450);
    put(&store, "flops", &flops);
    checkpoint(&store);
    let found = lengths(&disk);
    assert!(found.len() == 1 && found[0] > LEN_BYTES_MAX - 400, "{found:?}");

    put(&store, "flops", &[(T - 300, 7.0)]);
    flops.insert(0, (T - 300, 7.0));
    let report = store.checkpoint();
    let [failed] = &report.failed[..] else { panic!("{report:?}") };
    assert!(
        matches!(failed.error, CheckpointError::TooLong { max: LEN_BYTES_MAX, found, .. } if found > LEN_BYTES_MAX),
        "{failed:?}"
    );
    assert_eq!((lengths(&disk), store.health().degraded.len()), (found, 1));

    let disk = kill(&disk, store);
    let store = start(&disk, &short());
    assert_eq!(got(&store, "flops"), flops);
    drop(store);
    let store = start(&disk, &options());
    checkpoint(&store);
    assert!(store.health().degraded.is_empty());
    let disk = stop(&disk, store);
    assert_eq!(got(&start(&disk, &options()), "flops"), flops);
}
