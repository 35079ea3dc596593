//! Row 3: how late a sample may be.

use std::time::Duration;

use proptest::prelude::*;
use treering_format_bin::BinFormat;
use treering_level::Sample;
use treering_persist::{CheckpointError, Options, Store};
use treering_snapshot::{Column, Document, Format, Limits, Meta, Scratch, Window};
use treering_tests::{SimDisk, held};

use super::{
    DAY_S, HOST, HOUR_S, T, checkpoint, files, got, kill, options, own_snapshot, put, snapshot, start,
    start_on, stop, try_put,
};

fn keeping(hours: u64) -> Options {
    Options { retention: Some(Duration::from_secs(hours * 3600)), ..options() }
}

/// What a file says of itself, and its column of `load`.
fn meta_and_column_of(bytes: &[u8]) -> (Meta, Column) {
    let mut document = Document::new();
    let (limits, mut scratch) = (Limits::default(), Scratch::new());
    let decoded = BinFormat.decode(&mut bytes.to_vec(), &mut scratch, &limits, &mut document, &mut |_| ());
    decoded.end.unwrap();
    let column = document.root().child("socket0").and_then(|level| level.column("load")).unwrap();
    (decoded.meta.unwrap(), column.clone())
}

#[test]
fn row_03_late_samples_are_accepted_back_to_the_retention_limit() {
    // A chunk of 512 minutes begins and ends at each of these distances from some late sample.
    for count in [1_u16, 511, 512, 513, 1024] {
        let disk = SimDisk::new();
        let store = start(&disk, &keeping(48));
        let newest: Vec<_> = (0..i64::from(count)).rev().map(|k| (T - 60 * k, 1.0)).collect();
        put(&store, "load", &newest);
        checkpoint(&store);
        let late: Vec<_> = (20..48).map(|hours| (T - hours * HOUR_S, 2.0)).collect();
        put(&store, "load", &late);
        put(&store, "load", &[(T - 48 * HOUR_S, 3.0)]);

        let store = start(&stop(&disk, store), &keeping(48));
        let found = got(&store, "load");
        assert_eq!(found.len(), newest.len() + late.len() + 1, "{count} samples before");
        assert_eq!(found[0], (T - 48 * HOUR_S, 3.0));
    }
}

#[test]
fn row_03_sample_older_than_the_retention_is_refused_and_counted() {
    let disk = SimDisk::new();
    let store = start(&disk, &keeping(48));
    let outcome = try_put(&store, "load", &[(T, 1.0), (T - 48 * HOUR_S - 1, 2.0)]).unwrap();
    assert_eq!((outcome.stored, outcome.refused.too_old), (1, 1));
    assert_eq!(got(&store, "load"), [(T, 1.0)]);
}

#[test]
fn row_03_without_retention_nothing_is_too_old() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    let ages = [(T - 3 * 365 * DAY_S, 3.0), (0, 2.0), (T, 1.0)];
    put(&store, "load", &ages);
    let store = start(&stop(&disk, store), &options());
    let mut found = got(&store, "load");
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    let near = |(a, b): (&(i64, f32), &(i64, f32))| a.0.abs_diff(b.0) <= 30 && a.1 == b.1;
    assert!(found.len() == 3 && found.iter().zip(&ages).all(near), "{found:?}");
}

/// A file of the reference's may begin with slots that have no sample: readers of it count on where its columns begin.
#[test]
fn row_03_late_sample_leaves_a_column_where_it_begins() {
    let disk = SimDisk::new();
    let (first_s, next_s) = (T - 2 * HOUR_S, T - HOUR_S);
    let gap = f32::NAN;
    let column = ("load", 60, first_s, &[gap, gap, 5.0, gap, 6.0][..]);
    let path = format!("{HOST}/{first_s}.bin");
    disk.write_file(&path, snapshot(first_s, next_s, &[column])).unwrap();
    let newer = snapshot(next_s, T, &[("load", 60, next_s, &[7.0])]);
    disk.write_file(format!("{HOST}/{next_s}.bin"), newer).unwrap();
    let store = start(&disk, &options());
    put(&store, "load", &[(first_s + 180, 9.0)]);
    checkpoint(&store);

    let (meta, column) = meta_and_column_of(&disk.read(&path).unwrap());
    assert_eq!(meta.window, Window { from_s: first_s, to_s: next_s });
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!((column.start_s, bits(&column.values)), (first_s, bits(&[gap, gap, 5.0, 9.0, 6.0])));
}

