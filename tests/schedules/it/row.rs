//! The cases of row 15 by number: which to run, and what to say of those that fail.

use std::env;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use treering_tests::Mismatch;

use crate::explore::{Scene, explore};

/// Tests of this row, which share the cases.
const TESTS: u64 = 9;
/// Cases of the row in CI.
const USUAL: u64 = 20_700;

pub(crate) fn run(test: &str, scene: Scene) {
    if let Some(seed) = variable("TREERING_SEED") {
        return explore(seed, scene).unwrap_or_else(|mismatch| panic!("{}", failed(test, seed, &mismatch)));
    }
    let from: u64 = variable("TREERING_FROM").unwrap_or(0);
    let seconds: Option<u64> = variable("TREERING_SECONDS");
    let asked: Option<u64> = variable("TREERING_COUNT");
    let total = asked.unwrap_or(if seconds.is_some() { u64::MAX } else { USUAL });
    let count = total.div_ceil(TESTS);
    let deadline = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let next = AtomicU64::new(from);
    let failures: Mutex<Vec<(u64, Mismatch)>> = Mutex::default();
    while deadline.is_none_or(|deadline| Instant::now() < deadline) {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed - from >= count {
            next.fetch_sub(1, Ordering::Relaxed);
            break;
        }
        if let Err(mismatch) = explore(seed, scene) {
            failures.lock().unwrap_or_else(PoisonError::into_inner).push((seed, mismatch));
            break;
        }
    }
    let done = next.into_inner() - from;
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("faults: row 15 from {from} cases {done} failures {}", failures.len());
    if let Some((seed, mismatch)) = failures.first() {
        panic!("{}", failed(test, *seed, mismatch));
    }
}

fn failed(test: &str, seed: u64, mismatch: &Mismatch) -> String {
    format!(
        "case {seed}: {mismatch}\nreplay: TREERING_SEED={seed} RUSTFLAGS=\"--cfg treering_shuttle\" \
         cargo test -p treering-schedules --target-dir target/schedules {test}"
    )
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(_) => panic!("{name} cannot be {text:?}"),
    }
}
