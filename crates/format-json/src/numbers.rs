//! Arrays of values as a store writes them, read straight from the text: eight characters at a time, and nothing in
//! between but the value.
//!
//! Neighbours in a column look alike. So the next number is taken to have the last one's [`Form`]: its length, its
//! sign, its point. One check of all its characters at once tells whether that was right. Whatever is not plain
//! numbers and `null`, with a comma between two and no white space, is left to [`parse`](crate::parse), the array as a
//! whole; and where an array is taken, its values are those that `parse` gives, bit by bit.

mod form;

use treering_snapshot::MISSING_BITS;

use crate::cursor::Cursor;
use form::{FORM_BYTES, Form, equal};

/// Bytes that are looked at behind a number: the comma.
const WINDOW_BYTES: usize = FORM_BYTES + 1;

/// A number that is longer is written by nobody.
const TOKEN_BYTES_MAX: usize = 48;

/// Values that there is room for at least whenever some are read.
const ROOM: usize = 256;

/// The powers of ten.
const TENS: [f64; FORM_BYTES + 1] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];

const MISSING: f32 = f32::from_bits(MISSING_BITS);

/// The values of all arrays of a text, one behind the other. Keeps its memory from one text to the next.
#[derive(Default)]
pub(crate) struct Values {
    /// Longer than what is used, so that nothing has to be cleared before it is written.
    memory: Vec<f32>,
    used: usize,
}

/// What was read of an array.
pub(crate) struct Read {
    /// Where its values are among [`Values`].
    pub(crate) first: usize,
    pub(crate) count: usize,
    /// The place behind its bracket.
    pub(crate) end: usize,
}

impl Values {
    pub(crate) fn clear(&mut self) {
        self.used = 0;
    }

    pub(crate) fn get(&self, first: usize, end: usize) -> &[f32] {
        self.memory.get(first..end).unwrap_or_default()
    }

    /// Reads the array whose first element, or closing bracket, would be at `at`; `None` if it is not a plain one, and
    /// then nothing is kept of it.
    pub(crate) fn read(&mut self, text: &[u8], at: usize) -> Option<Read> {
        let first = self.used;
        let mut reader = Reader { text, at, form: &Form::NONE, word: 0, value: 0.0 };
        if text.get(at) == Some(&b']') {
            return Some(Read { first, count: 0, end: at + 1 });
        }
        let mut end = first;
        loop {
            let (count, closed) = reader.fill(self.room(end))?;
            end += count;
            if closed {
                self.used = end;
                return Some(Read { first, count: end - first, end: reader.at });
            }
        }
    }

    fn room(&mut self, from: usize) -> &mut [f32] {
        if self.memory.len() < from + ROOM {
            self.memory.resize((from + ROOM).max(2 * self.memory.len()), 0.0);
        }
        &mut self.memory[from..]
    }
}

/// A place in an array, and what the number before it was like.
struct Reader<'a> {
    text: &'a [u8],
    /// Where the next number begins.
    at: usize,
    form: &'static Form,
    /// The last number of this form, with what stands before it if it is shorter.
    word: u64,
    value: f32,
}

impl Reader<'_> {
    /// Reads values until there is no more room or the array is closed, which is told; `None` if it is no plain one.
    fn fill(&mut self, out: &mut [f32]) -> Option<(usize, bool)> {
        let mut count = 0;
        while count < out.len() {
            count += self.alike(&mut out[count..]);
            let Some(slot) = out.get_mut(count) else { break };
            let closed;
            (*slot, closed) = self.other()?;
            count += 1;
            if closed {
                return Some((count, true));
            }
        }
        Some((count, false))
    }

    /// Reads numbers as long as they have the form of the last one and a comma follows; how many.
    fn alike(&mut self, out: &mut [f32]) -> usize {
        let Self { text, mut at, form, mut word, mut value } = *self;
        let step = form.len + 1;
        let mut count = 0;
        while count < out.len()
            && let Some(window) = window(text, at + form.len)
            && window[FORM_BYTES] == b','
        {
            let next = word_of(window);
            if next == word {
                // The number before it was this one, too, and so is perhaps a long row of them.
                let left = &mut out[count..];
                let again = repeated(text, at, step).clamp(1, left.len());
                left[..again].fill(value);
                (count, at) = (count + again, at + again * step);
                continue;
            }
            let Some(number) = form.value(next) else { break };
            (word, value, out[count]) = (next, number, number);
            (count, at) = (count + 1, at + step);
        }
        (self.at, self.word, self.value) = (at, word, value);
        count
    }

    /// Reads one number or `null` of any form, and the comma or bracket behind it; whether it was the bracket.
    fn other(&mut self) -> Option<(f32, bool)> {
        let len = token_len(self.text.get(self.at..)?)?;
        let end = self.at + len;
        let token = &self.text[self.at..end];
        let value = if token == b"null" { MISSING } else { self.value(token, end)? };
        self.at = end + 1;
        Some((value, self.text[end] == b']'))
    }

    fn value(&mut self, token: &[u8], end: usize) -> Option<f32> {
        let short = self.short(token.len(), end);
        short.or_else(|| decimal(self.text, self.at, end)).or_else(|| any(token))
    }

    /// The value of a number that has a form, which is the next one's, too.
    fn short(&mut self, len: usize, end: usize) -> Option<f32> {
        let word = word_of(window(self.text, end)?);
        let form = Form::of(word, len)?;
        let value = form.value(word)?;
        (self.form, self.word, self.value) = (form, word, value);
        Some(value)
    }
}

