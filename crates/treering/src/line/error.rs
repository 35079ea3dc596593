//! Why a line is refused, where, and under which name it is counted.

use std::fmt;

/// Why a line holds no sample that can be stored. `column` is the offset in bytes from the line's start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// Nothing stands before the first comma or space.
    #[error("no metric name at byte {column}: a line is <metric>,<tag>=<text>,... value=<number> [time]")]
    NoMetric {
        /// Where the name is missing.
        column: usize,
    },
    /// A tag without a key, `=` or text, or with a second `=`.
    #[error(
        "tag at byte {column} is not key=text (write \\= \\, and \\ with a space for = , and space in it)"
    )]
    BadTag {
        /// Where the tag begins.
        column: usize,
    },
    /// A tag that matters is there twice and says two things.
    #[error("tag {tag} at byte {column} contradicts an earlier one: leave one of them out")]
    TagTwice {
        /// Where the second one begins.
        column: usize,
        /// The tag's key, `hostname` also for `host`.
        tag: &'static str,
    },
    /// The metric, or a tag that matters, is not UTF-8.
    #[error("name at byte {column} is not UTF-8")]
    NotUtf8 {
        /// Where the name begins.
        column: usize,
    },
    /// The line ends behind the metric and its tags.
    #[error("no value at byte {column}: write a space and value=<number> behind the metric and its tags")]
    NoFields {
        /// Where the line ends.
        column: usize,
    },
    /// Fields are there, but none of them is called `value`.
    #[error("none of the fields at byte {column} is called value: write value=<number>")]
    NoValue {
        /// Where the fields begin.
        column: usize,
    },
    /// A field without a key or `=`.
    #[error("field at byte {column} is not key=value")]
    BadField {
        /// Where the field begins.
        column: usize,
    },
    /// A string among the fields has no end.
    #[error("string at byte {column} has no closing quote")]
    OpenString {
        /// Where its opening quote stands.
        column: usize,
    },
    /// The field `value` is there twice.
    #[error("second field value at byte {column}: a line holds one sample")]
    ValueTwice {
        /// Where the second one begins.
        column: usize,
    },
    /// The field `value` holds something that is no number.
    #[error("value at byte {column} is {found}, not a number")]
    NotANumber {
        /// Where the value begins.
        column: usize,
        /// What it is instead.
        found: NotNumber,
    },
    /// A number beyond what its type or an `f32` holds.
    #[error("value at byte {column} is out of range: at most 3.4e38, and 64 bits with i or u")]
    ValueTooLarge {
        /// Where the value begins.
        column: usize,
    },
    /// What stands behind the fields is no whole number.
    #[error("time at byte {column} is not a whole number of s, ms, us or ns since 1970")]
    BadTime {
        /// Where the time begins.
        column: usize,
    },
    /// A time beyond 64 bits.
    #[error("time at byte {column} is out of range: it has more than 64 bits")]
    TimeTooLarge {
        /// Where the time begins.
        column: usize,
    },
    /// Something stands behind the time.
    #[error("unexpected text behind the time at byte {column}")]
    Trailing {
        /// Where it begins.
        column: usize,
    },
    /// The line has more bytes than the reader takes; it was skipped.
    #[error("longer than {len_bytes_max} bytes, skipped")]
    TooLong {
        /// The limit that it broke.
        len_bytes_max: usize,
    },
}

/// What stands where a number was expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NotNumber {
    /// Nothing at all.
    Nothing,
    /// A string in quotes.
    Text,
    /// `true`, `false` or a short form of them.
    Boolean,
    /// Not a number, or an infinity, written out.
    NotFinite,
    /// Something else.
    Other,
}

/// The reason under which a refused line is counted. Fewer than there are errors, and stable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// The line does not follow the grammar.
    BadSyntax,
    /// There is no metric name, or a name is not UTF-8.
    BadName,
    /// There is no field `value`.
    MissingValue,
    /// The value is no number that an `f32` holds.
    BadValue,
    /// The time is no number of 64 bits.
    BadTime,
    /// The line is longer than the limit.
    TooLong,
}

impl LineError {
    /// Where in the line, in bytes from its start. 0 for a line that is too long.
    #[must_use]
    pub fn column(&self) -> usize {
        match *self {
            Self::NoMetric { column }
            | Self::BadTag { column }
            | Self::TagTwice { column, .. }
            | Self::NotUtf8 { column }
            | Self::NoFields { column }
            | Self::NoValue { column }
            | Self::BadField { column }
            | Self::OpenString { column }
            | Self::ValueTwice { column }
            | Self::NotANumber { column, .. }
            | Self::ValueTooLarge { column }
            | Self::BadTime { column }
            | Self::TimeTooLarge { column }
            | Self::Trailing { column } => column,
            Self::TooLong { .. } => 0,
        }
    }

    /// The reason to count it under.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::BadTag { .. }
            | Self::TagTwice { .. }
            | Self::BadField { .. }
            | Self::OpenString { .. }
            | Self::ValueTwice { .. }
            | Self::Trailing { .. } => Refusal::BadSyntax,
            Self::NoMetric { .. } | Self::NotUtf8 { .. } => Refusal::BadName,
            Self::NoFields { .. } | Self::NoValue { .. } => Refusal::MissingValue,
            Self::NotANumber { .. } | Self::ValueTooLarge { .. } => Refusal::BadValue,
            Self::BadTime { .. } | Self::TimeTooLarge { .. } => Refusal::BadTime,
            Self::TooLong { .. } => Refusal::TooLong,
        }
    }
}

impl fmt::Display for NotNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "empty",
            Self::Text => "a string",
            Self::Boolean => "a boolean",
            Self::NotFinite => "NaN or infinite",
            Self::Other => "other text",
        })
    }
}

impl Refusal {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::BadSyntax, Self::BadName, Self::MissingValue, Self::BadValue, Self::BadTime, Self::TooLong];

    /// A short name for logs and counters, the same in every version.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadSyntax => "bad_syntax",
            Self::BadName => "bad_name",
            Self::MissingValue => "missing_value",
            Self::BadValue => "bad_value",
            Self::BadTime => "bad_time",
            Self::TooLong => "too_long",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
