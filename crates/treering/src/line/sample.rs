//! A line's outer shape: prefix, value, time.

use super::number::{leading_decimal, number};
use super::scan::{find_near, find_unescaped};
use super::time::time;
use super::{LineError, SeriesName, Time};

/// The field that counts.
const VALUE: &[u8] = b"value=";

/// One sample as its line says it.
///
/// ```
/// use treering::line::{Line, Time, TimeUnit};
///
/// let line = Line::parse(b"cpu_user,cluster=alex,hostname=a0603,type=hwthread,type-id=17 value=3.25 1725827464")?
///     .expect("neither empty nor a comment");
/// assert_eq!(line.value, 3.25);
/// assert_eq!(line.time, Some(Time { time_s: 1725827464, unit: TimeUnit::Seconds }));
///
/// let series = line.series()?;
/// assert_eq!(series.metric, "cpu_user");
/// assert_eq!(series.levels().map(ToString::to_string).collect::<Vec<_>>(), ["hwthread17"]);
/// # Ok::<(), treering::line::LineError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Line<'a> {
    /// Metric and tags as they stand in the line: equal bytes name the same series.
    pub prefix: &'a [u8],
    /// The field `value`; finite.
    pub value: f32,
    /// When it was taken; `None` if the line does not say.
    pub time: Option<Time>,
    /// Where `prefix` begins, for the columns of errors.
    prefix_column: usize,
}

impl<'a> Line<'a> {
    /// Reads a line, without or with its line break. `None` if it is empty or a comment.
    ///
    /// The tags are not looked at: whoever knows the prefix already need not, and [`Line::series`] does.
    ///
    /// # Errors
    /// Any [`LineError`] but those of a tag or name, and `TooLong`.
    pub fn parse(line: &'a [u8]) -> Result<Option<Self>, LineError> {
        let end = end_of(line);
        let start = line[..end].iter().take_while(|byte| is_blank(**byte)).count();
        if matches!(line.get(start), None | Some(b'#')) || start == end {
            return Ok(None);
        }
        let line = &line[..end];
        let prefix_end = prefix_end(line, start);
        if prefix_end == start || line[start] == b',' {
            return Err(LineError::NoMetric { column: start });
        }
        Self::behind_prefix(line, start, prefix_end).map(Some)
    }

    /// [`Line::parse`] for a line that is expected to begin with `prefix`, which was an earlier line's: nothing is searched
    /// then. `None` if it begins with something else, and [`Line::parse`] has to look.
    ///
    /// # Errors
    /// As [`Line::parse`].
    #[must_use]
    pub fn parse_after(line: &'a [u8], prefix: &[u8]) -> Option<Result<Self, LineError>> {
        // A prefix neither begins with a blank nor ends in a backslash: the space behind it is where this one ends, too.
        if prefix.is_empty() || line.strip_prefix(prefix)?.first() != Some(&b' ') {
            return None;
        }
        let line = &line[..end_of(line)];
        (line.len() > prefix.len()).then(|| Self::behind_prefix(line, 0, prefix.len()))
    }

    /// What comes behind the prefix of a line that begins at `start` and has no blanks at its end.
    #[inline]
    fn behind_prefix(line: &'a [u8], start: usize, prefix_end: usize) -> Result<Self, LineError> {
        let end = line.len();
        let fields_start = skip_spaces(line, prefix_end);
        if fields_start == end {
            return Err(LineError::NoFields { column: end });
        }
        let (value, fields_end) = fields(line, fields_start)?;
        let time_start = skip_spaces(line, fields_end);
        let time = match &line[time_start..] {
            [] => None,
            rest => {
                let len = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
                let behind = skip_spaces(line, time_start + len);
                let time = time(&rest[..len], time_start)?;
                if behind < end {
                    return Err(LineError::Trailing { column: behind });
                }
                Some(time)
            }
        };
        Ok(Self { prefix: &line[start..prefix_end], value, time, prefix_column: start })
    }

    /// The series that the prefix names.
    ///
    /// # Errors
    /// `BadTag`, `TagTwice`, `NotUtf8`.
    pub fn series(&self) -> Result<SeriesName<'a>, LineError> {
        SeriesName::parse_at(self.prefix, self.prefix_column)
    }
}

/// The first space from `start` on that no backslash escapes, or the line's end.
fn prefix_end(line: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(len) = find_near(&line[at..], b' ') {
        let space = at + len;
        if space == start || line[space - 1] != b'\\' {
            return space;
        }
        at = space + 1;
    }
    line.len()
}

/// Where the line ends, blanks left out.
fn end_of(line: &[u8]) -> usize {
    line.len() - line.iter().rev().take_while(|byte| is_blank(**byte)).count()
}

/// Goes through the fields that begin at `start`; the value of `value`, and where the fields end.
fn fields(line: &[u8], start: usize) -> Result<(f32, usize), LineError> {
    // Nearly all lines have this field and no other, and it is no string.
    if let Some(text) = line[start..].strip_prefix(VALUE)
        && let Some((value, len)) = leading_decimal(text)
    {
        return Ok((value, start + VALUE.len() + len));
    }
    any_fields(line, start)
}

