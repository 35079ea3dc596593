//! Row 22: nothing that is asked or read can make the store panic or take memory without bound.

use std::sync::Arc;

use treering_format_bin::BinFormat;
use treering_level::{Query, ReadError, Selector};
use treering_persist::{Finding, FindingKind, Store};
use treering_snapshot::{Damage, DecodeError, Decoded, Encoder, Format, Limits, Scratch, Sink};
use treering_tests::SimDisk;

use super::{HOST, T, got, kill, options, own_snapshot, put, snapshot, start, start_on, stop};

fn query(from_s: i64, to_s: i64) -> Query {
    let path = ["alpha", "n1", "socket0"].map(Selector::from).to_vec();
    Query { path, metric: "flops".to_owned(), from_s, to_s }
}

#[test]
fn row_22_huge_range_of_time_is_a_bounded_error() {
    let store = start(&SimDisk::new(), &options());
    put(&store, "flops", &[(T, 1.0)]);
    for (from_s, to_s) in [(i64::MIN, i64::MAX), (0, i64::MAX), (i64::MIN, T), (T, T + (1 << 24) + 1)] {
        let error = store.read(&query(from_s, to_s)).unwrap_err();
        assert!(matches!(error, ReadError::RangeTooLarge { .. }), "{from_s}..{to_s}: {error}");
    }
    assert!(matches!(store.read(&query(T, T - 1)), Err(ReadError::BackwardRange { .. })));
    assert_eq!(store.read(&query(T, T + 1)).unwrap().values, [1.0]);
}

/// What a start says about a file, which must not keep the host's other file from being used.
fn findings(bytes: &[u8]) -> Vec<Finding> {
    let disk = SimDisk::new();
    let sound = snapshot(T, T + 1, &[("flops", 1, T, &[7.0])]);
    disk.write_file(format!("{HOST}/{T}.bin"), sound).unwrap();
    disk.write_file(format!("{HOST}/{}.bin", T + 9), bytes).unwrap();
    let (store, report) = start_on(disk.clone(), &options());
    assert!(got(&store, "flops").contains(&(T, 7.0)), "{report:?}");
    let counts = store.status().counts;
    assert!(counts.samples < 10 && counts.levels <= 64, "{counts:?}");
    put(&store, "flops", &[(T + 2, 8.0)]);
    store.close();
    drop(store);
    let (store, _) = start_on(disk.crash(), &options());
    assert!(got(&store, "flops").contains(&(T + 2, 8.0)));
    report.findings
}

#[test]
fn row_22_interval_of_zero_in_a_file_is_reported_and_left_out() {
    let found = findings(&snapshot(T, T, &[("mem", 0, T, &[1.0, 2.0]), ("load", -60, T, &[1.0])]));
    assert_eq!(found.iter().map(|finding| finding.kind).collect::<Vec<_>>(), [FindingKind::Unplaced; 2]);
    let told = |of: &str| found.iter().any(|finding| finding.what.ends_with(of));
    assert!(told("an interval of 0 s") && told("an interval of -60 s"), "{found:?}");
}

#[test]
fn row_22_time_beyond_all_bounds_in_a_file_is_reported_and_left_out() {
    for start_s in [i64::MIN, i64::MAX, 1 << 60] {
        let found = findings(&snapshot(T, T, &[("mem", 10, start_s, &[1.0, 2.0])]));
        assert_eq!(found.len(), 1, "{found:?}");
    }
    findings(&snapshot(T, T, &[("mem", i64::MAX, T, &[1.0, 2.0])]));
}

#[test]
fn row_22_damage_without_end_is_told_sixteen_times_of_each_file() {
    let metrics: Vec<String> = (0..40).map(|number| format!("m{number}")).collect();
    let columns = |interval_s| {
        metrics
            .iter()
            .map(move |metric| (metric.as_str(), interval_s, T, &[1.0, 2.0][..]))
            .collect::<Vec<_>>()
    };
    assert_eq!(findings(&snapshot(T, T, &columns(0))).len(), 16, "no interval");
    let mut bytes = own_snapshot(T, T, 0, &columns(60));
    for value in
        (0..bytes.len() - 4).filter(|at| bytes[*at..][..4] == 2.0_f32.to_le_bytes()).collect::<Vec<_>>()
    {
        bytes[value] ^= 1;
    }
    assert_eq!(findings(&bytes).len(), 16, "wrong checksums");
}

