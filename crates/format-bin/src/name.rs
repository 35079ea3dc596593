//! Names: bytes in a file, text in an event.

use std::borrow::Cow;

use treering_snapshot::EncodeError;

use crate::cursor::wide;

/// A name's bytes as text; what is not UTF-8 becomes U+FFFD.
///
/// Allocates only then, and exactly what is needed: at most three times the input.
pub(crate) fn text(name: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(name) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(lossy(name)),
    }
}

/// The length of a name as its field holds it.
///
/// # Errors
/// [`EncodeError::NameTooLong`].
pub(crate) fn len_field(name: &str) -> Result<u16, EncodeError> {
    u16::try_from(name.len())
        .map_err(|_| EncodeError::NameTooLong { max: u16::MAX.into(), found: wide(name.len()) })
}

fn lossy(name: &[u8]) -> String {
    let pieces = || {
        name.utf8_chunks().flat_map(|chunk| {
            let bad = if chunk.invalid().is_empty() { "" } else { "\u{FFFD}" };
            [chunk.valid(), bad]
        })
    };
    let mut text = String::with_capacity(pieces().map(str::len).sum());
    text.extend(pieces());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_utf8_become_replacement_characters() {
        for bytes in
            [&b"core0"[..], b"", b"\xFF", b"a\xE2\x82b", b"\xF0\x9F\x98", "né".as_bytes(), b"\xC3\xC3"]
        {
            assert_eq!(text(bytes), String::from_utf8_lossy(bytes));
        }
        let Cow::Owned(owned) = text(&[0xFF; 100]) else { panic!("not UTF-8 is not borrowed") };
        assert_eq!(owned.capacity(), 300);
    }
}
