//! The trailer's writer.

use crc32fast::Hasher;
use treering_snapshot::{EncodeError, Ours};
use zerocopy::IntoBytes;

use super::structure_crc32;
use crate::cursor::wide;
use crate::encode::too_large;
use crate::format::{
    ColumnEntry, FileHeader, LevelEntry, TRAILER_END_MAGIC, TRAILER_START_MAGIC, TRAILER_VERSION,
    TrailerHead, TrailerTail,
};
use crate::name;

/// A level that was written, and where its name lies.
pub(crate) struct LevelRow {
    pub(crate) depth: u16,
    pub(crate) name_len: u16,
    pub(crate) name_at: usize,
}

/// What was written before the trailer.
pub(crate) struct Rows<'a> {
    pub(crate) levels: &'a [LevelRow],
    pub(crate) columns: &'a [ColumnEntry],
}

impl Rows<'_> {
    /// Appends the trailer to a file whose header is not in place yet.
    ///
    /// # Errors
    /// Before a byte is written: [`EncodeError::NameTooLong`], [`EncodeError::TooLarge`].
    pub(crate) fn append_trailer(
        &self,
        out: &mut Vec<u8>,
        header: &FileHeader,
        ours: &Ours,
    ) -> Result<(), EncodeError> {
        let (cluster_len, host_len) = (name::len_field(&ours.cluster)?, name::len_field(&ours.host)?);
        let start = out.len();
        let len_bytes = self.len_bytes(ours);
        let trailer_len = u32::try_from(len_bytes)
            .map_err(|_| too_large("bytes of the trailer", u32::MAX, wide(len_bytes)))?;

        let mut crc = Hasher::new();
        crc.update(header.as_bytes());
        let structure = structure_crc32(
            crc,
            &out[size_of::<FileHeader>()..],
            wide(size_of::<FileHeader>()),
            self.columns,
        );
        let head = TrailerHead {
            start_magic: TRAILER_START_MAGIC,
            version: TRAILER_VERSION.into(),
            structure_crc32: structure.into(),
            covers: ours.covers.into(),
            previous: ours.previous.into(),
            from_s: header.from_s,
            to_s: header.to_s,
            cluster_len_bytes: cluster_len.into(),
            host_len_bytes: host_len.into(),
            level_count: count("levels", self.levels.len())?.into(),
            column_count: count("columns", self.columns.len())?.into(),
        };
        out.reserve(len_bytes);
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(ours.cluster.as_bytes());
        out.extend_from_slice(ours.host.as_bytes());
        for level in self.levels {
            let entry = LevelEntry { depth: level.depth.into(), name_len_bytes: level.name_len.into() };
            out.extend_from_slice(entry.as_bytes());
            out.extend_from_within(level.name_at..level.name_at + usize::from(level.name_len));
        }
        out.extend_from_slice(self.columns.as_bytes());
        let tail = TrailerTail {
            trailer_len_bytes: trailer_len.into(),
            body_crc32: crc32fast::hash(&out[start..]).into(),
            end_magic: TRAILER_END_MAGIC,
        };
        out.extend_from_slice(tail.as_bytes());
        debug_assert_eq!(out.len(), start + len_bytes, "the length was computed for what is written");
        Ok(())
    }

    fn len_bytes(&self, ours: &Ours) -> usize {
        let names: usize = self.levels.iter().map(|level| usize::from(level.name_len)).sum();
        size_of::<TrailerHead>()
            + ours.cluster.len()
            + ours.host.len()
            + size_of_val(self.levels) / size_of::<LevelRow>() * size_of::<LevelEntry>()
            + names
            + size_of_val(self.columns)
            + size_of::<TrailerTail>()
    }
}

fn count(what: &'static str, len: usize) -> Result<u32, EncodeError> {
    u32::try_from(len).map_err(|_| too_large(what, u32::MAX, wide(len)))
}