/// The bytes before a place, and the one at it.
fn window(text: &[u8], end: usize) -> Option<&[u8; WINDOW_BYTES]> {
    text.get(end.checked_sub(FORM_BYTES)?..)?.first_chunk()
}

fn word_of(window: &[u8; WINDOW_BYTES]) -> u64 {
    let [a, b, c, d, e, f, g, h, _] = *window;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// How often what stands in the `step` bytes before a place is repeated from there on.
fn repeated(text: &[u8], at: usize, step: usize) -> usize {
    let (Some(before), Some(here)) = (at.checked_sub(step).and_then(|at| text.get(at..)), text.get(at..))
    else {
        return 0;
    };
    let (before, here) = (before.as_chunks::<FORM_BYTES>().0, here.as_chunks::<FORM_BYTES>().0);
    let mut same = 0;
    for (before, here) in before.iter().zip(here) {
        let differs = u64::from_le_bytes(*before) ^ u64::from_le_bytes(*here);
        if differs != 0 {
            same += (differs.trailing_zeros() / 8) as usize;
            break;
        }
        same += FORM_BYTES;
    }
    same / step
}

/// The bytes before the next comma or bracket; `None` if they are too many.
fn token_len(text: &[u8]) -> Option<usize> {
    if let Some(first) = text.first_chunk() {
        let word = u64::from_le_bytes(*first);
        let ends = equal(word, b',') | equal(word, b']');
        if ends != 0 {
            return Some((ends.trailing_zeros() / 8) as usize);
        }
    }
    text.iter().take(TOKEN_BYTES_MAX).position(|byte| matches!(byte, b',' | b']'))
}

/// The value of a number between two places without an exponent, with at most seven digits before the point and eight
/// behind it.
fn decimal(text: &[u8], at: usize, end: usize) -> Option<f32> {
    let negative = text.get(at) == Some(&b'-');
    let at = at + usize::from(negative);
    let point = at + part_len(text.get(at..)?)?;
    // A point has a digit behind it, and a zero no digit before the point.
    let behind = if point < end { Some(end - point - 1).filter(|digits| *digits > 0)? } else { 0 };
    if point > at + 1 && text.get(at) == Some(&b'0') {
        return None;
    }
    let whole = form::digits(word_of(window(text, point)?), point - at)? as f64;
    let part = form::digits(word_of(window(text, end)?), behind)? as f64;
    // All three are exact, so this is rounded once, to double precision, as every reader's number is.
    let tens = TENS.get(behind)?;
    let value = rounded((whole * tens + part) / tens);
    Some(if negative { -value } else { value })
}

/// The digits before the point, or what else ends them; `None` if they are none, or many.
fn part_len(text: &[u8]) -> Option<usize> {
    let word = u64::from_le_bytes(*text.first_chunk()?);
    let ends = equal(word, b'.') | equal(word, b',') | equal(word, b']');
    Some((ends.trailing_zeros() / 8) as usize).filter(|len| (1..FORM_BYTES).contains(len))
}

/// The value of any number by way of the standard library.
fn any(token: &[u8]) -> Option<f32> {
    if !matches!(token, [b'-' | b'0'..=b'9', ..]) {
        return None;
    }
    let mut cursor = Cursor::new(token);
    cursor.number().ok()?;
    let number: f64 = str::from_utf8(token).ok().filter(|_| cursor.at() == token.len())?.parse().ok()?;
    number.is_finite().then(|| rounded(number))
}

#[expect(clippy::cast_possible_truncation, reason = "the nearest value of single precision is what is meant")]
fn rounded(number: f64) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests;
