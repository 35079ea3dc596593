//! A document as serde sees it: two maps for each level.

use std::collections::BTreeMap;

use serde::ser::{Serialize, Serializer};

use super::{Column, Document, Level};

/// What is written of a level. Kept apart from the model, which may change without it.
#[derive(serde::Serialize)]
#[serde(rename = "Level")]
struct LevelText<'a> {
    columns: &'a BTreeMap<String, Column>,
    children: &'a BTreeMap<String, Level>,
}

#[derive(serde::Serialize)]
#[serde(rename = "Column")]
struct ColumnText<'a> {
    interval_s: i64,
    start_s: i64,
    values: Values<'a>,
}

/// A value that is no number is no value.
struct Values<'a>(&'a [f32]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().copied().map(sample))
    }
}

fn sample(value: f32) -> Option<f32> {
    Some(value).filter(|value| !value.is_nan())
}

impl Serialize for Column {
    /// A structure of `interval_s`, `start_s` and `values`; of these each is an option, `None` for NaN.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { interval_s, start_s, values } = self;
        let text = ColumnText { interval_s: *interval_s, start_s: *start_s, values: Values(values) };
        text.serialize(serializer)
    }
}

impl Serialize for Level {
    /// A structure of two maps, `columns` and `children`, in the order of the names' bytes.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        LevelText { columns: &self.columns, children: &self.children }.serialize(serializer)
    }
}

impl Serialize for Document {
    /// The root level. Goes as many calls deep as the document has levels below each other, which it limits.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.root.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// JSON does not tell this: there every value that is not finite becomes `null`.
    #[test]
    fn only_nan_is_none_whatever_its_bits() {
        assert_eq!([f32::NAN, -f32::NAN, f32::from_bits(0x7F80_0001)].map(sample), [None; 3]);
        let values = [0.0, f32::INFINITY, f32::NEG_INFINITY, f32::MIN];
        assert_eq!(values.map(sample), values.map(Some));
    }

    #[test]
    fn a_document_is_two_maps_for_each_level_and_nan_is_none() {
        let mut document = Document::new();
        let column = |values: &[f32]| Column { interval_s: 60, start_s: -5, values: values.to_vec() };
        document.insert::<&str>(&[], "z", column(&[])).unwrap();
        document.insert::<&str>(&[], "é", column(&[1.5, f32::NAN, -0.0])).unwrap();
        document.insert(&["core1"], "a", column(&[f32::from_bits(0xFFC0_0001)])).unwrap();
        let text = serde_json::to_string(&document).unwrap();
        assert_eq!(
            text,
            r#"{"columns":{"z":{"interval_s":60,"start_s":-5,"values":[]},"#.to_owned()
                + r#""é":{"interval_s":60,"start_s":-5,"values":[1.5,null,-0.0]}},"#
                + r#""children":{"core1":{"columns":{"a":{"interval_s":60,"start_s":-5,"values":[null]}},"children":{}}}}"#
        );
    }
}
