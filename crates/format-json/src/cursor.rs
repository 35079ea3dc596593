//! Reading JSON text from front to back: tokens, checked against the grammar and the limit on nesting.
//!
//! What is a token here is what the reference's reader takes for one: no byte order mark, no comments, no control
//! character in a string. Bytes of a string that are not UTF-8 are let through, as there.

use crate::numbers::{Read, Values};

/// Objects and arrays inside each other. The reference's reader refuses more, too.
pub(crate) const NESTING_MAX: usize = 10_000;

const BITS: usize = 64;

/// A piece of the text. A text has less than 2^32 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// Where the text stops being JSON, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) kind: FaultKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// This should have been there.
    Expected(&'static str),
    /// [`NESTING_MAX`] is passed.
    Nesting,
}

/// A place in a text.
pub(crate) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    /// Objects and arrays that were opened by [`Cursor::open`] and are not closed.
    depth: usize,
}

/// What an array of values holds, as far as that can be seen without reading the numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Array {
    /// With its brackets.
    pub(crate) span: Span,
    pub(crate) count: u32,
    /// There is a `-0` without a point or exponent: an integer in most readers, but not zero without its sign here.
    pub(crate) minus_zero: bool,
    /// The first element that is neither a number nor `null`.
    pub(crate) foreign: Option<u32>,
}

impl Span {
    pub(crate) fn of(self, text: &[u8]) -> &[u8] {
        text.get(index(self.start)..index(self.end)).unwrap_or_default()
    }

    pub(crate) fn of_mut(self, text: &mut [u8]) -> &mut [u8] {
        text.get_mut(index(self.start)..index(self.end)).unwrap_or_default()
    }
}

