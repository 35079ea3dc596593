//! Values as text.

use std::io::Write;
use std::ops::Range;

use zmij::Buffer;

/// Below this, ten times the value is an integer that single precision still tells from its neighbours.
const TENTHS_MAX: f64 = 16_777_216.0;

/// Between these, the shortest text of a value of single precision also reads back in double precision. All were
/// tried. Beyond them all but one do: that of 0x15AE43FD becomes the middle between two values.
const READ_BACK: Range<f32> = 1e-20..1e20;

/// Below this, tenths are written as digits of an integer.
const ONE_DECIMAL_MAX: f64 = 1e15;

/// Added to a number below 2^51 it leaves no bit for a fraction: the sum is rounded as every sum is, to the nearest,
/// ties to even.
const NO_FRACTION: f64 = 6_755_399_441_055_744.0;

/// Sign, digits of a 64-bit integer, point.
const FIXED_BYTES: usize = 24;

const NULL: &[u8] = b"null";

/// How values are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Precision {
    /// The shortest text that reads back to the same bits.
    #[default]
    Exact,
    /// One digit behind the point, as the reference.
    OneDecimal,
}

/// What a reader gets back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// The same value; NaN for NaN.
    Kept,
    /// No sample in place of an infinity.
    Infinite,
    /// Another value.
    Rounded,
}

/// Appends a value, or `null` for what is no number.
pub(crate) fn write(out: &mut Vec<u8>, value: f32, precision: Precision) -> Written {
    if !value.is_finite() {
        out.extend_from_slice(NULL);
        return if value.is_nan() { Written::Kept } else { Written::Infinite };
    }
    match precision {
        Precision::Exact => {
            exact(out, value);
            Written::Kept
        }
        Precision::OneDecimal => one_decimal(out, value),
    }
}

/// Few monitoring values have more than one decimal: these are tried first, and taken only if they read back.
fn exact(out: &mut Vec<u8>, value: f32) {
    let tenths = tenths(value);
    if tenths.abs() < TENTHS_MAX && reads_back(tenths / 10.0, value) {
        // `-0` is an integer to most readers, which have no negative zero among these.
        let minus_zero = value == 0.0 && value.is_sign_negative();
        return fixed(out, tenths, value.is_sign_negative(), minus_zero);
    }
    shortest(out, value);
}

/// Appends a finite value that is no number of tenths, or a large one.
pub(crate) fn shortest(out: &mut Vec<u8>, value: f32) {
    let mut buffer = Buffer::new();
    let text = buffer.format_finite(value);
    if !READ_BACK.contains(&value.abs()) && !text.parse().is_ok_and(|number| reads_back(number, value)) {
        // Nine digits are too close to the value to become anything else. Writing into memory does not fail.
        let _ = write!(out, "{value:.8e}");
        return;
    }
    let text = text.as_bytes();
    if let Some(digits) = text.strip_suffix(b".0") {
        out.extend_from_slice(digits);
    } else if let Some(sign) = text.iter().position(|byte| *byte == b'+') {
        out.extend_from_slice(&text[..sign]);
        out.extend_from_slice(&text[sign + 1..]);
    } else {
        out.extend_from_slice(text);
    }
}

fn reads_back(number: f64, value: f32) -> bool {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is how a reader gets from its number to the value"
    )]
    let read = number as f32;
    read == value
}

fn one_decimal(out: &mut Vec<u8>, value: f32) -> Written {
    let tenths = tenths(value);
    if tenths.abs() < ONE_DECIMAL_MAX {
        fixed(out, tenths, value.is_sign_negative(), true);
        return if reads_back(tenths / 10.0, value) { Written::Kept } else { Written::Rounded };
    }
    // An integer, in full. Writing into memory does not fail.
    let _ = write!(out, "{value:.1}");
    Written::Kept
}

/// How many tenths a value is, to the nearest, ties to even; beyond [`ONE_DECIMAL_MAX`] only about.
///
/// Ten times a value of single precision is exact in double precision, so this rounds once.
fn tenths(value: f32) -> f64 {
    f64::from(value) * 10.0 + NO_FRACTION - NO_FRACTION
}

/// Appends a number of tenths; a `.0` only if it is asked for.
fn fixed(out: &mut Vec<u8>, tenths: f64, negative: bool, point_zero: bool) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an integer below 2^63")]
    let tenths = tenths.abs() as u64;
    let (mut whole, last) = (tenths / 10, digit(tenths));
    let mut text = [0; FIXED_BYTES];
    let mut at = text.len();
    let mut before = |byte| {
        at -= 1;
        text[at] = byte;
    };
    if point_zero || last != b'0' {
        before(last);
        before(b'.');
    }
    loop {
        before(digit(whole));
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    if negative {
        before(b'-');
    }
    out.extend_from_slice(&text[at..]);
}

