//! The chunks of a series: the sealed ones, shared, and the newest, which is open.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use crate::chunk::Chunk;
use crate::grid::Slot;
use crate::ranges::SlotRanges;
use crate::window::window_of;

/// What an `Arc` puts before its content: two counters.
const ARC_HEADER_BYTES: usize = 2 * size_of::<usize>();

/// No chunks.
static NONE: VecDeque<Arc<Chunk>> = VecDeque::new();

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
    sealed: VecDeque<Arc<Chunk>>,
    /// What is dirty apart from the newest slots. It is the ring's, and only kept here.
    dirty: SlotRanges,
}

impl Chunks {
    pub(crate) const fn new() -> Self {
        Self { open: Chunk::empty(), aside: None }
    }

    /// From the first slot that holds a sample to behind the last; `None` if there is none.
    pub(crate) fn span(&self) -> Option<Range<Slot>> {
        let first = self.sealed().front().map_or(self.open.first(), |chunk| chunk.first());
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
            return self.open.get(slot);
        }
        let at = self.search(window).ok()?;
        self.sealed().get(at)?.get(slot)
    }

    /// The chunk whose window the slot lies in, made if there is none. The caller stores a sample in it at once.
    pub(crate) fn for_slot(&mut self, slot: Slot) -> &mut Chunk {
        let window = window_of(slot);
        if self.open.is_empty() || window == self.open.window() {
            return &mut self.open;
        }
        if window > self.open.window() {
            let mut sealed = std::mem::replace(&mut self.open, Chunk::empty());
            sealed.shrink();
            self.aside().sealed.push_back(Arc::new(sealed));
            return &mut self.open;
        }
        let found = self.search(window);
        let sealed = &mut self.aside().sealed;
        let at = found.unwrap_or_else(|at| {
            sealed.insert(at, Arc::new(Chunk::empty()));
            at
        });
        // A frozen column may hold the chunk: it keeps what it has, and the series goes on with a copy.
        Arc::make_mut(&mut sealed[at])
    }

    /// The chunks that have slots in `range`, in ascending order. The outer ones may reach beyond it.
    pub(crate) fn within(&self, range: &Range<Slot>) -> impl DoubleEndedIterator<Item = &Chunk> + Clone {
        let open = Some(&self.open).filter(|chunk| is_in(chunk, range));
        self.sealed_within(range).map(|chunk| &**chunk).chain(open)
    }

    /// The chunks of `slots`, which begins and ends with a sample: shared, but for the open one, which is copied.
    pub(crate) fn share(&self, slots: &Range<Slot>) -> Vec<Arc<Chunk>> {
        let open = Some(&self.open).filter(|chunk| is_in(chunk, slots));
        let sealed = self.sealed_within(slots);
        let mut shared = Vec::with_capacity(sealed.len() + usize::from(open.is_some()));
        shared.extend(sealed.cloned());
        shared.extend(open.map(|chunk| Arc::new(chunk.copy_of(slots))));
        shared
    }

    /// Drops the chunks that have no sample from `slot` on, and counts the dropped samples.
    pub(crate) fn free_before(&mut self, slot: Slot) -> u64 {
        let mut samples = 0;
        if let Some(aside) = &mut self.aside {
            while let Some(chunk) = aside.sealed.pop_front_if(|chunk| chunk.end() <= slot) {
                samples += chunk.samples();
            }
            self.put_away();
        }
        if !self.open.is_empty() && self.open.end() <= slot {
            samples += self.open.samples();
            // Every older chunk went before it: nothing is left, and nothing is to stay allocated.
            *self = Self::new();
        }
        samples
    }

    /// What the chunks hold on the heap, in bytes.
    pub(crate) fn heap_bytes(&self) -> usize {
        let Some(aside) = &self.aside else { return self.open.heap_bytes() };
        let sealed =
            aside.sealed.iter().map(|chunk| ARC_HEADER_BYTES + size_of::<Chunk>() + chunk.heap_bytes());
        self.open.heap_bytes()
            + size_of::<Aside>()
            + aside.sealed.capacity() * size_of::<Arc<Chunk>>()
            + sealed.sum::<usize>()
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

    fn sealed(&self) -> &VecDeque<Arc<Chunk>> {
        self.aside.as_ref().map_or(&NONE, |aside| &aside.sealed)
    }

    fn aside(&mut self) -> &mut Aside {
        self.aside.get_or_insert_default()
    }

    /// Gives the box back when there is nothing in it.
    fn put_away(&mut self) {
        self.aside.take_if(|aside| aside.sealed.is_empty() && aside.dirty.is_empty());
    }

    fn sealed_within(
        &self,
        range: &Range<Slot>,
    ) -> impl DoubleEndedIterator<Item = &Arc<Chunk>> + ExactSizeIterator + Clone {
        let sealed = self.sealed();
        let from = sealed.partition_point(|chunk| chunk.end() <= range.start);
        let to = sealed.partition_point(|chunk| chunk.first() < range.end);
        sealed.range(from..to.max(from))
    }

    /// Where the sealed chunk of a window is, or else belongs.
    fn search(&self, window: Slot) -> Result<usize, usize> {
        self.sealed().binary_search_by_key(&window, |chunk| chunk.window())
    }
}

/// Whether a chunk has slots in a range.
fn is_in(chunk: &Chunk, range: &Range<Slot>) -> bool {
    chunk.first() < range.end && chunk.end() > range.start
}

/// From the first to behind the last sample in `range`, of the chunks that have slots in it.
pub(crate) fn trimmed<'a>(
    mut chunks: impl DoubleEndedIterator<Item = &'a Chunk>,
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
