//! What the encoder refuses, and that a refused event leaves no trace.

use treering_format_bin::BinFormat;
use treering_snapshot::{Document, EncodeError, Encoder, Format, Head, Meta, Ours, Part, Stop, Take};

use crate::build::{decode, encode, meta, reference_meta};

fn head(metric: &str, count: u32) -> Head<'_> {
    Head { metric, interval_s: 60, start_s: 0, count }
}

fn reason(stop: Stop) -> EncodeError {
    *stop.into_reason().unwrap().downcast().unwrap()
}

/// Encodes one column in one level, and does something refused in between.
fn encode_around(refused: impl FnOnce(&mut dyn Encoder)) -> Vec<u8> {
    let mut out = b"what was there before".to_vec();
    let mut encoder = BinFormat.encoder(&mut out);
    encoder.column(head("a", 1), &[Part::Missing(1)]).unwrap();
    assert_eq!(encoder.enter("l").unwrap(), Take::Yes);
    refused(&mut *encoder);
    encoder.column(head("b", 2), &[Part::Native(&[1.0, 2.0])]).unwrap();
    encoder.leave().unwrap();
    encoder.finish(&meta()).unwrap();
    out
}

#[test]
fn a_refused_event_leaves_no_trace() {
    let long = "x".repeat(65_536);
    let expected = encode_around(|_| ());
    let too_long = EncodeError::NameTooLong { max: 65_535, found: 65_536 };
    let refused = encode_around(|encoder| {
        assert_eq!(reason(encoder.column(head(&long, 0), &[]).unwrap_err()), too_long);
        assert_eq!(reason(encoder.enter(&long).unwrap_err()), too_long);
        let count = EncodeError::Count { metric: "c".to_owned(), expected: 3, found: 5 };
        let parts = [Part::Missing(4), Part::LittleEndian(&[0; 4])];
        assert_eq!(reason(encoder.column(head("c", 3), &parts).unwrap_err()), count);
    });
    assert_eq!(refused, expected);
}

#[test]
fn a_column_after_a_child_is_refused() {
    let mut out = Vec::new();
    let mut encoder = BinFormat.encoder(&mut out);
    encoder.enter("l").unwrap();
    encoder.leave().unwrap();
    let stop = encoder.column(head("late", 0), &[]).unwrap_err();
    assert_eq!(reason(stop), EncodeError::OutOfOrder { metric: "late".to_owned() });
    encoder.finish(&reference_meta()).unwrap();
    assert_eq!(out.len(), 20 + 4 + 4 + (2 + 1 + 8));
}

#[test]
fn levels_must_balance() {
    let mut out = Vec::new();
    let mut encoder = BinFormat.encoder(&mut out);
    assert_eq!(reason(encoder.leave().unwrap_err()), EncodeError::Unbalanced { open: 0 });
    encoder.enter("a").unwrap();
    encoder.enter("b").unwrap();
    assert_eq!(encoder.finish(&meta()), Err(EncodeError::Unbalanced { open: 2 }));
}

#[test]
fn bytes_without_finish_are_no_snapshot() {
    let mut unfinished = Vec::new();
    let mut encoder = BinFormat.encoder(&mut unfinished);
    encoder.column(head("a", 1), &[Part::Missing(1)]).unwrap();
    drop(encoder);
    let mut refused = Vec::new();
    let encoder = BinFormat.encoder(&mut refused);
    let ours = Ours { cluster: "x".repeat(65_536), ..Ours::default() };
    encoder.finish(&Meta { ours: Some(ours), ..meta() }).unwrap_err();
    for bytes in [unfinished, refused] {
        let (decoded, _) = decode(&bytes, &mut Document::new());
        assert!(decoded.end.is_err() && decoded.meta.is_none());
    }
}

#[test]
fn a_buffer_is_reused_without_growing() {
    let document = crate::build::host(8 << 10);
    let (bytes, _) = encode(&document, &meta());
    let mut out = Vec::with_capacity(bytes.len());
    let place = out.as_ptr();
    for _ in 0..3 {
        let mut encoder = BinFormat.encoder(&mut out);
        document.emit(&mut *encoder).unwrap();
        encoder.finish(&meta()).unwrap();
        assert_eq!(out, bytes);
        assert_eq!((out.as_ptr(), out.capacity()), (place, bytes.len()));
    }
}
