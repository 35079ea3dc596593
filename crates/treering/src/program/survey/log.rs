//! One segment of the log: its header, its records, how it ends.

use std::collections::HashSet;
use std::io;

use treering_level::{NameKind, TIME_MAX_S};
use treering_wal::{Control, ControlError, HeaderError, Reason, Record};

use super::segment::{Event, read_segment};
use super::{Class, FAULTS_MAX, Fault, Faults};
use crate::program::file::Source;

/// Behind the header.
const FIRST_RECORD: u64 = 4;
const TORN: &str = "what was being written when the process or the machine stopped; nothing that was durable";
const SET_ASIDE: &str =
    "the store replays the sound records, covers them with its next checkpoint, and sets the file aside then";
const KEPT: &str = "the store passes over it, drops nothing of the log from here on, and calls the host degraded: move the file away";
const CUT_LATER: &str = "nothing: it stays the end of its file, and no start appends behind it";

/// What was found in a segment.
#[derive(Default)]
pub(crate) struct Log {
    /// Sound records, those that are no samples included.
    pub(crate) parts: u64,
    /// Records that are for a series, with or without a value.
    pub(crate) records: u64,
    /// Records with a value that a series can hold.
    pub(crate) samples: u64,
    /// The generation that the segment states.
    pub(crate) generation: Option<u64>,
    /// The last record is cut short: perhaps it is still being written.
    pub(crate) torn: bool,
    pub(crate) faults: Faults,
}

/// A record for a series, and where it begins.
pub(crate) type Seen<'a> = (u64, &'a Record<'a>);

