//! The background threads: syncs, checkpoints, retention, each at its interval by the monotonic clock.

use std::time::Duration;

use crate::options::{Options, SyncPolicy};
use crate::store::Store;
use crate::sync::{Arc, Mutex, channel, lock, thread};

/// How often it is looked whether a degraded host is due to be tried again.
const HEAL_INTERVAL: Duration = Duration::from_secs(1);
/// How often retention runs, at least and at most.
const RETENTION_INTERVAL_MIN: Duration = Duration::from_secs(60);
const RETENTION_INTERVAL_MAX: Duration = Duration::from_secs(3600);

/// The threads that keep a store in order. Dropping it stops them and waits for them; the store stays open.
///
/// Syncing has a thread of its own: a checkpoint may take longer than the interval that was promised.
#[derive(Debug)]
pub struct Worker {
    stop: Option<channel::Sender<()>>,
    threads: Vec<thread::JoinHandle<()>>,
}

/// How a writer tells the worker, if there is one, that a log has grown beyond its limit.
#[derive(Debug, Default)]
pub(crate) struct Nudge(Mutex<Option<channel::Sender<()>>>);

/// What is due when, by the store's monotonic clock.
#[derive(Debug)]
struct Schedule {
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
    /// Starts the threads.
    ///
    /// # Errors
    /// If the system gives none.
    pub fn start(store: Arc<Store>) -> std::io::Result<Worker> {
        let (stop, stopped) = channel::bounded::<()>(0);
        let mut worker = Worker { stop: Some(stop), threads: Vec::new() };
        if let SyncPolicy::Interval(interval) = store.options().sync {
            let (store, stopped) = (Arc::clone(&store), stopped.clone());
            let mut every = Every::new(interval, store.monotonic());
            worker.spawn("treering-sync", move || {
                while pause(&stopped, every.left(store.monotonic())) {
                    if every.is_due(store.monotonic()) {
                        guarded(|| sync(&store));
                    }
                }
            })?;
        }
        let mut schedule = Schedule::new(store.options(), store.monotonic());
        // One is enough: whoever is told looks at all logs.
        let (nudge, nudged) = channel::bounded(1);
        store.nudge().set(Some(nudge));
        let told = Arc::clone(&store);
        let work = move || {
            loop {
                match wait(&stopped, &nudged, schedule.left(store.monotonic())) {
                    Wake::Due => guarded(|| schedule.run(&store)),
                    Wake::Nudged => guarded(|| store.checkpoint_full_logs()),
                    Wake::Stop => break,
                }
            }
            store.nudge().set(None);
        };
        worker.spawn("treering-worker", work).inspect_err(|_| told.nudge().set(None))?;
        Ok(worker)
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        self.threads.push(thread::Builder::new().name(name.to_owned()).spawn(work)?);
        Ok(())
    }
}

impl Nudge {
    fn set(&self, worker: Option<channel::Sender<()>>) {
        *lock(&self.0) = worker;
    }

    /// False if there is no worker.
    pub(crate) fn send(&self) -> bool {
        // One that waits to be heard says the same.
        lock(&self.0).as_ref().is_some_and(|worker| {
            !matches!(worker.try_send(()), Err(channel::TrySendError::Disconnected(())))
        })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop = None;
        for thread in self.threads.drain(..) {
            // What a thread had to say it has said.
            let _ = thread.join();
        }
    }
}

impl Schedule {
    fn new(options: &Options, now: Duration) -> Schedule {
        let some = |interval: Duration| (!interval.is_zero()).then(|| Every::new(interval, now));
        Schedule {
            checkpoint: some(options.checkpoint_interval),
            retention: options.retention.map(|retention| {
                Every::new((retention / 48).clamp(RETENTION_INTERVAL_MIN, RETENTION_INTERVAL_MAX), now)
            }),
            heal: Every::new(HEAL_INTERVAL, now),
        }
    }

    /// Time until something is due.
    fn left(&self, now: Duration) -> Duration {
        [self.checkpoint, self.retention, Some(self.heal)]
            .into_iter()
            .flatten()
            .map(|every| every.left(now))
            .fold(Duration::MAX, Duration::min)
    }

