//! What a series costs.

use treering_buffer::{CHUNK_SLOTS, Column, Fill, Ring, Values};

use crate::{START_S, file_bytes, filled, write};

/// What a sealed chunk costs beside its values: a counter, a slot, a length.
const SEALED_CHUNK_BYTES: usize = 24;
/// What is set aside of a ring that has more than newest slots: a list with room for four sealed chunks, one of ranges.
const ASIDE_BYTES: usize = 80;
const VALUE_BYTES: usize = 4;

fn full_chunks(count: usize) -> Ring {
    filled(60, u16::try_from(count * CHUNK_SLOTS).unwrap())
}

#[test]
fn a_series_without_samples_costs_its_struct() {
    assert_eq!(Ring::new(60).memory_bytes(), size_of::<Ring>());
}

#[test]
fn one_sample_takes_at_most_256_bytes_of_value_memory() {
    let ring = filled(60, 1);
    assert!(ring.memory_bytes() - size_of::<Ring>() <= 256);
}

#[test]
fn a_series_that_only_grows_sets_nothing_aside_for_what_is_dirty() {
    // Room for 16 values is what a chunk begins with.
    assert_eq!(filled(60, 1).memory_bytes(), size_of::<Ring>() + 16 * VALUE_BYTES);
}

#[test]
fn samples_in_a_row_take_at_most_four_point_six_bytes_each() {
    let ring = filled(60, 720);
    let bytes = ring.memory_bytes();
    assert!(bytes * 10 <= 720 * 46, "{bytes} bytes");
    assert!(bytes >= 720 * VALUE_BYTES + size_of::<Ring>());
}

#[test]
#[cfg(target_pointer_width = "64")]
fn the_newest_chunk_has_no_more_room_than_it_takes_when_it_is_sealed() {
    let of_one_chunk = size_of::<Ring>() + CHUNK_SLOTS * VALUE_BYTES + SEALED_CHUNK_BYTES;
    assert_eq!(full_chunks(1).memory_bytes(), of_one_chunk);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_list_of_more_than_four_sealed_chunks_is_counted() {
    let chunks = 6 * (CHUNK_SLOTS * VALUE_BYTES + SEALED_CHUNK_BYTES);
    // Room for eight of them, of a pointer each.
    let expected = size_of::<Ring>() + chunks + ASIDE_BYTES + 8 * 8;
    assert_eq!(full_chunks(6).memory_bytes(), expected);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_restored_series_takes_not_a_byte_more_than_its_chunks() {
    let values: Vec<f32> = (0_u16..720).map(f32::from).collect();
    let bytes = file_bytes(&values);
    let mut ring = Ring::new(60);
    let column = Column { start_s: START_S, interval_s: 60, values: &[Values::LittleEndian(&bytes)] };
    ring.restore(column, Fill::EmptySlots, false).unwrap();
    let expected = size_of::<Ring>() + 720 * VALUE_BYTES + SEALED_CHUNK_BYTES + ASIDE_BYTES;
    assert_eq!(ring.memory_bytes(), expected);
    // The first chunk goes with its counters, and what is set aside with the last of them.
    let freed = ring.free_before(START_S + 60 * 600);
    assert_eq!(freed.bytes, CHUNK_SLOTS * VALUE_BYTES + SEALED_CHUNK_BYTES + ASIDE_BYTES);
    assert_eq!(ring.memory_bytes(), size_of::<Ring>() + (720 - CHUNK_SLOTS) * VALUE_BYTES);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn dirty_ranges_are_counted() {
    let mut ring = filled(60, 100);
    drop(ring.take_dirty());
    let before = ring.memory_bytes();
    for k in [10, 20, 30] {
        write(&mut ring, START_S + k * 60, 1.0);
    }
    // None of them ends with the series: they are set aside, two in a list with room for four.
    assert_eq!(ring.memory_bytes(), before + ASIDE_BYTES + 4 * 16);
}

#[test]
fn a_gap_of_a_year_costs_no_memory() {
    let year = 365 * 86_400;
    let mut written = Ring::new(1);
    write(&mut written, START_S, 1.0);
    write(&mut written, START_S + i64::from(year), 2.0);
    assert!(written.memory_bytes() - size_of::<Ring>() <= 256, "{} bytes", written.memory_bytes());
    assert_eq!(written.dirty().iter().count(), 1);

    let mut restored = Ring::new(1);
    let one = [1.0];
    let values = [Values::Native(&one), Values::Missing(year - 1), Values::Native(&one)];
    restored
        .restore(Column { start_s: START_S, interval_s: 1, values: &values }, Fill::EmptySlots, true)
        .unwrap();
    assert_eq!(restored.span(), Some(0..i64::from(year) + 1));
    assert!(restored.memory_bytes() - size_of::<Ring>() <= 256, "{} bytes", restored.memory_bytes());
}

#[test]
fn nan_around_and_between_values_costs_no_chunks() {
    let chunks = 20;
    let mut values = vec![f32::NAN; chunks * CHUNK_SLOTS];
    values[5 * CHUNK_SLOTS + 100] = 1.0;
    values[5 * CHUNK_SLOTS + 109] = 2.0;
    values[12 * CHUNK_SLOTS + 7] = 3.0;
    let mut ring = Ring::new(1);
    let column = Column { start_s: START_S, interval_s: 1, values: &[Values::Native(&values)] };
    ring.restore(column, Fill::EmptySlots, false).unwrap();
    assert_eq!(ring.samples(), 3);
    let expected = size_of::<Ring>() + (10 + 1) * VALUE_BYTES;
    let most = expected + 2 * SEALED_CHUNK_BYTES + ASIDE_BYTES;
    assert!(ring.memory_bytes() <= most, "{} bytes", ring.memory_bytes());
}

#[test]
fn a_sealed_chunk_gives_its_spare_memory_back() {
    let mut ring = filled(1, 129);
    let spare = ring.memory_bytes();
    write(&mut ring, START_S + 5000, 1.0);
    // One more chunk, and yet less memory: the old one had room for more samples.
    let first_room = 64;
    // Allocations of sealed chunks are whole words: 130 values.
    let expected = size_of::<Ring>() + 130 * VALUE_BYTES + SEALED_CHUNK_BYTES + ASIDE_BYTES + first_room;
    assert!(ring.memory_bytes() <= expected, "{} bytes, before {spare}", ring.memory_bytes());
}
