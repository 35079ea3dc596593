//! One log segment into memory, record by record.

use std::collections::HashMap;
use std::path::Path;

use treering_buffer::Fill;
use treering_level::{HostGuard, Metric, SeriesIndex};
use treering_wal::{Control, End, HeaderError, Limits, Reader, Record};

use super::{FINDINGS_MAX, Reading};
use crate::journal::aggregation_from_log;
use crate::report::{Finding, FindingKind, RecoveryReport};

/// The segments of one host, in their order.
pub(super) struct Replay<'a, H> {
    reading: &'a Reading<'a, H>,
    limits: Limits,
    /// By the record's bytes for metric and path: most records repeat them.
    series: HashMap<Box<[u8]>, Option<SeriesIndex>>,
    /// Intervals that this host's own segments state.
    intervals_s: HashMap<String, u32>,
    path: Vec<String>,
}

impl<'a, H> Replay<'a, H> {
    pub(super) fn new(reading: &'a Reading<'a, H>) -> Self {
        let limits = Limits::default().with_depth_max(reading.options.limits.depth_max);
        Replay { reading, limits, series: HashMap::new(), intervals_s: HashMap::new(), path: Vec::new() }
    }

    /// Replays one segment; returns the generation that it states.
    pub(super) fn segment(
        &mut self,
        host: &mut HostGuard<'_, H>,
        bytes: &[u8],
        covered: bool,
        path: &Path,
        report: &mut RecoveryReport,
    ) -> Option<u64> {
        report.log_segments += 1;
        report.bytes_read += super::len(bytes);
        let fill = if covered { Fill::EmptySlots } else { Fill::Overwrite };
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
                return None;
            }
            Err(error) => {
                report.corrupt_records += 1;
                find(FindingKind::CorruptLog, 0, error.to_string());
                Reader::salvage(bytes, &self.limits)
            }
        };
        let mut generation = None;
        let (mut stored, mut merged) = (0, 0);
        loop {
            for record in reader.by_ref() {
                if record.is_control() {
                    self.control(&record, &mut generation);
                } else if let Some(restored) = self.sample(host, &record, fill) {
                    stored += restored.stored;
                    merged += restored.merged;
                } else if !record.value.is_nan() {
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
        generation
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
        fill: Fill,
    ) -> Option<treering_buffer::Restored> {
        if record.value.is_nan() {
            return None;
        }
        let series = match self.series.get(record.series_bytes()) {
            Some(series) => *series,
            None => {
                let series = self.resolve(host, record);
                self.series.insert(record.series_bytes().into(), series);
                series
            }
        };
        host.replay(series?, record.time_s, record.value, fill).ok()
    }

    fn resolve(&mut self, host: &mut HostGuard<'_, H>, record: &Record<'_>) -> Option<SeriesIndex> {
        self.path.clear();
        self.path.extend(record.levels().map(std::borrow::Cow::into_owned));
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let metric = record.metric();
        let default_s = self.reading.options.default_metric.interval_s;
        let interval_s = self.intervals_s.get(&*metric).copied().unwrap_or(default_s);
        host.restore_series(&path, &metric, interval_s).ok()
    }
}
