//! Tab separated rows that say what a file or a store holds, for tests and other programs.
//!
//! ```text
//! snapshot  <from> <to>
//! column    <path> <metric> <interval> <start> <count> <values, space separated>
//! level     <path>
//! record    <time> <metric> <path> <value>
//! point     <path> <metric> <time> <value>
//! end       clean | torn <reason>
//! error     <reason>
//! ```
//!
//! A path is its levels with `/` between them. In every name the bytes 0x00-0x1F, `/`, `%` and 0x7F are written `%XX`, so
//! neither a tab, nor a line break, nor a `/` is ever part of one. A value is the bits of its `f32` in eight hex digits,
//! `nan` for every NaN. Times are Unix seconds.

use std::fmt;
use std::io::{self, Write};

/// A name with everything escaped that would break a row or a path.
///
/// ```
/// assert_eq!(treering::tsv::Escaped("50%\t/home").to_string(), "50%25%09%2Fhome");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

/// A value's bits.
///
/// ```
/// assert_eq!(treering::tsv::Bits(1.0).to_string(), "3f800000");
/// assert_eq!(treering::tsv::Bits(-f32::NAN).to_string(), "nan");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bits(pub f32);

/// A path: its levels escaped, with `/` between them.
///
/// ```
/// assert_eq!(treering::tsv::Path(&["alex", "a0603", "mount/home"]).to_string(), "alex/a0603/mount%2Fhome");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Path<'a, S>(pub &'a [S]);

/// What a `column` row says before its values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ColumnHead<'a> {
    /// The metric's name.
    pub metric: &'a str,
    /// Seconds from one value to the next, as the file has it.
    pub interval_s: i64,
    /// The time of the first value.
    pub start_s: i64,
    /// How many values there are.
    pub count: u64,
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        // What is escaped is ASCII, so a cut before and behind it is between characters.
        while let Some(at) = rest.find(|c: char| matches!(c, '\0'..='\x1f' | '/' | '%' | '\x7f')) {
            f.write_str(&rest[..at])?;
            write!(f, "%{:02X}", rest.as_bytes()[at])?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)
    }
}

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_nan() { f.write_str("nan") } else { write!(f, "{:08x}", self.0.to_bits()) }
    }
}

impl<S: AsRef<str>> fmt::Display for Path<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, level) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            Escaped(level.as_ref()).fmt(f)?;
        }
        Ok(())
    }
}

/// Writes the row for a snapshot's window.
///
/// # Errors
/// Those of `out`; so for all functions of this module.
pub fn snapshot(out: &mut impl Write, from_s: i64, to_s: i64) -> io::Result<()> {
    writeln!(out, "snapshot\t{from_s}\t{to_s}")
}

/// Writes the row for a column, with its values in order. NaN is no sample.
///
/// # Errors
/// Those of `out`.
pub fn column(
    out: &mut impl Write,
    path: &[impl AsRef<str>],
    head: ColumnHead<'_>,
    values: impl IntoIterator<Item = f32>,
) -> io::Result<()> {
    let ColumnHead { metric, interval_s, start_s, count } = head;
    write!(out, "column\t{}\t{}\t{interval_s}\t{start_s}\t{count}\t", Path(path), Escaped(metric))?;
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            out.write_all(b" ")?;
        }
        write!(out, "{}", Bits(value))?;
    }
    out.write_all(b"\n")
}

/// Writes the row for a level that a snapshot has, before its columns.
///
/// # Errors
/// Those of `out`.
pub fn level(out: &mut impl Write, path: &[impl AsRef<str>]) -> io::Result<()> {
    writeln!(out, "level\t{}", Path(path))
}

/// Writes the row for a record of a log. Its path has the levels below the host.
///
/// # Errors
/// Those of `out`.
pub fn record(
    out: &mut impl Write,
    time_s: i64,
    metric: &str,
    path: &[impl AsRef<str>],
    value: f32,
) -> io::Result<()> {
    writeln!(out, "record\t{time_s}\t{}\t{}\t{}", Escaped(metric), Path(path), Bits(value))
}

