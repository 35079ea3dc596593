//! Which series a record is of: by its bytes for metric and path, which most records repeat.

use std::collections::HashMap;

use treering_level::SeriesIndex;

/// The series of one host's logs; `None` for one that no series can hold.
///
/// Records of one series come in the order in which its host sends them, again and again. So each series knows the one
/// that followed it last time: if it does again, one comparison takes the place of a hash.
#[derive(Default)]
pub(super) struct Known {
    numbers: HashMap<Box<[u8]>, u32>,
    /// The bytes of all series, one behind the other.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// The entry of the last record.
    last: u32,
}

struct Entry {
    bytes_at: usize,
    bytes_len: usize,
    series: Option<SeriesIndex>,
    /// The entry that followed last time.
    next: u32,
}

impl Known {
    /// The series that has these bytes, if it was put in.
    #[inline]
    pub(super) fn find(&mut self, bytes: &[u8]) -> Option<Option<SeriesIndex>> {
        let expected = self.entry(self.last)?.next;
        let entry = self.entry(expected)?;
        if &self.bytes[entry.bytes_at..][..entry.bytes_len] != bytes {
            return self.look_up(bytes);
        }
        let series = entry.series;
        self.last = expected;
        Some(series)
    }

    #[cold]
    fn look_up(&mut self, bytes: &[u8]) -> Option<Option<SeriesIndex>> {
        let number = *self.numbers.get(bytes)?;
        self.follow(number);
        self.entry(number).map(|entry| entry.series)
    }

    /// Puts in a series that was not found.
    pub(super) fn insert(&mut self, bytes: &[u8], series: Option<SeriesIndex>) {
        // No log has so many series: its names alone would be gigabytes.
        let number = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push(Entry { bytes_at: self.bytes.len(), bytes_len: bytes.len(), series, next: 0 });
        self.bytes.extend_from_slice(bytes);
        self.numbers.insert(bytes.into(), number);
        self.follow(number);
    }

    fn entry(&self, number: u32) -> Option<&Entry> {
        self.entries.get(number as usize)
    }

    /// Notes what came now behind what came last.
    fn follow(&mut self, number: u32) {
        if let Some(last) = self.entries.get_mut(self.last as usize) {
            last.next = number;
        }
        self.last = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use treering_level::{Aggregation, Limits, Metric, MetricTable, Tree};

    #[test]
    fn whatever_the_order_each_name_is_its_own_series() {
        let metric = Metric { interval_s: 60, aggregation: Aggregation::Sum };
        let tree: Tree<()> = Tree::new(MetricTable::taking_unknown(metric), Limits::default());
        let host = tree.host_or_insert_with("c", "h", || ()).unwrap();
        let names = ["a", "b", "ab", "", "ba", "c"];
        let series: Vec<_> = (0..names.len())
            .map(|number| host.lock().resolve(&[], &format!("m{number}")).ok().filter(|_| number != 3))
            .collect();
        let mut known = Known::default();
        let mut order: Vec<usize> = (0..names.len()).cycle().take(20).collect();
        order.extend([0, 0, 5, 5, 1, 2, 1, 2, 2, 0, 4, 3, 3, 0, 1]);
        for (step, number) in order.into_iter().enumerate() {
            let bytes = names[number].as_bytes();
            let found = known.find(bytes);
            assert_eq!(found, (step >= names.len()).then_some(series[number]), "step {step}");
            if found.is_none() {
                known.insert(bytes, series[number]);
            }
        }
    }
}
