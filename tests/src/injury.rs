//! What may happen to the bytes of a file that lies on a medium.

use std::fmt;

use crate::simdisk::SplitMix64;

/// One thing that happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injury {
    /// One bit is another, counted from the file's first.
    Flip {
        /// Which.
        bit: u64,
    },
    /// The file ends here.
    Cut {
        /// How long it is.
        len_bytes: usize,
    },
    /// A block reads as zeros.
    Zero(Block),
    /// A block stands there twice, and all behind it later.
    Double(Block),
    /// Two blocks have changed places.
    Swap(Block, Block),
    /// Something stands behind its end.
    Tail {
        /// How much.
        len_bytes: usize,
        /// What.
        seed: u64,
    },
}

/// A part of a file that a medium writes at once. The last one may be shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// How long blocks are.
    pub bytes: usize,
    /// Which, from 0.
    pub number: usize,
}

impl Injury {
    /// A flipped bit or a cut: no more than checksums are there to find. The file has so many bytes, at least one.
    #[must_use]
    pub fn small(random: &mut SplitMix64, len: usize) -> Injury {
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        match random.below(2) {
            0 => Injury::Flip { bit: random.below(len.saturating_mul(8)) },
            _ => Injury::Cut { len_bytes: usize::try_from(random.below(len)).unwrap_or(0) },
        }
    }

    /// Any. The file has so many bytes, at least one.
    #[must_use]
    pub fn any(random: &mut SplitMix64, len: usize) -> Injury {
        let bytes = [64, 512, 4096][usize::try_from(random.below(3)).unwrap_or(0)];
        let blocks = u64::try_from(len.div_ceil(bytes)).unwrap_or(u64::MAX);
        let mut block = || Block { bytes, number: usize::try_from(random.below(blocks)).unwrap_or(0) };
        let (a, b) = (block(), block());
        match random.below(5) {
            0 => Injury::Zero(a),
            1 => Injury::Double(a),
            2 => Injury::Swap(a, b),
            3 => Injury::Tail {
                len_bytes: usize::try_from(1 + random.below(10_000)).unwrap_or(1),
                seed: random.next_u64(),
            },
            _ => Injury::small(random, len),
        }
    }

    /// Does it.
    pub fn apply(&self, bytes: &mut Vec<u8>) {
        match *self {
            Injury::Flip { bit } => {
                let at = usize::try_from(bit / 8).unwrap_or(usize::MAX);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Injury::Cut { len_bytes } => bytes.truncate(len_bytes),
            Injury::Zero(block) => {
                let range = block.range(bytes.len());
                bytes[range].fill(0);
            }
            Injury::Double(block) => {
                let range = block.range(bytes.len());
                let twice = bytes[range.clone()].to_vec();
                bytes.splice(range.end..range.end, twice);
            }
            Injury::Swap(a, b) => {
                let (a, b) = if a.number <= b.number { (a, b) } else { (b, a) };
                let (a, b) = (a.range(bytes.len()), b.range(bytes.len()));
                if a.end <= b.start {
                    let (first, second) = (bytes[a.clone()].to_vec(), bytes[b.clone()].to_vec());
                    bytes.splice(b, first);
                    bytes.splice(a, second);
                }
            }
            Injury::Tail { len_bytes, seed } => {
                let mut random = SplitMix64::new(seed);
                let zeros = random.below(3) == 0;
                let byte = |_| if zeros { 0 } else { random.next_u64().to_le_bytes()[0] };
                bytes.extend((0..len_bytes).map(byte));
            }
        }
    }
}

impl Block {
    fn range(self, len: usize) -> std::ops::Range<usize> {
        let start = self.number.saturating_mul(self.bytes).min(len);
        start..start.saturating_add(self.bytes).min(len)
    }
}

impl fmt::Display for Injury {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Injury::Flip { bit } => write!(f, "bit {bit} flipped"),
            Injury::Cut { len_bytes } => write!(f, "cut to {len_bytes} bytes"),
            Injury::Zero(block) => write!(f, "{block} zeroed"),
            Injury::Double(block) => write!(f, "{block} doubled"),
            Injury::Swap(a, b) => write!(f, "{a} and {b} swapped"),
            Injury::Tail { len_bytes, .. } => write!(f, "{len_bytes} bytes behind its end"),
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block {} of {} bytes", self.number, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(injury: Injury) -> Vec<u8> {
        let mut bytes = b"abcdefg".to_vec();
        injury.apply(&mut bytes);
        bytes
    }

    #[test]
    fn each_injury_does_what_it_says() {
        let block = |number| Block { bytes: 3, number };
        assert_eq!(done(Injury::Flip { bit: 9 }), b"a`cdefg");
        assert_eq!(done(Injury::Cut { len_bytes: 2 }), b"ab");
        assert_eq!(done(Injury::Zero(block(1))), b"abc\0\0\0g");
        assert_eq!(done(Injury::Double(block(1))), b"abcdefdefg");
        assert_eq!(done(Injury::Swap(block(2), block(0))), b"gdefabc");
        assert_eq!(done(Injury::Swap(block(1), block(1))), b"abcdefg");
        assert_eq!(done(Injury::Tail { len_bytes: 5, seed: 3 }).len(), 12);
    }
}
