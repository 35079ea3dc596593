//! An operation that the medium may or may not hold yet, and what it does to what the medium holds.

use std::ffi::OsString;
use std::sync::Arc;

use super::image::{InodeId, Names};

/// What a medium writes whole or not at all.
pub(super) const SECTOR_BYTES: usize = 512;
/// What a page cache writes at once.
pub(super) const PAGE_BYTES: usize = 4096;

/// One unsynced operation.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// Entries of directories that change together.
    Names(Vec<NameChange>),
    /// Bytes at the end of a file.
    Append(Append),
    /// A new length of a file.
    Truncate { file: InodeId, len: usize },
}

/// One name, and what it names from now on.
#[derive(Debug, Clone)]
pub(super) struct NameChange {
    pub(super) dir: InodeId,
    pub(super) name: OsString,
    pub(super) target: Option<InodeId>,
}

/// The sectors that an append touched, as they were in memory then.
#[derive(Debug, Clone)]
pub(super) struct Append {
    pub(super) file: InodeId,
    /// Where the appended bytes begin.
    pub(super) offset: usize,
    /// Where the sector begins that `offset` lies in.
    start: usize,
    /// From `start` to the new end of the file.
    bytes: Arc<[u8]>,
}

/// How much of an append the medium holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrived {
    /// All of it.
    Whole,
    /// The new length; where the data should be is what was there, or zeros.
    LengthOnly,
    /// The file ends here, and the data up to here.
    UpTo(usize),
}

impl Change {
    /// The file whose content this changes.
    pub(super) fn file(&self) -> Option<InodeId> {
        match self {
            Change::Append(append) => Some(append.file),
            Change::Truncate { file, .. } => Some(*file),
            Change::Names(_) => None,
        }
    }
}

impl NameChange {
    pub(super) fn apply(&self, names: &mut Names) {
        match self.target {
            Some(id) => names.insert(self.name.clone(), id),
            None => names.remove(&self.name),
        };
    }
}

impl Append {
    /// The last operation on a file whose content is now `live`.
    pub(super) fn new(file: InodeId, offset: usize, live: &[u8]) -> Append {
        let start = offset - offset % SECTOR_BYTES;
        Append { file, offset, start, bytes: live[start..].into() }
    }

    pub(super) fn end(&self) -> usize {
        self.start + self.bytes.len()
    }

    /// The offsets at which this can be cut in two, where the medium writes `block_bytes` at once.
    pub(super) fn cuts(&self, block_bytes: usize) -> impl Iterator<Item = usize> + use<> {
        let first = (self.offset / block_bytes + 1) * block_bytes;
        (first..self.end()).step_by(block_bytes)
    }

    /// Does to the content on the medium what the append did to the one in memory. The length is one value of
    /// the inode, so it becomes what this operation made it, whatever happened to those before.
    pub(super) fn apply(&self, medium: &mut Vec<u8>, arrived: Arrived) {
        let end = match arrived {
            Arrived::Whole | Arrived::LengthOnly => self.end(),
            Arrived::UpTo(end) => end,
        };
        medium.resize(end, 0);
        if arrived != Arrived::LengthOnly {
            medium[self.start..].copy_from_slice(&self.bytes[..end - self.start]);
        }
    }

    /// Like [`Append::apply`], block by block as `keeps` says.
    pub(super) fn apply_blocks(
        &self,
        medium: &mut Vec<u8>,
        block_bytes: usize,
        mut keeps: impl FnMut() -> bool,
    ) {
        medium.resize(self.end(), 0);
        let mut from = self.start;
        for to in self.cuts(block_bytes).chain([self.end()]) {
            if keeps() {
                medium[from..to].copy_from_slice(&self.bytes[from - self.start..to - self.start]);
            }
            from = to;
        }
    }
}
