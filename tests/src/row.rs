//! The cases of a row of the fault matrix by number: which to run, and what to say of those that fail.
//!
//! `TREERING_SEED` asks for one case, `TREERING_COUNT` for so many (`ci`: as many as CI runs), `TREERING_FROM` says with
//! which to begin, and `TREERING_SECONDS` when to stop. A row whose cases can be listed has them under the first numbers;
//! those behind them are the same again, with something drawn added where there is something to draw.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "a row is a test: it fails by a panic, and says what it ran"
)]

use std::env;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A row of the matrix, or the part of it that one test runs.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its number.
    pub number: u32,
    /// What runs one case again when `TREERING_SEED` is set before it.
    pub replay: &'a str,
    /// Cases in every run of the tests, spread over those of CI.
    pub usual: u64,
    /// Cases in a run of the matrix by CI.
    pub ci: u64,
}

/// What was asked for.
struct Wanted {
    from: u64,
    count: u64,
    /// Case `k` is number `k * spread`.
    spread: u64,
    threads: usize,
    deadline: Option<Instant>,
}

impl<'a> Row<'a> {
    /// A row that runs the same cases everywhere.
    #[must_use]
    pub fn new(number: u32, replay: &'a str, cases: u64) -> Row<'a> {
        Row { number, replay, usual: cases, ci: cases }
    }

    /// Runs the cases that the environment asks for, or the usual ones. Each tries one thing.
    ///
    /// # Panics
    /// With the first case that fails, and how to run it again.
    pub fn run<E: Display + Send>(&self, case: impl Fn(u64) -> Result<(), E> + Sync) {
        self.run_counting(|seed| case(seed).map(|()| 1));
    }

    /// The same with cases that say how many things they tried.
    ///
    /// # Panics
    /// With the first case that fails, and how to run it again.
    pub fn run_counting<E: Display + Send>(&self, case: impl Fn(u64) -> Result<u64, E> + Sync) {
        if let Some(seed) = variable("TREERING_SEED") {
            let tried = case(seed).unwrap_or_else(|error| panic!("{}", self.failed(seed, &error)));
            return self.report(seed, 1, tried, 0);
        }
        let wanted = self.wanted();
        let tried = AtomicU64::new(0);
        let next = AtomicU64::new(0);
        let failures: Mutex<Vec<(u64, E)>> = Mutex::default();
        let work = || {
            while wanted.deadline.is_none_or(|deadline| Instant::now() < deadline)
                && failures.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
            {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= wanted.count {
                    next.fetch_sub(1, Ordering::Relaxed);
                    break;
                }
                let seed = wanted.from + number * wanted.spread;
                match case(seed) {
                    Ok(things) => drop(tried.fetch_add(things, Ordering::Relaxed)),
                    Err(error) => failures.lock().unwrap_or_else(PoisonError::into_inner).push((seed, error)),
                }
            }
        };
        std::thread::scope(|scope| {
            (1..wanted.threads).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        let mut failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        failures.sort_by_key(|(seed, _)| *seed);
        self.report(wanted.from, next.into_inner(), tried.into_inner(), failures.len());
        if let Some((seed, error)) = failures.first() {
            panic!("{}", self.failed(*seed, error));
        }
    }

    /// Says what was run, in the words that `cargo xtask faults` reads.
    pub fn report(&self, from: u64, cases: u64, tried: u64, failures: usize) {
        println!("faults: row {} from {from} cases {cases} tried {tried} failures {failures}", self.number);
    }

    fn wanted(&self) -> Wanted {
        let from = variable("TREERING_FROM").unwrap_or(0);
        let seconds: Option<u64> = variable("TREERING_SECONDS");
        let count = match env::var("TREERING_COUNT").ok() {
            Some(text) if text == "ci" => Some(self.ci),
            Some(_) => variable("TREERING_COUNT"),
            None => seconds.map(|_| u64::MAX),
        };
        // In a run of all tests the others take the other cores.
        let (count, spread, threads) = match count {
            Some(count) => (count, 1, std::thread::available_parallelism().map_or(1, usize::from)),
            None => (self.usual, (self.ci / self.usual.max(1)).max(1), 1),
        };
        let deadline = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        Wanted { from, count, spread, threads, deadline }
    }

    fn failed(&self, seed: u64, error: &dyn Display) -> String {
        format!("case {seed}: {error}\nreplay: TREERING_SEED={seed} {}", self.replay)
    }
}

/// The place in a list of `len` of case number `seed`: each once, and neighbours far apart, so that whoever tries a few has
/// something of everything.
#[must_use]
pub fn scattered(seed: u64, len: u64) -> u64 {
    /// A prime that is no divisor of any such length.
    const STRIDE: u64 = 1_000_003;
    (seed % len.max(1)) * (STRIDE % len.max(1)) % len.max(1)
}

/// A variable of the environment, if it is set.
///
/// # Panics
/// If it is not what was asked for.
#[must_use]
pub fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(_) => panic!("{name} cannot be {text:?}"),
    }
}
