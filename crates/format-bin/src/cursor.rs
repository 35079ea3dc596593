//! Reading untrusted bytes from front to back.

use treering_snapshot::DecodeError;
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::format::{Count, NameLen};

/// A place in a file, and the bytes from there on.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    offset: u64,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self::at(bytes, 0)
    }

    /// Bytes that begin at this offset of the file.
    pub(crate) fn at(bytes: &'a [u8], offset: u64) -> Self {
        Self { rest: bytes, offset }
    }

    /// Bytes from the start of the file.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `len_bytes` bytes. The length is compared with what is left before anything else happens.
    pub(crate) fn bytes(&mut self, len_bytes: u64, expected: &'static str) -> Result<&'a [u8], DecodeError> {
        let taken = usize::try_from(len_bytes).ok().and_then(|len| self.rest.split_at_checked(len));
        let Some((taken, rest)) = taken else {
            return Err(DecodeError::Truncated {
                offset: self.offset,
                expected,
                needed: len_bytes,
                left: wide(self.rest.len()),
            });
        };
        self.rest = rest;
        self.offset += len_bytes;
        Ok(taken)
    }

    /// The next structure, in place.
    pub(crate) fn item<T>(&mut self, expected: &'static str) -> Result<&'a T, DecodeError>
    where
        T: FromBytes + KnownLayout + Immutable + Unaligned,
    {
        let Ok((item, rest)) = T::ref_from_prefix(self.rest) else {
            return Err(DecodeError::Truncated {
                offset: self.offset,
                expected,
                needed: wide(size_of::<T>()),
                left: wide(self.rest.len()),
            });
        };
        self.rest = rest;
        self.offset += wide(size_of::<T>());
        Ok(item)
    }

    /// The next name with its length.
    pub(crate) fn name(&mut self, expected: &'static str) -> Result<&'a [u8], DecodeError> {
        let len = self.item::<NameLen>(expected)?;
        self.bytes(u64::from(len.get()), expected)
    }

    /// The next count.
    pub(crate) fn count(&mut self, expected: &'static str) -> Result<u32, DecodeError> {
        self.item::<Count>(expected).map(|count| count.get())
    }
}

/// A length in memory as one in a file.
pub(crate) const fn wide(len: usize) -> u64 {
    const { assert!(usize::BITS <= u64::BITS) };
    len as u64
}
