//! What a writer notices of a checkpoint, of queries and of retention.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use treering_buffer::CHUNK_SLOTS;
use treering_level::{Bounds, Query, Ring, SERIES_AT_ONCE, Sample, Selector};
use treering_persist::{Store, SyncPolicy};

use crate::Result;
use crate::context::{Context, Resolved, Written, files_below, whole};
use crate::floors;
use crate::measure::Spread;
use crate::report::{Line, Target};
use crate::storage::Without;
use crate::thread_times::{ThreadTimes, Times};
use crate::workload::{CLUSTER, INTERVAL_S, SERIES};

/// A million samples a second, in batches of one host.
const BATCH_EVERY: Duration = Duration::from_micros(460);
/// How long the writer writes in each run: ten batches are beyond the 99.9th percentile.
const BATCHES: usize = 10_000;

/// From this row of a chunk on the newest one of each series has all the room that it will need. With fewer than forty hosts a
/// run is longer than what is left of the chunk, in each kind of run alike.
const QUIET_ROW: usize = CHUNK_SLOTS / 2 + 4;
/// One run of each kind for so many hosts, so that a quick look stays one, and no more than this.
const HOSTS_A_RUN: usize = 33;
const RUNS_MAX: usize = 3;

/// As much as a checkpoint of the standard size writes for each host.
const HOST_FILE_BYTES: usize = 1_340_000;

const US: f64 = 1e6;

pub(super) fn run(context: &Context) -> Result<Vec<Line>> {
    let dir = context.empty_dir("stall")?;
    // The log is part of it, as far as it is memory.
    let store = context.open(&dir, SyncPolicy::Never, Written::Bin, Without::Logs)?;
    context.fill(&store)?;
    let resolved = context.resolve(&store)?;
    let row = context.fritz.samples();
    let mut writer = Writer { context, store: &store, resolved: &resolved, row, sealing: Vec::new() };
    let floor_dir = context.empty_dir("stall-files")?;
    let contents = vec![vec![1_u8; HOST_FILE_BYTES]; context.fritz.hosts()];
    let [mut alone, mut files, mut checkpoints, mut queries] = [const { Runs(Vec::new()) }; 4];
    // In turns, so that what else the machine does meets all of them.
    for _ in 0..(context.fritz.hosts() / HOSTS_A_RUN).clamp(1, RUNS_MAX) {
        alone.0.push(writer.beside(|_| Ok(()))?);
        files.0.push(writer.beside(|stop| write_files(&floor_dir, &contents, stop))?);
        checkpoints.0.push(writer.beside(|stop| write_checkpoints(&store, &dir, stop))?);
        queries.0.push(writer.beside(|stop| ask_queries(context, &store, stop))?);
    }
    drop(contents);
    let mut lines = vec![
        Line::of_value("stall-alone-p50", "us", alone.memory_us(0.5), Target::None),
        Line::of_value("stall-alone-worst", "us", alone.worst_us(), Target::None),
    ];
    for (what, beside) in [("stall", &checkpoints), ("stall-query", &queries)] {
        let extra = |part| beside.memory_us(part) - alone.memory_us(part);
        let mut add = |name, value, target| {
            lines.push(Line::of_value(&format!("{what}-{name}"), "us", value, target));
        };
        add("p50", extra(0.5), Target::AtMost(0.5));
        add("p99.9", extra(0.999), Target::AtMost(50.0));
        add("worst", beside.worst_us(), Target::AtMost(2000.0));
        let (took, times) = beside.worst();
        add("worst-ran", us(times.ran), Target::None);
        add("worst-core", us(times.waited), Target::None);
        add("worst-blocked", us(took.saturating_sub(times.ran + times.waited)), Target::None);
        add("whole-p99.9", beside.whole_us(0.999), Target::None);
    }
    // What no store can help: one that takes no lock, and writes the same to the same disk.
    for (name, part) in [("stall-files-p50", 0.5), ("stall-files-p99.9", 0.999)] {
        let extra = files.memory_us(part) - alone.memory_us(part);
        lines.push(Line::of_value(name, "us", extra, Target::None));
    }
    lines.push(Line::of_value("stall-files-worst", "us", files.worst_us(), Target::None));
    let sealing = Spread::new(std::mem::take(&mut writer.sealing));
    lines.push(Line::of_value("stall-seal-p50", "us", us(sealing.median()), Target::None));
    let limit = Target::AtMost(250.0);
    let rounds: Vec<Spread> = (0..context.rounds).map(|_| freezes(&store)).collect();
    let longest = Spread::new(rounds.iter().map(Spread::worst).collect());
    let medians = Spread::new(rounds.iter().map(Spread::median).collect());
    lines.push(Line::of_value("stall-freeze-p50", "us", us(medians.median()), Target::None));
    lines.push(Line::of_value("stall-freeze", "us", us(longest.median()), limit));
    lines.push(Line::of_value("stall-freeze-worst", "us", us(longest.worst()), Target::None));
    lines.push(Line::of_value("stall-retention", "us", us(longest_free(context, &store)), limit));
    let pauses = Spread::new((0..context.rounds).map(|_| floors::pause::longest()).collect());
    lines.push(Line::of_value("stall-pause", "us", us(pauses.median()), Target::None));
    lines.push(Line::of_value("stall-pause-worst", "us", us(pauses.worst()), Target::None));
    Ok(lines)
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * US
}

