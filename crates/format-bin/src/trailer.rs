//! The trailer: found, checked, and written.

mod find;
mod write;

pub(crate) use find::{Found, LevelOf, Trailer, begins, find, lies_in};
pub(crate) use write::{LevelRow, Rows};

use crc32fast::Hasher;

use crate::cursor::wide;
use crate::format::ColumnEntry;

/// The checksum of `bytes` without the columns, which are in order and do not overlap.
///
/// Columns of one level lie side by side, so these are few pieces.
fn structure_crc32(mut crc: Hasher, bytes: &[u8], bytes_offset: u64, columns: &[ColumnEntry]) -> u32 {
    let index = |offset: u64| usize::try_from(offset.saturating_sub(bytes_offset)).unwrap_or(usize::MAX);
    let mut start = 0;
    for column in columns {
        let end = index(column.offset.get()).min(bytes.len());
        crc.update(bytes.get(start..end).unwrap_or_default());
        start = index(column.offset.get().saturating_add(column.len_bytes.get()));
    }
    crc.update(bytes.get(start..).unwrap_or_default());
    debug_assert!(wide(start) <= wide(bytes.len()));
    crc.finalize()
}
