//! What goes in comes out, for any tree, any bits, and any way of cutting a column into parts.

use proptest::collection::vec;
use proptest::prelude::*;
use treering_format_json::JsonFormat;
use treering_snapshot::{Column, Document, Format, Head, MISSING_BITS, Meta, Ours, Part, Window};

use crate::build::{decode, document, encode, encode_as, meta, reference_meta};

fn config() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 64;
    }
    config
}

/// Every value but infinities, which JSON has no number for; and NaN as it is read back.
fn value() -> impl Strategy<Value = f32> {
    let bits = prop_oneof![any::<u32>(), Just(MISSING_BITS), Just(0xFFC1_2345), Just(0x8000_0000)];
    let tenths = (-100_000i32..100_000).prop_map(|tenths| tenths as f32 / 10.0);
    prop_oneof![bits.prop_map(f32::from_bits), tenths].prop_map(|value| {
        if value.is_nan() { f32::from_bits(MISSING_BITS) } else { value.clamp(f32::MIN, f32::MAX) }
    })
}

fn column() -> impl Strategy<Value = Column> {
    (any::<i64>(), any::<i64>(), vec(value(), 0..40)).prop_map(|(interval_s, start_s, values)| Column {
        interval_s,
        start_s,
        values,
    })
}

fn name() -> impl Strategy<Value = String> {
    let sharp = "[<>&\"\\\\/\u{0}-\u{1f}\u{7f}\u{2028}\u{2029}\u{FFFD}eé€]{0,6}";
    prop_oneof![4 => "[a-c]{1,2}", 1 => any::<String>(), 1 => sharp, 1 => Just("<".repeat(5_000))]
}

fn any_document() -> impl Strategy<Value = Document> {
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
    #![proptest_config(config())]

    #[test]
    fn prop_any_tree_comes_back_bit_by_bit(document in any_document(), meta in any_meta()) {
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

    /// What is lost is lost at once.
    #[test]
    fn prop_one_decimal_written_again_is_the_same(document in any_document(), meta in any_meta()) {
        let format = JsonFormat::one_decimal();
        let (bytes, _) = encode_as(format, &document, &meta);
        let copy = crate::build::document(&bytes);
        prop_assert_eq!(encode_as(format, &copy, &meta).0, bytes);
    }

    #[test]
    fn prop_any_reader_of_json_takes_what_is_written(document in any_document(), meta in any_meta()) {
        for format in [JsonFormat::exact(), JsonFormat::one_decimal()] {
            let (bytes, _) = encode_as(format, &document, &meta);
            let text = String::from_utf8(bytes).unwrap();
            let line = text.strip_suffix('\n').unwrap();
            prop_assert!(!line.contains(|char: char| char < ' '));
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(value["from"].as_i64(), Some(meta.window.from_s));
            prop_assert_eq!(value.get("treering").is_some(), meta.ours.is_some());
        }
    }

    #[test]
    fn prop_a_key_of_ours_adds_bytes_and_changes_none(document in any_document(), meta in any_meta()) {
        let plain = Meta { ours: None, ..meta.clone() };
        let (bytes, _) = encode(&document, &meta);
        let (plain, _) = encode(&document, &plain);
        prop_assert_eq!(&bytes[..plain.len() - 2], &plain[..plain.len() - 2]);
        prop_assert_eq!(bytes.len() > plain.len(), meta.ours.is_some());
    }

    #[test]
    fn prop_parts_in_any_form_give_the_bytes_of_the_whole(pieces in vec((0..3u8, vec(value(), 0..30)), 0..8)) {
        let little: Vec<Vec<u8>> = pieces
            .iter()
            .map(|(_, values)| values.iter().flat_map(|value| value.to_le_bytes()).collect())
            .collect();
        let mut whole = Vec::new();
        let mut parts = Vec::new();
        for ((form, values), little) in pieces.iter().zip(&little) {
            let part = match form {
                0 => Part::Native(values),
                1 => Part::LittleEndian(little),
                _ => Part::Missing(values.len().try_into().unwrap()),
            };
            part.append_to(&mut whole);
            parts.push(part);
        }
        let count = whole.len().try_into().unwrap();
        let written = |parts: &[Part<'_>]| {
            let mut out = Vec::new();
            let mut encoder = JsonFormat::exact().encoder(&mut out);
            encoder.column(Head { metric: "m", interval_s: 1, start_s: 2, count }, parts).unwrap();
            encoder.finish(&meta()).unwrap();
            out
        };
        prop_assert_eq!(written(&parts), written(&[Part::Native(&whole)]));
    }

    #[test]
    fn prop_random_bytes_never_panic(
        bytes in vec(any::<u8>(), 0..400),
        flips in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        document in any_document(),
    ) {
        let mut mixed = encode(&document, &meta()).0;
        for (at, byte) in &flips {
            let at = at.index(mixed.len());
            mixed[at] = *byte;
        }
        decode(&mixed, &mut Document::new());
        decode(&bytes, &mut Document::new());
        let mut behind = b"{\"metrics\":{\"m\":{\"data\":[".to_vec();
        behind.extend_from_slice(&bytes);
        decode(&behind, &mut Document::new());
    }
}

#[test]
fn an_empty_document_is_the_reference_smallest_file() {
    let (bytes, _) = encode(&Document::new(), &reference_meta());
    let text = r#"{"metrics":{},"children":{},"from":1700000000,"to":1700043200}"#;
    assert_eq!(String::from_utf8(bytes).unwrap(), format!("{text}\n"));
}

/// As long as a `.bin` can hold, and six times that long in the text.
#[test]
fn the_longest_names_come_back() {
    let long = "<".repeat(65_535);
    let mut document = Document::new();
    let column = Column { interval_s: 60, start_s: 0, values: vec![1.0] };
    document.insert(&[long.as_str()], long.as_str(), column).unwrap();
    let (bytes, _) = encode(&document, &meta());
    assert!(bytes.len() > 12 * 65_535);
    assert_eq!(crate::build::document(&bytes), document);
}

#[test]
fn converting_needs_no_document() {
    let (bytes, _) = encode(&crate::build::host(8 << 10), &meta());
    let mut plain = Vec::new();
    let mut encoder = JsonFormat::exact().encoder(&mut plain);
    decode(&bytes, &mut *encoder).0.end.unwrap();
    encoder.finish(&reference_meta()).unwrap();
    assert_eq!(plain[..plain.len() - 2], bytes[..plain.len() - 2]);
}

#[test]
fn what_was_salvaged_from_a_cut_file_can_be_written_at_once() {
    let (bytes, _) = encode(&crate::build::host(8 << 10), &reference_meta());
    for cut in (1..bytes.len() - 1).step_by(97) {
        let mut salvaged = Vec::new();
        let mut encoder = JsonFormat::exact().encoder(&mut salvaged);
        let (decoded, _) = decode(&bytes[..cut], &mut *encoder);
        assert!(decoded.end.is_err());
        encoder.finish(&decoded.meta.unwrap_or_default()).unwrap();
        let mut direct = Document::new();
        decode(&bytes[..cut], &mut direct).0.end.unwrap_err();
        assert_eq!(document(&salvaged), direct, "cut at {cut}");
    }
}
