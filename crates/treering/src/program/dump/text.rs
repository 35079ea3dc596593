//! Tables for eyes.

use std::collections::BTreeMap;
use std::io::{self, Write};

use treering::tsv::{Escaped, Path};
use treering_persist::RecoveryReport;
use treering_snapshot::{Document, Level, Meta};
use treering_wal::{Control, Record};

use super::store::Series;
use crate::program::table::{Table, or_dash};

/// What is said of a column of values.
#[derive(Default)]
struct Summary {
    samples: u64,
    first_s: i64,
    last_s: i64,
    last: f32,
    min: f32,
    max: f32,
}

/// What is said of a log.
#[derive(Default)]
pub(super) struct LogSummary {
    generation: Option<u64>,
    records: u64,
    series: BTreeMap<(Vec<String>, String), Summary>,
}

impl Summary {
    fn add(&mut self, time_s: i64, value: f32) {
        if value.is_nan() {
            return;
        }
        if self.samples == 0 {
            *self =
                Summary { samples: 0, first_s: time_s, last_s: time_s, last: value, min: value, max: value };
        }
        self.samples += 1;
        self.first_s = self.first_s.min(time_s);
        if time_s >= self.last_s {
            (self.last_s, self.last) = (time_s, value);
        }
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }
}

const HEAD: [&str; 9] =
    ["metric", "interval", "start", "end", "slots", "samples", "minimum", "maximum", "last"];

fn table() -> Table {
    Table::new(1, &HEAD)
}

fn series_row(table: &mut Table, metric: &str, interval_s: i64, slots: u64, summary: &Summary) {
    let some = |text: String| or_dash((summary.samples > 0).then_some(text));
    table.row([
        format!("  {}", Escaped(metric)),
        format!("{interval_s}s"),
        some(summary.first_s.to_string()),
        some(summary.last_s.to_string()),
        slots.to_string(),
        summary.samples.to_string(),
        some(summary.min.to_string()),
        some(summary.max.to_string()),
        some(summary.last.to_string()),
    ]);
}

/// A snapshot: its window, then each level with its columns.
pub(super) fn snapshot(out: &mut impl Write, meta: Option<&Meta>, document: &Document) -> io::Result<()> {
    if let Some(meta) = meta {
        writeln!(out, "window {} to {}", meta.window.from_s, meta.window.to_s)?;
        match &meta.ours {
            Some(ours) => writeln!(
                out,
                "of {}/{}, covers the log up to generation {}",
                Escaped(&ours.cluster),
                Escaped(&ours.host),
                ours.covers
            )?,
            None => writeln!(out, "without checksums, as the reference writes it")?,
        }
    }
    let mut table = table();
    level(&mut table, &mut Vec::new(), document.root());
    table.print(out)
}

/// A path below the host, or the host itself.
fn shown(path: &[String]) -> String {
    if path.is_empty() { "(host)".to_owned() } else { Path(path).to_string() }
}

/// As deep as the document's own limit at most.
fn level(table: &mut Table, path: &mut Vec<String>, level_at: &Level) {
    table.title(shown(path));
    for (metric, column) in level_at.columns() {
        let mut summary = Summary::default();
        let mut time_s = column.start_s;
        for value in &column.values {
            summary.add(time_s, *value);
            time_s = time_s.saturating_add(column.interval_s);
        }
        let slots = u64::try_from(column.values.len()).unwrap_or(u64::MAX);
        series_row(table, metric, column.interval_s, slots, &summary);
    }
    for (name, child) in level_at.children() {
        path.push(name.to_owned());
        level(table, path, child);
        path.pop();
    }
}

/// A store: each series with its span.
pub(super) fn store(out: &mut impl Write, all: &[Series], report: &RecoveryReport) -> io::Result<()> {
    writeln!(
        out,
        "{} hosts, {} series, {} snapshots, {} log segments, {} torn tails, {} corrupt records",
        report.hosts,
        all.len(),
        report.snapshots,
        report.log_segments,
        report.torn_tails,
        report.corrupt_records
    )?;
    let mut table = table();
    let mut above: Option<&[String]> = None;
    for series in all {
        if above != Some(&series.path) {
            table.title(Path(&series.path).to_string());
            above = Some(&series.path);
        }
        let mut summary = Summary::default();
        series.with_samples(|samples| samples.for_each(|(time_s, value)| summary.add(time_s, value)));
        let interval_s = i64::from(series.interval_s());
        let slots = (summary.last_s - summary.first_s) / interval_s.max(1) + 1;
        series_row(&mut table, &series.metric, interval_s, u64::try_from(slots).unwrap_or(0), &summary);
    }
    table.print(out)
}

impl LogSummary {
    pub(super) fn add(&mut self, record: &Record<'_>) {
        match record.control() {
            Some(Ok(Control::Segment { generation })) => self.generation = Some(generation),
            Some(_) => {}
            None => {
                self.records += 1;
                let path = record.levels().map(std::borrow::Cow::into_owned).collect();
                let summary = self.series.entry((path, record.metric().into_owned())).or_default();
                summary.add(record.time_s, record.value);
            }
        }
    }

    pub(super) fn print(&self, out: &mut impl Write, end: Option<&str>) -> io::Result<()> {
        match self.generation {
            Some(generation) => writeln!(out, "log segment of generation {generation}")?,
            None => writeln!(out, "log segment without a generation, as the reference writes it")?,
        }
        writeln!(out, "{} records of {} series", self.records, self.series.len())?;
        writeln!(out, "end: {}", end.unwrap_or("clean"))?;
        for ((path, metric), summary) in &self.series {
            writeln!(
                out,
                "  {} {}  {} records, {} to {}, last {}",
                shown(path),
                Escaped(metric),
                summary.samples,
                summary.first_s,
                summary.last_s,
                summary.last
            )?;
        }
        Ok(())
    }
}
