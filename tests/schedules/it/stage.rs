//! A store on its disk with its book: how it starts, how its life ends, and what the next one must find.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use treering_level::{Aggregation, Metric};
use treering_persist::{FindingKind, Options, Store, SyncPolicy};
use treering_tests::{Faults, Mismatch, PowerCut, Safety, SimDisk, SplitMix64, formats, held};

use crate::book::Book;
use crate::disk::SteppedDisk;
use crate::plan::{Batch, Share, Size, plan};

const ROOT: &str = "/store";
/// Operations of the disk among which it may die: about as many as the threads of a case do.
const DEATH_WITHIN: u64 = 80;

/// What the threads of a case share.
pub(crate) struct Stage {
    pub(crate) disk: SimDisk,
    pub(crate) store: Store,
    pub(crate) book: Book,
    options: Options,
    /// Whether something other than a death goes wrong on the disk, and whether it ever did.
    has_faults: bool,
    had_faults: bool,
    /// A clean stop said that nothing went wrong.
    pub(crate) was_closed: AtomicBool,
    wrong: Mutex<Vec<String>>,
}

/// Options of all stores here: one interval, one thread for checkpoints.
pub(crate) fn options(sync: SyncPolicy) -> Options {
    let metric = Metric { interval_s: 60, aggregation: Aggregation::Sum };
    let metrics = ["load", "mem"].map(|name| (name.to_owned(), metric)).to_vec();
    Options { metrics, sync, retention: None, workers: 1, ..Options::new(ROOT) }
}

/// Any policy with a log.
pub(crate) fn any_policy(random: &mut SplitMix64) -> SyncPolicy {
    let interval = SyncPolicy::Interval(Duration::from_secs(1));
    [SyncPolicy::Always, interval, SyncPolicy::Never][crate::plan::draw(random, 3)]
}

impl Stage {
    /// An empty store on an empty disk.
    pub(crate) fn new(options: Options) -> Result<Stage, Mismatch> {
        Stage::start(SimDisk::new(), options, Book::default())
    }

    fn start(disk: SimDisk, options: Options, book: Book) -> Result<Stage, Mismatch> {
        let storage = Arc::new(SteppedDisk::new(disk.clone()));
        let (store, report) =
            Store::open(storage, options.clone(), formats(options.sync)).map_err(|error| {
                Mismatch::new(format!("start: {error}: {:?}", std::error::Error::source(&error)))
            })?;
        // A death leaves half records at most: snapshots get their names when they are whole.
        let expected = |kind| matches!(kind, FindingKind::TornTail | FindingKind::CorruptLog);
        match report.findings.iter().find(|finding| !expected(finding.kind)) {
            Some(finding) => Err(Mismatch::new(format!("start: {finding}"))),
            None => Ok(Stage {
                disk,
                store,
                book,
                options,
                has_faults: false,
                had_faults: false,
                was_closed: AtomicBool::new(false),
                wrong: Mutex::default(),
            }),
        }
    }

    /// What writers will write.
    pub(crate) fn plans(&self, random: &mut SplitMix64, writers: u64, size: Size) -> Vec<Vec<Batch>> {
        let now_s = self.store.now_s();
        // The last share is that of the history.
        let share = |writer| Share { writer, writers: writers + 1 };
        (0..writers).map(|writer| plan(random, now_s, share(writer), size)).collect()
    }

    /// Half of the stores have a past: samples, snapshots of some of them, and a log.
    pub(crate) fn history(&self, random: &mut SplitMix64, writers: u64, size: Size) {
        if random.below(2) == 0 {
            return;
        }
        let share = Share { writer: writers, writers: writers + 1 };
        for batch in plan(random, self.store.now_s(), share, size) {
            self.write(&batch);
            if random.below(2) == 0 {
                self.checkpoint();
            }
        }
    }

