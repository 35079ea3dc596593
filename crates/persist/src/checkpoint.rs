//! Writing what is dirty and dropping the log that it covers, for a batch of hosts at a time.
//!
//! The order is what makes it safe; each line ends when it is durable for all hosts of the batch:
//!
//! ```text
//! begin the next generation: the rest of the records into the old segment
//! current.wal -> sealed.<g>.wal
//! freeze what is dirty: older snapshots that take up late samples, and the new ones, as *.tmp
//! the older ones renamed over the old content
//! *.tmp -> <stem>.<format>; from here on the segments are covered
//! remove covered segments and unfinished files, set damaged files aside
//! ```
//!
//! A host that fails drops out of the batch: what was frozen is dirty again, its log is still there.

mod encode;
mod finish;
mod host;
mod late;
mod plan;

use std::path::Path;

use treering_level::Host;
use treering_snapshot::Format;

use crate::barrier::{Shared, Target, sync_all};
use crate::dirs::Dirs;
use crate::error::{CheckpointError, IoFailure};
use crate::journal::HostJournal;
use crate::options::Options;
use crate::planted::planted;
use crate::read::readable_bytes_max;
use crate::report::{CheckpointReport, FailedHost};
use crate::storage::Storage;
use crate::sync::{Arc, AtomicUsize, Mutex, Ordering, lock, on_threads};

use host::HostRun;

/// Hosts that go through the steps together and share the syncs. Their writers wait for the log while their segments
/// are sealed, so it is not more.
const BATCH_HOSTS: usize = 64;

/// What checkpoints work with.
pub(crate) struct Environment {
    pub(crate) storage: Arc<dyn Storage>,
    /// The first one is written; all are read.
    pub(crate) formats: Vec<Box<dyn Format>>,
    pub(crate) options: Options,
    /// Whether one sync of the file system stands for those of all files.
    pub(crate) one_sync_counts: Mutex<bool>,
    pub(crate) dirs: Arc<Dirs>,
}

impl Environment {
    pub(crate) fn shared(&self) -> Shared<'_> {
        Shared { storage: &*self.storage, root: &self.options.root, one_sync_counts: &self.one_sync_counts }
    }

    /// What no start would read is not written in the place of a log.
    fn check_len(&self, format: &dyn Format, path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
        let max = readable_bytes_max(format, self.options.file_bytes_max);
        let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if found <= max {
            Ok(())
        } else {
            Err(CheckpointError::TooLong { path: path.to_owned(), found, max })
        }
    }
}

/// Checkpoints hosts, on so many threads.
pub(crate) fn checkpoint(
    env: &Environment,
    hosts: &[Arc<Host<HostJournal>>],
    threads: usize,
) -> CheckpointReport {
    let started = env.storage.monotonic();
    let batch_hosts = hosts.len().div_ceil(threads).clamp(1, BATCH_HOSTS);
    let batches: Vec<_> = hosts.chunks(batch_hosts).collect();
    let next = AtomicUsize::new(0);
    let total = Mutex::new(CheckpointReport::default());
    let work = || {
        let mut buffer = Vec::new();
        while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            let report = checkpoint_batch(env, batch, &mut buffer);
            lock(&total).add(report);
        }
    };
    on_threads(threads.min(batches.len()), &work);
    let mut report = total.into_inner().unwrap_or_else(crate::sync::PoisonError::into_inner);
    report.elapsed = env.storage.monotonic().saturating_sub(started);
    report
}

fn checkpoint_batch(
    env: &Environment,
    hosts: &[Arc<Host<HostJournal>>],
    buffer: &mut Vec<u8>,
) -> CheckpointReport {
    let disks: Vec<_> = hosts.iter().map(|host| Arc::clone(&host.lock().journal().disk)).collect();
    let mut runs: Vec<HostRun<'_>> =
        hosts.iter().zip(&disks).filter_map(|(host, disk)| HostRun::begin(host, disk)).collect();

    each(env, &mut runs, |run| run.end_generation(env));
    sync_segments(env, &mut runs);
    each(env, &mut runs, |run| run.rename_segment(env));
    sync_dirs(env, &mut runs);
    each(env, &mut runs, HostRun::release_log);

    if planted("set-aside-before-covered") {
        each(env, &mut runs, |run| run.clean_up(env));
    }
    each(env, &mut runs, |run| run.write(env, buffer));
    sync_files(env, &mut runs);
    each(env, &mut runs, |run| run.rename_late(env));
    sync_dirs(env, &mut runs);
    if planted("unlink-before-rename") {
        each(env, &mut runs, HostRun::committed);
        each(env, &mut runs, |run| run.clean_up(env));
    }
    each(env, &mut runs, |run| run.rename_but_last(env));
    sync_dirs(env, &mut runs);
    each(env, &mut runs, |run| run.rename_last(env));
    sync_dirs(env, &mut runs);
    each(env, &mut runs, HostRun::committed);

    each(env, &mut runs, |run| run.clean_up(env));
    sync_dirs(env, &mut runs);

    let mut report = CheckpointReport::default();
    let again: Vec<_> = runs.into_iter().filter_map(|run| run.finish(env, &mut report)).collect();
    if !again.is_empty() {
        // Their damaged files are set aside, so nothing holds them back any more.
        report.add(checkpoint_batch(env, &again, buffer));
    }
    report
}

