//! The series of hosts that were looked at, each with its samples.

use std::sync::Arc;

use treering::tsv::Path;
use treering_level::{Host, Ring, SeriesIndex, Tree, Values};

/// A series and where its samples are.
pub(super) struct Series {
    /// From the cluster on.
    pub(super) path: Vec<String>,
    pub(super) metric: String,
    pub(super) interval_s: u32,
    host: Arc<Host<()>>,
    index: SeriesIndex,
}

/// All series of some hosts that hold anything, in the order of their levels.
pub(super) fn by_level(trees: &[Tree<()>]) -> Vec<Series> {
    let mut all = Vec::new();
    for host in trees.iter().flat_map(Tree::hosts) {
        let guard = host.lock();
        for view in guard.series().filter(|view| !view.ring().is_empty()) {
            let below = view.path().iter().map(ToString::to_string);
            let names = [host.cluster().to_owned(), host.name().to_owned()];
            all.push(Series {
                path: names.into_iter().chain(below).collect(),
                metric: view.metric().to_owned(),
                interval_s: view.interval_s(),
                host: Arc::clone(&host),
                index: view.index(),
            });
        }
    }
    all.sort_by(|a, b| (&a.path, &a.metric).cmp(&(&b.path, &b.metric)));
    all
}

/// The same in the order of the printed paths, then of the metrics: the order of the rows.
pub(super) fn by_row(trees: &[Tree<()>]) -> Vec<Series> {
    let mut all = by_level(trees);
    all.sort_by_cached_key(|series| (Path(&series.path).to_string(), series.metric.clone()));
    all
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
                    Values::Native(values) => values,
                    _ => &[],
                };
                (first..).zip(values).map(move |(slot, value)| (grid.time_of(slot), *value))
            })
        });
        take(&mut samples.by_ref().filter(|(_, value)| !value.is_nan()))
    }
}