fn any_fields(line: &[u8], start: usize) -> Result<(f32, usize), LineError> {
    let mut value = None;
    let mut at = start;
    loop {
        let column = at;
        let equals = find_unescaped(line, at, |byte| matches!(byte, b'=' | b',' | b' '))
            .filter(|found| line[*found] == b'=' && *found > column)
            .ok_or(LineError::BadField { column })?;
        let value_start = equals + 1;
        at = field_end(line, value_start)?;
        if &line[column..equals] == b"value" {
            if value.is_some() {
                return Err(LineError::ValueTwice { column });
            }
            value = Some(number(&line[value_start..at], value_start)?);
        }
        match line.get(at) {
            Some(b',') => at += 1,
            None | Some(b' ') => break,
            Some(_) => return Err(LineError::BadField { column }),
        }
    }
    value.map(|value| (value, at)).ok_or(LineError::NoValue { column: start })
}

/// The end of the field value that begins at `start`: behind its closing quote, or at the next comma or space.
fn field_end(line: &[u8], start: usize) -> Result<usize, LineError> {
    if line.get(start) != Some(&b'"') {
        let len = line[start..].iter().position(|byte| matches!(byte, b',' | b' '));
        return Ok(len.map_or(line.len(), |len| start + len));
    }
    let mut at = start + 1;
    loop {
        match line.get(at) {
            // In a string a backslash escapes whatever follows.
            Some(b'\\') => at += 2,
            Some(b'"') => return Ok(at + 1),
            Some(_) => at += 1,
            None => return Err(LineError::OpenString { column: start }),
        }
    }
}

fn skip_spaces(line: &[u8], from: usize) -> usize {
    from + line[from..].iter().take_while(|byte| **byte == b' ').count()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{NotNumber, TimeUnit};

    type Parts<'a> = (&'a str, f32, Option<i64>);

    fn parse(text: &str) -> Result<Option<Parts<'_>>, LineError> {
        let line = Line::parse(text.as_bytes())?;
        Ok(line.map(|l| (std::str::from_utf8(l.prefix).unwrap(), l.value, l.time.map(|t| t.time_s))))
    }

    #[test]
    fn prefix_value_and_time_are_found() {
        let table = [
            ("m value=1", ("m", 1.0, None)),
            ("m,a=b value=1 60", ("m,a=b", 1.0, Some(60))),
            ("  m,a=b   value=1   60  \r\n", ("m,a=b", 1.0, Some(60))),
            ("\tm value=1\t", ("m", 1.0, None)),
            (r"m\ n,a=b\ c value=1i 60", (r"m\ n,a=b\ c", 1.0, Some(60))),
            ("m unit=\"a b,value=9 \\\" x\\\\\",value=2u,ok=true 60", ("m", 2.0, Some(60))),
            ("m value=1,text=\"\"", ("m", 1.0, None)),
            (r"m va\=lue=3,value=1", ("m", 1.0, None)),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), Ok(Some(expected)), "{text}");
        }
    }

    #[test]
    fn empty_lines_and_comments_are_no_samples() {
        for text in ["", " ", "\r\n", "#", "# m value=1", "  # m", "\t"] {
            assert_eq!(parse(text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn errors_say_what_and_where() {
        let other = |column, found| LineError::NotANumber { column, found };
        let table = [
            (" ,a=b value=1", LineError::NoMetric { column: 1 }),
            ("m", LineError::NoFields { column: 1 }),
            ("m,a=b  ", LineError::NoFields { column: 5 }),
            (r"m\ value=1", LineError::NoFields { column: 10 }),
            ("m 1725827464", LineError::BadField { column: 2 }),
            ("m =1", LineError::BadField { column: 2 }),
            ("m value", LineError::BadField { column: 2 }),
            ("m value=1,", LineError::BadField { column: 10 }),
            ("m value=1,b 60", LineError::BadField { column: 10 }),
            ("m a=\"x\"y,value=1", LineError::BadField { column: 2 }),
            ("m a=\"x,value=1", LineError::OpenString { column: 4 }),
            ("m a=\"x\\\"", LineError::OpenString { column: 4 }),
            ("m a=\"x\\", LineError::OpenString { column: 4 }),
            ("m a=1,b=2 60", LineError::NoValue { column: 2 }),
            ("m Value=1", LineError::NoValue { column: 2 }),
            ("m value=1,value=1", LineError::ValueTwice { column: 10 }),
            ("m value= 60", other(8, NotNumber::Nothing)),
            ("m value=\"1\"", other(8, NotNumber::Text)),
            ("m a=1,value=true", other(12, NotNumber::Boolean)),
            ("m value=nan", other(8, NotNumber::NotFinite)),
            ("m value=1\t60", other(8, NotNumber::Other)),
            ("m value=1e39", LineError::ValueTooLarge { column: 8 }),
            ("m value=1 now", LineError::BadTime { column: 10 }),
            ("m value=1  1e9", LineError::BadTime { column: 11 }),
            ("m value=1 99999999999999999999", LineError::TimeTooLarge { column: 10 }),
            ("m value=1 60 61", LineError::Trailing { column: 13 }),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn the_lines_of_real_senders_are_read() {
        let text = "acc_power,cluster=alex,hostname=a0603,type=accelerator,type-id=00000000:49:00.0 value=71.2 \
                    1725827464000000000";
        let line = Line::parse(text.as_bytes()).unwrap().unwrap();
        assert_eq!(line.time.unwrap().unit, TimeUnit::Nanoseconds);
        let levels: Vec<_> = line.series().unwrap().levels().map(ToString::to_string).collect();
        assert_eq!(levels, ["accelerator00000000:49:00.0"]);
    }
}
