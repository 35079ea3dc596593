//! Two clocks that move only when told.

use std::time::Duration;

const NS_PER_S: i128 = 1_000_000_000;
const FIRST_WALL_S: i64 = 1_700_000_000;

/// The wall clock and the monotonic clock of one life.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    wall_ns: i128,
    monotonic: Duration,
}

impl Clock {
    pub(super) fn new() -> Clock {
        Clock { wall_ns: i128::from(FIRST_WALL_S) * NS_PER_S, monotonic: Duration::ZERO }
    }

    /// The clocks that the next process sees: its monotonic one begins anew.
    pub(super) fn next_life(&self) -> Clock {
        Clock { wall_ns: self.wall_ns, monotonic: Duration::ZERO }
    }

    pub(super) fn wall_s(&self) -> i64 {
        let wall_s = self.wall_ns.div_euclid(NS_PER_S);
        i64::try_from(wall_s).unwrap_or(if wall_s < 0 { i64::MIN } else { i64::MAX })
    }

    pub(super) fn monotonic(&self) -> Duration {
        self.monotonic
    }

    pub(super) fn set_wall_s(&mut self, wall_s: i64) {
        self.wall_ns = i128::from(wall_s) * NS_PER_S;
    }

    pub(super) fn advance(&mut self, time: Duration) {
        self.monotonic = self.monotonic.saturating_add(time);
        let time_ns = i128::from(time.as_secs()) * NS_PER_S + i128::from(time.subsec_nanos());
        self.wall_ns = self.wall_ns.saturating_add(time_ns);
    }

    pub(super) fn jump_wall_s(&mut self, by_s: i64) {
        self.wall_ns = self.wall_ns.saturating_add(i128::from(by_s) * NS_PER_S);
    }
}
