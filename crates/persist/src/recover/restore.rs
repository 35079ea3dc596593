//! One snapshot into memory, column by column as it is decoded.

use std::path::Path;

use treering_buffer::{Column, Fill, Values};
use treering_level::{ColumnError, HostGuard, RestoreError, SeriesIndex};
use treering_snapshot::{DamageKind, DecodeError, Head, Limits, Ours, Part, Sink, Stop, Take};

use super::{Buffers, FINDINGS_MAX, Reading};
use crate::error::chain;
use crate::parts::values_of;
use crate::report::{Finding, FindingKind, RecoveryReport};

/// What a snapshot gave.
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) ours: Option<Ours>,
    pub(super) columns: Vec<Placed>,
    /// Time behind the last value, by what the file says of itself and what its columns say.
    pub(super) end_s: Option<i64>,
}

/// Whether a file may stay what it is.
pub(super) enum Verdict {
    Sound,
    /// What was sound in it must be written again before it is set aside.
    Damaged,
    /// Nobody knows what is in it. It stays where it is.
    Unread,
}

/// Where a column of the file went.
pub(super) struct Placed {
    pub(super) series: SeriesIndex,
    pub(super) start_s: i64,
    pub(super) end_s: i64,
}

struct RestoreSink<'a, 'g, H> {
    host: &'a mut HostGuard<'g, H>,
    path: Vec<String>,
    columns: Vec<Placed>,
    stored: u64,
    merged: u64,
    refused: Vec<String>,
    /// One of them is none that somebody recorded. The file does not stay: a start that does not know how far apart the
    /// series' values are would take it.
    has_sparse: bool,
}

/// Whether a file with this in it has to be written again. A later version's trailer is no damage, only nothing that this
/// version can check.
pub(crate) fn is_damage(kind: DamageKind) -> bool {
    !matches!(kind, DamageKind::TrailerVersion { .. })
}

/// Decodes `buffers.bytes` into the host; slots that hold a value keep it.
pub(super) fn restore_snapshot<H>(
    reading: &Reading<'_, H>,
    host: &mut HostGuard<'_, H>,
    format: usize,
    path: &Path,
    buffers: &mut Buffers,
    report: &mut RecoveryReport,
) -> Outcome {
    let limits = Limits { depth_max: reading.options.limits.depth_max, ..Limits::default() };
    let mut sink = RestoreSink {
        host,
        path: Vec::new(),
        columns: Vec::new(),
        stored: 0,
        merged: 0,
        refused: Vec::new(),
        has_sparse: false,
    };
    let mut findings = Vec::new();
    let mut add = |kind, offset, what: String| {
        if findings.len() < FINDINGS_MAX {
            findings.push(Finding { kind, path: path.to_owned(), offset, what });
        }
    };
    let mut damaged = false;
    let decoded = reading.formats[format].decode(
        &mut buffers.bytes,
        &mut buffers.scratch,
        &limits,
        &mut sink,
        &mut |damage| {
            let kind = match is_damage(damage.kind) {
                true => FindingKind::DamagedSnapshot,
                false => FindingKind::Foreign,
            };
            damaged |= kind == FindingKind::DamagedSnapshot;
            add(kind, Some(damage.offset), damage.to_string());
        },
    );
    let unread = matches!(decoded.end, Err(DecodeError::TooLong { .. }));
    if let Err(error) = &decoded.end {
        damaged = true;
        let kind = if unread { FindingKind::Unreadable } else { FindingKind::DamagedSnapshot };
        add(kind, error.offset(), chain(error));
    }
    damaged |= sink.has_sparse;
    for what in &sink.refused {
        add(FindingKind::Unplaced, None, what.clone());
    }
    let verdict = match damaged {
        _ if unread => Verdict::Unread,
        true => Verdict::Damaged,
        false => Verdict::Sound,
    };
    report.samples_from_snapshots += sink.stored;
    report.merged += sink.merged;
    report.findings.append(&mut findings);
    let meta_end_s = decoded.meta.as_ref().map(|meta| meta.window.to_s).filter(|to_s| *to_s != 0);
    let end_s = sink.columns.iter().map(|column| column.end_s).chain(meta_end_s).max();
    Outcome { verdict, ours: decoded.meta.and_then(|meta| meta.ours), columns: sink.columns, end_s }
}

impl<H> Sink for RestoreSink<'_, '_, H> {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let Some(interval_s) = u32::try_from(head.interval_s).ok().filter(|interval_s| *interval_s > 0)
        else {
            self.refuse(head.metric, &format!("an interval of {} s", head.interval_s));
            return Ok(());
        };
        let values: Vec<Values<'_>> = values.iter().map(values_of).collect();
        let column = Column { start_s: head.start_s, interval_s, values: &values };
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match self.host.restore(&path, head.metric, column, Fill::EmptySlots, false) {
            Ok((series, restored)) => {
                self.stored += restored.stored;
                self.merged += restored.merged;
                let span_s = i64::from(interval_s).saturating_mul(i64::from(head.count));
                let end_s = head.start_s.saturating_add(span_s);
                self.columns.push(Placed { series, start_s: head.start_s, end_s });
            }
            Err(error) => {
                self.has_sparse |= matches!(error, RestoreError::Column(ColumnError::TooSparse { .. }));
                self.refuse(head.metric, &chain(&error));
            }
        }
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        self.path.push(level.to_owned());
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.path.pop();
        Ok(())
    }
}

impl<H> RestoreSink<'_, '_, H> {
    fn refuse(&mut self, metric: &str, why: &str) {
        if self.refused.len() < FINDINGS_MAX {
            self.refused.push(format!("level {:?}, metric {metric:?} left out: {why}", self.path.join("/")));
        }
    }
}
