//! One log segment into memory, record by record.

use std::collections::HashMap;
use std::path::Path;

use treering_buffer::{Fill, TIME_MAX_S};
use treering_level::{HostGuard, Metric, SeriesIndex};
use treering_wal::{Control, End, HeaderError, Limits, Reader, Record};

use super::known::Known;
use super::{FINDINGS_MAX, Reading};
use crate::journal::aggregation_from_log;
use crate::report::{Finding, FindingKind, RecoveryReport};

/// The segments of one host, in their order.
pub(super) struct Replay<'a, H> {
    reading: &'a Reading<'a, H>,
    limits: Limits,
    series: Known,
    /// Intervals that this host's own segments state.
    intervals_s: HashMap<String, u32>,
    path: Vec<String>,
    /// Samples of covered segments, in their order.
    covered: Vec<(SeriesIndex, i64, f32)>,
}

/// What a segment turned out to be.
#[derive(Default)]
pub(super) struct Replayed {
    /// The generation that it states.
    pub(super) generation: Option<u64>,
    /// Some of its bytes are damaged, and sound records follow them.
    pub(super) damaged: bool,
    /// Some of its records are sound, but no series can hold them.
    pub(super) unplaced: bool,
}

impl<'a, H> Replay<'a, H> {
    pub(super) fn new(reading: &'a Reading<'a, H>) -> Self {
        let limits = Limits::default().with_depth_max(reading.options.limits.depth_max);
        Replay {
            reading,
            limits,
            series: Known::default(),
            intervals_s: HashMap::new(),
            path: Vec::new(),
            covered: Vec::new(),
        }
    }

    /// Replays one segment. Of one that a snapshot covers the samples are only noted, see
    /// [`Replay::fill_from_covered`].
    pub(super) fn segment(
        &mut self,
        host: &mut HostGuard<'_, H>,
        bytes: &[u8],
        covered: bool,
        path: &Path,
        report: &mut RecoveryReport,
    ) -> Replayed {
        report.log_segments += 1;
        report.bytes_read += super::len(bytes);
        let mut replayed = Replayed::default();
        let mut found = 0;
        let mut find = |kind, offset, what: String| {
            found += 1;
            if found <= FINDINGS_MAX {
                report.findings.push(Finding { kind, path: path.to_owned(), offset: Some(offset), what });
            }
        };
        let mut reader = match Reader::new(bytes, &self.limits) {
            Ok(reader) => reader,
            Err(error @ (HeaderError::Truncated { .. } | HeaderError::Zeros { .. })) => {
                report.torn_tails += 1;
                find(FindingKind::TornTail, 0, error.to_string());
                return replayed;
            }
            Err(error) => {
                report.corrupt_records += 1;
                replayed.damaged = true;
                find(FindingKind::CorruptLog, 0, error.to_string());
                Reader::salvage(bytes, &self.limits)
            }
        };
        let (mut stored, mut merged) = (0, 0);
        loop {
            for record in reader.by_ref() {
                if record.is_control() {
                    self.control(&record, &mut replayed.generation);
                } else if let Some(restored) = self.sample(host, &record, covered) {
                    stored += restored.stored;
                    merged += restored.merged;
                } else if !record.value.is_nan() {
                    replayed.unplaced = true;
                    find(FindingKind::Unplaced, record.offset, "a record that no series can hold".to_owned());
                }
            }
            match reader.end() {
                Some(End::Torn { offset, reason }) => {
                    report.torn_tails += 1;
                    find(FindingKind::TornTail, offset, reason.to_string());
                }
                Some(End::Corrupt { offset, reason, next }) => {
                    report.corrupt_records += 1;
                    replayed.damaged = true;
                    find(FindingKind::CorruptLog, offset, format!("{reason}; sound again from byte {next}"));
                }
                Some(End::Clean) | None => {}
            }
            if !reader.resume() {
                break;
            }
        }
        report.samples_from_logs += stored;
        report.merged += merged;
        replayed
    }

    /// Puts what covered segments hold into slots that no snapshot fills: the newest first, as with snapshots.
    pub(super) fn fill_from_covered(&mut self, host: &mut HostGuard<'_, H>, report: &mut RecoveryReport) {
        for (series, time_s, value) in std::mem::take(&mut self.covered).into_iter().rev() {
            if let Ok(restored) = host.replay(series, time_s, value, Fill::EmptySlots) {
                report.samples_from_logs += restored.stored;
                report.merged += restored.merged;
            }
        }
    }

    fn control(&mut self, record: &Record<'_>, generation: &mut Option<u64>) {
        match record.control() {
            Some(Ok(Control::Segment { generation: stated })) => *generation = Some(stated),
            Some(Ok(Control::Metric { name, interval_s, aggregation })) => {
                let metric = Metric { interval_s, aggregation: aggregation_from_log(aggregation) };
                // An interval of 0 is no interval: such a record says nothing.
                if self.reading.tree.discover_metric(&name, metric).is_ok() {
                    self.intervals_s.insert(name.into_owned(), interval_s);
                }
            }
            _ => {}
        }
    }

    fn sample(
        &mut self,
        host: &mut HostGuard<'_, H>,
        record: &Record<'_>,
        covered: bool,
    ) -> Option<treering_buffer::Restored> {
        if record.value.is_nan() {
            return None;
        }
        let series = match self.series.find(record.series_bytes()) {
            Some(series) => series,
            None => {
                let series = self.resolve(host, record);
                self.series.insert(record.series_bytes(), series);
                series
            }
        };
        if covered {
            // Whether a series can hold it must be known now: a segment with a record that none can is kept.
            let times = -TIME_MAX_S..=TIME_MAX_S;
            if !times.contains(&record.time_s) {
                return None;
            }
            self.covered.push((series?, record.time_s, record.value));
            return Some(treering_buffer::Restored::default());
        }
        host.replay(series?, record.time_s, record.value, Fill::Overwrite).ok()
    }

    fn resolve(&mut self, host: &mut HostGuard<'_, H>, record: &Record<'_>) -> Option<SeriesIndex> {
        self.path.clear();
        self.path.extend(record.levels().map(std::borrow::Cow::into_owned));
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let metric = record.metric();
        let options = self.reading.options;
        let hint =
            || options.hints.iter().find(|(name, _)| **name == *metric).map(|(_, hint)| hint.interval_s);
        let stated = self.intervals_s.get(&*metric).copied();
        let interval_s = stated.or_else(hint).unwrap_or(options.default_metric.interval_s);
        host.restore_series(&path, &metric, interval_s).ok()
    }
}
