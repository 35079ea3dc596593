//! Trees to test on, and short ways to fill and ask them.

use std::sync::Arc;

use treering_level::{
    Aggregation, Answer, Bounds, Column, Fill, Host, Journal, Limits, Metric, MetricTable, Outcome, Query,
    ReadError, Sample, Selector, SeriesView, Tree, Values,
};

/// Unix seconds; a multiple of all intervals used.
pub(crate) const T0: i64 = 1_700_006_400;

/// Takes down all it is told.
#[derive(Default, Debug, Clone, PartialEq)]
pub(crate) struct Told(pub(crate) Vec<(String, i64, f32)>);

impl Journal for Told {
    fn append(&mut self, series: &SeriesView<'_>, time_s: i64, value: f32) {
        self.0.push((name_of(series), time_s, value));
    }
}

/// `level/level/metric`.
pub(crate) fn name_of(series: &SeriesView<'_>) -> String {
    let names: Vec<&str> = series.path().iter().map(|name| &**name).chain([series.metric()]).collect();
    names.join("/")
}

pub(crate) const fn metric(interval_s: u32, aggregation: Aggregation) -> Metric {
    Metric { interval_s, aggregation }
}

/// Takes every metric at an interval of 60 s; several series are added up.
pub(crate) fn taking_tree() -> Tree<Told> {
    limited_tree(Limits::default())
}

pub(crate) fn limited_tree(limits: Limits) -> Tree<Told> {
    Tree::new(MetricTable::taking_unknown(metric(60, Aggregation::Sum)), limits)
}

/// Refuses every metric but these.
pub(crate) fn configured_tree(metrics: &[(&str, Metric)]) -> Tree<Told> {
    let mut table = MetricTable::refusing_unknown();
    for (name, metric) in metrics {
        table.configure(name, *metric).unwrap();
    }
    Tree::new(table, Limits::default())
}

pub(crate) fn host(tree: &Tree<Told>) -> Arc<Host<Told>> {
    tree.host_or_insert_with("c", "h", Told::default).unwrap()
}

/// Resolves and writes. The first two names of the path are cluster and host.
pub(crate) fn put(tree: &Tree<Told>, path: &[&str], metric: &str, samples: &[(i64, f32)]) -> Outcome {
    let host = tree.host_or_insert_with(path[0], path[1], Told::default).unwrap();
    let mut guard = host.lock();
    let series = guard.resolve(&path[2..], metric).unwrap();
    let samples: Vec<Sample> =
        samples.iter().map(|(time_s, value)| Sample { series, time_s: *time_s, value: *value }).collect();
    guard.write(&samples, Bounds::NONE)
}

/// Restores a column of these values as from a sound file.
pub(crate) fn restore(
    host: &Host<Told>,
    path: &[&str],
    metric: &str,
    start_s: i64,
    interval_s: u32,
    values: &[f32],
) -> treering_level::SeriesIndex {
    let column = Column { start_s, interval_s, values: &[Values::Native(values)] };
    host.lock().restore(path, metric, column, Fill::EmptySlots, false).unwrap().0
}

pub(crate) fn ask(
    tree: &Tree<Told>,
    path: &[&str],
    metric: &str,
    range: (i64, i64),
) -> Result<Answer, ReadError> {
    ask_for(tree, path.iter().map(|name| Selector::from(*name)).collect(), metric, range)
}

pub(crate) fn ask_for(
    tree: &Tree<Told>,
    path: Vec<Selector>,
    metric: &str,
    (from_s, to_s): (i64, i64),
) -> Result<Answer, ReadError> {
    tree.read(&Query { path, metric: metric.to_owned(), from_s, to_s })
}

/// The samples of an answer, without the slots that have none.
pub(crate) fn points(answer: &Answer) -> Vec<(i64, f32)> {
    let step_s = i64::from(answer.interval_s);
    let times = (0..).map(|slot| answer.start_s + slot * step_s);
    times.zip(answer.values.iter().copied()).filter(|(_, value)| !value.is_nan()).collect()
}

/// Values with NaN made comparable.
pub(crate) fn plain(values: &[f32]) -> Vec<Option<f32>> {
    values.iter().map(|value| Some(*value).filter(|value| !value.is_nan())).collect()
}
