//! One snapshot, its levels in the order of their names.

use std::io::{self, Write};
use std::path::Path;

use treering::tsv::{self, ColumnHead};
use treering_snapshot::{Column, Damage, Decoded, Document, Format, Level, Limits, Meta, Scratch};

use super::json::{self, Line, Ours, Range, Window};
use super::summary::Summary;
use super::text::{Row, Tree};
use super::{Problem, cannot_read};
use crate::program::cli;
use crate::program::exit::{Outcome, chain};
use crate::program::file::Source;
use crate::program::say;
use crate::program::survey::is_damage;
use crate::program::words::{brief, place, wide};

/// So many places of damage are told one by one.
const DAMAGE_SHOWN: usize = 20;

pub(super) fn dump(
    path: &Path,
    source: &Source,
    format: &dyn Format,
    form: cli::Format,
    out: &mut impl Write,
) -> Result<Outcome, Problem> {
    let mut bytes = Vec::new();
    source.read_snapshot(format, &mut bytes).map_err(|error| cannot_read(path, &error))?;
    let mut document = Document::new();
    let (mut found, mut more): (Vec<Damage>, u64) = (Vec::new(), 0);
    let report = &mut |damage: Damage| {
        if found.len() < DAMAGE_SHOWN { found.push(damage) } else { more += 1 }
    };
    let decoded = format.decode(&mut bytes, &mut Scratch::new(), &Limits::default(), &mut document, report);
    tell(path, &found, more, &decoded);
    match form {
        cli::Format::Tsv => rows(&document, &decoded, out)?,
        cli::Format::Text => text(&document, decoded.meta.as_ref(), out)?,
        cli::Format::Json => lines(path, &document, (&found, more), &decoded, out)?,
    }
    let is_sound = decoded.end.is_ok() && more == 0 && !found.iter().any(|damage| is_damage(damage.kind));
    Ok(if is_sound { Outcome::Done } else { Outcome::No })
}

fn tell(path: &Path, found: &[Damage], more: u64, decoded: &Decoded) {
    let path = path.display();
    for damage in found {
        let word = if is_damage(damage.kind) { "damage" } else { "note" };
        say(&format!("{word}: {path}: {}", described(damage)));
    }
    if more > 0 {
        say(&format!("damage: {path}: {more} more: treering verify says more"));
    }
    if let Err(error) = &decoded.end {
        say(&format!("damage: {path}: {}", chain(error)));
    }
}

fn described(damage: &Damage) -> String {
    let place = place(damage.path.as_deref(), damage.metric.as_deref());
    let comma = if place.is_empty() { "" } else { ", at " };
    format!("at byte {}: {}{comma}{place}", damage.offset, damage.kind)
}

fn rows(document: &Document, decoded: &Decoded, out: &mut impl Write) -> io::Result<()> {
    if let Some(Meta { window, .. }) = &decoded.meta {
        tsv::snapshot(out, window.from_s, window.to_s)?;
    }
    each(document, &mut |path, level| {
        if !path.is_empty() {
            tsv::level(out, path)?;
        }
        level.columns().try_for_each(|(metric, column)| {
            let count = wide(column.values.len());
            let head = ColumnHead { metric, interval_s: column.interval_s, start_s: column.start_s, count };
            tsv::column(out, path, head, column.values.iter().copied())
        })
    })?;
    match &decoded.end {
        Ok(()) => Ok(()),
        Err(error) => tsv::error(out, &chain(error)),
    }
}

fn text(document: &Document, meta: Option<&Meta>, out: &mut impl Write) -> io::Result<()> {
    if let Some(meta) = meta {
        let (from_s, to_s) = (meta.window.from_s, meta.window.to_s);
        match (date(from_s), date(to_s)) {
            (Some(from), Some(to)) => writeln!(out, "window {from_s} to {to_s}, {from} to {to}")?,
            _ => writeln!(out, "window {from_s} to {to_s}")?,
        }
        match &meta.ours {
            Some(ours) => writeln!(
                out,
                "of {}/{}, covers the log up to generation {}",
                brief(&ours.cluster),
                brief(&ours.host),
                ours.covers
            )?,
            None => writeln!(out, "without checksums, as the reference writes it")?,
        }
    }
    let mut tree = Tree::new();
    each(document, &mut |path, level| {
        tree.level(path);
        for (metric, column) in level.columns() {
            let (summary, count) = (summary(column), wide(column.values.len()));
            let (interval_s, start_s) = (Some(column.interval_s), Some(column.start_s));
            let gaps = Some(count - summary.samples);
            tree.row(&Row { metric, interval_s, start_s, count, gaps, summary });
        }
        Ok(())
    })?;
    tree.print(out)
}

/// A time for eyes; of times that nobody means there is none.
fn date(time_s: i64) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_second(time_s).ok().filter(|_| time_s != 0)
}

fn lines(
    file: &Path,
    document: &Document,
    (found, more): (&[Damage], u64),
    decoded: &Decoded,
    out: &mut impl Write,
) -> io::Result<()> {
    let (file, meta) = (file.to_string_lossy(), decoded.meta.as_ref());
    let window = meta.map(|meta| Window { from_s: meta.window.from_s, to_s: meta.window.to_s });
    let ours = meta.and_then(|meta| meta.ours.as_ref()).map(|ours| Ours {
        cluster: &ours.cluster,
        host: &ours.host,
        covers: ours.covers,
        previous: ours.previous,
    });
    json::line(out, &Line::Snapshot { file: &file, window, ours })?;
    each(document, &mut |path, level| {
        level.columns().try_for_each(|(metric, column)| {
            let (summary, count) = (summary(column), wide(column.values.len()));
            let Column { interval_s, start_s, values: data } = column;
            let (interval_s, start_s, gaps) = (*interval_s, *start_s, count - summary.samples);
            let values = Range::of(&summary);
            json::line(out, &Line::Column { path, metric, interval_s, start_s, count, gaps, values, data })
        })
    })?;
    for damage in found {
        json::line(out, &Line::Damage { offset: Some(damage.offset), what: described(damage) })?;
    }
    if more > 0 {
        let what = format!("{more} more: treering verify says more");
        json::line(out, &Line::Damage { offset: None, what })?;
    }
    let error = decoded.end.as_ref().err().map(|error| chain(error));
    json::line(out, &Line::End { error })
}

fn summary(column: &Column) -> Summary {
    let times = (0_i64..).map(|index| column.start_s.saturating_add(column.interval_s.saturating_mul(index)));
    // A grid that does not move on leaves the order of the file.
    Summary::of(times.zip(column.values.iter().copied()))
}

/// All levels, depth first; the host itself has no path. As deep as the document's own limit at most.
fn each(document: &Document, visit: &mut dyn FnMut(&[String], &Level) -> io::Result<()>) -> io::Result<()> {
    fn below(
        path: &mut Vec<String>,
        level: &Level,
        visit: &mut dyn FnMut(&[String], &Level) -> io::Result<()>,
    ) -> io::Result<()> {
        visit(path, level)?;
        for (name, child) in level.children() {
            path.push(name.to_owned());
            below(path, child, visit)?;
            path.pop();
        }
        Ok(())
    }
    below(&mut Vec::new(), document.root(), visit)
}
