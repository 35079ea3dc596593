//! A sealed chunk: one that is not appended to any more, and may be shared.

use triomphe::{Arc, ThinArc};

use crate::chunk::{Chunk, Stored};
use crate::grid::{Slot, distance};
use crate::run::Run;

/// What stands before the values: a counter, the first slot, and the length.
pub(crate) const HEADER_BYTES: usize = 3 * size_of::<u64>();

/// The values of one window from the first sample in it to the last, with all that is known of them in one allocation:
/// a series holds one pointer for it, and whoever comes for the values has waited for memory once.
///
/// Frozen columns share it. Whoever changes a shared one goes on with a copy.
#[derive(Clone, Debug)]
pub(crate) struct Sealed(ThinArc<Slot, f32>);

impl Sealed {
    /// A copy of values that begin and end with a sample.
    pub(crate) fn of(run: Run<'_>) -> Self {
        Self(ThinArc::from_header_and_slice(run.first, run.values))
    }

    /// Its values.
    pub(crate) fn run(&self) -> Run<'_> {
        Run { first: self.0.header.header, values: &self.0.slice }
    }

    /// Stores a sample. The slot lies in the chunk's window.
    pub(crate) fn set(&mut self, slot: Slot, value: f32) -> Stored {
        let Run { first, values } = self.run();
        let at = distance(first, slot);
        if slot < first || at >= values.len() {
            return self.edit(|chunk| chunk.set(slot, value));
        }
        let stored = if values[at].is_nan() { Stored::New } else { Stored::Replaced };
        let is_set = self.0.with_arc_mut(|shared| match Arc::get_mut(shared) {
            Some(own) => {
                own.slice_mut()[at] = value;
                true
            }
            None => false,
        });
        if is_set { stored } else { self.edit(|chunk| chunk.set(slot, value)) }
    }

    /// Changes what it holds, by way of a copy.
    pub(crate) fn edit<R>(&mut self, change: impl FnOnce(&mut Chunk) -> R) -> R {
        let mut chunk = Chunk::of(self.run());
        let result = change(&mut chunk);
        *self = Self::of(chunk.run());
        result
    }

    /// What it holds on the heap, in bytes.
    pub(crate) fn heap_bytes(&self) -> usize {
        (HEADER_BYTES + size_of_val(self.run().values)).next_multiple_of(align_of::<u64>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> Sealed {
        Sealed::of(Run { first: 5, values: &[1.0, f32::NAN, 3.0] })
    }

    fn text(sealed: &Sealed) -> String {
        format!("{}: {:?}", sealed.run().first, sealed.run().values)
    }

    #[test]
    fn a_sample_within_is_stored_in_place_unless_the_chunk_is_shared() {
        let mut sealed = sealed();
        let place = sealed.run().values.as_ptr();
        assert_eq!((sealed.set(6, 2.0), sealed.set(7, 9.0)), (Stored::New, Stored::Replaced));
        assert_eq!(sealed.run().values.as_ptr(), place);
        let shared = sealed.clone();
        assert_eq!((sealed.set(5, 8.0), sealed.set(6, 8.0)), (Stored::Replaced, Stored::Replaced));
        assert_eq!(text(&sealed), "5: [8.0, 8.0, 9.0]");
        assert_eq!(text(&shared), "5: [1.0, 2.0, 9.0]");
    }

    #[test]
    fn a_sample_before_or_behind_all_others_makes_it_longer() {
        let mut sealed = sealed();
        let shared = sealed.clone();
        assert_eq!((sealed.set(9, 5.0), sealed.set(3, 0.0)), (Stored::New, Stored::New));
        assert_eq!(text(&sealed), "3: [0.0, NaN, 1.0, NaN, 3.0, NaN, 5.0]");
        assert_eq!(text(&shared), "5: [1.0, NaN, 3.0]");
        assert_eq!((sealed.heap_bytes(), shared.heap_bytes()), (56, 40));
    }
}
