//! One bit of a file is wrong: in ours it is always noticed.

use treering_snapshot::{DamageKind, Limits, Scratch};

use treering_format_json::JsonFormat;
use treering_snapshot::{Counts, Format};

use crate::build::{Rows, decode, encode, host, meta, reference_meta, salvaged};

const LEN_BYTES: usize = 16 << 10;

/// One bit of each byte of a file of ours of 16 KiB, each byte another one; and every bit of its last 300 bytes.
#[test]
fn a_flipped_bit_is_noticed() {
    let (bytes, counts) = encode(&host(LEN_BYTES), &meta());
    assert!(bytes.len() > LEN_BYTES * 9 / 10, "{}", bytes.len());
    assert!(counts.columns > 40 && counts.levels > 15);
    let one_of_each = (0..bytes.len()).map(|at| (at, at % 8));
    let all_of_the_last = (bytes.len() - 300..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit)));
    check(&bytes, one_of_each.chain(all_of_the_last));
}

/// Every bit of a short file.
#[test]
fn every_flipped_bit_of_a_short_file_is_noticed() {
    let (bytes, _) = encode(&host(5 << 10), &meta());
    check(&bytes, (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))));
}

fn check(bytes: &[u8], bits: impl Iterator<Item = (usize, usize)>) {
    let mut flipped = bytes.to_vec();
    for (at, bit) in bits {
        flipped[at] ^= 1 << bit;
        let (_, decoded, damage) = salvaged(&flipped);
        flipped[at] ^= 1 << bit;
        let of_file = damage.iter().filter(|damage| damage.kind.leaves_unchecked()).count();
        let at_end = at >= bytes.len() - r#""crc32":"01234567"}}_"#.len();
        if at_end {
            assert!(of_file == 1 || decoded.end.is_err(), "bit {bit} of {at}");
        } else {
            // Whatever else the flip did to the text.
            assert_eq!(of_file, 1, "bit {bit} of {at}: {damage:?}");
            assert!(matches!(damage[0].kind, DamageKind::FileChecksum { .. }), "bit {bit} of {at}");
        }
        assert!(decoded.meta.is_none_or(|meta| meta.ours.is_none()), "bit {bit} of {at}");
    }
}

/// A file of the reference's has no checksum: a flip may go unnoticed, but it must not do more.
#[test]
fn a_flipped_bit_of_a_reference_file_never_panics() {
    let (bytes, counts) = encode(&host(LEN_BYTES / 2), &reference_meta());
    let mut flipped = bytes.clone();
    let mut text = Vec::new();
    let mut scratch = Scratch::new();
    let (mut flips, mut unnoticed, mut columns) = (0, 0, 0);
    for at in 0..bytes.len() {
        for bit in (at % 2..8).step_by(2) {
            flipped[at] ^= 1 << bit;
            text.clone_from(&flipped);
            flipped[at] ^= 1 << bit;
            let mut sink = Counts::default();
            let mut reports = 0;
            let decoded = JsonFormat::exact().decode(
                &mut text,
                &mut scratch,
                &Limits::default(),
                &mut sink,
                &mut |_| reports += 1,
            );
            assert!(2 * sink.values <= u64::try_from(bytes.len()).unwrap());
            flips += 1;
            columns += sink.columns;
            unnoticed += u64::from(decoded.end.is_ok() && reports == 0);
        }
    }
    println!("{unnoticed} of {flips} flips leave a file that looks sound");
    println!("{} of {} columns arrive", columns / flips, counts.columns);
}

/// A flip in the text of a number changes that number or breaks the text there: the columns before it are untouched.
#[test]
fn columns_before_a_flip_are_what_they_were() {
    let (bytes, _) = encode(&host(LEN_BYTES / 4), &reference_meta());
    let mut whole = Rows::default();
    decode(&bytes, &mut whole).0.end.unwrap();
    let ends: Vec<usize> =
        bytes.windows(2).enumerate().filter(|(_, two)| two == b"]}").map(|(at, _)| at + 2).collect();
    for at in (0..bytes.len()).step_by(3) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 7);
        let (found, decoded, _) = salvaged(&flipped);
        if decoded.end.is_ok() {
            continue;
        }
        let before = ends.iter().take_while(|end| **end <= at).count();
        let same = found.iter().zip(&whole.rows).take_while(|(found, row)| found == row).count();
        assert!(same >= before, "flip at {at}: {same} of {before} columns");
    }
}
