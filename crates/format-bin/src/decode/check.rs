//! Is a tree without checksums whole, and if not, how far can it be believed?
//!
//! A wrong count shifts everything behind it: values are taken for names, and the file seems to end too early. So a
//! tree is walked before anything of it is sent on. If the walk ends where the counts say, all of it is taken as it
//! is. If not, the file is cut or damaged, and what lies behind the first implausible column or level is not sent.

use treering_snapshot::DecodeError;

use super::tree::{COLUMN_COUNT, LEVEL_COUNT, LEVEL_NAME};
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

/// Walks over a tree; `None` if it is whole.
///
/// Memory: four bytes for each level that is open, of which each takes at least ten bytes of the file.
pub(super) fn check(root: Cursor<'_>) -> Option<Fault> {
    let mut check = Check { cursor: root, implausible: None };
    let error = check.levels().err()?;
    // The first implausible place comes before the one where the bytes ran out.
    check.implausible.or_else(|| Some(Fault { offset: check.cursor.offset(), error }))
}

struct Check<'a> {
    cursor: Cursor<'a>,
    implausible: Option<Fault>,
}

impl Check<'_> {
    fn levels(&mut self) -> Result<(), DecodeError> {
        let mut children_left = Vec::new();
        loop {
            self.columns()?;
            children_left.push(self.cursor.count(LEVEL_COUNT)?);
            while children_left.pop_if(|left| *left == 0).is_some() {}
            let Some(left) = children_left.last_mut() else {
                return Ok(());
            };
            *left -= 1;
            let offset = self.cursor.offset();
            if self.cursor.name(LEVEL_NAME)?.contains(&0) {
                self.doubt(offset, offset, "a level's name", || "one with a zero byte".to_owned());
            }
        }
    }

    fn columns(&mut self) -> Result<(), DecodeError> {
        let count = self.cursor.count(COLUMN_COUNT)?;
        let needed = u64::from(count) * wide(COLUMN_BYTES_MIN) + wide(size_of::<Count>());
        let count_is_possible = needed <= wide(self.cursor.rest().len());
        let mut before = self.cursor.offset();
        for _ in 0..count {
            let start = self.cursor;
            let record = Record::read(&mut self.cursor).inspect_err(|_| self.cursor = start)?;
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
