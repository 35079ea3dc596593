//! What time it is for retention: never later than the data say, and never moved by a clock that jumped.

use std::time::Duration;

use crate::planted::planted;
use crate::sync::{AtomicI64, Mutex, Ordering, lock};

/// A wall clock that moves against the monotonic one by more than this has jumped.
const JUMP_S: i64 = 3600;
/// How long retention rests after a jump, so that somebody can see it before anything is removed.
const PAUSE: Duration = Duration::from_secs(3600);

/// The earlier of the wall clock and the newest sample that brought its own time.
///
/// Samples that were given the time of their arrival say nothing about the clock. While there are no others, the
/// newest recovered sample moves on with the monotonic clock, which cannot jump.
#[derive(Debug)]
pub(crate) struct RetentionClock {
    opened: Moment,
    recovered_newest_s: AtomicI64,
    own_newest_s: AtomicI64,
    seen: Mutex<Seen>,
}

/// Both clocks, read at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) wall_s: i64,
    pub(crate) monotonic: Duration,
}

#[derive(Debug)]
struct Seen {
    /// Wall clock minus monotonic clock, as it was when last believed.
    offset_s: i64,
    paused_until: Option<Duration>,
}

const NEVER: i64 = i64::MIN;

impl RetentionClock {
    pub(crate) fn new(opened: Moment) -> RetentionClock {
        RetentionClock {
            opened,
            recovered_newest_s: AtomicI64::new(NEVER),
            own_newest_s: AtomicI64::new(NEVER),
            seen: Mutex::new(Seen { offset_s: opened.offset_s(), paused_until: None }),
        }
    }

    /// The time of a sample that recovery found.
    pub(crate) fn recovered(&self, newest_s: i64) {
        self.recovered_newest_s.fetch_max(newest_s, Ordering::Relaxed);
    }

    /// The time of a sample whose sender gave it, no later than the limit for future samples.
    pub(crate) fn own_time(&self, newest_s: i64) {
        self.own_newest_s.fetch_max(newest_s, Ordering::Relaxed);
    }

    /// The time from which retention counts back.
    pub(crate) fn reference_s(&self, now: Moment) -> i64 {
        let own_s = self.own_newest_s.load(Ordering::Relaxed);
        let recovered_s = self.recovered_newest_s.load(Ordering::Relaxed);
        let newest_s = if own_s != NEVER {
            own_s.max(recovered_s)
        } else {
            let elapsed = now.monotonic.saturating_sub(self.opened.monotonic);
            let elapsed_s = i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX);
            let begin_s = if recovered_s == NEVER { self.opened.wall_s } else { recovered_s };
            begin_s.saturating_add(elapsed_s)
        };
        if planted("retention-believes-the-clock") { now.wall_s } else { newest_s.min(now.wall_s) }
    }

    /// Whether retention rests because the wall clock jumped.
    pub(crate) fn is_paused(&self, now: Moment) -> bool {
        let mut seen = lock(&self.seen);
        let jump_s = now.offset_s().saturating_sub(seen.offset_s);
        if jump_s.unsigned_abs() > JUMP_S.unsigned_abs() {
            tracing::warn!(jump_s, "the wall clock jumped: nothing is removed for an hour");
            seen.offset_s = now.offset_s();
            seen.paused_until = Some(now.monotonic + PAUSE);
        }
        if seen.paused_until.is_some_and(|until| now.monotonic >= until) {
            seen.paused_until = None;
        }
        seen.paused_until.is_some()
    }
}

impl Moment {
    fn offset_s(self) -> i64 {
        self.wall_s.saturating_sub(i64::try_from(self.monotonic.as_secs()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: i64 = 1_700_000_000;
    const YEAR: i64 = 365 * 86_400;

    fn at(wall_s: i64, monotonic_s: u64) -> Moment {
        Moment { wall_s, monotonic: Duration::from_secs(monotonic_s) }
    }

    #[test]
    fn a_sample_that_brings_an_old_time_holds_the_clock_back() {
        let clock = RetentionClock::new(at(T, 0));
        clock.own_time(T - YEAR);
        assert_eq!(clock.reference_s(at(T, 0)), T - YEAR);
        clock.own_time(T - 5);
        assert_eq!(clock.reference_s(at(T, 0)), T - 5);
    }

    #[test]
    fn a_wall_clock_behind_the_samples_counts() {
        let clock = RetentionClock::new(at(T, 0));
        clock.own_time(T + 500);
        assert_eq!(clock.reference_s(at(T, 0)), T);
    }

    #[test]
    fn a_start_with_a_clock_a_year_ahead_counts_from_what_was_recovered() {
        let clock = RetentionClock::new(at(T + YEAR, 0));
        clock.recovered(T);
        assert_eq!(clock.reference_s(at(T + YEAR + 60, 60)), T + 60);
    }

    #[test]
    fn a_jump_pauses_for_an_hour_either_way() {
        for jump in [YEAR, -YEAR] {
            let clock = RetentionClock::new(at(T, 0));
            assert!(!clock.is_paused(at(T + 1000, 1000)));
            assert!(clock.is_paused(at(T + jump, 2000)));
            assert!(clock.is_paused(at(T + jump + 3599, 5599)));
            assert!(!clock.is_paused(at(T + jump + 3600, 5600)));
        }
    }

    #[test]
    fn drift_is_no_jump() {
        let clock = RetentionClock::new(at(T, 0));
        assert!(!clock.is_paused(at(T + 5000, 2000)));
    }
}
