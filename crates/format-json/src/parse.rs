//! The numbers of one array, by way of simd-json.
//!
//! It is handed an array in pieces: its tape takes up to 24 bytes for each byte of text, and a short one stays in the
//! processor's cache. It is not handed what it reads in another way than the reference, or refuses.

use simd_json::{Buffers, Node, StaticNode, Tape};
use treering_snapshot::MISSING_BITS;

/// Text that is handed over at once. Of an array whose numbers are longer, one number.
const PIECE_BYTES: usize = 8 << 10;

const MISSING: f32 = f32::from_bits(MISSING_BITS);

/// Reads arrays of numbers and nulls, and keeps its memory from one to the next.
#[derive(Default)]
pub(crate) struct Parser {
    buffers: Option<Buffers>,
    tape: Option<Tape<'static>>,
    /// Pieces that were not read by simd-json.
    #[cfg(test)]
    by_token: usize,
}

/// An element is a number that double precision has not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Beyond {
    /// Where it begins, counted from the array's bracket.
    pub(crate) at: usize,
}

impl Parser {
    /// Appends the array's values to `out`; `null` is the NaN of [`MISSING_BITS`].
    ///
    /// The array is one that a [`Cursor`](crate::cursor::Cursor) has passed, without foreign elements. Its commas may
    /// be overwritten.
    ///
    /// # Errors
    /// [`Beyond`]; what lies before is in `out`.
    pub(crate) fn values(
        &mut self,
        array: &mut [u8],
        minus_zero: bool,
        out: &mut Vec<f32>,
    ) -> Result<(), Beyond> {
        let mut start = 0;
        loop {
            let last = last_of_piece(array, start);
            let piece = &mut array[start..=last];
            let whole = piece.last() == Some(&b']');
            if let Some(end) = piece.last_mut() {
                *end = b']';
            }
            if minus_zero || !self.piece(piece, out) {
                #[cfg(test)]
                {
                    self.by_token += 1;
                }
                tokens(piece, out).map_err(|beyond| Beyond { at: start + beyond.at })?;
            }
            if whole {
                return Ok(());
            }
            array[last] = b'[';
            start = last;
        }
    }

    /// False if simd-json refuses the piece; then `out` is as before.
    fn piece(&mut self, piece: &mut [u8], out: &mut Vec<f32>) -> bool {
        let mut tape = self.tape.take().map_or_else(|| Tape(Vec::new()), Tape::reset);
        let buffers = self.buffers.get_or_insert_with(|| Buffers::new(0));
        let before = out.len();
        let whole = simd_json::fill_tape(piece, buffers, &mut tape).is_ok()
            && tape.0.iter().skip(1).all(|node| number(node).map(|value| out.push(value)).is_some());
        if !whole {
            out.truncate(before);
        }
        self.tape = Some(tape.reset());
        whole
    }
}

/// The place of the comma or bracket that ends the piece which begins here.
fn last_of_piece(array: &[u8], start: usize) -> usize {
    let all = array.len() - 1;
    let aim = start + PIECE_BYTES;
    if aim >= all {
        return all;
    }
    let comma = |byte: &u8| *byte == b',';
    let before = array[start + 1..=aim].iter().rposition(comma).map(|at| start + 1 + at);
    before.or_else(|| array[aim..].iter().position(comma).map(|at| aim + at)).unwrap_or(all)
}

