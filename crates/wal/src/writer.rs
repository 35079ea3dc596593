//! Appending whole records to a log, and knowing what is in it when that fails.

use std::io;

use thiserror::Error;

use crate::batch::Batch;
use crate::format::{FILE_HEADER_BYTES, FILE_MAGIC};
use crate::frame::to_u64;

/// How often in a row a file may answer "interrupted" before that counts as a failure: signals come one at a
/// time, and a file that answers nothing else must not hang its caller.
const INTERRUPTIONS_MAX: u32 = 100;

/// A file that bytes can be appended to.
pub trait LogFile {
    /// Appends a first part of `bytes`, all of them if it can, and says how many. Nothing else is appended
    /// in between.
    ///
    /// # Errors
    /// As the file does. Nothing of `bytes` counts as appended then, though some of it may be in the file.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;
}

/// Appends batches to one log file, by one call each unless the file takes less. It syncs nothing.
///
/// After a failure nobody knows what stands at the file's end, so nothing is appended any more until the
/// caller has cut the file and says so by [`Writer::truncated_to`].
#[derive(Debug)]
pub struct Writer<F> {
    file: F,
    /// Length of the sound part: the header and whole records.
    len_bytes: u64,
    failed: bool,
}

/// Why a batch was not appended, or not wholly.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The file failed. The batch's first `records` records are in it; a part of the next one may be.
    #[error("log append failed after {written_bytes} bytes ({records} whole records)")]
    Write {
        /// The batch's records that are wholly in the file.
        records: u64,
        /// Bytes of these records in the batch: the rest of the batch begins there.
        records_bytes: usize,
        /// Bytes that the file took, a file header counted in.
        written_bytes: usize,
        /// True if the file took a part of a record or of the header, which is torn now. Even if false, a
        /// file that failed may hold more than it said.
        torn: bool,
        /// Where the file has to be cut to end with its last whole record.
        sound_bytes: u64,
        /// What the file answered.
        source: io::Error,
    },
    /// An earlier append failed and the file has not been cut since. Nothing was written.
    #[error(
        "log not appended to: an earlier append failed, and the file was not cut to {sound_bytes} bytes since"
    )]
    Failed {
        /// Where the file has to be cut to end with its last whole record.
        sound_bytes: u64,
    },
}

/// Why a length that the caller states cannot be the end of a log's sound part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LengthError {
    /// The file was cut somewhere else than at the end of its last whole record.
    #[error("log cut to {found} bytes, {expected} expected")]
    NotTheSoundEnd {
        /// Where the sound part ends.
        expected: u64,
        /// The length stated.
        found: u64,
    },
    /// The length lies within the file's header.
    #[error("log of {found} bytes ends within its header of 4")]
    InHeader {
        /// The length stated.
        found: u64,
    },
}

impl<F: LogFile> Writer<F> {
    /// A writer for a new, empty file. Writes nothing yet: the file's magic goes out with the first batch, in
    /// one call, so that a crash leaves no bytes, a header cut short, or a torn first record. All of these
    /// are logs without records to a reader.
    pub fn create(file: F) -> Self {
        Self { file, len_bytes: 0, failed: false }
    }

    /// A writer that goes on behind the first `len_bytes` bytes of a log, which must be all of the file and
    /// end with a whole record: a torn tail has been cut before.
    ///
    /// # Errors
    /// [`LengthError::InHeader`] for 1 to 3 bytes.
    pub fn reopen(file: F, len_bytes: u64) -> Result<Self, LengthError> {
        if len_bytes != 0 && len_bytes < to_u64(FILE_HEADER_BYTES) {
            return Err(LengthError::InHeader { found: len_bytes });
        }
        Ok(Self { file, len_bytes, failed: false })
    }

    /// Appends all records of `batch`. An empty batch writes nothing.
    ///
    /// # Errors
    /// - [`AppendError::Write`]: the file failed, took nothing, said it took more than there was, or was
    ///   interrupted over and over;
    /// - [`AppendError::Failed`]: after such a failure, until [`Writer::truncated_to`].
    pub fn append(&mut self, batch: &Batch) -> Result<(), AppendError> {
        if self.failed {
            return Err(AppendError::Failed { sound_bytes: self.len_bytes });
        }
        if batch.is_empty() {
            return Ok(());
        }
        let (header_bytes, result) = if self.len_bytes == 0 {
            let with_header = [&FILE_MAGIC.to_le_bytes(), batch.bytes()].concat();
            (FILE_HEADER_BYTES, append_all(&mut self.file, &with_header))
        } else {
            (0, append_all(&mut self.file, batch.bytes()))
        };
        let Err((written_bytes, source)) = result else {
            self.len_bytes += to_u64(header_bytes + batch.len_bytes());
            return Ok(());
        };
        self.failed = true;
        let whole = batch.whole_within(written_bytes.saturating_sub(header_bytes));
        let sound = if written_bytes < header_bytes { 0 } else { header_bytes + whole.len_bytes };
        self.len_bytes += to_u64(sound);
        Err(AppendError::Write {
            records: whole.records,
            records_bytes: whole.len_bytes,
            written_bytes,
            torn: written_bytes > sound,
            sound_bytes: self.len_bytes,
            source,
        })
    }

    /// Tells the writer that the file was cut to `len_bytes` after a failure, so that it may go on.
    ///
    /// # Errors
    /// [`LengthError::NotTheSoundEnd`] if that is not [`Writer::len_bytes`]; the writer is as it was.
    pub fn truncated_to(&mut self, len_bytes: u64) -> Result<(), LengthError> {
        if len_bytes != self.len_bytes {
            return Err(LengthError::NotTheSoundEnd { expected: self.len_bytes, found: len_bytes });
        }
        self.failed = false;
        Ok(())
    }
}

impl<F> Writer<F> {
    /// Bytes of the file's sound part: its header and whole records. After a failure the file may be longer.
    pub fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// True after a failure, until [`Writer::truncated_to`].
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// The file.
    pub fn file(&self) -> &F {
        &self.file
    }

    /// The file, to sync or cut it. Who appends to it on his own breaks the log.
    pub fn file_mut(&mut self) -> &mut F {
        &mut self.file
    }

    /// Gives the file back.
    pub fn into_file(self) -> F {
        self.file
    }
}

/// A log in memory.
impl LogFile for Vec<u8> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(bytes);
        Ok(bytes.len())
    }
}

impl<F: LogFile + ?Sized> LogFile for &mut F {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (**self).append(bytes)
    }
}

impl<F: LogFile + ?Sized> LogFile for Box<F> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (**self).append(bytes)
    }
}

/// Appends all bytes, or says how many went in before what error.
fn append_all<F: LogFile>(file: &mut F, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut written = 0;
    let mut interruptions = 0;
    while written < bytes.len() {
        let left = bytes.len() - written;
        match file.append(&bytes[written..]) {
            Ok(0) => return Err((written, io::ErrorKind::WriteZero.into())),
            Ok(taken) if taken > left => {
                let lie = format!("{left} bytes to append, but {taken} said to be taken");
                return Err((written, io::Error::other(lie)));
            }
            Ok(taken) => {
                written += taken;
                interruptions = 0;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted && interruptions < INTERRUPTIONS_MAX => {
                interruptions += 1;
            }
            Err(error) => return Err((written, error)),
        }
    }
    Ok(())
}
