//! One snapshot: decoded straight into the other format's encoder, and read back.

use std::path::Path;

use treering_snapshot::{
    Damage, DamageKind, Document, EncodeError, Encoder, Format, Head, Limits, Meta, Part, Scratch, Sink,
    Stop, Take,
};

use super::compare::{Losses, compare};
use crate::program::exit::chain;
use crate::program::say;

/// So many lines are kept of each kind: a file full of damage should not fill the memory with words.
const LINES_MAX: usize = 16;

/// A converted snapshot, and what it was made from.
#[derive(Default)]
pub(super) struct Made {
    pub(super) bytes: Vec<u8>,
    source: Document,
    meta: Meta,
    damage: Lines,
    notes: Lines,
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

/// Converts. `bytes` may be overwritten.
///
/// # Errors
/// Why there is nothing to convert, or nothing that can be written.
pub(super) fn convert(
    from: &dyn Format,
    to: &dyn Format,
    bytes: &mut [u8],
    scratch: &mut Scratch,
) -> Result<Made, String> {
    let mut made = Made::default();
    let mut out = Vec::new();
    made.meta = decode_into(from, bytes, scratch, to.encoder(&mut out), &mut made)?;
    made.bytes = out;
    Ok(made)
}

fn decode_into(
    from: &dyn Format,
    bytes: &mut [u8],
    scratch: &mut Scratch,
    encoder: Box<dyn Encoder + '_>,
    made: &mut Made,
) -> Result<Meta, String> {
    let Made { damage, notes, .. } = made;
    let (source, left_out) = (Document::new(), Lines::default());
    let mut tee = Tee { encoder, source, path: Vec::new(), left_out };
    let decoded = from.decode(bytes, scratch, &Limits::default(), &mut tee, &mut |found: Damage| {
        // A later version's trailer is no damage, only nothing that this version can check.
        let unknown = matches!(found.kind, DamageKind::TrailerVersion { .. });
        let lines = if unknown { &mut *notes } else { &mut *damage };
        lines.push(found.to_string());
    });
    if let Err(error) = &decoded.end {
        damage.push(chain(error));
    }
    let Some(meta) = decoded.meta else {
        return Err(damage.kept.pop().unwrap_or_else(|| "no snapshot".to_owned()));
    };
    tee.encoder.finish(&meta).map_err(|error| format!("cannot be written in the other format: {error}"))?;
    (made.source, made.left_out) = (tee.source, tee.left_out);
    Ok(meta)
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
    made.left_out.kept.iter().for_each(|line| losses.differ(line.clone()));
    losses.differ_more(made.left_out.more);
    Ok(losses)
}

impl Made {
    pub(super) fn is_damaged(&self) -> bool {
        !self.damage.kept.is_empty()
    }

    /// Says what is wrong with the source.
    pub(super) fn tell(&self, path: &Path) {
        for (word, lines) in [("damage", &self.damage), ("note", &self.notes)] {
            for line in &lines.kept {
                say(&format!("{word}: {}: {line}", path.display()));
            }
            if lines.more > 0 {
                say(&format!("{word}: {}: and {} more", path.display(), lines.more));
            }
        }
    }
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
        self.left_out.push(format!("{what} {name:?} of level {:?} left out: {why}", self.path.join("/")));
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
