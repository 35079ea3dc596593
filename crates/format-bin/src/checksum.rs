//! Whether a checksum fits: the one place where a build for fuzzing believes what no other build does.

/// Whether the checksum that was written is that of the bytes.
///
/// With `cfg(fuzzing)` every even number fits as well: hardly a changed byte would get past the checksum otherwise, and
/// what lies behind it would never be tried. Odd ones are compared, so that damage is tried, too.
pub(crate) fn fits(written: u32, found: u32) -> bool {
    written == found || (cfg!(fuzzing) && written.is_multiple_of(2))
}
