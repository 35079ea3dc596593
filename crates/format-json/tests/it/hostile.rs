//! Files that want to break the reader: depth, size, time.

use std::time::Instant;

use treering_format_json::JsonFormat;
use treering_snapshot::{Counts, DamageKind, DecodeError, Format, Limits, Scratch, TEXT_BYTES_MAX};

use crate::build::{decode, salvaged};
use crate::crafted;

#[test]
fn nesting_beyond_the_limit_is_told_as_such() {
    let levels = 10_000;
    let deep = |inner: &str| {
        let text = r#"{"children":{"a":"#.repeat(levels) + inner + &"}}".repeat(levels);
        salvaged(text.as_bytes())
    };
    let (_, decoded, damage) = deep("{}");
    let limit = |end: Result<(), DecodeError>| matches!(end, Err(DecodeError::Limit { max: 10_000, .. }));
    assert!(limit(decoded.end));
    assert!(matches!(damage[..], [ref one] if one.kind == DamageKind::Depth { max: 64 }), "{damage:?}");
    for text in
        ["[".repeat(1 << 20), "{\"a\":".repeat(1 << 18), format!("{{\"x\":{}", "[{\"a\":".repeat(9_000))]
    {
        let (rows, decoded, _) = salvaged(text.as_bytes());
        assert_eq!(rows, []);
        assert!(limit(decoded.end));
    }
    // One less is read.
    let text = format!("{{\"x\":{}{}}}", "[".repeat(9_999), "]".repeat(9_999));
    decode(text.as_bytes(), &mut Counts::default()).0.end.unwrap();
    let text = format!("{{\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(limit(decode(text.as_bytes(), &mut Counts::default()).0.end));
}

#[test]
fn a_deep_level_costs_itself_and_what_is_below_it() {
    let levels = 2_000;
    let chain =
        r#"{"metrics":{"m":{"data":[1]}},"children":{"a":"#.repeat(levels) + "{}" + &"}}".repeat(levels);
    let text = format!(r#"{{"children":{{"c":{chain},"z":{{"metrics":{{"m":{{}}}}}}}}}}"#);
    let (rows, decoded, damage) = salvaged(text.as_bytes());
    decoded.end.unwrap();
    assert_eq!(rows.len(), 64 + 1);
    assert_eq!(rows[64].path, "z");
    assert_eq!(damage.len(), 1);
    assert_eq!(damage[0].path.as_ref().unwrap().len(), 65);
}

#[test]
fn a_text_beyond_the_limit_is_not_looked_at() {
    let text = crate::build::encode(&crate::build::host(4 << 10), &crate::build::meta()).0;
    let len = u64::try_from(text.len()).unwrap();
    for (max, taken) in [(len, true), (len - 1, false), (0, false), (u64::MAX, true)] {
        let limits = Limits { text_bytes_max: max, ..Limits::default() };
        let mut sink = Counts::default();
        let (decoded, _) = crate::build::decode_with(&text, &limits, &mut sink);
        assert_eq!(decoded.end.is_ok(), taken, "{max}");
        let format: &dyn Format = &JsonFormat::exact();
        assert_eq!(format.len_bytes_max(&limits) >= len, taken, "{max}");
        if !taken {
            assert!(matches!(decoded.end, Err(DecodeError::TooLong { found, .. }) if found == len));
            assert_eq!((decoded.meta, sink), (None, Counts::default()));
        }
    }
    assert_eq!((TEXT_BYTES_MAX, Limits::default().text_bytes_max), (268_435_456, TEXT_BYTES_MAX));
}

/// Neither crashes nor takes quadratic time: a quarter of a megabyte each, in well under a second.
#[test]
fn crafted_texts_are_read_in_time() {
    for (what, text) in crafted::all(256 << 10) {
        let start = Instant::now();
        let (_, decoded, damage) = salvaged(&text);
        let taken = start.elapsed();
        assert!(taken.as_secs_f64() < 2.0, "{what}: {taken:?}");
        assert!(decoded.end.is_ok() || decoded.end.is_err_and(|end| end.offset().is_some()), "{what}");
        assert!(damage.len() <= text.len() / 4, "{what}");
    }
}

#[test]
fn no_memory_is_carried_from_one_file_to_the_next() {
    let mut scratch = Scratch::new();
    let sound = crate::build::encode(&crate::build::host(4 << 10), &crate::build::meta()).0;
    let mut read = |text: &[u8]| {
        let mut sink = crate::build::Rows::default();
        let mut bytes = text.to_vec();
        let decoded =
            JsonFormat::exact().decode(&mut bytes, &mut scratch, &Limits::default(), &mut sink, &mut |_| ());
        (sink.rows, decoded.meta)
    };
    let (rows, meta) = read(&sound);
    assert_eq!(read(b"{}").0, []);
    for (_, text) in crafted::all(2 << 10) {
        read(&text);
        let again = read(&sound);
        assert_eq!(again, (rows.clone(), meta.clone()));
    }
}
