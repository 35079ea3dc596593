//! Is a tree without checksums whole, and if not, how far can it be believed?
//!
//! A wrong count shifts everything behind it: values are taken for names, and the file seems to end too early. So a
//! tree is walked before anything of it is sent on. If the walk ends where the counts say, all of it is taken as it
//! is. If not, the file is cut or damaged, and what lies behind the first implausible column or level is not sent.

use treering_snapshot::DecodeError;

use super::tree::{COLUMN_COUNT, LEVEL_COUNT, LEVEL_NAME};
use super::twice::Ascending;
use crate::column::{COLUMN_BYTES_MIN, Record};
use crate::cursor::{Cursor, wide};
use crate::format::Count;

/// Beyond +-2^53 seconds no time is meant.
const PLAUSIBLE_TIME_MAX_S: u64 = 1 << 53;

/// From where on a tree is not to be sent, and why.
pub(super) struct Fault {
    pub(super) offset: u64,
    pub(super) error: DecodeError,
}

/// What a walk over a tree has found.
pub(super) struct Checked {
    /// `None` if the tree is whole.
    pub(super) fault: Option<Fault>,
    /// Some name may come twice within its level.
    pub(super) doubtful: bool,
    pub(super) column_count: usize,
    pub(super) level_count: usize,
}

/// Walks over a tree. Of levels deeper than `depth_max`, which nobody is sent, the names are not compared.
///
/// Memory: four bytes for each level that is open, of which each takes at least ten bytes of the file.
pub(super) fn check(root: Cursor<'_>, depth_max: usize) -> Checked {
    let mut check =
        Check { cursor: root, implausible: None, doubtful: false, column_count: 0, level_count: 0 };
    let error = check.levels(depth_max).err();
    let Check { cursor, implausible, doubtful, column_count, level_count } = check;
    // The first implausible place comes before the one where the bytes ran out.
    let fault = error.map(|error| implausible.unwrap_or(Fault { offset: cursor.offset(), error }));
    Checked { fault, doubtful, column_count, level_count }
}

struct Check<'a> {
    cursor: Cursor<'a>,
    implausible: Option<Fault>,
    doubtful: bool,
    column_count: usize,
    level_count: usize,
}

impl Check<'_> {
    fn levels(&mut self, depth_max: usize) -> Result<(), DecodeError> {
        let mut children_left = Vec::new();
        // For each open level, as deep as anything is sent.
        let mut names: Vec<Ascending<'_>> = Vec::new();
        loop {
            self.columns()?;
            children_left.push(self.cursor.count(LEVEL_COUNT)?);
            names.resize(children_left.len().min(depth_max), Ascending::default());
            while children_left.pop_if(|left| *left == 0).is_some() {}
            names.truncate(children_left.len());
            let Some(left) = children_left.last_mut() else {
                return Ok(());
            };
            *left -= 1;
            let offset = self.cursor.offset();
            let name = self.cursor.name(LEVEL_NAME)?;
            self.level_count += 1;
            if let Some(names) = names.get_mut(children_left.len() - 1) {
                self.doubtful |= !names.next(name);
            }
            if name.contains(&0) {
                self.doubt(offset, offset, "a level's name", || "one with a zero byte".to_owned());
            }
        }
    }

    fn columns(&mut self) -> Result<(), DecodeError> {
        let count = self.cursor.count(COLUMN_COUNT)?;
        let needed = u64::from(count) * wide(COLUMN_BYTES_MIN) + wide(size_of::<Count>());
        let count_is_possible = needed <= wide(self.cursor.rest().len());
        let mut before = self.cursor.offset();
        let mut names = Ascending::default();
        for _ in 0..count {
            let start = self.cursor;
            let record = Record::read(&mut self.cursor).inspect_err(|_| self.cursor = start)?;
            self.column_count += 1;
            self.doubtful |= !names.next(record.name);
            if !plausible(&record) {
                // Either there are fewer columns than announced, or the column before has not as many values as
                // it says: then it holds what is not its own.
                let end = if count_is_possible { before } else { start.offset() };
                let found =
                    || format!("one of interval {} and start {}", record.interval_s(), record.start_s());
                self.doubt(end, start.offset(), "a column", found);
            }
            before = start.offset();
        }
        Ok(())
    }

    fn doubt(&mut self, end: u64, offset: u64, expected: &'static str, found: impl Fn() -> String) {
        self.implausible.get_or_insert_with(|| Fault {
            offset: end,
            error: DecodeError::Malformed { offset, expected, found: found() },
        });
    }
}

/// No sound column of a store is otherwise; values that are taken for a column nearly always are.
fn plausible(record: &Record<'_>) -> bool {
    let interval = 1..=i64::from(u32::MAX);
    !record.name.is_empty()
        && !record.name.contains(&0)
        && interval.contains(&record.interval_s())
        && record.start_s().unsigned_abs() <= PLAUSIBLE_TIME_MAX_S
}
