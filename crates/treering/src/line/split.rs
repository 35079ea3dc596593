//! Lines out of a reader, numbered, in bounded memory.

use std::io::{self, BufRead, ErrorKind};

use memchr::memchr;

/// The longest line taken by default. A line of the protocol has about 100 bytes; the longest names make 70,000.
const LEN_BYTES_MAX: usize = 1 << 17;

/// Splits a reader into numbered lines.
///
/// It is read in chunks of what the reader has ready, so a caller can store the lines of a chunk as one batch and never
/// waits with lines in its hands. A line that spans chunks is put together, up to a length; a longer one is reported and
/// skipped up to its end, without being held.
///
/// ```
/// use treering::line::{Lines, Piece};
///
/// let mut lines = Lines::new(&b"a value=1\nb value=2"[..]);
/// let mut seen = Vec::new();
/// while lines.read_chunk(|number, piece| {
///     if let Piece::Line(line) = piece {
///         seen.push((number, line.to_vec()));
///     }
/// })? {}
/// assert_eq!(seen, [(1, b"a value=1".to_vec()), (2, b"b value=2".to_vec())]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    len_bytes_max: usize,
    /// Lines whose end was seen.
    ended: u64,
    /// The beginning of a line whose end has not been read.
    begun: Vec<u8>,
    /// The line that is being read was reported as too long.
    skipping: bool,
}

/// What stands on one line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece<'a> {
    /// The line without its line feed.
    Line(&'a [u8]),
    /// More bytes than the limit; they are gone. Reported once, where the limit is passed.
    TooLong {
        /// The limit.
        len_bytes_max: usize,
    },
}

impl<R: BufRead> Lines<R> {
    /// Lines of at most 128 KiB.
    pub fn new(reader: R) -> Self {
        Self::with_limit(reader, LEN_BYTES_MAX)
    }

    /// Lines of at most `len_bytes_max` bytes, line feed not counted.
    pub fn with_limit(reader: R, len_bytes_max: usize) -> Self {
        Self { reader, len_bytes_max, ended: 0, begun: Vec::new(), skipping: false }
    }

    /// How many lines there were so far, a last one without a line feed included once it was handed out.
    pub fn count(&self) -> u64 {
        self.ended
    }

    /// Reads once, and hands every line that ends in what was read to `each`, with its number, from 1. Where the input
    /// ends its last line needs no line feed. `false` at the end of the input.
    ///
    /// # Errors
    /// The reader's, other than `Interrupted`. What was handed out stays valid, and reading may go on.
    pub fn read_chunk(&mut self, mut each: impl FnMut(u64, Piece<'_>)) -> io::Result<bool> {
        let Self { reader, len_bytes_max, ended, begun, skipping } = self;
        let len_bytes_max = *len_bytes_max;
        let chunk = loop {
            match reader.fill_buf() {
                Ok(chunk) => break chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        let chunk_len = chunk.len();
        let mut rest = chunk;
        while let Some(line_len) = memchr(b'\n', rest) {
            let line = &rest[..line_len];
            rest = &rest[line_len + 1..];
            *ended += 1;
            if std::mem::take(skipping) {
                continue;
            }
            if begun.len() + line.len() > len_bytes_max {
                each(*ended, Piece::TooLong { len_bytes_max });
            } else if begun.is_empty() {
                each(*ended, Piece::Line(line));
            } else {
                begun.extend_from_slice(line);
                each(*ended, Piece::Line(begun));
            }
            begun.clear();
        }
        if begun.len() + rest.len() > len_bytes_max {
            if !*skipping {
                each(*ended + 1, Piece::TooLong { len_bytes_max });
            }
            *skipping = true;
            begun.clear();
        } else if !*skipping {
            begun.extend_from_slice(rest);
        }
        if chunk_len == 0 && (*skipping || !begun.is_empty()) {
            *ended += 1;
            if !std::mem::take(skipping) {
                each(*ended, Piece::Line(begun));
                begun.clear();
            }
        }
        reader.consume(chunk_len);
        Ok(chunk_len > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use proptest::prelude::*;

    use super::*;

    /// A reader that fails once in its middle.
    struct Failing<'a> {
        chunks: Vec<Result<&'a [u8], ErrorKind>>,
    }

    impl Read for Failing<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            if self.chunks.is_empty() {
                return Ok(0);
            }
            let chunk = self.chunks.remove(0)?;
            to[..chunk.len()].copy_from_slice(chunk);
            Ok(chunk.len())
        }
    }

    fn all(reader: impl BufRead, len_bytes_max: usize) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut lines = Lines::with_limit(reader, len_bytes_max);
        let mut seen = Vec::new();
        while lines
            .read_chunk(|number, piece| {
                let line = match piece {
                    Piece::Line(line) => Some(line.to_vec()),
                    Piece::TooLong { .. } => None,
                };
                seen.push((number, line));
            })
            .unwrap()
        {}
        assert!(lines.begun.capacity() <= 8 * len_bytes_max + 64, "held {}", lines.begun.capacity());
        seen
    }

    #[test]
    fn a_line_that_is_too_long_is_reported_once_and_its_neighbours_are_whole() {
        let text = b"ab\n123456789\ncd\n1234\n123456789";
        for capacity in 1..12 {
            let seen = all(BufReader::with_capacity(capacity, &text[..]), 4);
            let expected = [
                (1, Some(b"ab".to_vec())),
                (2, None),
                (3, Some(b"cd".to_vec())),
                (4, Some(b"1234".to_vec())),
                (5, None),
            ];
            assert_eq!(seen, expected, "{capacity}");
        }
    }

    #[test]
    fn lines_are_handed_out_as_soon_as_their_end_was_read() {
        let mut lines = Lines::new(BufReader::new(Failing {
            chunks: vec![
                Ok(b"a\nb\nc"),
                Err(ErrorKind::Interrupted),
                Ok(b"d\n"),
                Err(ErrorKind::Other),
                Ok(b"e"),
            ],
        }));
        let mut seen = Vec::new();
        let mut chunk = |seen: &mut Vec<(u64, String)>| {
            lines.read_chunk(|number, piece| match piece {
                Piece::Line(line) => seen.push((number, String::from_utf8(line.to_vec()).unwrap())),
                Piece::TooLong { .. } => panic!("no line is long"),
            })
        };
        assert!(chunk(&mut seen).unwrap());
        assert_eq!(seen, [(1, "a".to_owned()), (2, "b".to_owned())]);
        assert!(chunk(&mut seen).unwrap());
        assert_eq!(seen[2..], [(3, "cd".to_owned())]);
        assert_eq!(chunk(&mut seen).unwrap_err().kind(), ErrorKind::Other);
        assert!(chunk(&mut seen).unwrap());
        assert!(!chunk(&mut seen).unwrap());
        assert_eq!(seen[3..], [(4, "e".to_owned())]);
        assert!(!chunk(&mut seen).unwrap());
        assert_eq!(seen.len(), 4);
        assert_eq!(lines.count(), 4);
    }

    proptest! {
        #[test]
        fn prop_any_input_in_any_chunks_gives_its_lines(
            text in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..200),
            capacity in 1usize..40,
            len_bytes_max in 0usize..30,
        ) {
            let mut expected: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
            if expected.last() == Some(&&b""[..]) {
                expected.pop();
            }
            let expected: Vec<_> = expected
                .iter()
                .zip(1u64..)
                .map(|(line, number)| (number, (line.len() <= len_bytes_max).then(|| line.to_vec())))
                .collect();
            prop_assert_eq!(all(BufReader::with_capacity(capacity, &text[..]), len_bytes_max), expected);
        }
    }
}
