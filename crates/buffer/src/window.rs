//! Windows: which slots share a chunk.

use crate::grid::{Slot, distance};

/// Slots in a chunk's window. Windows lie side by side from slot 0 in both directions.
pub const CHUNK_SLOTS: usize = 512;

/// `CHUNK_SLOTS` for slot arithmetic.
const WINDOW_SLOTS: Slot = 512;
const _: () = assert!(CHUNK_SLOTS as u64 == WINDOW_SLOTS.unsigned_abs());

/// The number of the window that a slot lies in.
pub(crate) fn window_of(slot: Slot) -> Slot {
    slot.div_euclid(WINDOW_SLOTS)
}

/// Whether a window begins with the slot.
pub(crate) fn is_window_start(slot: Slot) -> bool {
    slot % WINDOW_SLOTS == 0
}

/// How many slots there are from a slot, itself counted in, to the end of its window.
pub(crate) fn left_in_window(slot: Slot) -> usize {
    distance(slot.rem_euclid(WINDOW_SLOTS), WINDOW_SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_lie_side_by_side_across_zero() {
        let slots = [-513, -512, -1, 0, 511, 512];
        assert_eq!(slots.map(window_of), [-2, -1, -1, 0, 0, 1]);
        assert_eq!(slots.map(left_in_window), [1, 512, 1, 512, 1, 512]);
        assert_eq!(slots.map(is_window_start), [false, true, false, true, false, true]);
    }
}
