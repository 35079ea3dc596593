//! Files that the reference wrote, against what the reference's own decoder sees in them.

use std::fs;
use std::path::{Path, PathBuf};

use treering_format_json::JsonFormat;
use treering_snapshot::{DamageKind, DecodeError, Document, Format, Meta};

use crate::build::{decode, document, encode, encode_as, rows, salvaged};
use crate::tsv::Tsv;

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/reference");

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == JsonFormat::exact().extension()) {
            found.push(path);
        }
    }
}

/// Every JSON fixture: its name below `input`, its bytes, the rows expected.
pub(crate) fn fixtures() -> Vec<(String, Vec<u8>, String)> {
    let input = Path::new(REFERENCE).join("input");
    let mut found = Vec::new();
    files(&input, &mut found);
    found.sort();
    found.iter().map(|path| fixture(path.strip_prefix(&input).unwrap().to_str().unwrap())).collect()
}

pub(crate) fn fixture(name: &str) -> (String, Vec<u8>, String) {
    let bytes = fs::read(format!("{REFERENCE}/input/{name}")).unwrap();
    let expected = fs::read_to_string(format!("{REFERENCE}/expected/{name}.tsv")).unwrap();
    (name.to_owned(), bytes, expected)
}

/// What a dump of this file would print.
fn dump(bytes: &[u8]) -> String {
    let mut document = Document::new();
    let (decoded, _) = decode(bytes, &mut document);
    let mut tsv = Tsv::default();
    if let Some(meta) = decoded.meta {
        tsv.text = format!("snapshot\t{}\t{}\n", meta.window.from_s, meta.window.to_s);
    }
    document.emit(&mut tsv).unwrap();
    if let Err(err) = decoded.end {
        tsv.text.push_str(&format!("error\t{err}\n"));
    }
    tsv.text
}

fn error_row(text: &str) -> Option<&str> {
    text.lines().find(|line| line.starts_with("error\t"))
}

#[test]
fn every_fixture_gives_the_rows_of_the_reference() {
    let (mut sound, mut damaged) = (0, 0);
    for (name, bytes, expected) in fixtures() {
        let found = dump(&bytes);
        match error_row(&expected) {
            None => {
                assert_eq!(found, expected, "{name}");
                sound += 1;
            }
            Some(error) => {
                let seen = expected.strip_suffix(&format!("{error}\n")).unwrap();
                assert!(found.starts_with(seen), "{name}");
                assert!(error_row(&found).is_some(), "{name} must not pass for a sound file");
                damaged += 1;
            }
        }
    }
    println!("{sound} sound, {damaged} damaged");
    assert_eq!((sound, damaged), (20, 3));
}

/// But for `names`, whose inner levels say other times than its root.
#[test]
fn what_the_reference_wrote_is_written_again_byte_for_byte() {
    let mut same = 0;
    for (name, bytes, _) in fixtures() {
        if name.starts_with("damaged/") || name.starts_with("names/") {
            continue;
        }
        let mut again = Vec::new();
        let mut encoder = JsonFormat::one_decimal().encoder(&mut again);
        let (decoded, damage) = decode(&bytes, &mut *encoder);
        decoded.end.unwrap();
        assert_eq!(damage, []);
        encoder.finish(&decoded.meta.unwrap()).unwrap();
        assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(bytes).unwrap(), "{name}");
        same += 1;
    }
    println!("{same} files");
    assert_eq!(same, 15);
}

#[test]
fn all_but_the_inner_windows_of_the_names_is_written_again_byte_for_byte() {
    let (_, bytes, _) = fixture("names/0.json");
    let text = String::from_utf8(bytes).unwrap();
    let (decoded, _) = decode(text.as_bytes(), &mut Document::new());
    let meta = decoded.meta.unwrap();
    let (again, _) = encode_as(JsonFormat::one_decimal(), &document(&text), &meta);
    let window = format!("\"from\":{},\"to\":{}", meta.window.from_s, meta.window.to_s);
    assert_eq!(String::from_utf8(again).unwrap(), text.replace("\"from\":0,\"to\":0", &window));
}

#[test]
fn exact_text_of_a_fixture_says_the_same_and_is_shorter() {
    for (name, bytes, expected) in fixtures() {
        if error_row(&expected).is_some() || name.starts_with("damaged/") {
            continue;
        }
        let (decoded, _) = decode(&bytes, &mut Document::new());
        let (again, _) = encode(&document(&bytes), &decoded.meta.clone().unwrap());
        assert_eq!(document(&again), document(&bytes), "{name}");
        let (ours, _) =
            encode(&document(&bytes), &Meta { ours: crate::build::meta().ours, ..decoded.meta.unwrap() });
        assert_eq!(ours[..again.len() - 2], again[..again.len() - 2], "{name}");
        // The times of the inner levels of `names` are longer here.
        if !name.starts_with("names/") {
            assert!(again.len() <= bytes.len(), "{name}");
        }
    }
}

/// `truncated.json` is `host/1700000000.json`, cut.
#[test]
fn columns_before_the_cut_of_the_reference_file_arrive() {
    let (_, whole, _) = fixture("host/1700000000.json");
    let (_, cut, _) = fixture("damaged/truncated.json");
    let (rows_of_cut, decoded, damage) = salvaged(&cut);
    assert!(matches!(decoded.end, Err(DecodeError::Truncated { .. })), "{:?}", decoded.end);
    assert_eq!(damage, []);
    assert_eq!(decoded.meta.unwrap().window.to_s, 1_700_007_200, "from a level that is whole");
    let all = rows(&whole);
    println!("truncated.json: {} of {} columns", rows_of_cut.len(), all.len());
    assert_eq!((rows_of_cut.len(), all.len()), (48, 75));
    assert_eq!(rows_of_cut, all[..48]);
}

#[test]
fn a_text_as_a_value_costs_its_column_and_is_an_error() {
    let (_, bytes, _) = fixture("damaged/text-number.json");
    let (rows, decoded, damage) = salvaged(&bytes);
    assert_eq!(rows, []);
    let at = u64::try_from(bytes.windows(3).position(|three| three == b"\"1\"").unwrap()).unwrap();
    let end = decoded.end.unwrap_err();
    assert!(matches!(end, DecodeError::Malformed { offset, .. } if offset == at), "{end}");
    assert!(matches!(damage[..], [ref one] if matches!(one.kind, DamageKind::ColumnUnusable { .. })));
    assert_eq!(damage[0].metric.as_deref(), Some("a"));
}

#[test]
fn foreign_bytes_behind_the_snapshot_are_no_damage() {
    let (_, whole, _) = fixture("host/1700000000.json");
    let (_, trailing, _) = fixture("damaged/trailing.json");
    assert_eq!(rows(&trailing), rows(&whole));
}
