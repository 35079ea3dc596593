//! The values of a column as text: some dozens at a time, each with one store for all its digits.
//!
//! What is written is what [`number`](crate::number) writes for each value alone. Values that take more than one
//! decimal, or many digits, are left to it.

use treering_snapshot::{Loss, Part};

use crate::cursor::wide;
use crate::number::{self, Precision, Written};

/// Values that are looked at together.
const VALUES: usize = 64;

/// The longest text that is written here, `-9999999.9,`, and what a store may write behind it.
const VALUE_BYTES: usize = 11;
const STORE_BYTES: usize = 16;
const TEXT_BYTES: usize = VALUES * VALUE_BYTES + STORE_BYTES;

/// Below this a value has at most eight digits, one of them behind the point.
const FEW_DIGITS_MAX: f32 = 9_999_999.0;

/// No number of tenths: the value is left to [`number`].
const OTHER: u32 = u32::MAX;

/// Added to a number of tenths it moves the point to where a double has no more digits, so that the sum is rounded
/// to an integer, ties to even, which is then found in its lowest bits.
const TWO_TO_52: f64 = 4_503_599_627_370_496.0;

const EACH_BYTE: u64 = 0x0101_0101_0101_0101;
const ZEROS: u64 = b'0' as u64 * EACH_BYTE;

/// Where values are on their way. It is not cleared in between.
#[derive(Debug)]
pub(crate) struct Memory {
    text: [u8; TEXT_BYTES],
    tenths: [u32; VALUES],
}

impl Default for Memory {
    fn default() -> Self {
        Self { text: [0; TEXT_BYTES], tenths: [OTHER; VALUES] }
    }
}

/// Appends the values of a part, a comma behind each, and counts those that are read back as others.
pub(crate) fn write(
    memory: &mut Memory,
    out: &mut Vec<u8>,
    part: &Part<'_>,
    precision: Precision,
    loss: &mut Loss,
) {
    match precision {
        Precision::Exact => part_as::<false>(memory, out, part, loss),
        Precision::OneDecimal => part_as::<true>(memory, out, part, loss),
    }
}

fn part_as<const ALWAYS_POINT: bool>(
    memory: &mut Memory,
    out: &mut Vec<u8>,
    part: &Part<'_>,
    loss: &mut Loss,
) {
    match part {
        Part::Native(values) => {
            for values in values.chunks(VALUES) {
                chunk::<ALWAYS_POINT>(memory, out, values, loss);
            }
        }
        Part::LittleEndian(bytes) => {
            let (values, _) = bytes.as_chunks();
            let mut native = [0.0; VALUES];
            for values in values.chunks(VALUES) {
                for (native, value) in native.iter_mut().zip(values) {
                    *native = f32::from_le_bytes(*value);
                }
                chunk::<ALWAYS_POINT>(memory, out, &native[..values.len()], loss);
            }
        }
        Part::Missing(count) => (0..*count).for_each(|_| out.extend_from_slice(MISSING)),
    }
}

const MISSING: &[u8] = b"null,";

/// Appends at most [`VALUES`] values.
fn chunk<const ALWAYS_POINT: bool>(memory: &mut Memory, out: &mut Vec<u8>, values: &[f32], loss: &mut Loss) {
    let Some(first) = values.first() else { return };
    let differ = values.iter().fold(0, |differ, value| differ | (value.to_bits() ^ first.to_bits()));
    // Of values that are all the same one is enough.
    let distinct = if differ == 0 { &values[..1] } else { values };
    let Memory { text, tenths } = memory;
    if ALWAYS_POINT {
        let rounded = nearest_tenths(distinct, tenths);
        loss.rounded += if differ == 0 { rounded * wide(values.len()) } else { rounded };
    } else {
        exact_tenths(distinct, tenths);
    }
    let mut at = 0;
    for (value, tenths) in distinct.iter().zip(&*tenths) {
        if *tenths != OTHER {
            at = fixed::<ALWAYS_POINT>(text, at, *tenths, value.is_sign_negative());
        } else if value.is_nan() {
            put(text, at, *b"null,\0\0\0");
            at += MISSING.len();
        } else {
            out.extend_from_slice(&text[..at]);
            at = 0;
            other::<ALWAYS_POINT>(out, *value, loss);
        }
    }
    let (len, last) = (at, text.first_chunk::<STORE_BYTES>().copied().unwrap_or_default());
    for value in &values[distinct.len()..] {
        if len == 0 {
            other::<ALWAYS_POINT>(out, *value, loss);
        } else {
            put(text, at, last);
            at += len;
        }
    }
    out.extend_from_slice(&text[..at]);
}

/// Appends a value that is not written here.
fn other<const ALWAYS_POINT: bool>(out: &mut Vec<u8>, value: f32, loss: &mut Loss) {
    if !ALWAYS_POINT && value.is_finite() {
        number::shortest(out, value);
    } else {
        let precision = if ALWAYS_POINT { Precision::OneDecimal } else { Precision::Exact };
        match number::write(out, value, precision) {
            Written::Kept => {}
            Written::Infinite => loss.infinite += 1,
            Written::Rounded => loss.rounded += 1,
        }
    }
    out.push(b',');
}

