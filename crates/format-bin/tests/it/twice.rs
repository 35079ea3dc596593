//! Names that come twice in one level: the last one counts, as for the reference, and what it replaces is reported.

use treering_format_bin::BinFormat;
use treering_snapshot::{Damage, DamageKind, DecodeError, Encoder, Format, Head, Limits, Meta, Part, Take};

use crate::build::{Rows, decode, decode_with, meta, reference_meta};
use crate::layout::Layout;

/// What an encoder is sent.
#[derive(Clone, Copy)]
enum Event {
    Column(&'static str, f32),
    Enter(&'static str),
    Leave,
}

use Event::{Column, Enter, Leave};

fn encode(events: &[Event], meta: &Meta) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = BinFormat.encoder(&mut bytes);
    for event in events {
        send(&mut *encoder, *event);
    }
    encoder.finish(meta).unwrap();
    bytes
}

fn send(encoder: &mut dyn Encoder, event: Event) {
    match event {
        Column(metric, value) => {
            let head = Head { metric, interval_s: 60, start_s: 0, count: 1 };
            encoder.column(head, &[Part::Native(&[value])]).unwrap();
        }
        Enter(level) => assert_eq!(encoder.enter(level).unwrap(), Take::Yes),
        Leave => encoder.leave().unwrap(),
    }
}

/// What arrives: path, metric, value.
fn read(bytes: &[u8]) -> (Vec<(String, String, f32)>, Vec<Damage>) {
    let mut sink = Rows::default();
    let (decoded, damage) = decode(bytes, &mut sink);
    decoded.end.unwrap();
    (short(sink), damage)
}

fn short(sink: Rows) -> Vec<(String, String, f32)> {
    let value = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap());
    sink.rows.into_iter().map(|row| (row.path, row.metric, value(&row.values))).collect()
}

fn expected(rows: &[(&str, &str, f32)]) -> Vec<(String, String, f32)> {
    rows.iter().map(|(path, metric, value)| ((*path).to_owned(), (*metric).to_owned(), *value)).collect()
}

const COLUMNS: [Event; 9] = [
    Column("m", 1.0),
    Column("a", 2.0),
    Column("m", 3.0),
    Enter("l"),
    Column("a", 4.0),
    Column("m", 5.0),
    Column("m", 6.0),
    Column("m", 7.0),
    Leave,
];

#[test]
fn the_last_column_of_a_name_is_the_only_one_that_arrives() {
    for meta in [meta(), reference_meta()] {
        let bytes = encode(&COLUMNS, &meta);
        let (rows, damage) = read(&bytes);
        assert_eq!(rows, expected(&[("", "a", 2.0), ("", "m", 3.0), ("l", "a", 4.0), ("l", "m", 7.0)]));
        let columns = Layout::of(&bytes).columns;
        let reported: Vec<_> = damage.iter().map(|damage| damage.offset as usize).collect();
        assert_eq!(reported, [0, 4, 5].map(|column| columns[column].start));
        for damage in damage {
            assert!(matches!(damage.kind, DamageKind::ColumnUnusable { .. }) && damage.kind.loses_samples());
            assert_eq!(damage.metric.as_deref(), Some("m"));
        }
    }
}

/// In order but for the name that comes twice, and with no other level before or behind it.
#[test]
fn one_name_that_comes_twice_is_enough() {
    let events = [Column("a", 1.0), Column("b", 2.0), Column("b", 3.0), Column("c", 4.0)];
    for meta in [meta(), reference_meta()] {
        let (rows, damage) = read(&encode(&events, &meta));
        assert_eq!(rows, expected(&[("", "a", 1.0), ("", "b", 3.0), ("", "c", 4.0)]));
        assert_eq!(damage.len(), 1);
    }
}

const LEVELS: [Event; 16] = [
    Enter("b"),
    Column("m", 1.0),
    Enter("x"),
    Column("m", 2.0),
    Leave,
    Leave,
    Enter("a"),
    Column("m", 3.0),
    Leave,
    Enter("b"),
    Column("n", 4.0),
    Leave,
    // Another level's: no name of the root's.
    Enter("c"),
    Enter("b"),
    Leave,
    Leave,
];

