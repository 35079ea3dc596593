//! Row 3: how late a sample may be.

use std::time::Duration;

use proptest::prelude::*;
use treering_format_bin::BinFormat;
use treering_persist::Options;
use treering_snapshot::{Document, Format, Limits, Scratch};
use treering_tests::SimDisk;

use super::{DAY_S, HOST, HOUR_S, T, checkpoint, got, options, put, snapshot, start, stop, try_put};

fn keeping(hours: u64) -> Options {
    Options { retention: Some(Duration::from_secs(hours * 3600)), ..options() }
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

    let mut document = Document::new();
    let (mut bytes, mut scratch) = (disk.read(&path).unwrap(), Scratch::new());
    let limits = Limits::default();
    BinFormat.decode(&mut bytes, &mut scratch, &limits, &mut document, &mut |_| ()).end.unwrap();
    let column = document.root().child("socket0").and_then(|level| level.column("load")).unwrap();
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!((column.start_s, bits(&column.values)), (first_s, bits(&[gap, gap, 5.0, 9.0, 6.0])));
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
