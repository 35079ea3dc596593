//! The edges of what fits into a record, written and read.

use treering_wal::{
    Batch, DEPTH_MAX, End, LEVELS_MAX, Limits, PAYLOAD_BYTES_MAX, Reader, Reason, RecordError, Template,
    Writer,
};

use crate::plain::{HEADER, Plain, frame_of, simple};
use crate::samples::{read_all, read_to_the_end};

fn refused(metric: &str, levels: &[&str]) -> RecordError {
    Template::new(metric, levels).unwrap_err()
}

#[test]
fn names_that_do_not_fit_are_refused_and_those_that_just_fit_are_not() {
    let (longest, longer) = ("m".repeat(65_535), "m".repeat(65_536));
    assert!(Template::new(&longest, [""; 0]).is_ok());
    assert_eq!(refused(&longer, &[]), RecordError::MetricTooLong { found: 65_536, max: 65_535 });
    assert_eq!(refused("", &[]), RecordError::MetricEmpty);
    assert_eq!(refused("treering.control", &[]), RecordError::MetricReserved);
    assert!(Template::new("treering.control2", [""; 0]).is_ok());
    let (longest, longer) = ("l".repeat(255), "l".repeat(256));
    assert!(Template::new("m", [&longest]).is_ok());
    let too_long = RecordError::LevelTooLong { level: 1, found: 256, max: 255 };
    assert_eq!(refused("m", &["a", &longer]), too_long);
    assert_eq!(refused("m", &["a", "b", ""]), RecordError::LevelEmpty { level: 2 });
}

#[test]
fn depth_is_bounded_by_the_limits_and_by_the_format() {
    assert!(Template::new("m", vec!["l"; DEPTH_MAX]).is_ok());
    assert_eq!(refused("m", &["l"; DEPTH_MAX + 1]), RecordError::TooDeep { max: 64 });
    for (depth_max, fits) in [(0, 0), (1, 1), (255, 255), (256, 255), (usize::MAX, 255)] {
        let limits = Limits::default().with_depth_max(depth_max);
        assert!(Template::with_limits("m", vec!["l"; fits], &limits).is_ok());
        let error = Template::with_limits("m", vec!["l"; fits + 1], &limits).unwrap_err();
        assert_eq!(error, RecordError::TooDeep { max: fits });
    }
    // An endless path is refused, not followed.
    assert_eq!(Template::new("m", std::iter::repeat("l")).unwrap_err(), RecordError::TooDeep { max: 64 });
}

#[test]
fn largest_record_is_read_back() {
    let limits = Limits::default().with_depth_max(LEVELS_MAX);
    let (metric, level) = ("m".repeat(65_535), "l".repeat(255));
    let series = Template::with_limits(&metric, vec![&level; 255], &limits).unwrap();
    let mut batch = Batch::new();
    batch.push(&series, i64::MIN, f32::MAX);
    let mut log = Writer::create(Vec::new());
    log.append(&batch).unwrap();
    let bytes = log.into_file();
    assert_eq!(bytes.len(), 4 + series.len_bytes());
    let mut reader = Reader::new(&bytes, &limits).unwrap();
    let record = reader.next().unwrap();
    assert_eq!((record.time_s, record.value), (i64::MIN, f32::MAX));
    assert!(record.metric() == metric && record.levels().len() == 255);
    assert!(record.levels().all(|name| name == level.as_str()));
    assert!(reader.next().is_none() && reader.end() == Some(End::Clean));
}

#[test]
fn record_deeper_than_the_limit_is_reported_and_the_others_arrive() {
    let frame = |depth| {
        let levels = vec![&b"l"[..]; depth];
        Plain { time_s: 2, metric: b"m", levels: &levels, value_bits: 0, behind: &[] }.frame()
    };
    let (deepest, deeper) = (frame(64), frame(65));
    let bytes = [&HEADER[..], &simple(1), &deepest, &deeper, &simple(3)].concat();
    let (records, ends) = read_all(&bytes);
    assert_eq!(records.iter().map(|record| record.time_s).collect::<Vec<_>>(), [1, 2, 3]);
    let too_deep = Reason::TooDeep { found: 65, max: 64 };
    let [End::Corrupt { reason, next, .. }, End::Clean] = ends[..] else { panic!("{ends:?}") };
    assert_eq!((reason, next), (too_deep, (bytes.len() - simple(3).len()) as u64));
    // What a reader without this limit sees.
    let unbounded = Limits::default().with_depth_max(LEVELS_MAX);
    let (records, ends) = read_to_the_end(Reader::new(&bytes, &unbounded).unwrap());
    assert_eq!((records.len(), ends), (4, vec![End::Clean]));
}

