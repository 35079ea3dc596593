//! Files that an earlier build wrote: today's writer gives the same bytes, today's reader the same content.

use std::fs;
use std::path::{Path, PathBuf};

use treering_snapshot::{Column, Document, Meta, Ours, Window};

use crate::build::{decode, encode};

const FROZEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/bin/v1");

pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(FROZEN).join(name)
}

fn ours(covers: u64) -> Option<Ours> {
    Some(Ours {
        cluster: "alpha".to_owned(),
        host: "n000".to_owned(),
        covers,
        previous: covers.saturating_sub(1),
    })
}

fn column(values: &[f32]) -> Column {
    Column { interval_s: 60, start_s: 1_700_000_000, values: values.to_vec() }
}

/// One small file for each feature.
pub(crate) fn samples() -> Vec<(&'static str, Document, Meta)> {
    let window = Window { from_s: 1_700_000_000, to_s: 1_700_003_600 };
    let none: &[&str] = &[];
    let mut plain = Document::new();
    plain.insert(none, "load_one", column(&[0.5, 0.75, 1.0])).unwrap();
    let mut nested = plain.clone();
    nested.insert(&["socket0"], "power", column(&[181.25])).unwrap();
    nested.insert(&["core0"], "ipc", column(&[1.5, 2.0])).unwrap();
    nested.insert(&["core0", "hwthread0"], "ipc", column(&[0.25])).unwrap();
    let mut gaps = Document::new();
    let nan = f32::from_bits(0x7FC0_0000);
    gaps.insert(none, "all", column(&[nan, nan])).unwrap();
    gaps.insert(none, "none", column(&[])).unwrap();
    gaps.insert(none, "odd", column(&[f32::from_bits(0xFFC0_0001), -0.0, f32::INFINITY, nan])).unwrap();
    let mut names = Document::new();
    names.insert(&["", "a/b", "日本語"], "", column(&[1.0])).unwrap();
    names.insert(&["line\nbreak"], "x".repeat(300), column(&[2.0])).unwrap();
    vec![
        ("plain.bin", plain, Meta { window, ours: None }),
        ("trailer.bin", nested, Meta { window, ours: ours(7) }),
        ("empty.bin", Document::new(), Meta { window: Window { from_s: 0, to_s: 0 }, ours: ours(0) }),
        ("gaps.bin", gaps, Meta { window, ours: ours(u64::MAX) }),
        ("names.bin", names, Meta { window: Window { from_s: -5, to_s: i64::MAX }, ours: ours(1) }),
    ]
}

/// A sample is written when it does not exist yet, and never changed after that.
#[test]
fn todays_bytes_are_those_of_the_frozen_files() {
    for (name, document, meta) in samples() {
        let (bytes, _) = encode(&document, &meta);
        if !path(name).exists() {
            assert!(std::env::var_os("CI").is_none(), "{name} is not committed");
            fs::create_dir_all(FROZEN).unwrap();
            fs::write(path(name), &bytes).unwrap();
        }
        assert_eq!(bytes, fs::read(path(name)).unwrap(), "{name}");
    }
}

#[test]
fn the_frozen_files_say_what_they_said() {
    for (name, document, meta) in samples() {
        let mut copy = Document::new();
        let (decoded, damage) = decode(&fs::read(path(name)).unwrap(), &mut copy);
        decoded.end.unwrap();
        assert_eq!((copy, decoded.meta, damage), (document, Some(meta), vec![]), "{name}");
    }
}
