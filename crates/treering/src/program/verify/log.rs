//! One segment of the log: its header, its records, how it ends.

use std::collections::HashSet;
use std::fmt::Display;

use treering_level::{NameKind, TIME_MAX_S};
use treering_wal::{Control, ControlError, End, FILE_MAGIC, HeaderError, Limits, Reader, Reason, Record};

use super::finding::{Finding, Findings};

/// Behind the header.
const FIRST_RECORD: u64 = 4;
const TORN: &str = "what was being written when the process or the machine stopped; nothing that was durable";
const SET_ASIDE: &str =
    "the store replays the sound records, covers them with its next checkpoint, and sets the file aside then";
const KEPT: &str = "the store passes over it, drops nothing of the log from here on, and calls the host degraded: move the file away";
const CUT_LATER: &str = "nothing: it stays the end of its file, and no start appends behind it";

/// What is to be known of a segment to judge the files beside it.
#[derive(Default)]
pub(super) struct Checked {
    /// Samples.
    pub(super) records: u64,
    /// The generation that the segment states.
    pub(super) generation: Option<u64>,
    /// The last record is cut short: perhaps it is still being written.
    pub(super) torn: bool,
}

/// Checks a segment.
pub(super) fn check(bytes: &[u8], findings: &mut Findings) -> Checked {
    let limits = Limits::default();
    let mut checked = Checked::default();
    let mut reader = match Reader::new(bytes, &limits) {
        Ok(reader) => reader,
        Err(error) => {
            findings.add(of_header(error));
            if !matches!(error, HeaderError::Magic { .. }) {
                checked.torn = true;
                return checked;
            }
            Reader::salvage(bytes, &limits)
        }
    };
    let has_magic = bytes.starts_with(&FILE_MAGIC.to_le_bytes());
    let mut names: HashSet<&[u8]> = HashSet::new();
    let mut first = true;
    loop {
        for record in reader.by_ref() {
            // A search for records has begun behind the header, and says nothing of what it passed over.
            if std::mem::take(&mut first) && record.offset > FIRST_RECORD {
                let reason = "no sound record begins here";
                findings.add(corrupt(FIRST_RECORD, reason, Some(record.offset), len(bytes)));
            }
            match record.control() {
                Some(control) => of_control(&record, &control, &mut checked, findings),
                None => {
                    checked.records += 1;
                    if names.insert(record.series_bytes()) {
                        of_names(&record, findings);
                    }
                    of_time(&record, findings);
                }
            }
        }
        match reader.end() {
            Some(End::Torn { offset, reason }) => {
                checked.torn = true;
                // Without a header and without any record there is no log whose last record could be torn.
                if has_magic || !first {
                    findings.add(of_fault(offset, reason, None, len(bytes)));
                }
            }
            Some(End::Corrupt { offset, reason, next }) => {
                findings.add(of_fault(offset, reason, Some(next), len(bytes)));
            }
            _ => {}
        }
        if !reader.resume() {
            return checked;
        }
    }
}

fn of_header(error: HeaderError) -> Finding {
    match error {
        HeaderError::Magic { .. } => Finding::damage("wal-magic", error.to_string())
            .lost("nothing by itself: records are found by their own magic")
            .advice(SET_ASIDE),
        HeaderError::Zeros { .. } => {
            Finding::note("wal-zeros", error.to_string()).lost(TORN).advice(CUT_LATER)
        }
        _ => Finding::note("wal-torn-header", error.to_string()).lost(TORN).advice(CUT_LATER),
    }
    .at(0)
}

/// Something that is no sound record, with or without sound ones behind it.
fn of_fault(offset: u64, reason: Reason, next: Option<u64>, len_bytes: u64) -> Finding {
    // Its checksum is right, so neither crash nor flipped bit made it.
    let sound_but =
        |rule: &'static str| Finding { rule: rule.into(), ..corrupt(offset, reason, next, len_bytes) };
    match reason {
        Reason::TooDeep { .. } => sound_but("wal-depth"),
        Reason::Malformed { .. } => sound_but("wal-malformed"),
        _ if next.is_some() => corrupt(offset, reason, next, len_bytes),
        _ => Finding::note("wal-torn-tail", format!("{reason}; nothing sound follows"))
            .at(offset)
            .lost(format!("{} bytes: {TORN}", len_bytes.saturating_sub(offset)))
            .advice(CUT_LATER),
    }
}

fn corrupt(offset: u64, reason: impl Display, next: Option<u64>, len_bytes: u64) -> Finding {
    let what = match next {
        Some(next) => format!("{reason}; sound again at byte {next}"),
        None => format!("{reason}; nothing sound follows"),
    };
    let bytes = next.unwrap_or(len_bytes).saturating_sub(offset);
    Finding::damage("wal-corrupt", what)
        .at(offset)
        .lost(format!("{bytes} bytes, one record or more"))
        .advice(SET_ASIDE)
}

fn of_control(
    record: &Record<'_>,
    control: &Result<Control<'_>, ControlError>,
    checked: &mut Checked,
    findings: &mut Findings,
) {
    match control {
        Ok(Control::Segment { generation }) => {
            checked.generation.get_or_insert(*generation);
        }
        Ok(_) => {}
        Err(error @ ControlError::Unknown { .. }) => findings.add(
            Finding::note("wal-control-unknown", error.to_string())
                .at(record.offset)
                .advice("nothing: a later version wrote it, and it is passed over"),
        ),
        Err(error) => findings.add(
            Finding::note("wal-control", error.to_string())
                .at(record.offset)
                .lost("no sample; intervals come from elsewhere")
                .advice("nothing: it is passed over"),
        ),
    }
}

/// Names that no sample may have when it enters a store.
fn of_names(record: &Record<'_>, findings: &mut Findings) {
    let mut levels = record.levels();
    let fault = NameKind::Metric
        .check(&record.metric())
        .and_then(|()| levels.try_for_each(|level| NameKind::Level.check(&level)));
    if let Err(error) = fault {
        findings.add(
            Finding::note("wal-name", format!("names that no sample can be written under: {error}"))
                .at(record.offset)
                .advice("nothing: names that are found in files are taken as they are"),
        );
    }
}

fn of_time(record: &Record<'_>, findings: &mut Findings) {
    if !(-TIME_MAX_S..=TIME_MAX_S).contains(&record.time_s) && !record.value.is_nan() {
        let what = format!("a time of {}, nothing beyond {TIME_MAX_S} expected", record.time_s);
        findings.add(
            Finding::damage("wal-time", what)
                .at(record.offset)
                .lost("this sample: no series can hold it")
                .advice(KEPT),
        );
    }
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
