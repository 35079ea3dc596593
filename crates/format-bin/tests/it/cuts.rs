//! A file that ends too early: what lies before the cut is used, and nobody takes it for a whole one.

use treering_snapshot::{DamageKind, DecodeError};

use crate::build::{Expect, Row, decode, encode, host, meta, reference_meta, rows};
use crate::fixtures::fixtures;
use crate::layout::Layout;

const LEN_BYTES: usize = 64 << 10;

/// Every cut of a file of ours of 64 KiB.
#[test]
fn matrix_08_cut_file_of_ours_gives_every_column_before_the_cut() {
    let (bytes, counts) = encode(&host(LEN_BYTES / 16 * 17), &meta());
    assert!(bytes.len() > LEN_BYTES, "{}", bytes.len());
    assert!(counts.columns > 100 && counts.levels > 20);
    let (layout, rows) = (Layout::of(&bytes), rows(&bytes));
    for cut in 0..bytes.len() {
        let mut sink = Expect::new(&rows);
        let (decoded, damage) = decode(&bytes[..cut], &mut sink);
        let lost = sink.finish();
        let whole = layout.columns.iter().take_while(|column| column.end <= cut).count();
        assert_eq!(lost, (whole..rows.len()).collect::<Vec<_>>(), "cut at {cut}");
        if cut < layout.tree_end {
            let Err(DecodeError::Truncated { offset, needed, left, .. }) = decoded.end else {
                panic!("cut at {cut}: {:?}", decoded.end);
            };
            assert!(left < needed && offset + left == u64::try_from(cut).unwrap(), "cut at {cut}");
            assert_eq!(damage, []);
        } else {
            decoded.end.unwrap();
            assert_eq!(decoded.meta, Some(reference_meta()), "cut at {cut}");
            // Cut exactly between tree and trailer it is the reference's file, and nothing can tell.
            let broken = |kind| matches!(kind, DamageKind::TrailerBroken { .. });
            assert_eq!(damage.len(), usize::from(cut > layout.tree_end), "cut at {cut}");
            assert!(damage.iter().all(|damage| broken(damage.kind)), "cut at {cut}: {damage:?}");
        }
    }
    println!("faults: row 8 from 0 cases {0} tried {0} failures 0", bytes.len());
}

/// Every cut of every file of the reference's, those that are damaged already among them. Nothing but the cut can be
/// noticed there.
#[test]
fn matrix_08_cut_file_of_the_reference_gives_every_column_before_the_cut() {
    let mut done: Vec<Vec<u8>> = Vec::new();
    let mut cuts = 0;
    for (name, bytes, _) in fixtures() {
        // What two files begin with is cut once.
        let common = |other: &Vec<u8>| bytes.iter().zip(other).take_while(|(a, b)| a == b).count();
        let first = done.iter().map(common).max().map_or(0, |common| common + 1);
        cuts += bytes.len().saturating_sub(first);
        match name.as_str() {
            "damaged/magic.bin" => cut_another_magic(&bytes),
            "damaged/huge-count.bin" => {
                let mut sound = bytes.clone();
                sound[20..24].copy_from_slice(&6u32.to_le_bytes());
                let (ends, rows) = (ends(&sound), rows(&sound));
                cut_tree(&bytes, first, &rows[..6], &ends[..6], usize::MAX);
            }
            "damaged/truncated.bin" => assert!(first > bytes.len(), "a part of another file"),
            "damaged/zero.bin" => {}
            _ => cut_tree(&bytes, first, &rows(&bytes), &ends(&bytes), Layout::of(&bytes).tree_end),
        }
        done.push(bytes);
    }
    println!("faults: row 8 from 0 cases {cuts} tried {cuts} failures 0");
    assert!(cuts > 300_000, "{cuts}");
}

fn ends(bytes: &[u8]) -> Vec<usize> {
    Layout::of(bytes).columns.iter().map(|column| column.end).collect()
}

/// Cuts a file without a trailer from `first` on: those of `rows` arrive that end before the cut.
fn cut_tree(bytes: &[u8], first: usize, rows: &[Row], ends: &[usize], tree_end: usize) {
    for cut in first..bytes.len() {
        let mut sink = Expect::new(rows);
        let (decoded, damage) = decode(&bytes[..cut], &mut sink);
        assert_eq!(damage, [], "cut at {cut}");
        let whole = ends.partition_point(|end| *end <= cut);
        assert_eq!(sink.finish().len(), rows.len() - whole, "cut at {cut}");
        match decoded.end {
            Ok(()) => assert!(cut >= tree_end, "cut at {cut}"),
            Err(DecodeError::Truncated { offset, needed, left, .. }) => {
                assert!(left < needed && offset + left == u64::try_from(cut).unwrap(), "cut at {cut}");
                assert!(cut < tree_end, "cut at {cut}");
            }
            // A file that was damaged before.
            Err(DecodeError::Malformed { offset, .. }) => {
                assert!(tree_end == usize::MAX && offset < u64::try_from(cut).unwrap(), "cut at {cut}");
            }
            Err(error) => panic!("cut at {cut}: {error}"),
        }
    }
}

fn cut_another_magic(bytes: &[u8]) {
    for cut in 0..bytes.len() {
        let (decoded, damage) = decode(&bytes[..cut], &mut Expect::new(&[]));
        let told = match decoded.end {
            Err(DecodeError::Truncated { offset: 0, left, .. }) => cut < 4 && left == cut as u64,
            Err(DecodeError::Magic { offset: 0, .. }) => cut >= 4,
            _ => false,
        };
        assert!(told && decoded.meta.is_none() && damage.is_empty(), "cut at {cut}");
    }
}

/// A disk that lost the end of a file in the crash can give it back as zeros.
#[test]
fn a_file_with_a_zeroed_end_is_noticed() {
    let (bytes, _) = encode(&host(8 << 10), &meta());
    let (layout, rows) = (Layout::of(&bytes), rows(&bytes));
    for start in (0..bytes.len()).step_by(7) {
        let mut zeroed = bytes.clone();
        zeroed[start..].fill(0);
        let mut sink = treering_snapshot::Counts::default();
        let (decoded, damage) = decode(&zeroed, &mut sink);
        if start >= layout.tree_end {
            assert_eq!(damage.len(), 1, "zeros from {start}");
            assert_eq!(sink.columns, u64::try_from(rows.len()).unwrap());
        }
        assert!(decoded.meta.is_none_or(|meta| meta.ours.is_none()), "zeros from {start}");
    }
}
