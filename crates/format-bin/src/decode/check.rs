//! Is a tree without checksums whole, and if not, how far can it be believed?
//!
//! A wrong count shifts everything behind it: values are taken for names, and the file seems to end too early, or
//! sooner than it does. So a tree is walked before anything of it is sent on. If the walk ends with the file, all of it
//! is taken as it is. If not, the file is cut or damaged, and what lies behind the first implausible column or level is
//! not sent.

use treering_snapshot::DecodeError;
use zerocopy::FromBytes;

use super::behind;
use super::tree::{COLUMN_COUNT, LEVEL_COUNT, LEVEL_NAME};
use super::twice::Ascending;
use crate::column::{COLUMN_BYTES_MIN, Record};
use crate::cursor::{Cursor, wide};
use crate::format::{ColumnHead, Count, NameLen};
use crate::trailer;

/// Beyond +-2^53 seconds no time is meant.
const PLAUSIBLE_TIME_MAX_S: u64 = 1 << 53;

/// A longer name than this in bytes, of which not even all is there, is none.
const PLAUSIBLE_NAME_MAX: u16 = 1024;

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
/// If `has_trailer`, a trailer is known to lie behind the tree, and nothing is looked for there.
///
/// Memory: four bytes for each level that is open, of which each takes at least ten bytes of the file.
pub(super) fn check(root: Cursor<'_>, depth_max: usize, has_trailer: bool) -> Checked {
    let mut check = Check::new(root, depth_max);
    let end = check.level();
    let offset = check.cursor.offset();
    let fault = match end {
        // The first implausible place comes before the one where the bytes ran out.
        Err(error) => Some(Fault { offset, error }),
        // Counts that lead to the file's end, or to a trailer, are right.
        Ok(()) if check.ends_well() => return check.checked(None),
        // What the reference takes for foreign bytes are levels if a count is too small.
        Ok(()) if Check::new(check.cursor, 0).fills_with_levels() => {
            let (expected, found) = ("the end of the tree", "another level".to_owned());
            Some(Fault { offset, error: DecodeError::Malformed { offset, expected, found } })
        }
        Ok(()) if has_trailer => None,
        Ok(()) => behind::column(check.cursor).map(|at| {
            // Zeros that end a tree may begin in the values of its last column.
            let zeros = check.cursor.rest().starts_with(&[0]);
            check.believed_to = check.last_column.filter(|_| zeros);
            let (expected, found) = ("the end of all columns", format!("another one at byte {at}"));
            Fault { offset, error: DecodeError::Malformed { offset, expected, found } }
        }),
    };
    let fault = match check.implausible.take() {
        Some(implausible) => Some(implausible),
        None => fault.map(|fault| Fault { offset: check.believed_to.unwrap_or(fault.offset), ..fault }),
    };
    check.checked(fault)
}

struct Check<'a> {
    cursor: Cursor<'a>,
    depth_max: usize,
    implausible: Option<Fault>,
    /// Where what is sent ends if the bytes run out, when that is not where they do.
    believed_to: Option<u64>,
    /// The last column. Its count of values may be what is wrong if nothing plausible follows.
    last_column: Option<u64>,
    doubtful: bool,
    column_count: usize,
    level_count: usize,
}

impl<'a> Check<'a> {
    fn new(cursor: Cursor<'a>, depth_max: usize) -> Self {
        Self {
            cursor,
            depth_max,
            implausible: None,
            believed_to: None,
            last_column: None,
            doubtful: false,
            column_count: 0,
            level_count: 0,
        }
    }

    fn checked(self, fault: Option<Fault>) -> Checked {
        let Self { doubtful, column_count, level_count, .. } = self;
        Checked { fault, doubtful, column_count, level_count }
    }

    /// Whether what was walked over has led to the file's end, or to a trailer.
    fn ends_well(&self) -> bool {
        let rest = self.cursor.rest();
        // Counts that are zero lead from zeros to zeros, wherever these begin.
        let is_zeros_throughout = rest.starts_with(&[0]) && self.implausible.is_some();
        rest.is_empty() || (trailer::begins(rest) && !is_zeros_throughout)
    }

