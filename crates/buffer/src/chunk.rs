//! A chunk that grows: the values of one window of slots.

use std::ops::Range;

use crate::grid::{Slot, behind, distance};
use crate::ranges::Marks;
use crate::run::Run;
use crate::sealed::HEADER_BYTES;
use crate::values::Block;
use crate::window::{CHUNK_SLOTS, is_window_start, window_of};

/// Values that a chunk has room for at first, and the step of its growth: one cache line.
const GROWTH_STEP: usize = 16;

/// Values up to which a chunk doubles. Beyond, memory that may stay unused weighs more than copying again.
const DOUBLING_MAX: usize = 128;

/// Values that a chunk never has more room for: as many bytes as it takes when it is sealed. So the memory that one chunk
/// gives back when it is sealed is just what the next one needs.
const ROOM_MAX: usize = CHUNK_SLOTS + HEADER_BYTES / size_of::<f32>();

/// What a write did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stored {
    /// The slot was empty.
    New,
    /// The slot held a sample, which is gone.
    Replaced,
}

/// What a loaded value does to a sample that its slot already holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fill {
    /// It gives way.
    EmptySlots,
    /// It replaces the sample.
    Overwrite,
}

/// The values of one window, from the first sample in it to the last.
///
/// Invariant: the first and the last value are samples, all slots lie in one window, and a NaN is `f32::NAN` bit for
/// bit. Only a chunk that was just made has no values.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The slot of the first value.
    first: Slot,
    values: Vec<f32>,
}

/// What became of a block of values: how many came into empty slots, and how many met a sample.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Placed {
    pub(crate) new: u64,
    pub(crate) met: u64,
}

impl Chunk {
    pub(crate) const fn empty() -> Self {
        Self { first: 0, values: Vec::new() }
    }

    /// A copy.
    pub(crate) fn of(run: Run<'_>) -> Self {
        Self { first: run.first, values: run.values.to_vec() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The slot of the first value.
    pub(crate) fn first(&self) -> Slot {
        self.first
    }

    /// The slot behind the last value.
    pub(crate) fn end(&self) -> Slot {
        behind(self.first, self.values.len())
    }

    /// The window that the chunk lies in.
    pub(crate) fn window(&self) -> Slot {
        window_of(self.first)
    }

    /// Its values.
    pub(crate) fn run(&self) -> Run<'_> {
        Run { first: self.first, values: &self.values }
    }

    /// Appends a sample, if that needs neither a new chunk nor more memory; else it does nothing.
    #[inline]
    pub(crate) fn push_in_place(&mut self, value: f32) -> bool {
        let fits = self.values.len() < self.values.capacity() && !is_window_start(self.end());
        if fits {
            self.values.push(value);
        }
        fits
    }

    /// Stores a sample. The slot lies in the chunk's window.
    pub(crate) fn set(&mut self, slot: Slot, value: f32) -> Stored {
        self.cover(slot..slot + 1, Room::ToGrow);
        let held = &mut self.values[distance(self.first, slot)];
        let stored = if held.is_nan() { Stored::New } else { Stored::Replaced };
        *held = value;
        stored
    }

    /// Stores a block of values that begins and ends with a sample. The slots lie in the chunk's window.
    pub(crate) fn place(
        &mut self,
        slot: Slot,
        block: Block<'_>,
        fill: Fill,
        marks: Option<&mut Marks<'_>>,
    ) -> Placed {
        if self.is_empty() || slot >= self.end() {
            self.append(slot, block);
        } else {
            self.cover(slot..behind(slot, block.len()), Room::Exact);
            let from = distance(self.first, slot);
            let target = &mut self.values[from..from + block.len()];
            if target.iter().any(|held| !held.is_nan()) {
                return merge(target, slot, block, fill, marks);
            }
            block.copy_to(target);
        }
        let from = distance(self.first, slot);
        stored_all(slot, &mut self.values[from..from + block.len()], marks)
    }

    /// What the chunk holds on the heap, in bytes.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.values.capacity() * size_of::<f32>()
    }

    /// Appends a block behind the last value, with NaN between.
    fn append(&mut self, slot: Slot, block: Block<'_>) {
        if self.is_empty() {
            self.first = slot;
        }
        let gap = distance(self.end(), slot);
        self.reserve(gap + block.len(), Room::Exact);
        self.values.resize(self.values.len() + gap, f32::NAN);
        block.append_to(&mut self.values);
    }

