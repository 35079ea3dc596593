//! Decoding by the trailer's tables: every column is checked, and found even where the tree is damaged.

use treering_snapshot::{DamageKind, Decoded, Stop, Take};

use super::To;
use super::twice::{self, Ascending, Names, Replaced};
use crate::checksum;
use crate::column::Record;
use crate::cursor::{Cursor, wide};
use crate::format::ColumnEntry;
use crate::name;
use crate::planted::planted;
use crate::trailer::{LevelOf, Trailer};

/// Reads a file that has a sound trailer.
pub(super) fn decode<'a>(bytes: &'a [u8], trailer: &Trailer<'a>, to: &mut To<'_, 'a>) -> Decoded {
    if let Some(kind) = trailer.structure_damage() {
        to.report(kind, 0);
    }
    let depth_max = to.limits.depth_max;
    let replaced_columns =
        if columns_ascend(trailer) { Replaced::default() } else { columns(bytes, trailer) };
    let replaced_levels = if levels_ascend(trailer, depth_max) {
        Replaced::default()
    } else {
        levels(bytes, trailer, depth_max)
    };
    let columns = trailer.columns().iter();
    let walk = Walk { trailer, columns, level: 0, replaced_columns, replaced_levels };
    let end = walk.run(to).map_err(Into::into);
    Decoded { meta: Some(trailer.meta()), end }
}

struct Walk<'a, 't> {
    trailer: &'t Trailer<'a>,
    /// The columns of the current level and of those behind it.
    columns: std::slice::Iter<'a, ColumnEntry>,
    level: u32,
    replaced_columns: Replaced,
    replaced_levels: Replaced,
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
            if self.enter(&level, to)? == Take::Skip {
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

    fn enter(&self, level: &LevelOf<'a>, to: &mut To<'_, 'a>) -> Result<Take, Stop> {
        let again = DamageKind::LevelUnusable { expected: twice::EXPECTED };
        let again = || self.replaced_levels.has(level.name_at()).then_some(again);
        if let Some(kind) = to.level_beyond_limits(level.name).or_else(again) {
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
        let record = record(bytes);
        let metric = record.as_ref().map(|record| record.name);
        let (expected, found) = (entry.crc32.get(), crc32fast::hash(bytes));
        if !checksum::fits(expected, found) && !planted("column-checksum-not-checked") {
            to.report_here(DamageKind::ColumnChecksum { expected, found }, entry.offset.get(), metric);
            return Ok(());
        }
        match record {
            Some(record) if self.replaced_columns.has(entry.offset.get()) => {
                let kind = DamageKind::ColumnUnusable { expected: twice::EXPECTED };
                to.report_here(kind, entry.offset.get(), Some(record.name));
                Ok(())
            }
            Some(record) => to.column(&record, entry.offset.get()),
            None => {
                let kind = DamageKind::ColumnMalformed { expected: wide(bytes.len()) };
                to.report_here(kind, entry.offset.get(), None);
                Ok(())
            }
        }
    }
}

/// The column that fills these bytes.
fn record(bytes: &[u8]) -> Option<Record<'_>> {
    let mut cursor = Cursor::new(bytes);
    Record::read(&mut cursor).ok().filter(|_| cursor.rest().is_empty())
}

/// Whether the columns of each level come in the order of their names' bytes, as far as can be seen without a look at
/// their checksums.
fn columns_ascend(trailer: &Trailer<'_>) -> bool {
    let (mut level, mut names) = (0, Ascending::default());
    trailer.columns().iter().all(|entry| {
        if std::mem::replace(&mut level, entry.level.get()) != entry.level.get() {
            names = Ascending::default();
        }
        names.next(Cursor::new(trailer.record(entry)).name("a column's name").unwrap_or_default())
    })
}

/// Columns that are followed by a sound one of the same name in their level.
fn columns(bytes: &[u8], trailer: &Trailer<'_>) -> Replaced {
    let mut names = Names::with_capacity(trailer.columns().len());
    for entry in trailer.columns() {
        let bytes = trailer.record(entry);
        if checksum::fits(entry.crc32.get(), crc32fast::hash(bytes)) && record(bytes).is_some() {
            names.push(entry.level.get(), entry.offset.get());
        }
    }
    names.replaced(bytes)
}

/// Whether the children of each level come in the order of their names' bytes, as deep as anything is sent.
fn levels_ascend(trailer: &Trailer<'_>, depth_max: usize) -> bool {
    let mut names: Vec<Ascending<'_>> = Vec::new();
    trailer.levels().filter(|level| level.depth <= depth_max).all(|level| {
        // Cuts off those below a level that has ended.
        names.resize(level.depth, Ascending::default());
        names.last_mut().is_none_or(|names| names.next(level.name))
    })
}

/// Levels that are followed by one of the same name in the same level.
fn levels(bytes: &[u8], trailer: &Trailer<'_>, depth_max: usize) -> Replaced {
    let mut names = Names::with_capacity(trailer.levels().count());
    // The numbers of the root and of the levels that the current one is below.
    let mut path = vec![0u32];
    for (number, level) in (1..).zip(trailer.levels()) {
        if level.depth > depth_max {
            continue;
        }
        // Depths grow by one at most.
        path.truncate(level.depth);
        names.push(path.last().copied().unwrap_or_default(), level.name_at());
        path.push(number);
    }
    names.replaced(bytes)
}
