//! Blocks of a log zeroed, doubled, swapped or replaced, garbage behind it: compared with a slow reader that
//! tries every offset.

use proptest::prelude::*;
use treering_wal::End;

use crate::plain::{self, MAGIC};
use crate::samples::{boundaries, cases, log_of, read_all};

/// Reads a damaged log and checks it against the slow reader; gives where records were found, and the ends.
fn read_checked(bytes: &[u8]) -> (Vec<usize>, Vec<End>) {
    let (records, ends) = read_all(bytes);
    let found: Vec<usize> = records.iter().map(|record| usize::try_from(record.offset).unwrap()).collect();
    let expected = plain::sound_records(bytes);
    assert!(found.iter().eq(expected.iter().map(|(at, _)| at)), "{found:?}\n{expected:?}");
    // The ends name exactly the gaps between sound records, in order, and only the last one may be no gap.
    let mut at = 4;
    let mut gaps = Vec::new();
    for &(start, end) in &expected {
        if start > at {
            gaps.push((at as u64, Some(start as u64)));
        }
        at = end;
    }
    if at < bytes.len() {
        gaps.push((at as u64, None));
    }
    let named: Vec<_> = ends
        .iter()
        .filter_map(|end| match *end {
            End::Clean => None,
            End::Torn { offset, .. } => Some((offset, None)),
            End::Corrupt { offset, next, .. } => Some((offset, Some(next))),
        })
        .collect();
    assert_eq!(named, gaps);
    (found, ends)
}

/// Records of a sound log that a block touches.
fn touched(boundaries: &[usize], start: usize, end: usize) -> usize {
    boundaries.windows(2).filter(|pair| pair[0] < end && start < pair[1]).count()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn prop_zeroed_block_costs_only_the_records_it_touches(at in 4_usize..3_500, len in 1_usize..600) {
        let sound = log_of(4 << 10);
        let boundaries = boundaries(&sound);
        let end = (at + len).min(sound.len());
        let mut bytes = sound.clone();
        bytes[at..end].fill(0);
        let (found, _) = read_checked(&bytes);
        prop_assert!(found.len() + 1 + touched(&boundaries, at, end) >= boundaries.len());
    }

    #[test]
    fn prop_doubled_block_loses_at_most_the_record_it_begins_in(at in 4_usize..3_500, len in 1_usize..600) {
        let sound = log_of(4 << 10);
        let all = boundaries(&sound).len() - 1;
        let end = (at + len).min(sound.len());
        let bytes = [&sound[..end], &sound[at..]].concat();
        let (found, _) = read_checked(&bytes);
        prop_assert!(found.len() + 1 >= all);
    }

    #[test]
    fn prop_removed_block_costs_only_the_records_it_touches(at in 4_usize..3_500, len in 1_usize..600) {
        let sound = log_of(4 << 10);
        let boundaries = boundaries(&sound);
        let end = (at + len).min(sound.len());
        let bytes = [&sound[..at], &sound[end..]].concat();
        let (found, _) = read_checked(&bytes);
        prop_assert!(found.len() + 1 + touched(&boundaries, at, end) >= boundaries.len());
    }

    #[test]
    fn prop_swapped_blocks_cost_only_the_records_they_touch(a in 0_usize..6, b in 0_usize..6) {
        let sound = log_of(4 << 10);
        let boundaries = boundaries(&sound);
        let block = |n: usize| 4 + n * 512..4 + (n + 1) * 512;
        let mut bytes = sound.clone();
        bytes[block(a)].copy_from_slice(&sound[block(b)]);
        bytes[block(b)].copy_from_slice(&sound[block(a)]);
        let (found, _) = read_checked(&bytes);
        let lost: usize = [a, b].map(|n| touched(&boundaries, block(n).start, block(n).end)).iter().sum();
        prop_assert!(found.len() + 1 + lost >= boundaries.len());
    }

    #[test]
    fn prop_garbage_behind_a_log_is_a_torn_tail(garbage in garbage()) {
        let sound = log_of(1 << 10);
        let all = boundaries(&sound).len() - 1;
        let bytes = [&sound[..], &garbage].concat();
        let (found, ends) = read_checked(&bytes);
        prop_assert_eq!(found.len(), all);
        let [End::Torn { offset, .. }] = ends[..] else { panic!("{ends:?}") };
        prop_assert_eq!(offset, sound.len() as u64);
    }

    #[test]
    fn prop_garbage_between_records_is_corruption_and_all_records_arrive(garbage in garbage()) {
        let sound = log_of(1 << 10);
        let all = boundaries(&sound).len() - 1;
        let bytes = [&sound[..], &garbage, &sound[4..]].concat();
        let (found, ends) = read_checked(&bytes);
        prop_assert_eq!(found.len(), 2 * all);
        let [End::Corrupt { offset, next, .. }, End::Clean] = ends[..] else { panic!("{ends:?}") };
        prop_assert_eq!((offset, next), (sound.len() as u64, (sound.len() + garbage.len()) as u64));
    }

    #[test]
    fn prop_random_edits_find_what_a_slow_search_finds(
        edits in prop::collection::vec((4_usize..2_000, any::<u8>()), 1..40),
    ) {
        let mut bytes = log_of(2 << 10);
        for (at, byte) in edits {
            bytes[at] = byte;
        }
        read_checked(&bytes);
    }
}

/// Bytes that hold no sound record, though they may hold much of one.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..40),
        Just(MAGIC.to_vec()),
        (0_u32..100_000).prop_map(|len| [MAGIC, len.to_le_bytes()].concat()),
        (0_usize..100).prop_map(|len| vec![0; len + 1]),
        (1_usize..26).prop_map(|len| plain::simple(7)[..len].to_vec()),
    ];
    prop::collection::vec(piece, 1..20)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("no sound record inside", |bytes| {
            plain::sound_records(&[&[0; 4], &bytes[..]].concat()).is_empty()
        })
}
