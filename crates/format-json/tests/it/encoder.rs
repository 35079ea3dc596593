//! What the encoder writes, what it refuses, and that a refusal leaves no trace.

use treering_format_json::JsonFormat;
use treering_snapshot::{Column, Document, EncodeError, Format, Head, Loss, Meta, Part, Sink, Stop, Window};

use crate::build::{decode, document, encode, encode_as, meta, reference_meta};

fn head(metric: &str, count: u32) -> Head<'_> {
    Head { metric, interval_s: 60, start_s: 5, count }
}

fn reason(stop: &Stop) -> &EncodeError {
    stop.reason().unwrap().downcast_ref().unwrap()
}

fn small(parts: &[Part<'_>], format: JsonFormat) -> (String, Loss) {
    let mut out = Vec::new();
    let mut encoder = format.encoder(&mut out);
    let count = parts.iter().map(|part| u32::try_from(part.count()).unwrap()).sum();
    encoder.column(head("m", count), parts).unwrap();
    let counts = encoder.finish(&Meta { window: Window { from_s: -1, to_s: 2 }, ours: None }).unwrap();
    (String::from_utf8(out).unwrap(), counts.loss)
}

fn with_data(data: &str) -> String {
    format!(
        "{{\"metrics\":{{\"m\":{{\"frequency\":60,\"start\":5,\"data\":[{data}]}}}},\"children\":{{}},\"from\":-1,\"to\":2}}\n"
    )
}

#[test]
fn values_are_written_as_their_precision_says() {
    let values = [1.0f32, 0.25, -0.0, f32::NAN, 1e20, 123.456];
    let (text, _) = small(&[Part::Native(&values)], JsonFormat::exact());
    assert_eq!(text, with_data("1,0.25,-0.0,null,1e20,123.456"));
    let (text, _) = small(&[Part::Native(&values)], JsonFormat::one_decimal());
    assert_eq!(text, with_data("1.0,0.2,-0.0,null,100000002004087734272.0,123.5"));
    assert_eq!(small(&[], JsonFormat::exact()).0, with_data(""));
}

#[test]
fn infinities_are_null_and_are_counted_and_nan_is_not() {
    let values = [f32::INFINITY, 1.0, f32::NEG_INFINITY, f32::NAN];
    for (format, data) in
        [(JsonFormat::exact(), "null,1,null,null"), (JsonFormat::one_decimal(), "null,1.0,null,null")]
    {
        let loss = Loss { infinite: 2, rounded: 0 };
        assert_eq!(small(&[Part::Native(&values)], format), (with_data(data), loss));
    }
}

#[test]
fn values_that_one_decimal_changes_are_counted_and_exact_text_changes_none() {
    let values = [0.25, 0.1, -0.0, -0.04, f32::NAN, f32::INFINITY, 16_777_217.0, f32::MAX, f32::from_bits(1)];
    let loss = |format| small(&[Part::Native(&values)], format).1;
    assert_eq!(loss(JsonFormat::exact()), Loss { infinite: 1, rounded: 0 });
    assert_eq!(loss(JsonFormat::one_decimal()), Loss { infinite: 1, rounded: 3 });
}

#[test]
fn a_refused_column_is_no_loss() {
    let mut out = Vec::new();
    let mut encoder = JsonFormat::one_decimal().encoder(&mut out);
    encoder.column(head("m", 2), &[Part::Native(&[f32::INFINITY])]).unwrap_err();
    encoder.column(head("m", 1), &[Part::Native(&[0.25])]).unwrap();
    assert_eq!(encoder.finish(&meta()).unwrap().loss, Loss { infinite: 0, rounded: 1 });
}

#[test]
fn parts_in_any_form_give_the_text_of_the_whole() {
    let bytes: Vec<u8> = [2.5f32, f32::INFINITY].iter().flat_map(|value| value.to_le_bytes()).collect();
    let parts = [Part::Missing(2), Part::LittleEndian(&bytes), Part::Native(&[]), Part::Native(&[7.0])];
    let loss = Loss { infinite: 1, rounded: 0 };
    assert_eq!(small(&parts, JsonFormat::exact()), (with_data("null,null,2.5,null,7"), loss));
}

#[test]
fn every_level_repeats_the_window_and_ours_comes_last() {
    let mut document = Document::new();
    let column = Column { interval_s: 1, start_s: 0, values: vec![1.0] };
    document.insert(&["a", "b"], "m", column).unwrap();
    document.enter("c").unwrap();
    document.leave().unwrap();
    let meta = Meta { window: Window { from_s: 10, to_s: 20 }, ours: meta().ours };
    let (text, counts) = encode(&document, &meta);
    let window = "\"from\":10,\"to\":20";
    let start = format!(
        "{{\"metrics\":{{}},\"children\":{{\"a\":{{\"metrics\":{{}},\"children\":{{\"b\":{{\"metrics\":{{\
         \"m\":{{\"frequency\":1,\"start\":0,\"data\":[1]}}}},\"children\":{{}},{window}}}}},{window}}},\
         \"c\":{{\"metrics\":{{}},\"children\":{{}},{window}}}}},{window},\"treering\":{{\"version\":1,\
         \"covers\":12,\"previous\":11,\"cluster\":\"alpha\",\"host\":\"n000\","
    );
    let crc32 = crc32fast::hash(start.as_bytes());
    assert_eq!(String::from_utf8(text).unwrap(), format!("{start}\"crc32\":\"{crc32:08x}\"}}}}\n"));
    assert_eq!((counts.levels, counts.columns, counts.values), (3, 1, 1));
}

#[test]
fn a_refused_event_leaves_no_trace() {
    let (expected, _) = {
        let mut document = Document::new();
        document.enter("a").unwrap();
        document.leave().unwrap();
        encode(&document, &reference_meta())
    };
    let mut out = b"what was here before".to_vec();
    let mut encoder = JsonFormat::exact().encoder(&mut out);
    let stop = encoder.column(head("m", 2), &[Part::Missing(3)]).unwrap_err();
    assert_eq!(reason(&stop), &EncodeError::Count { metric: "m".to_owned(), expected: 2, found: 3 });
    assert_eq!(reason(&encoder.leave().unwrap_err()), &EncodeError::Unbalanced { open: 0 });
    encoder.enter("a").unwrap();
    encoder.leave().unwrap();
    let stop = encoder.column(head("late", 0), &[]).unwrap_err();
    assert_eq!(reason(&stop), &EncodeError::OutOfOrder { metric: "late".to_owned() });
    encoder.finish(&reference_meta()).unwrap();
    assert_eq!(String::from_utf8(out), String::from_utf8(expected));
}

#[test]
fn an_open_level_is_no_end() {
    let mut out = Vec::new();
    let mut encoder = JsonFormat::exact().encoder(&mut out);
    encoder.enter("a").unwrap();
    assert_eq!(encoder.finish(&meta()), Err(EncodeError::Unbalanced { open: 1 }));
}

#[test]
fn an_encoder_that_is_dropped_leaves_no_snapshot() {
    let mut out = Vec::new();
    for levels in 0..3 {
        let mut encoder = JsonFormat::exact().encoder(&mut out);
        for _ in 0..levels {
            encoder.enter("a").unwrap();
        }
        encoder.column(head("m", 1), &[Part::Missing(1)]).unwrap();
        for _ in 0..levels {
            encoder.leave().unwrap();
        }
        drop(encoder);
        assert!(decode(&out, &mut Document::new()).0.end.is_err(), "{levels} levels");
    }
}

/// What is written can be read, by the reference, too: its reader takes 10,000 objects and arrays in each other.
#[test]
fn levels_are_refused_where_no_reader_would_take_them() {
    let mut out = Vec::new();
    let mut encoder = JsonFormat::exact().encoder(&mut out);
    let mut levels = 0;
    let stop = loop {
        match encoder.enter("") {
            Ok(_) => levels += 1,
            Err(stop) => break stop,
        }
    };
    assert_eq!(levels, 4_998);
    assert!(matches!(reason(&stop), EncodeError::TooLarge { max: 4_998, found: 4_999, .. }));
    encoder.column(head("m", 1), &[Part::Missing(1)]).unwrap();
    for _ in 0..levels {
        encoder.leave().unwrap();
    }
    encoder.finish(&reference_meta()).unwrap();
    let text = str::from_utf8(&out).unwrap();
    let (mut open, mut deepest) = (0, 0);
    for byte in text.bytes() {
        open += i32::from(matches!(byte, b'{' | b'[')) - i32::from(matches!(byte, b'}' | b']'));
        deepest = deepest.max(open);
    }
    assert_eq!((open, deepest), (0, 10_000));
    let limits = treering_snapshot::Limits { depth_max: 5_000, ..Default::default() };
    let mut sink = treering_snapshot::Counts::default();
    crate::build::decode_with(&out, &limits, &mut sink).0.end.unwrap();
    assert_eq!((sink.levels, sink.columns), (4_998, 1));
}

#[test]
fn a_second_file_in_the_same_memory_is_as_the_first() {
    let host = crate::build::host(4 << 10);
    let (first, _) = encode_as(JsonFormat::one_decimal(), &host, &meta());
    let mut out = vec![b'x'; 100];
    for _ in 0..2 {
        let mut encoder = JsonFormat::one_decimal().encoder(&mut out);
        host.emit(&mut *encoder).unwrap();
        encoder.finish(&meta()).unwrap();
        assert_eq!(out, first);
    }
    assert_ne!(document(&first), host, "one decimal loses something");
}