/// The last digit.
fn digit(number: u64) -> u8 {
    b'0' + u8::try_from(number % 10).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f32, precision: Precision) -> String {
        let mut out = Vec::new();
        write(&mut out, value, precision);
        String::from_utf8(out).unwrap()
    }

    /// Values of all sizes, those around every power of two and ten among them.
    fn values() -> impl Iterator<Item = f32> {
        let around = |value: f32| (-3i32..=3).map(move |step| value.to_bits().wrapping_add_signed(step));
        let twos = (0..=254u32).flat_map(move |exponent| around(f32::from_bits(exponent << 23)));
        let tens = (-45..=38).flat_map(move |exponent| around(format!("1e{exponent}").parse().unwrap()));
        let tenths = (0..40_000u16).map(|tenths| (f32::from(tenths) / 10.0).to_bits());
        let spread = (0..40_000u32).map(|n| n.wrapping_mul(107_377));
        let quarters = (0..40_000u16).map(|quarters| (f32::from(quarters) / 4.0).to_bits());
        let all = around(f32::from_bits(ROUNDED_TWICE))
            .chain(twos)
            .chain(tens)
            .chain(tenths)
            .chain(spread)
            .chain(quarters);
        all.flat_map(|bits| [bits, bits | 1 << 31]).map(f32::from_bits).filter(|value| value.is_finite())
    }

    #[test]
    fn exact_text_reads_back_in_double_precision_and_is_the_shortest() {
        let mut count = 0;
        for value in values() {
            let text = text(value, Precision::Exact);
            let read = text.parse::<f64>().unwrap();
            let same_sign = read.is_sign_negative() == value.is_sign_negative();
            assert!(reads_back(read, value) && same_sign, "{value:e}: {text}");
            if value.abs().to_bits() == ROUNDED_TWICE {
                continue;
            }
            let mut buffer = Buffer::new();
            let shortest = buffer.format_finite(value).replace("e+", "e");
            let shortest = shortest.strip_suffix(".0").filter(|text| *text != "-0").unwrap_or(&shortest);
            assert_eq!(text, shortest);
            count += 1;
        }
        assert!(count > 200_000, "{count}");
    }

    /// The shortest text of this one reads back in single precision, but not by way of double precision.
    const ROUNDED_TWICE: u32 = 0x15AE_43FD;

    #[test]
    fn a_value_whose_shortest_text_would_be_rounded_twice_gets_more_digits() {
        let value = f32::from_bits(ROUNDED_TWICE);
        let shortest = "7.038531e-26";
        assert_eq!(Buffer::new().format_finite(value), shortest);
        assert_eq!(shortest.parse(), Ok(value));
        assert!(!reads_back(shortest.parse().unwrap(), value));
        for (value, expected) in [(value, "7.03853069e-26"), (-value, "-7.03853069e-26")] {
            assert_eq!(text(value, Precision::Exact), expected);
            assert!(reads_back(expected.parse().unwrap(), value));
        }
    }

    #[test]
    fn one_decimal_is_rounded_correctly_with_ties_to_even() {
        for value in values() {
            assert_eq!(text(value, Precision::OneDecimal), format!("{value:.1}"), "{value:e}");
        }
        for (value, expected) in [
            (0.25, "0.2"),
            (0.75, "0.8"),
            (0.04, "0.0"),
            (-0.04, "-0.0"),
            (-0.0, "-0.0"),
            (16_777_216.0, "16777216.0"),
            (3.4e38, "339999995214436424907732413799364296704.0"),
        ] {
            assert_eq!(text(value, Precision::OneDecimal), expected);
        }
    }

    #[test]
    fn exact_text_is_short() {
        for (value, expected) in [
            (3.0, "3"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (-273.15, "-273.15"),
            (16_777_216.0, "16777216"),
            (1e-45, "1e-45"),
            (f32::MAX, "3.4028235e38"),
        ] {
            assert_eq!(text(value, Precision::Exact), expected);
        }
    }

    #[test]
    fn what_is_no_number_is_null_and_an_infinity_is_told() {
        for precision in [Precision::Exact, Precision::OneDecimal] {
            for (value, written) in [
                (f32::NAN, Written::Kept),
                (f32::from_bits(0xFFC1_2345), Written::Kept),
                (f32::INFINITY, Written::Infinite),
                (f32::NEG_INFINITY, Written::Infinite),
            ] {
                let mut out = Vec::new();
                assert_eq!(write(&mut out, value, precision), written);
                assert_eq!(out, NULL);
            }
            assert_eq!(write(&mut Vec::new(), f32::MAX, precision), Written::Kept);
        }
    }

    #[test]
    fn rounding_is_told_exactly_where_another_value_is_read_back() {
        let mut rounded = 0;
        for value in values() {
            assert_eq!(write(&mut Vec::new(), value, Precision::Exact), Written::Kept);
            let read = rounded_f32(text(value, Precision::OneDecimal).parse().unwrap());
            let expected = if read.to_bits() == value.to_bits() { Written::Kept } else { Written::Rounded };
            assert_eq!(write(&mut Vec::new(), value, Precision::OneDecimal), expected, "{value:e}");
            rounded += usize::from(expected == Written::Rounded);
        }
        assert!(rounded > 50_000, "{rounded}");
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is how a reader gets from its number to the value"
    )]
    fn rounded_f32(number: f64) -> f32 {
        number as f32
    }
}