fn each<'a>(
    env: &Environment,
    runs: &mut [HostRun<'a>],
    mut step: impl FnMut(&mut HostRun<'a>) -> Result<(), CheckpointError>,
) {
    for run in runs.iter_mut().filter(|run| !run.has_failed()) {
        if let Err(error) = step(run) {
            run.fail(env, error);
        }
    }
}

/// A segment whose sync fails is given up, but sealed all the same: memory has all of it, and the snapshot will.
fn sync_segments(env: &Environment, runs: &mut [HostRun<'_>]) {
    let open: Vec<_> = runs
        .iter_mut()
        .enumerate()
        .filter(|(_, run)| !run.has_failed())
        .filter_map(|(index, run)| Some((index, run.open_segment()?)))
        .collect();
    let targets: Vec<_> = open.iter().map(|(_, (_, file))| Target::File(&**file)).collect();
    let results = sync_all(env.shared(), &targets);
    for ((index, (generation, _)), result) in open.iter().zip(results) {
        if let Err(error) = result {
            runs[*index].segment_sync_failed(*generation, error);
        }
    }
}

fn sync_files(env: &Environment, runs: &mut [HostRun<'_>]) {
    let files: Vec<_> = runs
        .iter_mut()
        .enumerate()
        .filter(|(_, run)| !run.has_failed())
        .flat_map(|(index, run)| run.take_unsynced().into_iter().map(move |file| (index, file)))
        .collect();
    let targets: Vec<_> = files.iter().map(|(_, (_, file))| Target::File(&**file)).collect();
    let results = sync_all(env.shared(), &targets);
    for ((index, (path, _)), result) in files.iter().zip(results) {
        if let Err(error) = result {
            runs[*index].fail(env, IoFailure::new("sync", path, error).into());
        }
    }
}

fn sync_dirs(env: &Environment, runs: &mut [HostRun<'_>]) {
    let dirs: Vec<_> = runs
        .iter_mut()
        .enumerate()
        .filter(|(_, run)| !run.has_failed())
        .flat_map(|(index, run)| run.take_changed_dirs().into_iter().map(move |dir| (index, dir)))
        .collect();
    let targets: Vec<_> = dirs.iter().map(|(_, dir)| Target::Dir(dir)).collect();
    // Writers sync the directory of a new segment. Of a sync that fails both have to learn.
    let mut rights: Vec<_> = dirs.iter().map(|(index, dir)| runs[*index].begin_dir_sync(dir)).collect();
    let results = sync_all(env.shared(), &targets);
    let judge = |(((index, _), right), result): ((&(usize, _), &mut Option<_>), _)| match right {
        Some(right) => runs[*index].judge_dir_sync(right, result),
        None => result,
    };
    let results: Vec<_> = dirs.iter().zip(&mut rights).zip(results).map(judge).collect();
    drop(rights);
    for ((index, dir), result) in dirs.iter().zip(results) {
        match result {
            Ok(()) => runs[*index].dir_synced(),
            Err(error) => runs[*index].dir_sync_failed(env, IoFailure::new("sync", dir, error)),
        }
    }
}

impl CheckpointReport {
    fn add(&mut self, other: CheckpointReport) {
        self.hosts_written += other.hosts_written;
        self.files_written += other.files_written;
        self.slots += other.slots;
        self.bytes += other.bytes;
        self.segments_dropped += other.segments_dropped;
        self.quarantined.extend(other.quarantined);
        self.loss += other.loss;
        self.failed.extend(other.failed);
    }

    fn add_failure(&mut self, cluster: &str, host: &str, error: CheckpointError) {
        self.failed.push(FailedHost { cluster: cluster.to_owned(), host: host.to_owned(), error });
    }
}
