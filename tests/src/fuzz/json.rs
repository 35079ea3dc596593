//! A JSON snapshot of any bytes: decoded by us and by another reader, cut, and written again in every form.

#[path = "../../../crates/format-json/tests/it/oracle.rs"]
#[expect(clippy::cast_possible_truncation, reason = "rounding is what a reader of values does")]
mod oracle;

use std::cell::RefCell;

use treering_format_bin::BinFormat;
use treering_format_json::JsonFormat;
use treering_snapshot::{Column, Document, Meta};

use self::oracle::{Said, Verdict};
use super::number;
use super::snapshot::{Buffers, Read, all_within};

/// How much memory a decode may take: so many times the input, and 64 KiB.
const MEMORY_FACTOR: u64 = 40;

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// Properties:
/// - the events are those of a tree, no name comes twice, and memory is bounded;
/// - a reader that is made of `serde_json` and knows nothing of ours says the same, or refuses where we do;
/// - the reader that takes every text for an unusual one reads the same: events, damage, and the end;
/// - what is read can be written, and reads back but for infinite values, which are counted; with one decimal the
///   second text is the first; as `.bin` it reads back bit by bit;
/// - of a sound text in which nothing comes twice nothing is read from its beginning that is not in the whole.
///
/// # Panics
/// If one of them does not hold.
pub fn check(input: &[u8]) {
    BUFFERS.with_borrow_mut(|buffers| {
        let exact = JsonFormat::exact();
        let read = buffers.decode(&exact, input, MEMORY_FACTOR);
        let meta = read.meta.clone().unwrap_or_default();
        let plain = buffers.decode(&exact.reading_plainly(), input, MEMORY_FACTOR);
        assert!(read.is_same(&plain), "{read:?} instead of {plain:?}");
        let nothing_twice = agree(input, &read);
        rewrite(buffers, &read.document, &meta);
        if nothing_twice {
            let at = number(input) % (input.len() + 1);
            let cut = buffers.decode(&exact, &input[..at], MEMORY_FACTOR).document;
            let same = all_within(cut.root(), read.document.root(), &|a, b| a == b);
            assert!(same, "cut at {at}: {cut:?} is not in {:?}", read.document);
        }
    });
}

/// Holds what was read against the other reader. True if the text is sound and no name comes twice in it.
fn agree(input: &[u8], read: &Read) -> bool {
    match oracle::read(input) {
        Verdict::Unknown => false,
        Verdict::Refused => {
            assert!(read.end.is_err(), "must be refused");
            false
        }
        Verdict::Sound(said) => {
            assert!(
                read.end.is_ok() && !read.lost,
                "{:?}, {} places are damaged",
                read.end,
                read.damage_count
            );
            let mut found = Said::default();
            let emitted = read.document.emit(&mut found);
            assert!(emitted.is_ok(), "{emitted:?}");
            found.window = read.meta.clone().unwrap_or_default().window;
            assert!(found == said, "{found:?} instead of {said:?}");
            said.nothing_twice
        }
    }
}

fn rewrite(buffers: &mut Buffers, document: &Document, meta: &Meta) {
    let (exact, one_decimal) = (JsonFormat::exact(), JsonFormat::one_decimal());
    let written = buffers.encode(&exact, document, meta);
    let (copy, copied) = buffers.decode_written(&exact);
    assert!(copied.as_ref() == Some(meta), "{meta:?} became {copied:?}");
    let mut lost = 0;
    let same = document.counts() == copy.counts() && all_within(copy.root(), document.root(), &is_same);
    assert!(same, "{document:?} became {copy:?}");
    each_value(document, &mut |value| lost += u64::from(value.is_infinite()));
    assert!(
        written.loss.infinite == lost && written.loss.rounded == 0,
        "{:?}, {lost} infinite",
        written.loss
    );

    buffers.encode(&one_decimal, document, meta);
    let (rounded, _) = buffers.decode_written(&one_decimal);
    let first = std::mem::take(&mut buffers.written);
    let again = buffers.encode(&one_decimal, &rounded, meta);
    assert!(first == buffers.written && !again.loss.any(), "{:?}", again.loss);

    buffers.encode(&BinFormat, document, meta);
    let (copy, copied) = buffers.decode_written(&BinFormat);
    assert!(copy == *document && copied.as_ref() == Some(meta), "{document:?} became {copy:?}");
}

/// Finite values have the same bits; the others are no sample.
fn is_same(copy: &Column, column: &Column) -> bool {
    let is_value = |copy: &f32, value: &f32| {
        if value.is_finite() { copy.to_bits() == value.to_bits() } else { copy.is_nan() }
    };
    copy.interval_s == column.interval_s
        && copy.start_s == column.start_s
        && copy.values.len() == column.values.len()
        && copy.values.iter().zip(&column.values).all(|(copy, value)| is_value(copy, value))
}

fn each_value(document: &Document, each: &mut dyn FnMut(f32)) {
    let mut open = vec![document.root()];
    while let Some(level) = open.pop() {
        level.columns().for_each(|(_, column)| column.values.iter().for_each(|value| each(*value)));
        open.extend(level.children().map(|(_, child)| child));
    }
}
