//! The dump in `docs/format-wal.md` is what the code makes of the committed file.

use std::fmt::Write as _;
use std::fs;

use treering_wal::{CONTROL_METRIC, Control, FILE_MAGIC, RECORD_MAGIC, Record};

use crate::samples::read_all;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/format-wal.md");
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/wal/v1/samples.wal");
const BYTES_A_LINE: usize = 8;

/// A dump that grows field by field.
struct Dump<'a> {
    bytes: &'a [u8],
    at: usize,
    text: String,
}

impl Dump<'_> {
    fn field(&mut self, len: usize, meaning: &str) {
        for (n, line) in self.bytes[self.at..self.at + len].chunks(BYTES_A_LINE).enumerate() {
            let hex: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
            let at = self.at + n * BYTES_A_LINE;
            let meaning = if n == 0 { meaning } else { "" };
            let row = format!("{at:04x}  {:<23}  {meaning}", hex.join(" "));
            writeln!(self.text, "{}", row.trim_end()).unwrap();
        }
        self.at += len;
    }

    fn name(&mut self, name: &str) {
        self.field(name.len(), &format!("\"{name}\""));
    }

    fn record(&mut self, record: &Record<'_>, end: usize) {
        assert_eq!(record.offset, self.at as u64);
        self.text.push('\n');
        self.field(4, &format!("record magic {RECORD_MAGIC:#010X}"));
        self.field(4, &format!("payload: {} bytes", end - self.at - 8));
        self.field(8, &format!("time {}", record.time_s));
        let metric = record.metric();
        self.field(2, &format!("metric: {} bytes", metric.len()));
        self.name(&metric);
        self.field(1, &format!("levels: {}", record.levels().len()));
        for level in record.levels() {
            self.field(1, &format!("level: {} bytes", level.len()));
            self.name(&level);
        }
        self.field(4, &format!("value {}", record.value));
        match record.control() {
            None => assert_ne!(metric, CONTROL_METRIC),
            Some(control) => self.control(&control.unwrap()),
        }
        self.field(4, "CRC-32 of the payload");
        assert_eq!(self.at, end);
    }

    fn control(&mut self, control: &Control<'_>) {
        self.field(1, "control version 1");
        match control {
            Control::Segment { generation } => {
                self.field(1, "kind 1: segment");
                self.field(8, &format!("generation {generation}"));
            }
            Control::Metric { name, interval_s, aggregation } => {
                self.field(1, "kind 2: metric");
                self.field(4, &format!("interval {interval_s} s"));
                self.field(1, &format!("aggregation: {aggregation:?}"));
                self.field(2, &format!("name: {} bytes", name.len()));
                self.name(name);
            }
            other => panic!("{other:?} has no place in the dump"),
        }
    }
}

#[test]
fn dump_in_the_document_is_the_committed_file() {
    let bytes = fs::read(SAMPLE).unwrap();
    let mut dump = Dump { bytes: &bytes, at: 0, text: String::new() };
    dump.field(4, &format!("file magic {FILE_MAGIC:#010X}"));
    let (records, _) = read_all(&bytes);
    let ends =
        records.iter().skip(1).map(|record| usize::try_from(record.offset).unwrap()).chain([bytes.len()]);
    for (record, end) in records.iter().zip(ends) {
        dump.record(record, end);
    }
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let block = document.split("```hexdump\n").nth(1).and_then(|rest| rest.split("```").next());
    assert!(block == Some(&dump.text), "docs/format-wal.md should hold\n{}", dump.text);
}
