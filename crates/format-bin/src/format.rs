//! The on-disk structures, and nothing else. All are packed and little endian; none needs alignment.
//!
//! ```text
//! file    = FileHeader | level | [trailer]
//! level   = u32 columns { name | ColumnHead | count x f32 }  u32 children { name | level }
//! name    = u16 n | n bytes
//! trailer = TrailerHead | cluster | host | { LevelEntry | name bytes } | { ColumnEntry } | TrailerTail
//! ```

use zerocopy::little_endian::{I64, U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// First four bytes of every file.
pub const FILE_MAGIC: u32 = 0xCC5B_0001;

/// First eight bytes of a trailer. No text begins with the byte 0xAA.
pub(crate) const TRAILER_START_MAGIC: [u8; 8] = *b"\xAATR-BIN<";

/// Last eight bytes of a file with a trailer.
pub(crate) const TRAILER_END_MAGIC: [u8; 8] = *b">BIN-TR\x55";

/// The trailer version that is written, and the newest that is read.
pub(crate) const TRAILER_VERSION: u32 = 1;

/// Length field of a name.
pub(crate) type NameLen = U16;

/// A count of columns or of children.
pub(crate) type Count = U32;

/// What the file begins with.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct FileHeader {
    /// [`FILE_MAGIC`].
    pub(crate) magic: U32,
    /// Start of the window, Unix seconds; the number in the file's name.
    pub(crate) from_s: I64,
    /// End of the window, Unix seconds.
    pub(crate) to_s: I64,
}

/// What stands between a column's name and its values.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct ColumnHead {
    /// Seconds between two values.
    pub(crate) interval_s: I64,
    /// Time of the first value, Unix seconds.
    pub(crate) start_s: I64,
    /// Number of values that follow, four bytes each.
    pub(crate) count: U32,
}

/// What the trailer begins with. Cluster, host, the table of levels and the table of columns follow.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct TrailerHead {
    /// [`TRAILER_START_MAGIC`].
    pub(crate) start_magic: [u8; 8],
    /// Version of the trailer.
    pub(crate) version: U32,
    /// CRC-32 (IEEE) of all bytes before the trailer that belong to no column, in the file's order.
    pub(crate) structure_crc32: U32,
    /// The snapshot holds all log segments up to this generation.
    pub(crate) covers: U64,
    /// `covers` of the host's snapshot before this one, 0 if there was none.
    pub(crate) previous: U64,
    /// Start of the window again, Unix seconds.
    pub(crate) from_s: I64,
    /// End of the window again, Unix seconds.
    pub(crate) to_s: I64,
    /// Length of the cluster's name in bytes.
    pub(crate) cluster_len_bytes: U16,
    /// Length of the host's name in bytes.
    pub(crate) host_len_bytes: U16,
    /// Entries in the table of levels.
    pub(crate) level_count: U32,
    /// Entries in the table of columns.
    pub(crate) column_count: U32,
}

/// One level below the root, in the order in which the file holds them; its name follows.
///
/// Its parent is the nearest entry before it whose depth is smaller by one.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct LevelEntry {
    /// Levels from the root: 1 for the root's children.
    pub(crate) depth: U16,
    /// Length of the level's name in bytes.
    pub(crate) name_len_bytes: U16,
}

/// One column, in the order in which the file holds them.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct ColumnEntry {
    /// Where the column begins (with the length of its name), bytes from the start of the file.
    pub(crate) offset: U64,
    /// Its length in bytes: name with length, head and values.
    pub(crate) len_bytes: U64,
    /// The level it belongs to: 0 for the root, n for the n-th entry of the table of levels.
    pub(crate) level: U32,
    /// CRC-32 (IEEE) of these bytes.
    pub(crate) crc32: U32,
}

/// What a file with a trailer ends with.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct TrailerTail {
    /// Length of the whole trailer in bytes, this structure included.
    pub(crate) trailer_len_bytes: U32,
    /// CRC-32 (IEEE) of the trailer without this structure.
    pub(crate) body_crc32: U32,
    /// [`TRAILER_END_MAGIC`].
    pub(crate) end_magic: [u8; 8],
}

const _: () = assert!(size_of::<FileHeader>() == 20);
const _: () = assert!(size_of::<ColumnHead>() == 20);
const _: () = assert!(size_of::<TrailerHead>() == 60);
const _: () = assert!(size_of::<LevelEntry>() == 4);
const _: () = assert!(size_of::<ColumnEntry>() == 24);
const _: () = assert!(size_of::<TrailerTail>() == 16);
