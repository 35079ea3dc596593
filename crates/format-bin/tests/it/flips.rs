//! One bit of a file is wrong: in ours it costs at most one column and is always noticed.

use std::collections::HashSet;

use treering_snapshot::{Counts, DamageKind};

use crate::build::{Expect, Rows, decode, encode, host, meta, reference_meta, rows};
use crate::layout::Layout;

const LEN_BYTES: usize = 16 << 10;

/// Every bit of a file of ours of 16 KiB.
#[test]
fn a_flipped_bit_costs_at_most_one_column_and_is_noticed() {
    let (bytes, counts) = encode(&host(LEN_BYTES), &meta());
    assert!(bytes.len() > LEN_BYTES * 9 / 10, "{}", bytes.len());
    assert!(counts.columns > 40 && counts.levels > 15);
    let (layout, rows) = (Layout::of(&bytes), rows(&bytes));
    let mut flipped = bytes.clone();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            flipped[at] ^= 1 << bit;
            let mut sink = Expect::new(&rows);
            let (decoded, damage) = decode(&flipped, &mut sink);
            flipped[at] ^= 1 << bit;

            let lost = sink.finish();
            let column = layout.column_of(at);
            assert_eq!(lost, column.into_iter().collect::<Vec<_>>(), "bit {bit} of {at}");
            assert!(decoded.end.is_ok(), "bit {bit} of {at}: {:?}", decoded.end);
            assert_eq!(damage.len(), 1, "bit {bit} of {at}: {damage:?}");
            let in_trailer = at >= layout.tree_end;
            let expected = if in_trailer { reference_meta() } else { meta() };
            assert_eq!(decoded.meta, Some(expected), "bit {bit} of {at}");
            let fits = match damage[0].kind {
                DamageKind::ColumnChecksum { .. } => {
                    assert_eq!(
                        column.map(|index| layout.columns[index].start),
                        Some(damage[0].offset as usize)
                    );
                    assert_eq!(
                        damage[0].path.as_ref().map(|path| path.join("/")),
                        Some(rows[lost[0]].path.clone())
                    );
                    column.is_some()
                }
                DamageKind::StructureChecksum { .. } => column.is_none() && !in_trailer,
                DamageKind::TrailerChecksum { .. } | DamageKind::TrailerBroken { .. } => in_trailer,
                _ => false,
            };
            assert!(fits, "bit {bit} of {at}: {damage:?}");
        }
    }
}

/// A file of the reference's has no checksum: a flip may go unnoticed, but it must not do more.
#[test]
fn a_flipped_bit_of_a_reference_file_never_panics() {
    let (bytes, counts) = encode(&host(LEN_BYTES), &reference_meta());
    let mut flipped = bytes.clone();
    let mut unnoticed = 0;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            flipped[at] ^= 1 << bit;
            let mut sink = Counts::default();
            let (decoded, _) = decode(&flipped, &mut sink);
            flipped[at] ^= 1 << bit;
            assert!(4 * sink.values <= u64::try_from(bytes.len()).unwrap());
            unnoticed += u64::from(decoded.end.is_ok() && sink == Counts { len_bytes: 0, ..counts });
        }
    }
    println!("{unnoticed} of {} flips leave a file that looks sound", 8 * bytes.len());
}

/// A wrong count shifts all that follows: what is read then must not pass for columns.
#[test]
fn a_wrong_count_in_a_reference_file_invents_no_column() {
    let (bytes, _) = encode(&host(LEN_BYTES), &reference_meta());
    let all = rows(&bytes);
    let known: HashSet<_> = all.iter().map(|row| (&row.path, &row.metric, row.start_s)).collect();
    let (mut flips, mut columns, mut invented) = (0, 0, 0);
    for at in Layout::of(&bytes).counts {
        for bit in 0..32 {
            let mut flipped = bytes.clone();
            flipped[at + bit / 8] ^= 1 << (bit % 8);
            let mut sink = Rows::default();
            let (decoded, _) = decode(&flipped, &mut sink);
            flips += 1;
            columns += sink.rows.len();
            let n = sink
                .rows
                .iter()
                .filter(|row| !known.contains(&(&row.path, &row.metric, row.start_s)))
                .count();
            if n > 0 {
                println!("{at} {bit} {n} {:?}", decoded.end);
            }
            invented += n;
        }
    }
    println!(
        "{flips} wrong counts: {columns} of {} columns arrive, {invented} were never written",
        flips * all.len()
    );
    assert_eq!(invented, 0);
}

/// Two different places: each costs what it costs alone.
#[test]
fn two_damaged_columns_and_a_damaged_count_cost_two_columns() {
    let (mut bytes, _) = encode(&host(LEN_BYTES), &meta());
    let (layout, rows) = (Layout::of(&bytes), rows(&bytes));
    for column in [3, 9] {
        bytes[layout.columns[column].end - 1] ^= 0x10;
    }
    bytes[20] ^= 0xFF;
    let mut sink = Expect::new(&rows);
    let (decoded, damage) = decode(&bytes, &mut sink);
    decoded.end.unwrap();
    assert_eq!(sink.finish(), [3, 9]);
    assert_eq!(damage.iter().filter(|damage| damage.kind.loses_samples()).count(), 2);
    assert_eq!(damage.len(), 3);
}