#[test]
fn payload_of_one_mebibyte_is_read_and_a_longer_one_is_not() {
    let empty = Plain { time_s: 5, metric: b"m", levels: &[], value_bits: 0, behind: &[] }.frame().len() - 12;
    for (payload, fits) in [(PAYLOAD_BYTES_MAX, true), (PAYLOAD_BYTES_MAX + 1, false)] {
        let behind = vec![7; payload - empty];
        let frame = Plain { time_s: 5, metric: b"m", levels: &[], value_bits: 0, behind: &behind }.frame();
        let bytes = [&HEADER[..], &frame].concat();
        let (records, ends) = read_all(&bytes);
        assert_eq!(records.len(), usize::from(fits));
        let reason = Reason::PayloadTooLong { found: u32::try_from(payload).unwrap() };
        let end = if fits { End::Clean } else { End::Torn { offset: 4, reason } };
        assert_eq!(ends, [end]);
    }
}

#[test]
fn payload_that_ends_before_its_parts_do_is_malformed() {
    let whole =
        Plain { time_s: 5, metric: b"metric", levels: &[b"a", b"bcd"], value_bits: 1, behind: &[] }.frame();
    let payload = &whole[8..whole.len() - 4];
    for len in 0..payload.len() {
        let bytes = [&HEADER[..], &frame_of(&payload[..len]), &simple(6)].concat();
        let (records, ends) = read_all(&bytes);
        assert_eq!(records.len(), 1, "payload of {len}");
        let [End::Corrupt { offset: 4, reason: Reason::Malformed { needed, found }, next }, End::Clean] =
            ends[..]
        else {
            panic!("payload of {len}: {ends:?}");
        };
        assert!(found == len && needed > len && needed <= payload.len(), "payload of {len}: {needed}");
        assert_eq!(next, 4 + 12 + len as u64);
    }
}

#[test]
fn empty_names_in_a_file_are_taken_as_they_are() {
    let frame =
        Plain { time_s: 5, metric: b"", levels: &[b"", b"a", b""], value_bits: 0, behind: &[] }.frame();
    let bytes = [&HEADER[..], &frame].concat();
    let (records, ends) = read_all(&bytes);
    assert_eq!(ends, [End::Clean]);
    assert_eq!(records[0].metric(), "");
    assert_eq!(records[0].levels().collect::<Vec<_>>(), ["", "a", ""]);
}

#[test]
fn levels_and_debug_text_say_what_is_left_and_what_the_record_holds() {
    let frame = Plain { time_s: 5, metric: b"ipc", levels: &[b"a", b"bc", b"d"], value_bits: 0, behind: &[] };
    let bytes = [&HEADER[..], &frame.frame()].concat();
    let mut reader = Reader::new(&bytes, &Limits::default()).unwrap();
    let record = reader.next().unwrap();
    let mut levels = record.levels();
    for left in (0..3).rev() {
        assert!(levels.next().is_some());
        assert_eq!((levels.len(), levels.size_hint()), (left, (left, Some(left))));
    }
    assert!(levels.next().is_none() && levels.len() == 0);
    let text =
        "Record { offset: 4, time_s: 5, metric: \"ipc\", levels: [\"a\", \"bc\", \"d\"], value: 0.0, .. }";
    assert_eq!(format!("{record:?}"), text);
    // A reader holds the whole file: its text says where it is, not what it reads.
    assert_eq!(format!("{reader:?}"), format!("Reader {{ at: {}, end: None, .. }}", bytes.len()));
}
