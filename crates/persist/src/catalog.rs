//! What lies in a host's directory, as far as the next checkpoint has to know it.

use std::collections::BTreeSet;

use treering_level::SeriesIndex;

/// One host's files.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    /// Sound snapshots in ascending order.
    pub(crate) snapshots: Vec<SnapshotFile>,
    /// Sealed segments with damage in them, to be set aside instead of dropped.
    pub(crate) damaged_logs: BTreeSet<u64>,
    /// The generation of the `current.wal` that was found, which is sealed under another name.
    pub(crate) found_current: Option<u64>,
    /// Damaged snapshots, to be set aside when what was sound in them is safe.
    pub(crate) damaged: Vec<String>,
    /// Snapshots that were never finished, to be removed with the next checkpoint.
    pub(crate) temporaries: Vec<String>,
    /// The highest number in a snapshot's name, damaged and foreign ones counted in, and that name.
    pub(crate) highest: Option<(i64, String)>,
    /// The lowest one, in the same way.
    pub(crate) lowest: Option<i64>,
    /// Sealed log segments that are still there.
    pub(crate) sealed: BTreeSet<u64>,
    /// All segments up to this generation are in snapshots.
    pub(crate) covers: u64,
    /// The oldest segment that could not be read: neither it nor a later one is covered by any snapshot.
    pub(crate) unread_from: Option<u64>,
    /// The oldest segment with records that no series can hold: neither it nor a later one is dropped. All else that is in
    /// it is in memory, so that snapshots may cover it.
    pub(crate) unplaced_from: Option<u64>,
    /// A snapshot could not be read: nobody knows what it holds.
    pub(crate) unread_snapshot: bool,
    /// The sync that should have made it durable that damaged snapshots were set aside has failed: they may come back.
    pub(crate) damaged_may_return: bool,
    /// Wall clock at this host's checkpoint before.
    pub(crate) checkpointed_s: Option<i64>,
    /// By series number: the series' newest column on disk.
    floors: Vec<Option<Floor>>,
}

/// The newest column of a series on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Floor {
    start_s: i64,
    /// Of the file that holds it.
    stem: i64,
}

/// A sound snapshot on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SnapshotFile {
    pub(crate) stem: i64,
    pub(crate) name: String,
    /// Index of its format in the store's list.
    pub(crate) format: usize,
    /// Time behind the last value that it holds.
    pub(crate) end_s: i64,
}

impl Catalog {
    /// Before this time a new column of the series must not begin.
    pub(crate) fn floor_s(&self, series: SeriesIndex) -> Option<i64> {
        self.floors.get(number(series)).copied().flatten().map(|floor| floor.start_s)
    }

    /// Whether a snapshot may hold a column of the series.
    pub(crate) fn may_hold(&self, series: SeriesIndex) -> bool {
        let oldest = self.snapshots.first().map(|file| file.stem);
        let newest = self.floors.get(number(series)).copied().flatten().map(|floor| floor.stem);
        newest.is_some_and(|newest| oldest.is_some_and(|oldest| oldest <= newest))
    }

    /// Notes where the newest column of a series begins, and in which file.
    pub(crate) fn set_floor(&mut self, series: SeriesIndex, start_s: i64, stem: i64) {
        let number = number(series);
        if self.floors.len() <= number {
            self.floors.resize(number + 1, None);
        }
        self.floors[number] = Some(Floor { start_s, stem });
    }

    /// The same, for files that are met from the newest to the oldest.
    pub(crate) fn set_floor_if_none(&mut self, series: SeriesIndex, start_s: i64, stem: i64) {
        if self.floor_s(series).is_none() {
            self.set_floor(series, start_s, stem);
        }
    }

    pub(crate) fn saw_stem(&mut self, stem: i64, name: &str) {
        self.lowest = Some(self.lowest.map_or(stem, |lowest| lowest.min(stem)));
        if self.highest.as_ref().is_none_or(|(highest, _)| *highest < stem) {
            self.highest = Some((stem, name.to_owned()));
        }
    }

    /// Puts a new snapshot in its place.
    pub(crate) fn insert_snapshot(&mut self, snapshot: SnapshotFile) {
        let at = self.snapshots.partition_point(|other| other.stem < snapshot.stem);
        self.snapshots.insert(at, snapshot);
    }

    /// Whether no snapshot may cover the log: while a damaged one lies among the others, it may come before the one that gets
    /// what was written over its samples. The log is what overwrites both, until the damaged one is set aside for good.
    pub(crate) fn holds_log_back(&self) -> bool {
        !self.damaged.is_empty() || self.damaged_may_return
    }

    /// The segments that a snapshot which covers up to `covers` makes superfluous, in ascending order.
    pub(crate) fn droppable(&self) -> Vec<u64> {
        let kept_from = [self.unread_from, self.unplaced_from].into_iter().flatten().min();
        let end = kept_from.unwrap_or(u64::MAX).min(self.covers.saturating_add(1));
        self.sealed.range(..end).copied().collect()
    }
}

fn number(series: SeriesIndex) -> usize {
    usize::try_from(series.number()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_that_was_not_read_or_not_held_keeps_all_from_it_on() {
        let mut catalog = Catalog { sealed: BTreeSet::from([1, 2, 3, 4]), covers: 3, ..Catalog::default() };
        assert_eq!(catalog.droppable(), [1, 2, 3]);
        catalog.unread_from = Some(3);
        assert_eq!(catalog.droppable(), [1, 2]);
        catalog.unplaced_from = Some(2);
        assert_eq!(catalog.droppable(), [1]);
        catalog.unread_from = None;
        assert_eq!(catalog.droppable(), [1]);
    }
}
