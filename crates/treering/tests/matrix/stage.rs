//! The runs in which each system call is met: short ones that do the same every time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::book::Book;
use crate::life::{Ended, Event, Load, Moment, live, program};
use crate::plan::Lines;
use crate::random::SplitMix64;
use crate::store::{copy, held, in_memory, write_config};
use crate::strace::{Fault, Point, Scope, points, struck, traced};

/// With more, the calls are shared out among threads as chance has it, and no case could be run again.
const WORKERS: u32 = 1;
/// Time for the last acknowledgement, if there is to be one. A kill that comes too early tries less, and fails nothing.
const LEFT_ALONE: Duration = Duration::from_millis(30);

/// A run: what it finds, and what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An empty directory; a checkpoint behind each write, by the thread that takes in the lines.
    Checkpoints,
    /// An empty directory, and no checkpoint but the last.
    Stop,
    /// What a death between checkpoints left.
    AfterDeath,
}

#[derive(Debug)]
pub(crate) struct Stage {
    kind: Kind,
    policy: &'static str,
    log_bytes_max: u64,
    batches: Vec<String>,
    /// What the store holds before, and the lines.
    book: Book,
    /// Files that lie there before.
    before: TempDir,
}

/// How a run ends if nothing else ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Cleanly, with a last checkpoint, which makes good what went wrong before.
    Stop,
    /// By a kill, soon after all was sent: what was acknowledged by then lies on the disk or is lost.
    Kill,
}

/// A directory for one run.
#[derive(Debug)]
pub(crate) struct Place {
    at: TempDir,
    pub(crate) dir: PathBuf,
    pub(crate) config: PathBuf,
    pub(crate) book: Book,
}

impl Stage {
    /// All of them.
    pub(crate) fn all() -> Vec<Stage> {
        [(Kind::Checkpoints, "always"), (Kind::Stop, "interval"), (Kind::AfterDeath, "never")]
            .into_iter()
            .map(|(kind, policy)| Stage::new(kind, policy))
            .collect()
    }

    fn new(kind: Kind, policy: &'static str) -> Stage {
        let (before, mut book) = (in_memory(), Book::default());
        let (mut random, mut lines) = (SplitMix64::new(7), Lines::of_hosts(2));
        // With a limit of one byte every write is followed by a checkpoint, by whoever wrote.
        let log_bytes_max = u64::from(kind == Kind::Checkpoints);
        let mut batches = |count: usize, book: &mut Book| {
            (0..count).map(|_| (0..12).map(|_| lines.next(&mut random, book)).collect()).collect()
        };
        if kind == Kind::AfterDeath {
            for log_bytes_max in [1, 0] {
                let load = Load { batches: batches(2, &mut book), window: 0, ends: false };
                die(before.path(), log_bytes_max, &load, &mut book);
            }
        }
        let batches = batches(3, &mut book);
        Stage { kind, policy, log_bytes_max, batches, book, before }
    }

    /// The calls of a run without a fault.
    pub(crate) fn points(&self, scope: Scope) -> Vec<Point> {
        let place = self.place();
        let ended = self.run_as(&place, |program| traced(program, scope, &place.dir, &place.log(), None));
        ended.is_clean(self.load().lines()).unwrap();
        points(scope, &place.log())
    }

    /// A run with a fault, and where it struck, if it did.
    pub(crate) fn run(&self, place: &Place, point: Point, fault: Fault, end: End) -> (Ended, Option<String>) {
        let mut load = self.load();
        load.ends = end == End::Stop;
        let moment = Moment { after: Event::Sent(count(&load.batches)), then: LEFT_ALONE };
        let mut command =
            traced(&self.program(place), point.scope, &place.dir, &place.log(), Some((point, fault)));
        let ended = live(&mut command, &load, (end == End::Kill).then_some(moment));
        (ended, struck(&place.log(), fault))
    }

    /// A run with the program started by something else.
    pub(crate) fn run_as(&self, place: &Place, starter: impl FnOnce(&Command) -> Command) -> Ended {
        live(&mut starter(&self.program(place)), &self.load(), None)
    }

    fn program(&self, place: &Place) -> Command {
        let arguments = ["--sync", self.policy, "--checkpoint-interval", "0"];
        program(&place.dir, &place.config, &arguments)
    }

    pub(crate) fn place(&self) -> Place {
        let at = in_memory();
        let dir = at.path().join("store");
        copy(&self.before.path().join("store"), &dir);
        Place {
            dir,
            config: write_config(at.path(), self.log_bytes_max, WORKERS),
            book: self.book.clone(),
            at,
        }
    }

    /// A batch goes out when the one before is acknowledged: each is read and written at once.
    fn load(&self) -> Load {
        Load { batches: self.batches.clone(), window: 0, ends: true }
    }

    pub(crate) fn lines(&self) -> u64 {
        self.load().lines()
    }

    pub(crate) fn name(&self) -> String {
        format!("{:?}, --sync {}", self.kind, self.policy)
    }
}

impl Place {
    /// A path that is not in the store.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.at.path().join(name)
    }

    fn log(&self) -> PathBuf {
        self.beside("strace.log")
    }
}

/// A life that is killed when all its lines are acknowledged.
fn die(at: &Path, log_bytes_max: u64, load: &Load, book: &mut Book) {
    let dir = at.join("store");
    let config = write_config(at, log_bytes_max, WORKERS);
    let moment = Moment { after: Event::Acked(load.lines()), then: Duration::ZERO };
    let arguments = ["--sync", "never", "--checkpoint-interval", "0"];
    let ended = live(&mut program(&dir, &config, &arguments), load, Some(moment));
    assert!(ended.was_killed(), "{ended:?}");
    book.look(held(&dir).unwrap(), ended.acked, ended.begun).unwrap();
}

fn count(batches: &[String]) -> u64 {
    u64::try_from(batches.len()).unwrap()
}
