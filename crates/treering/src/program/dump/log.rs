//! One segment of the log, record by record.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use treering::tsv;
use treering_wal::{Control, HeaderError, Record};

use super::json::{self, Line};
use super::summary::Summary;
use super::text::{Row, Tree};
use super::{Problem, cannot_read};
use crate::program::cli::Format;
use crate::program::exit::Outcome;
use crate::program::file::Source;
use crate::program::say;
use crate::program::survey::{Event, read_segment};
use crate::program::words::count;

/// So many places of damage are told one by one.
const DAMAGE_SHOWN: u64 = 20;

pub(super) fn dump(
    path: &Path,
    source: &Source,
    form: Format,
    out: &mut impl Write,
) -> Result<Outcome, Problem> {
    let (mut told, mut table) = (Told::new(path), Summaries::default());
    if form == Format::Json {
        json::line(out, &Line::Log { file: &path.to_string_lossy() })?;
    }
    let mut printed = Ok(());
    let read = read_segment(source, &mut |event| match (&event, form) {
        // The output takes no more.
        _ if printed.is_err() => {}
        (Event::Record { record, .. }, Format::Text) => table.add(record),
        (Event::Record { record, .. }, Format::Tsv) => printed = row(record, out),
        (Event::Record { offset, record, .. }, Format::Json) => printed = line(*offset, record, out),
        _ => {
            let found = told.event(&event);
            if let (Some((offset, what)), Format::Json) = (found, form) {
                printed = json::line(out, &Line::Damage { offset: Some(offset), what });
            }
        }
    });
    printed?;
    read.map_err(|error| cannot_read(path, &error))?;
    match form {
        Format::Text => table.print(out, told.end().as_deref())?,
        Format::Json => json::line(out, &Line::End { error: told.end() })?,
        Format::Tsv => match &told.header {
            Some(error) => tsv::error(out, error)?,
            None => tsv::end(out, told.first.as_ref().map(|reason| reason as &dyn std::fmt::Display))?,
        },
    }
    told.rest();
    Ok(if told.damage > 0 { Outcome::No } else { Outcome::Done })
}

/// What is wrong with the log, as far as it was met.
struct Told<'a> {
    path: &'a Path,
    header: Option<HeaderError>,
    /// The first place that is no record.
    first: Option<String>,
    damage: u64,
}

impl Told<'_> {
    fn new(path: &Path) -> Told<'_> {
        Told { path, header: None, first: None, damage: 0 }
    }

    /// Says what is damage, and returns it.
    fn event(&mut self, event: &Event<'_>) -> Option<(u64, String)> {
        let (offset, what) = match event {
            Event::Record { .. } => return None,
            Event::Header(error) => {
                self.header = Some(*error);
                // A log that was just being begun is what a crash leaves.
                if !matches!(error, HeaderError::Magic { .. }) {
                    say(&format!("note: {}: {error}", self.path.display()));
                    return None;
                }
                (0, error.to_string())
            }
            // The header says it all.
            Event::Torn { offset: 0, .. } => return None,
            Event::Torn { offset, reason } => {
                self.first.get_or_insert(format!("at byte {offset}: {reason}"));
                return None;
            }
            Event::Corrupt { offset, reason, next } => {
                self.first.get_or_insert(format!("at byte {offset}: {reason}"));
                (*offset, format!("{reason}; sound again from byte {next}"))
            }
        };
        self.damage += 1;
        if self.damage <= DAMAGE_SHOWN {
            say(&format!("damage: {}: at byte {offset}: {what}", self.path.display()));
        }
        Some((offset, what))
    }

    fn rest(&self) {
        if let Some(more @ 1..) = self.damage.checked_sub(DAMAGE_SHOWN) {
            say(&format!("damage: {}: {more} more: treering verify says more", self.path.display()));
        }
    }

    fn end(&self) -> Option<String> {
        self.header.map(|error| error.to_string()).or_else(|| self.first.clone())
    }
}

fn row(record: &Record<'_>, out: &mut impl Write) -> io::Result<()> {
    if record.is_control() {
        return Ok(());
    }
    let path: Vec<_> = record.levels().collect();
    tsv::record(out, record.time_s, &record.metric(), &path, record.value)
}

fn line(offset: u64, record: &Record<'_>, out: &mut impl Write) -> io::Result<()> {
    match record.control() {
        None => {
            let path: Vec<Cow<'_, str>> = record.levels().collect();
            let (time_s, metric, value) = (record.time_s, record.metric(), record.value);
            json::line(out, &Line::Record { offset, time_s, path: &path, metric: &metric, value })
        }
        Some(Ok(Control::Segment { generation })) => {
            json::line(out, &Line::Generation { offset, generation })
        }
        Some(_) => Ok(()),
    }
}

/// What is said of a log for eyes.
#[derive(Default)]
struct Summaries {
    generation: Option<u64>,
    records: u64,
    /// Intervals that the log states.
    intervals_s: BTreeMap<String, u32>,
    /// By path and metric, and how many records each has.
    series: BTreeMap<(Vec<String>, String), (u64, Summary)>,
}

impl Summaries {
    fn add(&mut self, record: &Record<'_>) {
        match record.control() {
            Some(Ok(Control::Segment { generation })) => self.generation = Some(generation),
            Some(Ok(Control::Metric { name, interval_s, .. })) => {
                self.intervals_s.insert(name.into_owned(), interval_s);
            }
            Some(_) => {}
            None => {
                self.records += 1;
                let path = record.levels().map(Cow::into_owned).collect();
                let (records, summary) = self.series.entry((path, record.metric().into_owned())).or_default();
                *records += 1;
                summary.add(record.time_s, record.value);
            }
        }
    }

    fn print(&self, out: &mut impl Write, end: Option<&str>) -> io::Result<()> {
        match self.generation {
            Some(generation) => writeln!(out, "log segment of generation {generation}")?,
            None => writeln!(out, "log segment without a generation, as the reference writes it")?,
        }
        let series = crate::program::words::count_len(self.series.len(), "series");
        writeln!(out, "{} of {series}", count(self.records, "record"))?;
        writeln!(out, "end: {}", end.unwrap_or("clean"))?;
        let mut tree = Tree::new();
        for ((path, metric), (records, summary)) in &self.series {
            let interval_s = self.intervals_s.get(metric).copied().map(i64::from);
            // What comes twice is in one slot, and no gap.
            let slots = interval_s.and_then(|interval_s| summary.slots(interval_s));
            let gaps = slots.map(|slots| slots.saturating_sub(summary.samples));
            let start_s = (summary.samples > 0).then_some(summary.first_s);
            tree.level(path);
            tree.row(&Row { metric, interval_s, start_s, count: *records, gaps, summary: *summary });
        }
        tree.print(out)
    }
}
