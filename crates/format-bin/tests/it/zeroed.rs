//! Blocks that a disk gives back as zeros, in files that have no checksum.

use crate::build::{Row, Rows, decode, encode, host, reference_meta, rows};
use crate::fixtures::fixture;
use crate::layout::Layout;

const BLOCK_BYTES: usize = 512;

/// What a block of zeros has done.
#[derive(Debug, Default)]
struct Tally {
    noticed: usize,
    /// It lies within the values of one column, which are zero now.
    values_alone: usize,
    /// Columns that arrive and were never written so.
    changed: usize,
}

/// Counts that are zero end a tree early: what lies behind it is lost, and not foreign.
#[test]
fn a_zeroed_block_is_noticed_unless_it_lies_within_the_values_of_one_column() {
    let (_, reference, _) = fixture("store/alpha/n000/1700007200.bin");
    let (ours, _) = encode(&host(24 << 10), &reference_meta());
    for bytes in [reference, ours] {
        let (layout, rows) = (Layout::of(&bytes), rows(&bytes));
        let mut tally = Tally::default();
        for start in (0..layout.tree_end - BLOCK_BYTES).step_by(16) {
            let block = start..start + BLOCK_BYTES;
            let mut zeroed = bytes.clone();
            zeroed[block.clone()].fill(0);
            let mut sink = Rows::default();
            let (decoded, damage) = decode(&zeroed, &mut sink);
            let within = |row: &Row, end: usize| end - row.values.len() <= block.start && block.end <= end;
            if rows.iter().zip(&layout.columns).any(|(row, column)| within(row, column.end)) {
                tally.values_alone += 1;
                continue;
            }
            assert!(decoded.end.is_err() || !damage.is_empty(), "zeros from {start}");
            tally.noticed += 1;
            tally.changed += sink.rows.iter().filter(|row| !rows.contains(row)).count();
        }
        println!("{tally:?}");
        assert!(tally.noticed > 1_000 && tally.changed == 0, "{tally:?}");
    }
}

/// What lies behind is such a column as a store writes, or it is foreign.
#[test]
fn only_a_whole_column_behind_the_tree_is_taken_for_one_that_is_lost() {
    let (tree, _) = encode(&host(2 << 10), &reference_meta());
    let all = rows(&tree);
    let column = |name: &[u8], interval_s: i64, start_s: i64, count: u32, values: &[u8]| {
        let len = u16::try_from(name.len()).unwrap().to_le_bytes();
        [&len[..], name, &interval_s.to_le_bytes(), &start_s.to_le_bytes(), &count.to_le_bytes(), values]
            .concat()
    };
    let sent = |behind: &[u8]| {
        let mut sink = Rows::default();
        let (decoded, damage) = decode(&[&tree[..], b"\x01", behind].concat(), &mut sink);
        assert_eq!(damage, []);
        assert_eq!(sink.rows, all);
        decoded.end.is_err()
    };
    assert!(sent(&column(b"load", 60, 1_700_000_000, 1, &[1; 4])));
    assert!(sent(&column(&[b'x'; 255], 1, -1, 2, &[1; 8])));
    for foreign in [
        column(b"load", 60, 1_700_000_000, 2, &[1; 4]),
        column(b"load", 60, 1_700_000_000, 0, &[]),
        column(b"load", 0, 1_700_000_000, 1, &[1; 4]),
        column(b"load", 60, i64::MAX, 1, &[1; 4]),
        column(b"", 60, 1_700_000_000, 1, &[1; 4]),
        column(b"lo\0d", 60, 1_700_000_000, 1, &[1; 4]),
        column(&[b'x'; 256], 60, 1_700_000_000, 1, &[1; 4]),
    ] {
        assert!(!sent(&foreign), "{foreign:?}");
    }
}
