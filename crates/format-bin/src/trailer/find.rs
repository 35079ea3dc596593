//! The trailer's reader. Nothing in it is believed before its checksum fits and its tables agree.

use std::mem::offset_of;

use crc32fast::Hasher;
use treering_snapshot::{DamageKind, Meta, Ours, Window};
use zerocopy::FromBytes;

use super::structure_crc32;
use crate::checksum;
use crate::column::COLUMN_BYTES_MIN;
use crate::cursor::{Cursor, wide};
use crate::format::{
    ColumnEntry, Count, FileHeader, LevelEntry, TRAILER_END_MAGIC, TRAILER_START_MAGIC, TRAILER_VERSION,
    TrailerHead, TrailerTail,
};
use crate::name;

/// What the end of a file says.
pub(crate) enum Found<'a> {
    /// A trailer whose checksum fits and whose tables can be used.
    Sound(Trailer<'a>),
    /// A trailer that cannot be used.
    Broken { kind: DamageKind, offset: u64 },
    /// The end magic is not there.
    None,
}

/// A sound trailer.
///
/// Its columns lie in order before the trailer, do not overlap, and belong to levels that exist; its levels are in
/// depth-first order.
pub(crate) struct Trailer<'a> {
    head: &'a TrailerHead,
    cluster: &'a [u8],
    host: &'a [u8],
    levels: Cursor<'a>,
    columns: &'a [ColumnEntry],
    /// The file up to the trailer.
    before: &'a [u8],
}

/// Looks for a trailer at the end of a file.
pub(crate) fn find(bytes: &[u8]) -> Found<'_> {
    let Ok((rest, tail)) = TrailerTail::ref_from_suffix(bytes) else {
        return Found::None;
    };
    if tail.end_magic != TRAILER_END_MAGIC {
        return Found::None;
    }
    match read(bytes, rest, tail) {
        Ok(trailer) => Found::Sound(trailer),
        Err((kind, offset)) => Found::Broken { kind, offset },
    }
}

/// Whether the bytes behind the root level are what is left of a trailer, and not something foreign.
///
/// They are if they begin with the start magic, or with a part of it that is cut off or followed by nothing but
/// zeros: that is what a file system gives back whose last blocks were never written.
pub(crate) fn begins(behind_root: &[u8]) -> bool {
    let alike = behind_root.iter().zip(TRAILER_START_MAGIC).take_while(|(a, b)| *a == b).count();
    let lost = || !behind_root.is_empty() && behind_root[alike..].iter().all(|byte| *byte == 0);
    alike == TRAILER_START_MAGIC.len() || lost()
}

/// Whether a trailer's beginning or its end stands somewhere in the bytes behind the root level: then they are not foreign, but
/// what came of a file of ours.
pub(crate) fn lies_in(behind_root: &[u8]) -> bool {
    let is_magic = |bytes: &[u8]| bytes == TRAILER_START_MAGIC || bytes == TRAILER_END_MAGIC;
    behind_root.windows(TRAILER_START_MAGIC.len()).any(is_magic)
}

type Fault = (DamageKind, u64);

fn read<'a>(bytes: &'a [u8], rest: &'a [u8], tail: &TrailerTail) -> Result<Trailer<'a>, Fault> {
    let broken = |expected, offset: usize| (DamageKind::TrailerBroken { expected }, wide(offset));
    let tree_len_min = size_of::<FileHeader>() + 2 * size_of::<Count>();
    let start =
        usize::try_from(tail.trailer_len_bytes.get()).ok().and_then(|len| bytes.len().checked_sub(len));
    let Some(start) = start.filter(|start| *start >= tree_len_min && *start <= rest.len()) else {
        return Err(broken("a length that fits into the file", rest.len()));
    };
    let (before, body) = rest.split_at(start);
    let Ok((head, tables)) = TrailerHead::ref_from_prefix(body) else {
        return Err(broken("a length that holds the trailer's head", rest.len()));
    };
    if head.start_magic != TRAILER_START_MAGIC {
        return Err(broken("the start magic", start));
    }
    let (expected, found) = (tail.body_crc32.get(), crc32fast::hash(body));
    if !checksum::fits(expected, found) {
        return Err((DamageKind::TrailerChecksum { expected, found }, wide(start)));
    }
    let (expected, found) = (TRAILER_VERSION, head.version.get());
    if found != expected {
        return Err((DamageKind::TrailerVersion { expected, found }, wide(start)));
    }
    let tables = Cursor::at(tables, wide(start + size_of::<TrailerHead>()));
    split(head, tables, before).ok_or_else(|| broken("tables that agree with the file", start))
}

