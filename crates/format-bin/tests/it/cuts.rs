//! A file that ends too early: what lies before the cut is used, and nobody takes it for a whole one.

use treering_snapshot::{DamageKind, DecodeError};

use crate::build::{Expect, decode, encode, host, meta, reference_meta, rows};
use crate::layout::Layout;

const LEN_BYTES: usize = 64 << 10;

/// Every cut of a file of ours of 64 KiB.
#[test]
fn a_cut_file_gives_every_column_before_the_cut() {
    let (bytes, counts) = encode(&host(LEN_BYTES), &meta());
    assert!(bytes.len() > LEN_BYTES * 9 / 10, "{}", bytes.len());
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
}

/// The same for the reference's layout, where the cut is the only thing that can be noticed.
#[test]
fn a_cut_file_of_the_reference_is_never_whole() {
    let (bytes, _) = encode(&host(16 << 10), &reference_meta());
    let (layout, rows) = (Layout::of(&bytes), rows(&bytes));
    for cut in 0..bytes.len() {
        let mut sink = Expect::new(&rows);
        let (decoded, damage) = decode(&bytes[..cut], &mut sink);
        assert!(matches!(decoded.end, Err(DecodeError::Truncated { .. })), "cut at {cut}");
        assert_eq!(damage, []);
        let whole = layout.columns.iter().take_while(|column| column.end <= cut).count();
        assert_eq!(sink.finish().len(), rows.len() - whole, "cut at {cut}");
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
