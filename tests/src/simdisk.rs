//! The simulated disk: one life of a process on it, and the ways in which that life ends.

mod change;
mod clock;
mod contents;
mod cut_text;
mod fault;
mod file;
mod image;
mod power;
mod random;
mod storage;
mod write_back;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use contents::Found;
pub use cut_text::UnknownCut;
pub use fault::{Died, Errno, Fault, Faults, Operation, Rule, Short};
pub use power::PowerCut;
pub use random::SplitMix64;

use clock::Clock;
use fault::Effect;
use image::{Image, InodeId};

/// A disk, and the process that works on it.
///
/// A clone is the same disk. [`SimDisk::fork`] copies it; [`SimDisk::crash`] and [`SimDisk::power_cut`] end
/// the life of the process and give the disk that the next one finds. From then on every operation of the old
/// life, through whatever file it still holds, fails with [`Died`] and changes nothing, so that any number of
/// next lives can be taken from the same moment.
///
/// # What the medium is assumed to do
/// - Syncing a file makes its content and length durable, not its name. Syncing a directory makes its entries
///   durable, not what the named files hold, and not the directory's own entry. Syncing the file system makes
///   all durable.
/// - What is unsynced is a list of operations, one for each call that changed something. Each reaches the
///   medium or does not, whatever happens to the others: order between them comes from syncs only.
/// - A rename inside one directory is atomic: both names are as before, or both as after. It is as
///   independent of other unsynced operations as any other, also of those on the same names: a name that was
///   given away and used again before the directory was synced may be there in its new use although the file
///   that it belonged to never got its new name. A rename between directories is atomic as long as neither
///   was synced; then each directory's half is on its own, so that syncing the source first can lose the
///   file.
/// - An append sets the file's length, and writes the sectors (512 bytes) that it touched, as they were in
///   memory at that time. What lies between the old end and the first sector that arrived is zeros. A sector
///   is never torn, and bytes that are durable stay so when more is appended behind them.
/// - The length may arrive without the data ([`PowerCut::Zeroed`]), and an append may arrive in part, cut at
///   sectors or at pages of 4 KiB ([`PowerCut::Torn`], [`PowerCut::Random`]).
/// - After a failed sync ([`Fault::SyncDrops`]) the memory still shows what the medium never got, and the
///   next sync says that all is well. Each other descriptor that was open is told once.
#[derive(Clone)]
pub struct SimDisk {
    shared: Arc<Shared>,
}

/// What the handles of one life share.
struct Shared {
    state: Mutex<State>,
}

struct State {
    image: Image,
    clock: Clock,
    faults: Faults,
    operations: u64,
    stop_at: Option<u64>,
    dead: bool,
    trace: Vec<String>,
    locks: BTreeSet<InodeId>,
    bytes_max: Option<u64>,
    inodes_max: Option<u64>,
    fills_at: Option<(u64, Full)>,
    /// When the wall clock is set, in ascending order.
    clock_set_at: Vec<(u64, i64)>,
}

/// What there is no more of on a full disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Full {
    /// Room: files may grow by so many bytes more.
    Bytes(u64),
    /// Inodes: so many files and directories more may be made.
    Inodes(u64),
}

impl SimDisk {
    /// An empty disk: only the root directory `/`, and no process has been there. The wall clock says
    /// 1,700,000,000.
    #[must_use]
    pub fn new() -> SimDisk {
        SimDisk::with(State::new(Image::new(), Clock::new()))
    }

    /// Another disk in the same state, with a process of its own that has no open files, locks, faults and
    /// trace. Limits stay. This one lives on.
    #[must_use]
    pub fn fork(&self) -> SimDisk {
        let state = self.state();
        state.next_life(state.image.clone())
    }

    /// The process dies, the machine does not: what was written stays visible, and stays unsynced.
    #[must_use]
    pub fn crash(&self) -> SimDisk {
        self.state().dead = true;
        self.fork()
    }

