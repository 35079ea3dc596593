//! Any names, times and values come back as they went in, and the bytes are those of the plain encoder.

use proptest::prelude::*;
use treering_wal::{Aggregation, Batch, CONTROL_METRIC, Control, End, Template, Writer};

use crate::plain::{HEADER, Plain};
use crate::samples::{cases, read_all};

#[derive(Clone, Debug)]
struct Series {
    metric: String,
    levels: Vec<String>,
}

/// A name of 1 to `max` bytes of any characters, control characters too.
fn name(max: usize) -> impl Strategy<Value = String> {
    let chars =
        prop_oneof![4 => any::<char>(), 4 => prop::char::range('a', 'z'), 1 => Just('\0'), 1 => Just('/')];
    prop::collection::vec(chars, 1..max).prop_map(move |chars| {
        let mut name = String::new();
        for char in chars {
            if name.len() + char.len_utf8() > max {
                break;
            }
            name.push(char);
        }
        name
    })
}

fn series() -> impl Strategy<Value = Series> {
    (name(600), prop::collection::vec(name(255), 0..6))
        .prop_map(|(metric, levels)| Series { metric, levels })
        .prop_filter("reserved", |series| series.metric != CONTROL_METRIC)
}

fn control() -> impl Strategy<Value = Control<'static>> {
    let aggregation = prop::sample::select(vec![Aggregation::None, Aggregation::Sum, Aggregation::Avg]);
    let metric = (name(600), 1..=u32::MAX, aggregation).prop_map(|(name, interval_s, aggregation)| {
        Control::Metric { name: name.into(), interval_s, aggregation }
    });
    prop_oneof![any::<u64>().prop_map(|generation| Control::Segment { generation }), metric]
}

fn values() -> impl Strategy<Value = u32> {
    let special =
        prop::sample::select(vec![0x7FC0_0000, 0x7F80_0001, 0xFFFF_FFFF, 0xFF80_0000, 0x8000_0000, 1]);
    prop_oneof![3 => any::<u32>(), 1 => special]
}

/// Any time, or one of few: batches repeat theirs, and what a time adds to a checksum is kept.
fn times() -> impl Strategy<Value = i64> {
    prop_oneof![1 => any::<i64>(), 3 => prop::sample::select(vec![0, 1_700_000_000, 1_700_000_060, -1])]
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn prop_what_is_pushed_is_what_is_read(
        series in prop::collection::vec(series(), 1..6),
        samples in prop::collection::vec((any::<prop::sample::Index>(), times(), values()), 0..60),
    ) {
        let templates: Vec<_> =
            series.iter().map(|series| Template::new(&series.metric, &series.levels).unwrap()).collect();
        let mut batch = Batch::new();
        let mut plain = HEADER.to_vec();
        for (which, time_s, value_bits) in &samples {
            let which = which.index(series.len());
            batch.push(&templates[which], *time_s, f32::from_bits(*value_bits));
            let Series { metric, levels } = &series[which];
            let levels: Vec<&[u8]> = levels.iter().map(String::as_bytes).collect();
            let (metric, levels) = (metric.as_bytes(), &levels[..]);
            plain.extend(Plain { time_s: *time_s, metric, levels, value_bits: *value_bits, behind: &[] }.frame());
        }
        prop_assert_eq!(batch.bytes(), &plain[4..]);
        let mut log = Writer::create(Vec::new());
        log.append(&batch).unwrap();
        prop_assert_eq!(log.len_bytes(), log.file().len() as u64);
        let (records, ends) = read_all(log.file());
        prop_assert_eq!(ends, [End::Clean]);
        prop_assert_eq!(records.len(), samples.len());
        for (record, (which, time_s, value_bits)) in records.iter().zip(samples) {
            let which = which.index(series.len());
            prop_assert_eq!((record.time_s, record.value.to_bits()), (time_s, value_bits));
            prop_assert_eq!(record.metric(), series[which].metric.as_str());
            prop_assert!(record.levels().eq(series[which].levels.iter().map(String::as_str)));
            prop_assert_eq!(record.series_bytes(), templates[which].series_bytes());
            prop_assert!(!record.is_control());
        }
    }

    #[test]
    fn prop_control_records_come_back_between_samples(
        controls in prop::collection::vec(control(), 0..20),
        series in series(),
        bits in values(),
    ) {
        let series = Template::new(&series.metric, &series.levels).unwrap();
        let mut batch = Batch::new();
        for control in &controls {
            batch.push_control(control).unwrap();
            batch.push(&series, 7, f32::from_bits(bits));
        }
        let mut log = Writer::create(Vec::new());
        log.append(&batch).unwrap();
        let (records, ends) = read_all(log.file());
        prop_assert_eq!(ends, [End::Clean]);
        prop_assert_eq!(records.len(), 2 * controls.len());
        for (pair, control) in records.chunks(2).zip(&controls) {
            prop_assert_eq!(pair[0].control(), Some(Ok(control.clone())));
            prop_assert_eq!(pair[1].control(), None);
            prop_assert_eq!((pair[1].time_s, pair[1].value.to_bits()), (7, bits));
            prop_assert_eq!(pair[1].series_bytes(), series.series_bytes());
        }
    }

    #[test]
    fn prop_names_of_any_bytes_are_read_and_what_is_no_utf8_is_replaced(
        metric in prop::collection::vec(any::<u8>(), 0..50),
        levels in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..6),
        behind in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let refs: Vec<&[u8]> = levels.iter().map(Vec::as_slice).collect();
        let plain = Plain { time_s: 1, metric: &metric, levels: &refs, value_bits: 2, behind: &behind };
        let bytes = [&HEADER[..], &plain.frame()].concat();
        let (records, ends) = read_all(&bytes);
        prop_assert_eq!(ends, [End::Clean]);
        prop_assert_eq!(records[0].metric(), String::from_utf8_lossy(&metric));
        prop_assert_eq!(records[0].metric_bytes(), &metric[..]);
        prop_assert!(records[0].levels().eq(levels.iter().map(|level| String::from_utf8_lossy(level))));
        prop_assert_eq!(records[0].value.to_bits(), 2);
    }

    #[test]
    fn prop_any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_all(&[&HEADER[..], &bytes].concat());
    }
}
