//! One snapshot: decoded straight into the other format's encoder, and read back.

use treering_snapshot::{
    Document, EncodeError, Encoder, Format, Head, Limits, Loss, Meta, Part, Scratch, Sink, Stop, Take,
};

use super::compare::{Losses, compare};
use crate::program::exit::chain;
use crate::program::survey::{self, Faults};
use crate::program::words;

/// So many lines are kept of each kind: a file full of damage should not fill the memory with words.
const LINES_MAX: usize = 16;

/// A converted snapshot, and what it was made from.
#[derive(Default)]
pub(super) struct Made {
    pub(super) bytes: Vec<u8>,
    source: Document,
    meta: Meta,
    /// What the source holds that is not converted.
    pub(super) faults: Faults,
    /// Values that the encoder could not write as they are.
    loss: Loss,
    /// What the encoder refused.
    left_out: Lines,
}

/// Lines, up to a number.
#[derive(Debug, Default)]
pub(super) struct Lines {
    kept: Vec<String>,
    more: u64,
}

/// Passes each event on to the encoder, and keeps what the encoder took.
struct Tee<'a> {
    encoder: Box<dyn Encoder + 'a>,
    source: Document,
    path: Vec<String>,
    left_out: Lines,
}

/// Converts a file of `len` bytes, of which `bytes` are all, or its two ends. They may be overwritten.
///
/// # Errors
/// Why there is nothing to convert, or nothing that can be written.
pub(super) fn convert(
    from: &dyn Format,
    to: &dyn Format,
    (bytes, len): (&mut [u8], u64),
    scratch: &mut Scratch,
) -> Result<Made, String> {
    let faults = survey::snapshot(from, &mut bytes.to_vec(), len, scratch, &mut |_| {}).faults;
    let mut made = Made { faults, ..Made::default() };
    let mut out = Vec::new();
    decode_into(from, bytes, scratch, to.encoder(&mut out), &mut made)?;
    made.bytes = out;
    Ok(made)
}

fn decode_into(
    from: &dyn Format,
    bytes: &mut [u8],
    scratch: &mut Scratch,
    encoder: Box<dyn Encoder + '_>,
    made: &mut Made,
) -> Result<(), String> {
    let (source, left_out) = (Document::new(), Lines::default());
    let mut tee = Tee { encoder, source, path: Vec::new(), left_out };
    // What is wrong with the source is known already.
    let decoded = from.decode(bytes, scratch, &Limits::default(), &mut tee, &mut |_| ());
    match (decoded.meta, decoded.end) {
        // Nothing sound comes before what cannot be read.
        (_, Err(error)) if tee.source.counts().columns == 0 => return Err(chain(&error)),
        (None, Err(error)) => return Err(chain(&error)),
        (None, Ok(())) => return Err("no snapshot".to_owned()),
        (Some(meta), _) => made.meta = meta,
    }
    let counts = tee.encoder.finish(&made.meta);
    made.loss = counts.map_err(|error| format!("cannot be written in the other format: {error}"))?.loss;
    (made.source, made.left_out) = (tee.source, tee.left_out);
    Ok(())
}

/// Decodes what was written, and compares it with its source.
///
/// # Errors
/// Why it cannot be read: then it must not be kept.
pub(super) fn losses(
    made: &Made,
    format: &dyn Format,
    written: &mut [u8],
    scratch: &mut Scratch,
) -> Result<Losses, String> {
    let mut result = Document::new();
    let mut damage = None;
    let decoded = format.decode(written, scratch, &Limits::default(), &mut result, &mut |found| {
        damage.get_or_insert(found);
    });
    decoded.end.map_err(|error| format!("cannot be read back: {}", chain(&error)))?;
    if let Some(damage) = damage {
        return Err(format!("is damaged: {damage}"));
    }
    let mut losses = compare(&made.source, &result);
    if decoded.meta.as_ref() != Some(&made.meta) {
        losses.differ("its times, or what it covers".to_owned());
    }
    if losses.of_values() != made.loss {
        let (found, told) = (losses.of_values(), made.loss);
        losses.differ(format!(
            "{} rounded and {} infinite, where the writer has told of {} and {}",
            words::count(found.rounded, "value"),
            found.infinite,
            told.rounded,
            told.infinite
        ));
    }
    made.left_out.kept.iter().for_each(|line| losses.differ(line.clone()));
    losses.differ_more(made.left_out.more);
    Ok(losses)
}

impl Lines {
    pub(super) fn push(&mut self, line: String) {
        if self.kept.len() < LINES_MAX { self.kept.push(line) } else { self.more += 1 }
    }

    pub(super) fn add_more(&mut self, more: u64) {
        self.more += more;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.more == 0
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = String> + '_ {
        let more = (self.more > 0).then(|| format!("and {} more", self.more));
        self.kept.iter().cloned().chain(more)
    }
}

impl Tee<'_> {
    fn refused(&mut self, what: &str, name: &str, stop: &Stop) -> Result<(), Stop> {
        let reason = stop.reason().and_then(|reason| reason.downcast_ref::<EncodeError>());
        let why = reason.map_or_else(|| stop.to_string(), ToString::to_string);
        let (name, level) = (words::brief(name), words::level(&self.path));
        self.left_out.push(format!("{what} \"{name}\" of {level} left out: {why}"));
        Ok(())
    }
}

impl Sink for Tee<'_> {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        match self.encoder.column(head, values) {
            Ok(()) => self.source.column(head, values),
            Err(stop) => self.refused("metric", head.metric, &stop),
        }
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        match self.encoder.enter(level) {
            Ok(_) => {}
            Err(stop) => return self.refused("level", level, &stop).map(|()| Take::Skip),
        }
        self.path.push(level.to_owned());
        self.source.enter(level)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.path.pop();
        self.encoder.leave()?;
        self.source.leave()
    }
}