#[test]
fn the_last_level_of_a_name_counts_with_all_that_is_in_it() {
    for meta in [meta(), reference_meta()] {
        let (rows, damage) = read(&encode(&LEVELS, &meta));
        assert_eq!(rows, expected(&[("a", "m", 3.0), ("b", "n", 4.0)]));
        let [Damage { kind: DamageKind::LevelUnusable { .. }, path: Some(path), metric: None, .. }] =
            &damage[..]
        else {
            panic!("{damage:?}");
        };
        assert_eq!(path, &["b"]);
    }
}

/// A column and a level may have one name.
#[test]
fn equal_names_of_different_kinds_or_levels_are_all_kept() {
    let events = [Column("x", 1.0), Column("a", 2.0), Enter("x"), Column("x", 3.0), Enter("x"), Leave, Leave];
    for meta in [meta(), reference_meta()] {
        let (rows, damage) = read(&encode(&events, &meta));
        assert_eq!((rows.len(), damage), (3, vec![]));
    }
}

#[test]
fn what_is_cut_off_or_damaged_replaces_nothing() {
    let bytes = encode(&COLUMNS, &reference_meta());
    let columns = Layout::of(&bytes).columns;
    for (cut, rows) in [
        (columns[2].end - 1, expected(&[("", "m", 1.0), ("", "a", 2.0)])),
        (columns[2].end, expected(&[("", "a", 2.0), ("", "m", 3.0)])),
    ] {
        let mut sink = Rows::default();
        let (decoded, _) = decode(&bytes[..cut], &mut sink);
        assert!(matches!(decoded.end, Err(DecodeError::Truncated { .. })));
        assert_eq!(short(sink), rows, "cut at {cut}");
    }
    let mut bytes = encode(&COLUMNS, &meta());
    bytes[columns[6].end - 1] ^= 1;
    let (rows, damage) = read(&bytes);
    assert_eq!(rows, expected(&[("", "a", 2.0), ("", "m", 3.0), ("l", "a", 4.0), ("l", "m", 6.0)]));
    assert_eq!(damage.len(), 3);
}

/// The column before an implausible one is not believed either, and so replaces nothing.
#[test]
fn what_is_not_believed_replaces_nothing() {
    let events = [Column("m", 1.0), Column("m", 2.0), Column("x", 3.0)];
    let mut bytes = encode(&events, &reference_meta());
    let columns = Layout::of(&bytes).columns;
    // An interval of 0, and no end.
    bytes[columns[2].start + 3] = 0;
    bytes.pop();
    let mut sink = Rows::default();
    let (decoded, damage) = decode(&bytes, &mut sink);
    assert!(matches!(decoded.end, Err(DecodeError::Malformed { .. })), "{:?}", decoded.end);
    assert_eq!((short(sink), damage), (expected(&[("", "m", 1.0)]), vec![]));
}

/// Beyond the limit on depth nothing is sent, so nothing can come twice there.
#[test]
fn levels_beyond_the_depth_limit_are_left_out_as_such() {
    let mut events: Vec<Event> = vec![Enter("d"); 4];
    events.extend([Enter("z"), Leave, Enter("z"), Leave, Enter("a"), Leave]);
    events.extend([Leave; 4]);
    for meta in [meta(), reference_meta()] {
        let bytes = encode(&events, &meta);
        for depth_max in 0..6 {
            let limits = Limits { depth_max, ..Limits::default() };
            let (decoded, damage) = decode_with(&bytes, &limits, &mut Rows::default());
            decoded.end.unwrap();
            let twice =
                damage.iter().filter(|damage| matches!(damage.kind, DamageKind::LevelUnusable { .. }));
            assert_eq!(twice.count(), usize::from(depth_max >= 5), "depth {depth_max}");
            let deep = damage.iter().filter(|damage| matches!(damage.kind, DamageKind::Depth { .. })).count();
            assert_eq!(deep, [1, 1, 1, 1, 3, 0][depth_max], "depth {depth_max}");
        }
    }
}
