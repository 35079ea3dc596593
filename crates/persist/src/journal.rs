//! What a host carries under its lock for the log: the records that wait to be written, in the lock's order.

use std::collections::HashMap;

use treering_level::{Aggregation, Journal, Outcome, SeriesView};
use treering_wal::{Batch, Control, LEVELS_MAX, Limits, Template};

use crate::log::HostDisk;
use crate::options::SyncPolicy;
use crate::planted::planted;
use crate::sync::Arc;
use crate::ticket::{Pending, Receipt};

/// The log side of a host, under the host's lock.
pub struct HostJournal {
    pub(crate) disk: Arc<HostDisk>,
    /// By series index.
    series: Vec<Option<SeriesRecord>>,
    pending: Pending,
    /// The metrics whose interval stands in the current segment, or will when `pending` is written.
    named: HashMap<Box<str>, u32>,
    /// What `named` was written from, in order, to write it again into a segment that replaces a broken one.
    named_controls: Vec<Control<'static>>,
    /// Of the segment that `pending` goes to.
    generation: u64,
    /// Accepted samples whose names fit into no record. Their writer gets an error.
    unloggable: u64,
    /// Without a log nothing is noted here.
    is_logged: bool,
    /// What became of all samples since the start.
    writes: Outcome,
}

struct SeriesRecord {
    template: Template,
    /// The generation in which this series was last seen to have its metric named.
    named_in: u64,
}

impl HostJournal {
    pub(crate) fn new(disk: Arc<HostDisk>, sync: SyncPolicy) -> HostJournal {
        HostJournal {
            disk,
            series: Vec::new(),
            pending: Pending::default(),
            named: HashMap::new(),
            named_controls: Vec::new(),
            generation: 1,
            unloggable: 0,
            is_logged: sync != SyncPolicy::Unlogged,
            writes: Outcome::default(),
        }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Before anything is written: the generation follows from what recovery found.
    pub(crate) fn start_at(&mut self, generation: u64) {
        self.generation = generation;
    }

    /// By series number: whether the segment that is written now has, or will have, a record of it.
    pub(crate) fn logged(&self) -> Vec<bool> {
        let logged = |record: &SeriesRecord| record.named_in == self.generation;
        self.series.iter().map(|record| record.as_ref().is_some_and(logged)).collect()
    }

    /// Whether records wait.
    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.records.is_empty()
    }

    /// After a batch of samples: where its records end. `Err` counts those that no record can hold.
    pub(crate) fn receipt(&mut self) -> Result<Receipt, u64> {
        match std::mem::take(&mut self.unloggable) {
            0 => Ok(self.pending.receipt()),
            count => Err(count),
        }
    }

    /// Counts what became of a batch.
    pub(crate) fn count(&mut self, outcome: &Outcome) {
        self.writes += *outcome;
    }

    /// What became of all samples since the start.
    pub(crate) fn writes(&self) -> Outcome {
        self.writes
    }

    /// Takes what waits, for the writer, and leaves an empty batch in its place.
    pub(crate) fn take_pending(&mut self, spare: Batch) -> Pending {
        std::mem::replace(&mut self.pending, Pending { records: spare, ticket: Arc::default() })
    }

    /// Takes what waits for the segment that is being sealed; what comes from now on belongs to the next one.
    pub(crate) fn seal(&mut self, spare: Batch) -> Pending {
        self.generation += 1;
        self.named.clear();
        self.named_controls.clear();
        self.take_pending(spare)
    }

    /// The generation of the segment that waiting records go to. If it has to be another one than before, because that
    /// can no longer be written, it gets the next number.
    pub(crate) fn segment_generation(&mut self, replaces: bool) -> u64 {
        self.generation += u64::from(replaces);
        self.generation
    }

    /// All metrics of this generation so far, to be named again where it may not have been written.
    pub(crate) fn names(&self) -> Batch {
        let mut names = Batch::new();
        for control in &self.named_controls {
            // It was checked when it was first pushed.
            let _ = names.push_control(control);
        }
        names
    }

    /// Not in line with `append`: runs once per series and segment.
    #[cold]
    fn prepare(&mut self, series: &SeriesView<'_>, index: usize) -> bool {
        if self.series.len() <= index {
            self.series.resize_with(index + 1, || None);
        }
        if self.series[index].is_none() {
            let Ok(template) = Template::with_limits(series.metric(), series.path(), &any_depth()) else {
                return false;
            };
            self.series[index] = Some(SeriesRecord { template, named_in: 0 });
        }
        // Its series may differ in their intervals: then the metric is named again, and what was said last counts.
        if self.named.get(series.metric()) != Some(&series.interval_s()) {
            let control = Control::Metric {
                name: series.metric().to_owned().into(),
                interval_s: series.interval_s(),
                aggregation: aggregation_to_log(series.aggregation()),
            };
            if self.pending.records.push_control(&control).is_err() {
                return false;
            }
            self.named.insert(series.metric().into(), series.interval_s());
            self.named_controls.push(control);
        }
        if let Some(record) = &mut self.series[index] {
            record.named_in = self.generation;
        }
        true
    }
}

impl Journal for HostJournal {
    fn append(&mut self, series: &SeriesView<'_>, time_s: i64, value: f32) {
        let index = usize::try_from(series.index().number()).unwrap_or(usize::MAX);
        let ready =
            matches!(self.series.get(index), Some(Some(record)) if record.named_in == self.generation);
        if !ready && !self.prepare(series, index) {
            self.unloggable += 1;
            return;
        }
        if let Some(Some(record)) = self.series.get(index) {
            // The time of its slot: whichever record of a series is the first to be read back, it gives the series
            // the grid that it has now, and no sample moves.
            let grid = series.ring().grid().filter(|_| !planted("log-time-of-sample"));
            let slot_s = grid.map_or(time_s, |grid| grid.time_of(grid.slot_at(time_s)));
            self.pending.records.push(&record.template, slot_s, value);
        }
    }

    fn listens(&self) -> bool {
        self.is_logged
    }
}

/// The tree has checked the depth where the sample came in.
fn any_depth() -> Limits {
    Limits::default().with_depth_max(LEVELS_MAX)
}

/// The first record of a segment.
pub(crate) fn segment_record(generation: u64) -> Batch {
    let mut head = Batch::new();
    // A number always fits.
    let _ = head.push_control(&Control::Segment { generation });
    head
}

pub(crate) fn aggregation_to_log(aggregation: Aggregation) -> treering_wal::Aggregation {
    match aggregation {
        Aggregation::None => treering_wal::Aggregation::None,
        Aggregation::Sum => treering_wal::Aggregation::Sum,
        Aggregation::Avg => treering_wal::Aggregation::Avg,
    }
}

pub(crate) fn aggregation_from_log(aggregation: treering_wal::Aggregation) -> Aggregation {
    match aggregation {
        treering_wal::Aggregation::Sum => Aggregation::Sum,
        treering_wal::Aggregation::Avg => Aggregation::Avg,
        _ => Aggregation::None,
    }
}