    /// Makes the values reach over all of `slots`, with NaN where nothing was held.
    fn cover(&mut self, slots: Range<Slot>, room: Room) {
        if self.is_empty() {
            self.first = slots.start;
        }
        debug_assert_eq!([window_of(slots.start), window_of(slots.end - 1)], [self.window(); 2]);
        let front = distance(slots.start, self.first);
        let back = distance(self.end(), slots.end);
        if front + back == 0 {
            return;
        }
        let held = self.values.len();
        self.reserve(front + back, room);
        self.values.resize(front + held + back, f32::NAN);
        if front > 0 {
            self.values.copy_within(..held, front);
            self.values[..front].fill(f32::NAN);
            self.first = slots.start;
        }
    }

    fn reserve(&mut self, additional: usize, room: Room) {
        let held = self.values.len();
        let needed = held + additional;
        if needed > self.values.capacity() {
            let wanted = match room {
                Room::Exact => needed,
                Room::ToGrow => needed.max(grown(held)).min(ROOM_MAX),
            };
            self.values.reserve_exact(wanted - held);
        }
    }
}

/// How much memory to take when there is too little.
#[derive(Clone, Copy)]
enum Room {
    /// No more than needed: blocks come seldom, and what is loaded may never grow.
    Exact,
    /// More than needed: samples come one by one.
    ToGrow,
}

/// The next size for `held` values: twice as many while they are few, then a quarter more, in whole steps.
fn grown(held: usize) -> usize {
    let more = if held < DOUBLING_MAX { held } else { held / 4 };
    (held + more).max(1).next_multiple_of(GROWTH_STEP)
}

/// What is to be done with values that were copied into empty slots.
pub(crate) fn stored_all(slot: Slot, values: &mut [f32], marks: Option<&mut Marks<'_>>) -> Placed {
    let new = count_samples_and_clean(values);
    if let Some(marks) = marks {
        marks.stored_all(slot, values);
    }
    Placed { new, met: 0 }
}

/// Counts the samples, and gives every NaN the same bits, so that what goes to disk does not depend on whence it came.
fn count_samples_and_clean(values: &mut [f32]) -> u64 {
    // Counted in the width of a value: this loop becomes a handful of vector instructions.
    let mut samples = 0_u32;
    for value in values {
        let missing = value.is_nan();
        *value = if missing { f32::NAN } else { *value };
        samples += u32::from(!missing);
    }
    u64::from(samples)
}

