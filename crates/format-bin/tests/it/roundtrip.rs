//! What goes in comes out, for any tree, any bits, and any way of cutting a column into parts.

use proptest::collection::vec;
use proptest::prelude::*;
use treering_format_bin::BinFormat;
use treering_snapshot::{Column, Document, Format, Head, Meta, Ours, Part, Window};

use crate::build::{decode, encode, meta, reference_meta};

fn column() -> impl Strategy<Value = Column> {
    let value = prop_oneof![any::<u32>(), Just(0x7FC0_0000), Just(0xFFC1_2345), Just(0x8000_0000)];
    (any::<i64>(), any::<i64>(), vec(value, 0..40)).prop_map(|(interval_s, start_s, bits)| Column {
        interval_s,
        start_s,
        values: bits.into_iter().map(f32::from_bits).collect(),
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-c]{1,2}", 1 => any::<String>(), 1 => Just("x".repeat(65_535))]
}

fn document() -> impl Strategy<Value = Document> {
    vec((vec(name(), 0..5), name(), column()), 0..20).prop_map(|columns| {
        let mut document = Document::new();
        for (path, metric, column) in columns {
            document.insert(&path, metric, column).unwrap();
        }
        document
    })
}

prop_compose! {
    fn any_meta()(
        from_s in any::<i64>(),
        to_s in any::<i64>(),
        ours in proptest::option::of((name(), name(), any::<u64>(), any::<u64>())),
    ) -> Meta {
        let ours = ours.map(|(cluster, host, covers, previous)| Ours { cluster, host, covers, previous });
        Meta { window: Window { from_s, to_s }, ours }
    }
}

proptest! {
    #[test]
    fn prop_any_tree_comes_back_bit_by_bit(document in document(), meta in any_meta()) {
        let (bytes, counts) = encode(&document, &meta);
        let mut copy = Document::new();
        let (decoded, damage) = decode(&bytes, &mut copy);
        prop_assert!(decoded.end.is_ok(), "{:?}", decoded.end);
        prop_assert_eq!(damage, vec![]);
        prop_assert_eq!(decoded.meta.as_ref(), Some(&meta));
        prop_assert_eq!(&copy, &document);
        let expected = treering_snapshot::Counts { len_bytes: bytes.len().try_into().unwrap(), ..document.counts() };
        prop_assert_eq!(counts, expected);
        prop_assert_eq!(encode(&copy, &meta).0, bytes, "equal trees give equal bytes");
    }

    #[test]
    fn prop_a_trailer_adds_bytes_and_changes_none(document in document(), meta in any_meta()) {
        let plain = Meta { ours: None, ..meta.clone() };
        let (bytes, _) = encode(&document, &meta);
        let (plain, _) = encode(&document, &plain);
        prop_assert_eq!(&bytes[..plain.len()], &plain[..]);
        prop_assert_eq!(bytes.len() > plain.len(), meta.ours.is_some());
    }

    #[test]
    fn prop_parts_in_any_form_give_the_bytes_of_the_whole(
        pieces in vec((0..3u8, vec(any::<u32>(), 0..30)), 0..8),
    ) {
        let bytes_of = |bits: &[u32]| bits.iter().flat_map(|bits| bits.to_le_bytes()).collect::<Vec<u8>>();
        let native: Vec<Vec<f32>> =
            pieces.iter().map(|(_, bits)| bits.iter().map(|bits| f32::from_bits(*bits)).collect()).collect();
        let little: Vec<Vec<u8>> = pieces.iter().map(|(_, bits)| bytes_of(bits)).collect();
        let mut parts = Vec::new();
        let mut whole = Vec::new();
        for (index, (form, bits)) in pieces.iter().enumerate() {
            match form {
                0 => parts.push(Part::Native(&native[index])),
                1 => parts.push(Part::LittleEndian(&little[index])),
                _ => parts.push(Part::Missing(bits.len().try_into().unwrap())),
            }
            match form {
                2 => whole.resize(whole.len() + bits.len(), 0x7FC0_0000),
                _ => whole.extend_from_slice(bits),
            }
        }
        let whole = bytes_of(&whole);
        let count = u32::try_from(whole.len() / 4).unwrap();
        let written = |parts: &[Part<'_>]| {
            let mut out = Vec::new();
            let mut encoder = BinFormat.encoder(&mut out);
            encoder.column(Head { metric: "m", interval_s: 1, start_s: 2, count }, parts).unwrap();
            encoder.finish(&meta()).unwrap();
            out
        };
        prop_assert_eq!(written(&parts), written(&[Part::LittleEndian(&whole)]));
    }

    #[test]
    fn prop_random_bytes_never_panic(
        mut bytes in vec(any::<u8>(), 0..400),
        flips in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        document in document(),
    ) {
        let mut mixed = encode(&document, &meta()).0;
        for (at, byte) in &flips {
            let at = at.index(mixed.len());
            mixed[at] = *byte;
        }
        let (mixed, _) = (decode(&mixed, &mut Document::new()), decode(&bytes, &mut Document::new()));
        prop_assert!(mixed.0.meta.is_some() || mixed.0.end.is_err());
        bytes.splice(0..0, encode(&Document::new(), &reference_meta()).0[..20].iter().copied());
        let (decoded, _) = decode(&bytes, &mut Document::new());
        prop_assert_eq!(decoded.meta, Some(reference_meta()));
    }
}

#[test]
fn an_empty_document_is_the_reference_smallest_file() {
    let (bytes, _) = encode(&Document::new(), &reference_meta());
    assert_eq!(bytes.len(), 28);
    assert_eq!(bytes[20..], [0; 8]);
}

#[test]
fn converting_needs_no_document() {
    let (bytes, _) = encode(&crate::build::host(4 << 10), &meta());
    let mut plain = Vec::new();
    let mut encoder = BinFormat.encoder(&mut plain);
    let (decoded, _) = decode(&bytes, &mut *encoder);
    decoded.end.unwrap();
    encoder.finish(&reference_meta()).unwrap();
    assert_eq!(plain, bytes[..plain.len()]);
}

#[test]
fn what_was_salvaged_from_a_cut_file_can_be_written_at_once() {
    let (bytes, _) = encode(&crate::build::host(8 << 10), &reference_meta());
    for cut in (28..bytes.len()).step_by(97) {
        let mut salvaged = Vec::new();
        let mut encoder = BinFormat.encoder(&mut salvaged);
        let (decoded, _) = decode(&bytes[..cut], &mut *encoder);
        assert!(decoded.end.is_err());
        encoder.finish(&decoded.meta.unwrap()).unwrap();
        let mut direct = Document::new();
        decode(&bytes[..cut], &mut direct).0.end.unwrap_err();
        let mut copy = Document::new();
        decode(&salvaged, &mut copy).0.end.unwrap();
        assert_eq!(copy, direct, "cut at {cut}");
    }
}
