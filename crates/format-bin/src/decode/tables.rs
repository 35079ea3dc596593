//! Decoding by the trailer's tables: every column is checked, and found even where the tree is damaged.

use treering_snapshot::{DamageKind, Decoded, Stop, Take};

use super::To;
use crate::column::Record;
use crate::cursor::{Cursor, wide};
use crate::format::ColumnEntry;
use crate::name;
use crate::trailer::{LevelOf, Trailer};

/// Reads a file that has a sound trailer.
pub(super) fn decode<'a>(trailer: &Trailer<'a>, to: &mut To<'_, 'a>) -> Decoded {
    if let Some(kind) = trailer.structure_damage() {
        to.report(kind, 0);
    }
    let end = Walk { trailer, columns: trailer.columns().iter(), level: 0 }.run(to).map_err(Into::into);
    Decoded { meta: Some(trailer.meta()), end }
}

struct Walk<'a, 't> {
    trailer: &'t Trailer<'a>,
    /// The columns of the current level and of those behind it.
    columns: std::slice::Iter<'a, ColumnEntry>,
    level: u32,
}

impl<'a> Walk<'a, '_> {
    fn run(mut self, to: &mut To<'_, 'a>) -> Result<(), Stop> {
        self.columns(to)?;
        // Below this depth nothing is wanted until a level that is not deeper comes.
        let mut skipped_depth = usize::MAX;
        for level in self.trailer.levels() {
            self.level += 1; // The table's own count is a u32.
            if level.depth > skipped_depth {
                continue;
            }
            while to.path.len() >= level.depth {
                to.sink.leave()?;
                to.path.pop();
            }
            if Self::enter(&level, to)? == Take::Skip {
                skipped_depth = level.depth;
                continue;
            }
            skipped_depth = usize::MAX;
            self.columns(to)?;
        }
        while to.path.pop().is_some() {
            to.sink.leave()?;
        }
        Ok(())
    }

    fn enter(level: &LevelOf<'a>, to: &mut To<'_, 'a>) -> Result<Take, Stop> {
        if let Some(kind) = to.level_beyond_limits(level.name) {
            to.report_level(kind, level.offset, level.name);
            return Ok(Take::Skip);
        }
        let take = to.sink.enter(&name::text(level.name))?;
        if take == Take::Yes {
            to.path.push(level.name);
        }
        Ok(take)
    }

    /// Sends the current level's columns; those of levels that were skipped before it are passed over.
    fn columns(&mut self, to: &mut To<'_, 'a>) -> Result<(), Stop> {
        while let Some(column) = self.columns.as_slice().first() {
            if column.level.get() > self.level {
                break;
            }
            self.columns.next();
            if column.level.get() == self.level {
                self.column(column, to)?;
            }
        }
        Ok(())
    }

    fn column(&self, entry: &ColumnEntry, to: &mut To<'_, 'a>) -> Result<(), Stop> {
        let bytes = self.trailer.record(entry);
        let mut cursor = Cursor::new(bytes);
        let record = Record::read(&mut cursor).ok().filter(|_| cursor.rest().is_empty());
        let metric = record.as_ref().map(|record| record.name);
        let (expected, found) = (entry.crc32.get(), crc32fast::hash(bytes));
        if expected != found {
            to.report_here(DamageKind::ColumnChecksum { expected, found }, entry.offset.get(), metric);
            return Ok(());
        }
        match record {
            Some(record) => to.column(&record, entry.offset.get()),
            None => {
                let kind = DamageKind::ColumnMalformed { expected: wide(bytes.len()) };
                to.report_here(kind, entry.offset.get(), None);
                Ok(())
            }
        }
    }
}