    /// Whether there is nothing but levels with their names up to the end, and all of them are plausible.
    fn fills_with_levels(mut self) -> bool {
        while !self.cursor.rest().is_empty() {
            let named = self.cursor.name(LEVEL_NAME).is_ok_and(|name| !name.is_empty() && !name.contains(&0));
            if !named || self.level().is_err() {
                return false;
            }
        }
        self.implausible.is_none()
    }

    /// A level and all below it.
    fn level(&mut self) -> Result<(), DecodeError> {
        let mut children_left = Vec::new();
        // For each open level, as deep as anything is sent.
        let mut names: Vec<Ascending<'_>> = Vec::new();
        loop {
            self.columns()?;
            children_left.push(self.cursor.count(LEVEL_COUNT)?);
            names.resize(children_left.len().min(self.depth_max), Ascending::default());
            while children_left.pop_if(|left| *left == 0).is_some() {}
            names.truncate(children_left.len());
            let Some(left) = children_left.last_mut() else {
                return Ok(());
            };
            *left -= 1;
            let start = self.cursor;
            let name = self.cursor.name(LEVEL_NAME).inspect_err(|_| {
                if !plausible_beginning_of_name(start) {
                    self.believed_to = self.last_column;
                }
            })?;
            self.level_count += 1;
            if let Some(names) = names.get_mut(children_left.len() - 1) {
                self.doubtful |= !names.next(name);
            }
            if name.contains(&0) {
                let end = self.last_column.unwrap_or(start.offset());
                self.doubt(end, start.offset(), "a level's name", || "one with a zero byte".to_owned());
            }
        }
    }

    fn columns(&mut self) -> Result<(), DecodeError> {
        let count = self.cursor.count(COLUMN_COUNT)?;
        let needed = u64::from(count) * wide(COLUMN_BYTES_MIN) + wide(size_of::<Count>());
        let count_is_possible = needed <= wide(self.cursor.rest().len());
        let mut names = Ascending::default();
        for index in 0..count {
            let start = self.cursor;
            // Either there are fewer columns than announced, or the column before has not as many values as it says:
            // then it holds what is not its own.
            let end = self.last_column.filter(|_| count_is_possible || index == 0);
            let record = Record::read(&mut self.cursor).inspect_err(|_| {
                self.cursor = start;
                if !plausible_beginning(start) {
                    self.believed_to = end;
                }
            })?;
            self.column_count += 1;
            self.doubtful |= !names.next(record.name);
            if !plausible(record.name, record.interval_s(), record.start_s()) {
                let found =
                    || format!("one of interval {} and start {}", record.interval_s(), record.start_s());
                self.doubt(end.unwrap_or(start.offset()), start.offset(), "a column", found);
            }
            self.last_column = Some(start.offset());
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
pub(super) fn plausible(name: &[u8], interval_s: i64, start_s: i64) -> bool {
    let interval = 1..=i64::from(u32::MAX);
    interval.contains(&interval_s)
        && start_s.unsigned_abs() <= PLAUSIBLE_TIME_MAX_S
        && !name.is_empty()
        && !name.contains(&0)
}

/// The same of a column that is not all there, by what there is of it.
fn plausible_beginning(mut cursor: Cursor<'_>) -> bool {
    if !plausible_beginning_of_name(cursor) {
        return false;
    }
    match (cursor.name("a name"), ColumnHead::ref_from_prefix(cursor.rest())) {
        (Err(_), _) => true,
        (Ok(name), Ok((head, _))) => plausible(name, head.interval_s.get(), head.start_s.get()),
        (Ok(name), Err(_)) => plausible(name, 1, 0),
    }
}

fn plausible_beginning_of_name(cursor: Cursor<'_>) -> bool {
    let mut behind = cursor;
    let len = NameLen::ref_from_prefix(cursor.rest()).map_or(0, |(len, _)| len.get());
    len <= PLAUSIBLE_NAME_MAX || behind.name("a name").is_ok()
}
