//! What a user of the crate may rely on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails as the test does")]

mod frozen;
mod memory;
mod model;
mod restore;
mod retention;
mod sequences;
mod write;

use treering_buffer::{Bounds, Frozen, Ring, Slot, Stored, Values};

/// A time in the middle of nowhere, on no boundary of anything.
const START_S: i64 = 1_700_000_007;

/// Writes without bounds; the sample must be taken.
fn write(ring: &mut Ring, time_s: i64, value: f32) -> Stored {
    ring.write(time_s, value, Bounds::NONE).unwrap()
}

/// A ring of `samples` successive samples, of which the k-th has the value k.
fn filled(interval_s: u32, samples: u16) -> Ring {
    let mut ring = Ring::new(interval_s);
    for k in 0..samples {
        write(&mut ring, START_S + i64::from(k) * i64::from(interval_s), f32::from(k));
    }
    ring
}

/// What is dirty, and all that a ring says of it says the same.
fn dirty(ring: &Ring) -> Vec<(Slot, Slot)> {
    let dirty: Vec<_> = ring.dirty().iter().map(|range| (range.start, range.end)).collect();
    let span = dirty.first().zip(dirty.last()).map(|(first, last)| first.0..last.1);
    assert_eq!((ring.is_dirty(), ring.dirty_span()), (span.is_some(), span), "{dirty:?}");
    dirty
}

/// All samples of a column by their slot.
fn samples(column: &Frozen) -> Vec<(Slot, f32)> {
    let mut slot = column.first_slot();
    let mut samples = Vec::new();
    for part in column.parts() {
        match part {
            Values::Native(values) => samples.extend((slot..).zip(values.iter().copied())),
            Values::Missing(_) => {}
            Values::LittleEndian(_) => panic!("memory holds native values"),
        }
        slot += i64::try_from(part.slots()).unwrap();
    }
    assert_eq!(slot, column.span().end, "the parts cover the column");
    samples.retain(|(_, value)| !value.is_nan());
    samples
}

/// All samples of a series by their slot.
fn held(ring: &Ring) -> Vec<(Slot, f32)> {
    samples(&ring.freeze(Slot::MIN..Slot::MAX))
}

/// A column's values as a file holds them.
fn file_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
