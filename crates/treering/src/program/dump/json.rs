//! One JSON object a line, for programs.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::summary::Summary;

/// What a line is about.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Line<'a> {
    /// A snapshot: what it says beside its columns, if that could be read.
    Snapshot { file: &'a str, window: Option<Window>, ours: Option<Ours<'a>> },
    /// A column of a snapshot.
    Column {
        path: &'a [String],
        metric: &'a str,
        interval_s: i64,
        start_s: i64,
        count: u64,
        gaps: u64,
        #[serde(flatten)]
        values: Range,
        /// From the start on, one each interval; `null` where there is no sample.
        #[serde(serialize_with = "as_values")]
        data: &'a [f32],
    },
    /// A log.
    Log { file: &'a str },
    /// The generation that a log states.
    Generation { offset: u64, generation: u64 },
    /// A record of a log.
    Record {
        offset: u64,
        time_s: i64,
        path: &'a [std::borrow::Cow<'a, str>],
        metric: &'a str,
        #[serde(serialize_with = "as_value")]
        value: f32,
    },
    /// A series of a store.
    Series {
        /// From the cluster on.
        path: &'a [String],
        metric: &'a str,
        interval_s: u32,
        start_s: i64,
        count: u64,
        gaps: u64,
        #[serde(flatten)]
        values: Range,
        /// Time and value of each sample.
        samples: &'a [Sample],
    },
    /// Something that is not as it should be.
    Damage { offset: Option<u64>, what: String },
    /// How the file ends; the reason if it cannot be read to its end.
    End { error: Option<String> },
}

#[derive(Serialize)]
pub(super) struct Window {
    pub(super) from_s: i64,
    pub(super) to_s: i64,
}

#[derive(Serialize)]
pub(super) struct Ours<'a> {
    pub(super) cluster: &'a str,
    pub(super) host: &'a str,
    pub(super) covers: u64,
    pub(super) previous: u64,
}

/// A time and a value.
pub(super) struct Sample(pub(super) i64, pub(super) f32);

/// `null` where there is no sample.
#[derive(Serialize)]
pub(super) struct Range {
    minimum: Option<Value>,
    maximum: Option<Value>,
    last: Option<Value>,
}

struct Value(f32);

impl Range {
    pub(super) fn of(summary: &Summary) -> Range {
        let value = |value| (summary.samples > 0).then_some(Value(value));
        let Summary { minimum, maximum, last, .. } = *summary;
        Range { minimum: value(minimum), maximum: value(maximum), last: value(last) }
    }
}

pub(super) fn line(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    writeln!(out)
}

impl Serialize for Value {
    /// The shortest number that is read back as the same bits; what JSON has no number for is a text, or `null`.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            f32::INFINITY => to.serialize_str("Infinity"),
            f32::NEG_INFINITY => to.serialize_str("-Infinity"),
            value if value.is_nan() => to.serialize_none(),
            value => to.serialize_f32(value),
        }
    }
}

impl Serialize for Sample {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.0, Value(self.1)).serialize(to)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn as_value<S: Serializer>(value: &f32, to: S) -> Result<S::Ok, S::Error> {
    Value(*value).serialize(to)
}

fn as_values<S: Serializer>(values: &[f32], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(values.iter().map(|value| Value(*value)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn every_value_comes_back_and_what_json_has_no_number_for_is_a_text() {
        let values = [0.1, -0.0, 1e-45, 3.4028235e38, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let text = serde_json::to_string(&values.map(Value)).unwrap();
        assert_eq!(text, r#"[0.1,-0.0,1e-45,3.4028235e+38,null,"Infinity","-Infinity"]"#);
    }
}
