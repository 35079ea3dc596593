//! The series of one host, packed, and the numbers they are known by.

use std::mem::size_of;

use treering_buffer::Ring;

use super::levels::LevelIndex;
use super::{at, make_room};
use crate::sync::Arc;

/// In the place of a series that is gone.
const GONE: u32 = u32::MAX;

/// Beside the place of a series that came from a file, as long as nobody has asked whether its names and its metric are fit
/// for new samples.
const UNASKED: u32 = 1 << 31;

/// The first allocation has room for so many series.
const ROOM_MIN: usize = 8;

/// The ring first, on cache lines of its own: a sample needs nothing else of its series.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Series {
    pub(crate) ring: Ring,
    pub(crate) metric: Arc<str>,
    pub(crate) level: LevelIndex,
    /// What it is known by.
    pub(crate) number: u32,
}

/// The series of a host. A number is never given to a second series; each one that is gone costs 4 bytes.
#[derive(Debug, Default)]
pub(crate) struct SeriesTable {
    /// By number: where the series is in `packed`, with [`UNASKED`].
    places: Vec<u32>,
    packed: Vec<Series>,
}

impl SeriesTable {
    pub(crate) fn count(&self) -> usize {
        self.packed.len()
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&Series> {
        self.packed.get(at(*self.places.get(at(number))? & !UNASKED))
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Series> {
        self.packed.get_mut(at(*self.places.get(at(number))? & !UNASKED))
    }

    /// Whether names and metric were found fit for new samples. What comes from files is not asked.
    #[inline]
    pub(crate) fn takes_samples(&self, number: u32) -> bool {
        self.places.get(at(number)).is_some_and(|place| place & UNASKED == 0)
    }

    /// They were found fit.
    pub(crate) fn take_samples(&mut self, number: u32) {
        if let Some(place) = self.places.get_mut(at(number)).filter(|place| **place != GONE) {
            *place &= !UNASKED;
        }
    }

    /// The name of the metric; empty if the series is gone.
    pub(crate) fn metric(&self, number: u32) -> &str {
        self.get(number).map_or("", |series| &series.metric)
    }

    /// The number that the next series gets; `None` when all were given out.
    pub(crate) fn next_number(&self) -> Option<u32> {
        u32::try_from(self.places.len()).ok().filter(|number| *number < UNASKED - 1)
    }

    /// Puts in a series whose number is [`SeriesTable::next_number`], and of which nobody has asked yet.
    pub(crate) fn push(&mut self, series: Series) {
        debug_assert_eq!(Some(series.number), self.next_number());
        make_room(&mut self.packed, ROOM_MIN);
        make_room(&mut self.places, ROOM_MIN);
        // There are never more series than numbers, and those fit.
        self.places.push(u32::try_from(self.packed.len()).map_or(GONE, |place| place | UNASKED));
        self.packed.push(series);
    }

    /// All series, in no order that means anything.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Series> {
        self.packed.iter_mut()
    }

    /// Takes out the series without a sample, but for those whose number `stays`; returns their metrics.
    pub(crate) fn take_empty(&mut self, stays: impl Fn(u32) -> bool) -> Vec<Arc<str>> {
        let mut taken = Vec::new();
        let mut place = 0;
        while let Some(series) = self.packed.get(place) {
            if !series.ring.is_empty() || stays(series.number) {
                place += 1;
                continue;
            }
            let series = self.packed.swap_remove(place);
            self.places[at(series.number)] = GONE;
            if let Some(moved) = self.packed.get(place) {
                let unasked = self.places[at(moved.number)] & UNASKED;
                self.places[at(moved.number)] = u32::try_from(place).map_or(GONE, |place| place | unasked);
            }
            taken.push(series.metric);
        }
        if self.packed.capacity() > ROOM_MIN.max(2 * self.packed.len()) {
            self.packed.shrink_to_fit();
        }
        taken
    }

    /// Bytes on the heap; the metrics' names belong to the pool.
    pub(crate) fn heap_bytes(&self) -> usize {
        let rings: usize =
            self.packed.iter().map(|series| series.ring.memory_bytes() - size_of::<Ring>()).sum();
        self.places.capacity() * size_of::<u32>() + self.packed.capacity() * size_of::<Series>() + rings
    }
}
