//! How much memory a decode takes at its highest: at most 40 x input + 64 KiB, whatever the input is.
//!
//! A binary of its own: the counting allocator is linked into all of it. Growing a buffer counts as both sizes at once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "all of this is test code, its helpers included"
)]
#![allow(dead_code, reason = "the modules below are shared with the other tests, which use more of them")]

#[path = "it/build.rs"]
mod build;
#[path = "it/crafted.rs"]
mod crafted;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use treering_format_json::JsonFormat;
use treering_snapshot::{Counts, DecodeError, Format, Limits, Scratch, TEXT_BYTES_MAX};

const GIGABYTE: usize = 1 << 30;

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/reference/input");

/// The highest number of bytes that a decode holds at one time.
fn peak_bytes(bytes: &[u8]) -> u64 {
    let mut bytes = bytes.to_vec();
    let mut reports = 0u64;
    let info = allocation_counter::measure(|| {
        // Its memory counts, too: it is empty at first.
        let mut scratch = Scratch::new();
        let report = &mut |_| reports += 1;
        let mut sink = Counts::default();
        let decoded =
            JsonFormat::exact().decode(&mut bytes, &mut scratch, &Limits::default(), &mut sink, report);
        drop((decoded, scratch));
    });
    info.bytes_max
}

fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

/// Every input: what it is, and its bytes.
fn inputs() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    json_files(Path::new(REFERENCE), &mut files);
    files.sort();
    let name = |path: &Path| path.strip_prefix(REFERENCE).unwrap().display().to_string();
    let mut inputs: Vec<_> = files.iter().map(|path| (name(path), fs::read(path).unwrap())).collect();
    inputs.extend(
        [1 << 10, 64 << 10, 1 << 20].map(|len| {
            (format!("ours, {} KiB", len >> 10), build::encode(&build::host(len), &build::meta()).0)
        }),
    );
    for len in [1 << 10, 30 << 10, 100 << 10, 1 << 20, 1_400_000] {
        let crafted = crafted::all(len).into_iter();
        inputs.extend(crafted.map(|(what, bytes)| (what.to_owned(), bytes)));
    }
    inputs
}

#[test]
fn no_input_takes_more_than_forty_times_its_length_and_64_kib() {
    println!("{:>9} {:>9} {:>7}  input", "bytes", "peak", "ratio");
    let (mut measured, mut highest) = (0, 0f64);
    for (name, bytes) in inputs() {
        let len = u64::try_from(bytes.len()).unwrap();
        let peak = peak_bytes(&bytes);
        let ratio = peak as f64 / len.max(1) as f64;
        println!("{len:>9} {peak:>9} {ratio:>7.3}  {name}");
        assert!(peak <= 40 * len + (64 << 10), "{name}: {peak} bytes for {len}");
        highest = highest.max(peak.saturating_sub(64 << 10) as f64 / len.max(1) as f64);
        measured += 1;
    }
    println!("{measured} inputs: at most {highest:.1} times the input and 64 KiB");
    assert!(measured > 150, "{measured}");
}

/// Nothing is allocated for what is nested too deep, and nothing behind that place is looked at.
#[test]
fn a_gigabyte_of_brackets_is_refused_at_once() {
    let mut text = vec![b'['; GIGABYTE];
    for begin in [&b"["[..], b"{\"x\":", b"{\"children\":{\"a\":", b"{\"metrics\":{\"m\":{\"data\":[1,"] {
        text[..64].fill(b'[');
        text[..begin.len()].copy_from_slice(begin);
        for (text_bytes_max, offset_max) in [(TEXT_BYTES_MAX, 0), (u64::MAX, 10_100)] {
            let limits = Limits { text_bytes_max, ..Limits::default() };
            let (mut scratch, mut sink, mut reports) = (Scratch::new(), Counts::default(), 0);
            let start = Instant::now();
            let mut end = Ok(());
            let info = allocation_counter::measure(|| {
                let report = &mut |_| reports += 1;
                end = JsonFormat::exact().decode(&mut text, &mut scratch, &limits, &mut sink, report).end;
            });
            let taken = start.elapsed();
            match end {
                Err(DecodeError::TooLong { found, .. }) => assert!(offset_max == 0 && found == 1 << 30),
                Err(DecodeError::Limit { offset, .. }) => assert!(offset <= offset_max, "{offset}"),
                end => panic!("{end:?}"),
            }
            assert!(info.bytes_max <= 4 << 10, "{} bytes", info.bytes_max);
            assert!(taken.as_secs_f64() < 0.5, "{taken:?}");
            assert_eq!((reports, sink.columns), (0, 0));
        }
    }
}

/// Any few bytes of a file overwritten, so that its structure lies in every way.
#[test]
fn no_overwritten_file_takes_more_either() {
    let mut noise = build::Noise::new(3);
    let mut highest = 0f64;
    let (sound, _) = build::encode(&build::host(3 << 10), &build::meta());
    for _ in 0..2_000 {
        let mut bytes = sound.clone();
        for _ in 0..=noise.below(4) {
            let at = noise.below(bytes.len());
            bytes[at] = b"{}[]\",:0e-\\n"[noise.below(12)];
        }
        let peak = peak_bytes(&bytes);
        highest = highest.max(peak as f64 / bytes.len() as f64);
        assert!(peak <= 40 * u64::try_from(bytes.len()).unwrap(), "{peak} bytes for {}", bytes.len());
    }
    println!("2000 overwritten files: at most {highest:.3} times the input");
}

/// Loading is what happens at every start: no allocation per column or level of a sound file.
#[test]
fn a_second_file_costs_no_allocation_per_column() {
    let mut scratch = Scratch::new();
    for at_most in [100, 8] {
        let (bytes, counts) = build::encode(&build::host(1 << 20), &build::meta());
        let mut sink = Counts::default();
        let mut read = bytes.clone();
        let info = allocation_counter::measure(|| {
            let decoded = JsonFormat::exact().decode(
                &mut read,
                &mut scratch,
                &Limits::default(),
                &mut sink,
                &mut |_| (),
            );
            drop(decoded);
        });
        println!("{} columns, {} levels: {} allocations", counts.columns, counts.levels, info.count_total);
        assert!(counts.columns > 1_000 && info.count_total <= at_most, "{}", info.count_total);
    }
}
