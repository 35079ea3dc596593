//! Every number of a text, by the library that is best at it.

use std::time::Duration;

use super::Floor;
use crate::Result;
use crate::measure::{on_workers, timed};

/// What it is.
pub const FLOOR: Floor = Floor { what: "fast-float2 on the same numbers", range: "13-24 ns a value" };

/// The numbers in the value lists of JSON snapshots, a comma behind each.
///
/// # Errors
/// If a text is not what a store writes.
pub fn numbers(json: &[u8]) -> Result<Vec<u8>> {
    let text = std::str::from_utf8(json)?;
    let mut numbers = Vec::with_capacity(text.len());
    for list in text.split("\"data\":[").skip(1) {
        let list = list.split(']').next().ok_or("a list without an end")?;
        for number in list.split(',').filter(|number| *number != "null") {
            numbers.extend_from_slice(number.as_bytes());
            numbers.push(b',');
        }
    }
    Ok(numbers)
}

/// Parses all numbers; `texts` are those of [`numbers`].
///
/// # Errors
/// If one is none.
pub fn run(texts: &[Vec<u8>], workers: usize) -> Result<Duration> {
    let mut values: Vec<Vec<f32>> = vec![Vec::new(); workers];
    let longest = texts.iter().map(Vec::len).max().unwrap_or(0);
    values.iter_mut().for_each(|values| values.resize(longest / 2, 1.0));
    timed(|| {
        on_workers(&mut values, texts.len(), |values, index| {
            values.clear();
            let mut rest = &texts[index][..];
            while !rest.is_empty() {
                let (value, len) = fast_float2::parse_partial::<f32, _>(rest)?;
                values.push(value);
                rest = &rest[len + 1..];
            }
            std::hint::black_box(&values);
            Ok(())
        })
    })
}
