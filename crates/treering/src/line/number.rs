//! The value of a field, as `f32`.

use super::{LineError, NotNumber};

/// Exact, all of them.
const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);

/// Reads a field's value that stands at `column`.
///
/// Integers go through `f64` as well, so that a value does not depend on how its sender wrote it.
pub(super) fn number(token: &[u8], column: usize) -> Result<f32, LineError> {
    if let Some(value) = short_decimal(token) {
        return Ok(value);
    }
    let refuse = |found| Err(LineError::NotANumber { column, found });
    let parsed = match token {
        [] => return refuse(NotNumber::Nothing),
        [b'"', ..] => return refuse(NotNumber::Text),
        [digits @ .., b'i'] if is_integer(digits) => text(digits).parse::<i64>().ok().map(|int| int as f64),
        [digits @ .., b'u'] if is_integer(digits) => text(digits).parse::<u64>().ok().map(|int| int as f64),
        _ if token.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E')) => {
            match text(token).parse::<f64>() {
                Ok(float) => Some(float),
                Err(_) => return refuse(NotNumber::Other),
            }
        }
        _ => return refuse(not_number(token)),
    };
    let Some(wide) = parsed else { return Err(LineError::ValueTooLarge { column }) };
    let value = to_f32(wide);
    if value.is_finite() { Ok(value) } else { Err(LineError::ValueTooLarge { column }) }
}

/// Digits with at most one point, at most 15 of them, as nearly all senders write.
///
/// Digits and power of ten are exact in `f64` then, so one division rounds as the full parser does.
fn short_decimal(token: &[u8]) -> Option<f32> {
    let (negative, digits) = match token {
        [b'-', digits @ ..] => (true, digits),
        _ => (false, token),
    };
    if digits.len() >= POWERS.len() {
        return None;
    }
    let mut number = 0u64;
    let mut point = None;
    for (index, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => number = number * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(index),
            _ => return None,
        }
    }
    let decimals = point.map_or(0, |point| digits.len() - point - 1);
    if digits.len() == usize::from(point.is_some()) {
        return None;
    }
    let wide = number as f64 / POWERS[decimals];
    Some(to_f32(if negative { -wide } else { wide }))
}

/// The number at the beginning of `text`, and its length: digits with at most one point, at most seven bytes of them up
/// to a space. `None` if it is anything else, and [`number`] has to look.
///
/// The same as `short_decimal` of what stands before the space, without a loop.
#[inline]
pub(super) fn leading_decimal(text: &[u8]) -> Option<(f32, usize)> {
    const POINTS: u64 = u64::from_ne_bytes([b'.'; 8]);
    const SPACES: u64 = u64::from_ne_bytes([b' '; 8]);
    let word = u64::from_le_bytes(*text.first_chunk()?);
    let len = first_zero(word ^ SPACES)?;
    // Zeros in front of it make eight bytes of it; one of none, or of a point alone, is for the other to refuse.
    let digits = word.checked_shl(64 - 8 * len)? | below(8 - len) & ZEROS;
    let (digits, decimals) = match first_zero(digits ^ POINTS) {
        None => (digits, 0),
        Some(_) if len == 1 => return None,
        Some(point) => {
            // What stands before the point moves into its place.
            let whole = digits & below(point);
            let fraction = digits & !(below(point) << 8 | 0xFF);
            (whole << 8 | u64::from(b'0') | fraction, 7 - point)
        }
    };
    let number = eight_digits(digits.to_le_bytes())?;
    Some((to_f32(f64::from(number) / POWERS[decimals as usize]), len as usize))
}

/// The first byte of a word, in the order of a text, that is zero.
#[inline]
fn first_zero(word: u64) -> Option<u32> {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let zeros = word.wrapping_sub(ONES) & !word & HIGH;
    (zeros != 0).then(|| zeros.trailing_zeros() / 8)
}

/// All bits of the first `count` bytes, at most seven.
#[inline]
fn below(count: u32) -> u64 {
    (1 << (8 * count)) - 1
}

/// The number of eight digits; `None` if one of them is none.
///
/// All at once: neighbours are joined to pairs, pairs to fours, fours to the whole.
#[inline]
pub(super) fn eight_digits(text: [u8; 8]) -> Option<u32> {
    const UPPER: u64 = u64::from_ne_bytes([0xF0; 8]);
    const SIX: u64 = u64::from_ne_bytes([6; 8]);
    let text = u64::from_le_bytes(text);
    if text & UPPER != ZEROS || text.wrapping_add(SIX) & UPPER != ZEROS {
        return None;
    }
    let digits = text - ZEROS;
    let pairs = digits * 10 + (digits >> 8);
    let outer = (pairs & 0xFF_0000_00FF).wrapping_mul(100 + (1_000_000 << 32));
    let inner = (pairs >> 16 & 0xFF_0000_00FF).wrapping_mul(1 + (10_000 << 32));
    u32::try_from(outer.wrapping_add(inner) >> 32).ok()
}

/// The nearest `f32`, infinite if it has none.
#[expect(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
fn to_f32(wide: f64) -> f32 {
    wide as f32
}

