//! The structure of a snapshot's text: which levels and columns lie where. Values are read where that is done at once.
//!
//! One pass, in the text's order. What it leaves is in the order of the levels, so that columns that stand behind
//! their level's children can still be sent before them.

mod members;
mod names;

use treering_snapshot::Window;

use crate::cursor::{Array, Cursor, Fault, Span, mark};
use crate::numbers::{Read, Values};

/// What was found up to the place where the text ends or stops being a snapshot.
#[derive(Default)]
pub(crate) struct Outline {
    /// The root first, each followed by the levels below it.
    pub(crate) levels: Vec<Level>,
    /// In the order of their levels, and in the text's within a level.
    pub(crate) columns: Vec<Column>,
    /// The value of the key that only a snapshot of ours has.
    pub(crate) ours: Option<Span>,
    /// The first place where something is JSON, but not what this format asks for, and what was expected.
    pub(crate) refused: Option<(u32, &'static str)>,
    /// The times that the root says.
    pub(crate) root_window: Option<Window>,
    /// The times that the first level says that has ended.
    pub(crate) level_window: Option<Window>,
}

/// A level. Where it is unusable, the next one is not below it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Level {
    /// Where its name begins.
    pub(crate) at: u32,
    pub(crate) name: Span,
    pub(crate) parent: u32,
    pub(crate) depth: u16,
    pub(crate) unusable: Option<Unusable>,
    /// Replaced by another of its name.
    pub(crate) replaced: bool,
    /// Its columns and children before these places were replaced by a `null`.
    columns_from: u32,
    children_from: u32,
}

/// A column.
#[derive(Clone, Copy, Default)]
pub(crate) struct Column {
    pub(crate) level: u32,
    /// Where its name begins.
    pub(crate) at: u32,
    pub(crate) name: Span,
    /// Empty where there is no array; what it is about tells `source`.
    pub(crate) data: Span,
    pub(crate) count: u32,
    pub(crate) interval_s: i64,
    pub(crate) start_s: i64,
    pub(crate) unusable: Option<Unusable>,
    pub(crate) source: Source,
    /// Replaced by another of its name.
    pub(crate) replaced: bool,
}

/// Where a column's values are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Source {
    /// In the text: `data` is their array.
    #[default]
    Text,
    /// The same, and there is a `-0` among them.
    TextWithMinusZero,
    /// Read already: `data` is where they are among all values.
    Values,
}

/// Why a level or column cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    Null,
    NoObject,
    /// The limit on levels is passed.
    TooDeep,
    /// A level: its metrics or its children are no object. The others of the two are used.
    PartOfLevel,
    /// A column: an interval or a start that is no integer.
    Head,
    /// A column: its data is no array.
    NoArray,
    /// A column: an element of its data is no number.
    NoNumber,
}

/// The objects that are open.
#[derive(Clone, Copy)]
enum Open {
    Level,
    Metrics,
    Children,
}

struct Frame {
    open: Open,
    level: u32,
    window: Window,
    /// The name of the last member, to see whether a name can come twice.
    last: Option<Span>,
    /// This level had such an object already.
    metrics: bool,
    children: bool,
}

struct Scan<'a, 'o> {
    text: &'a [u8],
    cursor: Cursor<'a>,
    out: &'o mut Outline,
    /// Where arrays are read to that can be read at once.
    values: Option<&'o mut Values>,
    frames: Vec<Frame>,
    depth_max: usize,
    /// Some name may come twice within its level.
    doubtful: bool,
    /// Some columns came behind children of their level.
    late_columns: bool,
}

impl Outline {
    /// Forgets what it held, keeps the memory.
    pub(crate) fn clear(&mut self) {
        let (mut levels, mut columns) = (std::mem::take(&mut self.levels), std::mem::take(&mut self.columns));
        levels.clear();
        columns.clear();
        *self = Self { levels, columns, ..Self::default() };
    }
}

/// Fills `out` with what the text's first value says, and tells where that value ends. With `values`, arrays as a store
/// writes them are read on the way.
///
/// # Errors
/// Where the text ends too early or is not JSON. What was whole before is in `out`.
pub(crate) fn scan(
    text: &[u8],
    depth_max: usize,
    out: &mut Outline,
    values: Option<&mut Values>,
) -> Result<usize, Fault> {
    out.clear();
    let (cursor, frames) = (Cursor::new(text), Vec::new());
    let mut scan =
        Scan { text, cursor, out, values, frames, depth_max, doubtful: false, late_columns: false };
    let end = scan.root();
    let (doubtful, late_columns) = (scan.doubtful, scan.late_columns);
    if late_columns {
        out.columns.sort_unstable_by_key(|column| (column.level, column.at));
    }
    if doubtful {
        names::settle(text, out);
    }
    end
}

impl Scan<'_, '_> {
    fn root(&mut self) -> Result<usize, Fault> {
        self.cursor.skip_space();
        self.out.levels.push(Level { at: self.cursor.mark(), ..Level::default() });
        match self.cursor.peek() {
            Some(b'{') => {
                self.open(Open::Level, 0)?;
                self.members()?;
            }
            // Nothing is not something else: the reference takes it for an empty snapshot.
            Some(b'n') => self.cursor.word("null")?,
            _ => {
                let at = self.cursor.mark();
                self.cursor.skip()?;
                self.refuse(at, "an object");
            }
        }
        Ok(self.cursor.at())
    }

    /// All that is below the root. No call goes deeper than one level.
    fn members(&mut self) -> Result<(), Fault> {
        let mut first = true;
        while let Some(frame) = self.frames.last() {
            let (open, level, at) = (frame.open, frame.level, self.cursor.at());
            let Some(key) = self.cursor.key(first)? else {
                self.close();
                first = false;
                continue;
            };
            let before = self.frames.len();
            match open {
                Open::Level => self.level_member(level, key)?,
                Open::Metrics => self.column(level, key)?,
                Open::Children => self.child(level, key)?,
            }
            debug_assert!(self.cursor.at() > at, "every turn passes over something");
            first = self.frames.len() > before;
        }
        Ok(())
    }

    fn open(&mut self, open: Open, level: u32) -> Result<(), Fault> {
        self.cursor.open()?;
        let window = Window::default();
        self.frames.push(Frame { open, level, window, last: None, metrics: false, children: false });
        Ok(())
    }

    fn close(&mut self) {
        if let Some(Frame { open: Open::Level, window, .. }) = self.frames.pop()
            && window != Window::default()
        {
            self.out.level_window.get_or_insert(window);
        }
    }

    fn refuse(&mut self, at: u32, expected: &'static str) {
        self.out.refused.get_or_insert((at, expected));
    }
}

impl Level {
    /// Whether it is one, even if a part of it cannot be used.
    pub(crate) fn is_entered(&self) -> bool {
        matches!(self.unusable, None | Some(Unusable::PartOfLevel))
    }

    /// Whether a child that begins here stands: no `null` in place of all children came behind it.
    pub(crate) fn has_child_at(&self, at: u32) -> bool {
        at >= self.children_from
    }

    /// The same for a column.
    pub(crate) fn has_column_at(&self, at: u32) -> bool {
        at >= self.columns_from
    }
}

impl Column {
    fn put(&mut self, array: Array) {
        (self.data, self.count) = (array.span, array.count);
        self.source = if array.minus_zero { Source::TextWithMinusZero } else { Source::Text };
    }

    fn put_values(&mut self, read: &Read) {
        self.data = Span { start: mark(read.first), end: mark(read.first + read.count) };
        (self.count, self.source) = (mark(read.count), Source::Values);
    }
}
