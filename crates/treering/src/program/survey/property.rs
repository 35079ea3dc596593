//! Whatever is done to a snapshot: what is said of its bytes adds up.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use proptest::prelude::*;
use treering_snapshot::Scratch;

use super::{Class, Fault, snapshot};
use crate::program::settings;
use crate::program::words::wide;

const FILES: [&str; 8] = [
    "bin/v1/trailer.bin",
    "json/v1/ours.json",
    "reference/input/depth/1700000000.bin",
    "reference/input/depth/1700000000.json",
    "reference/input/names/0.bin",
    "reference/input/names/0.json",
    "reference/input/values/1700000000.json",
    "reference/input/damaged/unknown-keys.json",
];

#[derive(Debug, Clone)]
enum Change {
    Flip(usize, u8),
    Fill(usize, usize, u8),
    Cut(usize),
    Tail(Vec<u8>),
    /// Bytes of one place once more at another.
    Copy(usize, usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<usize>(), 1_u8..).prop_map(|(at, mask)| Change::Flip(at, mask)),
        (any::<usize>(), 0_usize..40, prop_oneof![Just(0), Just(b' '), Just(b'{'), any::<u8>()])
            .prop_map(|(at, len, byte)| Change::Fill(at, len, byte)),
        any::<usize>().prop_map(Change::Cut),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Change::Tail),
        (any::<usize>(), any::<usize>(), 0_usize..300)
            .prop_map(|(from, to, len)| Change::Copy(from, to, len)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let place = |at: usize| at % (bytes.len() + 1);
    match change {
        Change::Flip(at, mask) => {
            let at = place(*at);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= mask;
            }
        }
        Change::Fill(at, len, byte) => {
            let at = place(*at);
            let end = bytes.len().min(at + len);
            bytes[at..end].fill(*byte);
        }
        Change::Cut(at) => bytes.truncate(place(*at)),
        Change::Tail(tail) => bytes.extend(tail),
        Change::Copy(from, to, len) => {
            let (from, to) = (place(*from), place(*to));
            let piece = bytes[from..bytes.len().min(from + len)].to_vec();
            bytes.splice(to..to, piece);
        }
    }
}

fn config() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 2000;
    }
    config
}

/// Stretches of which no byte is used.
fn stretches(faults: &[Fault]) -> Vec<(u64, u64)> {
    let whole = |fault: &&Fault| fault.class != Class::Note && fault.bytes.is_none() && fault.from < fault.to;
    let mut all: Vec<(u64, u64)> = faults.iter().filter(whole).map(|fault| (fault.from, fault.to)).collect();
    all.sort_unstable();
    all
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn prop_no_byte_is_accounted_for_twice(
        file in 0..FILES.len(),
        changes in proptest::collection::vec(change(), 0..4),
    ) {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data")).join(FILES[file]);
        let mut bytes = std::fs::read(&path).unwrap();
        changes.iter().for_each(|change| apply(&mut bytes, change));
        let len = wide(bytes.len());
        let formats = settings::formats();
        let extension = path.extension().unwrap();
        let format = formats.iter().find(|format| extension == format.extension()).unwrap();
        let mut columns = 0;
        let seen = snapshot(&**format, &mut bytes, len, &mut Scratch::new(), &mut |_| columns += 1);
        prop_assert_eq!(columns, seen.columns);
        let faults = &seen.faults.kept;
        let unplaced = faults.iter().filter(|fault| fault.class == Class::Unplaced && fault.metric.is_some());
        prop_assert_eq!(seen.parts + wide(unplaced.count()), seen.columns);
        for fault in faults {
            prop_assert!(fault.from <= fault.to && fault.to <= len && fault.at <= len, "{fault:?}");
            prop_assert!(fault.unused_bytes() <= fault.to - fault.from, "{fault:?}");
        }
        let stretches = stretches(faults);
        prop_assert!(stretches.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{faults:#?}");
        let unused: u64 = faults.iter().map(Fault::unused_bytes).sum();
        prop_assert!(unused <= len, "{unused} of {len}: {faults:#?}");
    }
}
