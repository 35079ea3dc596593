//! A whole store, as a start would recover it.

use std::io::Write;
use std::sync::Arc;

use treering::tsv::{self, Path};
use treering_level::{Host, Ring, SeriesIndex, Tree};
use treering_persist::{FindingKind, OpenError, OsStorage, inspect};

use super::{Problem, text};
use crate::program::cli::{DumpArgs, Format};
use crate::program::exit::{Failure, Outcome};
use crate::program::{say, settings};

/// A series and where its samples are.
pub(super) struct Series {
    pub(super) path: Vec<String>,
    pub(super) metric: String,
    host: Arc<Host<()>>,
    index: SeriesIndex,
}

pub(super) fn dump(args: &DumpArgs, out: &mut impl Write) -> Result<Outcome, Problem> {
    let options = settings::for_dump(&args.path, args.config.as_deref(), args.default_interval)?;
    let (tree, report) = inspect(&OsStorage::new(), &options, &settings::formats()).map_err(|error| {
        let outcome = match error {
            OpenError::Metrics(_) => Outcome::Usage,
            _ => Outcome::Unfinished,
        };
        Failure::because(outcome, &error)
    })?;
    for finding in report.findings.iter().filter(|finding| finding.kind != FindingKind::TornTail) {
        say(&format!("{finding}"));
    }
    let series = sorted_series(&tree);
    match args.format {
        Format::Tsv => {
            for series in &series {
                points(series, out)?;
            }
        }
        Format::Text => text::store(out, &series, &report)?,
    }
    let unread = report.findings.iter().any(|finding| finding.kind == FindingKind::Unreadable);
    Ok(match (report.has_damage() || unread, series.is_empty()) {
        (false, false) => Outcome::Done,
        (true, _) => Outcome::No,
        (false, true) => {
            say(&format!("{}: nothing is stored here", args.path.display()));
            Outcome::No
        }
    })
}

/// In the order of the printed paths, then of the metrics: the order of the rows.
fn sorted_series(tree: &Tree<()>) -> Vec<Series> {
    let mut all = Vec::new();
    for host in tree.hosts() {
        let guard = host.lock();
        for view in guard.series().filter(|view| !view.ring().is_empty()) {
            let below = view.path().iter().map(ToString::to_string);
            let path: Vec<String> =
                [host.cluster().to_owned(), host.name().to_owned()].into_iter().chain(below).collect();
            let (metric, index) = (view.metric().to_owned(), view.index());
            all.push((Path(&path).to_string(), Series { path, metric, host: Arc::clone(&host), index }));
        }
    }
    all.sort_by(|(a_path, a), (b_path, b)| (a_path, &a.metric).cmp(&(b_path, &b.metric)));
    all.into_iter().map(|(_, series)| series).collect()
}

fn points(series: &Series, out: &mut impl Write) -> std::io::Result<()> {
    series.with_samples(|samples| {
        for (time_s, value) in samples {
            tsv::point(out, &series.path, &series.metric, time_s, value)?;
        }
        Ok(())
    })
}

impl Series {
    /// Hands the samples over in the order of their times.
    pub(super) fn with_samples<T>(&self, take: impl FnOnce(&mut dyn Iterator<Item = (i64, f32)>) -> T) -> T {
        let guard = self.host.lock();
        let frozen = guard.series_view(self.index).map(|view| {
            let ring: &Ring = view.ring();
            ring.freeze(ring.span().unwrap_or(0..0))
        });
        drop(guard);
        let mut samples = frozen.iter().flat_map(|column| {
            let grid = column.grid();
            let mut slot = column.first_slot();
            column.parts().flat_map(move |part| {
                let first = slot;
                slot += i64::try_from(part.slots()).unwrap_or(i64::MAX);
                let values: &[f32] = match part {
                    treering_level::Values::Native(values) => values,
                    _ => &[],
                };
                (first..).zip(values).map(move |(slot, value)| (grid.time_of(slot), *value))
            })
        });
        take(&mut samples.by_ref().filter(|(_, value)| !value.is_nan()))
    }

    pub(super) fn interval_s(&self) -> u32 {
        self.host.lock().series_view(self.index).map_or(0, |view| view.interval_s())
    }
}
