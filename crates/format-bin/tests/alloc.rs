//! How much memory a decode takes at its highest: at most 4 x input + 64 KiB, whatever the input is.
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
#[path = "it/layout.rs"]
mod layout;

use std::fs;
use std::path::{Path, PathBuf};

use treering_format_bin::BinFormat;
use treering_snapshot::{Counts, Document, Format, Limits, Scratch, Sink};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/reference/input");

/// The highest number of bytes that decoding into this sink holds at one time.
fn peak_bytes(bytes: &[u8], sink: &mut dyn Sink) -> u64 {
    let mut bytes = bytes.to_vec();
    let mut scratch = Scratch::new();
    let mut reports = 0u64;
    let info = allocation_counter::measure(|| {
        let report = &mut |_| reports += 1;
        let decoded = BinFormat.decode(&mut bytes, &mut scratch, &Limits::default(), sink, report);
        drop(decoded);
    });
    info.bytes_max
}

fn bin_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bin_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "bin") {
            found.push(path);
        }
    }
}

/// Every input: what it is, and its bytes.
fn inputs() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    bin_files(Path::new(REFERENCE), &mut files);
    files.sort();
    let name = |path: &Path| path.strip_prefix(REFERENCE).unwrap().display().to_string();
    let mut inputs: Vec<_> = files.iter().map(|path| (name(path), fs::read(path).unwrap())).collect();
    inputs.extend(
        [1 << 10, 64 << 10, 1 << 20].map(|len| {
            (format!("ours, {} KiB", len >> 10), build::encode(&build::host(len), &build::meta()).0)
        }),
    );
    inputs.extend(crafted::all().into_iter().map(|(what, bytes)| (what.to_owned(), bytes)));
    inputs
}

#[test]
fn no_input_takes_more_than_four_times_its_length_and_64_kib() {
    println!("{:>9} {:>9} {:>7}  input", "bytes", "peak", "ratio");
    let mut measured = 0;
    for (name, bytes) in inputs() {
        let len = u64::try_from(bytes.len()).unwrap();
        let peak = peak_bytes(&bytes, &mut Counts::default());
        println!("{len:>9} {peak:>9} {:>7.3}  {name}", peak as f64 / len.max(1) as f64);
        assert!(peak <= 4 * len + (64 << 10), "{name}: {peak} bytes for {len}");
        measured += 1;
    }
    assert!(measured > 40, "{measured}");
}

/// Any few bytes of a file overwritten, so that counts, lengths and tables lie in every way.
#[test]
fn no_overwritten_file_takes_more_either() {
    let mut noise = build::Noise::new(3);
    let mut highest = 0f64;
    for meta in [build::meta(), build::reference_meta()] {
        let (sound, _) = build::encode(&build::host(3 << 10), &meta);
        for _ in 0..4_000 {
            let mut bytes = sound.clone();
            for _ in 0..=noise.below(4) {
                let at = noise.below(bytes.len());
                bytes[at] = noise.next() as u8;
            }
            let peak = peak_bytes(&bytes, &mut Counts::default());
            highest = highest.max(peak as f64 / bytes.len() as f64);
            assert!(peak <= 4 * u64::try_from(bytes.len()).unwrap(), "{peak} bytes for {}", bytes.len());
        }
    }
    println!("8000 overwritten files: at most {highest:.3} times the input");
}

/// A document is the caller's, and so is its size; for what is not crafted it keeps the same bound.
#[test]
fn a_document_of_a_real_file_keeps_the_bound() {
    for (name, bytes) in inputs().into_iter().take_while(|(name, _)| !name.starts_with("2^32")) {
        let len = u64::try_from(bytes.len()).unwrap();
        let peak = peak_bytes(&bytes, &mut Document::new());
        println!("{len:>9} {peak:>9} {:>7.3}  {name}", peak as f64 / len.max(1) as f64);
        assert!(peak <= 4 * len + (64 << 10), "{name}: {peak} bytes for {len}");
    }
}

/// Loading is what happens at every start: no allocation per column or level of a sound file, and as its names are in order,
/// no list of them, which would take 12 bytes for each.
#[test]
fn a_sound_file_costs_no_allocation_and_no_memory_per_column() {
    let metas = [build::meta(), build::reference_meta()];
    for (len, meta) in
        [64 << 10, 1 << 20].into_iter().flat_map(|len| metas.iter().map(move |meta| (len, meta)))
    {
        let (mut bytes, counts) = build::encode(&build::host(len), meta);
        let mut scratch = Scratch::new();
        let mut sink = Counts::default();
        let info = allocation_counter::measure(|| {
            let decoded =
                BinFormat.decode(&mut bytes, &mut scratch, &Limits::default(), &mut sink, &mut |_| ());
            drop(decoded);
        });
        let (allocations, peak) = (info.count_total, info.bytes_max);
        println!(
            "{} columns, {} levels: {allocations} allocations, {peak} bytes",
            counts.columns, counts.levels
        );
        assert!(allocations <= 8 && peak <= 256, "{allocations} allocations, {peak} bytes");
    }
}
