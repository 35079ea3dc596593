//! One file of a store, read as the store reads it: no link, no pipe, nothing beyond all measure.

use std::io;
use std::path::Path;
use std::sync::Arc;

use treering_persist::{Storage, StorageFile};
use treering_snapshot::{Counts, DecodeError, Format, Limits, Scratch};

/// A longer file is not read: a store does not either.
pub(crate) const FILE_BYTES_MAX: u64 = 8 << 30;
/// A file longer than this is looked at from both ends before it is read.
const PROBED_BYTES_MIN: u64 = 1 << 20;
/// So much of each end.
const PROBE_BYTES: usize = 4096;

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

    /// Reads all that it held when it was opened into `bytes`, whose capacity is used again.
    pub(crate) fn read(&self, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.clear();
        if self.len_bytes > FILE_BYTES_MAX {
            let what = format!("{} bytes are more than the limit of {FILE_BYTES_MAX}", self.len_bytes);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
        }
        let len =
            usize::try_from(self.len_bytes).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        self.append(0, len, bytes)
    }

    /// The same for a snapshot, but only its two ends if neither is the format's: its decoder says of them what it
    /// would say of the whole file, and a sparse file of terabytes costs nothing.
    pub(crate) fn read_snapshot(&self, format: &dyn Format, bytes: &mut Vec<u8>) -> io::Result<()> {
        if self.len_bytes > PROBED_BYTES_MIN {
            bytes.clear();
            self.append(0, PROBE_BYTES, bytes)?;
            let end = self.len_bytes.saturating_sub(u64::try_from(PROBE_BYTES).unwrap_or(u64::MAX));
            self.append(end, PROBE_BYTES, bytes)?;
            if is_refused_at_once(format, &mut bytes.clone()) {
                return Ok(());
            }
        }
        self.read(bytes)
    }

    fn append(&self, offset: u64, len: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        let mut filled = bytes.len();
        let end = filled + len;
        bytes.try_reserve_exact(len).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        bytes.resize(end, 0);
        let mut at = offset;
        while filled < end {
            match self.file.read_at(at, &mut bytes[filled..end]) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    at += u64::try_from(count).unwrap_or(u64::MAX);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(())
    }
}

/// Whether the first bytes are not the format's, and the last ones do not make up for them.
fn is_refused_at_once(format: &dyn Format, ends: &mut [u8]) -> bool {
    let mut damaged = false;
    let sink = &mut Counts::default();
    let report = &mut |_| damaged = true;
    let decoded = format.decode(ends, &mut Scratch::new(), &Limits::default(), sink, report);
    let at_once = matches!(
        decoded.end,
        Err(DecodeError::Magic { offset: 0, .. } | DecodeError::Malformed { offset: 0, .. })
    );
    at_once && !damaged && decoded.meta.is_none()
}