fn is_integer(digits: &[u8]) -> bool {
    let unsigned = match digits {
        [b'-' | b'+', unsigned @ ..] => unsigned,
        _ => digits,
    };
    !unsigned.is_empty() && unsigned.iter().all(u8::is_ascii_digit)
}

/// Bytes that were checked to be ASCII. Others give an empty text, which is no number.
fn text(ascii: &[u8]) -> &str {
    std::str::from_utf8(ascii).unwrap_or_default()
}

fn not_number(token: &[u8]) -> NotNumber {
    let word = match token {
        [b'-' | b'+', word @ ..] => word,
        _ => token,
    };
    let is = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
    if is(&["nan", "inf", "infinity"]) {
        NotNumber::NotFinite
    } else if is(&["t", "true", "f", "false"]) {
        NotNumber::Boolean
    } else {
        NotNumber::Other
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_of_number_is_rounded_to_f32() {
        let table: &[(&str, f32)] = &[
            ("35", 35.0),
            ("35.0", 35.0),
            ("-3.25", -3.25),
            ("+1", 1.0),
            (".5", 0.5),
            ("1.", 1.0),
            ("1e3", 1000.0),
            ("1.5E-3", 0.0015),
            ("1e+2", 100.0),
            ("4u", 4.0),
            ("-17i", -17.0),
            ("9223372036854775807i", 9_223_372_036_854_775_807.0),
            ("18446744073709551615u", 18_446_744_073_709_551_615.0),
            ("16777217i", 16_777_216.0),
            ("0.1", 0.1),
            ("3.4028235e38", f32::MAX),
            ("1e-60", 0.0),
            ("1e-400", 0.0),
        ];
        for (token, expected) in table {
            let value = number(token.as_bytes(), 0).unwrap();
            assert_eq!(value.to_bits(), expected.to_bits(), "{token}");
        }
        assert_eq!(number(b"-0", 0).unwrap().to_bits(), (-0.0f32).to_bits());
    }

    proptest! {
        #[test]
        fn prop_a_leading_decimal_is_what_the_plain_loop_reads(text in "[0-9.]{0,9}[0-9. e-]{0,2} ?[0-9]{0,10}") {
            let text = text.as_bytes();
            match leading_decimal(text) {
                Some((value, len)) => {
                    prop_assert_eq!(text[len], b' ');
                    let plain = short_decimal(&text[..len]);
                    prop_assert_eq!(plain.map(f32::to_bits), Some(value.to_bits()));
                }
                None => {
                    let len = text.iter().position(|byte| *byte == b' ').filter(|_| text.len() >= 8);
                    let plain = len.filter(|len| *len < 8).and_then(|len| short_decimal(&text[..len]));
                    let is_negative = text.first() == Some(&b'-');
                    prop_assert!(plain.is_none() || is_negative, "{:?}", plain);
                }
            }
        }

        #[test]
        fn prop_eight_digits_are_one_number(number in 0u32..100_000_000, at in 0usize..8, other: u8) {
            let mut text = [0; 8];
            text.copy_from_slice(format!("{number:08}").as_bytes());
            prop_assert_eq!(eight_digits(text), Some(number));
            text[at] = other;
            let plain = std::str::from_utf8(&text).ok().filter(|_| text.iter().all(u8::is_ascii_digit));
            prop_assert_eq!(eight_digits(text), plain.and_then(|text| text.parse().ok()));
        }
    }

    #[test]
    fn what_is_no_number_is_refused_by_what_it_is() {
        use NotNumber::{Boolean, NotFinite, Nothing, Other, Text};
        let table: &[(&[u8], NotNumber)] = &[
            (b"", Nothing),
            (b"\"1\"", Text),
            (b"t", Boolean),
            (b"FALSE", Boolean),
            (b"NaN", NotFinite),
            (b"-inf", NotFinite),
            (b"+Infinity", NotFinite),
            (b"i", Other),
            (b"-u", Other),
            (b"1.5i", Other),
            (b"1e3u", Other),
            (b"0x10", Other),
            (b"1_000", Other),
            (b"1-2", Other),
            (b"e", Other),
            (b"--1", Other),
            (b"1\xff", Other),
        ];
        for (token, found) in table {
            assert_eq!(number(token, 7), Err(LineError::NotANumber { column: 7, found: *found }));
        }
    }

    #[test]
    fn what_no_f32_or_64_bit_integer_holds_is_out_of_range() {
        for token in ["1e39", "-3.5e38", "1e400", "9223372036854775808i", "18446744073709551616u", "-1u"] {
            assert_eq!(number(token.as_bytes(), 3), Err(LineError::ValueTooLarge { column: 3 }), "{token}");
        }
    }

    proptest! {
        #[test]
        fn prop_short_decimals_are_what_the_full_parser_says(token in r"-?[0-9]{0,9}\.?[0-9]{0,9}") {
            let full = token.parse::<f64>().ok().map(|wide| to_f32(wide).to_bits());
            prop_assert_eq!(number(token.as_bytes(), 0).ok().map(f32::to_bits), full);
        }
    }
}
