//! Hosts whose data are not as safe as they should be: why, and when it is tried again to make them so.

use std::time::Duration;

use super::HostDisk;
use crate::error::{IoFailure, chain};
use crate::sync::lock;

/// Tries follow each other at 1, 2, 4 … seconds, up to this.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// How a host fails, under a lock of its own.
#[derive(Debug, Default)]
pub(super) struct Degraded {
    /// Why, until a checkpoint heals it.
    why: Option<String>,
    /// How often something failed so far.
    failures: u64,
    /// The log did not take samples, or lost some.
    log_failed: bool,
    /// The newest failure that made samples of the log be in memory only, and which of all failures it was.
    lost: Option<(u64, IoFailure)>,
    /// Checkpoints that should have healed it and failed.
    tries: u32,
    /// When the next one may be tried, by the monotonic clock.
    next: Duration,
}

/// How long to wait after so many tries.
pub(super) fn pause(tries: u32) -> Duration {
    Duration::from_secs(1u64.checked_shl(tries.saturating_sub(1)).unwrap_or(u64::MAX)).min(PAUSE_MAX)
}

impl HostDisk {
    /// Why the host is degraded, if it is.
    pub(crate) fn degraded(&self) -> Option<String> {
        lock(&self.degraded).why.clone().or_else(|| self.unreadable.get().cloned())
    }

    /// Whether a checkpoint could make the host whole again.
    pub(crate) fn wants_healing(&self) -> bool {
        lock(&self.degraded).why.is_some()
    }

    /// Whether it is time to try.
    pub(crate) fn is_healing_due(&self, now: Duration) -> bool {
        let degraded = lock(&self.degraded);
        degraded.why.is_some() && now >= degraded.next
    }

    /// Whether samples that are written now would be in memory only.
    pub(crate) fn has_failed_log(&self) -> bool {
        lock(&self.degraded).log_failed
    }

    /// Why something that was written to the log is in memory only, until a checkpoint has it.
    pub(crate) fn lost(&self) -> Option<IoFailure> {
        lock(&self.degraded).lost.as_ref().map(|(_, failure)| failure.clone())
    }

    pub(crate) fn set_degraded(&self, why: String) {
        self.fail(&mut lock(&self.degraded), why);
    }

    /// The same, and what is written is in memory only.
    pub(crate) fn set_log_failed(&self, failure: &IoFailure) {
        let mut degraded = lock(&self.degraded);
        degraded.log_failed = true;
        self.fail(&mut degraded, chain(failure));
    }

    /// The same, and what was written and is not durable is in memory only, too.
    pub(super) fn set_lost(&self, failure: &IoFailure) {
        let mut degraded = lock(&self.degraded);
        degraded.log_failed = true;
        self.fail(&mut degraded, chain(failure));
        degraded.lost = Some((degraded.failures, failure.clone()));
    }

    /// What was found in the log at the start may be in memory only; what is written now is in the log.
    pub(crate) fn set_found_lost(&self, failure: &IoFailure) {
        let mut degraded = lock(&self.degraded);
        self.fail(&mut degraded, chain(failure));
        degraded.lost = Some((degraded.failures, failure.clone()));
    }

    /// Counted under the same lock as what is noted of it: a checkpoint heals all of a failure or nothing.
    fn fail(&self, degraded: &mut Degraded, why: String) {
        degraded.failures += 1;
        // A disk that stays full is told once, not with every batch.
        if degraded.why.as_ref() != Some(&why) {
            tracing::error!(cluster = %self.cluster, host = %self.host, why, "host degraded");
        }
        degraded.why = Some(why);
    }

    /// How often something failed so far.
    pub(crate) fn failures(&self) -> u64 {
        lock(&self.degraded).failures
    }

    /// What was in memory when `failures` were counted is in durable snapshots. What failed since is not made good.
    pub(crate) fn healed(&self, failures: u64) {
        let mut degraded = lock(&self.degraded);
        degraded.lost.take_if(|(failure, _)| *failure <= failures);
        if degraded.failures != failures {
            return;
        }
        if degraded.why.is_some() {
            tracing::info!(cluster = %self.cluster, host = %self.host, "host healed");
        }
        *degraded = Degraded { failures, ..Degraded::default() };
    }

    /// It was tried, and did not help.
    pub(crate) fn not_healed(&self, now: Duration) {
        let mut degraded = lock(&self.degraded);
        degraded.tries = degraded.tries.saturating_add(1);
        degraded.next = now.saturating_add(pause(degraded.tries));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::sync::Arc;

    #[test]
    fn tries_become_rarer_and_begin_anew_after_one_that_helped() {
        let disk = HostDisk::new(Path::new("x"), "c", "h", &Arc::default());
        let seconds = Duration::from_secs;
        assert!(!disk.is_healing_due(seconds(0)));
        disk.set_degraded("full".to_owned());
        assert!(disk.is_healing_due(seconds(0)));
        for (now, pause) in [(10, 1), (20, 2), (30, 4), (40, 8), (50, 16), (100, 32), (200, 60), (300, 60)] {
            disk.not_healed(seconds(now));
            assert!(!disk.is_healing_due(seconds(now + pause) - Duration::from_nanos(1)));
            assert!(disk.is_healing_due(seconds(now + pause)));
        }
        disk.healed(disk.failures());
        assert!(!disk.wants_healing());
        disk.set_degraded("full again".to_owned());
        assert!(disk.is_healing_due(seconds(0)));
    }

    fn failure(why: &str) -> IoFailure {
        IoFailure::new("sync", Path::new("x"), std::io::Error::other(why.to_owned()))
    }

    #[test]
    fn failure_during_the_checkpoint_that_should_heal_is_not_made_good_by_it() {
        let disk = HostDisk::new(Path::new("x"), "c", "h", &Arc::default());
        disk.set_log_failed(&failure("first"));
        let failures = disk.failures();
        disk.set_log_failed(&failure("second"));
        disk.healed(failures);
        assert!(disk.has_failed_log() && disk.wants_healing());
        disk.healed(disk.failures());
        assert!(!disk.has_failed_log() && disk.degraded().is_none());
        // Counted on: a slow checkpoint must not take the next failure for the one that it knows.
        assert_eq!(disk.failures(), 2);
    }

    #[test]
    fn loss_that_was_healed_is_not_told_of_when_an_append_fails_later() {
        let disk = HostDisk::new(Path::new("x"), "c", "h", &Arc::default());
        disk.set_lost(&failure("lost"));
        disk.set_log_failed(&failure("full"));
        assert_eq!(disk.lost().map(|lost| lost.source.to_string()).as_deref(), Some("lost"));
        disk.healed(disk.failures());
        disk.set_log_failed(&failure("full"));
        assert!(disk.has_failed_log() && disk.lost().is_none());
    }

    #[test]
    fn checkpoint_makes_good_the_losses_before_it_only() {
        let disk = HostDisk::new(Path::new("x"), "c", "h", &Arc::default());
        disk.set_lost(&failure("lost"));
        let failures = disk.failures();
        disk.set_log_failed(&failure("full"));
        disk.healed(failures);
        assert!(disk.has_failed_log() && disk.lost().is_none());
        disk.set_lost(&failure("lost again"));
        disk.healed(failures);
        assert!(disk.lost().is_some());
    }
}
