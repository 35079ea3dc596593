//! Files that no writer makes: no panic, a typed answer, and nothing taken twice.

use treering_snapshot::{
    Counts, Damage, DamageKind, DecodeError, Document, Head, Limits, Part, Sink, Stop, Take,
};

use crate::build::{Expect, Rows, decode, decode_with, encode, host, meta, rows};
use crate::crafted;
use crate::layout::{Layout, TAIL_BYTES, reseal};

/// Offsets in the trailer's head and in an entry of its table of columns.
const VERSION: usize = 8;
const ENTRY_BYTES: usize = 24;

#[test]
fn every_crafted_file_gets_an_answer() {
    for (what, bytes) in crafted::all() {
        let mut sink = Counts::default();
        let (decoded, damage) = decode(&bytes, &mut sink);
        let answered = match &decoded.end {
            Ok(()) => true,
            Err(DecodeError::Truncated { offset, needed, left, .. }) => {
                needed > left && offset + left == u64::try_from(bytes.len()).unwrap()
            }
            Err(DecodeError::Malformed { offset, .. }) => *offset < u64::try_from(bytes.len()).unwrap(),
            Err(_) => false,
        };
        assert!(answered, "{what}: {:?}", decoded.end);
        println!(
            "{what}: {sink:?}, {} reports, {:?}",
            damage.len(),
            decoded.end.err().map(|err| err.to_string())
        );
        drop(decode(&bytes, &mut Document::new()));
    }
}

#[test]
fn a_level_too_deep_is_left_out_and_the_rest_is_read() {
    let mut document = host(2 << 10);
    let path = vec!["deep"; 6];
    let column = treering_snapshot::Column { interval_s: 1, start_s: 0, values: vec![1.0] };
    document.insert(&path, "lost", column.clone()).unwrap();
    document.insert(&path[..5], "kept", column).unwrap();
    let limits = Limits { depth_max: 5, ..Limits::default() };
    for meta in [meta(), crate::build::reference_meta()] {
        let (bytes, _) = encode(&document, &meta);
        let (mut sink, all) = (Rows::default(), rows(&bytes));
        let (decoded, damage) = decode_with(&bytes, &limits, &mut sink);
        decoded.end.unwrap();
        let kept: Vec<_> = all.into_iter().filter(|row| row.metric != "lost").collect();
        assert_eq!(sink.rows, kept);
        let [Damage { kind: DamageKind::Depth { max: 5 }, path: Some(found), .. }] = &damage[..] else {
            panic!("{damage:?}");
        };
        assert_eq!(found, &path);
    }
}

#[test]
fn a_name_too_long_is_left_out_and_the_rest_is_read() {
    let mut document = host(2 << 10);
    let column = treering_snapshot::Column { interval_s: 1, start_s: 0, values: vec![1.0] };
    document.insert(&["l".repeat(21)], "a", column.clone()).unwrap();
    document.insert(&["core1"], "m".repeat(21), column).unwrap();
    let limits = Limits { name_bytes_max: 20, ..Limits::default() };
    for meta in [meta(), crate::build::reference_meta()] {
        let (bytes, _) = encode(&document, &meta);
        let (mut sink, all) = (Rows::default(), rows(&bytes));
        let (decoded, damage) = decode_with(&bytes, &limits, &mut sink);
        decoded.end.unwrap();
        let short = |name: &str| name.len() <= 20;
        let kept: Vec<_> =
            all.into_iter().filter(|row| short(&row.metric) && row.path.split('/').all(short)).collect();
        assert_eq!(sink.rows, kept);
        let kinds: Vec<_> = damage.iter().map(|damage| damage.kind).collect();
        assert_eq!(kinds, [DamageKind::NameLength { max: 20, found: 21 }; 2]);
    }
}

/// Skips every level of this name.
struct SkipAll<'a>(&'a str, Rows);

impl Sink for SkipAll<'_> {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        self.1.column(head, values)
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        if level == self.0 { Ok(Take::Skip) } else { self.1.enter(level) }
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.1.leave()
    }
}

