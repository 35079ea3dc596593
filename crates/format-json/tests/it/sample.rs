//! The annotated sample in `docs/format-json.md`, made anew from the committed file.

use std::fmt::Write;
use std::fs;
use std::path::Path;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/format-json.md");
const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/json/v1");
const FILE: &str = "ours.json";

/// The text in pieces, each a line: what it is, and what it ends with, whichever comes first.
const PIECES: [(&str, &str); 18] = [
    ("the host: its columns", "{\"metrics\":{"),
    ("a column: interval, time of its first value, values; the second one is missing", "},"),
    ("the levels below the host", "\"children\":{"),
    ("one of them: its columns", "\"core0\":{\"metrics\":{"),
    ("", "},"),
    ("the levels below it", "\"children\":{"),
    ("", "\"hwthread0\":{\"metrics\":{"),
    ("", "},"),
    ("none is below this one", "\"children\":{},"),
    ("every level repeats the window of the file", "\"to\":1700003600}},"),
    ("", "\"to\":1700003600},"),
    ("the next one below the host", "\"socket0\":{\"metrics\":{"),
    ("", "},"),
    ("", "\"children\":{},"),
    ("", "\"to\":1700003600}},"),
    ("the window of the file", "\"to\":1700003600,"),
    ("ours", "\"host\":\"n000\","),
    ("the CRC-32 of all bytes before this key, and the end of the line", "\n"),
];

fn annotated(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    for (says, end) in PIECES {
        let len = rest.find(end).unwrap_or_else(|| panic!("{end:?} in {rest:?}")) + end.len();
        let (piece, behind) = rest.split_at(len);
        rest = behind;
        if !says.is_empty() {
            writeln!(out, "        -- {says}").unwrap();
        }
        writeln!(out, "{}", piece.trim_end()).unwrap();
    }
    assert_eq!(rest, "");
    out
}

#[test]
fn the_sample_in_the_document_is_the_committed_file() {
    let text = fs::read_to_string(Path::new(SAMPLES).join(FILE)).unwrap();
    let expected = format!(
        "<!-- tests/data/json/v1/{FILE}, a line for each piece -->\n```text\n{}```\n",
        annotated(&text)
    );
    let document = fs::read_to_string(DOCUMENT).unwrap();
    assert!(document.contains(&expected), "the sample must read:\n{expected}");
}