/// A format that reads no file: all are too long for it.
struct Short;

impl Format for Short {
    fn extension(&self) -> &'static str {
        BinFormat.extension()
    }

    fn encoder<'a>(&self, out: &'a mut Vec<u8>) -> Box<dyn Encoder + 'a> {
        BinFormat.encoder(out)
    }

    fn decode(
        &self,
        bytes: &mut [u8],
        _: &mut Scratch,
        _: &Limits,
        _: &mut dyn Sink,
        _: &mut dyn FnMut(Damage),
    ) -> Decoded {
        let found = bytes.len().try_into().unwrap();
        Decoded { meta: None, end: Err(DecodeError::TooLong { max: 1, found }) }
    }
}

#[test]
fn row_22_file_that_is_too_long_for_its_format_stays_and_the_host_is_degraded() {
    let disk = SimDisk::new();
    let bytes = snapshot(T, T + 1, &[("flops", 1, T, &[7.0])]);
    let path = format!("{HOST}/{T}.bin");
    disk.write_file(&path, &bytes).unwrap();
    let (store, report) = Store::open(Arc::new(disk.clone()), options(), vec![Box::new(Short)]).unwrap();
    assert_eq!(
        report.findings.iter().map(|finding| finding.kind).collect::<Vec<_>>(),
        [FindingKind::Unreadable]
    );
    assert_eq!(store.health().degraded.len(), 1);
    put(&store, "flops", &[(T + 1, 8.0)]);
    store.checkpoint();
    let disk = kill(&disk, store);
    assert_eq!(disk.read(&path), Some(bytes));
    assert_eq!(got(&start(&disk, &options()), "flops"), [(T, 7.0), (T + 1, 8.0)]);
}

#[test]
fn row_22_count_of_four_billion_in_a_file_allocates_nothing() {
    let mut bytes = snapshot(T, T, &[("mem", 10, T, &[1.0, 2.0])]);
    let count = bytes.windows(4).rposition(|bytes| bytes == 2_u32.to_le_bytes()).unwrap();
    bytes[count..count + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(findings(&bytes).iter().any(|finding| finding.kind == FindingKind::DamagedSnapshot));
}

#[test]
fn row_22_levels_nested_without_end_are_cut_off() {
    // A level without metrics and with one child, again and again.
    let mut bytes = snapshot(T, T, &[])[..20].to_vec();
    for _ in 0..100_000 {
        bytes.extend([0, 0, 0, 0, 1, 0, 0, 0, 1, 0, b'x']);
    }
    bytes.extend([0; 8]);
    assert!(findings(&bytes).iter().any(|finding| finding.kind == FindingKind::DamagedSnapshot));
}

#[test]
fn row_22_lengths_in_a_log_are_not_believed() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "flops", &[(T, 1.0)]);
    drop(store);
    let disk = disk.crash();
    let mut log = disk.read(format!("{HOST}/current.wal")).unwrap();
    log.extend(0xCC1D_A7A1_u32.to_le_bytes());
    log.extend(u32::MAX.to_le_bytes());
    log.extend([0xff; 100]);
    disk.write_file(format!("{HOST}/current.wal"), log).unwrap();
    let (store, _) = start_on(disk.clone(), &options());
    assert_eq!(got(&store, "flops"), [(T, 1.0)]);
    assert_eq!(got(&start(&stop(&disk, store), &options()), "flops"), [(T, 1.0)]);
}

#[test]
fn row_22_gap_of_years_costs_neither_memory_nor_disk() {
    for crash in [false, true] {
        let disk = SimDisk::new();
        let mut store = start(&disk, &options());
        // In order, as a sender does whose clock was at 1970 when it began.
        let all = [(0, 1.0), (T - 365 * super::DAY_S, 2.0), (T, 3.0)];
        for sample in all {
            put(&store, "flops", &[sample]);
        }
        assert!(store.status().memory_bytes < 100_000);
        let mut disk = disk;
        if crash {
            disk = kill(&disk, store);
            store = start(&disk, &options());
        }
        let report = store.checkpoint();
        assert!(report.failed.is_empty() && report.bytes < 10_000, "{report:?}");
        assert_eq!(got(&start(&stop(&disk, store), &options()), "flops"), all);
    }
}