#[test]
fn a_skipped_level_is_passed_over_on_both_ways() {
    for meta in [meta(), crate::build::reference_meta()] {
        let (bytes, _) = encode(&host(16 << 10), &meta);
        for skipped in ["core3", "deep", "empty", "socket0"] {
            let mut sink = SkipAll(skipped, Rows::default());
            let (decoded, damage) = decode(&bytes, &mut sink);
            decoded.end.unwrap();
            assert_eq!(damage, []);
            let kept: Vec<_> = rows(&bytes)
                .into_iter()
                .filter(|row| row.path.split('/').all(|level| level != skipped))
                .collect();
            assert_eq!(sink.1.rows, kept, "{skipped}");
        }
    }
}

/// Stops at the n-th event.
struct StopAt(usize);

impl StopAt {
    fn step(&mut self) -> Result<(), Stop> {
        self.0 = self.0.checked_sub(1).ok_or_else(|| Stop::because("enough of this"))?;
        Ok(())
    }
}

impl Sink for StopAt {
    fn column(&mut self, _: Head<'_>, _: &[Part<'_>]) -> Result<(), Stop> {
        self.step()
    }

    fn enter(&mut self, _: &str) -> Result<Take, Stop> {
        self.step().map(|()| Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.step()
    }
}

#[test]
fn a_sink_that_stops_gets_no_further_event_and_its_reason_back() {
    for meta in [meta(), crate::build::reference_meta()] {
        let (bytes, counts) = encode(&host(4 << 10), &meta);
        let events = usize::try_from(counts.columns + 2 * counts.levels).unwrap();
        for at in 0..events {
            let mut sink = StopAt(at);
            let (decoded, _) = decode(&bytes, &mut sink);
            let Err(DecodeError::Stopped(stop)) = decoded.end else {
                panic!("event {at}: {:?}", decoded.end)
            };
            assert_eq!(stop.reason().unwrap().to_string(), "enough of this");
            assert_eq!(decoded.meta, Some(meta.clone()), "known before the first event");
            assert_eq!(sink.0, 0);
        }
        decode(&bytes, &mut StopAt(events)).0.end.unwrap();
    }
}

/// Decodes a file whose trailer a test has changed and sealed again; the tree is sound.
fn expect_unchecked(bytes: &[u8], fits: impl Fn(DamageKind) -> bool) {
    let all = rows(&bytes[..Layout::of(bytes).tree_end]);
    let mut sink = Expect::new(&all);
    let (decoded, damage) = decode(bytes, &mut sink);
    decoded.end.unwrap();
    assert_eq!(sink.finish(), [0; 0], "the tree is read all the same");
    assert_eq!(decoded.meta.unwrap().ours, None);
    assert!(damage.len() == 1 && fits(damage[0].kind) && damage[0].kind.leaves_unchecked(), "{damage:?}");
}

#[test]
fn a_trailer_of_a_later_version_is_not_guessed_at() {
    let bytes = crafted::with_trailer_field(VERSION, &2u32.to_le_bytes());
    expect_unchecked(&bytes, |kind| kind == DamageKind::TrailerVersion { expected: 1, found: 2 });
}

#[test]
fn bytes_behind_the_tables_are_left_to_later_writers() {
    let (mut bytes, _) = encode(&host(2 << 10), &meta());
    let all = rows(&bytes);
    let (start, at) = (Layout::of(&bytes).tree_end, bytes.len() - TAIL_BYTES);
    bytes.splice(at..at, *b"a field of tomorrow");
    reseal(&mut bytes, start);
    assert_eq!(rows(&bytes), all);
}

