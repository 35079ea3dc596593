//! Ways to damage a file, and where in it things lie, read by the formats' descriptions alone.

use std::fs;
use std::ops::Range;
use std::path::Path;

/// What is done to a file.
#[derive(Clone, Debug)]
pub(super) enum Injury {
    /// The first four bytes the other way round.
    Magic,
    /// Cut to this length.
    Cut(usize),
    /// Zeros instead of these bytes.
    Zero(Range<usize>),
    /// More bytes at the end.
    Tail(&'static [u8]),
    /// Another byte here.
    Flip(usize, u8),
    /// `null` and spaces instead of these bytes.
    Null(Range<usize>),
}

impl Injury {
    /// Does it; tells which bytes of the damaged file are not what they were.
    pub(super) fn inflict(&self, path: &Path) -> Range<usize> {
        let mut bytes = fs::read(path).unwrap();
        let len = bytes.len();
        let hurt = match self {
            Injury::Magic => {
                bytes[..4].reverse();
                0..4
            }
            Injury::Cut(at) => {
                bytes.truncate(*at);
                *at..*at
            }
            Injury::Zero(range) => {
                bytes[range.clone()].fill(0);
                range.clone()
            }
            Injury::Tail(tail) => {
                bytes.extend_from_slice(tail);
                len..len + tail.len()
            }
            Injury::Flip(at, mask) => {
                bytes[*at] ^= mask;
                *at..at + 1
            }
            Injury::Null(range) => {
                bytes[range.clone()].fill(b' ');
                bytes[range.start..range.start + 4].copy_from_slice(b"null");
                range.clone()
            }
        };
        fs::write(path, bytes).unwrap();
        hurt
    }
}

/// Where the records of a sound log lie.
pub(super) fn records(log: &[u8]) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut at = 4;
    while at < log.len() {
        let end = at + 8 + number::<4>(log, at + 4) + 4;
        all.push(at..end);
        at = end;
    }
    all
}

/// Where the columns of a sound `.bin` lie, in the order of the file.
pub(super) fn columns(snapshot: &[u8]) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut at = 20;
    let mut children_left = vec![1];
    while let Some(left) = children_left.last_mut() {
        if *left == 0 {
            children_left.pop();
            continue;
        }
        *left -= 1;
        if children_left.len() > 1 {
            at += 2 + number::<2>(snapshot, at);
        }
        let columns = number::<4>(snapshot, at);
        at += 4;
        for _ in 0..columns {
            let begin = at;
            at += 2 + number::<2>(snapshot, at) + 16;
            at += 4 + 4 * number::<4>(snapshot, at);
            all.push(begin..at);
        }
        children_left.push(number::<4>(snapshot, at));
        at += 4;
    }
    all
}

/// Where the values of the columns of a sound `.json` of the reference lie, from the key to the bracket.
pub(super) fn arrays(text: &[u8]) -> Vec<Range<usize>> {
    let text = str::from_utf8(text).unwrap();
    let begins = text.match_indices("\"data\":[").map(|(at, _)| at);
    begins.map(|at| at..at + text[at..].find(']').unwrap() + 1).collect()
}

/// A number of so many bytes, little endian.
fn number<const N: usize>(bytes: &[u8], at: usize) -> usize {
    bytes[at..at + N].iter().rev().fold(0, |number, byte| (number << 8) | usize::from(*byte))
}
