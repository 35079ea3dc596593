//! Logs to break, and reading one to its very end.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;
use treering_wal::{Aggregation, Batch, Control, End, Limits, Reader, Record, Template, Writer};

/// A sound log of at least `len_bytes` bytes with records of many lengths, control records among them.
pub(crate) fn log_of(len_bytes: usize) -> Vec<u8> {
    let paths: [&[&str]; 4] = [&[], &["socket0"], &["socket1", "core12"], &["accelerator00000000:49:00.0"]];
    let series: Vec<Template> = ["cpu_load", "mem_used", "ipc", "a_metric_with_a_long_name"]
        .iter()
        .zip(paths)
        .map(|(metric, path)| Template::new(metric, path).unwrap())
        .collect();
    let mut log = Writer::create(Vec::new());
    let mut batch = Batch::new();
    batch.push_control(&Control::Segment { generation: 1 }).unwrap();
    let control = Control::Metric { name: "ipc".into(), interval_s: 60, aggregation: Aggregation::Avg };
    batch.push_control(&control).unwrap();
    log.append(&batch).unwrap();
    for n in 0_u16.. {
        if log.len_bytes() >= len_bytes as u64 {
            break;
        }
        batch.clear();
        batch.push(&series[usize::from(n) % 4], 1_700_000_000 + 60 * i64::from(n / 4), f32::from(n) * 0.37);
        log.append(&batch).unwrap();
    }
    log.into_file()
}

/// All sound records of a log, and every end that the reader met.
pub(crate) fn read_all(bytes: &[u8]) -> (Vec<Record<'_>>, Vec<End>) {
    read_to_the_end(Reader::new(bytes, &Limits::default()).unwrap())
}

/// All sound records behind `reader`, and every end that it met.
pub(crate) fn read_to_the_end(mut reader: Reader<'_>) -> (Vec<Record<'_>>, Vec<End>) {
    let (mut records, mut ends) = (Vec::new(), Vec::new());
    loop {
        records.extend(reader.by_ref());
        ends.extend(reader.end());
        // Whatever the bytes are, going on moves forward.
        if let [.., End::Corrupt { next: before, .. }, End::Corrupt { offset, next, .. }] = ends[..] {
            assert!(before < offset && offset < next);
        }
        if !reader.resume() {
            return (records, ends);
        }
    }
}

/// Where the frames of a sound log begin, then its length.
pub(crate) fn boundaries(bytes: &[u8]) -> Vec<usize> {
    let (records, ends) = read_all(bytes);
    assert_eq!(ends, [End::Clean]);
    records.iter().map(|record| usize::try_from(record.offset).unwrap()).chain([bytes.len()]).collect()
}

/// How property tests run: as many cases as the environment says, and what failed once is tried again.
pub(crate) fn cases() -> ProptestConfig {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/regressions.txt");
    let failure_persistence = Some(Box::new(FileFailurePersistence::Direct(file)) as _);
    ProptestConfig { failure_persistence, ..ProptestConfig::default() }
}
