//! The writer: events to bytes.

use treering_snapshot::{Counts, EncodeError, Encoder, Head, Loss, Meta, Part, Sink, Stop, Take};
use zerocopy::IntoBytes;

use crate::column::{COLUMN_BYTES_MIN, VALUE_BYTES, write_values};
use crate::cursor::wide;
use crate::format::{ColumnEntry, ColumnHead, Count, FILE_MAGIC, FileHeader};
use crate::name;
use crate::trailer::{LevelRow, Rows};

/// Writes a file's bytes. Counts and header are zero until they are known.
pub(crate) struct BinEncoder<'a> {
    out: &'a mut Vec<u8>,
    open: Vec<Open>,
    levels: Vec<LevelRow>,
    columns: Vec<ColumnEntry>,
    values: u64,
}

/// A level that is being written; the first one is the root.
struct Open {
    /// The level's number in the trailer's tables.
    level: u32,
    column_count: u32,
    column_count_at: usize,
    child_count: u32,
    /// `None` as long as columns may follow.
    child_count_at: Option<usize>,
}

impl<'a> BinEncoder<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        out.clear();
        // The magic, too, comes last: bytes without it are no snapshot.
        out.resize(size_of::<FileHeader>(), 0);
        let root = Open::begin(0, out);
        Self { out, open: vec![root], levels: Vec::new(), columns: Vec::new(), values: 0 }
    }

    fn check_column(open: &Open, head: Head<'_>, values: &[Part<'_>]) -> Result<u16, EncodeError> {
        let found: u64 = values.iter().map(|part| wide(part.count())).sum();
        if found != u64::from(head.count) {
            return Err(EncodeError::Count {
                metric: head.metric.to_owned(),
                expected: head.count.into(),
                found,
            });
        }
        if open.child_count_at.is_some() {
            return Err(EncodeError::OutOfOrder { metric: head.metric.to_owned() });
        }
        if open.column_count == u32::MAX {
            return Err(too_large("columns of a level", u32::MAX, open.column_count));
        }
        name::len_field(head.metric)
    }

    fn current(&mut self) -> Result<&mut Open, EncodeError> {
        // The root is only closed by `finish`, which takes the encoder.
        self.open.last_mut().ok_or(EncodeError::Unbalanced { open: 0 })
    }
}

impl Sink for BinEncoder<'_> {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let open = self.current()?;
        let name_len = Self::check_column(open, head, values)?;
        open.column_count += 1;
        let level = open.level;

        let start = self.out.len();
        let value_bytes = values.iter().map(|part| part.count() * VALUE_BYTES).sum::<usize>();
        self.out.reserve(COLUMN_BYTES_MIN + head.metric.len() + value_bytes);
        self.out.extend_from_slice(&name_len.to_le_bytes());
        self.out.extend_from_slice(head.metric.as_bytes());
        let fixed = ColumnHead {
            interval_s: head.interval_s.into(),
            start_s: head.start_s.into(),
            count: head.count.into(),
        };
        self.out.extend_from_slice(fixed.as_bytes());
        write_values(self.out, values);

        let record = &self.out[start..];
        self.values += u64::from(head.count);
        self.columns.push(ColumnEntry {
            offset: wide(start).into(),
            len_bytes: wide(record.len()).into(),
            level: level.into(),
            crc32: crc32fast::hash(record).into(),
        });
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        let name_len = name::len_field(level)?;
        let depth = u16::try_from(self.open.len())
            .map_err(|_| too_large("levels below each other", u16::MAX, wide(self.open.len())))?;
        let number = u32::try_from(self.levels.len() + 1)
            .map_err(|_| too_large("levels", u32::MAX, wide(self.levels.len()) + 1))?;

        let out_len = self.out.len();
        let parent = self.current()?;
        parent.child_count += 1; // At most as many as there are levels.
        if parent.child_count_at.is_none() {
            parent.child_count_at = Some(out_len);
            self.out.extend_from_slice(Count::ZERO.as_bytes());
        }
        self.out.extend_from_slice(&name_len.to_le_bytes());
        self.levels.push(LevelRow { depth, name_at: self.out.len(), name_len });
        self.out.extend_from_slice(level.as_bytes());
        let open = Open::begin(number, self.out);
        self.open.push(open);
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        if self.open.len() < 2 {
            return Err(EncodeError::Unbalanced { open: 0 }.into());
        }
        if let Some(level) = self.open.pop() {
            level.end(self.out);
        }
        Ok(())
    }
}

impl Encoder for BinEncoder<'_> {
    fn finish(mut self: Box<Self>, meta: &Meta) -> Result<Counts, EncodeError> {
        let open = wide(self.open.len()).saturating_sub(1);
        if open > 0 {
            return Err(EncodeError::Unbalanced { open });
        }
        if let Some(root) = self.open.pop() {
            root.end(self.out);
        }
        let header = FileHeader {
            magic: FILE_MAGIC.into(),
            from_s: meta.window.from_s.into(),
            to_s: meta.window.to_s.into(),
        };
        if let Some(ours) = &meta.ours {
            let rows = Rows { levels: &self.levels, columns: &self.columns };
            rows.append_trailer(self.out, &header, ours)?;
        }
        self.out[..size_of::<FileHeader>()].copy_from_slice(header.as_bytes());
        Ok(Counts {
            levels: wide(self.levels.len()),
            columns: wide(self.columns.len()),
            values: self.values,
            len_bytes: wide(self.out.len()),
            // Columns are copied bit by bit.
            loss: Loss::default(),
        })
    }
}

impl Open {
    fn begin(level: u32, out: &mut Vec<u8>) -> Self {
        let column_count_at = out.len();
        out.extend_from_slice(Count::ZERO.as_bytes());
        Self { level, column_count: 0, column_count_at, child_count: 0, child_count_at: None }
    }

    fn end(self, out: &mut Vec<u8>) {
        patch(out, self.column_count_at, self.column_count);
        match self.child_count_at {
            Some(at) => patch(out, at, self.child_count),
            None => out.extend_from_slice(Count::ZERO.as_bytes()),
        }
    }
}

fn patch(out: &mut [u8], at: usize, count: u32) {
    out[at..at + size_of::<Count>()].copy_from_slice(&count.to_le_bytes());
}

pub(crate) fn too_large(what: &'static str, max: impl Into<u64>, found: impl Into<u64>) -> EncodeError {
    EncodeError::TooLarge { what, max: max.into(), found: found.into() }
}