    fn run(&mut self, store: &Store) {
        let now = store.monotonic();
        if is_due(&mut self.checkpoint, now) {
            store.checkpoint_beside_writers();
        }
        if is_due(&mut self.retention, now) {
            store.apply_retention();
        }
        if self.heal.is_due(now) {
            store.heal_when_due();
        }
    }
}

fn sync(store: &Store) {
    if let Err(failure) = store.sync() {
        // That the host is degraded was told; this comes again and again until it is not.
        tracing::debug!(error = crate::error::chain(&failure), "a log could not be synced");
    }
}

/// Waits; false when it is time to stop.
fn pause(stopped: &channel::Receiver<()>, time: Duration) -> bool {
    matches!(stopped.recv_timeout(time), Err(channel::RecvTimeoutError::Timeout))
}

/// Why the worker wakes up.
enum Wake {
    Due,
    Nudged,
    Stop,
}

fn wait(stopped: &channel::Receiver<()>, nudged: &channel::Receiver<()>, time: Duration) -> Wake {
    channel::select! {
        recv(stopped) -> _ => Wake::Stop,
        recv(nudged) -> nudge => match nudge {
            Ok(()) => Wake::Nudged,
            // There is a newer worker to be told. This one goes on by the clock.
            Err(_) if pause(stopped, time) => Wake::Due,
            Err(_) => Wake::Stop,
        },
        default(time) => Wake::Due,
    }
}

/// A panic is a defect, but a store whose worker is gone would never be checkpointed again.
fn guarded(work: impl FnOnce()) {
    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err() {
        tracing::error!("the background worker panicked and goes on: please report this");
    }
}

fn is_due(every: &mut Option<Every>, now: Duration) -> bool {
    every.as_mut().is_some_and(|every| every.is_due(now))
}

impl Every {
    fn new(interval: Duration, now: Duration) -> Every {
        Every { interval, next: now.saturating_add(interval) }
    }

    fn left(&self, now: Duration) -> Duration {
        self.next.saturating_sub(now)
    }

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
        let mut every = Every::new(Duration::from_secs(10), Duration::ZERO);
        assert!(!every.is_due(Duration::from_secs(9)));
        assert!(every.is_due(Duration::from_secs(35)));
        assert!(!every.is_due(Duration::from_secs(40)));
        assert!(every.is_due(Duration::from_secs(45)));
    }

    #[test]
    fn the_worker_sleeps_until_the_first_thing_is_due() {
        let options = Options { checkpoint_interval: Duration::from_millis(700), ..Options::new("x") };
        let schedule = Schedule::new(&options, Duration::from_secs(7));
        assert_eq!(schedule.left(Duration::from_secs(7)), Duration::from_millis(700));
        assert_eq!(schedule.left(Duration::from_millis(7_500)), Duration::from_millis(200));
        assert_eq!(schedule.left(Duration::from_secs(8)), Duration::ZERO);
    }

    #[test]
    fn writer_that_a_worker_cannot_follow_takes_the_snapshot_itself() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { log_bytes_max: 2_000, sync: SyncPolicy::Never, ..Options::new(dir.path()) };
        let formats: Vec<Box<dyn treering_snapshot::Format>> = vec![Box::new(treering_format_bin::BinFormat)];
        let (store, _) = Store::open(Arc::new(crate::OsStorage::new()), options, formats).unwrap();
        // A worker that is told and does nothing.
        let (nudge, nudged) = channel::bounded(1);
        store.nudge().set(Some(nudge));
        let host = store.host("c", "h").unwrap();
        let series = store.resolve(&host, &[], "m").unwrap();
        let now_s = store.now_s();
        for k in 0..300 {
            let sample = treering_level::Sample { series, time_s: now_s - k, value: 1.0 };
            store.write(&host, &[sample]).unwrap();
            assert!(store.status().log_bytes <= 4_000, "{k}");
        }
        assert_eq!(nudged.len(), 1);
    }
}
