//! Values as they come and go: in memory, as file bytes, or known to be missing.

use std::ops::Range;

/// Bytes of one value in a file.
const VALUE_BYTES: usize = size_of::<f32>();

/// A piece of a column. A column's values are a sequence of these.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Values<'a> {
    /// One value per slot; NaN where there is no sample.
    Native(&'a [f32]),
    /// The same as little-endian single precision, four bytes a slot, not necessarily aligned.
    LittleEndian(&'a [u8]),
    /// So many slots without a sample.
    Missing(u32),
}

impl Values<'_> {
    /// How many slots the piece covers. Trailing bytes that make no whole value do not count.
    #[must_use]
    pub fn slots(&self) -> u64 {
        let count = match self {
            Values::Native(values) => values.len(),
            Values::LittleEndian(bytes) => bytes.len() / VALUE_BYTES,
            Values::Missing(count) => return u64::from(*count),
        };
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

/// Values that can be copied as they lie: a [`Values`] that is not missing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Block<'a> {
    Native(&'a [f32]),
    LittleEndian(&'a [[u8; VALUE_BYTES]]),
}

impl<'a> Block<'a> {
    /// The block in a piece of a column; the length of the gap if it is none.
    pub(crate) fn of(values: &Values<'a>) -> Result<Self, u32> {
        match values {
            Values::Native(values) => Ok(Block::Native(values)),
            Values::LittleEndian(bytes) => Ok(Block::LittleEndian(bytes.as_chunks().0)),
            Values::Missing(count) => Err(*count),
        }
    }

    pub(crate) fn len(self) -> usize {
        match self {
            Block::Native(values) => values.len(),
            Block::LittleEndian(values) => values.len(),
        }
    }

    /// The values one by one.
    pub(crate) fn iter(self) -> impl DoubleEndedIterator<Item = f32> + ExactSizeIterator + 'a {
        (0..self.len()).map(move |at| match self {
            Block::Native(values) => values[at],
            Block::LittleEndian(values) => f32::from_le_bytes(values[at]),
        })
    }

    /// The first `count` values, and the rest. `count` is at most the length.
    pub(crate) fn split_at(self, count: usize) -> (Self, Self) {
        (self.slice(0..count), self.slice(count..self.len()))
    }

    /// Whether not all is NaN. It looks no further than the first sample: asked again and again of what is left, all of it is
    /// looked at about once.
    pub(crate) fn has_sample(self) -> bool {
        self.iter().any(|value| !value.is_nan())
    }

    /// The block without the NaN at its ends, and how many were taken from its front; `None` if it is all NaN.
    pub(crate) fn trimmed(self) -> Option<(usize, Self)> {
        let first = self.iter().position(|value| !value.is_nan())?;
        let last = self.iter().rposition(|value| !value.is_nan())?;
        Some((first, self.slice(first..last + 1)))
    }

    /// Appends all values in one go. Any NaN keeps its bits.
    pub(crate) fn append_to(self, target: &mut Vec<f32>) {
        match self {
            Block::Native(values) => target.extend_from_slice(values),
            Block::LittleEndian(values) => {
                target.extend(values.iter().map(|bytes| f32::from_le_bytes(*bytes)));
            }
        }
    }

    /// Copies all values in one go. The target is as long as the block; any NaN keeps its bits.
    pub(crate) fn copy_to(self, target: &mut [f32]) {
        match self {
            Block::Native(values) => target.copy_from_slice(values),
            Block::LittleEndian(values) => {
                for (slot, bytes) in target.iter_mut().zip(values) {
                    *slot = f32::from_le_bytes(*bytes);
                }
            }
        }
    }

    fn slice(self, range: Range<usize>) -> Self {
        match self {
            Block::Native(values) => Block::Native(&values[range]),
            Block::LittleEndian(values) => Block::LittleEndian(&values[range]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block<'a>(values: &Values<'a>) -> Block<'a> {
        Block::of(values).unwrap()
    }

    #[test]
    fn trimming_takes_nan_from_both_ends_only() {
        let values = [f32::NAN, 1.0, f32::NAN, 2.0, f32::NAN, f32::NAN];
        let (front, rest) = block(&Values::Native(&values)).trimmed().unwrap();
        assert_eq!((front, rest.len()), (1, 3));
        assert!(block(&Values::Native(&[f32::NAN; 3])).trimmed().is_none());
        assert!(block(&Values::Native(&[])).trimmed().is_none());
    }

    #[test]
    fn file_bytes_and_native_values_are_the_same_block() {
        let native = [1.5, -0.0, f32::INFINITY, 3.25];
        // One byte in front: the values lie unaligned.
        let mut bytes = vec![0xAA];
        bytes.extend(native.iter().flat_map(|value| value.to_le_bytes()));
        let from_file = Values::LittleEndian(&bytes[1..]);
        assert_eq!(from_file.slots(), 4);
        let (head, tail) = block(&from_file).split_at(1);
        let mut appended = Vec::new();
        head.append_to(&mut appended);
        tail.append_to(&mut appended);
        let mut copied = [0.0; 4];
        block(&from_file).copy_to(&mut copied);
        let bits = native.map(f32::to_bits);
        assert_eq!(copied.map(f32::to_bits), bits);
        assert!(appended.iter().map(|value| value.to_bits()).eq(bits));
        assert!(block(&from_file).iter().map(f32::to_bits).eq(bits));
    }
}
