//! The chunks of a series: the sealed ones, shared, and the newest, which is open.

use std::ops::Range;

use smallvec::SmallVec;

use crate::chunk::{Chunk, Fill, Placed, Stored, stored_all};
use crate::grid::Slot;
use crate::ranges::{Marks, SlotRanges};
use crate::run::Run;
use crate::sealed::Sealed;
use crate::values::Block;
use crate::window::{CHUNK_SLOTS, window_of};

/// Sealed chunks in ascending order. So many cost no allocation of their own.
pub(crate) type Pieces = SmallVec<[Sealed; 4]>;

/// Chunks in ascending order, at most one per window.
///
/// The newest is owned, so that appending to it touches no counter; the others are shared with frozen columns.
/// Invariant: the open chunk is empty only if there is no other.
#[derive(Debug)]
pub(crate) struct Chunks {
    open: Chunk,
    /// In a box of its own, so that what each sample needs of its series is one cache line.
    aside: Option<Box<Aside>>,
}

/// What hardly a sample needs.
#[derive(Debug, Default)]
struct Aside {
    sealed: Pieces,
    /// What is dirty apart from the newest slots. It is the ring's, and only kept here.
    dirty: SlotRanges,
}

/// Where the chunk of a window is.
enum Place {
    /// It is the newest.
    Open,
    /// It is the sealed one of this number.
    Sealed(usize),
    /// There is none yet; it would be the sealed one of this number.
    Missing(usize),
}

impl Chunks {
    pub(crate) const fn new() -> Self {
        Self { open: Chunk::empty(), aside: None }
    }

    /// From the first slot that holds a sample to behind the last; `None` if there is none.
    pub(crate) fn span(&self) -> Option<Range<Slot>> {
        let first = self.sealed().first().map_or(self.open.first(), |chunk| chunk.run().first);
        (!self.open.is_empty()).then(|| first..self.open.end())
    }

    /// The slot behind the last sample; `None` if there is none.
    pub(crate) fn end(&self) -> Option<Slot> {
        (!self.open.is_empty()).then(|| self.open.end())
    }

    /// The newest chunk; it is empty if there are no samples.
    #[inline]
    pub(crate) fn open(&self) -> &Chunk {
        &self.open
    }

    /// Appends to the newest chunk, if that needs neither a new one nor more memory.
    #[inline]
    pub(crate) fn push_in_place(&mut self, value: f32) -> bool {
        self.open.push_in_place(value)
    }

    /// The sample in a slot.
    pub(crate) fn get(&self, slot: Slot) -> Option<f32> {
        let window = window_of(slot);
        if window == self.open.window() {
            return self.open.run().get(slot);
        }
        let at = self.search(window).ok()?;
        self.sealed().get(at)?.run().get(slot)
    }

    /// Stores a sample.
    pub(crate) fn set(&mut self, slot: Slot, value: f32) -> Stored {
        match self.place_for(slot) {
            Place::Open => self.open.set(slot, value),
            Place::Sealed(at) => self.aside().sealed[at].set(slot, value),
            Place::Missing(at) => {
                self.aside().sealed.insert(at, Sealed::of(Run { first: slot, values: &[value] }));
                Stored::New
            }
        }
    }

    /// Stores a block of values that begins and ends with a sample and lies in one window.
    pub(crate) fn place(
        &mut self,
        slot: Slot,
        block: Block<'_>,
        fill: Fill,
        marks: Option<&mut Marks<'_>>,
    ) -> Placed {
        match self.place_for(slot) {
            Place::Open => self.open.place(slot, block, fill, marks),
            Place::Sealed(at) => self.aside().sealed[at].edit(|chunk| chunk.place(slot, block, fill, marks)),
            Place::Missing(at) => {
                let mut chunk = Chunk::empty();
                let placed = chunk.place(slot, block, fill, marks);
                self.aside().sealed.insert(at, Sealed::of(chunk.run()));
                placed
            }
        }
    }

    /// Whether a slot is in a later window than all that is held.
    pub(crate) fn is_behind_all(&self, slot: Slot) -> bool {
        self.open.is_empty() || window_of(slot) > self.open.window()
    }

    /// [`Chunks::place`] for a block that is behind all that is held, if the caller is to store one in a later window at
    /// once: it never was the newest, and takes no memory that would be given back when it is sealed.
    pub(crate) fn place_sealed(
        &mut self,
        slot: Slot,
        block: Block<'_>,
        marks: Option<&mut Marks<'_>>,
    ) -> Placed {
        let mut values = [0.0; CHUNK_SLOTS];
        let values = &mut values[..block.len()];
        block.copy_to(values);
        let placed = stored_all(slot, values, marks);
        if !self.open.is_empty() {
            self.seal();
        }
        self.aside().sealed.push(Sealed::of(Run { first: slot, values }));
        placed
    }

