//! Logs that the reference wrote, against what the reference reads from them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use treering_wal::{
    Batch, End, FILE_MAGIC, HeaderError, Limits, Reader, Reason, Record, RecordError, Template, Writer,
};

use crate::plain::Plain;
use crate::samples::{read_all, read_to_the_end};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/reference");

/// Every log of the reference with the rows expected of it.
pub(crate) fn logs() -> Vec<(PathBuf, Vec<u8>, Vec<String>)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(ROOT).join("input")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "wal") {
                let name = path.strip_prefix(Path::new(ROOT).join("input")).unwrap().to_owned();
                let rows = fs::read_to_string(
                    Path::new(ROOT).join("expected").join(&name).with_extension("wal.tsv"),
                );
                found.push((
                    name,
                    fs::read(&path).unwrap(),
                    rows.unwrap().lines().map(str::to_owned).collect(),
                ));
            }
        }
    }
    assert_eq!(found.len(), 13);
    found
}

pub(crate) fn log(name: &str) -> Vec<u8> {
    fs::read(Path::new(ROOT).join("input").join(name).join("current.wal")).unwrap()
}

fn escape(name: &str) -> String {
    let mut out = String::new();
    for char in name.chars() {
        match char {
            '\0'..='\x1F' | '/' | '%' | '\x7F' => write!(out, "%{:02X}", u32::from(char)).unwrap(),
            _ => out.push(char),
        }
    }
    out
}

/// The frame of a record whose names may be empty.
fn plain_frame(record: &Record<'_>) -> Vec<u8> {
    let levels: Vec<_> = record.levels().collect();
    let levels: Vec<&[u8]> = levels.iter().map(|level| level.as_bytes()).collect();
    let (time_s, metric, value_bits) = (record.time_s, record.metric_bytes(), record.value.to_bits());
    Plain { time_s, metric, levels: &levels, value_bits, behind: &[] }.frame()
}

fn row(record: &Record<'_>) -> String {
    let path: Vec<String> = record.levels().map(|level| escape(&level)).collect();
    let value = if record.value.is_nan() { "nan".into() } else { format!("{:08x}", record.value.to_bits()) };
    format!("record\t{}\t{}\t{}\t{value}", record.time_s, escape(&record.metric()), path.join("/"))
}

/// The rows up to the first end, as the reference would see them; of the last row the words that count.
fn rows_up_to_the_first_end(bytes: &[u8]) -> Vec<String> {
    let Ok(mut reader) = Reader::new(bytes, &Limits::default()) else {
        return vec!["error".into()];
    };
    let mut rows: Vec<String> = reader.by_ref().map(|record| row(&record)).collect();
    rows.push(match reader.end() {
        Some(End::Clean) => "end\tclean".into(),
        _ => "end\ttorn".into(),
    });
    rows
}

#[test]
fn every_log_of_the_reference_gives_the_rows_that_the_reference_sees() {
    for (name, bytes, mut expected) in logs() {
        let last = expected.pop().unwrap();
        // Behind `error` and `end torn` stand the reference's own words.
        let words = if last.starts_with("error") { 1 } else { 2 };
        expected.push(last.split('\t').take(words).collect::<Vec<_>>().join("\t"));
        assert_eq!(rows_up_to_the_first_end(&bytes), expected, "{}", name.display());
    }
}

#[test]
fn every_record_of_the_reference_is_written_again_byte_for_byte() {
    let (mut logs_with_records, mut refused) = (0, 0);
    for (name, bytes, _) in logs() {
        let (records, ends) = read_to_the_end(Reader::salvage(&bytes, &Limits::default()));
        let mut log = Writer::create(Vec::new());
        for record in &records {
            let mut batch = Batch::new();
            match Template::new(&record.metric(), record.levels()) {
                Ok(series) => {
                    batch.push(&series, record.time_s, record.value);
                    assert_eq!(series.series_bytes(), record.series_bytes());
                    log.append(&batch).unwrap();
                }
                // The reference also wrote names without a byte, which this crate reads but never writes.
                Err(error) => {
                    assert!(matches!(error, RecordError::MetricEmpty | RecordError::LevelEmpty { level: 1 }));
                    log.file_mut().extend(plain_frame(record));
                    refused += 1;
                }
            }
        }
        if ends == [End::Clean] && !records.is_empty() {
            assert!(log.file()[4..] == bytes[4..], "{}: bytes differ", name.display());
            logs_with_records += 1;
        } else {
            // Damaged: each record on its own is what was written.
            let mut ours = log.file().get(4..).unwrap_or_default();
            for record in &records {
                let at = usize::try_from(record.offset).unwrap();
                let frame_len = 12 + u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
                let (frame, rest) = ours.split_at(frame_len);
                assert_eq!(frame, &bytes[at..at + frame_len], "{} at {at}", name.display());
                ours = rest;
            }
            assert!(ours.is_empty());
        }
    }
    assert_eq!((logs_with_records, refused), (8, 6));
}

#[test]
fn all_records_behind_the_flip_arrive() {
    let bytes = log("wal-flipped");
    let (sound, _) = read_all_of("wal");
    let mut reader = Reader::new(&bytes, &Limits::default()).unwrap();
    let before = reader.by_ref().count();
    let Some(End::Corrupt { offset, reason: Reason::Magic { found: 0xDC1D_A7A1 }, next }) = reader.end()
    else {
        panic!("{:?}", reader.end());
    };
    assert_eq!((offset, next), (sound[before].0, sound[before + 1].0));
    assert!(reader.resume());
    let behind: Vec<String> = reader.by_ref().map(|record| row(&record)).collect();
    assert_eq!(reader.end(), Some(End::Clean));
    assert_eq!((before, behind.len(), sound.len()), (103, 101, 205));
    assert!(behind.iter().eq(sound[before + 1..].iter().map(|(_, row)| row)));
}

#[test]
fn records_behind_a_bad_file_magic_can_be_salvaged() {
    let bytes = log("wal-bad-magic");
    let found = u32::from_le_bytes(bytes[..4].try_into().unwrap());
    assert!(found != FILE_MAGIC);
    assert_eq!(Reader::new(&bytes, &Limits::default()).unwrap_err(), HeaderError::Magic { found });
    let (records, ends) = read_to_the_end(Reader::salvage(&bytes, &Limits::default()));
    assert_eq!(ends, [End::Clean]);
    let (sound, _) = read_all_of("wal");
    assert!(records.iter().map(row).eq(sound.into_iter().map(|(_, row)| row)));
}

#[test]
fn torn_log_says_where_to_cut() {
    let bytes = log("wal-torn");
    let (records, ends) = read_all(&bytes);
    let [End::Torn { offset, reason: Reason::FrameCut { needed, left } }] = ends[..] else {
        panic!("{ends:?}");
    };
    assert!(needed > left && offset + left == bytes.len() as u64);
    let (again, ends) = read_all(&bytes[..usize::try_from(offset).unwrap()]);
    assert_eq!((again.len(), ends), (records.len(), vec![End::Clean]));
}

fn read_all_of(name: &str) -> (Vec<(u64, String)>, Vec<End>) {
    let bytes = log(name);
    let (records, ends) = read_all(&bytes);
    (records.iter().map(|record| (record.offset, row(record))).collect(), ends)
}
