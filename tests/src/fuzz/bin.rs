//! A `.bin` snapshot of any bytes: decoded whole and cut, and written again.

use std::cell::RefCell;

use treering_format_bin::BinFormat;

use super::number;
use super::snapshot::{Buffers, all_within};

/// How much memory a decode may take: so many times the input, and 64 KiB.
const MEMORY_FACTOR: u64 = 4;

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// Properties:
/// - the events are those of a tree, no name comes twice, and memory is bounded;
/// - what is read can be written, and reads back bit by bit, with all that it says beside its tree;
/// - of a whole file without a trailer that is cut, nothing is read that is not in the whole one.
///
/// # Panics
/// If one of them does not hold.
pub fn check(input: &[u8]) {
    BUFFERS.with_borrow_mut(|buffers| {
        let read = buffers.decode(&BinFormat, input, MEMORY_FACTOR);
        let meta = read.meta.clone().unwrap_or_default();
        let written = buffers.encode(&BinFormat, &read.document, &meta);
        let (copy, copied) = buffers.decode_written(&BinFormat);
        assert!(copy == read.document, "{:?} became {copy:?}", read.document);
        assert!(copied.as_ref() == Some(&meta), "{meta:?} became {copied:?}");
        assert!(written.len_bytes == u64::try_from(buffers.written.len()).unwrap_or(0), "{written:?}");

        // The trailer's tables need not be those of the tree, and of a name that comes twice the first one stands if
        // the second is cut off.
        if read.end.is_ok() && read.damage_count == 0 && meta.ours.is_none() {
            let at = number(input) % (input.len() + 1);
            let cut = buffers.decode(&BinFormat, &input[..at], MEMORY_FACTOR).document;
            let same = all_within(cut.root(), read.document.root(), &|a, b| a == b);
            assert!(same, "cut at {at}: {cut:?} is not in {:?}", read.document);
        }
    });
}