    /// The values of the chunks that have slots in `range`, in ascending order. The outer ones may reach beyond it.
    pub(crate) fn within(&self, range: &Range<Slot>) -> impl DoubleEndedIterator<Item = Run<'_>> + Clone {
        let open = Some(self.open.run()).filter(|run| run.is_in(range));
        self.sealed_within(range).iter().map(Sealed::run).chain(open)
    }

    /// The chunks of `slots`, which begins and ends with a sample: shared, but for the open one, which is copied.
    pub(crate) fn share(&self, slots: &Range<Slot>) -> Pieces {
        let open = Some(self.open.run()).filter(|run| run.is_in(slots));
        let mut shared: Pieces = self.sealed_within(slots).into();
        shared.extend(open.map(|run| Sealed::of(run.within(slots))));
        shared
    }

    /// Whether a chunk ends before a slot.
    pub(crate) fn has_before(&self, slot: Slot) -> bool {
        let oldest = self.sealed().first().map_or(self.open.run(), Sealed::run);
        !oldest.values.is_empty() && oldest.end() <= slot
    }

    /// Drops the chunks that have no sample from `slot` on, and counts the dropped samples.
    pub(crate) fn free_before(&mut self, slot: Slot) -> u64 {
        let mut samples = 0;
        if let Some(aside) = &mut self.aside {
            let old = aside.sealed.partition_point(|chunk| chunk.run().end() <= slot);
            samples = aside.sealed.drain(..old).map(|chunk| chunk.run().samples()).sum();
            self.put_away();
        }
        if !self.open.is_empty() && self.open.end() <= slot {
            samples += self.open.run().samples();
            // Every older chunk went before it: nothing is left, and nothing is to stay allocated.
            *self = Self::new();
        }
        samples
    }

    /// What the chunks hold on the heap, in bytes.
    pub(crate) fn heap_bytes(&self) -> usize {
        let Some(aside) = &self.aside else { return self.open.heap_bytes() };
        self.open.heap_bytes()
            + size_of::<Aside>()
            + if aside.sealed.spilled() { aside.sealed.capacity() * size_of::<Sealed>() } else { 0 }
            + aside.sealed.iter().map(Sealed::heap_bytes).sum::<usize>()
            + aside.dirty.heap_bytes()
    }

    /// What was put aside as dirty.
    pub(crate) fn dirty(&self) -> Option<&SlotRanges> {
        self.aside.as_ref().map(|aside| &aside.dirty)
    }

    /// Takes what was put aside as dirty.
    pub(crate) fn take_dirty(&mut self) -> SlotRanges {
        let Some(aside) = &mut self.aside else { return SlotRanges::new() };
        let dirty = std::mem::take(&mut aside.dirty);
        self.put_away();
        dirty
    }

    /// Puts aside what is dirty, in the place of what was there.
    pub(crate) fn put_dirty(&mut self, dirty: SlotRanges) {
        if !dirty.is_empty() {
            self.aside().dirty = dirty;
        }
    }

    fn sealed(&self) -> &[Sealed] {
        self.aside.as_ref().map_or(&[], |aside| &aside.sealed)
    }

    fn aside(&mut self) -> &mut Aside {
        self.aside.get_or_insert_default()
    }

    /// Gives the box back when there is nothing in it.
    fn put_away(&mut self) {
        self.aside.take_if(|aside| aside.sealed.is_empty() && aside.dirty.is_empty());
    }

    fn sealed_within(&self, range: &Range<Slot>) -> &[Sealed] {
        let sealed = self.sealed();
        let from = sealed.partition_point(|chunk| chunk.run().end() <= range.start);
        let to = sealed.partition_point(|chunk| chunk.run().first < range.end);
        &sealed[from..to.max(from)]
    }

    /// Where the chunk of a slot is. If the slot lies behind the newest chunk's window, that is sealed, and an empty one is
    /// the newest: the caller stores a sample in it at once.
    fn place_for(&mut self, slot: Slot) -> Place {
        let window = window_of(slot);
        if self.open.is_empty() || window == self.open.window() {
            return Place::Open;
        }
        if window > self.open.window() {
            self.seal();
            return Place::Open;
        }
        self.search(window).map_or_else(Place::Missing, Place::Sealed)
    }

    fn seal(&mut self) {
        let sealed = Sealed::of(self.open.run());
        self.open = Chunk::empty();
        self.aside().sealed.push(sealed);
    }

    /// Where the sealed chunk of a window is, or else belongs.
    fn search(&self, window: Slot) -> Result<usize, usize> {
        self.sealed().binary_search_by_key(&window, |chunk| window_of(chunk.run().first))
    }
}

/// From the first to behind the last sample in `range`, of the chunks that have slots in it.
pub(crate) fn trimmed<'a>(
    mut chunks: impl DoubleEndedIterator<Item = Run<'a>>,
    range: &Range<Slot>,
) -> Option<Range<Slot>> {
    // Every chunk begins and ends with a sample, so all but an only one have a sample in the range.
    let first = chunks.next()?.trimmed(range);
    let last = chunks.next_back().and_then(|chunk| chunk.trimmed(range));
    match (first, last) {
        (Some(first), Some(last)) => Some(first.start..last.end),
        (first, last) => first.or(last),
    }
}
