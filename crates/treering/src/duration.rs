//! Durations as Go writes them: `48h`, `1h30m`, `300ms`, `1.5h`, `0`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::fmt::friendly::SpanParser;

const NS_PER_US: u64 = 1_000;
const NS_PER_MS: u64 = 1_000_000;
const NS_PER_S: u64 = 1_000_000_000;

/// Digits behind the point that count; a nanosecond has no more of them in a second.
const FRACTION_DIGITS_MAX: usize = 9;

/// A span of time in nanoseconds, signed, within about 292 years, read and printed as Go's `time.Duration`.
///
/// Text is one or more of number and unit without spaces, with a sign in front of them all: `-1h30m`, `1.5h`, `.5s`.
/// Units are `ns`, `us` (also `µs`), `ms`, `s`, `m` and `h`, in any order. Only `0` needs no unit. There are no days.
///
/// ```
/// use treering::duration::GoDuration;
///
/// let retention: GoDuration = "48h".parse()?;
/// assert_eq!(retention.as_nanos(), 48 * 3600 * 1_000_000_000);
/// assert_eq!(retention.to_string(), "48h0m0s");
/// # Ok::<(), treering::duration::DurationError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct GoDuration {
    ns: i64,
}

/// Why a text is no duration. Offsets are bytes from the text's start.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// No text, or only a sign.
    #[error("no duration given: write a number and a unit, such as 48h or 1h30m")]
    Empty,
    /// Something that is no number where one must begin.
    #[error("expected a number at byte {offset}: write a number and a unit without spaces, such as 1h30m")]
    NoNumber {
        /// Where it stands.
        offset: usize,
    },
    /// A number without a unit behind it. Only `0` may stand alone.
    #[error("the number at byte {offset} has no unit: add one of ns, us, ms, s, m, h")]
    NoUnit {
        /// Where the number begins.
        offset: usize,
    },
    /// A unit that does not exist.
    #[error("unknown unit {unit:?} at byte {offset}: use ns, us, ms, s, m or h (a day is 24h)")]
    UnknownUnit {
        /// Where the unit begins.
        offset: usize,
        /// The unit as written.
        unit: String,
    },
    /// More than 64 bits of nanoseconds hold.
    #[error("too long: a duration is at most 2562047h47m16s, about 292 years")]
    OutOfRange,
}

impl GoDuration {
    /// A duration of so many nanoseconds.
    #[must_use]
    pub const fn from_nanos(ns: i64) -> Self {
        Self { ns }
    }

    /// The duration in nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.ns
    }

    /// The same duration for the standard library, `None` if it is negative.
    #[must_use]
    pub fn to_std(self) -> Option<Duration> {
        u64::try_from(self.ns).ok().map(Duration::from_nanos)
    }
}

impl FromStr for GoDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        match unsigned {
            "" => return Err(DurationError::Empty),
            "0" => return Ok(Self::default()),
            _ => {}
        }
        let mut total = Duration::ZERO;
        let mut rest = unsigned;
        while !rest.is_empty() {
            let (part, behind) = part(rest, text.len() - rest.len())?;
            total = total.checked_add(part).ok_or(DurationError::OutOfRange)?;
            rest = behind;
        }
        let ns = i128::try_from(total.as_nanos()).map_err(|_| DurationError::OutOfRange)?;
        let ns = if negative { -ns } else { ns };
        i64::try_from(ns).map(Self::from_nanos).map_err(|_| DurationError::OutOfRange)
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ns < 0 {
            f.write_str("-")?;
        }
        let ns = self.ns.unsigned_abs();
        match ns {
            0 => f.write_str("0s"),
            1..NS_PER_US => write!(f, "{ns}ns"),
            NS_PER_US..NS_PER_MS => write_decimal(f, ns, NS_PER_US, "µs"),
            NS_PER_MS..NS_PER_S => write_decimal(f, ns, NS_PER_MS, "ms"),
            _ => {
                let minutes = ns / NS_PER_S / 60;
                if minutes >= 60 {
                    write!(f, "{}h", minutes / 60)?;
                }
                if minutes > 0 {
                    write!(f, "{}m", minutes % 60)?;
                }
                write_decimal(f, ns - minutes * 60 * NS_PER_S, NS_PER_S, "s")
            }
        }
    }
}

