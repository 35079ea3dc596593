//! Names: strings as they stand in the text, and what they mean.

use std::cmp::Ordering;

/// Longest key that is looked at more closely: the longest one with every letter escaped.
const KEY_BYTES_MAX: usize = 6 * "frequency".len();

/// The key under which a snapshot of ours says what only it says.
pub(crate) const OURS: &str = "treering";

/// What a key of the document is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Metrics,
    Children,
    From,
    To,
    Frequency,
    Start,
    Data,
    Unknown,
}

const KEYS: [(&str, Key); 7] = [
    ("metrics", Key::Metrics),
    ("children", Key::Children),
    ("from", Key::From),
    ("to", Key::To),
    ("frequency", Key::Frequency),
    ("start", Key::Start),
    ("data", Key::Data),
];

/// What a key is about, given what lies between its quotes. Keys match in any case, as in the reference.
pub(crate) fn key(raw: &[u8]) -> Key {
    if raw.len() > KEY_BYTES_MAX {
        return Key::Unknown;
    }
    let known = |name: &str| {
        raw.eq_ignore_ascii_case(name.as_bytes()) || (!plain(raw) && chars(raw).map(fold).eq(name.chars()))
    };
    KEYS.iter().find(|(name, _)| known(name)).map_or(Key::Unknown, |(_, key)| *key)
}

/// A letter without its case. The reference folds as Unicode does, where two letters beyond ASCII are ones of ASCII.
fn fold(char: char) -> char {
    match char {
        '\u{17F}' => 's',
        '\u{212A}' => 'k',
        _ => char.to_ascii_lowercase(),
    }
}

fn plain(raw: &[u8]) -> bool {
    raw.iter().all(|byte| byte.is_ascii() && *byte != b'\\')
}

/// The text of a string, put into `text`.
pub(crate) fn read(raw: &[u8], text: &mut String) {
    text.clear();
    match str::from_utf8(raw) {
        Ok(raw) if !raw.contains('\\') => text.push_str(raw),
        _ => {
            // Growing step by step would take up to twice of what is needed.
            text.reserve(chars(raw).map(char::len_utf8).sum());
            text.extend(chars(raw));
        }
    }
}

/// The text of a string.
pub(crate) fn text(raw: &[u8]) -> String {
    let mut text = String::new();
    read(raw, &mut text);
    text
}

/// How two strings order by their texts. In UTF-8 that is the order of bytes.
pub(crate) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    if plain(a) && plain(b) { a.cmp(b) } else { chars(a).cmp(chars(b)) }
}

/// The characters of a string that a [`Cursor`](crate::cursor::Cursor) has passed.
///
/// Every byte that is no UTF-8, and every half of a surrogate pair alone, is one U+FFFD.
fn chars(raw: &[u8]) -> Chars<'_> {
    Chars { rest: raw }
}

struct Chars<'a> {
    rest: &'a [u8],
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self.rest {
            [] => None,
            [b'\\', b'u', ..] => {
                let unit = self.unit()?;
                let pair = |first| match self.rest {
                    [b'\\', b'u', digits @ ..] => joined(first, hex(digits)?),
                    _ => None,
                };
                let char = pair(unit);
                if char.is_some() {
                    self.unit();
                }
                Some(char.or_else(|| char::from_u32(unit)).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            [b'\\', escaped, rest @ ..] => {
                self.rest = rest;
                Some(match escaped {
                    b'b' => '\u{8}',
                    b'f' => '\u{C}',
                    b'n' => '\n',
                    b'r' => '\r',
                    b't' => '\t',
                    other => char::from(*other),
                })
            }
            [byte, rest @ ..] if byte.is_ascii() => {
                self.rest = rest;
                Some(char::from(*byte))
            }
            bytes => {
                let (char, len) = first_char(bytes);
                self.rest = &self.rest[len..];
                Some(char)
            }
        }
    }
}

impl Chars<'_> {
    /// Passes over `\uXXXX`; its number.
    fn unit(&mut self) -> Option<u32> {
        let unit = hex(self.rest.get(2..)?)?;
        self.rest = self.rest.get(6..)?;
        Some(unit)
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    u32::from_str_radix(str::from_utf8(digits.get(..4)?).ok()?, 16).ok()
}

/// The character that two halves of a surrogate pair stand for.
fn joined(first: u32, second: u32) -> Option<char> {
    char::decode_utf16([u16::try_from(first).ok()?, u16::try_from(second).ok()?])
        .next()
        .and_then(Result::ok)
        .filter(|char| u32::from(*char) > 0xFFFF)
}

/// The first character of bytes that do not begin with ASCII, and its length.
fn first_char(bytes: &[u8]) -> (char, usize) {
    let longest = &bytes[..bytes.len().min(4)];
    let valid = longest.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    valid.chars().next().map_or((char::REPLACEMENT_CHARACTER, 1), |char| (char, char.len_utf8()))
}