    /// The machine dies: gives a disk that holds what was durable and, of the rest, what `choice` lets
    /// through.
    #[must_use]
    pub fn power_cut(&self, choice: PowerCut) -> SimDisk {
        let mut state = self.state();
        state.dead = true;
        state.next_life(state.image.after_power_cut(choice))
    }

    /// Every power cut that takes no seed: nothing, everything, no data, each unsynced operation alone, and
    /// all but it.
    #[must_use]
    pub fn power_cuts(&self) -> Vec<PowerCut> {
        let each = (0..self.unsynced()).flat_map(|k| [PowerCut::Only(k), PowerCut::AllBut(k)]);
        [PowerCut::Nothing, PowerCut::Everything, PowerCut::Zeroed].into_iter().chain(each).collect()
    }

    /// How many operations are not durable: the numbers that [`PowerCut::Only`] and [`PowerCut::AllBut`] take
    /// are below.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        self.state().image.changes.len()
    }

    /// The operations that are not durable, oldest first, as text.
    #[must_use]
    pub fn unsynced_operations(&self) -> Vec<String> {
        let state = self.state();
        state.image.changes.iter().map(|change| state.image.describe(change)).collect()
    }

    /// How many operations the process has begun in this life; the next one has this number.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Whether data were lost of which no sync of the whole file system has told yet; the next one will, whoever asks.
    #[must_use]
    pub fn owes_an_error(&self) -> bool {
        self.state().image.loss_unreported
    }

    /// The process will die before its operation number `k`, counted from 0, has done anything.
    pub fn stop_before(&self, k: u64) {
        self.state().stop_at = Some(k);
    }

    /// Whether this life has ended: [`SimDisk::stop_before`] struck, or it crashed, or the power was cut.
    #[must_use]
    pub fn died(&self) -> bool {
        self.state().dead
    }

    /// Replaces the plan of what goes wrong.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Limits the bytes of all files; an append takes what fits and then fails with `ENOSPC`. `None`: no
    /// limit.
    pub fn limit_bytes(&self, bytes_max: Option<u64>) {
        let mut state = self.state();
        (state.bytes_max, state.fills_at) = (bytes_max, None);
    }

    /// Limits the number of files and directories, the root included; what would make one more fails with
    /// `ENOSPC`.
    pub fn limit_inodes(&self, inodes_max: Option<u64>) {
        let mut state = self.state();
        (state.inodes_max, state.fills_at) = (inodes_max, None);
    }

    /// The disk is full from operation number `k` on, counted from 0: the limit is what there is then, and what `full`
    /// adds. Another limit, set before or after that, takes its place.
    pub fn fill_before(&self, k: u64, full: Full) {
        self.state().fills_at = Some((k, full));
    }

    /// The kernel tried to write a file back by itself and failed: what was unsynced of its content never
    /// reaches the medium, memory still shows it, and the next sync of each open descriptor and of the file
    /// system says so, once.
    ///
    /// Nothing happens if there is no such file, or nothing of it is unsynced.
    pub fn fail_write_back(&self, path: impl AsRef<Path>) {
        let mut state = self.state();
        if let Ok(file) = state.image.resolve(path.as_ref())
            && state.image.changes.iter().any(|change| change.file() == Some(file))
        {
            state.image.drop_file(file);
        }
    }

    /// Sets the wall clock, in Unix seconds.
    pub fn set_wall_s(&self, wall_s: i64) {
        self.state().clock.set_wall_s(wall_s);
    }

    /// Sets the wall clock before operation number `k`, counted from 0. May be said of several, in their order.
    pub fn set_wall_before(&self, k: u64, wall_s: i64) {
        self.state().clock_set_at.push((k, wall_s));
    }

    /// What [`SimDisk::set_wall_before`] was told and has not happened yet does not happen.
    pub fn forget_clocks(&self) {
        self.state().clock_set_at.clear();
    }

    /// Time goes by, on both clocks.
    pub fn advance(&self, time: Duration) {
        self.state().clock.advance(time);
    }

    /// The wall clock is set forward or back, while no time goes by.
    pub fn jump_wall_s(&self, by_s: i64) {
        self.state().clock.jump_wall_s(by_s);
    }

    /// What the process did since the last call, one line per operation, oldest first.
    ///
    /// A line is the name of the method, the path from the root of the disk, and what belongs to it: `append
    /// /a/b 60`, `append /a/b 60, took 7`, `rename /a/b -> /a/c`, `sync /a/c: EIO`. An open file has the path
    /// that its last rename gave it.
    #[must_use]
    pub fn take_trace(&self) -> Vec<String> {
        std::mem::take(&mut self.state().trace)
    }

    fn with(state: State) -> SimDisk {
        SimDisk { shared: Arc::new(Shared { state: Mutex::new(state) }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }
}

impl Default for SimDisk {
    fn default() -> Self {
        SimDisk::new()
    }
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimDisk")
            .field("tree", &self.tree())
            .field("unsynced", &self.unsynced_operations())
            .finish()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does one operation of the process: counts it, asks the plan of faults, and writes the trace.
    fn operate<T>(
        &self,
        operation: Operation,
        what: impl FnOnce(&State) -> String,
        run: impl FnOnce(&mut State, Effect, &mut String) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.state();
        if state.stop_at.is_some_and(|at| state.operations >= at) {
            state.dead = true;
        }
        if state.dead {
            return Err(Died::error());
        }
        state.fill_if_due();
        state.set_clock_if_due();
        state.operations += 1;
        let mut what = what(&state);
        let result = match state.faults.consult(operation, &what) {
            Some(Fault::Error(errno)) => Err(errno.error()),
            Some(Fault::Short(short)) => run(&mut state, Effect::Short(short), &mut what),
            Some(Fault::SyncDrops) => run(&mut state, Effect::SyncDrops, &mut what),
            Some(Fault::WriteBackFails) => {
                state.image.drop_content();
                run(&mut state, Effect::None, &mut what)
            }
            None => run(&mut state, Effect::None, &mut what),
        };
        state.trace.push(match &result {
            Ok(_) => format!("{operation} {what}"),
            Err(error) => format!("{operation} {what}: {}", fault::name(error)),
        });
        result
    }
}

impl State {
    fn new(image: Image, clock: Clock) -> State {
        State {
            image,
            clock,
            faults: Faults::none(),
            operations: 0,
            stop_at: None,
            dead: false,
            trace: Vec::new(),
            locks: BTreeSet::new(),
            bytes_max: None,
            inodes_max: None,
            fills_at: None,
            clock_set_at: Vec::new(),
        }
    }

    fn fill_if_due(&mut self) {
        let Some((_, full)) = self.fills_at.take_if(|(k, _)| *k <= self.operations) else { return };
        match full {
            Full::Bytes(more) => self.bytes_max = Some(self.image.live_bytes().saturating_add(more)),
            Full::Inodes(more) => self.inodes_max = Some(self.image.live_inodes().saturating_add(more)),
        }
    }

    fn set_clock_if_due(&mut self) {
        let due = self.clock_set_at.iter().take_while(|(k, _)| *k <= self.operations).count();
        if let Some((_, wall_s)) = self.clock_set_at.drain(..due).next_back() {
            self.clock.set_wall_s(wall_s);
        }
    }

    /// What the next process finds on the same machine.
    fn next_life(&self, image: Image) -> SimDisk {
        let (bytes_max, inodes_max) = (self.bytes_max, self.inodes_max);
        SimDisk::with(State { bytes_max, inodes_max, ..State::new(image, self.clock.next_life()) })
    }

    /// How many more bytes the disk takes.
    fn bytes_left(&self) -> u64 {
        self.bytes_max.map_or(u64::MAX, |max| max.saturating_sub(self.image.live_bytes()))
    }

    /// Whether there is an inode for a new name. One that is taken is another error, on a full disk, too.
    fn check_room_for(&self, path: &Path) -> io::Result<()> {
        match self.inodes_max {
            Some(max) if self.image.live_inodes() >= max && self.image.resolve(path).is_err() => {
                Err(Errno::Enospc.error())
            }
            _ => Ok(()),
        }
    }
}