    /// Half of the processes will die on the way, in front of some operation of the disk.
    pub(crate) fn may_die(&self, random: &mut SplitMix64) {
        if random.below(2) == 0 {
            self.disk.stop_before(self.disk.operations() + random.below(DEATH_WITHIN));
        }
    }

    /// Things will go wrong on the disk.
    pub(crate) fn inject(&mut self, faults: Faults) {
        self.disk.set_faults(faults);
        (self.has_faults, self.had_faults) = (true, true);
    }

    /// Nothing goes wrong any more; false if the process is dead.
    pub(crate) fn is_sound_again(&mut self) -> bool {
        self.disk.set_faults(Faults::none());
        self.disk.stop_before(u64::MAX);
        self.has_faults = false;
        !self.disk.died()
    }

    /// Whether an operation may fail that must not fail on a sound disk.
    pub(crate) fn may_fail(&self) -> bool {
        self.disk.died() || self.has_faults
    }

    /// Something is not as it must be.
    pub(crate) fn complain(&self, what: impl Into<String>) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    /// Ends the life, by a death of the process or a power cut, and starts the next one: nothing is lost that was promised,
    /// nothing is altered. Some go on for another life.
    pub(crate) fn end(self, random: &mut SplitMix64) -> Result<(), Mismatch> {
        let wrong = std::mem::take(&mut *self.wrong.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(what) = wrong.first() {
            return Err(Mismatch::new(what.clone()));
        }
        let kept_from_s = self.kept_from_s();
        let now = self.book.moment();
        self.book
            .check(&held(&self.store), Safety::Accepted, now, kept_from_s)
            .map_err(|mismatch| mismatch.at("in memory"))?;
        let next = self.next(random, kept_from_s)?;
        if random.below(2) == 0 {
            return Ok(());
        }
        next.second_life(random)
    }

    fn next(self, random: &mut SplitMix64, kept_from_s: i64) -> Result<Stage, Mismatch> {
        let (disk, survived, end) = match random.below(3) {
            // What a failed sync has dropped no next process on the same machine can know of.
            0 if !self.had_faults => (self.disk.crash(), Safety::Written, "a crash"),
            1 => (self.disk.power_cut(PowerCut::Nothing), Safety::Durable, "a power cut that spared nothing"),
            _ => {
                let cut = PowerCut::Random(random.next_u64());
                (self.disk.power_cut(cut), Safety::Durable, "a power cut")
            }
        };
        if self.was_closed.load(Ordering::Relaxed) {
            // Also what was answered later: nobody was in the middle of a write.
            self.book.promote(self.book.moment(), Safety::Accepted);
        }
        let Stage { store, book, options, .. } = self;
        drop(store);
        let next = Stage::start(disk, options, book).map_err(|mismatch| mismatch.at(end))?;
        let held = held(&next.store);
        let now = next.book.moment();
        next.book.check(&held, survived, now, kept_from_s).map_err(|mismatch| mismatch.at(end))?;
        next.book.adopt(&held);
        Ok(next)
    }

    /// What the life before has left on the disk is good to go on with.
    fn second_life(self, random: &mut SplitMix64) -> Result<(), Mismatch> {
        let size = Size { hosts: 1, batches: 2, samples_max: 2 };
        let kept_from_s = self.kept_from_s();
        let plans = self.plans(random, 1, size);
        self.write(&plans[0][0]);
        self.close();
        self.write(&plans[0][1]);
        if let Some(what) = self.wrong.lock().unwrap_or_else(PoisonError::into_inner).first() {
            return Err(Mismatch::new(what.clone()).at("in the second life"));
        }
        self.next(random, kept_from_s).map(|_| ()).map_err(|mismatch| mismatch.at("after the second life"))
    }

    /// What is older may be gone.
    fn kept_from_s(&self) -> i64 {
        let retention_s = |retention: Duration| i64::try_from(retention.as_secs()).unwrap();
        self.options.retention.map_or(i64::MIN, |retention| self.store.now_s() - retention_s(retention))
    }
}