/// Splits what follows the head. Bytes behind the table of columns are left to later versions.
fn split<'a>(head: &'a TrailerHead, mut tables: Cursor<'a>, before: &'a [u8]) -> Option<Trailer<'a>> {
    let cluster = tables.bytes(head.cluster_len_bytes.get().into(), "the cluster").ok()?;
    let host = tables.bytes(head.host_len_bytes.get().into(), "the host").ok()?;
    let levels_len = check_levels(tables, head.level_count.get())?;
    let levels = Cursor::at(tables.bytes(levels_len, "the levels").ok()?, tables.offset() - levels_len);
    let column_count = usize::try_from(head.column_count.get()).ok()?;
    let (columns, _) = <[ColumnEntry]>::ref_from_prefix_with_elems(tables.rest(), column_count).ok()?;
    check_columns(columns, head.level_count.get(), wide(before.len()))?;
    Some(Trailer { head, cluster, host, levels, columns, before })
}

/// The length in bytes of a table of so many levels, if there is one.
fn check_levels(table: Cursor<'_>, level_count: u32) -> Option<u64> {
    let mut levels = Levels { cursor: table };
    let mut depth_max = 1;
    for _ in 0..level_count {
        let level = levels.next()?;
        if level.depth < 1 || level.depth > depth_max {
            return None;
        }
        depth_max = level.depth + 1;
    }
    Some(levels.cursor.offset() - table.offset())
}

fn check_columns(columns: &[ColumnEntry], level_count: u32, before_len: u64) -> Option<()> {
    let mut offset_min = wide(size_of::<FileHeader>() + size_of::<Count>());
    let mut level_min = 0;
    for column in columns {
        let end = column.offset.get().checked_add(column.len_bytes.get())?;
        let sound = column.offset.get() >= offset_min
            && column.len_bytes.get() >= wide(COLUMN_BYTES_MIN)
            && end <= before_len
            && column.level.get() >= level_min
            && column.level.get() <= level_count;
        if !sound {
            return None;
        }
        offset_min = end;
        level_min = column.level.get();
    }
    Some(())
}

impl<'a> Trailer<'a> {
    pub(crate) fn meta(&self) -> Meta {
        Meta {
            window: Window { from_s: self.head.from_s.get(), to_s: self.head.to_s.get() },
            ours: Some(Ours {
                cluster: name::text(self.cluster).into_owned(),
                host: name::text(self.host).into_owned(),
                covers: self.head.covers.get(),
                previous: self.head.previous.get(),
            }),
        }
    }

    /// The levels below the root, depth first.
    pub(crate) fn levels(&self) -> Levels<'a> {
        Levels { cursor: self.levels }
    }

    pub(crate) fn columns(&self) -> &'a [ColumnEntry] {
        self.columns
    }

    /// The bytes of a column of this trailer's table.
    pub(crate) fn record(&self, column: &ColumnEntry) -> &'a [u8] {
        // The table was checked against the file's length.
        let start = usize::try_from(column.offset.get()).unwrap_or(usize::MAX);
        let len = usize::try_from(column.len_bytes.get()).unwrap_or(usize::MAX);
        self.before.get(start..).and_then(|bytes| bytes.get(..len)).unwrap_or_default()
    }

    /// What is wrong with the bytes before the trailer that belong to no column.
    pub(crate) fn structure_damage(&self) -> Option<DamageKind> {
        let expected = self.head.structure_crc32.get();
        let found = structure_crc32(Hasher::new(), self.before, 0, self.columns);
        (!checksum::fits(expected, found)).then_some(DamageKind::StructureChecksum { expected, found })
    }
}

/// An entry of the table of levels.
pub(crate) struct LevelOf<'a> {
    /// Where the entry lies, bytes from the start of the file.
    pub(crate) offset: u64,
    pub(crate) depth: usize,
    pub(crate) name: &'a [u8],
}

impl LevelOf<'_> {
    /// Where the length of its name lies, bytes from the start of the file.
    pub(crate) fn name_at(&self) -> u64 {
        self.offset + wide(offset_of!(LevelEntry, name_len_bytes))
    }
}

/// The table of levels; ends where the table does, or where it stops making sense.
pub(crate) struct Levels<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Iterator for Levels<'a> {
    type Item = LevelOf<'a>;

    fn next(&mut self) -> Option<LevelOf<'a>> {
        let offset = self.cursor.offset();
        let entry = self.cursor.item::<LevelEntry>("a level").ok()?;
        let name = self.cursor.bytes(entry.name_len_bytes.get().into(), "a level's name").ok()?;
        Some(LevelOf { offset, depth: entry.depth.get().into(), name })
    }
}
