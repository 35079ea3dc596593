//! Times of something and of its floor, taken in turns.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Result;

/// What several rounds took, ascending.
#[derive(Debug, Clone)]
pub struct Spread(Vec<Duration>);

/// A measured thing and the floor below it.
#[derive(Debug, Clone)]
pub struct Pair {
    /// What is asked about.
    pub subject: Spread,
    /// What the same bytes cost anyway.
    pub floor: Spread,
}

impl Spread {
    /// Of rounds in any order; there is at least one.
    #[must_use]
    pub fn new(mut rounds: Vec<Duration>) -> Self {
        rounds.sort_unstable();
        Self(rounds)
    }

    /// The middle one.
    #[must_use]
    pub fn median(&self) -> Duration {
        self.quantile(0.5)
    }

    /// The fastest one.
    #[must_use]
    pub fn best(&self) -> Duration {
        self.quantile(0.0)
    }

    /// The slowest one.
    #[must_use]
    pub fn worst(&self) -> Duration {
        self.quantile(1.0)
    }

    /// The one below which this part of all lie.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Duration {
        let last = self.0.len().saturating_sub(1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
        let place = (last as f64 * part).round() as usize;
        self.0.get(place).copied().unwrap_or_default()
    }
}

/// Floor and subject in turns, so that what else the machine does meets both. The first round warms up and does not
/// count. Each is told to do its work once, and returns how long the part took that counts.
///
/// # Errors
/// Whatever one of them fails with.
pub fn in_turns(
    rounds: usize,
    mut floor: impl FnMut() -> Result<Duration>,
    mut subject: impl FnMut() -> Result<Duration>,
) -> Result<Pair> {
    let (mut floors, mut subjects) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let times = (floor()?, subject()?);
        if round > 0 {
            floors.push(times.0);
            subjects.push(times.1);
        }
    }
    Ok(Pair { subject: Spread::new(subjects), floor: Spread::new(floors) })
}

/// How long it takes.
///
/// # Errors
/// What it fails with.
pub fn timed(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed())
}

/// `count` pieces of work, shared among threads as the store's workers share hosts; each thread has a state of its own.
///
/// # Errors
/// The first failure.
pub fn on_workers<S>(
    states: &mut [S],
    count: usize,
    work: impl Fn(&mut S, usize) -> Result<()> + Sync,
) -> Result<()>
where
    S: Send,
{
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for state in states {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    if let Err(error) = work(state, index) {
                        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                        failed.get_or_insert(error);
                        break;
                    }
                }
            });
        }
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        let spread = Spread::new([5, 1, 9, 2, 7].map(Duration::from_millis).to_vec());
        assert_eq!(spread.median(), Duration::from_millis(5));
        assert_eq!((spread.best(), spread.worst()), (Duration::from_millis(1), Duration::from_millis(9)));
    }

    #[test]
    fn work_on_threads_is_done_once_each_and_its_failure_is_told() {
        let seen = Mutex::new(Vec::new());
        on_workers(&mut [0, 0], 100, |done, index| {
            *done += 1;
            seen.lock().unwrap().push(index);
            Ok(())
        })
        .unwrap();
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..100));
        assert!(
            on_workers(&mut [()], 3, |(), index| if index == 1 { Err("no".into()) } else { Ok(()) }).is_err()
        );
    }
}
