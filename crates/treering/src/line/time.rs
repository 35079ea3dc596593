//! The time of a line: a whole number, its unit recognised by its size.

use super::LineError;
use super::number::eight_digits;

const MILLISECONDS_FROM: u64 = 100_000_000_000;
const MICROSECONDS_FROM: u64 = 100_000_000_000_000;
const NANOSECONDS_FROM: u64 = 100_000_000_000_000_000;

/// So many digits always fit into 64 bits.
const PLAIN_DIGITS_MAX: usize = 18;

/// When a sample was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Time {
    /// Unix seconds: the second in which it was taken (rounded down, also before 1970).
    pub time_s: i64,
    /// The unit that the number was taken for.
    pub unit: TimeUnit,
}

/// The unit of a time, told by the number's distance from 0.
///
/// | distance from 0 | unit | as a time after 1970 |
/// |---|---|---|
/// | below 10^11 | seconds | until the year 5138 |
/// | below 10^14 | milliseconds | from March 1973 until 5138 |
/// | below 10^17 | microseconds | from March 1973 until 5138 |
/// | from there | nanoseconds | from March 1973 until 2262 |
///
/// So times before March 1973 can only be given in seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

impl Time {
    /// The time that `count` stands for.
    #[must_use]
    pub fn from_count(count: i64) -> Self {
        let (unit, per_second) = match count.unsigned_abs() {
            0..MILLISECONDS_FROM => (TimeUnit::Seconds, 1),
            MILLISECONDS_FROM..MICROSECONDS_FROM => (TimeUnit::Milliseconds, 1_000),
            MICROSECONDS_FROM..NANOSECONDS_FROM => (TimeUnit::Microseconds, 1_000_000),
            NANOSECONDS_FROM.. => (TimeUnit::Nanoseconds, 1_000_000_000),
        };
        Self { time_s: count.div_euclid(per_second), unit }
    }
}

/// Reads a time that stands at `column`.
pub(super) fn time(token: &[u8], column: usize) -> Result<Time, LineError> {
    let (sign, digits) = match token {
        [b'-', digits @ ..] => (-1, digits),
        _ => (1, token),
    };
    if let Some((first, rest)) = digits.split_first_chunk::<8>()
        && digits.len() <= PLAIN_DIGITS_MAX
        && let Some(first) = eight_digits(*first)
        && rest.iter().all(u8::is_ascii_digit)
    {
        let count = rest.iter().fold(i64::from(first), |count, digit| count * 10 + i64::from(digit - b'0'));
        return Ok(Time::from_count(sign * count));
    }
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(LineError::BadTime { column });
    }
    let append = |count: i64, digit: &u8| count.checked_mul(10)?.checked_add(sign * i64::from(digit - b'0'));
    let count = digits.iter().try_fold(0, append);
    count.map(Time::from_count).ok_or(LineError::TimeTooLarge { column })
}

#[cfg(test)]
mod tests {
    use super::TimeUnit::{Microseconds, Milliseconds, Nanoseconds, Seconds};
    use super::*;

    #[test]
    fn the_unit_is_told_by_the_size() {
        let table = [
            ("0", 0, Seconds),
            ("1725827464", 1_725_827_464, Seconds),
            ("1725827464999", 1_725_827_464, Milliseconds),
            ("1725827464999999", 1_725_827_464, Microseconds),
            ("1725827464999999999", 1_725_827_464, Nanoseconds),
            ("99999999999", 99_999_999_999, Seconds),
            ("100000000000", 100_000_000, Milliseconds),
            ("99999999999999", 99_999_999_999, Milliseconds),
            ("100000000000000", 100_000_000, Microseconds),
            ("99999999999999999", 99_999_999_999, Microseconds),
            ("100000000000000000", 100_000_000, Nanoseconds),
            ("9223372036854775807", 9_223_372_036, Nanoseconds),
            ("-5", -5, Seconds),
            ("-99999999999", -99_999_999_999, Seconds),
            ("-100000000001", -100_000_001, Milliseconds),
            ("-9223372036854775808", -9_223_372_037, Nanoseconds),
            ("0001725827464", 1_725_827_464, Seconds),
        ];
        for (text, time_s, unit) in table {
            assert_eq!(time(text.as_bytes(), 0), Ok(Time { time_s, unit }), "{text}");
        }
    }

    #[test]
    fn garbage_is_refused() {
        for text in ["now", "-", "+1", "1.5", "1e9", "1725827464s", "17 25", "\u{661}"] {
            assert_eq!(time(text.as_bytes(), 4), Err(LineError::BadTime { column: 4 }), "{text}");
        }
        for text in ["9223372036854775808", "-9223372036854775809", "99999999999999999999999"] {
            assert_eq!(time(text.as_bytes(), 4), Err(LineError::TimeTooLarge { column: 4 }), "{text}");
        }
    }
}
