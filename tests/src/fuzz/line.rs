//! Lines of any bytes: split, parsed, and written again.

use std::cell::RefCell;
use std::fmt::Write;
use std::io::BufReader;

use treering::line::{Line, LineError, Lines, Piece, SeriesName, Time};

/// What is used from input to input.
#[derive(Default)]
struct Buffers {
    line: String,
    /// The pieces of the splitter, one behind the other, and where they end.
    pieces: Vec<u8>,
    ends: Vec<usize>,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// A line longer than this is too long, here.
const LEN_BYTES_MAX: usize = 100;
/// The splitter reads so many bytes at a time, here.
const CHUNK_BYTES: usize = 7;

/// Properties:
/// - the splitter gives each line once, whatever its reader has ready, and none that is too long;
/// - what is refused is refused at a place within the line;
/// - an accepted line without a backslash allocates nothing;
/// - an accepted line, written plainly, is the same sample of the same series.
///
/// # Panics
/// If one of them does not hold.
pub fn check(input: &[u8]) {
    BUFFERS.with_borrow_mut(|buffers| {
        let Buffers { line, pieces, ends } = buffers;
        split(input, pieces, ends);
        for piece in input.split(|byte| *byte == b'\n') {
            try_line(piece, line);
        }
    });
}

fn split(input: &[u8], pieces: &mut Vec<u8>, ends: &mut Vec<usize>) {
    pieces.clear();
    ends.clear();
    let mut lines = Lines::with_limit(BufReader::with_capacity(CHUNK_BYTES, input), LEN_BYTES_MAX);
    let mut last = 0;
    let each = &mut |number: u64, piece: Piece<'_>| {
        assert!(number == last + 1, "line {number} behind line {last}");
        last = number;
        match piece {
            Piece::Line(line) => pieces.extend_from_slice(line),
            Piece::TooLong { .. } => pieces.push(b'\n'),
        }
        ends.push(pieces.len());
    };
    while lines.read_chunk(&mut *each).unwrap_or(false) {}
    let mut expected = input.split(|byte| *byte == b'\n');
    let mut start = 0;
    for end in ends.iter() {
        let line = expected.next().unwrap_or_default();
        let line = if line.len() > LEN_BYTES_MAX { &b"\n"[..] } else { line };
        assert!(pieces[start..*end] == *line, "{:?} instead of {line:?}", &pieces[start..*end]);
        start = *end;
    }
    // Behind the last line feed there is only a line if there is something in it.
    assert!(expected.next().is_none_or(<[u8]>::is_empty) && expected.next().is_none(), "a line is missing");
}

fn try_line(bytes: &[u8], text: &mut String) {
    let mut found = Ok(None);
    let memory = allocation_counter::measure(|| found = parse(bytes));
    assert!(memory.count_total == 0 || bytes.contains(&b'\\'), "{} allocations", memory.count_total);
    match found {
        Ok(None) => {}
        Err(error) => assert!(error.column() <= bytes.len(), "{error} in {} bytes", bytes.len()),
        Ok(Some((series, value, time))) => {
            assert!(value.is_finite());
            text.clear();
            write(text, &series, value, time);
            let again = parse(text.as_bytes());
            let same = matches!(&again, Ok(Some((again, copy, at)))
                if *again == series && copy.to_bits() == value.to_bits()
                    && at.map(|at| at.time_s) == time.map(|time| time.time_s));
            assert!(same, "{series:?} {value} {time:?} became {text:?}: {again:?}");
        }
    }
}

type Sample<'a> = (SeriesName<'a>, f32, Option<Time>);

fn parse(bytes: &[u8]) -> Result<Option<Sample<'_>>, LineError> {
    let Some(line) = Line::parse(bytes)? else { return Ok(None) };
    let series = line.series()?;
    // By the prefix alone it is the same.
    assert!(SeriesName::parse(line.prefix).as_ref() == Ok(&series));
    Ok(Some((series, line.value, line.time)))
}

/// The plainest line of a sample.
pub(super) fn write(line: &mut String, series: &SeriesName<'_>, value: f32, time: Option<Time>) {
    escape(line, &series.metric);
    let mut tag = |key: &str, text: &str| {
        line.push(',');
        line.push_str(key);
        line.push('=');
        escape(line, text);
    };
    for (key, text) in [("cluster", &series.cluster), ("hostname", &series.host)] {
        if let Some(text) = text {
            tag(key, text);
        }
    }
    for (level, (kind, id)) in series.levels().zip([("type", "type-id"), ("stype", "stype-id")]) {
        tag(kind, &level.kind);
        if !level.id.is_empty() {
            tag(id, &level.id);
        }
    }
    // As f64 it is exact however it is read; the shortest f32 need not be if it is read as f64.
    let written = write!(line, " value={}", f64::from(value));
    assert!(written.is_ok());
    if let Some(time) = time {
        // The first second that is too far back to be written in seconds ends with a millisecond that is not.
        let count = if time.time_s > -100_000_000_000 { time.time_s } else { time.time_s * 1000 + 1 };
        assert!(write!(line, " {count}").is_ok());
    }
}

/// The three characters that have an escape get one.
pub(super) fn escape(line: &mut String, text: &str) {
    for c in text.chars() {
        if matches!(c, ',' | ' ' | '=') {
            line.push('\\');
        }
        line.push(c);
    }
}
