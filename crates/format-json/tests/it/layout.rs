//! Where in a sound text what lies: read once more, slowly, and without the crate's code.

use std::ops::Range;

/// What a byte of the text is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// What JSON itself needs: quotes, brackets, commas, colons.
    Structure,
    /// Of this column.
    Metric(usize),
    /// One of the keys of this column.
    ColumnKey(usize),
    /// The numbers of its interval or start.
    Times(usize),
    Values(usize),
    /// Of the level that holds these columns, on itself or below.
    LevelName(Range<usize>),
    /// A key under which these columns lie, metrics or children.
    Part(Range<usize>),
    /// A key or number of a level's window; of a key that means nothing, with its value.
    Aside,
    /// Behind the first value.
    Behind,
}

/// A level below the root.
#[derive(Clone, Debug, Default)]
pub(crate) struct LevelAt {
    pub(crate) columns: Range<usize>,
    /// Behind its closing brace.
    pub(crate) end: usize,
    /// The number of the next level that is not below this one.
    pub(crate) next: usize,
}

/// The parts of a text in their order.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// Each column, from the quote before its name to behind its closing brace.
    pub(crate) columns: Vec<Range<usize>>,
    pub(crate) levels: Vec<LevelAt>,
    /// Where each field ends.
    fields: Vec<(usize, Field)>,
    /// Behind the root's closing brace.
    pub(crate) value_end: usize,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    out: Layout,
}

impl Layout {
    /// Of a text without white space.
    pub(crate) fn of(text: &[u8]) -> Self {
        let mut reader = Reader { text, at: 0, out: Self::default() };
        reader.level();
        let mut layout = reader.out;
        layout.value_end = reader.at;
        layout.fields.push((text.len(), Field::Behind));
        layout
    }

    pub(crate) fn field_of(&self, at: usize) -> &Field {
        &self.fields[self.fields.partition_point(|(end, _)| *end <= at)].1
    }

    /// How many columns end before this byte.
    pub(crate) fn columns_before(&self, at: usize) -> usize {
        self.columns.partition_point(|column| column.end <= at)
    }
}

impl Reader<'_> {
    /// Says what lies before here, up to where something was said of before.
    fn field(&mut self, field: Field) {
        if self.out.fields.last().is_none_or(|(end, _)| *end < self.at) {
            self.out.fields.push((self.at, field));
        }
    }

    fn is(&self, byte: u8) -> bool {
        self.text[self.at] == byte
    }

    /// One byte.
    fn pass(&mut self, byte: u8) {
        assert!(self.is(byte), "{:?} expected at {}", char::from(byte), self.at);
        self.at += 1;
        self.field(Field::Structure);
    }

    /// A string; what lies between its quotes is such a field.
    fn string(&mut self, field: Field) -> Range<usize> {
        self.pass(b'"');
        let start = self.at;
        while !self.is(b'"') {
            self.at += if self.is(b'\\') { 2 } else { 1 };
        }
        self.field(field);
        let string = start..self.at;
        self.pass(b'"');
        string
    }

    /// The members of an object, each of which `member` reads from its name's opening quote on.
    fn object(&mut self, mut member: impl FnMut(&mut Self)) {
        self.pass(b'{');
        while !self.is(b'}') {
            member(self);
            if self.is(b',') {
                self.pass(b',');
            }
        }
        self.pass(b'}');
    }

    fn level(&mut self) {
        self.object(|reader| {
            let key = reader.string(Field::Aside);
            // It was said too early what this is.
            let place = reader.out.fields.len() - 2;
            reader.pass(b':');
            let before = reader.out.columns.len();
            match &reader.text[key] {
                b"metrics" if reader.is(b'{') => reader.object(Self::column),
                b"children" if reader.is(b'{') => reader.object(Self::child),
                _ => return reader.aside(),
            }
            reader.out.fields[place].1 = Field::Part(before..reader.out.columns.len());
        });
    }

    fn child(&mut self) {
        self.string(Field::LevelName(0..0));
        let (place, number) = (self.out.fields.len() - 2, self.out.levels.len());
        self.pass(b':');
        let before = self.out.columns.len();
        self.out.levels.push(LevelAt::default());
        self.level();
        let columns = before..self.out.columns.len();
        if let Field::LevelName(below) = &mut self.out.fields[place].1 {
            *below = columns.clone();
        }
        let (end, next) = (self.at, self.out.levels.len());
        self.out.levels[number] = LevelAt { columns, end, next };
    }

    fn column(&mut self) {
        let (start, column) = (self.at, self.out.columns.len());
        self.string(Field::Metric(column));
        self.pass(b':');
        self.object(|reader| {
            let key = reader.string(Field::ColumnKey(column));
            reader.pass(b':');
            match &reader.text[key] {
                b"frequency" | b"start" => {
                    while matches!(reader.text[reader.at], b'-' | b'0'..=b'9') {
                        reader.at += 1;
                    }
                    reader.field(Field::Times(column));
                }
                b"data" => {
                    reader.pass(b'[');
                    while !reader.is(b']') {
                        reader.at += 1;
                    }
                    reader.field(Field::Values(column));
                    reader.pass(b']');
                }
                _ => reader.aside(),
            }
        });
        self.out.columns.push(start..self.at);
    }

    /// Any value.
    fn aside(&mut self) {
        let mut open = 0;
        loop {
            match self.text[self.at] {
                b'"' => drop(self.string(Field::Aside)),
                b'{' | b'[' => {
                    open += 1;
                    self.at += 1;
                }
                b'}' | b']' | b',' if open == 0 => break,
                b'}' | b']' => {
                    open -= 1;
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
        self.field(Field::Aside);
    }
}