impl<'a> Cursor<'a> {
    /// At the start of a text of less than 2^32 bytes.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The place as it is kept in tables.
    pub(crate) fn mark(&self) -> u32 {
        mark(self.at)
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The fault of this place.
    pub(crate) fn expected(&self, what: &'static str) -> Fault {
        Fault { at: self.at, kind: FaultKind::Expected(what) }
    }

    pub(crate) fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Passes over a bracket that opens an object or array.
    pub(crate) fn open(&mut self) -> Result<(), Fault> {
        if self.depth >= NESTING_MAX {
            return Err(Fault { at: self.at, kind: FaultKind::Nesting });
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// The next key of the current object, whose first this is or not; `None` at its end, which is passed.
    pub(crate) fn key(&mut self, first: bool) -> Result<Option<Span>, Fault> {
        self.skip_space();
        match self.peek() {
            Some(b'}') => {
                self.close();
                return Ok(None);
            }
            Some(b',') if !first => {
                self.at += 1;
                self.skip_space();
            }
            _ if !first => return Err(self.expected("`,` or `}`")),
            _ => {}
        }
        if self.peek() != Some(b'"') {
            return Err(self.expected(if first { "a key or `}`" } else { "a key" }));
        }
        let key = self.string()?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.expected("`:`"));
        }
        self.at += 1;
        self.skip_space();
        Ok(Some(key))
    }

    /// A string that begins here; what lies between the quotes.
    pub(crate) fn string(&mut self) -> Result<Span, Fault> {
        self.at += 1;
        let start = self.mark();
        loop {
            match self.peek() {
                Some(b'"') => {
                    let span = Span { start, end: self.mark() };
                    self.at += 1;
                    return Ok(span);
                }
                Some(b'\\') => self.escape()?,
                Some(0x20..) => self.at += 1,
                _ => return Err(self.expected("a string without control characters, and its end")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.expected("a hexadecimal digit"));
                    }
                    self.at += 1;
                }
            }
            _ => return Err(self.expected("an escaped character")),
        }
        Ok(())
    }

    /// A number that begins here, at a digit or a minus; whether it is the integer `-0`.
    pub(crate) fn number(&mut self) -> Result<bool, Fault> {
        let text = self.text;
        let negative = self.peek() == Some(b'-');
        let mut at = self.at + usize::from(negative);
        let zero = text.get(at) == Some(&b'0');
        at = if zero { at + 1 } else { digits(text, at)? };
        let whole = at;
        if text.get(at) == Some(&b'.') {
            at = digits(text, at + 1)?;
        }
        if let Some(b'e' | b'E') = text.get(at) {
            let signed = matches!(text.get(at + 1), Some(b'+' | b'-'));
            at = digits(text, at + 1 + usize::from(signed))?;
        }
        self.at = at;
        Ok(negative && zero && at == whole)
    }

    /// A number that begins here, as an integer; `None` if it is none, or beyond 64 bits.
    pub(crate) fn integer<T: std::str::FromStr>(&mut self) -> Result<Option<T>, Fault> {
        let start = self.at;
        self.number()?;
        let text = self.text.get(start..self.at).unwrap_or_default();
        Ok(str::from_utf8(text).ok().and_then(|text| text.parse().ok()))
    }

    /// `null`, `true` or `false`, whose first letter is here.
    pub(crate) fn word(&mut self, word: &'static str) -> Result<(), Fault> {
        for byte in word.bytes() {
            if self.peek() != Some(byte) {
                return Err(self.expected(word));
            }
            self.at += 1;
        }
        Ok(())
    }

    /// An array of numbers and nulls that begins here. Other elements are passed over, and said to be there.
    pub(crate) fn array(&mut self) -> Result<Array, Fault> {
        let mut array = Array { span: Span { start: self.mark(), end: 0 }, ..Array::default() };
        self.open()?;
        self.skip_space();
        if self.peek() == Some(b']') {
            self.close();
            array.span.end = self.mark();
            return Ok(array);
        }
        loop {
            match self.peek() {
                Some(b'-' | b'0'..=b'9') => array.minus_zero |= self.number()?,
                Some(b'n') => self.word("null")?,
                _ => {
                    let foreign = self.mark();
                    self.skip()?;
                    array.foreign.get_or_insert(foreign);
                }
            }
            array.count += 1; // Less than the bytes of the text.
            self.skip_space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.skip_space();
                }
                Some(b']') => break,
                _ => return Err(self.expected("`,` or `]`")),
            }
        }
        self.close();
        array.span.end = self.mark();
        Ok(array)
    }

    /// The values of an array that begins here, if it is one as a store writes it; otherwise it stays here.
    pub(crate) fn values(&mut self, values: &mut Values) -> Option<Read> {
        if self.depth >= NESTING_MAX {
            return None;
        }
        let read = values.read(self.text, self.at + 1)?;
        self.at = read.end;
        Some(read)
    }

    /// Any value that begins here. Needs no stack: a bit for each object or array that is open.
    pub(crate) fn skip(&mut self) -> Result<(), Fault> {
        let outer = self.depth;
        let mut objects = [0u64; NESTING_MAX.div_ceil(BITS)];
        loop {
            // A value begins here.
            match self.peek() {
                Some(opening @ (b'{' | b'[')) => {
                    self.open()?;
                    let bit = 1 << (self.depth % BITS);
                    let word = &mut objects[(self.depth - 1) / BITS];
                    *word = if opening == b'{' { *word | bit } else { *word & !bit };
                    if self.element(opening == b'{', true)? {
                        continue;
                    }
                }
                Some(b'"') => {
                    self.string()?;
                }
                Some(b'-' | b'0'..=b'9') => {
                    self.number()?;
                }
                Some(b'n') => self.word("null")?,
                Some(b't') => self.word("true")?,
                Some(b'f') => self.word("false")?,
                _ => return Err(self.expected("a value")),
            }
            // A value ended here, and with it perhaps some that it was the last one of.
            loop {
                if self.depth == outer {
                    return Ok(());
                }
                let object = objects[(self.depth - 1) / BITS] & (1 << (self.depth % BITS)) != 0;
                if self.element(object, false)? {
                    break;
                }
            }
        }
    }

    /// Goes to the next value of the current object or array; false at its end, which is passed.
    fn element(&mut self, object: bool, first: bool) -> Result<bool, Fault> {
        if object {
            return Ok(self.key(first)?.is_some());
        }
        self.skip_space();
        match self.peek() {
            // `[1,]` is none: behind a comma comes a value.
            Some(b']') => {
                self.close();
                Ok(false)
            }
            Some(b',') if !first => {
                self.at += 1;
                self.skip_space();
                Ok(true)
            }
            _ if first => Ok(true),
            _ => Err(self.expected("`,` or `]`")),
        }
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }
}

/// The place behind the digits that begin here, of which there is at least one.
fn digits(text: &[u8], start: usize) -> Result<usize, Fault> {
    let mut at = start;
    while let Some(b'0'..=b'9') = text.get(at) {
        at += 1;
    }
    if at == start {
        return Err(Fault { at: start, kind: FaultKind::Expected("a digit") });
    }
    Ok(at)
}

/// A place in memory as one in a table. The text's length was compared with the limit before.
pub(crate) fn mark(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A place in a table as one in memory.
pub(crate) fn index(mark: u32) -> usize {
    usize::try_from(mark).unwrap_or(usize::MAX)
}

/// A length in memory as one in a file.
pub(crate) const fn wide(len: usize) -> u64 {
    const { assert!(usize::BITS <= u64::BITS) };
    len as u64
}