/// Stores a block where samples are held already.
fn merge(
    target: &mut [f32],
    slot: Slot,
    block: Block<'_>,
    fill: Fill,
    mut marks: Option<&mut Marks<'_>>,
) -> Placed {
    let mut placed = Placed::default();
    for ((slot, held), value) in (slot..).zip(target).zip(block.iter()) {
        if value.is_nan() {
            continue;
        }
        let is_new = held.is_nan();
        placed.new += u64::from(is_new);
        placed.met += u64::from(!is_new);
        if is_new || fill == Fill::Overwrite {
            *held = value;
            if let Some(marks) = &mut marks {
                marks.stored(slot);
            }
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranges::SlotRanges;

    const GAP: f32 = f32::NAN;

    fn chunk(first: Slot, values: &[f32]) -> Chunk {
        Chunk { first, values: values.to_vec() }
    }

    fn place(chunk: &mut Chunk, slot: Slot, values: &[f32], fill: Fill) -> Placed {
        chunk.place(slot, Block::Native(values), fill, None)
    }

    fn text(chunk: &Chunk) -> String {
        format!("{}: {:?}", chunk.first, chunk.values)
    }

    #[test]
    fn a_sample_before_the_first_moves_the_front() {
        let mut chunk = chunk(510, &[1.0, 2.0]);
        assert_eq!(chunk.set(507, 9.0), Stored::New);
        assert_eq!(text(&chunk), "507: [9.0, NaN, NaN, 1.0, 2.0]");
        assert_eq!(chunk.set(509, 8.0), Stored::New);
        assert_eq!(chunk.set(511, 7.0), Stored::Replaced);
        assert_eq!(text(&chunk), "507: [9.0, NaN, 8.0, 1.0, 7.0]");
    }

    #[test]
    fn a_chunk_ends_with_its_window() {
        let mut chunk = chunk(-2, &[1.0]);
        chunk.values.reserve(10);
        assert!(chunk.push_in_place(2.0));
        assert!(!chunk.push_in_place(3.0), "slot 0 is in the next window");
        assert_eq!((chunk.end(), chunk.window()), (0, -1));
    }

    #[test]
    fn appending_in_place_takes_no_memory() {
        let mut chunk = Chunk { first: 1, values: Vec::with_capacity(3) };
        let room = chunk.values.capacity();
        let taken = (0..room + 5).filter(|_| chunk.push_in_place(1.0)).count();
        assert_eq!((taken, chunk.values.capacity()), (room, room));
    }

    #[test]
    fn a_block_goes_before_behind_and_into_a_hole() {
        let mut chunk = Chunk::empty();
        assert_eq!(place(&mut chunk, 10, &[1.0, GAP, GAP, 4.0], Fill::EmptySlots), Placed { new: 2, met: 0 });
        assert_eq!(place(&mut chunk, 11, &[2.0, 3.0], Fill::EmptySlots), Placed { new: 2, met: 0 });
        assert_eq!(place(&mut chunk, 15, &[6.0], Fill::EmptySlots), Placed { new: 1, met: 0 });
        assert_eq!(place(&mut chunk, 7, &[-2.0, -1.0], Fill::EmptySlots), Placed { new: 2, met: 0 });
        assert_eq!(text(&chunk), "7: [-2.0, -1.0, NaN, 1.0, 2.0, 3.0, 4.0, NaN, 6.0]");
        assert_eq!(chunk.values.capacity(), chunk.values.len(), "blocks take no spare memory");
    }

    #[test]
    fn a_block_over_samples_keeps_or_replaces_them_and_nan_does_neither() {
        for (fill, expected) in [
            (Fill::EmptySlots, "4: [5.0, 1.0, 7.0, 3.0, 9.0]"),
            (Fill::Overwrite, "4: [5.0, 6.0, 7.0, 3.0, 9.0]"),
        ] {
            let mut chunk = chunk(5, &[1.0, GAP, 3.0]);
            let placed = place(&mut chunk, 4, &[5.0, 6.0, 7.0, GAP, 9.0], fill);
            assert_eq!((placed, text(&chunk).as_str()), (Placed { new: 3, met: 1 }, expected));
        }
    }

    #[test]
    fn only_stored_slots_are_marked() {
        for (fill, expected) in
            [(Fill::EmptySlots, vec![4..5, 6..7, 8..9]), (Fill::Overwrite, vec![4..7, 8..9])]
        {
            let mut chunk = chunk(5, &[1.0, GAP, 3.0, GAP, 5.0]);
            let mut dirty = SlotRanges::default();
            let mut marks = Marks::new(&mut dirty, Some(chunk.end()));
            chunk.place(4, Block::Native(&[5.0, 6.0, 7.0, GAP, 9.0]), fill, Some(&mut marks));
            assert_eq!(dirty.iter().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn every_nan_becomes_the_same() {
        let odd = f32::from_bits(0xFFC0_1234);
        let mut chunk = Chunk::empty();
        place(&mut chunk, 0, &[1.0, odd, 2.0], Fill::EmptySlots);
        place(&mut chunk, 10, &[1.0], Fill::EmptySlots);
        place(&mut chunk, 4, &[1.0, odd, 2.0], Fill::EmptySlots);
        let nan = chunk.values.iter().filter(|value| value.is_nan());
        assert!(nan.clone().all(|value| value.to_bits() == f32::NAN.to_bits()));
        assert_eq!(nan.count(), 6);
    }

    #[test]
    fn a_chunk_grows_seldom_and_wastes_little() {
        let mut chunk = Chunk::empty();
        let mut grown = 0;
        for slot in 0..512 {
            let before = chunk.values.capacity();
            chunk.set(slot, 1.0);
            let (held, capacity) = (chunk.values.len(), chunk.values.capacity());
            grown += usize::from(capacity != before);
            let spare_max = if held <= DOUBLING_MAX { held } else { held / 4 };
            assert!(capacity <= held + spare_max.next_multiple_of(GROWTH_STEP) && capacity <= ROOM_MAX);
        }
        assert!(grown <= 10, "grown {grown} times");
    }
}