#[test]
fn tables_that_contradict_the_file_are_not_used() {
    let broken = |kind| matches!(kind, DamageKind::TrailerBroken { .. });
    let (bytes, counts) = encode(&host(2 << 10), &meta());
    let start = Layout::of(&bytes).tree_end;
    let table = bytes.len() - TAIL_BYTES - ENTRY_BYTES * usize::try_from(counts.columns).unwrap();
    let with_entry = |index: usize, at: usize, value: u64, len: usize| {
        let mut bytes = bytes.clone();
        let at = table + ENTRY_BYTES * index + at;
        bytes.splice(at..at + len, value.to_le_bytes()[..len].iter().copied());
        reseal(&mut bytes, start);
        bytes
    };
    let first = u64::try_from(Layout::of(&bytes).columns[0].start).unwrap();
    expect_unchecked(&with_entry(0, 0, 3, 8), broken); // inside the header
    expect_unchecked(&with_entry(0, 0, first - 1, 8), broken); // inside the count of the root's columns
    expect_unchecked(&with_entry(1, 0, first, 8), broken); // the same column twice
    expect_unchecked(&with_entry(0, 0, u64::MAX, 8), broken);
    expect_unchecked(&with_entry(0, 8, u64::MAX, 8), broken);
    expect_unchecked(&with_entry(0, 8, 21, 8), broken); // shorter than any column
    expect_unchecked(&with_entry(0, 16, counts.levels + 1, 4), broken); // a level that is not there
    expect_unchecked(&with_entry(1, 16, 0xFFFF_FFFF, 4), broken);
    for depths in [&[0][..], &[2], &[1, 3], &[1, 2, 0], &[1, 2, 4]] {
        let entries: Vec<_> = depths.iter().map(|depth| (*depth, 1)).collect();
        expect_unchecked(&crafted::with_level_table(&entries), broken);
    }
    expect_unchecked(&crafted::with_trailer_field(52, &u32::MAX.to_le_bytes()), broken);
    expect_unchecked(&crafted::with_trailer_field(56, &u32::MAX.to_le_bytes()), broken);
}

/// The checksum of the column is right and its content is not: only a bug or an attacker writes that.
#[test]
fn a_column_that_contradicts_its_length_is_left_out() {
    let (mut bytes, counts) = encode(&host(2 << 10), &meta());
    let (all, layout) = (rows(&bytes), Layout::of(&bytes));
    let column = layout.columns[1].clone();
    let count_at = column.start + 2 + all[1].metric.len() + 16;
    bytes[count_at] ^= 1;
    let table = bytes.len() - TAIL_BYTES - ENTRY_BYTES * usize::try_from(counts.columns).unwrap();
    let crc = crc32fast::hash(&bytes[column.clone()]);
    bytes.splice(table + ENTRY_BYTES + 20..table + 2 * ENTRY_BYTES, crc.to_le_bytes());
    reseal(&mut bytes, layout.tree_end);
    let mut sink = Expect::new(&all);
    let (decoded, damage) = decode(&bytes, &mut sink);
    decoded.end.unwrap();
    assert_eq!(sink.finish(), [1]);
    let expected = u64::try_from(column.len()).unwrap();
    assert_eq!(damage.len(), 1);
    assert_eq!(damage[0].kind, DamageKind::ColumnMalformed { expected });
    assert_eq!(damage[0].offset, u64::try_from(column.start).unwrap());
}

/// Foreign bytes behind the tree are none of our business, unless they begin or end like a trailer or hold
/// the beginning or the end of one.
#[test]
fn a_broken_trailer_is_told_from_foreign_bytes() {
    let (tree, _) = encode(&host(2 << 10), &crate::build::reference_meta());
    let all = rows(&tree);
    // The last two look like levels, but for names that no level has.
    let unnamed = [&b"\x01\0x"[..], &[0; 8], &[0; 10], b"\x01\0y", &[0; 8]].concat();
    let zero_in_name = [&b"\x02\0\0x"[..], &[0; 8]].concat();
    for foreign in
        [&b"x"[..], b"TR-BIN<", b"\0x", &[0xFF; 100], b"\xAB", b"\n", b">BIN-TR", &unnamed, &zero_in_name]
    {
        assert_eq!(rows(&[&tree[..], foreign].concat()), all, "{foreign:?}");
    }
    let broken = |kind| matches!(kind, DamageKind::TrailerBroken { .. });
    for rest in [
        &b"\xAA"[..],
        b"\xAATR",
        b"\xAATR-BIN<",
        b"\xAATR-BIN<more",
        b"\xAATR\0\0",
        &[0; 100],
        b"12345678>BIN-TR\x55",
        b"the last column\xAATR-BIN<and what is not ours",
        b"\0\0\0 a trailer's rest>BIN-TR\x55and what is not ours",
    ] {
        let bytes = [&tree[..], rest].concat();
        expect_unchecked(&bytes, broken);
        let (_, damage) = decode(&bytes, &mut Rows::default());
        // What has an end says where it is; of anything else it is known where the tree ends.
        let at = if rest.ends_with(b">BIN-TR\x55") { bytes.len() - TAIL_BYTES } else { tree.len() };
        assert_eq!(damage[0].offset, u64::try_from(at).unwrap());
    }
}

