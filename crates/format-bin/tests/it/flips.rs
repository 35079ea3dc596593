//! One bit of a file of ours is wrong: it costs at most one column and is always noticed.

use treering_snapshot::DamageKind;

use crate::build::{Expect, decode, encode, host, meta, reference_meta, rows};
use crate::layout::Layout;

const LEN_BYTES: usize = 16 << 10;

/// Every bit of a file of ours of 16 KiB.
#[test]
fn matrix_09_flipped_bit_of_a_file_of_ours_costs_at_most_one_column_and_is_noticed() {
    let (bytes, counts) = encode(&host(LEN_BYTES / 16 * 17), &meta());
    assert!(bytes.len() > LEN_BYTES, "{}", bytes.len());
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
    println!("faults: row 9 from 0 cases {0} tried {0} failures 0", bytes.len() * 8);
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
