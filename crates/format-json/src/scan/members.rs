//! The members of a level, of its metrics, of its children, and of a column.

use treering_snapshot::Window;

use super::{Column, Level, Open, Scan, Unusable};
use crate::cursor::{Fault, Span, index, mark};
use crate::name::{self, Key};

impl Scan<'_, '_> {
    /// A member of a level.
    pub(super) fn level_member(&mut self, level: u32, key: Span) -> Result<(), Fault> {
        let raw = key.of(self.text);
        match name::key(raw) {
            Key::Metrics => self.part(level, Open::Metrics),
            Key::Children => self.part(level, Open::Children),
            Key::From => {
                if let Some(from_s) = self.integer()?.flatten() {
                    self.window(level, |window| &mut window.from_s, from_s);
                }
                Ok(())
            }
            Key::To => {
                if let Some(to_s) = self.integer()?.flatten() {
                    self.window(level, |window| &mut window.to_s, to_s);
                }
                Ok(())
            }
            _ => {
                let start = self.cursor.mark();
                self.cursor.skip()?;
                if level == 0 && raw == name::OURS.as_bytes() {
                    self.out.ours = Some(Span { start, end: self.cursor.mark() });
                }
                Ok(())
            }
        }
    }

    /// The metrics or the children of a level.
    fn part(&mut self, level: u32, part: Open) -> Result<(), Fault> {
        let at = self.cursor.mark();
        match self.cursor.peek() {
            Some(b'{') => {
                if let Some(frame) = self.frames.last_mut() {
                    let had = match part {
                        Open::Metrics => &mut frame.metrics,
                        _ => &mut frame.children,
                    };
                    // A second one adds to the first, where each name alone was in order.
                    if std::mem::replace(had, true) {
                        self.doubtful = true;
                    }
                }
                self.open(part, level)
            }
            Some(b'n') => {
                self.cursor.word("null")?;
                if let Some(level) = self.out.levels.get_mut(index(level)) {
                    match part {
                        Open::Metrics => level.columns_from = at,
                        _ => level.children_from = at,
                    }
                }
                Ok(())
            }
            _ => {
                self.cursor.skip()?;
                if let Some(level) = self.out.levels.get_mut(index(level)) {
                    level.unusable.get_or_insert(Unusable::PartOfLevel);
                }
                self.refuse(at, "an object");
                Ok(())
            }
        }
    }

    /// A member of a level's metrics.
    pub(super) fn column(&mut self, level: u32, name: Span) -> Result<(), Fault> {
        let mut column = Column { level, at: name.start - 1, name, ..Column::default() };
        match self.cursor.peek() {
            Some(b'{') => {
                self.cursor.open()?;
                let mut first = true;
                while let Some(key) = self.cursor.key(first)? {
                    first = false;
                    self.column_member(&mut column, key)?;
                }
            }
            Some(b'n') => {
                self.cursor.word("null")?;
                column.unusable = Some(Unusable::Null);
            }
            _ => {
                let at = self.cursor.mark();
                self.cursor.skip()?;
                self.refuse(at, "a column");
                column.unusable = Some(Unusable::NoObject);
            }
        }
        self.in_order(name);
        let behind_child = |last: &Column| last.level > level;
        self.late_columns |= self.out.columns.last().is_some_and(behind_child);
        self.out.columns.push(column);
        Ok(())
    }

    fn column_member(&mut self, column: &mut Column, key: Span) -> Result<(), Fault> {
        match name::key(key.of(self.text)) {
            Key::Frequency => self.head(column, |column| &mut column.interval_s),
            Key::Start => self.head(column, |column| &mut column.start_s),
            Key::Data => self.data(column),
            _ => self.cursor.skip(),
        }
    }

    fn head(&mut self, column: &mut Column, field: impl Fn(&mut Column) -> &mut i64) -> Result<(), Fault> {
        match self.integer()? {
            Some(Some(number)) => *field(column) = number,
            Some(None) => {}
            None => column.unusable = Some(Unusable::Head),
        }
        Ok(())
    }

    fn data(&mut self, column: &mut Column) -> Result<(), Fault> {
        let at = self.cursor.mark();
        match self.cursor.peek() {
            Some(b'[') => {
                if let Some(read) = self.values.as_mut().and_then(|values| self.cursor.values(values)) {
                    column.put_values(&read);
                    return Ok(());
                }
                let array = self.cursor.array()?;
                column.put(array);
                if let Some(foreign) = array.foreign {
                    column.unusable = Some(Unusable::NoNumber);
                    self.refuse(foreign, "a number or null");
                }
            }
            Some(b'n') => {
                self.cursor.word("null")?;
                (column.data, column.count) = (Span::default(), 0);
            }
            _ => {
                self.cursor.skip()?;
                column.unusable = Some(Unusable::NoArray);
                self.refuse(at, "an array");
            }
        }
        Ok(())
    }

    /// A member of a level's children.
    pub(super) fn child(&mut self, parent: u32, name: Span) -> Result<(), Fault> {
        let above = self.out.levels.get(index(parent)).map_or(0, |parent| parent.depth);
        let depth = above.saturating_add(1);
        let mut level = Level { at: name.start - 1, name, parent, depth, ..Level::default() };
        self.in_order(name);
        let number = mark(self.out.levels.len());
        match self.cursor.peek() {
            Some(b'{') if usize::from(depth) <= self.depth_max => {
                self.out.levels.push(level);
                return self.open(Open::Level, number);
            }
            Some(b'{') => {
                // Before its end, which may not be there: this much is known.
                level.unusable = Some(Unusable::TooDeep);
                self.out.levels.push(level);
                return self.cursor.skip();
            }
            Some(b'n') => {
                self.cursor.word("null")?;
                level.unusable = Some(Unusable::Null);
            }
            _ => {
                let at = self.cursor.mark();
                self.cursor.skip()?;
                level.unusable = Some(Unusable::NoObject);
                self.refuse(at, "a level");
            }
        }
        self.out.levels.push(level);
        Ok(())
    }

    /// An integer: `Some(None)` where there is a `null`, which changes nothing, `None` where there is something else.
    fn integer(&mut self) -> Result<Option<Option<i64>>, Fault> {
        let at = self.cursor.mark();
        let number = match self.cursor.peek() {
            Some(b'n') => {
                self.cursor.word("null")?;
                Some(None)
            }
            Some(b'-' | b'0'..=b'9') => self.cursor.integer()?.map(Some),
            _ => {
                self.cursor.skip()?;
                None
            }
        };
        if number.is_none() {
            self.refuse(at, "an integer");
        }
        Ok(number)
    }

    fn window(&mut self, level: u32, side: impl Fn(&mut Window) -> &mut i64, time_s: i64) {
        if let Some(frame) = self.frames.last_mut() {
            *side(&mut frame.window) = time_s;
            if level == 0 {
                self.out.root_window = Some(frame.window);
            }
        }
    }

    /// Names that ascend cannot come twice.
    fn in_order(&mut self, name: Span) {
        if let Some(frame) = self.frames.last_mut()
            && let Some(last) = frame.last.replace(name)
            && name::compare(last.of(self.text), name.of(self.text)).is_ge()
        {
            self.doubtful = true;
        }
    }
}