fn number(node: &Node<'_>) -> Option<f32> {
    match node {
        Node::Static(StaticNode::Null) => Some(MISSING),
        Node::Static(StaticNode::F64(number)) => Some(rounded(*number)),
        // Rounded to double precision first, as the reference does.
        Node::Static(StaticNode::U64(number)) => Some(rounded(*number as f64)),
        Node::Static(StaticNode::I64(number)) => Some(rounded(*number as f64)),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the nearest value of single precision is what is meant")]
fn rounded(number: f64) -> f32 {
    number as f32
}

/// The same by way of the standard library, number by number.
fn tokens(piece: &[u8], out: &mut Vec<f32>) -> Result<(), Beyond> {
    let mut at = 1;
    for token in piece[1..piece.len() - 1].split(|byte| *byte == b',') {
        let text = token.trim_ascii();
        match str::from_utf8(text).unwrap_or_default().parse::<f64>() {
            Ok(number) if number.is_finite() => out.push(rounded(number)),
            Ok(_) => return Err(Beyond { at: at + (token.len() - token.trim_ascii_start().len()) }),
            // Nothing, or `null`.
            Err(_) if text.is_empty() => {}
            Err(_) => out.push(MISSING),
        }
        at += token.len() + 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    fn values(array: &str, minus_zero: bool) -> Result<Vec<u32>, Beyond> {
        let mut out = Vec::new();
        Parser::default().values(&mut array.to_owned().into_bytes(), minus_zero, &mut out)?;
        Ok(bits(&out))
    }

    #[test]
    fn both_ways_give_the_same_bits() {
        for number in [
            "0",
            "1",
            "-1",
            "0.1",
            "1e3",
            "-0.5E-2",
            "1e38",
            "3.5e38",
            "-1e300",
            "1e-46",
            "1e-999",
            "0e999999",
            "16777217",
            "33554435",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "-9223372036854775809",
            "340282356779733661637539395458142568447",
            "340282356779733661637539395458142568448",
            "123456789012345678901234567890.5e-20",
            "0.000000000000000000000000000000000000000000000000000000000000001e60",
            "-0.0",
            "-0e5",
            "1.401298464324817e-45",
            "7.006492321624085e-46",
            "7.006492321624086e-46",
            "2.2250738585072011e-308",
            "0.30000001192092896",
        ] {
            let expected = rounded(number.parse().unwrap()).to_bits();
            for array in [format!("[{number}]"), format!("[ {number}\n,null]")] {
                let fast = values(&array, false).unwrap();
                assert_eq!(fast, values(&array, true).unwrap(), "{array}");
                assert_eq!(fast[0], expected, "{array}");
                assert!(fast.len() == 1 || fast[1] == MISSING_BITS);
            }
        }
        assert_eq!(values("[]", false), Ok(vec![]));
        assert_eq!(values("[ \t\r\n]", true), Ok(vec![]));
        assert_eq!(values("[-0, -0]", true), Ok(vec![1 << 31; 2]));
    }

    #[test]
    fn a_number_beyond_double_precision_is_told_with_its_place() {
        for number in ["1e999", "-1e309", "123456789012345678901234567890e300"] {
            for minus_zero in [false, true] {
                assert_eq!(values(&format!("[1,null, {number},2]"), minus_zero), Err(Beyond { at: 9 }));
            }
        }
        let long = format!("[{}1e999]", "1,".repeat(PIECE_BYTES));
        assert_eq!(values(&long, false), Err(Beyond { at: 2 * PIECE_BYTES + 1 }));
    }

    #[test]
    fn pieces_make_the_whole_whatever_they_are_cut_through() {
        for count in [PIECE_BYTES / 2 - 2, PIECE_BYTES / 2 - 1, PIECE_BYTES / 2, PIECE_BYTES / 2 + 1, 70_000]
        {
            let array = format!("[{}3]", "2,".repeat(count));
            let (mut parser, mut read) = (Parser::default(), Vec::new());
            parser.values(&mut array.into_bytes(), false, &mut read).unwrap();
            assert_eq!(read.len(), count + 1);
            assert_eq!(read[count], 3.0);
            assert!(read[..count].iter().all(|value| *value == 2.0));
            assert_eq!(parser.by_token, 0, "simd-json takes every piece");
        }
        let digits = "1".repeat(PIECE_BYTES + 7);
        let array = format!("[1,0.{digits},{}null,0.{digits}]", " ".repeat(2 * PIECE_BYTES));
        let tenth = rounded(1.0 / 9.0).to_bits();
        for minus_zero in [false, true] {
            assert_eq!(values(&array, minus_zero).unwrap(), [1f32.to_bits(), tenth, MISSING_BITS, tenth]);
        }
    }
}