/// Writes the row for one sample of a store. Its path begins with cluster and host.
///
/// # Errors
/// Those of `out`.
pub fn point(
    out: &mut impl Write,
    path: &[impl AsRef<str>],
    metric: &str,
    time_s: i64,
    value: f32,
) -> io::Result<()> {
    writeln!(out, "point\t{}\t{}\t{time_s}\t{}", Path(path), Escaped(metric), Bits(value))
}

/// Writes the row for the end of a log, clean or torn with a reason.
///
/// # Errors
/// Those of `out`.
pub fn end(out: &mut impl Write, torn: Option<&dyn fmt::Display>) -> io::Result<()> {
    match torn {
        None => writeln!(out, "end\tclean"),
        Some(reason) => writeln!(out, "end\ttorn\t{}", on_one_line(reason)),
    }
}

/// Writes the row for what keeps a file from being read on.
///
/// # Errors
/// Those of `out`.
pub fn error(out: &mut impl Write, reason: &dyn fmt::Display) -> io::Result<()> {
    writeln!(out, "error\t{}", on_one_line(reason))
}

/// A reason may quote a name with anything in it.
fn on_one_line(reason: &dyn fmt::Display) -> String {
    reason.to_string().replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_row_has_its_fields_in_order() {
        let none: [&str; 0] = [];
        let head = ColumnHead { metric: "a/b", interval_s: -60, start_s: 5, count: 3 };
        assert_eq!(text(|out| snapshot(out, -5, i64::MAX)), "snapshot\t-5\t9223372036854775807\n");
        assert_eq!(
            text(|out| column(out, &["core3"], head, [1.0, f32::NAN, -0.0])),
            "column\tcore3\ta%2Fb\t-60\t5\t3\t3f800000 nan 80000000\n"
        );
        assert_eq!(text(|out| column(out, &none, head, [])), "column\t\ta%2Fb\t-60\t5\t3\t\n");
        assert_eq!(text(|out| level(out, &["a", "b"])), "level\ta/b\n");
        assert_eq!(text(|out| record(out, 7, "m", &["a", "b"], 0.5)), "record\t7\tm\ta/b\t3f000000\n");
        assert_eq!(text(|out| point(out, &["c", "h"], "m", 7, 2.0)), "point\tc/h\tm\t7\t40000000\n");
        assert_eq!(text(|out| end(out, None)), "end\tclean\n");
        assert_eq!(text(|out| end(out, Some(&"bad\tmagic"))), "end\ttorn\tbad magic\n");
        assert_eq!(text(|out| error(out, &"a\nb")), "error\ta b\n");
    }

    #[test]
    fn only_what_would_break_a_row_is_escaped() {
        let name = "\0\x1f /%\x7f\u{80}é日\\\"";
        assert_eq!(Escaped(name).to_string(), "%00%1F %2F%25%7F\u{80}é日\\\"");
    }

    #[test]
    fn every_nan_is_nan_and_infinities_are_values() {
        let quiet = f32::from_bits(0xffc0_0001);
        let signalling = f32::from_bits(0x7f80_0001);
        for (value, expected) in
            [(quiet, "nan"), (signalling, "nan"), (f32::INFINITY, "7f800000"), (0.0, "00000000")]
        {
            assert_eq!(Bits(value).to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn prop_a_path_can_be_taken_apart_again(levels in proptest::collection::vec(r"(?s).{1,8}", 1..4)) {
            let row = text(|out| level(out, &levels));
            let path = row.strip_prefix("level\t").unwrap().strip_suffix('\n').unwrap();
            prop_assert!(!path.contains(['\t', '\n']));
            let back: Vec<_> = path.split('/').map(unescape).collect();
            prop_assert_eq!(back, levels);
        }
    }

    fn unescape(name: &str) -> String {
        let mut parts = name.split('%');
        let mut bytes = parts.next().unwrap().as_bytes().to_vec();
        for part in parts {
            bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
            bytes.extend_from_slice(&part.as_bytes()[2..]);
        }
        String::from_utf8(bytes).unwrap()
    }
}
