//! Why a decode ended early, and why an encode was refused.

use crate::Stop;

/// Why a decode ended before the end of the file. All that was sound before this point has reached the sink.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end too early, or a length or count in them is wrong: the two look the same.
    #[error(
        "cut off at byte {offset}: {expected} takes {needed} {}, {left} {} left",
        if *needed == 1 { "byte" } else { "bytes" },
        if *left == 1 { "is" } else { "are" }
    )]
    Truncated {
        /// Where the item begins.
        offset: u64,
        /// What should be there.
        expected: &'static str,
        /// How many bytes it takes.
        needed: u64,
        /// How many there are.
        left: u64,
    },
    /// This is not a file of the format at all.
    #[error("wrong magic at byte {offset}: {expected:#010x} expected, {found:#010x} found")]
    Magic {
        /// Where the magic lies.
        offset: u64,
        /// The format's magic.
        expected: u32,
        /// What is there.
        found: u32,
    },
    /// Bytes without which the file cannot be used do not have their checksum.
    #[error("wrong checksum of the bytes from {offset}: {expected:#010x} expected, {found:#010x} found")]
    Checksum {
        /// Where the checked bytes begin.
        offset: u64,
        /// The checksum that was written.
        expected: u32,
        /// The checksum that the bytes have.
        found: u32,
    },
    /// The file asks for more than the caller's limits allow.
    #[error("limit passed at byte {offset}: at most {max} {expected}, {found} found")]
    Limit {
        /// Where it happens.
        offset: u64,
        /// What is limited.
        expected: &'static str,
        /// The limit.
        max: u64,
        /// What the file has.
        found: u64,
    },
    /// The file is longer than the caller's limits allow. Nobody has looked at it: it may well be sound.
    #[error("{found} bytes of text are not read, at most {max} are")]
    TooLong {
        /// The limit in bytes.
        max: u64,
        /// The file's length in bytes.
        found: u64,
    },
    /// The bytes cannot be what the format says.
    #[error("malformed at byte {offset}: {expected} expected, {found} found")]
    Malformed {
        /// Where it happens.
        offset: u64,
        /// What should be there.
        expected: &'static str,
        /// What is there, shortened.
        found: String,
    },
    /// The sink wanted no further event.
    #[error(transparent)]
    Stopped(#[from] Stop),
}

impl DecodeError {
    /// Where in the file, in bytes from its start; `None` if the sink stopped, or if it was not looked at.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::Truncated { offset, .. }
            | Self::Magic { offset, .. }
            | Self::Checksum { offset, .. }
            | Self::Limit { offset, .. }
            | Self::Malformed { offset, .. } => Some(*offset),
            Self::TooLong { .. } | Self::Stopped(_) => None,
        }
    }
}

/// Why an event or the end of a snapshot cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A name is longer than its length field can say.
    #[error("name of {found} bytes: at most {max} can be written")]
    NameTooLong {
        /// The longest that can be written, in bytes.
        max: u64,
        /// The name's length in bytes.
        found: u64,
    },
    /// A column's head does not agree with its values.
    #[error("column {metric:?}: {expected} values announced, {found} handed over")]
    Count {
        /// The column's metric.
        metric: String,
        /// The head's count.
        expected: u64,
        /// The sum over the parts.
        found: u64,
    },
    /// A column came after a child of its level.
    #[error("column {metric:?} comes after a child of its level")]
    OutOfOrder {
        /// The column's metric.
        metric: String,
    },
    /// `leave` without `enter`, or the end with levels still open.
    #[error("levels do not balance: {open} are open")]
    Unbalanced {
        /// How many levels were open, the root not counted.
        open: u64,
    },
    /// A value that the format cannot express, such as an infinite one in a text format that has none.
    #[error("column {metric:?}: value {index} is {value}, which the format cannot hold")]
    Value {
        /// The column's metric.
        metric: String,
        /// The value's index in the column.
        index: u64,
        /// The value.
        value: String,
    },
    /// A count or length does not fit its field.
    #[error("{what}: {found}, at most {max} can be written")]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// The largest that can be written.
        max: u64,
        /// How much there was.
        found: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_an_offset_where_the_file_has_a_place() {
        let expected = "x";
        let placed = [
            DecodeError::Truncated { offset: 7, expected, needed: 2, left: 1 },
            DecodeError::Magic { offset: 7, expected: 1, found: 2 },
            DecodeError::Checksum { offset: 7, expected: 1, found: 2 },
            DecodeError::Limit { offset: 7, expected, max: 1, found: 2 },
            DecodeError::Malformed { offset: 7, expected, found: String::new() },
        ];
        assert!(placed.iter().all(|error| error.offset() == Some(7)));
        assert_eq!(DecodeError::TooLong { max: 1, found: 2 }.offset(), None);
        assert_eq!(DecodeError::Stopped(Stop::enough()).offset(), None);
    }
}
