//! What of a log is used: every sound record, also those behind damage.

use treering_level::TIME_MAX_S;
use treering_wal::{End, HeaderError, Limits, Reader, Record};

use super::report::{FileReport, LossKind, State};

/// Accounts for a segment.
pub(super) fn account(bytes: &[u8], report: &mut FileReport) {
    let limits = Limits::default();
    let len = report.bytes;
    let header = match Reader::new(bytes, &limits) {
        Ok(reader) => Ok(reader),
        Err(error @ (HeaderError::Truncated { .. } | HeaderError::Zeros { .. })) => {
            report.state = State::Torn;
            return report.lose(0, Some(len), LossKind::TornTail, error.to_string());
        }
        Err(error) => Err(error),
    };
    // Where a wrong header ends is known when the first record is.
    let (mut reader, mut open) = match header {
        Ok(reader) => (reader, None),
        Err(error) => {
            report.state = State::Damaged;
            let open = Open { from: 0, kind: LossKind::CorruptRecord, what: error.to_string() };
            (Reader::salvage(bytes, &limits), Some(open))
        }
    };
    loop {
        for record in reader.by_ref() {
            close(&mut open, record.offset, report);
            take(&record, &mut open, report);
        }
        match reader.end() {
            Some(End::Torn { offset, reason }) => {
                // A wrong header that nothing sound follows reaches to the end.
                let header = open.take_if(|open| open.from == 0 && offset == 0);
                close(&mut open, offset, report);
                if report.state == State::Sound {
                    report.state = State::Torn;
                }
                match header {
                    Some(header) => report.lose(0, Some(len), header.kind, header.what),
                    None => report.lose(offset, Some(len), LossKind::TornTail, reason.to_string()),
                }
            }
            Some(End::Corrupt { offset, reason, next }) => {
                close(&mut open, offset, report);
                report.state = State::Damaged;
                report.lose(offset, Some(next), LossKind::CorruptRecord, reason.to_string());
            }
            Some(End::Clean) | None => close(&mut open, len, report),
        }
        if !reader.resume() {
            return;
        }
    }
}

/// Bytes that are lost up to where the next thing begins.
struct Open {
    from: u64,
    kind: LossKind,
    what: String,
}

fn close(open: &mut Option<Open>, to: u64, report: &mut FileReport) {
    if let Some(Open { from, kind, what }) = open.take() {
        report.lose(from, Some(to), kind, what);
    }
}

fn take(record: &Record<'_>, open: &mut Option<Open>, report: &mut FileReport) {
    report.parts += 1;
    if record.is_control() || record.value.is_nan() {
        return;
    }
    if (-TIME_MAX_S..=TIME_MAX_S).contains(&record.time_s) {
        report.samples += 1;
        return;
    }
    if report.state == State::Sound {
        report.state = State::Unplaced;
    }
    let what = format!("a record of the time {}, which no series can hold", record.time_s);
    *open = Some(Open { from: record.offset, kind: LossKind::Unplaced, what });
}
