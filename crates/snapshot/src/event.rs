//! The events of a snapshot, and who takes them.

use std::error::Error;
use std::fmt;
use std::io;

use crate::EncodeError;

/// The bits of the NaN that stands for a missing value on disk.
///
/// Readers take any NaN for "no sample". Values that are copied as blocks keep the bits they have.
pub const MISSING_BITS: u32 = 0x7FC0_0000;

/// What is said about a column before its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// The metric's name. Bytes of a file that are not UTF-8 arrive as U+FFFD.
    pub metric: &'a str,
    /// Seconds between two values, as the file has it: it may be 0 or negative.
    pub interval_s: i64,
    /// Time of the first value, Unix seconds.
    pub start_s: i64,
    /// How many values follow: always the sum over the parts.
    pub count: u32,
}

/// A piece of a column's values. A column is a sequence of these, so that it can be passed on without being
/// copied together first.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// Values as they lie in memory.
    Native(&'a [f32]),
    /// Values as they lie in a file: four bytes each, unaligned, little endian. The length is a multiple of 4.
    LittleEndian(&'a [u8]),
    /// So many slots without a value.
    Missing(u32),
}

impl Part<'_> {
    /// The number of values in this part, missing ones included.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Part::Native(values) => values.len(),
            Part::LittleEndian(bytes) => bytes.len() / size_of::<f32>(),
            // On a machine whose addresses are shorter than 32 bits such a gap cannot be held anyway.
            Part::Missing(count) => usize::try_from(*count).unwrap_or(usize::MAX),
        }
    }

    /// Appends the values to `out`; missing ones become the NaN of [`MISSING_BITS`].
    pub fn append_to(&self, out: &mut Vec<f32>) {
        match self {
            Part::Native(values) => out.extend_from_slice(values),
            Part::LittleEndian(bytes) => {
                let (values, _) = bytes.as_chunks::<{ size_of::<f32>() }>();
                out.extend(values.iter().map(|value| f32::from_le_bytes(*value)));
            }
            Part::Missing(_) => out.resize(out.len() + self.count(), f32::from_bits(MISSING_BITS)),
        }
    }
}

/// A sink's answer to a level: does it want what is below?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// The level's events follow, then [`Sink::leave`].
    Yes,
    /// No event of this level or of one below it follows, and no `leave` either.
    Skip,
}

/// Takes the events of one snapshot: the root's columns, then its children, depth first.
///
/// Within a level all columns come before the first child. Sources that know an order emit names in the order of
/// their bytes; a decoder passes on the file's order. A decoder whose input ends too early sends the `leave`s that
/// are missing, so that what a sink got is a whole tree, only a smaller one. After an `Err` no event follows.
///
/// No decoder sends a name twice in one level: of columns, or of levels, with one name it sends the last in the file,
/// which is what the reference reads.
pub trait Sink {
    /// One column of the current level.
    ///
    /// # Errors
    /// Whatever makes this sink want no further event.
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop>;

    /// A child of the current level begins, and is the current level from now on if the answer is [`Take::Yes`].
    ///
    /// # Errors
    /// Whatever makes this sink want no further event.
    fn enter(&mut self, level: &str) -> Result<Take, Stop>;

    /// The current level ends; its parent is the current one again.
    ///
    /// # Errors
    /// Whatever makes this sink want no further event.
    fn leave(&mut self) -> Result<(), Stop>;
}

/// A sink wants no further event: because it failed, or because it has what it wanted.
#[derive(Debug)]
pub struct Stop {
    reason: Option<Box<dyn Error + Send + Sync>>,
}

impl Stop {
    /// The sink has all that it wanted.
    #[must_use]
    pub fn enough() -> Self {
        Self { reason: None }
    }

    /// The sink failed.
    #[must_use]
    pub fn because(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { reason: Some(reason.into()) }
    }

    /// Why the sink failed; `None` if it had enough.
    #[must_use]
    pub fn reason(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.reason.as_deref()
    }

    /// Why the sink failed, owned; `None` if it had enough.
    #[must_use]
    pub fn into_reason(self) -> Option<Box<dyn Error + Send + Sync>> {
        self.reason
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.reason.is_some() { "the receiver failed" } else { "the receiver has enough" })
    }
}

impl Error for Stop {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.reason.as_deref().map(|reason| reason as &(dyn Error + 'static))
    }
}

impl From<EncodeError> for Stop {
    fn from(err: EncodeError) -> Self {
        Self::because(err)
    }
}

impl From<io::Error> for Stop {
    fn from(err: io::Error) -> Self {
        Self::because(err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_append_the_same_bits_in_either_byte_form() {
        let values = [1.5f32, -0.0, f32::from_bits(1), f32::INFINITY];
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let mut native = Vec::new();
        Part::Native(&values).append_to(&mut native);
        Part::Missing(2).append_to(&mut native);
        let mut from_file = Vec::new();
        Part::LittleEndian(&bytes).append_to(&mut from_file);
        Part::Missing(2).append_to(&mut from_file);
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&native), bits(&from_file));
        assert_eq!(bits(&native)[4..], [MISSING_BITS, MISSING_BITS]);
        assert_eq!(Part::LittleEndian(&bytes).count(), 4);
    }

    #[test]
    fn a_stop_says_which_of_the_two_it_is() {
        assert_eq!(Stop::enough().to_string(), "the receiver has enough");
        assert_eq!(Stop::because("full").to_string(), "the receiver failed");
    }

    #[test]
    fn a_stop_keeps_the_error_it_was_made_from() {
        let stop = Stop::from(EncodeError::Unbalanced { open: 2 });
        let reason = stop.reason().and_then(|reason| reason.downcast_ref::<EncodeError>());
        assert!(matches!(reason, Some(EncodeError::Unbalanced { open: 2 })));
        assert!(stop.source().is_some());
        assert!(Stop::enough().into_reason().is_none());
    }
}
