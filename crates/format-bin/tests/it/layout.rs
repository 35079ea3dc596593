//! The layout once more, written down from `docs/format-bin.md` and not taken from the crate's code.

use std::ops::Range;

pub(crate) const HEADER_BYTES: usize = 20;
pub(crate) const TAIL_BYTES: usize = 16;

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> usize {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()).into()
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()).try_into().unwrap()
}

/// Where the parts of a sound file lie.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// Each column, from the length of its name to its last value.
    pub(crate) columns: Vec<Range<usize>>,
    /// Each count of columns or values.
    pub(crate) counts: Vec<usize>,
    /// Where the root level ends.
    pub(crate) tree_end: usize,
}

impl Layout {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut layout = Self::default();
        layout.tree_end = layout.level(bytes, HEADER_BYTES);
        layout
    }

    fn level(&mut self, bytes: &[u8], mut at: usize) -> usize {
        let columns = u32_at(bytes, at);
        self.counts.push(at);
        at += 4;
        for _ in 0..columns {
            let start = at;
            at += 2 + u16_at(bytes, at);
            self.counts.push(at + 16);
            at += 20 + 4 * u32_at(bytes, at + 16);
            self.columns.push(start..at);
        }
        let children = u32_at(bytes, at);
        at += 4;
        for _ in 0..children {
            at += 2 + u16_at(bytes, at);
            at = self.level(bytes, at);
        }
        at
    }

    /// The column that this byte belongs to.
    pub(crate) fn column_of(&self, at: usize) -> Option<usize> {
        self.columns.iter().position(|column| column.contains(&at))
    }
}

/// Puts checksum and length of a trailer that begins at `start` right again, after a test changed it.
pub(crate) fn reseal(bytes: &mut Vec<u8>, start: usize) {
    let tail = bytes.len() - TAIL_BYTES;
    let crc = crc32fast::hash(&bytes[start..tail]);
    let len = u32::try_from(bytes.len() - start).unwrap();
    bytes.splice(tail..tail + 8, [len.to_le_bytes(), crc.to_le_bytes()].concat());
}