/// How long the batches of a run took.
struct Stalls {
    /// Until they were in memory and in the log's buffer.
    memory: Spread,
    /// Until they were acknowledged: then they are written.
    whole: Spread,
    /// The longest until it was in memory, and what its time went to.
    worst: (Duration, Times),
}

/// Several runs of a kind.
struct Runs(Vec<Stalls>);

impl Runs {
    /// The median of what the runs have below which this part of their batches were in memory.
    fn memory_us(&self, part: f64) -> f64 {
        us(Spread::new(self.0.iter().map(|run| run.memory.quantile(part)).collect()).median())
    }

    /// The same until they were acknowledged.
    fn whole_us(&self, part: f64) -> f64 {
        us(Spread::new(self.0.iter().map(|run| run.whole.quantile(part)).collect()).median())
    }

    /// The longest batch of all.
    fn worst(&self) -> (Duration, Times) {
        self.0.iter().map(|run| run.worst).max_by_key(|(took, _)| *took).unwrap_or_default()
    }

    fn worst_us(&self) -> f64 {
        us(self.worst().0)
    }
}

/// Sends a batch of the next host, one after the other, each when it is due.
struct Writer<'a> {
    context: &'a Context,
    store: &'a Store,
    resolved: &'a [Resolved],
    row: usize,
    /// How long batches took in which each series got another chunk.
    sealing: Vec<Duration>,
}

impl Writer<'_> {
    /// Brings all hosts to where the newest chunk of no series grows or is sealed during a run, and memory to what it held
    /// at the start: runs differ only by what is beside them.
    fn prepare(&mut self) -> Result<()> {
        let mut batch = Vec::with_capacity(SERIES);
        while self.row % CHUNK_SLOTS != QUIET_ROW {
            for (host, resolved) in self.resolved.iter().enumerate() {
                self.fill(host, &mut batch);
                let begun = Instant::now();
                self.store.write(&resolved.host, &batch)?;
                if self.row.is_multiple_of(CHUNK_SLOTS) {
                    self.sealing.push(begun.elapsed());
                }
            }
            self.row += 1;
        }
        let oldest = self.context.fritz.time_s(self.row.saturating_sub(self.context.fritz.samples()));
        for host in self.store.tree().hosts() {
            host.lock().free_before(oldest);
        }
        Ok(())
    }

    /// The batch of a host for the row that is due; rows repeat behind the last one, at other times.
    fn fill(&self, host: usize, batch: &mut Vec<Sample>) {
        let row = self.row % self.context.fritz.samples();
        self.context.batch(host, row, &self.resolved[host].series, batch);
        let time_s = self.context.fritz.time_s(self.row);
        batch.iter_mut().for_each(|sample| sample.time_s = time_s);
    }

    /// How long each batch took beside something else, which goes on until it is told to stop.
    fn beside(&mut self, other: impl Fn(&AtomicBool) -> Result<()> + Sync) -> Result<Stalls> {
        self.prepare()?;
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let beside = scope.spawn(|| other(&stop));
            let times = self.write();
            stop.store(true, Ordering::Relaxed);
            beside.join().map_err(|_| "what ran beside the writer has panicked")??;
            times
        })
    }

    fn write(&mut self) -> Result<Stalls> {
        let mut batch = Vec::with_capacity(SERIES);
        let hosts = self.store.tree().hosts();
        let (mut memory, mut whole) = (Vec::with_capacity(BATCHES), Vec::with_capacity(BATCHES));
        let times = ThreadTimes::of_this_thread()?;
        let mut worst = (Duration::ZERO, Times::default());
        let mut due = Instant::now();
        'rows: loop {
            for (host, resolved) in self.resolved.iter().enumerate() {
                if memory.len() == BATCHES {
                    break 'rows;
                }
                self.fill(host, &mut batch);
                due += BATCH_EVERY;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                // The first sample's write takes along to the log what is in its buffer.
                let (first, rest) = batch.split_at(1);
                let before = times.now()?;
                let started = Instant::now();
                let mut stored = hosts[host].lock().write(rest, Bounds::NONE).stored;
                let took = started.elapsed();
                if took > worst.0 {
                    worst = (took, times.now()?.since(before));
                }
                memory.push(took);
                stored += self.store.write(&resolved.host, first)?.stored;
                whole.push(started.elapsed());
                if usize::try_from(stored)? != batch.len() {
                    return Err(format!("{stored} of {} samples were stored", batch.len()).into());
                }
            }
            self.row += 1;
        }
        self.row += 1;
        Ok(Stalls { memory: Spread::new(memory), whole: Spread::new(whole), worst })
    }
}

