//! The background thread: syncs, checkpoints, retention, each at its interval by the monotonic clock.

use std::time::Duration;

use crate::options::{Options, SyncPolicy};
use crate::store::Store;
use crate::sync::{Arc, channel, thread};

/// How long the worker sleeps at most between looking whether something is due.
const TICK_MAX: Duration = Duration::from_secs(1);
/// How often a degraded host is tried again.
const HEAL_INTERVAL: Duration = Duration::from_secs(10);
/// How often retention runs, at least and at most.
const RETENTION_INTERVAL_MIN: Duration = Duration::from_secs(60);
const RETENTION_INTERVAL_MAX: Duration = Duration::from_secs(3600);

/// The thread that keeps a store in order. Dropping it stops the thread and waits for it; the store stays open.
#[derive(Debug)]
pub struct Worker {
    stop: Option<channel::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What is due when, by the store's monotonic clock.
#[derive(Debug)]
struct Schedule {
    sync: Option<Every>,
    checkpoint: Option<Every>,
    retention: Option<Every>,
    heal: Every,
}

#[derive(Debug, Clone, Copy)]
struct Every {
    interval: Duration,
    next: Duration,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(store: Arc<Store>) -> std::io::Result<Worker> {
        let (stop, stopped) = channel::bounded::<()>(0);
        let mut schedule = Schedule::new(store.options(), store.monotonic());
        let tick = schedule.tick();
        let thread = thread::Builder::new().name("treering-worker".to_owned()).spawn(move || {
            while let Err(channel::RecvTimeoutError::Timeout) = stopped.recv_timeout(tick) {
                schedule.run(&store);
            }
        })?;
        Ok(Worker { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the worker has been printed by its thread; there is nothing to add.
            let _ = thread.join();
        }
    }
}

impl Schedule {
    fn new(options: &Options, now: Duration) -> Schedule {
        let every = |interval: Duration| Every { interval, next: now.saturating_add(interval) };
        let some = |interval: Duration| (!interval.is_zero()).then(|| every(interval));
        Schedule {
            sync: match options.sync {
                SyncPolicy::Interval(interval) => Some(every(interval)),
                SyncPolicy::Always | SyncPolicy::Never => None,
            },
            checkpoint: some(options.checkpoint_interval),
            retention: options.retention.map(|retention| {
                every((retention / 48).clamp(RETENTION_INTERVAL_MIN, RETENTION_INTERVAL_MAX))
            }),
            heal: every(HEAL_INTERVAL),
        }
    }

    /// Short enough for the shortest interval.
    fn tick(&self) -> Duration {
        [self.sync, self.checkpoint]
            .into_iter()
            .flatten()
            .map(|every| every.interval)
            .fold(TICK_MAX, Duration::min)
            .max(Duration::from_millis(1))
    }

    fn run(&mut self, store: &Store) {
        let now = store.monotonic();
        if is_due(&mut self.sync, now)
            && let Err(failure) = store.sync()
        {
            tracing::error!(error = crate::error::chain(&failure), "a log could not be synced");
        }
        if is_due(&mut self.checkpoint, now) {
            store.checkpoint();
        }
        if is_due(&mut self.retention, now) {
            store.apply_retention();
        }
        if self.heal.is_due(now) {
            store.heal();
        }
    }
}

fn is_due(every: &mut Option<Every>, now: Duration) -> bool {
    every.as_mut().is_some_and(|every| every.is_due(now))
}

impl Every {
    fn is_due(&mut self, now: Duration) -> bool {
        let due = now >= self.next;
        if due {
            self.next = now.saturating_add(self.interval);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_of_zero_means_no_checkpoint() {
        let options = Options { checkpoint_interval: Duration::ZERO, ..Options::new("x") };
        assert!(Schedule::new(&options, Duration::ZERO).checkpoint.is_none());
    }

    #[test]
    fn a_late_turn_is_not_made_up_for() {
        let mut every = Every { interval: Duration::from_secs(10), next: Duration::from_secs(10) };
        assert!(!every.is_due(Duration::from_secs(9)));
        assert!(every.is_due(Duration::from_secs(35)));
        assert!(!every.is_due(Duration::from_secs(40)));
        assert!(every.is_due(Duration::from_secs(45)));
    }

    #[test]
    fn the_tick_follows_the_shortest_interval() {
        let sync = SyncPolicy::Interval(Duration::from_millis(50));
        let options = Options { sync, ..Options::new("x") };
        assert_eq!(Schedule::new(&options, Duration::ZERO).tick(), Duration::from_millis(50));
    }
}