/// A reader of the reference's takes a slot from the last file whose column covers it, if there is a value or not.
#[test]
fn row_03_file_that_takes_up_a_late_sample_gets_all_that_memory_has_between() {
    let disk = SimDisk::new();
    let starts = [T, T + 120, T + HOUR_S];
    for (start_s, values) in starts.into_iter().zip([&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..], &[30.0], &[7.0]]) {
        let file = snapshot(start_s, start_s + 60, &[("load", 60, start_s, values)]);
        disk.write_file(format!("{HOST}/{start_s}.bin"), file).unwrap();
    }
    let store = start(&disk, &options());
    put(&store, "load", &[(T + 600, 9.0)]);
    checkpoint(&store);
    let (_, column) = meta_and_column_of(&disk.read(format!("{HOST}/{}.bin", starts[1])).unwrap());
    let gap = f32::NAN;
    let expected = [30.0, 4.0, 5.0, 6.0, gap, gap, gap, gap, 9.0].map(f32::to_bits);
    assert_eq!(
        (column.start_s, column.values.into_iter().map(f32::to_bits).collect()),
        (starts[1], expected.to_vec())
    );
}

#[test]
fn row_03_file_that_takes_up_a_late_sample_keeps_the_column_that_no_series_can_hold() {
    let disk = SimDisk::new();
    let (first_s, next_s) = (T - 2 * HOUR_S, T - HOUR_S);
    let path = format!("{HOST}/{first_s}.bin");
    let columns = [("load", 0, first_s, &[1.0, 2.0][..]), ("mem", 10, first_s, &[4.0])];
    disk.write_file(&path, snapshot(first_s, next_s, &columns)).unwrap();
    let newer = snapshot(next_s, T, &[("load", 60, next_s, &[7.0])]);
    disk.write_file(format!("{HOST}/{next_s}.bin"), newer).unwrap();
    let (store, report) = start_on(disk.clone(), &options());
    assert_eq!(report.findings.len(), 1, "{report:?}");
    put(&store, "load", &[(next_s - 600, 8.0)]);
    put(&store, "mem", &[(first_s - 10, 9.0)]);
    checkpoint(&store);
    let (_, column) = meta_and_column_of(&disk.read(&path).unwrap());
    assert_eq!((column.interval_s, &column.values[..]), (0, &[1.0, 2.0][..]));
    let (store, _) = start_on(kill(&disk, store), &options());
    assert_eq!(got(&store, "load"), [(next_s - 600, 8.0), (next_s, 7.0)]);
    assert_eq!(got(&store, "mem"), [(first_s - 10, 9.0), (first_s, 4.0)]);
}

/// Whether late samples go where there is room for them: no file may cover the years between.
fn assert_small(disk: &SimDisk) {
    for name in files(disk, ".bin") {
        let len = disk.read(format!("{HOST}/{name}")).unwrap().len();
        assert!(len < 1 << 20, "{name} is {len} bytes long");
    }
}

#[test]
fn row_03_late_sample_behind_years_without_any_does_not_fill_them() {
    let disk = SimDisk::new();
    let old_s = T - 3 * 365 * DAY_S;
    for start_s in [old_s, T] {
        let file = snapshot(start_s, start_s + 2, &[("flops", 1, start_s, &[1.0, 2.0])]);
        disk.write_file(format!("{HOST}/{start_s}.bin"), file).unwrap();
    }
    let store = start(&disk, &options());
    put(&store, "flops", &[(T - HOUR_S, 3.0)]);
    checkpoint(&store);
    let disk = kill(&disk, store);
    assert_small(&disk);
    let expected = [(old_s, 1.0), (old_s + 1, 2.0), (T - HOUR_S, 3.0), (T, 1.0), (T + 1, 2.0)];
    assert_eq!(got(&start(&disk, &options()), "flops"), expected);
}

/// Writes a sample at `time_s` to the series `load` of a level.
fn put_below(store: &Store, path: &[&str], time_s: i64) {
    let host = store.host("alpha", "n1").unwrap();
    let series = store.resolve(&host, path, "load").unwrap();
    assert_eq!(store.write(&host, &[Sample { series, time_s, value: 1.0 }]).unwrap().stored, 1);
}

