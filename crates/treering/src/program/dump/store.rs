//! A whole store, or a cluster or host of one, as a start would recover it: host by host, each in the memory of one.

use std::io::{self, Write};

use treering::tsv;
use treering_level::Tree;
use treering_persist::{FindingKind, OpenError, Options, OsStorage, RecoveryReport, inspect_host};

use super::Problem;
use super::json::{self, Line, Range, Sample};
use super::series::{Series, by_level, by_row};
use super::summary::Summary;
use super::text::{self, Row};
use crate::program::cli::{DumpArgs, Format};
use crate::program::exit::{Failure, Outcome};
use crate::program::place::{self, HostDir, StrayKind};
use crate::program::words::{brief, count, count_len};
use crate::program::{say, settings};

/// What was seen of all hosts.
#[derive(Default)]
struct Totals {
    hosts: u64,
    series: usize,
    samples: u64,
    snapshots: u64,
    log_segments: u64,
    /// Whether anything is damaged, and whether anything cannot be read.
    damaged: bool,
    unread: bool,
}

pub(super) fn dump(args: &DumpArgs, form: Format, out: &mut impl Write) -> Result<Outcome, Problem> {
    let options = settings::for_dump(&args.path, args.config.as_deref(), args.default_interval)?;
    let found = place::find(&OsStorage::new(), &args.path, &settings::formats()).map_err(|error| {
        Failure::new(Outcome::Unfinished, format!("cannot list {}: {error}", args.path.display()))
    })?;
    let mut totals = Totals::default();
    for stray in &found.strays {
        let is_unread = matches!(stray.what, StrayKind::Unreadable(_));
        let word = if is_unread { FindingKind::Unreadable } else { FindingKind::Foreign };
        say(&format!("{word}: {}: {}", stray.path.display(), stray.what.why()));
        totals.unread |= is_unread;
    }
    for hosts in together(found.hosts) {
        let trees: Vec<Tree<()>> =
            hosts.iter().map(|host| look(host, &options, &mut totals)).collect::<Result<_, _>>()?;
        match form {
            Format::Tsv => by_row(&trees).iter().try_for_each(|series| totals.points(series, out))?,
            Format::Json => by_level(&trees).iter().try_for_each(|series| totals.line(series, out))?,
            Format::Text => {
                trees.iter().try_for_each(|tree| totals.table(&by_level(std::slice::from_ref(tree)), out))?;
            }
        }
    }
    let is_empty = totals.series == 0;
    match form {
        Format::Text if !is_empty => totals.print(out)?,
        _ => {}
    }
    Ok(match () {
        () if totals.damaged => Outcome::No,
        () if totals.unread => Outcome::Unfinished,
        () if is_empty => {
            say(&format!("{}: nothing is stored here", args.path.display()));
            Outcome::No
        }
        () => Outcome::Done,
    })
}

/// Hosts in the order of their rows. The rows of some lie between those of another: `a-1` comes before `a/core0`.
fn together(mut hosts: Vec<HostDir>) -> Vec<Vec<HostDir>> {
    let printed = |host: &HostDir| tsv::Path(&[&host.cluster, &host.host]).to_string();
    hosts.sort_by_cached_key(printed);
    let mut all: Vec<(String, Vec<HostDir>)> = Vec::new();
    for host in hosts {
        let name = printed(&host);
        match all.last_mut() {
            Some((first, group)) if name.strip_prefix(first.as_str()).is_some_and(|rest| rest < "/") => {
                group.push(host);
            }
            _ => all.push((name, vec![host])),
        }
    }
    all.into_iter().map(|(_, group)| group).collect()
}

/// What a start would recover of a host; says what is wrong with its files.
fn look(host: &HostDir, options: &Options, totals: &mut Totals) -> Result<Tree<()>, Failure> {
    let names = (host.cluster.as_str(), host.host.as_str());
    let inspected = inspect_host(&OsStorage::new(), options, &settings::formats(), names, &host.path);
    let (tree, report) = inspected.map_err(|error| {
        let outcome = match error {
            OpenError::Metrics(_) => Outcome::Usage,
            _ => Outcome::Unfinished,
        };
        Failure::because(outcome, &error)
    })?;
    for finding in report.findings.iter().filter(|finding| finding.kind != FindingKind::TornTail) {
        say(&format!("{finding}"));
    }
    totals.add(&report);
    Ok(tree)
}

impl Totals {
    fn add(&mut self, report: &RecoveryReport) {
        self.snapshots += report.snapshots;
        self.log_segments += report.log_segments;
        self.damaged |= report.has_damage();
        self.unread |= report.findings.iter().any(|finding| finding.kind == FindingKind::Unreadable);
    }

    fn points(&mut self, series: &Series, out: &mut impl Write) -> io::Result<()> {
        self.series += 1;
        series.with_samples(|samples| {
            for (time_s, value) in samples {
                tsv::point(out, &series.path, &series.metric, time_s, value)?;
            }
            Ok(())
        })
    }

    fn line(&mut self, series: &Series, out: &mut impl Write) -> io::Result<()> {
        self.series += 1;
        let samples: Vec<Sample> =
            series.with_samples(|samples| samples.map(|(time_s, value)| Sample(time_s, value)).collect());
        let summary = Summary::of(samples.iter().map(|sample| (sample.0, sample.1)));
        let count = summary.slots(i64::from(series.interval_s)).unwrap_or(summary.samples);
        let line = Line::Series {
            path: &series.path,
            metric: &series.metric,
            interval_s: series.interval_s,
            start_s: summary.first_s,
            count,
            gaps: count.saturating_sub(summary.samples),
            values: Range::of(&summary),
            samples: &samples,
        };
        json::line(out, &line)
    }

    /// The table of one host.
    fn table(&mut self, all: &[Series], out: &mut impl Write) -> io::Result<()> {
        let Some([cluster, host, ..]) = all.first().map(|series| series.path.as_slice()) else {
            return Ok(());
        };
        let mut tree = text::Tree::new();
        let mut of_host = 0;
        for series in all {
            let summary = series.with_samples(|samples| Summary::of(samples));
            let interval_s = i64::from(series.interval_s);
            let count = summary.slots(interval_s).unwrap_or(summary.samples);
            let gaps = Some(count.saturating_sub(summary.samples));
            let (interval_s, start_s) = (Some(interval_s), Some(summary.first_s));
            tree.level(&series.path[2..]);
            tree.row(&Row { metric: &series.metric, interval_s, start_s, count, gaps, summary });
            of_host += summary.samples;
        }
        self.hosts += 1;
        self.series += all.len();
        self.samples += of_host;
        let (samples, series) = (count(of_host, "sample"), count_len(all.len(), "series"));
        writeln!(out, "{}/{}: {samples} of {series}", brief(cluster), brief(host))?;
        tree.print(out)?;
        writeln!(out)
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "{} of {} on {}, from {} and {}",
            count(self.samples, "sample"),
            count_len(self.series, "series"),
            count(self.hosts, "host"),
            count(self.snapshots, "snapshot"),
            count(self.log_segments, "log segment"),
        )
    }
}
