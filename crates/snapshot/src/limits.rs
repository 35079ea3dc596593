//! What a decoder accepts before it trusts anything.

/// Levels below a host that are taken by default.
///
/// A production tree has two. 64 leaves room for everything that is not an attack, and keeps whatever walks a tree
/// by recursion within a few kilobytes of stack.
pub const DEPTH_MAX: usize = 64;

/// Longest name in bytes that is taken by default: what the 16-bit length fields of the binary formats can say.
pub const NAME_BYTES_MAX: usize = 65_535;

/// Longest text in bytes that is read by default: a hundred times what a busy host writes in a day.
pub const TEXT_BYTES_MAX: u64 = 256 << 20;

/// Bounds on what a file may make a decoder do.
///
/// A level or column beyond them is left out and reported as [`Damage`](crate::Damage); the rest of the file is used.
/// A text that is too long is not looked at, and is a [`DecodeError::TooLong`](crate::DecodeError::TooLong).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels below the root; the root's columns are at depth 0. A decoder's bound on memory holds up to 1,024.
    pub depth_max: usize,
    /// Length of a metric's or a level's name in the file, in bytes.
    pub name_bytes_max: usize,
    /// Length of a file in bytes, in formats that are text and so take up to 40 times as much memory while they are
    /// read. A `.bin` takes none, and is as long as its caller has memory for.
    pub text_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth_max: DEPTH_MAX, name_bytes_max: NAME_BYTES_MAX, text_bytes_max: TEXT_BYTES_MAX }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_up_to_a_quarter_of_a_gibibyte() {
        assert_eq!(Limits::default().text_bytes_max, 268_435_456);
    }
}
