//! One frame at an offset: cut out, verified, and taken apart, or the reason why it is not sound.

use thiserror::Error;
use zerocopy::FromBytes;

use crate::format::{
    FILE_MAGIC, FRAME_HEADER_BYTES, FRAME_TRAILER_BYTES, FrameHeader, FrameTrailer, LEVELS_MAX,
    PAYLOAD_BYTES_MAX, PAYLOAD_HEADER_BYTES, PayloadHeader, RECORD_MAGIC, VALUE_BYTES, Value,
};
use crate::limits::Limits;
use crate::planted::planted;
use crate::record::Record;

/// Why there is no sound record at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// From here to the end every byte is 0: a length that reached the disk before its data.
    #[error("{left} bytes of zero up to the end")]
    Zeros {
        /// Bytes up to the end.
        left: u64,
    },
    /// The file ends within a frame's header.
    #[error("a frame's header is cut short: {left} bytes are left, 8 expected")]
    HeaderCut {
        /// Bytes up to the end.
        left: u64,
    },
    /// No frame begins here.
    #[error("record magic {RECORD_MAGIC:#010x} expected, {found:#010x} found")]
    Magic {
        /// The four bytes found.
        found: u32,
    },
    /// The payload's length is beyond the format's bound.
    #[error("payload of {found} bytes, at most {PAYLOAD_BYTES_MAX} allowed")]
    PayloadTooLong {
        /// The length found.
        found: u32,
    },
    /// The frame reaches beyond the end of the file.
    #[error("a frame is cut short: {left} bytes are left, {needed} expected")]
    FrameCut {
        /// Bytes of the whole frame.
        needed: u64,
        /// Bytes up to the end.
        left: u64,
    },
    /// The payload is not what was written.
    #[error("payload with checksum {found:#010x}, {expected:#010x} expected")]
    Checksum {
        /// The checksum that the frame carries.
        expected: u32,
        /// The payload's checksum.
        found: u32,
    },
    /// The checksum is right, but time, names and value do not fit into the payload.
    #[error("payload of {found} bytes whose parts need {needed} or more")]
    Malformed {
        /// Bytes that the parts read so far ask for.
        needed: usize,
        /// Bytes of the payload.
        found: usize,
    },
    /// A sound record with more levels than the limits allow.
    #[error("record of {found} levels, at most {max} allowed")]
    TooDeep {
        /// Levels of the record.
        found: usize,
        /// The most that are allowed.
        max: usize,
    },
}

/// A frame that lies wholly in the file. Its checksum has not been looked at.
pub(crate) struct Unverified<'a> {
    /// Where it begins.
    pub offset: usize,
    /// Where it ends.
    pub end: usize,
    /// Between header and trailer.
    pub payload: &'a [u8],
    /// The checksum that the trailer carries.
    pub crc32: u32,
}

/// True if the file begins as a log does.
pub(crate) fn has_file_magic(bytes: &[u8]) -> bool {
    bytes.starts_with(&FILE_MAGIC.to_le_bytes())
}

/// `len` as offsets are given to callers.
pub(crate) fn to_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

impl<'a> Unverified<'a> {
    /// Cuts out the frame that begins at `offset`.
    #[inline]
    pub(crate) fn cut(bytes: &'a [u8], offset: usize) -> Result<Self, Reason> {
        let rest = bytes.get(offset..).unwrap_or_default();
        let left = to_u64(rest.len());
        let (header, body) = FrameHeader::ref_from_prefix(rest).map_err(|_| Reason::HeaderCut { left })?;
        if header.magic != RECORD_MAGIC {
            return Err(Reason::Magic { found: header.magic.get() });
        }
        let found = header.payload_len.get();
        let payload_len = usize::try_from(found).unwrap_or(usize::MAX);
        if planted("length-is-believed") {
            drop(std::hint::black_box(Vec::<u8>::with_capacity(payload_len)));
        }
        if payload_len > PAYLOAD_BYTES_MAX {
            return Err(Reason::PayloadTooLong { found });
        }
        let frame_len = FRAME_HEADER_BYTES + payload_len + FRAME_TRAILER_BYTES;
        let cut = Reason::FrameCut { needed: to_u64(frame_len), left };
        let (payload, trailer) = body.split_at_checked(payload_len).ok_or(cut)?;
        let (trailer, _) = FrameTrailer::ref_from_prefix(trailer).map_err(|_| cut)?;
        Ok(Self { offset, end: offset + frame_len, payload, crc32: trailer.crc32.get() })
    }

    /// Takes the payload apart. Bytes behind the value are kept and not judged.
    #[inline]
    pub(crate) fn parse(&self, limits: &Limits) -> Result<Record<'a>, Reason> {
        let payload = self.payload;
        let short = |needed| Reason::Malformed { needed, found: payload.len() };
        let (header, _) = PayloadHeader::ref_from_prefix(payload).map_err(|_| short(PAYLOAD_HEADER_BYTES))?;
        let levels_at = PAYLOAD_HEADER_BYTES + usize::from(header.metric_len.get());
        let levels = usize::from(*payload.get(levels_at).ok_or_else(|| short(levels_at + 1))?);
        let depth_max = limits.depth_max.min(LEVELS_MAX);
        if levels > depth_max {
            return Err(Reason::TooDeep { found: levels, max: depth_max });
        }
        let mut value_at = levels_at + 1;
        for _ in 0..levels {
            let name_len = usize::from(*payload.get(value_at).ok_or_else(|| short(value_at + 1))?);
            value_at += 1 + name_len;
        }
        let value = payload.get(value_at..).unwrap_or_default();
        let (value, _) = Value::ref_from_prefix(value).map_err(|_| short(value_at + VALUE_BYTES))?;
        Ok(Record {
            offset: to_u64(self.offset),
            time_s: header.time_s.get(),
            value: value.value.get(),
            payload,
            levels_at,
            value_at,
        })
    }
}
