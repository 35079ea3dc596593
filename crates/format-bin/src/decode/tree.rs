//! Decoding along the tree, as the reference does: no checksum, and the first fault is the end.

use treering_snapshot::{DamageKind, DecodeError, Decoded, Meta, Take, Window};
use zerocopy::FromBytes;

use super::To;
use super::check::{Checked, Fault, check};
use super::twice::{self, Names, Replaced};
use crate::column::Record;
use crate::cursor::Cursor;
use crate::format::{Count, FILE_MAGIC, FileHeader};
use crate::name;

// What a reader of an error is told was expected.
pub(super) const COLUMN_COUNT: &str = "a count of columns";
pub(super) const LEVEL_COUNT: &str = "a count of levels";
pub(super) const LEVEL_NAME: &str = "a level's name";

/// What was read, and what lies behind it.
pub(super) struct Read<'a> {
    pub(super) decoded: Decoded,
    /// The bytes behind the root level; empty if the tree could not be read to its end.
    pub(super) behind_root: &'a [u8],
}

/// Reads a file without a trailer that can be used; `has_trailer` if there is one all the same.
pub(super) fn decode<'a>(bytes: &'a [u8], has_trailer: bool, to: &mut To<'_, 'a>) -> Read<'a> {
    let mut cursor = Cursor::new(bytes);
    let meta = match header(&mut cursor) {
        Ok(meta) => meta,
        Err(err) => return Read { decoded: Decoded { meta: None, end: Err(err) }, behind_root: &[] },
    };
    let checked = check(cursor, to.limits.depth_max, has_trailer);
    let replaced = if checked.doubtful { replaced(bytes, cursor, &checked, to) } else { Twice::default() };
    let mut walk = Walk { cursor, children_left: Vec::new(), fault: checked.fault, replaced };
    let end = walk.run(to);
    let behind_root = if end.is_ok() { walk.cursor.rest() } else { &[] };
    Read { decoded: Decoded { meta: Some(meta), end }, behind_root }
}

fn header(cursor: &mut Cursor<'_>) -> Result<Meta, DecodeError> {
    // Apart from the rest of the header, so that a short file of another kind is called that, and not cut.
    let (expected, found) =
        (FILE_MAGIC, Count::ref_from_prefix(cursor.rest()).map_or(FILE_MAGIC, |(magic, _)| magic.get()));
    if expected != found {
        return Err(DecodeError::Magic { offset: 0, expected, found });
    }
    let header = cursor.item::<FileHeader>("the header")?;
    Ok(Meta { window: Window { from_s: header.from_s.get(), to_s: header.to_s.get() }, ours: None })
}

struct Walk<'a> {
    cursor: Cursor<'a>,
    /// For every level that has begun, the root first, how many of its children have not.
    children_left: Vec<u32>,
    /// Where the tree stops being believed.
    fault: Option<Fault>,
    replaced: Twice,
}

/// What is followed by another of its name in its level.
#[derive(Default)]
struct Twice {
    columns: Replaced,
    levels: Replaced,
}

impl<'a> Walk<'a> {
    /// Sends the whole tree. If the bytes end too early, the open levels are closed.
    fn run(&mut self, to: &mut To<'_, 'a>) -> Result<(), DecodeError> {
        match self.levels(to) {
            Err(DecodeError::Stopped(stop)) => Err(stop.into()),
            Err(err) => {
                while to.path.pop().is_some() && to.sink.leave().is_ok() {}
                Err(err)
            }
            Ok(()) => Ok(()),
        }
    }

    fn levels(&mut self, to: &mut To<'_, 'a>) -> Result<(), DecodeError> {
        self.level(to)?;
        while let Some(left) = self.children_left.last_mut() {
            if *left == 0 {
                self.children_left.pop();
                if to.path.pop().is_some() {
                    to.sink.leave()?;
                }
                continue;
            }
            *left -= 1;
            self.believed()?;
            let offset = self.cursor.offset();
            let name = self.cursor.name(LEVEL_NAME)?;
            let again = DamageKind::LevelUnusable { expected: twice::EXPECTED };
            let again = || self.replaced.levels.has(offset).then_some(again);
            if let Some(kind) = to.level_beyond_limits(name).or_else(again) {
                to.report_level(kind, offset, name);
                skip_level(&mut self.cursor)?;
                continue;
            }
            match to.sink.enter(&name::text(name))? {
                Take::Skip => skip_level(&mut self.cursor)?,
                Take::Yes => {
                    to.path.push(name);
                    self.level(to)?;
                }
            }
        }
        // All was sent, and there is more.
        self.fault.take().map_or(Ok(()), |fault| Err(fault.error))
    }

