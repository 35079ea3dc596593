//! How a query is read: which levels it selects, which series they answer with, one host at a time.

use treering_buffer::Frozen;

use super::combine::Combined;
use super::{Answer, Query, ReadError};
use crate::arena::{LevelIndex, Levels, SeriesTable};
use crate::host::Host;
use crate::metric::Aggregation;
use crate::name::ShownName;
use crate::selector::Names;
use crate::tree::Tree;

/// Series that are frozen under one hold of a host's lock: some tens of microseconds.
const LOT: usize = 256;

impl<H> Tree<H> {
    /// Answers a query.
    ///
    /// A level that holds the metric itself answers with that series; any other, and so every cluster, with
    /// all series of the metric below it, at whatever depth. If there are several, from one level or from all
    /// that are selected, they are combined by the metric's aggregation. A series without a sample counts as
    /// none.
    ///
    /// The answer has the grid of the first series in path order (cluster, host, levels by bytes, depth
    /// first). A sample of another series counts in the slot of that grid which takes its time, the later one
    /// if there are two. Where any of the series has nothing the answer is NaN. The whole range is answered,
    /// and the same each time.
    ///
    /// No lock is held while values are read: series are frozen under their host's lock, one host at a time.
    ///
    /// # Errors
    /// - [`ReadError::BackwardRange`]; [`ReadError::RangeTooLarge`], before anything is allocated for values.
    /// - [`ReadError::UnknownMetric`], [`ReadError::UnknownHost`], [`ReadError::NothingFound`]: nothing to
    ///   answer with.
    /// - [`ReadError::NoAggregation`]: several series that cannot be combined.
    pub fn read(&self, query: &Query) -> Result<Answer, ReadError> {
        let Query { path, metric, from_s, to_s } = query;
        if from_s > to_s {
            return Err(ReadError::BackwardRange { from_s: *from_s, to_s: *to_s });
        }
        let names: Vec<Names<'_>> = path.iter().map(|selector| selector.names()).collect();
        let (cluster, rest) = names.split_first().unwrap_or((&Names::All, &[]));
        let (host, levels) = match rest.split_first() {
            Some((host, levels)) => (host, Some(levels)),
            None => (&Names::All, None),
        };
        let hosts = self.hosts_of(cluster, host);
        if !self.knows_metric(metric) {
            return Err(ReadError::UnknownMetric { metric: ShownName::new(metric) });
        }
        if hosts.is_empty() {
            return Err(ReadError::UnknownHost);
        }
        let mut reading = Reading {
            query,
            levels,
            aggregation: self.shared.metrics.load().aggregation(metric),
            slots_max: self.shared.limits.query_slots_max,
            series: 0,
            combined: None,
        };
        for host in hosts {
            reading.host(&host)?;
        }
        let combined =
            reading.combined.ok_or_else(|| ReadError::NothingFound { metric: ShownName::new(metric) })?;
        Ok(combined.finish(reading.aggregation))
    }

    fn knows_metric(&self, metric: &str) -> bool {
        self.shared.metrics.load().get(metric).is_some() || self.shared.pool.holds_metric(metric)
    }
}

/// A query while it is read.
struct Reading<'a> {
    query: &'a Query,
    /// The selectors below the hosts; `None` if what is asked lies above them.
    levels: Option<&'a [Names<'a>]>,
    aggregation: Aggregation,
    slots_max: u64,
    /// Series found so far.
    series: usize,
    combined: Option<Combined>,
}

impl Reading<'_> {
    fn host<H>(&mut self, host: &Host<H>) -> Result<(), ReadError> {
        let found = {
            let guard = host.lock();
            self.select(&guard.state.levels, &guard.state.series)
        };
        self.series += found.len();
        if self.series > 1 && self.aggregation == Aggregation::None {
            let series = u64::try_from(self.series).unwrap_or(u64::MAX);
            return Err(ReadError::NoAggregation { metric: ShownName::new(&self.query.metric), series });
        }
        for lot in found.chunks(LOT) {
            let columns = self.freeze(host, lot)?;
            if let Some(combined) = &mut self.combined {
                columns.iter().for_each(|column| combined.add(column));
            }
        }
        Ok(())
    }

    /// Finds, in path order, the series that the selected levels of a host answer with.
    fn select(&self, levels: &Levels, series: &SeriesTable) -> Vec<u32> {
        let Some(selectors) = self.levels else {
            return self.all_below(levels, series, Levels::HOST).collect();
        };
        let mut selected = vec![Levels::HOST];
        for names in selectors {
            // Each step keeps the order: all children of one level before those of the next.
            selected = match names {
                Names::All => selected.iter().flat_map(|level| levels.children(*level)).copied().collect(),
                Names::Some(names) => {
                    let below = |level| names.iter().filter_map(move |name| levels.child(level, name).ok());
                    selected.into_iter().flat_map(below).collect()
                }
            };
        }
        let mut found = Vec::new();
        for level in selected {
            match self.held(levels, series, level) {
                Some(own) => found.push(own),
                None => found.extend(self.all_below(levels, series, level)),
            }
        }
        found
    }

    /// The series of a level and of all below it.
    fn all_below<'s>(
        &'s self,
        levels: &'s Levels,
        series: &'s SeriesTable,
        level: LevelIndex,
    ) -> impl Iterator<Item = u32> + 's {
        levels.walk(level).filter_map(|level| self.held(levels, series, level))
    }

    /// The level's own series, if it has a sample.
    fn held(&self, levels: &Levels, series: &SeriesTable, level: LevelIndex) -> Option<u32> {
        let number = levels.metric(level, &self.query.metric, series).ok()?;
        series.get(number).filter(|series| !series.ring.is_empty()).map(|_| number)
    }

    /// Freezes what is wanted of some series. One that was freed since it was found counts as not found.
    fn freeze<H>(&mut self, host: &Host<H>, numbers: &[u32]) -> Result<Vec<Frozen>, ReadError> {
        let Query { from_s, to_s, .. } = *self.query;
        let guard = host.lock();
        let rings =
            numbers.iter().filter_map(|number| guard.state.series.get(*number)).map(|series| &series.ring);
        let mut columns = Vec::with_capacity(numbers.len());
        for ring in rings {
            let Some(grid) = ring.grid() else { continue };
            let combined = match &mut self.combined {
                Some(combined) => combined,
                None => self.combined.insert(Combined::new(grid, from_s, to_s, self.slots_max)?),
            };
            columns.push(ring.freeze(combined.wanted(grid)));
        }
        Ok(columns)
    }
}
