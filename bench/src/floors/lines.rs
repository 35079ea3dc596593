//! The least that lines of text cost: finding their ends, comparing with what came last time, and a number.

use std::time::Duration;

use super::Floor;
use crate::Result;
use crate::measure::timed;
use crate::workload::SERIES;

/// What it is.
pub const FLOOR: Floor = Floor {
    what: "newline scan, comparison with the last round's prefix, number parser, and a bare append",
    range: "no figure known",
};

/// One text for each time, and what each series' line begins with.
///
/// # Errors
/// If a line is not what was written.
pub fn run(texts: &[Vec<u8>], prefixes: &[Vec<u8>], vectors: &mut [Vec<f32>]) -> Result<Duration> {
    vectors.iter_mut().for_each(Vec::clear);
    timed(|| {
        for text in texts {
            let mut rest = &text[..];
            // Gaps are left out of the text: then the next series is looked at.
            let mut next = 0;
            while let Some(end) = memchr::memchr(b'\n', rest) {
                let line = &rest[..end];
                rest = &rest[end + 1..];
                while !line.starts_with(&prefixes[next]) {
                    next += 1;
                }
                let (value, _) = fast_float2::parse_partial::<f32, _>(&line[prefixes[next].len()..])?;
                vectors[next].push(value);
                next += 1;
            }
        }
        Ok(())
    })
}

/// A vector for each series of so many hosts.
#[must_use]
pub fn vectors(hosts: usize, samples: usize) -> Vec<Vec<f32>> {
    (0..hosts * SERIES).map(|_| Vec::with_capacity(samples)).collect()
}
