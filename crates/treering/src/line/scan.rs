//! Finding separators, and taking escapes out of what lies between them.

use std::borrow::Cow;

/// The characters that a backslash escapes, in metrics, tags and field keys.
const ESCAPED: [u8; 3] = [b',', b' ', b'='];

/// The offset of the first `wanted` in `bytes`. Nearly always it is near: eight bytes at a time beat a call.
pub(super) fn find_near(bytes: &[u8], wanted: u8) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let pattern = u64::from_ne_bytes([wanted; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        // A byte that is equal becomes 0, and of the bytes up to the first 0 only that one gets its high bit set.
        let difference = u64::from_le_bytes(*word) ^ pattern;
        let zeros = difference.wrapping_sub(LOW) & !difference & HIGH;
        if zeros != 0 {
            return Some(index * 8 + zeros.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|byte| *byte == wanted).map(|at| words.len() * 8 + at)
}

/// The offset of the first byte from `from` on that `is_separator` and has no backslash before it.
///
/// A backslash is never escaped itself, so the one byte before decides.
pub(super) fn find_unescaped(bytes: &[u8], from: usize, is_separator: impl Fn(u8) -> bool) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| is_separator(*byte))?;
        if at == from || bytes[at - 1] != b'\\' {
            return Some(at);
        }
        at += 1;
    }
}

/// `bytes` as text without its escapes; `None` if it is not UTF-8. Allocates only if there is an escape.
pub(super) fn unescape(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(bytes).ok()?;
    if !bytes.windows(2).any(is_escape) {
        return Some(Cow::Borrowed(text));
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek().copied() {
            Some(next) if c == '\\' && matches!(next, ',' | ' ' | '=') => {
                plain.push(next);
                chars.next();
            }
            _ => plain.push(c),
        }
    }
    Some(Cow::Owned(plain))
}

fn is_escape(pair: &[u8]) -> bool {
    matches!(pair, [b'\\', next] if ESCAPED.contains(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_is_found_wherever_it_stands() {
        for len in 0..40 {
            for at in 0..len {
                // Neighbours that differ in one bit, or that a borrow runs into.
                for other in [b'\n' ^ 1, b'\n' | 0x80, 0x00, 0xff, 0x0b] {
                    let mut bytes = vec![other; len];
                    bytes[at] = b'\n';
                    assert_eq!(find_near(&bytes, b'\n'), Some(at));
                    bytes[len - 1] = b'\n';
                    assert_eq!(find_near(&bytes, b'\n'), Some(at));
                    bytes.fill(other);
                    assert_eq!(find_near(&bytes, b'\n'), None);
                }
            }
        }
    }

    #[test]
    fn a_separator_behind_a_backslash_is_passed_over() {
        let comma = |bytes: &[u8]| find_unescaped(bytes, 0, |b| b == b',');
        assert_eq!(comma(b"ab,c"), Some(2));
        assert_eq!(comma(br"a\,b,c"), Some(4));
        assert_eq!(comma(br"a\\,b"), None);
        assert_eq!(comma(b",a"), Some(0));
        assert_eq!(comma(b""), None);
        assert_eq!(find_unescaped(b"abc", 3, |b| b == b','), None);
        assert_eq!(find_unescaped(b"abc", 4, |b| b == b','), None);
    }

    #[test]
    fn the_byte_before_the_start_escapes_nothing() {
        assert_eq!(find_unescaped(br"\,", 1, |b| b == b','), Some(1));
    }

    #[test]
    fn only_the_three_escapes_are_taken_out() {
        assert_eq!(unescape(br"a\,b\ c\=d").as_deref(), Some("a,b c=d"));
        assert_eq!(unescape(br"C:\temp\\x").as_deref(), Some(r"C:\temp\\x"));
        assert_eq!(unescape(br"a\\,b").as_deref(), Some(r"a\,b"));
        assert_eq!(unescape(br"end\").as_deref(), Some(r"end\"));
        assert!(matches!(unescape(br"plain\x"), Some(Cow::Borrowed(_))));
        assert_eq!(unescape(b"\xff"), None);
    }
}