/// Looks at a segment; `take` gets the records that are for a series.
///
/// # Errors
/// As the system reports it.
pub(crate) fn log(source: &Source, take: &mut dyn FnMut(Seen<'_>)) -> io::Result<Log> {
    let len = source.len_bytes();
    let mut survey = Survey { log: Log::default(), len, named: HashSet::new(), header: None };
    read_segment(source, &mut |event| survey.event(event, take))?;
    Ok(survey.log)
}

struct Survey {
    log: Log,
    len: u64,
    /// Series whose names were found fault with: once is enough.
    named: HashSet<Box<[u8]>>,
    /// What is wrong with the header, until it is known how far that reaches.
    header: Option<HeaderError>,
}

impl Survey {
    fn event(&mut self, event: Event<'_>, take: &mut dyn FnMut(Seen<'_>)) {
        if let Some(error) = self.header.take() {
            self.wrong_header(error, &event);
        }
        match event {
            Event::Header(error @ HeaderError::Magic { .. }) => self.header = Some(error),
            Event::Header(error) => self.torn_header(error),
            Event::Record { offset, end, record } => self.record((offset, end), record, take),
            Event::Corrupt { offset: 0, next, .. } => {
                if next > FIRST_RECORD {
                    let reason = "no sound record begins here";
                    self.fault(corrupt("wal-corrupt", reason, (FIRST_RECORD, next), self.len));
                }
            }
            Event::Corrupt { offset, reason, next } => {
                let rule = rule_of_sound(reason).unwrap_or("wal-corrupt");
                self.fault(corrupt(rule, &reason.to_string(), (offset, next), self.len));
            }
            // Without a header and without any record there is no log whose last record could be torn.
            Event::Torn { offset: 0, .. } => {}
            Event::Torn { offset, reason } => self.end(offset, reason),
        }
    }

    fn torn_header(&mut self, error: HeaderError) {
        self.log.torn = true;
        let rule = if matches!(error, HeaderError::Zeros { .. }) { "wal-zeros" } else { "wal-torn-header" };
        self.fault(
            Fault::new(Class::Torn, rule, (0, self.len), error.to_string()).lost(TORN).advice(CUT_LATER),
        );
    }

    fn wrong_header(&mut self, error: HeaderError, next: &Event<'_>) {
        let by_itself = "nothing by itself: records are found by their own magic";
        let (to, lost) = match next {
            Event::Torn { offset: 0, .. } => (self.len, "all of the log: nothing sound is in it"),
            // There is no header at all.
            Event::Record { offset: 0, .. } => (0, by_itself),
            _ => (FIRST_RECORD, by_itself),
        };
        let fault = Fault::new(Class::Damage, "wal-magic", (0, to), error.to_string());
        self.fault(fault.lost(lost).advice(SET_ASIDE));
    }

    fn record(&mut self, range: (u64, u64), record: &Record<'_>, take: &mut dyn FnMut(Seen<'_>)) {
        self.log.parts += 1;
        if let Some(control) = record.control() {
            return self.control(range, &control);
        }
        self.log.records += 1;
        self.names(range, record);
        if (-TIME_MAX_S..=TIME_MAX_S).contains(&record.time_s) {
            self.log.samples += u64::from(!record.value.is_nan());
        } else if !record.value.is_nan() {
            let what = format!("a time of {}, nothing beyond {TIME_MAX_S} expected", record.time_s);
            let fault = Fault::new(Class::Unplaced, "wal-time", range, what);
            self.fault(fault.lost("this sample: no series can hold it").advice(KEPT));
        }
        take((range.0, record));
    }

    fn control(&mut self, range: (u64, u64), control: &Result<Control<'_>, ControlError>) {
        match control {
            Ok(Control::Segment { generation }) => {
                self.log.generation.get_or_insert(*generation);
            }
            Ok(_) => {}
            Err(error @ ControlError::Unknown { .. }) => self.fault(
                Fault::new(Class::Foreign, "wal-control-unknown", range, error.to_string())
                    .advice("nothing: a later version wrote it, and it is passed over"),
            ),
            Err(error) => self.fault(
                Fault::new(Class::Foreign, "wal-control", range, error.to_string())
                    .lost("no sample; intervals come from elsewhere")
                    .advice("nothing: it is passed over"),
            ),
        }
    }

    /// Names that no sample may have when it enters a store.
    fn names(&mut self, range: (u64, u64), record: &Record<'_>) {
        let mut levels = record.levels();
        let fault = NameKind::Metric
            .check(&record.metric())
            .and_then(|()| levels.try_for_each(|level| NameKind::Level.check(&level)));
        let Err(error) = fault else { return };
        if self.named.len() < FAULTS_MAX && self.named.insert(record.series_bytes().into()) {
            let what = format!("names that no sample can be written under: {error}");
            self.fault(
                Fault::new(Class::Note, "wal-name", range, what)
                    .advice("nothing: names that are found in files are taken as they are"),
            );
        }
    }

    fn end(&mut self, offset: u64, reason: Reason) {
        self.log.torn = true;
        // Its checksum is right, so neither crash nor flipped bit made it.
        let fault = match rule_of_sound(reason) {
            Some(rule) => {
                corrupt(rule, &format!("{reason}; nothing sound follows"), (offset, self.len), self.len)
            }
            None => {
                let what = format!("{reason}; nothing sound follows");
                Fault::new(Class::Torn, "wal-torn-tail", (offset, self.len), what)
                    .lost(TORN)
                    .advice(CUT_LATER)
            }
        };
        self.fault(fault);
    }

    fn fault(&mut self, fault: Fault) {
        self.log.faults.push(fault);
    }
}

/// The rule for what is no sound record though its checksum is right.
fn rule_of_sound(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::TooDeep { .. } => Some("wal-depth"),
        Reason::Malformed { .. } => Some("wal-malformed"),
        _ => None,
    }
}

fn corrupt(rule: &'static str, reason: &str, (from, to): (u64, u64), len: u64) -> Fault {
    let what = if to < len { format!("{reason}; sound again at byte {to}") } else { reason.to_owned() };
    Fault::new(Class::Damage, rule, (from, to), what).lost("one record or more").advice(SET_ASIDE)
}
