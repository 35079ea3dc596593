//! Line protocol text to stored samples, without a log.

use std::io::{self, BufRead, Read, Write};

use treering::intake::{Counts, Intake};
use treering::line::{Lines, Piece};
use treering_persist::SyncPolicy;

use crate::Result;
use crate::context::{Context, Written};
use crate::floors::lines::{self, FLOOR};
use crate::measure::{in_turns, timed};
use crate::report::{Line, State};
use crate::storage::Without;
use crate::workload::{CLUSTER, INTERVAL_S};

/// So many rows of all hosts are in memory as text at a time: a hundred bytes a line would be gigabytes otherwise.
const ROWS_MAX: usize = 40;
/// What the program reads at a time.
const CHUNK_BYTES: usize = 1 << 16;

pub(super) fn run(context: &Context) -> Result<Vec<Line>> {
    let rows = context.fritz.samples().min(ROWS_MAX);
    let prefixes = prefixes(context);
    let texts: Vec<Vec<u8>> = (0..rows).map(|row| text(context, row, &prefixes)).collect::<Result<_>>()?;
    let mut vectors = lines::vectors(context.fritz.hosts(), rows);
    let samples: usize = texts.iter().map(|text| text.iter().filter(|byte| **byte == b'\n').count()).sum();
    let samples = u64::try_from(samples)?;
    let subject = || {
        let dir = context.empty_dir("line")?;
        let store = context.open(&dir, SyncPolicy::Unlogged, Written::Bin, Without::Syncs)?;
        let counts = Counts::default();
        let mut intake = Intake::new(&store, &counts);
        // The first row resolves all names, and is not what is asked about: it comes once in the life of a process.
        for text in first_and_rest(&texts).0 {
            take(&mut intake, text)?;
        }
        let took = timed(|| first_and_rest(&texts).1.iter().try_for_each(|text| take(&mut intake, text)))?;
        match counts.stored() {
            stored if stored == samples => Ok(took),
            stored => Err(format!("{stored} of {samples} lines were stored").into()),
        }
    };
    let floor = || lines::run(first_and_rest(&texts).1, &prefixes, &mut vectors);
    let pair = in_turns(context.rounds, floor, subject)?;
    let counted: usize =
        first_and_rest(&texts).1.iter().map(|text| text.iter().filter(|b| **b == b'\n').count()).sum();
    let bytes: usize = first_and_rest(&texts).1.iter().map(Vec::len).sum();
    let line = Line::of_pair("line", &pair, FLOOR, 0.4, u64::try_from(counted)?, u64::try_from(bytes)?);
    Ok(vec![line.with(State::Fresh, State::Reused)])
}

fn first_and_rest(texts: &[Vec<u8>]) -> (&[Vec<u8>], &[Vec<u8>]) {
    texts.split_at(1.min(texts.len()))
}

fn take(intake: &mut Intake<'_>, text: &[u8]) -> Result<()> {
    let mut lines = Lines::new(Chunks(text));
    let mut refused = None;
    while lines.read_chunk(|_, piece| {
        if let Piece::Line(line) = piece
            && let Err(error) = intake.take(line)
        {
            refused.get_or_insert(error);
        }
    })? {
        intake.write()?;
    }
    match refused {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// A text as a reader has it that was filled by somebody else: in chunks, and nothing is copied.
struct Chunks<'a>(&'a [u8]);

impl Read for Chunks<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl BufRead for Chunks<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(&self.0[..self.0.len().min(CHUNK_BYTES)])
    }

    fn consume(&mut self, len_bytes: usize) {
        self.0 = &self.0[len_bytes..];
    }
}

/// What the lines of all series of all hosts begin with, up to the value.
fn prefixes(context: &Context) -> Vec<Vec<u8>> {
    let of_host = |host| {
        context.fritz.series().iter().map(move |series| {
            let tags = match series.level.as_deref().map(|level| level.split_at(level.len() - digits(level)))
            {
                Some((kind, id)) => format!(",type={kind},type-id={id}"),
                None => String::new(),
            };
            let host = context.fritz.host(host);
            format!("{},cluster={CLUSTER},hostname={host}{tags} value=", series.metric).into_bytes()
        })
    };
    (0..context.fritz.hosts()).flat_map(of_host).collect()
}

fn digits(level: &str) -> usize {
    level.bytes().rev().take_while(u8::is_ascii_digit).count()
}

/// The lines of all hosts at one time.
fn text(context: &Context, row: usize, prefixes: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut buffer = zmij::Buffer::new();
    let time_s = context.fritz.time_s(row);
    debug_assert_eq!(time_s % INTERVAL_S, 0);
    let values = (0..context.fritz.hosts()).flat_map(|host| context.fritz.row(host, row));
    for (value, prefix) in values.zip(prefixes).filter(|(value, _)| !value.is_nan()) {
        text.extend_from_slice(prefix);
        text.extend_from_slice(buffer.format_finite(*value).as_bytes());
        writeln!(text, " {time_s}")?;
    }
    Ok(text)
}
