//! Files that no writer makes: huge counts, deep trees, tables that lie.

use treering_snapshot::{Column, Document};

use crate::build::{encode, host, meta};
use crate::layout::{Layout, reseal};

const DEEP_LEVELS: u16 = 40_000;
const NAME_BYTES_MAX: u16 = u16::MAX;

fn header() -> Vec<u8> {
    [&0xCC5B_0001u32.to_le_bytes()[..], &1i64.to_le_bytes(), &2i64.to_le_bytes()].concat()
}

fn name(len: u16, byte: u8) -> Vec<u8> {
    [len.to_le_bytes().to_vec(), vec![byte; len.into()]].concat()
}

pub(crate) fn column(name_len: u16, byte: u8, count: u32, values: &[u8]) -> Vec<u8> {
    [&name(name_len, byte)[..], &60i64.to_le_bytes(), &0i64.to_le_bytes(), &count.to_le_bytes(), values]
        .concat()
}

fn counted(count: u32, items: &[u8]) -> Vec<u8> {
    [&count.to_le_bytes()[..], items].concat()
}

/// A tree of a root with one column, or what is said to be one, and no children.
pub(crate) fn with_root_columns(parts: &[&[u8]]) -> Vec<u8> {
    [&header()[..], &counted(1, &parts.concat()), &counted(0, &[])].concat()
}

/// A chain of levels, each the only child of the one above, with a column in the last.
pub(crate) fn chain(levels: u16, name_len: u16) -> Vec<u8> {
    let mut bytes = header();
    for _ in 0..levels {
        bytes.extend(counted(0, &counted(1, &name(name_len, 0xFF))));
    }
    bytes.extend(counted(1, &column(1, b'm', 1, &[0; 4])));
    bytes.extend(counted(0, &[]));
    bytes
}

/// A file of ours with a table of levels in place of its own, and no column.
pub(crate) fn with_level_table(entries: &[(u16, u16)]) -> Vec<u8> {
    let (mut bytes, _) = encode(&Document::new(), &meta());
    let start = Layout::of(&bytes).tree_end;
    let table: Vec<u8> = entries
        .iter()
        .flat_map(|(depth, len)| [depth.to_le_bytes().to_vec(), name(*len, 0xFF)].concat())
        .collect();
    let at = bytes.len() - 16;
    bytes.splice(at..at, table);
    let count = u32::try_from(entries.len()).unwrap();
    bytes.splice(start + 52..start + 56, count.to_le_bytes());
    reseal(&mut bytes, start);
    bytes
}

/// A file of ours with one field of its trailer's head overwritten.
pub(crate) fn with_trailer_field(at: usize, value: &[u8]) -> Vec<u8> {
    let (mut bytes, _) = encode(&host(2 << 10), &meta());
    let start = Layout::of(&bytes).tree_end;
    bytes.splice(start + at..start + at + value.len(), value.iter().copied());
    reseal(&mut bytes, start);
    bytes
}

/// A column below 64 levels with the longest names, none of them UTF-8, damaged or not.
pub(crate) fn long_names(damaged: bool) -> Vec<u8> {
    // Two bytes of text each, so that the file can be made by the encoder and damaged into something else after.
    let long = "é".repeat(usize::from(NAME_BYTES_MAX) / 2);
    let mut document = Document::new();
    let column = Column { interval_s: 60, start_s: 0, values: vec![1.0] };
    document.insert(&vec![&long; 64], long.clone(), column).unwrap();
    let (mut bytes, _) = encode(&document, &meta());
    let layout = Layout::of(&bytes);
    let damage_from = if damaged { 0 } else { layout.tree_end };
    for byte in &mut bytes[damage_from..] {
        if *byte == 0xA9 {
            *byte = 0xFF;
        }
    }
    reseal(&mut bytes, layout.tree_end);
    bytes
}

/// All of them, named.
pub(crate) fn all() -> Vec<(&'static str, Vec<u8>)> {
    let columns = column(0, 0, 0, &[]).repeat(20_000);
    let levels = [0; 10].repeat(20_000);
    let with = |parts: &[&[u8]]| [&header()[..], &parts.concat()].concat();
    let depths: Vec<(u16, u16)> = (1..=DEEP_LEVELS).map(|depth| (depth, 0)).collect();
    let (mut all_damaged, _) = encode(&host(64 << 10), &meta());
    for column in Layout::of(&all_damaged).columns {
        all_damaged[column.end - 1] ^= 1;
    }
    let max = u32::MAX.to_le_bytes();
    vec![
        ("2^32-1 columns announced, none there", with(&[&max])),
        ("2^32-1 columns announced, 20000 empty ones there", with(&[&max, &columns])),
        ("2^32-1 levels announced, 20000 empty ones there", with(&[&[0; 4], &max, &levels])),
        ("2^32-1 values announced", with(&[&counted(1, &column(1, b'm', u32::MAX, &[0; 64]))])),
        ("20000 empty columns", with(&[&counted(20_000, &columns), &[0; 4]])),
        ("20000 empty levels", with(&[&[0; 4], &counted(20_000, &levels)])),
        ("20000 columns of two names", {
            let columns = [column(1, b'b', 0, &[]), column(1, b'a', 0, &[])].concat().repeat(10_000);
            with(&[&counted(20_000, &columns), &[0; 4]])
        }),
        ("20000 levels of two names", {
            let levels = [name(1, b'b'), vec![0; 8], name(1, b'a'), vec![0; 8]].concat().repeat(10_000);
            with(&[&[0; 4], &counted(20_000, &levels)])
        }),
        ("40000 levels deep, empty names", chain(DEEP_LEVELS, 0)),
        ("40000 levels deep, cut", {
            let mut deep = chain(DEEP_LEVELS, 0);
            deep.truncate(300_000);
            deep
        }),
        ("70 levels deep, 64 KiB names that are not UTF-8", chain(70, NAME_BYTES_MAX)),
        (
            "one 64 KiB name that is not UTF-8",
            with(&[&counted(1, &column(NAME_BYTES_MAX, 0xFF, 0, &[])), &[0; 4]]),
        ),
        ("trailer: 64 names of 64 KiB, column sound", long_names(false)),
        ("trailer: 64 names of 64 KiB, column damaged", long_names(true)),
        ("trailer: every column damaged", all_damaged),
        ("trailer: table of 40000 levels below each other", with_level_table(&depths)),
        (
            "trailer: table of 40000 levels beside each other",
            with_level_table(&vec![(1, 0); DEEP_LEVELS.into()]),
        ),
        (
            "trailer: 70 levels of 64 KiB names",
            with_level_table(&depths[..70].iter().map(|(d, _)| (*d, NAME_BYTES_MAX)).collect::<Vec<_>>()),
        ),
        ("trailer: 2^32-1 levels", with_trailer_field(52, &max)),
        ("trailer: 2^32-1 columns", with_trailer_field(56, &max)),
        ("trailer: names longer than the trailer", with_trailer_field(48, &max)),
    ]
}
