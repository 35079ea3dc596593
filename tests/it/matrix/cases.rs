//! The cases of a row by number: which to run, and what to say of those that fail.
//!
//! `TREERING_SEED` asks for one case, `TREERING_COUNT` for so many, `TREERING_FROM` says with which to begin, and
//! `TREERING_SECONDS` when to stop. A row whose cases can be listed has them under the first numbers; those behind
//! them are the same again with something drawn added.

use std::env;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use treering_tests::{Mismatch, SplitMix64};

/// A row of the matrix, or the part of it that one test runs.
pub(super) struct Row {
    pub(super) number: u32,
    /// The test, as far as it takes to name it.
    pub(super) test: &'static str,
    /// Cases in every run of the tests.
    pub(super) usual: u64,
}

impl Row {
    /// Runs the cases that the environment asks for, or the usual ones.
    pub(super) fn run(&self, case: impl Fn(u64) -> Result<(), Mismatch> + Sync) {
        if let Some(seed) = variable("TREERING_SEED") {
            return case(seed).unwrap_or_else(|mismatch| panic!("{}", self.failed(seed, &mismatch)));
        }
        let asked: Option<u64> = variable("TREERING_COUNT");
        let from: u64 = variable("TREERING_FROM").unwrap_or(0);
        let seconds: Option<u64> = variable("TREERING_SECONDS");
        let count = asked.unwrap_or(if seconds.is_some() { u64::MAX - from } else { self.usual });
        // In a run of all tests the others take the other cores.
        let deep = asked.is_some() || seconds.is_some();
        let threads = if deep { std::thread::available_parallelism().map_or(1, usize::from) } else { 1 };
        let deadline = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        let next = AtomicU64::new(from);
        let failures: Mutex<Vec<(u64, Mismatch)>> = Mutex::default();
        let work = || {
            while deadline.is_none_or(|deadline| Instant::now() < deadline)
                && failures.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
            {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed - from >= count {
                    next.fetch_sub(1, Ordering::Relaxed);
                    break;
                }
                if let Err(mismatch) = case(seed) {
                    failures.lock().unwrap_or_else(PoisonError::into_inner).push((seed, mismatch));
                }
            }
        };
        std::thread::scope(|scope| {
            (1..threads).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        let done = next.into_inner() - from;
        let mut failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        failures.sort_by_key(|(seed, _)| *seed);
        println!("faults: row {} from {from} cases {done} failures {}", self.number, failures.len());
        if let Some((seed, mismatch)) = failures.first() {
            panic!("{}", self.failed(*seed, mismatch));
        }
    }

    fn failed(&self, seed: u64, mismatch: &Mismatch) -> String {
        let test = self.test;
        format!(
            "case {seed}: {mismatch}\nreplay: TREERING_SEED={seed} cargo test -p treering-tests --test it {test}"
        )
    }
}

/// A variable of the environment, if it is set.
pub(super) fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(_) => panic!("{name} cannot be {text:?}"),
    }
}

/// One of several.
pub(super) fn pick<'a, T>(random: &mut SplitMix64, of: &'a [T]) -> &'a T {
    &of[draw(random, of.len())]
}

/// A number from 0 up to but not including `end`.
pub(super) fn draw(random: &mut SplitMix64, end: usize) -> usize {
    usize::try_from(random.below(u64::try_from(end).unwrap())).unwrap()
}
