//! Files that the reference wrote, against what the reference's own decoder sees in them.

use std::fs;
use std::path::{Path, PathBuf};

use treering_format_bin::BinFormat;
use treering_snapshot::{DecodeError, Document, Format};

use crate::build::{Rows, decode, encode, rows};
use crate::tsv::Tsv;

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/reference");

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == BinFormat.extension()) {
            found.push(path);
        }
    }
}

/// Every binary fixture: its name below `input`, its bytes, the rows expected.
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
    let (decoded, damage) = decode(bytes, &mut document);
    assert_eq!(damage, []);
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
    assert_eq!((sound, damaged), (17, 4));
}

#[test]
fn every_sound_fixture_is_written_again_byte_for_byte() {
    let mut same = 0;
    for (name, bytes, expected) in fixtures() {
        if error_row(&expected).is_some() {
            continue;
        }
        let mut again = Vec::new();
        let mut encoder = BinFormat.encoder(&mut again);
        let (decoded, _) = decode(&bytes, &mut *encoder);
        decoded.end.unwrap();
        encoder.finish(&decoded.meta.unwrap()).unwrap();
        let foreign = if name == "damaged/trailing.bin" { "bytes after the tree".len() } else { 0 };
        assert_eq!(again, bytes[..bytes.len() - foreign], "{name}");
        same += 1;
    }
    assert_eq!(same, 17);
}

#[test]
fn a_fixture_with_our_trailer_begins_with_the_same_bytes() {
    let (_, bytes, _) = fixture("host/1700000000.bin");
    let mut document = Document::new();
    let (decoded, _) = decode(&bytes, &mut document);
    let meta = treering_snapshot::Meta { ours: crate::build::meta().ours, ..decoded.meta.unwrap() };
    let (again, _) = encode(&document, &meta);
    let (plain, _) = encode(&document, &treering_snapshot::Meta { ours: None, ..meta });
    assert_eq!(plain.len(), bytes.len());
    assert_eq!(again[..plain.len()], plain);
    assert!(again.len() > plain.len());
}

/// `truncated.bin` is `host/1700000000.bin` cut in the middle of its 49th column.
#[test]
fn columns_before_the_cut_of_the_reference_file_arrive() {
    let (_, whole, _) = fixture("host/1700000000.bin");
    let (_, cut, _) = fixture("damaged/truncated.bin");
    let mut sink = Rows::default();
    let (decoded, damage) = decode(&cut, &mut sink);
    assert!(matches!(decoded.end, Err(DecodeError::Truncated { .. })), "{:?}", decoded.end);
    assert_eq!(damage, []);
    assert_eq!(decoded.meta.unwrap().window.from_s, 1_700_000_000);
    let all = rows(&whole);
    println!("truncated.bin: {} of {} columns", sink.rows.len(), all.len());
    assert_eq!((sink.rows.len(), all.len()), (48, 75));
    assert_eq!(sink.rows, all[..48]);
}

/// The root's count of columns says 2^32 - 1: its six columns arrive, what follows them is none.
#[test]
fn columns_before_a_huge_count_arrive() {
    let (_, whole, _) = fixture("host/1700000000.bin");
    let (_, huge, _) = fixture("damaged/huge-count.bin");
    let mut sink = Rows::default();
    let (decoded, _) = decode(&huge, &mut sink);
    assert!(matches!(decoded.end, Err(DecodeError::Malformed { .. })), "{:?}", decoded.end);
    println!("huge-count.bin: {} columns, {}", sink.rows.len(), decoded.end.unwrap_err());
    assert_eq!(sink.rows, rows(&whole)[..6]);
}

#[test]
fn foreign_bytes_behind_the_tree_are_no_damage() {
    let (_, whole, _) = fixture("host/1700000000.bin");
    let (_, trailing, _) = fixture("damaged/trailing.bin");
    assert_eq!(rows(&trailing), rows(&whole));
}

#[test]
fn another_magic_is_told_from_a_cut() {
    let (_, magic, _) = fixture("damaged/magic.bin");
    let (_, zero, _) = fixture("damaged/zero.bin");
    let end = |bytes: &[u8]| decode(bytes, &mut Rows::default()).0.end;
    assert!(matches!(end(&magic), Err(DecodeError::Magic { offset: 0, expected: 0xCC5B_0001, .. })));
    assert!(matches!(end(&zero), Err(DecodeError::Truncated { offset: 0, needed: 20, left: 0, .. })));
    assert!(matches!(end(&magic[..3]), Err(DecodeError::Truncated { offset: 0, needed: 20, left: 3, .. })));
}
