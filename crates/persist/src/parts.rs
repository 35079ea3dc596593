//! A column's values on their way between a snapshot and memory: the same three shapes in two crates' words.

use treering_buffer::Values;
use treering_snapshot::Part;

pub(crate) fn values_of<'a>(part: &Part<'a>) -> Values<'a> {
    match *part {
        Part::Native(values) => Values::Native(values),
        Part::LittleEndian(bytes) => Values::LittleEndian(bytes),
        Part::Missing(count) => Values::Missing(count),
    }
}

pub(crate) fn part_of(values: Values<'_>) -> Part<'_> {
    match values {
        Values::Native(values) => Part::Native(values),
        Values::LittleEndian(bytes) => Part::LittleEndian(bytes),
        Values::Missing(count) => Part::Missing(count),
    }
}