/// Appends a string with its quotes, escaped as the reference escapes: so that it can stand in a web page.
pub(crate) fn write(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut written = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let mut escaped = *b"\\u0000";
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            0x08 => b"\\b",
            0x0C => b"\\f",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..0x20 | b'<' | b'>' | b'&' => {
                escaped[4..].copy_from_slice(&hex_digits(*byte));
                &escaped
            }
            0xE2 => match &bytes[at..] {
                [_, 0x80, 0xA8, ..] => b"\\u2028",
                [_, 0x80, 0xA9, ..] => b"\\u2029",
                _ => continue,
            },
            _ => continue,
        };
        out.extend_from_slice(&bytes[written..at]);
        out.extend_from_slice(escape);
        written = at + if *byte == 0xE2 { 3 } else { 1 };
    }
    out.extend_from_slice(&bytes[written..]);
    out.push(b'"');
}

fn hex_digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xF)]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: impl AsRef<[u8]>) -> String {
        super::text(raw.as_ref())
    }

    #[test]
    fn escapes_are_read() {
        assert_eq!(text(r#"a\"\\\/\b\f\n\r\tz"#), "a\"\\/\u{8}\u{c}\n\r\tz");
        assert_eq!(text(r"\u0041\u00e9\u00E9\u65e5\ud83d\ude00"), "Aéé日😀");
    }

    #[test]
    fn a_half_of_a_surrogate_pair_alone_is_replaced() {
        assert_eq!(text(r"\ud83d"), "\u{FFFD}");
        assert_eq!(text(r"\ude00x"), "\u{FFFD}x");
        assert_eq!(text(r"\ud83d\u0041"), "\u{FFFD}A");
        assert_eq!(text(r"\ud83d\ud83d\ude00"), "\u{FFFD}😀");
        assert_eq!(text(r"\ude00\ud83d"), "\u{FFFD}\u{FFFD}");
    }

    #[test]
    fn each_byte_that_is_not_utf8_is_replaced() {
        assert_eq!(text(b"a\xFFb"), "a\u{FFFD}b");
        assert_eq!(text(b"\xE2\x82z"), "\u{FFFD}\u{FFFD}z");
        assert_eq!(text(b"\xF0\x9F\x98"), "\u{FFFD}\u{FFFD}\u{FFFD}");
        assert_eq!(text(b"\xED\xA0\x80"), "\u{FFFD}\u{FFFD}\u{FFFD}", "a surrogate in UTF-8 is none");
        assert_eq!(text(b"\xC3\xA9\xF0\x9F\x98\x80\xC3"), "é😀\u{FFFD}");
    }

    #[test]
    fn keys_match_in_any_case_and_escaped() {
        for raw in ["start", "START", "sTaRt", r"\u0073tart", r"\u017FTART", "ſtart", r"st\u0041rt"] {
            assert_eq!(key(raw.as_bytes()), Key::Start, "{raw}");
        }
        for raw in ["", "star", "starts", "start ", "ſtarſ", "to\u{FFFD}", "treering", r"\u0073tarts"] {
            assert_eq!(key(raw.as_bytes()), Key::Unknown, "{raw}");
        }
        for (name, known) in KEYS {
            assert_eq!(key(name.to_uppercase().as_bytes()), known);
            let escaped: String = name.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
            assert_eq!(key(escaped.as_bytes()), known, "{escaped}");
        }
    }

    #[test]
    fn what_is_written_is_escaped_as_the_reference_does_and_reads_back() {
        for (name, written) in [
            ("", r#""""#),
            ("cpu_load", r#""cpu_load""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("<&>", r#""\u003c\u0026\u003e""#),
            ("\u{2028}x\u{2029}", r#""\u2028x\u2029""#),
            ("\u{0}\u{1f}\u{7f}", "\"\\u0000\\u001f\u{7f}\""),
            ("\u{8}\u{c}\n\r\t", r#""\b\f\n\r\t""#),
            ("€日本", "\"€日本\""),
        ] {
            let mut out = Vec::new();
            write(&mut out, name);
            assert_eq!(str::from_utf8(&out), Ok(written));
            assert_eq!(text(&out[1..out.len() - 1]), name);
        }
    }

    #[test]
    fn names_order_by_their_text() {
        assert_eq!(compare(b"a", br"\u0062"), Ordering::Less);
        assert_eq!(compare(br"\u0061", b"a"), Ordering::Equal);
        assert_eq!(compare("é".as_bytes(), b"z"), Ordering::Greater);
        assert_eq!(compare(b"core1", b"core10"), Ordering::Less);
        assert_eq!(compare(b"\xFF", "\u{FFFD}".as_bytes()), Ordering::Equal);
    }
}
