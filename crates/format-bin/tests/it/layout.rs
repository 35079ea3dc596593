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

/// What a byte of the tree is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Magic,
    Window,
    /// Of this column.
    Metric(usize),
    /// Interval or start of this column.
    Times(usize),
    Values(usize),
    /// Of the level that holds these columns, on itself or below.
    LevelName(Range<usize>),
    /// A count or the length of a name: where everything behind it lies depends on it.
    Length,
    /// The count of a level's children.
    ChildCount,
}

/// Where the parts of a sound file lie.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// Each column, from the length of its name to its last value.
    pub(crate) columns: Vec<Range<usize>>,
    /// Each count of columns or values.
    pub(crate) counts: Vec<usize>,
    /// Where each field ends, in the file's order.
    fields: Vec<(usize, Field)>,
    /// Where the root level ends.
    pub(crate) tree_end: usize,
}

impl Layout {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut layout = Self::default();
        layout.field(4, Field::Magic);
        layout.field(HEADER_BYTES, Field::Window);
        layout.tree_end = layout.level(bytes, HEADER_BYTES);
        layout
    }

    fn field(&mut self, end: usize, field: Field) {
        self.fields.push((end, field));
    }

    fn level(&mut self, bytes: &[u8], mut at: usize) -> usize {
        let columns = u32_at(bytes, at);
        self.counts.push(at);
        at += 4;
        self.field(at, Field::Length);
        for _ in 0..columns {
            at = self.column(bytes, at);
        }
        let children = u32_at(bytes, at);
        at += 4;
        self.field(at, Field::ChildCount);
        for _ in 0..children {
            self.field(at + 2, Field::Length);
            at += 2 + u16_at(bytes, at);
            let (name, columns_before) = (self.fields.len(), self.columns.len());
            self.field(at, Field::LevelName(0..0));
            at = self.level(bytes, at);
            self.fields[name].1 = Field::LevelName(columns_before..self.columns.len());
        }
        at
    }

    fn column(&mut self, bytes: &[u8], start: usize) -> usize {
        let column = self.columns.len();
        let name_end = start + 2 + u16_at(bytes, start);
        let end = name_end + 20 + 4 * u32_at(bytes, name_end + 16);
        self.field(start + 2, Field::Length);
        self.field(name_end, Field::Metric(column));
        self.field(name_end + 16, Field::Times(column));
        self.field(name_end + 20, Field::Length);
        self.field(end, Field::Values(column));
        self.counts.push(name_end + 16);
        self.columns.push(start..end);
        end
    }

    /// The column that this byte belongs to.
    pub(crate) fn column_of(&self, at: usize) -> Option<usize> {
        self.columns.iter().position(|column| column.contains(&at))
    }

    /// What this byte of the tree is part of.
    pub(crate) fn field_of(&self, at: usize) -> &Field {
        &self.fields[self.fields.partition_point(|(end, _)| *end <= at)].1
    }

    /// How many columns end before this byte or with it.
    pub(crate) fn columns_before(&self, at: usize) -> usize {
        self.columns.partition_point(|column| column.end <= at)
    }
}

/// Puts checksum and length of a trailer that begins at `start` right again, after a test changed it.
pub(crate) fn reseal(bytes: &mut Vec<u8>, start: usize) {
    let tail = bytes.len() - TAIL_BYTES;
    let crc = crc32fast::hash(&bytes[start..tail]);
    let len = u32::try_from(bytes.len() - start).unwrap();
    bytes.splice(tail..tail + 8, [len.to_le_bytes(), crc.to_le_bytes()].concat());
}
