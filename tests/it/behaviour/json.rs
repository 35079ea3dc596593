//! Row 11: what JSON snapshots keep.

use std::sync::Arc;

use treering_format_bin::BinFormat;
use treering_format_json::JsonFormat;
use treering_persist::{Options, Store, SyncPolicy};
use treering_snapshot::Format;
use treering_tests::{PowerCut, SimDisk, SplitMix64};

use super::{HOST, T, checkpoint, files, got, kill, options, put};

fn open(disk: &SimDisk, json: JsonFormat) -> Store {
    let options = Options { sync: SyncPolicy::Unlogged, ..options() };
    open_with(disk, options, vec![Box::new(json), Box::new(BinFormat)])
}

/// A store with a log, which reads both formats.
fn open_logged(disk: &SimDisk) -> Store {
    open_with(disk, options(), vec![Box::new(BinFormat), Box::new(JsonFormat::exact())])
}

fn open_with(disk: &SimDisk, options: Options, formats: Vec<Box<dyn Format>>) -> Store {
    let (store, report) = Store::open(Arc::new(disk.clone()), options, formats).unwrap();
    assert_eq!(report.findings, []);
    store
}

#[test]
fn row_11_json_gives_every_finite_value_back_bit_by_bit() {
    let disk = SimDisk::new();
    let mut random = SplitMix64::new(11);
    let samples: Vec<(i64, f32)> = (0..5_000)
        .map(|index| {
            (
                T - 5_000 + index,
                f32::from_bits(
                    random.next_u64().to_le_bytes()[..4].try_into().map(u32::from_le_bytes).unwrap(),
                ),
            )
        })
        .filter(|(_, value)| value.is_finite())
        .chain([(T, 0.04), (T + 1, -0.0), (T + 2, f32::MIN_POSITIVE / 2.0), (T + 3, f32::MAX)])
        .collect();
    let store = open(&disk, JsonFormat::exact());
    put(&store, "flops", &samples);
    let report = store.checkpoint();
    assert!(report.failed.is_empty() && !report.loss.any(), "{report:?}");
    assert_eq!(files(&disk, ".json").len(), 1);
    let bits = |samples: Vec<(i64, f32)>| -> Vec<_> {
        samples.into_iter().map(|(time_s, value)| (time_s, value.to_bits())).collect()
    };
    assert_eq!(bits(got(&open(&kill(&disk, store), JsonFormat::exact()), "flops")), bits(samples));
}

#[test]
fn row_11_one_decimal_is_a_choice_and_what_it_costs_is_counted() {
    let disk = SimDisk::new();
    let store = open(&disk, JsonFormat::one_decimal());
    put(&store, "flops", &[(T, 0.04), (T + 1, 1.5), (T + 2, 2.25)]);
    let report = store.checkpoint();
    assert_eq!((report.loss.rounded, report.loss.infinite), (2, 0));
    assert_eq!(got(&store, "flops"), [(T, 0.04), (T + 1, 1.5), (T + 2, 2.25)], "memory is as it was");
    let store = open(&kill(&disk, store), JsonFormat::one_decimal());
    assert_eq!(got(&store, "flops"), [(T, 0.0), (T + 1, 1.5), (T + 2, 2.2)]);
}

#[test]
fn row_11_infinite_values_that_json_does_not_have_are_counted() {
    let disk = SimDisk::new();
    let store = open(&disk, JsonFormat::exact());
    put(&store, "flops", &[(T, f32::INFINITY), (T + 1, 1.0), (T + 2, f32::NEG_INFINITY)]);
    let report = store.checkpoint();
    assert_eq!((report.loss.infinite, report.loss.rounded), (2, 0));
    assert_eq!(got(&open(&kill(&disk, store), JsonFormat::exact()), "flops"), [(T + 1, 1.0)]);
}

#[test]
fn row_11_file_of_one_format_takes_up_late_samples_in_its_own() {
    let disk = SimDisk::new();
    // A binary snapshot, then JSON, then late samples for both.
    let formats = || -> Vec<Box<dyn Format>> { vec![Box::new(BinFormat), Box::new(JsonFormat::exact())] };
    let (store, _) = Store::open(Arc::new(disk.clone()), options(), formats()).unwrap();
    put(&store, "flops", &[(T - 500, 0.1), (T - 400, 0.2)]);
    checkpoint(&store);
    let disk = kill(&disk, store);
    let store = open(&disk, JsonFormat::exact());
    put(&store, "flops", &[(T - 300, 0.3), (T - 200, 0.4)]);
    checkpoint(&store);
    put(&store, "flops", &[(T - 450, 0.5), (T - 250, 0.6)]);
    checkpoint(&store);
    let held = got(&store, "flops");
    assert_eq!(held.len(), 6);
    let disk = kill(&disk, store);
    assert_eq!((files(&disk, ".bin").len(), files(&disk, ".json").len()), (1, 2));
    assert_eq!(got(&open(&disk, JsonFormat::exact()), "flops"), held);
}

#[test]
fn row_11_late_samples_that_json_cannot_hold_get_a_file_of_the_store_s_own_format() {
    let disk = SimDisk::new();
    let store = open(&disk, JsonFormat::exact());
    for second in [0, 100] {
        put(&store, "flops", &[(T + second, 1.0), (T + second + 9, 2.0)]);
        checkpoint(&store);
    }
    let disk = kill(&disk, store);
    let snapshots = |end| -> Vec<_> {
        files(&disk, end).into_iter().map(|name| disk.read(format!("{HOST}/{name}")).unwrap()).collect()
    };
    let found = snapshots(".json");

    let store = open_logged(&disk);
    put(&store, "flops", &[(T + 3, 3.0)]);
    checkpoint(&store);
    let with_late = snapshots(".json");
    assert!(with_late[0] != found[0] && with_late[1] == found[1], "JSON takes up what it can hold");
    put(&store, "flops", &[(T + 4, 4.0), (T + 5, f32::INFINITY), (T + 6, f32::NEG_INFINITY)]);
    let report = store.checkpoint();
    assert!(report.failed.is_empty() && !report.loss.any(), "{report:?}");
    assert_eq!(snapshots(".json"), with_late);
    assert!(store.health().degraded.is_empty() && files(&disk, ".wal").is_empty());

    let disk = kill(&disk, store).power_cut(PowerCut::Nothing);
    let late = [(3, 3.0), (4, 4.0), (5, f32::INFINITY), (6, f32::NEG_INFINITY)];
    let others = [(0, 1.0), (9, 2.0), (100, 1.0), (109, 2.0)];
    let mut all: Vec<_> = late.into_iter().chain(others).map(|(second, value)| (T + second, value)).collect();
    all.sort_by_key(|(time_s, _)| *time_s);
    assert_eq!(got(&open_logged(&disk), "flops"), all);
}