/// Checkpoints of all that the store holds, again and again.
fn write_checkpoints(store: &Store, dir: &Path, stop: &AtomicBool) -> Result<()> {
    while !stop.load(Ordering::Relaxed) {
        for host in store.tree().hosts() {
            let series: Vec<_> = host.lock().series().map(|series| series.index()).collect();
            for index in series {
                // One lock for each: making dirty is not what is asked about.
                host.lock().mark_dirty(index, i64::MIN, i64::MAX);
            }
        }
        whole(&store.checkpoint_beside_writers())?;
        for (path, _) in files_below(dir)? {
            if path.extension().is_some_and(|end| end == "bin") {
                fs::remove_file(path)?;
            }
        }
    }
    Ok(())
}

/// Files as a checkpoint writes them, again and again, on one thread and under no lock.
fn write_files(dir: &Path, contents: &[Vec<u8>], stop: &AtomicBool) -> Result<()> {
    while !stop.load(Ordering::Relaxed) {
        floors::files::run(dir, contents, 1, true)?;
    }
    Ok(())
}

/// The mean of all cores of each host over all times, again and again.
fn ask_queries(context: &Context, store: &Store, stop: &AtomicBool) -> Result<()> {
    let from_s = context.fritz.time_s(0);
    let to_s = from_s + i64::try_from(context.fritz.samples())? * INTERVAL_S;
    for host in (0..context.fritz.hosts()).cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let query = Query {
            path: [CLUSTER, &context.fritz.host(host)].map(Selector::from).to_vec(),
            metric: "core_metric_1".to_owned(),
            from_s,
            to_s,
        };
        let answer = store.read(&query)?;
        if answer.values.is_empty() {
            return Err("a query has found nothing".into());
        }
    }
    Ok(())
}

/// How long each host's lock is held, each time, while all that it has is frozen as a checkpoint does it.
fn freezes(store: &Store) -> Spread {
    let mut times = Vec::new();
    for host in store.tree().hosts() {
        let series: Vec<_> = host.lock().series().map(|series| series.index()).collect();
        for index in series {
            host.lock().mark_dirty(index, i64::MIN, i64::MAX);
        }
        let (dirty, took) = held(|| host.lock().dirty_series());
        times.push(took);
        let mut frozen = Vec::with_capacity(dirty.len());
        for series in dirty.chunks(SERIES_AT_ONCE) {
            let reach = |_, ring: &Ring| ring.span().unwrap_or_default();
            times.push(held(|| host.lock().freeze(series, reach, &mut frozen)).1);
        }
        host.lock().give_back(&frozen);
    }
    Spread::new(times)
}

/// What takes a lock, and how long it has it.
fn held<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let result = work();
    (result, begun.elapsed())
}

/// The longest that a host's lock is held while the older half of all that it has is freed as retention does it.
fn longest_free(context: &Context, store: &Store) -> Duration {
    let limit_s = context.fritz.time_s(context.fritz.samples() / 2);
    let mut longest = Duration::ZERO;
    for host in store.tree().hosts() {
        let series = host.lock().series_count();
        for first in (0..series).step_by(SERIES_AT_ONCE) {
            let some = first..first + SERIES_AT_ONCE;
            longest = longest.max(held(|| host.lock().free_chunks_before(limit_s, some)).1);
        }
        longest = longest.max(held(|| host.lock().free_before(limit_s)).1);
    }
    longest
}
