//! Control records as a reader meets them, and as a reader that does not know them does.

use treering_wal::{Aggregation, Batch, CONTROL_METRIC, Control, ControlError, End, Template, Writer};

use crate::plain::{HEADER, Plain, simple};
use crate::samples::read_all;

/// A log with one control record of this content.
fn with_content(behind: &[u8]) -> Vec<u8> {
    let metric = CONTROL_METRIC.as_bytes();
    let frame = Plain { time_s: 0, metric, levels: &[], value_bits: 0x7FC0_0000, behind }.frame();
    [&HEADER[..], &frame, &simple(1)].concat()
}

#[test]
fn control_records_have_the_documented_bytes() {
    let mut batch = Batch::new();
    batch.push_control(&Control::Segment { generation: 0x0102_0304_0506_0708 }).unwrap();
    batch
        .push_control(&Control::Metric { name: "ipc".into(), interval_s: 60, aggregation: Aggregation::Sum })
        .unwrap();
    let mut log = Writer::create(Vec::new());
    log.append(&batch).unwrap();
    let segment = with_content(&[1, 1, 8, 7, 6, 5, 4, 3, 2, 1]);
    let metric = with_content(&[1, 2, 60, 0, 0, 0, 1, 3, 0, b'i', b'p', b'c']);
    let one = simple(1).len();
    let expected = [&segment[..segment.len() - one], &metric[4..metric.len() - one]].concat();
    assert_eq!(log.file(), &expected);
}

#[test]
fn control_records_are_told_from_samples_and_read_back() {
    let controls = [
        Control::Segment { generation: u64::MAX },
        Control::Metric { name: "日本".into(), interval_s: u32::MAX, aggregation: Aggregation::Avg },
        Control::Metric { name: "m".repeat(65_535).into(), interval_s: 1, aggregation: Aggregation::None },
    ];
    let mut batch = Batch::new();
    for control in &controls {
        batch.push_control(control).unwrap();
    }
    let mut log = Writer::create(Vec::new());
    log.append(&batch).unwrap();
    log.file_mut().extend(simple(1));
    let (records, ends) = read_all(log.file());
    assert_eq!(ends, [End::Clean]);
    let (sample, read) = records.split_last().unwrap();
    assert!(sample.control().is_none() && !sample.is_control());
    assert!(read.iter().all(|record| record.is_control() && record.value.is_nan() && record.time_s == 0));
    let read: Vec<Control<'_>> = read.iter().map(|record| record.control().unwrap().unwrap()).collect();
    assert_eq!(read, controls);
}

#[test]
fn only_the_reserved_name_makes_a_control_record() {
    for name in ["treering.", "treering.contro", "treering.control2", "Treering.control"] {
        let mut batch = Batch::new();
        batch.push(&Template::new(name, [""; 0]).unwrap(), 1, 0.5);
        let mut log = Writer::create(Vec::new());
        log.append(&batch).unwrap();
        let (records, _) = read_all(log.file());
        assert!(!records[0].is_control() && records[0].control().is_none(), "{name}");
    }
}

#[test]
fn control_record_that_is_not_understood_is_sound_and_no_sample() {
    for (content, error) in [
        (&[2, 1, 0, 0][..], ControlError::Unknown { version: 2, kind: 1 }),
        (&[1, 3], ControlError::Unknown { version: 1, kind: 3 }),
        (&[], ControlError::Truncated { needed: 2, found: 0 }),
        (&[1, 1, 0], ControlError::Truncated { needed: 10, found: 3 }),
        (&[1, 2, 0, 0, 0, 0, 0, 1, 0, b'm'], ControlError::IntervalZero),
        (&[1, 2, 1, 0, 0, 0, 9, 1, 0, b'm'], ControlError::Aggregation { found: 9 }),
    ] {
        let bytes = with_content(content);
        let (records, ends) = read_all(&bytes);
        assert_eq!(ends, [End::Clean]);
        assert!(records[0].is_control());
        assert_eq!(records[0].control(), Some(Err(error)));
        assert_eq!(records[1].control(), None);
    }
}

#[test]
fn metric_name_of_a_control_record_that_is_not_utf8_is_replaced() {
    let bytes = with_content(&[1, 2, 1, 0, 0, 0, 0, 2, 0, b'm', 0xFF]);
    let (records, _) = read_all(&bytes);
    let expected =
        Control::Metric { name: "m\u{FFFD}".into(), interval_s: 1, aggregation: Aggregation::None };
    assert_eq!(records[0].control(), Some(Ok(expected)));
}
