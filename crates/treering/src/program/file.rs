//! One file of a store, read as the store reads it: no link, no pipe, nothing beyond all measure.

use std::io;
use std::path::Path;
use std::sync::Arc;

use treering_persist::{Storage, StorageFile};
use treering_snapshot::Format;

use super::words::wide;

/// A longer snapshot is not read: a store does not either.
pub(crate) const FILE_BYTES_MAX: u64 = 8 << 30;

/// An open file.
pub(crate) struct Source {
    file: Arc<dyn StorageFile>,
    len_bytes: u64,
}

impl Source {
    /// Opens a regular file.
    pub(crate) fn open(storage: &dyn Storage, path: &Path) -> io::Result<Source> {
        let file = storage.open(path).map_err(|error| {
            // The system says of a link that it is not followed only in a roundabout way.
            let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
            let link =
                || io::Error::new(io::ErrorKind::InvalidInput, "a symbolic link, and none is followed");
            if is_link { link() } else { error }
        })?;
        let len_bytes = file.len_bytes()?;
        Ok(Source { file, len_bytes })
    }

    /// Its length when it was opened.
    pub(crate) fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// Whether it has another length by now.
    pub(crate) fn has_changed(&self) -> io::Result<bool> {
        Ok(self.file.len_bytes()? != self.len_bytes)
    }

    /// Reads a snapshot into `bytes`, whose capacity is used again; only its two ends if neither is the format's.
    pub(crate) fn read_snapshot(&self, format: &dyn Format, bytes: &mut Vec<u8>) -> io::Result<()> {
        treering_persist::read_snapshot(&*self.file, format, bytes, FILE_BYTES_MAX)
    }

    /// The first offset from this one on at which something may have been written; zeros lie before it.
    pub(crate) fn data_from(&self, offset: u64) -> u64 {
        self.file.data_from(offset).min(self.len_bytes)
    }

    /// Appends so many bytes from an offset on, fewer where the file ended when it was opened.
    pub(crate) fn append_to(&self, offset: u64, len: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        let left = usize::try_from(self.len_bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = len.min(left);
        let mut filled = bytes.len();
        let end = filled + len;
        bytes.try_reserve_exact(len).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        bytes.resize(end, 0);
        if self.data_from(offset) >= offset.saturating_add(wide(len)) {
            return Ok(());
        }
        let mut at = offset;
        while filled < end {
            match self.file.read_at(at, &mut bytes[filled..end]) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    at += wide(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(())
    }
}
