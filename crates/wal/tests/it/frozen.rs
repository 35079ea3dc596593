//! Sample files of each version of the format: what was written once must be written and read the same for
//! ever. A file that is not there is written; one that is there is never changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;

use treering_wal::{Aggregation, Batch, CONTROL_METRIC, Control, End, Record, Template, Writer};

use crate::plain::{HEADER, Plain, simple};
use crate::samples::read_all;

const V1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/wal/v1");

/// One sample: its name, the bytes that the code makes today, and what is to be read from it.
struct Sample {
    name: &'static str,
    bytes: Vec<u8>,
    says: Vec<String>,
}

fn sample(name: &'static str, bytes: Vec<u8>, says: &[&str]) -> Sample {
    Sample { name, bytes, says: says.iter().map(ToString::to_string).collect() }
}

fn log_with(fill: impl FnOnce(&mut Batch)) -> Vec<u8> {
    let mut batch = Batch::new();
    fill(&mut batch);
    let mut log = Writer::create(Vec::new());
    log.append(&batch).unwrap();
    log.into_file()
}

fn metric(name: &str, interval_s: u32, aggregation: Aggregation) -> Control<'_> {
    Control::Metric { name: name.into(), interval_s, aggregation }
}

/// The log that the format's document shows byte by byte.
fn samples_log() -> Sample {
    let bytes = log_with(|batch| {
        batch.push_control(&Control::Segment { generation: 3 }).unwrap();
        batch.push_control(&metric("ipc", 60, Aggregation::Avg)).unwrap();
        batch.push(&Template::new("ipc", [""; 0]).unwrap(), 1_700_000_000, 0.25);
        batch.push(&Template::new("ipc", ["socket1", "core3"]).unwrap(), 1_700_000_060, -1.5);
    });
    let says = [
        "segment 3",
        "metric ipc 60 Avg",
        "sample 1700000000 ipc [] 3e800000",
        "sample 1700000060 ipc [\"socket1\", \"core3\"] bfc00000",
        "end clean",
    ];
    sample("samples.wal", bytes, &says)
}

fn controls() -> Sample {
    let bytes = log_with(|batch| {
        batch.push_control(&Control::Segment { generation: u64::MAX }).unwrap();
        batch.push_control(&metric("none", 1, Aggregation::None)).unwrap();
        batch.push_control(&metric("sum", 3600, Aggregation::Sum)).unwrap();
        batch.push_control(&metric("日本", u32::MAX, Aggregation::Avg)).unwrap();
    });
    let says = [
        "segment 18446744073709551615",
        "metric none 1 None",
        "metric sum 3600 Sum",
        "metric 日本 4294967295 Avg",
    ];
    sample("controls.wal", bytes, &[&says[..], &["end clean"]].concat())
}

/// What a later writer may add: other versions and kinds, more bytes behind a content that is known.
fn later_controls() -> Sample {
    let control = |behind: &[u8]| {
        let metric = CONTROL_METRIC.as_bytes();
        Plain { time_s: 77, metric, levels: &[b"level"], value_bits: 0x7FC0_0001, behind }.frame()
    };
    let frames =
        [control(b"\x02\x01later"), control(b"\x01\x63"), control(b"\x01\x01\x09\0\0\0\0\0\0\0more")];
    let bytes = [&HEADER[..], &frames.concat(), &simple(1)].concat();
    let says = [
        "control record of unknown version 2, kind 1",
        "control record of unknown version 1, kind 99",
        "segment 9",
        "sample 1 m [] 3f800000",
        "end clean",
    ];
    sample("later-controls.wal", bytes, &says)
}

fn names() -> Sample {
    let (long, deep) = ("l".repeat(255), vec!["d"; 64]);
    let bytes = log_with(|batch| {
        batch.push(&Template::new("日本", ["a/b", "\0\x7F %", "é"]).unwrap(), i64::MIN, 0.0);
        batch.push(&Template::new(&"m".repeat(300), [&long]).unwrap(), i64::MAX, 0.0);
        batch.push(&Template::new("deep", &deep).unwrap(), 0, 0.0);
    });
    let says = vec![
        "sample -9223372036854775808 日本 [\"a/b\", \"\\0\\u{7f} %\", \"é\"] 00000000".into(),
        format!("sample 9223372036854775807 {} [{long:?}] 00000000", "m".repeat(300)),
        format!("sample 0 deep {deep:?} 00000000"),
        "end clean".into(),
    ];
    Sample { name: "names.wal", bytes, says }
}

