//! The annotated dump in `docs/format-bin.md`, made anew from the committed file.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::layout::{u16_at, u32_at};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/format-bin.md");
const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/bin/v1");
const FILE: &str = "trailer.bin";
const LINE_BYTES: usize = 8;

/// Walks over a file and writes down what each byte is.
struct Dump<'a> {
    bytes: &'a [u8],
    at: usize,
    text: String,
}

impl Dump<'_> {
    fn field(&mut self, len: usize, says: &str) {
        let field = &self.bytes[self.at..self.at + len];
        for (index, line) in field.chunks(LINE_BYTES).enumerate() {
            let hex = line.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
            let says = if index == 0 { says } else { "" };
            let line = format!("{:06x}  {hex:23}  {says}", self.at + index * LINE_BYTES);
            writeln!(self.text, "{}", line.trim_end()).unwrap();
        }
        self.at += len;
    }

    fn section(&mut self, says: &str) {
        writeln!(self.text, "        -- {says}").unwrap();
    }

    fn u32(&mut self, says: &str) -> usize {
        let value = u32_at(self.bytes, self.at);
        self.field(4, &format!("{says}: {value}"));
        value
    }

    fn hex32(&mut self, says: &str) {
        let value = u32_at(self.bytes, self.at);
        self.field(4, &format!("{says}: {value:#010x}"));
    }

    fn long(&mut self, says: &str) -> i64 {
        let value = i64::from_le_bytes(self.bytes[self.at..self.at + 8].try_into().unwrap());
        self.field(8, &format!("{says}: {value}"));
        value
    }

    fn name_bytes(&mut self, len: usize, says: &str) {
        let name = String::from_utf8_lossy(&self.bytes[self.at..self.at + len]).into_owned();
        self.field(len, &format!("{says}: {name}"));
    }

    fn name(&mut self, says: &str) {
        let len = u16_at(self.bytes, self.at);
        self.field(2, &format!("length of the name: {len}"));
        self.name_bytes(len, says);
    }

    fn level(&mut self) {
        for _ in 0..self.u32("columns") {
            self.name("metric");
            self.long("interval");
            self.long("start");
            for _ in 0..self.u32("count") {
                let value = f32::from_le_bytes(self.bytes[self.at..self.at + 4].try_into().unwrap());
                self.field(4, &format!("value: {value}"));
            }
        }
        for _ in 0..self.u32("children") {
            self.name("level");
            self.level();
        }
    }

    fn trailer(&mut self) {
        let len = self.bytes.len() - self.at;
        self.field(8, "start magic");
        self.u32("version");
        self.hex32("CRC-32 of the structure");
        self.long("covers");
        self.long("previous");
        self.long("from");
        self.long("to");
        let (cluster, host) = (u16_at(self.bytes, self.at), u16_at(self.bytes, self.at + 2));
        self.field(2, &format!("length of the cluster's name: {cluster}"));
        self.field(2, &format!("length of the host's name: {host}"));
        let (levels, columns) = (self.u32("levels"), self.u32("columns"));
        self.name_bytes(cluster, "cluster");
        self.name_bytes(host, "host");
        for level in 1..=levels {
            self.section(&format!("level {level}"));
            let depth = u16_at(self.bytes, self.at);
            self.field(2, &format!("depth: {depth}"));
            self.name("level");
        }
        for column in 1..=columns {
            self.section(&format!("column {column}"));
            let offset = self.long("offset");
            let len = self.long("length");
            self.u32("level");
            let column = usize::try_from(offset).unwrap()..usize::try_from(offset + len).unwrap();
            assert_eq!(
                usize::try_from(crc32fast::hash(&self.bytes[column])).unwrap(),
                u32_at(self.bytes, self.at)
            );
            self.hex32("CRC-32 of the column");
        }
        self.section("tail");
        assert_eq!(self.u32("length of the trailer"), len);
        self.hex32("CRC-32 of the trailer before this tail");
        self.field(8, "end magic");
    }
}

fn dump(bytes: &[u8]) -> String {
    let mut dump = Dump { bytes, at: 0, text: String::new() };
    dump.section("header");
    dump.hex32("magic");
    dump.long("from");
    dump.long("to");
    dump.section("root level");
    dump.level();
    dump.section("trailer");
    dump.trailer();
    assert_eq!(dump.at, bytes.len());
    dump.text
}

#[test]
fn the_dump_in_the_document_is_the_committed_file() {
    let expected = dump(&fs::read(Path::new(SAMPLES).join(FILE)).unwrap());
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let begins = format!("<!-- dump of tests/data/bin/v1/{FILE} -->\n```text\n");
    let found =
        document.split_once(&begins).and_then(|(_, rest)| rest.split_once("```")).map(|(dump, _)| dump);
    assert_eq!(found, Some(&expected[..]), "the document should have this dump:\n{expected}");
}
