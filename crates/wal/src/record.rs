//! A record as the reader gives it: time, names, value, and what stands behind the value.

use std::borrow::Cow;
use std::fmt;
use std::iter::FusedIterator;

use crate::control::{Control, ControlError};
use crate::format::{CONTROL_METRIC, PAYLOAD_HEADER_BYTES, TIME_BYTES, VALUE_BYTES};

/// One sound record. Its names are looked at only when they are asked for.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// Where its frame begins, in bytes from the start of the file.
    pub offset: u64,
    /// The sample's time in Unix seconds; any `i64`.
    pub time_s: i64,
    /// The sample's value, bits as they are in the file.
    pub value: f32,
    pub(crate) payload: &'a [u8],
    /// Where the count of levels stands in the payload.
    pub(crate) levels_at: usize,
    /// Where the value stands in the payload.
    pub(crate) value_at: usize,
}

/// The names of a record's levels, from the host downwards. What is not UTF-8 becomes U+FFFD.
#[derive(Clone, Debug)]
pub struct Levels<'a> {
    /// Per level its length and its name.
    names: &'a [u8],
    left: usize,
}

impl<'a> Record<'a> {
    /// The metric's name. What is not UTF-8 becomes U+FFFD, and only then something is allocated.
    #[must_use]
    pub fn metric(&self) -> Cow<'a, str> {
        lossy(self.metric_bytes())
    }

    /// The metric's name as it is in the file.
    #[must_use]
    pub fn metric_bytes(&self) -> &'a [u8] {
        &self.payload[PAYLOAD_HEADER_BYTES..self.levels_at]
    }

    /// The names of the levels below the host.
    #[must_use]
    pub fn levels(&self) -> Levels<'a> {
        let left = usize::from(self.payload[self.levels_at]);
        Levels { names: &self.payload[self.levels_at + 1..self.value_at], left }
    }

    /// The bytes that name the series: two records with equal ones belong to one series, and equal they are
    /// to [`Template::series_bytes`](crate::Template::series_bytes) of that series. They save a reader the
    /// look-up of names that it has just seen.
    #[must_use]
    pub fn series_bytes(&self) -> &'a [u8] {
        &self.payload[TIME_BYTES..self.value_at]
    }

    /// True for a control record, understood or not: it is no sample.
    #[must_use]
    pub fn is_control(&self) -> bool {
        self.metric_bytes() == CONTROL_METRIC.as_bytes()
    }

    /// What a control record says; none for a sample.
    ///
    /// # Errors
    /// Inside the option, as the record is sound and reading goes on: [`ControlError::Unknown`] for a later
    /// version or kind, to be skipped; the others for content that says nothing sensible.
    #[must_use]
    pub fn control(&self) -> Option<Result<Control<'a>, ControlError>> {
        let content = &self.payload[self.value_at + VALUE_BYTES..];
        self.is_control().then(|| Control::parse(content))
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("offset", &self.offset)
            .field("time_s", &self.time_s)
            .field("metric", &self.metric())
            .field("levels", &self.levels().collect::<Vec<_>>())
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

impl<'a> Iterator for Levels<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Self::Item> {
        // The record was parsed: every name lies within its bytes.
        let (&name_len, rest) = self.names.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(name_len))?;
        self.names = rest;
        self.left -= 1;
        Some(lossy(name))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Levels<'_> {}

impl FusedIterator for Levels<'_> {}

/// A name as text. What is not UTF-8 becomes U+FFFD in a string of just the length needed, at most three
/// times that of the name: the standard library's own conversion grows its string to more than that.
pub(crate) fn lossy(name: &[u8]) -> Cow<'_, str> {
    if let Ok(name) = std::str::from_utf8(name) {
        return Cow::Borrowed(name);
    }
    let replacement = |invalid: &[u8]| if invalid.is_empty() { "" } else { "\u{FFFD}" };
    let len = name.utf8_chunks().map(|chunk| chunk.valid().len() + replacement(chunk.invalid()).len()).sum();
    let mut text = String::with_capacity(len);
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(replacement(chunk.invalid()));
    }
    Cow::Owned(text)
}
