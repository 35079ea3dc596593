//! Which times a store takes, and what retention may remove: the documented rule, once more.

use std::ops::RangeInclusive;
use std::time::Duration;

use treering_persist::Options;

use crate::disk::Disk;

/// A wall clock that moves against the monotonic one by more than this has jumped.
const JUMP_S: i64 = 3600;
/// How long retention rests then.
const PAUSE: Duration = Duration::from_secs(3600);

/// What one life knows of time.
#[derive(Debug, Clone)]
pub(super) struct TimeRule {
    future_s: i64,
    retention_s: Option<i64>,
    opened: Moment,
    /// The newest time of a sample that was found, and of one that was sent in this life.
    found_newest_s: Option<i64>,
    own_newest_s: Option<i64>,
    /// Wall clock minus monotonic clock, when retention last looked.
    offset_s: i64,
    paused_until: Option<Duration>,
}

/// Both clocks at once.
#[derive(Debug, Clone, Copy)]
struct Moment {
    wall_s: i64,
    monotonic: Duration,
}

impl TimeRule {
    /// The rule of a life that was opened at the moment of `opened`.
    pub(super) fn new(options: &Options, opened: (i64, Duration), found_newest_s: Option<i64>) -> TimeRule {
        let opened = Moment { wall_s: opened.0, monotonic: opened.1 };
        TimeRule {
            future_s: seconds(options.future_limit),
            retention_s: options.retention.map(seconds),
            opened,
            found_newest_s,
            own_newest_s: None,
            offset_s: opened.offset_s(),
            paused_until: None,
        }
    }

    /// A batch with these times arrives: which of them are taken.
    pub(super) fn taken(&mut self, disk: &dyn Disk, times: &[i64]) -> RangeInclusive<i64> {
        let now = Moment::of(disk);
        let newest_s = now.wall_s.saturating_add(self.future_s);
        let own_s = times.iter().copied().filter(|time_s| *time_s <= newest_s).max();
        self.own_newest_s = self.own_newest_s.max(own_s);
        self.limit_s(now).unwrap_or(i64::MIN)..=newest_s
    }

    /// Retention runs: before which time it may remove what there is; `None` if it has to leave everything.
    pub(super) fn expired_before_s(&mut self, disk: &dyn Disk) -> Option<i64> {
        let now = Moment::of(disk);
        let jumped_s = now.offset_s().saturating_sub(self.offset_s);
        if jumped_s.unsigned_abs() > JUMP_S.unsigned_abs() {
            self.offset_s = now.offset_s();
            self.paused_until = Some(now.monotonic + PAUSE);
        }
        self.paused_until = self.paused_until.filter(|until| now.monotonic < *until);
        if self.is_paused() { None } else { self.limit_s(now) }
    }

    /// Whether retention rested when it last ran.
    pub(super) fn is_paused(&self) -> bool {
        self.paused_until.is_some()
    }

    fn limit_s(&self, now: Moment) -> Option<i64> {
        let newest_s = match self.own_newest_s {
            Some(own_s) => own_s.max(self.found_newest_s.unwrap_or(own_s)),
            None => {
                let since_s = seconds(now.monotonic.saturating_sub(self.opened.monotonic));
                self.found_newest_s.unwrap_or(self.opened.wall_s).saturating_add(since_s)
            }
        };
        Some(newest_s.min(now.wall_s).saturating_sub(self.retention_s?))
    }
}

impl Moment {
    fn of(disk: &dyn Disk) -> Moment {
        Moment { wall_s: disk.wall_s(), monotonic: disk.monotonic() }
    }

    fn offset_s(self) -> i64 {
        self.wall_s.saturating_sub(seconds(self.monotonic))
    }
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}