/// The number and unit that `rest` begins with, and what follows them. `offset` is where `rest` begins in the text.
///
/// The shape is checked here, because jiff's format knows days, words and spaces, and wants units in order; jiff then
/// reads the number.
fn part(rest: &str, offset: usize) -> Result<(Duration, &str), DurationError> {
    let number_len = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (number, behind) = rest.split_at(number_len);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(DurationError::NoNumber { offset });
    }
    if fraction.contains('.') {
        // `1.5.3h`: the number is `1.5`, and where its unit should be another one begins.
        return Err(DurationError::NoUnit { offset });
    }
    let unit_len = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
    let (unit, behind) = behind.split_at(unit_len);
    let unit = match unit {
        "ns" | "us" | "ms" | "s" | "m" | "h" => unit,
        // The micro sign and the Greek letter.
        "\u{b5}s" | "\u{3bc}s" => "us",
        "" => return Err(DurationError::NoUnit { offset }),
        _ => return Err(DurationError::UnknownUnit { offset: offset + number_len, unit: unit.to_owned() }),
    };
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    // Go drops what is below a nanosecond; jiff refuses it.
    let kept = if unit == "ns" { 0 } else { fraction.len().min(FRACTION_DIGITS_MAX) };
    let friendly = match &fraction[..kept] {
        "" => format!("{whole}{unit}"),
        fraction => format!("{whole}.{fraction}{unit}"),
    };
    let duration =
        SpanParser::new().parse_unsigned_duration(&friendly).map_err(|_| DurationError::OutOfRange)?;
    Ok((duration, behind))
}