fn values() -> Sample {
    let bits = [0x7FC0_0000, 0x7F80_0001, 0xFFFF_FFFF, 0x7F80_0000, 0xFF80_0000, 0x8000_0000, 1, 0x7F7F_FFFF];
    let series = Template::new("v", [""; 0]).unwrap();
    let bytes = log_with(|batch| bits.iter().for_each(|&bits| batch.push(&series, 1, f32::from_bits(bits))));
    let says =
        bits.iter().map(|bits| format!("sample 1 v [] {bits:08x}")).chain(["end clean".into()]).collect();
    Sample { name: "values.wal", bytes, says }
}

fn torn_and_corrupt() -> [Sample; 3] {
    let whole = samples_log();
    let says =
        |range: std::ops::Range<usize>| whole.says[range].iter().map(String::as_str).collect::<Vec<_>>();
    let torn = whole.bytes[..whole.bytes.len() - 5].to_vec();
    let mut zeros = whole.bytes.clone();
    zeros.extend([0; 40]);
    let mut corrupt = whole.bytes.clone();
    corrupt[70] ^= 4;
    [
        sample("torn.wal", torn, &[says(0..3), vec!["end torn at 142"]].concat()),
        sample("torn-zeros.wal", zeros, &[says(0..4), vec!["end torn at 186"]].concat()),
        sample(
            "corrupt.wal",
            corrupt,
            &[says(0..1), vec!["end corrupt at 57, next 112"], says(2..5)].concat(),
        ),
    ]
}

fn all() -> Vec<Sample> {
    let mut samples = vec![
        sample("empty.wal", vec![], &["end clean"]),
        sample("header-only.wal", HEADER.to_vec(), &["end clean"]),
        samples_log(),
        controls(),
        later_controls(),
        names(),
        values(),
    ];
    samples.extend(torn_and_corrupt());
    samples
}

fn says(record: &Record<'_>) -> String {
    match record.control() {
        Some(Ok(Control::Segment { generation })) => format!("segment {generation}"),
        Some(Ok(Control::Metric { name, interval_s, aggregation })) => {
            format!("metric {name} {interval_s} {aggregation:?}")
        }
        Some(Ok(other)) => format!("{other:?}"),
        Some(Err(error)) => error.to_string(),
        None => {
            let levels: Vec<_> = record.levels().collect();
            format!("sample {} {} {levels:?} {:08x}", record.time_s, record.metric(), record.value.to_bits())
        }
    }
}

/// Records and ends in the order in which they were met.
fn read(bytes: &[u8]) -> Vec<String> {
    let (records, ends) = read_all(bytes);
    let mut lines: Vec<(u64, String)> = records.iter().map(|record| (record.offset, says(record))).collect();
    lines.extend(ends.iter().map(|end| match *end {
        End::Clean => (u64::MAX, "end clean".into()),
        End::Torn { offset, .. } => (offset, format!("end torn at {offset}")),
        End::Corrupt { offset, next, .. } => (offset, format!("end corrupt at {offset}, next {next}")),
    }));
    lines.sort_by_key(|(offset, _)| *offset);
    lines.into_iter().map(|(_, line)| line).collect()
}

/// The path of a sample, once those that are absent have been written.
pub(crate) fn path(name: &str) -> PathBuf {
    static WRITE_ABSENT: Once = Once::new();
    WRITE_ABSENT.call_once(|| {
        fs::create_dir_all(V1).unwrap();
        for sample in all() {
            let path = Path::new(V1).join(sample.name);
            if !path.exists() {
                fs::write(path, &sample.bytes).unwrap();
            }
        }
    });
    Path::new(V1).join(name)
}

#[test]
fn samples_of_version_1_are_written_byte_for_byte() {
    for sample in all() {
        assert!(fs::read(path(sample.name)).unwrap() == sample.bytes, "{} differs", sample.name);
    }
}

#[test]
fn samples_of_version_1_are_read_as_ever() {
    for sample in all() {
        assert_eq!(read(&fs::read(path(sample.name)).unwrap()), sample.says, "{}", sample.name);
    }
}

#[test]
fn every_file_beside_the_samples_is_one() {
    path("");
    let mut found: Vec<_> =
        fs::read_dir(V1).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut expected: Vec<_> = all().iter().map(|sample| sample.name.to_owned()).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}
