//! The search for the next sound record behind damage, with work that is linear in the file's length.
//!
//! Every occurrence of the record magic is a candidate, and a candidate counts only if its whole frame is
//! sound, checksum included. Checking each candidate's payload byte by byte would be quadratic: a hostile
//! file can hold a candidate every 8 bytes, each with a payload of 1 MiB. So payloads of more than two blocks
//! are checked by sums over prefixes of the file: CRC is linear, the sum of bytes `a..b` follows from the
//! sums of `..a` and `..b`, and with the sums at all block boundaries at hand each of these two costs less
//! than one block. Nothing is skipped and no budget can run out: whatever is sound is found.

use crc32fast::Hasher;

use crate::checksum;
use crate::format::{FRAME_TRAILER_BYTES, RECORD_MAGIC};
use crate::frame::{Unverified, to_u64};
use crate::limits::Limits;

/// Bytes between two remembered prefix sums. They take 1/128 of the file's length in memory, and only when a
/// candidate with a long payload appears.
const BLOCK_BYTES: usize = 512;

/// What going on behind damage has cost a reader so far. For a file of `n` bytes, whatever it holds:
/// `candidates <= n / 4`, `hashed_frames <= n / 4` and `hashed_bytes <= n + 1024 * hashed_frames`. Up to the
/// first damage nothing is counted: each payload is hashed once there.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct ResyncWork {
    /// Occurrences of the record magic that were looked at.
    pub candidates: u64,
    /// Whole frames whose checksum was computed: candidates and what was read behind them. Those with a
    /// length that is allowed cannot be closer than 8 bytes, and none is hashed more than twice.
    pub hashed_frames: u64,
    /// Bytes that went through the checksum.
    pub hashed_bytes: u64,
}

/// The search and what it remembers of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resync {
    /// At index i the CRC-32 of the file's first i blocks; as many as were needed so far.
    prefixes: Vec<u32>,
    pub work: ResyncWork,
}

impl Resync {
    /// The offset of the first sound record at or behind `from`.
    pub(crate) fn next_sound(&mut self, bytes: &[u8], from: usize, limits: &Limits) -> Option<usize> {
        let mut from = from;
        while let Some(at) = next_magic(bytes, from) {
            self.work.candidates += 1;
            // The order matters: taking names apart is bounded by the depth, hashing is what costs.
            let whole = Unverified::cut(bytes, at).ok().filter(|frame| frame.parse(limits).is_ok());
            if whole.is_some_and(|frame| checksum::fits(frame.crc32, self.payload_crc32(bytes, &frame))) {
                return Some(at);
            }
            from = at + 1;
        }
        None
    }

    /// The CRC-32 of the payload of a frame of `bytes`, by hashing less than two blocks of them.
    pub(crate) fn payload_crc32(&mut self, bytes: &[u8], frame: &Unverified<'_>) -> u32 {
        self.work.hashed_frames += 1;
        let len = frame.payload.len();
        if len <= 2 * BLOCK_BYTES {
            return self.hash(0, frame.payload);
        }
        let end = frame.end - FRAME_TRAILER_BYTES;
        let before = self.prefix(bytes, end - len);
        let through = self.prefix(bytes, end);
        // The sum through the payload is the sum before it, moved by the payload's length, xor the payload's own.
        let mut moved = Hasher::new_with_initial_len(before, 0);
        moved.combine(&Hasher::new_with_initial_len(0, to_u64(len)));
        moved.finalize() ^ through
    }

    /// The CRC-32 of `bytes[..len]`.
    fn prefix(&mut self, bytes: &[u8], len: usize) -> u32 {
        let block = len / BLOCK_BYTES;
        let mut at = self.prefixes.len().saturating_sub(1) * BLOCK_BYTES;
        if self.prefixes.is_empty() {
            self.prefixes.reserve_exact(bytes.len() / BLOCK_BYTES + 1);
            self.prefixes.push(0);
        }
        while self.prefixes.len() <= block {
            let last = self.prefixes.last().copied().unwrap_or_default();
            let next = self.hash(last, &bytes[at..at + BLOCK_BYTES]);
            self.prefixes.push(next);
            at += BLOCK_BYTES;
        }
        self.hash(self.prefixes[block], &bytes[block * BLOCK_BYTES..len])
    }

    /// The CRC-32 of what `before` is the sum of, with `bytes` behind it.
    fn hash(&mut self, before: u32, bytes: &[u8]) -> u32 {
        self.work.hashed_bytes += to_u64(bytes.len());
        let mut hasher = Hasher::new_with_initial(before);
        hasher.update(bytes);
        hasher.finalize()
    }
}

/// The offset of the first record magic at or behind `from`.
fn next_magic(bytes: &[u8], from: usize) -> Option<usize> {
    let magic = RECORD_MAGIC.to_le_bytes();
    let mut at = from;
    loop {
        let rest = bytes.get(at..)?;
        at += rest.iter().position(|&byte| byte == magic[0])?;
        if bytes[at..].starts_with(&magic) {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_sums_equal_plain_sums_at_every_length_and_in_any_order() {
        let bytes: Vec<u8> = (0..5_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let mut resync = Resync::default();
        for len in (0..=bytes.len()).rev().chain(0..=bytes.len()) {
            assert_eq!(resync.prefix(&bytes, len), crc32fast::hash(&bytes[..len]), "{len} bytes");
        }
        let mut resync = Resync::default();
        for len in 0..=bytes.len() {
            assert_eq!(resync.prefix(&bytes, len), crc32fast::hash(&bytes[..len]), "{len} bytes");
        }
        assert_eq!(resync.prefixes.capacity(), bytes.len() / BLOCK_BYTES + 1);
    }

    #[test]
    fn magic_is_found_at_every_offset_and_behind_its_own_first_bytes() {
        let magic = RECORD_MAGIC.to_le_bytes();
        for at in 0..70 {
            let mut bytes = vec![magic[0]; 80];
            bytes[at..at + 4].copy_from_slice(&magic);
            assert_eq!(next_magic(&bytes, 0), Some(at));
            assert_eq!(next_magic(&bytes, at), Some(at));
            assert_eq!(next_magic(&bytes, at + 1), None);
            assert_eq!(next_magic(&bytes[..at + 3], 0), None);
        }
        assert_eq!(next_magic(&[], 0), None);
        assert_eq!(next_magic(&magic, 9), None);
    }
}
