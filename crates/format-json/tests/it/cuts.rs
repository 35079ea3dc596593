//! A file that ends too early: what lies before the cut is used, and nobody takes it for a whole one.

use treering_snapshot::{DamageKind, DecodeError, Meta};

use crate::build::{WINDOW, encode, host, meta, reference_meta, rows, salvaged};

const LEN_BYTES: usize = 64 << 10;

/// Where each column of a text without white space ends.
fn ends(text: &[u8]) -> Vec<usize> {
    text.windows(2).enumerate().filter(|(_, two)| two == b"]}").map(|(at, _)| at + 2).collect()
}

/// Cuts of a file of 64 KiB: one in eleven, and each of the last ones and around the end of every fourth column.
#[test]
fn a_cut_file_gives_every_column_before_the_cut() {
    let (bytes, counts) = encode(&host(LEN_BYTES), &meta());
    assert!(bytes.len() > LEN_BYTES * 9 / 10, "{}", bytes.len());
    assert!(counts.columns > 100 && counts.levels > 20);
    let ends = ends(&bytes);
    let around = |end: &usize| end - 3..end + 3;
    let mut cuts: Vec<usize> = (0..bytes.len()).step_by(11).collect();
    cuts.extend(ends.iter().step_by(4).flat_map(around));
    cuts.extend(bytes.len() - 400..bytes.len());
    check(&bytes, &ends, &cuts);
}

/// Every cut.
#[test]
fn a_short_cut_file_gives_every_column_before_the_cut() {
    for meta in [meta(), reference_meta()] {
        let (bytes, _) = encode(&host(12 << 10), &meta);
        let cuts: Vec<usize> = (0..bytes.len()).collect();
        check(&bytes, &ends(&bytes), &cuts);
    }
}

fn check(bytes: &[u8], ends: &[usize], cuts: &[usize]) {
    let rows = rows(bytes);
    assert_eq!(rows.len(), ends.len());
    let value_end = bytes.len() - 1;
    let level_end = format!("\"to\":{}}}", WINDOW.to_s);
    let at = bytes.windows(level_end.len()).position(|here| here == level_end.as_bytes()).unwrap();
    let first_level_end = at + level_end.len();
    for &cut in cuts {
        let (found, decoded, damage) = salvaged(&bytes[..cut]);
        let whole = ends.iter().take_while(|end| **end <= cut).count();
        assert_eq!(found.len(), whole, "cut at {cut}");
        assert!(found.iter().zip(&rows).all(|(found, row)| found == row), "cut at {cut}");
        assert!(decoded.meta.as_ref().is_none_or(|meta| meta.ours.is_none()), "cut at {cut}");
        if cut < value_end {
            let Err(DecodeError::Truncated { offset, needed: 1, left: 0, .. }) = decoded.end else {
                panic!("cut at {cut}: {:?}", decoded.end);
            };
            assert_eq!(offset, u64::try_from(cut).unwrap());
            assert_eq!(damage, []);
            // One level has said it by then.
            let said = cut >= first_level_end;
            assert!(!said || decoded.meta.is_some_and(|meta| meta.window == WINDOW), "cut at {cut}");
        } else {
            // Only the end of the line is missing. In a file of the reference's that is no loss.
            decoded.end.unwrap();
            let ours = bytes.ends_with(b"\"}}\n");
            assert_eq!(damage.len(), usize::from(ours));
            assert!(damage.iter().all(|damage| matches!(damage.kind, DamageKind::TrailerBroken { .. })));
            assert_eq!(decoded.meta, Some(Meta { window: WINDOW, ours: None }));
        }
    }
}

/// A disk that lost the end of a file in the crash can give it back as zeros.
#[test]
fn a_file_with_a_zeroed_end_is_noticed() {
    let (bytes, _) = encode(&host(8 << 10), &meta());
    let (ends, rows) = (ends(&bytes), rows(&bytes));
    for start in (0..bytes.len()).step_by(7).chain(bytes.len() - 30..bytes.len()) {
        let mut zeroed = bytes.clone();
        zeroed[start..].fill(0);
        let (found, decoded, damage) = salvaged(&zeroed);
        assert_eq!(found[..], rows[..ends.iter().take_while(|end| **end <= start).count()]);
        let malformed =
            matches!(decoded.end, Err(DecodeError::Malformed { offset, .. }) if offset == start as u64);
        assert!(malformed || damage.len() == 1, "zeros from {start}: {:?}", decoded.end);
        assert!(decoded.meta.is_none_or(|meta| meta.ours.is_none()), "zeros from {start}");
    }
}

/// What stands before a token that is none arrives, as before a cut.
#[test]
fn a_broken_token_in_the_middle_costs_what_is_behind_it() {
    let (bytes, _) = encode(&host(8 << 10), &reference_meta());
    let (ends, rows) = (ends(&bytes), rows(&bytes));
    for at in (1..bytes.len() - 1).step_by(5) {
        let mut broken = bytes.clone();
        broken[at] = 0x01;
        let (found, decoded, damage) = salvaged(&broken);
        assert_eq!(found[..], rows[..ends.iter().take_while(|end| **end <= at).count()], "at {at}");
        let Err(DecodeError::Malformed { offset, .. }) = decoded.end else {
            panic!("at {at}: {:?}", decoded.end);
        };
        assert_eq!(offset, at as u64);
        assert_eq!(damage, []);
    }
}
