//! A log's bytes as an iterator of sound records, then how the log ends.

use std::fmt;
use std::iter::FusedIterator;

use thiserror::Error;

use crate::checksum;
use crate::format::{FILE_HEADER_BYTES, FILE_MAGIC};
use crate::frame::{Reason, Unverified, has_file_magic, to_u64};
use crate::limits::Limits;
use crate::planted::planted;
use crate::record::Record;
use crate::repeat::Repeats;
use crate::resync::{Resync, ResyncWork};

/// Reads a log from memory and never writes. It is an iterator of sound records; when that has ended,
/// [`Reader::end`] says why, and [`Reader::resume`] goes on behind damage.
///
/// A reader that knows nothing of resuming sees the records up to the first end that is not
/// [`End::Clean`], and so does whoever stops there.
///
/// Memory: nothing is copied. The reader remembers where some records began, in a few KiB. Names that are not UTF-8
/// allocate when they are asked for, and damage followed by what looks like long records makes the reader remember 1/128 of
/// the file's length.
#[derive(Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    limits: Limits,
    /// Where the next frame begins.
    at: usize,
    end: Option<End>,
    /// True behind damage, where frames that claim the same bytes may follow each other.
    damaged: bool,
    repeats: Repeats,
    resync: Resync,
}

/// How a log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With its last record.
    Clean,
    /// Something that is no sound record begins at `offset`, and nothing sound follows: after a crash or a
    /// power cut that is normal. A writer cuts the file there before it appends.
    Torn {
        /// Where the sound part ends, in bytes.
        offset: u64,
        /// What is wrong there.
        reason: Reason,
    },
    /// Something that is no sound record begins at `offset`, and sound records follow it: the file is
    /// damaged. [`Reader::resume`] goes on at `next`.
    Corrupt {
        /// Where the damage begins, in bytes.
        offset: u64,
        /// What is wrong there.
        reason: Reason,
        /// Where the next sound record begins, in bytes.
        next: u64,
    },
}

/// Why bytes are no log. [`Reader::salvage`] looks for records all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The file ends within its magic, so it cannot hold a record: a log that was just being begun.
    #[error("log header is cut short: {found} bytes, 4 expected")]
    Truncated {
        /// Bytes of the file.
        found: usize,
    },
    /// The file is nothing but zeros: its length reached the disk, its data did not.
    #[error("log of {found} bytes that are all zero")]
    Zeros {
        /// Bytes of the file.
        found: usize,
    },
    /// The file begins with something else.
    #[error("log magic {FILE_MAGIC:#010x} expected, {found:#010x} found")]
    Magic {
        /// The four bytes found.
        found: u32,
    },
}

impl<'a> Reader<'a> {
    /// A reader at the first record of the log `bytes`. No bytes at all are a log without records.
    ///
    /// # Errors
    /// [`HeaderError::Truncated`] for 1 to 3 bytes, [`HeaderError::Zeros`] and [`HeaderError::Magic`] for
    /// another magic than [`FILE_MAGIC`].
    pub fn new(bytes: &'a [u8], limits: &Limits) -> Result<Self, HeaderError> {
        let found = bytes.len();
        let at = match bytes.first_chunk::<FILE_HEADER_BYTES>() {
            None if bytes.is_empty() => 0,
            None => return Err(HeaderError::Truncated { found }),
            Some(_) if has_file_magic(bytes) => FILE_HEADER_BYTES,
            Some(_) if bytes.iter().all(|&byte| byte == 0) => return Err(HeaderError::Zeros { found }),
            Some(&magic) => return Err(HeaderError::Magic { found: u32::from_le_bytes(magic) }),
        };
        Ok(Self {
            bytes,
            limits: *limits,
            at,
            end: None,
            damaged: false,
            repeats: Repeats::default(),
            resync: Resync::default(),
        })
    }

    /// A reader at the first sound record of bytes whose header may be damaged or missing. Without one it
    /// has ended at once, as torn at 0. Bytes with a sound header are read as [`Reader::new`] reads them.
    #[must_use]
    pub fn salvage(bytes: &'a [u8], limits: &Limits) -> Self {
        Self::new(bytes, limits).unwrap_or_else(|_| {
            let mut resync = Resync::default();
            let sound = resync.next_sound(bytes, 0, limits);
            let at = sound.unwrap_or_default();
            let mut reader = Self {
                bytes,
                limits: *limits,
                at,
                end: None,
                damaged: true,
                repeats: Repeats::default(),
                resync,
            };
            if sound.is_none() {
                // All was looked through, and is not once more.
                reader.end = reader.read().err().map(|reason| reader.torn(reason));
            }
            reader
        })
    }

    /// Why the iterator has ended; none while it has not.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// Goes on at the next sound record if the end is [`End::Corrupt`]. False, and nothing changes, for any
    /// other end and while the iterator has not ended.
    pub fn resume(&mut self) -> bool {
        let corrupt = matches!(self.end, Some(End::Corrupt { .. }));
        if corrupt {
            // `at` is where the next sound record begins since the end was found.
            self.end = None;
        }
        corrupt
    }

    /// What the search for sound records behind damage has cost so far.
    #[must_use]
    pub fn resync_work(&self) -> ResyncWork {
        self.resync.work
    }

    #[inline]
    fn read(&mut self) -> Result<Record<'a>, Reason> {
        let frame = Unverified::cut(self.bytes, self.at)?;
        let found = if self.damaged {
            self.resync.payload_crc32(self.bytes, &frame)
        } else {
            self.repeats.payload_crc32(self.bytes, &frame)
        };
        if found != frame.crc32 {
            if !checksum::fits(frame.crc32, found) && !planted("log-checksum-not-checked") {
                return Err(Reason::Checksum { expected: frame.crc32, found });
            }
            self.repeats.mislead();
        }
        let record = frame.parse(&self.limits)?;
        self.at = frame.end;
        Ok(record)
    }

    /// Tells a torn tail from damage, and moves to the next sound record if there is one.
    #[cold]
    fn judge(&mut self, reason: Reason) -> End {
        let offset = to_u64(self.at);
        self.damaged = true;
        if let Some(next) = self.resync.next_sound(self.bytes, self.at + 1, &self.limits) {
            self.at = next;
            return End::Corrupt { offset, reason, next: to_u64(next) };
        }
        self.torn(reason)
    }

    /// The end of a log of which nothing is sound from here on.
    fn torn(&self, reason: Reason) -> End {
        let tail = &self.bytes[self.at..];
        let zeros = Reason::Zeros { left: to_u64(tail.len()) };
        let reason = if tail.iter().all(|&byte| byte == 0) { zeros } else { reason };
        End::Torn { offset: to_u64(self.at), reason }
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Record<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.end.is_some() {
            return None;
        }
        if self.at == self.bytes.len() {
            self.end = Some(End::Clean);
            return None;
        }
        match self.read() {
            Ok(record) => Some(record),
            Err(reason) => {
                self.end = Some(self.judge(reason));
                None
            }
        }
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("at", &self.at).field("end", &self.end).finish_non_exhaustive()
    }
}

/// Ended stays ended until [`Reader::resume`] says otherwise.
impl FusedIterator for Reader<'_> {}
