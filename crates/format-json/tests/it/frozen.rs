//! Files that an earlier build wrote: today's writer gives the same bytes, today's reader the same content.

use std::fs;
use std::path::{Path, PathBuf};

use treering_format_json::JsonFormat;
use treering_snapshot::{Column, Document, Meta, Ours, Window};

use crate::build::{decode, document, encode_as};

const FROZEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/json/v1");

pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) format: JsonFormat,
    pub(crate) document: Document,
    pub(crate) meta: Meta,
}

pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(FROZEN).join(name)
}

fn ours(covers: u64) -> Option<Ours> {
    let previous = covers.saturating_sub(1);
    Some(Ours { cluster: "alpha".to_owned(), host: "n000".to_owned(), covers, previous })
}

fn column(values: &[f32]) -> Column {
    Column { interval_s: 60, start_s: 1_700_000_000, values: values.to_vec() }
}

/// One small file for each feature.
pub(crate) fn samples() -> Vec<Sample> {
    let window = Window { from_s: 1_700_000_000, to_s: 1_700_003_600 };
    let (exact, one_decimal) = (JsonFormat::exact(), JsonFormat::one_decimal());
    let none: &[&str] = &[];
    let mut nested = Document::new();
    nested.insert(none, "load_one", column(&[0.5, f32::NAN, 1.0])).unwrap();
    nested.insert(&["socket0"], "power", column(&[181.25])).unwrap();
    nested.insert(&["core0"], "ipc", column(&[1.5, 2.0])).unwrap();
    nested.insert(&["core0", "hwthread0"], "ipc", column(&[0.25])).unwrap();
    let mut values = Document::new();
    values.insert(none, "all", column(&[f32::NAN, f32::from_bits(0xFFC0_0001)])).unwrap();
    values.insert(none, "none", column(&[])).unwrap();
    let odd = [0.0, -0.0, 0.1, -273.15, 16_777_216.0, 123_456.79, 1e-45, 1e-7, 1e13, f32::MAX, f32::INFINITY];
    values.insert(none, "odd", column(&odd)).unwrap();
    let mut names = Document::new();
    names.insert(&["", "a/b", "日本語"], "", column(&[1.0])).unwrap();
    names.insert(&["<&>\u{2028}\u{2029}"], "\"\\\u{8}\u{c}\n\r\t\u{0}\u{1f}\u{7f}", column(&[2.0])).unwrap();
    let meta = |ours| Meta { window, ours };
    let extreme = Meta { window: Window { from_s: -5, to_s: i64::MAX }, ours: ours(u64::MAX) };
    let empty = Meta { window: Window::default(), ours: ours(0) };
    vec![
        Sample { name: "plain.json", format: one_decimal, document: nested.clone(), meta: meta(None) },
        Sample { name: "ours.json", format: exact, document: nested, meta: meta(ours(7)) },
        Sample { name: "values.json", format: exact, document: values.clone(), meta: meta(ours(1)) },
        Sample { name: "one-decimal.json", format: one_decimal, document: values, meta: meta(ours(1)) },
        Sample { name: "names.json", format: exact, document: names, meta: extreme },
        Sample { name: "empty.json", format: exact, document: Document::new(), meta: empty },
    ]
}

/// A sample is written when it does not exist yet, and never changed after that.
#[test]
fn todays_bytes_are_those_of_the_frozen_files() {
    for Sample { name, format, document, meta } in samples() {
        let (bytes, _) = encode_as(format, &document, &meta);
        if !path(name).exists() {
            assert!(std::env::var_os("CI").is_none(), "{name} is not committed");
            fs::create_dir_all(FROZEN).unwrap();
            fs::write(path(name), &bytes).unwrap();
        }
        assert_eq!(String::from_utf8(bytes).unwrap(), fs::read_to_string(path(name)).unwrap(), "{name}");
    }
}

#[test]
fn the_frozen_files_say_what_they_said() {
    for Sample { name, format, document: expected, meta } in samples() {
        let bytes = fs::read(path(name)).unwrap();
        let (decoded, damage) = decode(&bytes, &mut Document::new());
        decoded.end.unwrap();
        assert_eq!((decoded.meta.as_ref(), damage), (Some(&meta), vec![]), "{name}");
        let copy = document(&bytes);
        assert_eq!(encode_as(format, &copy, &meta).0, bytes, "{name}");
        if format == JsonFormat::exact() && name != "values.json" {
            assert_eq!(copy, expected, "{name}");
        }
    }
}