/// The columns of a file are those of levels, one behind the other or one in the other, however deep the tree may be.
#[test]
fn row_03_late_sample_of_any_level_goes_into_the_file_that_has_a_place_for_it() {
    let deep: Vec<String> =
        (0..treering_level::Limits::default().depth_max + 2).map(|k| k.to_string()).collect();
    let deep: Vec<&str> = deep.iter().map(String::as_str).collect();
    let limits = treering_level::Limits { depth_max: deep.len(), ..Default::default() };
    let options = Options { limits, ..options() };
    let levels = [&["socket0"][..], &["socket1"], &["socket1", "core0"], &["socket2"], &deep];
    let disk = SimDisk::new();
    let store = start(&disk, &options);
    let first_s = T - HOUR_S;
    for time_s in [first_s, first_s + 120, T] {
        levels.iter().for_each(|path| put_below(&store, path, time_s));
        if time_s != first_s {
            checkpoint(&store);
        }
    }
    assert_eq!(files(&disk, ".bin").len(), 2);
    levels.iter().for_each(|path| put_below(&store, path, first_s + 60));
    checkpoint(&store);
    // Only what says that the log is covered is new.
    assert_eq!(files(&disk, ".bin").len(), 3);
    assert!(store.close().failed.is_empty());
    drop(store);
    let store = start(&disk, &options);
    assert!(held(&store).values().all(|held| held.samples.len() == 4), "{:?}", held(&store));
}

#[test]
fn row_03_file_that_was_damaged_since_the_start_is_not_rewritten() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "load", &[(T, 1.0), (T + 120, 2.0)]);
    put(&store, "mem", &[(T, 3.0)]);
    checkpoint(&store);
    put(&store, "load", &[(T + 180, 4.0)]);
    checkpoint(&store);
    let path = format!("{HOST}/{}", files(&disk, ".bin")[0]);
    let mut bytes = disk.read(&path).unwrap();
    let value = bytes.windows(4).position(|four| four == 3_f32.to_le_bytes()).unwrap();
    bytes[value] ^= 1;
    disk.write_file(&path, &bytes).unwrap();

    put(&store, "load", &[(T + 60, 5.0)]);
    let report = store.checkpoint();
    assert!(matches!(report.failed[0].error, CheckpointError::Unreadable { .. }), "{report:?}");
    assert_eq!(disk.read(&path).unwrap(), bytes);
    let (store, report) = start_on(kill(&disk, store), &options());
    assert!(report.has_damage());
    assert_eq!(got(&store, "load"), [(T, 1.0), (T + 60, 5.0), (T + 120, 2.0), (T + 180, 4.0)]);
}

/// A later version's file says more than this version knows, and that is no damage.
#[test]
fn row_03_file_of_a_later_version_takes_up_late_samples() {
    let disk = SimDisk::new();
    let mut bytes = own_snapshot(T, T + HOUR_S, 0, &[("load", 60, T, &[1.0, 2.0])]);
    // docs/format-bin.md: the tail has the trailer's length and checksum, the head its version.
    let tail = bytes.len() - 16;
    let len_bytes = u32::from_le_bytes(bytes[tail..tail + 4].try_into().unwrap());
    let head = bytes.len() - usize::try_from(len_bytes).unwrap();
    bytes[head + 8] = 2;
    let crc = crc32fast::hash(&bytes[head..tail]);
    bytes[tail + 4..tail + 8].copy_from_slice(&crc.to_le_bytes());
    disk.write_file(format!("{HOST}/{T}.bin"), bytes).unwrap();
    let (store, report) = start_on(disk.clone(), &options());
    assert!(!report.has_damage() && report.findings.len() == 1, "{report:?}");
    put(&store, "load", &[(T + 120, 3.0)]);
    checkpoint(&store);
    put(&store, "load", &[(T + 60, 4.0)]);
    checkpoint(&store);
    let store = start(&stop(&disk, store), &options());
    assert_eq!(got(&store, "load"), [(T, 1.0), (T + 60, 4.0), (T + 120, 3.0)]);
}

proptest! {
    /// Where chunks begin has no say in what is accepted.
    #[test]
    fn row_03_prop_any_time_within_the_retention_is_accepted_in_any_order(
        times in proptest::collection::vec((0..48 * HOUR_S).prop_map(|age_s| T - age_s), 1..60),
    ) {
        let disk = SimDisk::new();
        let store = start(&disk, &keeping(48));
        for time_s in &times {
            let outcome = try_put(&store, "mem", &[(*time_s, 1.0)]).unwrap();
            prop_assert_eq!(outcome.stored, 1);
        }
    }
}

#[test]
fn row_03_late_samples_ages_away_from_every_file_cost_what_they_are() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    let times = [T, T - 10_000_000_000, T - 5_000_000_000, T - 2_600_000_000, T - 2_500_000_000];
    for time_s in times {
        put(&store, "flops", &[(time_s, 1.0)]);
        checkpoint(&store);
    }
    let longest =
        files(&disk, ".bin").iter().map(|name| disk.read(format!("{HOST}/{name}")).unwrap().len()).max();
    assert!(longest.unwrap() < 1000, "{longest:?}");
    let mut times = times.map(|time_s| (time_s, 1.0));
    times.sort_by_key(|(time_s, _)| *time_s);
    assert_eq!(got(&start(&kill(&disk, store), &options()), "flops"), times);
}
