//! Files made for one test: snapshots and logs with just the fault that it is about.

use std::fs;
use std::path::Path;

use serde_json::Value;
use treering_format_bin::BinFormat;
use treering_snapshot::{Column, Document, Format as _, Meta, Ours, Window};
use treering_wal::{Batch, Control, Template, Writer};

use crate::program::process::{Ran, treering};

/// A snapshot of `c/h` that holds one column of three values.
#[derive(Clone)]
pub(super) struct Snapshot {
    pub(super) stem: i64,
    pub(super) window: Window,
    pub(super) ours: Option<Ours>,
    pub(super) interval_s: i64,
    pub(super) start_s: i64,
    pub(super) metric: &'static str,
    pub(super) path: Vec<String>,
}

impl Snapshot {
    /// As a store of ours writes it.
    pub(super) fn new(stem: i64, covers: u64, previous: u64) -> Snapshot {
        Snapshot {
            ours: Some(Ours { cluster: "c".to_owned(), host: "h".to_owned(), covers, previous }),
            ..Snapshot::of_the_reference(stem)
        }
    }

    pub(super) fn of_the_reference(stem: i64) -> Snapshot {
        let window = Window { from_s: stem, to_s: stem + 180 };
        let path = vec!["core0".to_owned()];
        Snapshot { stem, window, ours: None, interval_s: 60, start_s: stem, metric: "ipc", path }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut document = Document::with_depth_max(self.path.len());
        let column =
            Column { interval_s: self.interval_s, start_s: self.start_s, values: vec![0.5, f32::NAN, 0.75] };
        document.insert(&self.path, self.metric, column).unwrap();
        let mut bytes = Vec::new();
        let mut encoder = BinFormat.encoder(&mut bytes);
        document.emit(&mut *encoder).unwrap();
        encoder.finish(&Meta { window: self.window, ours: self.ours.clone() }).unwrap();
        bytes
    }

    /// Writes it into a host's directory, which is made.
    pub(super) fn write(&self, host: &Path) {
        fs::create_dir_all(host).unwrap();
        fs::write(host.join(format!("{}.bin", self.stem)), self.bytes()).unwrap();
    }
}

/// A log that states this generation, and holds a sample for each of these times.
pub(super) fn log(generation: Option<u64>, times_s: &[i64]) -> Vec<u8> {
    let mut batch = Batch::new();
    if let Some(generation) = generation {
        batch.push_control(&Control::Segment { generation }).unwrap();
    }
    let template = Template::new("ipc", ["core0"]).unwrap();
    for time_s in times_s {
        batch.push(&template, *time_s, 0.25);
    }
    let mut writer = Writer::create(Vec::new());
    writer.append(&batch).unwrap();
    writer.into_file()
}

/// A frame of a log around any payload, its checksum right.
pub(super) fn frame(payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap();
    let mut frame = [&treering_wal::RECORD_MAGIC.to_le_bytes(), &len.to_le_bytes()[..], payload].concat();
    frame.extend(crc32(payload).to_le_bytes());
    frame
}

/// What a frame of a sample holds.
pub(super) fn payload(time_s: i64, metric: &str, levels: &[&str], behind: &[u8]) -> Vec<u8> {
    let mut payload = time_s.to_le_bytes().to_vec();
    payload.extend(u16::try_from(metric.len()).unwrap().to_le_bytes());
    payload.extend(metric.as_bytes());
    payload.push(levels.len() as u8);
    for level in levels {
        payload.push(level.len() as u8);
        payload.extend(level.as_bytes());
    }
    payload.extend(0.25_f32.to_le_bytes());
    payload.extend(behind);
    payload
}

/// IEEE 802.3, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// `verify --json` in the directory `at`.
pub(super) fn verify(at: &Path, paths: &[&str]) -> (Ran, Vec<Value>) {
    let ran = treering(at, &[&["verify", "--json"], paths].concat());
    let lines = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (ran, lines)
}

/// Exit code, and per finding its severity, rule, file and offset, for what lies in `at`.
pub(super) fn verdict(at: &Path, paths: &[&str]) -> String {
    let (ran, lines) = verify(at, paths);
    let (summary, findings) = lines.split_last().unwrap_or_else(|| panic!("{ran:?}"));
    assert_eq!(summary["kind"], "summary");
    let mut text = format!("exit {}: {}", ran.code.unwrap(), summary["verdict"].as_str().unwrap());
    for finding in findings {
        assert_eq!(finding["kind"], "finding");
        let word = |key: &str| finding[key].as_str().unwrap().to_owned();
        text += &format!("\n{} {} {}", word("severity"), word("rule"), word("file"));
        if let Some(offset) = finding["offset"].as_u64() {
            text += &format!(" at {offset}");
        }
    }
    text
}