    /// A level up to its children.
    fn level(&mut self, to: &mut To<'_, 'a>) -> Result<(), DecodeError> {
        // No count is believed: a cut file still has the columns before the cut.
        for _ in 0..self.cursor.count(COLUMN_COUNT)? {
            self.believed()?;
            let offset = self.cursor.offset();
            let record = Record::read(&mut self.cursor)?;
            if self.replaced.columns.has(offset) {
                let kind = DamageKind::ColumnUnusable { expected: twice::EXPECTED };
                to.report_here(kind, offset, Some(record.name));
                continue;
            }
            to.column(&record, offset)?;
        }
        let children = self.cursor.count(LEVEL_COUNT)?;
        self.children_left.push(children);
        Ok(())
    }

    /// # Errors
    /// What the check found here, or before here in a level that was skipped.
    fn believed(&mut self) -> Result<(), DecodeError> {
        let offset = self.cursor.offset();
        self.fault.take_if(|fault| fault.offset <= offset).map_or(Ok(()), |fault| Err(fault.error))
    }
}

/// Passes over a level and all below it, however deep: four bytes of memory for ten of the file.
fn skip_level(cursor: &mut Cursor<'_>) -> Result<(), DecodeError> {
    let mut children_left = Vec::new();
    loop {
        for _ in 0..cursor.count(COLUMN_COUNT)? {
            Record::read(cursor)?;
        }
        children_left.push(cursor.count(LEVEL_COUNT)?);
        while children_left.pop_if(|left| *left == 0).is_some() {}
        let Some(left) = children_left.last_mut() else {
            return Ok(());
        };
        *left -= 1;
        cursor.name(LEVEL_NAME)?;
    }
}

/// Looks for names that come twice, among all that will be sent.
fn replaced(bytes: &[u8], root: Cursor<'_>, checked: &Checked, to: &To<'_, '_>) -> Twice {
    let mut collect = Collect {
        cursor: root,
        end: checked.fault.as_ref().map_or(u64::MAX, |fault| fault.offset),
        columns: Names::with_capacity(checked.column_count),
        levels: Names::with_capacity(checked.level_count),
    };
    // The fault has been found already: what lies before it is all there is.
    let _ = collect.levels(to.limits.depth_max);
    Twice { columns: collect.columns.replaced(bytes), levels: collect.levels.replaced(bytes) }
}

struct Collect<'a> {
    cursor: Cursor<'a>,
    /// From here on nothing is sent.
    end: u64,
    columns: Names,
    levels: Names,
}

/// A level that has begun.
struct Open {
    number: u32,
    children_left: u32,
}

impl Collect<'_> {
    fn levels(&mut self, depth_max: usize) -> Result<(), DecodeError> {
        let mut open: Vec<Open> = Vec::new();
        // The root is 0. A file of so many levels that a u32 cannot count them has 40 GiB.
        for number in 0.. {
            for _ in 0..self.cursor.count(COLUMN_COUNT)? {
                let at = self.cursor.offset();
                Record::read(&mut self.cursor)?;
                if at < self.end {
                    self.columns.push(number, at);
                }
            }
            open.push(Open { number, children_left: self.cursor.count(LEVEL_COUNT)? });
            loop {
                while open.pop_if(|level| level.children_left == 0).is_some() {}
                let depth = open.len();
                let Some(parent) = open.last_mut() else {
                    return Ok(());
                };
                parent.children_left -= 1;
                let at = self.cursor.offset();
                self.cursor.name(LEVEL_NAME)?;
                if at < self.end {
                    self.levels.push(parent.number, at);
                }
                if depth <= depth_max {
                    break;
                }
                skip_level(&mut self.cursor)?;
            }
        }
        Ok(())
    }
}