#[test]
fn a_trailer_is_no_longer_than_what_is_behind_the_smallest_tree_and_no_shorter_than_its_end() {
    const TREE_BYTES_MIN: usize = 28;
    let (bytes, _) = encode(&host(1 << 10), &meta());
    let tail = bytes.len() - TAIL_BYTES;
    for len in (0..bytes.len() + 3).chain([usize::try_from(u32::MAX).unwrap()]) {
        let mut bytes = bytes.clone();
        bytes[tail..tail + 4].copy_from_slice(&u32::try_from(len).unwrap().to_le_bytes());
        let fits = (TAIL_BYTES..=bytes.len() - TREE_BYTES_MIN).contains(&len);
        let (_, damage) = decode(&bytes, &mut Rows::default());
        let expected = "a length that fits into the file";
        let is_refused = damage.iter().any(|damage| damage.kind == DamageKind::TrailerBroken { expected });
        assert_eq!(is_refused, !fits, "{len}: {damage:?}");
    }
}

/// Counts that lead to a trailer are right, whatever is odd before it.
#[test]
fn what_is_odd_before_a_trailer_is_believed() {
    let mut odd = crafted::column(1, b'm', 1, &[0; 4]);
    // An interval of -1.
    odd[3..11].fill(0xFF);
    let tree = crafted::with_root_columns(&[&odd]);
    let rest = [&tree[..], b"\xAATR-BIN<and no end"].concat();
    for bytes in [&tree, &rest] {
        let mut sink = Rows::default();
        let (decoded, _) = decode(bytes, &mut sink);
        decoded.end.unwrap();
        assert_eq!(sink.rows.len(), 1);
    }
}

/// Nothing is looked for in a trailer: what it holds is no lost column, whatever it looks like.
#[test]
fn a_column_in_a_broken_trailer_is_none() {
    let (mut bytes, _) = encode(&host(2 << 10), &meta());
    let at = bytes.len() - TAIL_BYTES;
    let mut column = crafted::column(1, b'm', 1, &[0; 4]);
    column[11..19].copy_from_slice(&1_700_000_000i64.to_le_bytes());
    bytes.splice(at..at, column);
    let start = Layout::of(&bytes).tree_end;
    reseal(&mut bytes, start);
    // What begins as a trailer is none of the tree's business anyway.
    bytes[start] ^= 1;
    expect_unchecked(&bytes, |kind| matches!(kind, DamageKind::TrailerBroken { .. }));
}

/// Of more columns than there is room for the file is cut: those that are there are believed.
#[test]
fn columns_before_a_cut_are_believed_though_what_follows_is_odd() {
    let columns = [crafted::column(1, b'a', 1, &[0; 4]), crafted::column(1, b'b', 100, &[0; 400])].concat();
    for (count, believed) in [(100u32, 2), (3, 1)] {
        let mut bytes = crafted::with_root_columns(&[&columns, &[0xFF; 10]]);
        bytes[20..24].copy_from_slice(&count.to_le_bytes());
        let mut sink = Rows::default();
        let (decoded, _) = decode(&bytes, &mut sink);
        assert!(decoded.end.is_err());
        assert_eq!(sink.rows.len(), believed, "{count} announced");
    }
}

#[test]
fn garbage_behind_our_trailer_is_noticed_and_costs_nothing() {
    let (bytes, _) = encode(&host(2 << 10), &meta());
    let all = rows(&bytes);
    let mut sink = Expect::new(&all);
    let (decoded, damage) = decode(&[&bytes[..], b"garbage"].concat(), &mut sink);
    decoded.end.unwrap();
    assert_eq!(sink.finish(), [0; 0]);
    assert!(matches!(damage[0].kind, DamageKind::TrailerBroken { .. }) && damage.len() == 1);
}

#[test]
fn names_that_are_not_utf8_arrive_with_replacement_characters() {
    let bytes = crafted::chain(2, 3);
    let mut sink = Rows::default();
    let (decoded, damage) = decode(&bytes, &mut sink);
    decoded.end.unwrap();
    assert_eq!(damage, []);
    let level = "\u{FFFD}".repeat(3);
    assert_eq!(sink.rows[0].path, format!("{level}/{level}"));
}