/// `ns` in a unit of `unit_ns`, with as many decimals as it takes.
fn write_decimal(f: &mut fmt::Formatter<'_>, ns: u64, unit_ns: u64, unit: &str) -> fmt::Result {
    write!(f, "{}", ns / unit_ns)?;
    let mut below = ns % unit_ns;
    if below > 0 {
        f.write_str(".")?;
    }
    let mut digit_ns = unit_ns;
    while below > 0 {
        digit_ns /= 10;
        write!(f, "{}", below / digit_ns)?;
        below %= digit_ns;
    }
    f.write_str(unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ns(text: &str) -> Result<i64, DurationError> {
        text.parse().map(GoDuration::as_nanos)
    }

    #[test]
    fn what_go_accepts_is_read_with_its_value() {
        const S: i64 = 1_000_000_000;
        let table: &[(&str, i64)] = &[
            ("0", 0),
            ("+0", 0),
            ("-0", 0),
            ("0s", 0),
            ("5s", 5 * S),
            ("30s", 30 * S),
            ("1478s", 1478 * S),
            ("-5s", -5 * S),
            ("+5s", 5 * S),
            ("5.0s", 5 * S),
            ("5.6s", 5 * S + 600_000_000),
            ("5.s", 5 * S),
            (".5s", 500_000_000),
            ("1.0s", S),
            ("1.00s", S),
            ("1.004s", S + 4_000_000),
            ("1.0040s", S + 4_000_000),
            ("100.00100s", 100 * S + 1_000_000),
            ("10ns", 10),
            ("11us", 11_000),
            ("12µs", 12_000),
            ("12μs", 12_000),
            ("13ms", 13_000_000),
            ("14s", 14 * S),
            ("15m", 15 * 60 * S),
            ("16h", 16 * 3600 * S),
            ("48h", 48 * 3600 * S),
            ("1.5h", 5400 * S),
            ("1h30m", 5400 * S),
            ("3h30m", 12_600 * S),
            ("1.5h1.5m", 5490 * S),
            ("10.5s4m", 250 * S + 500_000_000),
            ("-2m3.4s", -(123 * S + 400_000_000)),
            ("1h2m3s4ms5us6ns", 3723 * S + 4_005_006),
            ("39h9m14.425s", 140_954 * S + 425_000_000),
            ("52763797000ns", 52_763_797_000),
            ("1s1s", 2 * S),
            ("1.9ns", 1),
            ("0000000000000000000000000000001s", S),
            ("0.100000000000000000000h", 360 * S),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
            ("9223372036854775.807us", i64::MAX),
            ("9223372036s854ms775us807ns", i64::MAX),
            ("2562047h47m16.854775807s", i64::MAX),
        ];
        for (text, expected) in table {
            assert_eq!(ns(text), Ok(*expected), "{text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused_with_the_place() {
        let unknown = |offset, unit: &str| Err(DurationError::UnknownUnit { offset, unit: unit.to_owned() });
        let table: &[(&str, Result<i64, DurationError>)] = &[
            ("", Err(DurationError::Empty)),
            ("-", Err(DurationError::Empty)),
            ("+", Err(DurationError::Empty)),
            ("3", Err(DurationError::NoUnit { offset: 0 })),
            ("00", Err(DurationError::NoUnit { offset: 0 })),
            ("-1", Err(DurationError::NoUnit { offset: 1 })),
            ("1h30", Err(DurationError::NoUnit { offset: 2 })),
            ("1.5.3h", Err(DurationError::NoUnit { offset: 0 })),
            (".", Err(DurationError::NoNumber { offset: 0 })),
            ("-.", Err(DurationError::NoNumber { offset: 1 })),
            ("s", Err(DurationError::NoNumber { offset: 0 })),
            (".s", Err(DurationError::NoNumber { offset: 0 })),
            ("+.s", Err(DurationError::NoNumber { offset: 1 })),
            ("--1s", Err(DurationError::NoNumber { offset: 1 })),
            (" 1s", Err(DurationError::NoNumber { offset: 0 })),
            ("PT1H", Err(DurationError::NoNumber { offset: 0 })),
            ("1h-1m", unknown(1, "h-")),
            ("1s ", unknown(1, "s ")),
            ("1 s", unknown(1, " s")),
            ("1h 30m", unknown(1, "h ")),
            ("1,5h", unknown(1, ",")),
            ("1d", unknown(1, "d")),
            ("1w", unknown(1, "w")),
            ("1hour", unknown(1, "hour")),
            ("1min", unknown(1, "min")),
            ("1sec", unknown(1, "sec")),
            ("1H", unknown(1, "H")),
            ("1h ago", unknown(1, "h ago")),
            ("1e3s", unknown(1, "e")),
            ("01:30:00", unknown(2, ":")),
            ("\u{85}\u{85}", Err(DurationError::NoNumber { offset: 0 })),
            ("1\u{fffd}", unknown(1, "\u{fffd}")),
            ("3000000h", Err(DurationError::OutOfRange)),
            ("9223372036854775808ns", Err(DurationError::OutOfRange)),
            ("-9223372036854775809ns", Err(DurationError::OutOfRange)),
            ("9223372036854776us", Err(DurationError::OutOfRange)),
            ("9223372036854ms775us808ns", Err(DurationError::OutOfRange)),
            ("99999999999999999999999999999999h", Err(DurationError::OutOfRange)),
        ];
        for (text, expected) in table {
            assert_eq!(&ns(text), expected, "{text:?}");
        }
    }

    #[test]
    fn it_prints_as_go_prints() {
        let table: &[(i64, &str)] = &[
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (480_000_000_001, "8m0.000000001s"),
            (172_800_000_000_000, "48h0m0s"),
            (-5_400_000_000_000, "-1h30m0s"),
            (i64::MAX, "2562047h47m16.854775807s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ];
        for (ns, expected) in table {
            assert_eq!(GoDuration::from_nanos(*ns).to_string(), *expected);
        }
    }

    #[test]
    fn only_durations_that_are_not_negative_convert_to_std() {
        assert_eq!(GoDuration::from_nanos(1_500).to_std(), Some(Duration::from_nanos(1_500)));
        assert_eq!(GoDuration::from_nanos(-1).to_std(), None);
    }

    proptest! {
        #[test]
        fn prop_what_is_printed_is_read_back(ns in any::<i64>()) {
            let printed = GoDuration::from_nanos(ns).to_string();
            prop_assert_eq!(printed.parse(), Ok(GoDuration::from_nanos(ns)));
        }

        #[test]
        fn prop_no_text_panics(text in r"[-+]?[0-9.dhmnsuµ ]{0,24}|\PC{0,12}") {
            let _ = text.parse::<GoDuration>();
        }
    }
}