/// How many tenths each value is, without its sign, if it is so many exactly: their tenth part reads back as it.
fn exact_tenths(values: &[f32], tenths: &mut [u32]) {
    for (value, tenths) in values.iter().zip(tenths) {
        let (nearest, is_exact) = nearest(*value);
        *tenths = if is_exact { nearest } else { OTHER };
    }
}

/// How many tenths each value is, without its sign, to the nearest; how many of them are not so many exactly.
fn nearest_tenths(values: &[f32], tenths: &mut [u32]) -> u64 {
    let mut rounded = 0u32;
    for (value, tenths) in values.iter().zip(tenths) {
        let (nearest, is_exact) = nearest(*value);
        *tenths = nearest;
        rounded += u32::from(!is_exact & (nearest != OTHER));
    }
    rounded.into()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the lowest bits are what is meant; a reader does the same"
)]
fn nearest(value: f32) -> (u32, bool) {
    let value = value.abs();
    let sum = f64::from(value) * 10.0 + TWO_TO_52;
    let read = ((sum - TWO_TO_52) / 10.0) as f32;
    let tenths = sum.to_bits() as u32;
    (if value < FEW_DIGITS_MAX { tenths } else { OTHER }, read == value)
}

/// Puts a number of tenths, below 10^8, at a place, and tells the next one. A `.0` is only put if it is asked for, or if
/// all else would be `-0`.
fn fixed<const ALWAYS_POINT: bool>(
    text: &mut [u8; TEXT_BYTES],
    at: usize,
    tenths: u32,
    negative: bool,
) -> usize {
    put(text, at, [b'-']);
    let at = at + usize::from(negative);
    if let Some(short) = SHORT.get(tenths as usize) {
        put(text, at, short.to_le_bytes());
        let len = (short >> LEN_SHIFT) as usize;
        if ALWAYS_POINT || short >> LAST_SHIFT & 0xFF != u64::from(b'0') || (negative && tenths == 0) {
            return at + len;
        }
        put(text, at + len - 3, [b',']);
        return at + len - 2;
    }
    let digits = digits(tenths);
    // Two of them are always there.
    let leading_zeros = (digits | 1 << 48).trailing_zeros() / 8;
    let whole = at + 7 - leading_zeros as usize;
    put(text, at, ((digits | ZEROS) >> (8 * leading_zeros)).to_le_bytes());
    let last = digits >> 56;
    if ALWAYS_POINT || last != 0 || (negative && digits == 0) {
        let [last, ..] = last.to_le_bytes();
        put(text, whole, [b'.', b'0' | last, b',', 0]);
        whole + 3
    } else {
        put(text, whole, [b',']);
        whole + 1
    }
}

fn put<const LEN: usize>(text: &mut [u8; TEXT_BYTES], at: usize, bytes: [u8; LEN]) {
    if let Some(place) = text.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *place = bytes;
    }
}

/// The text of each number of tenths below 10^4 with its comma, then its last digit, then the length of the text.
static SHORT: [u64; 10_000] = short_texts();
const LAST_SHIFT: u32 = 48;
const LEN_SHIFT: u32 = 56;

const fn short_texts() -> [u64; 10_000] {
    let mut texts = [0; 10_000];
    let mut digits = [0u8; 4];
    let mut tenths = 0;
    while tenths < texts.len() {
        let [hundreds, tens, ones, last] =
            [digits[0] + b'0', digits[1] + b'0', digits[2] + b'0', digits[3] + b'0'];
        texts[tenths] = u64::from_le_bytes(match digits {
            [0, 0, ..] => [ones, b'.', last, b',', 0, 0, last, 4],
            [0, ..] => [tens, ones, b'.', last, b',', 0, last, 5],
            _ => [hundreds, tens, ones, b'.', last, b',', last, 6],
        });
        // The next number.
        let mut at = 3;
        while at > 0 && digits[at] == 9 {
            digits[at] = 0;
            at -= 1;
        }
        digits[at] += 1;
        tenths += 1;
    }
    texts
}

/// The eight digits of a number below 10^8, the first one in the lowest byte.
fn digits(number: u32) -> u64 {
    const TWO: u64 = 0x007F_0000_007F;
    const FOUR: u64 = 0x000F_000F_000F_000F;
    let number = u64::from(number);
    // Four digits in each half, then two in each quarter, then one in each byte: each step divides what is in a part,
    // and leaves the quotient in its lower half, the remainder in its upper one.
    let first = number / 10_000;
    let halves = first | (number - first * 10_000) << 32;
    let first = ((halves * 10_486) >> 20) & TWO;
    let quarters = first | (halves - first * 100) << 16;
    let first = ((quarters * 103) >> 10) & FOUR;
    first | (quarters - first * 10) << 8
}

#[cfg(test)]
mod tests;
