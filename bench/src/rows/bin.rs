//! The binary snapshots: a checkpoint of the whole store, and opening it again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use treering_persist::{Store, SyncPolicy};

use crate::Result;
use crate::context::{Context, Written, files_below, whole};
use crate::floors::{files, read};
use crate::measure::{in_turns, timed};
use crate::report::{Line, State};
use crate::storage::Without;

pub(super) fn write(context: &Context) -> Result<Vec<Line>> {
    let mut writer = Rewriter::new(context, "bin-write", Written::Bin, Without::Syncs)?;
    let contents = contents(&writer.checkpoint_and_keep()?)?;
    let floor_dir = context.empty_dir("floor")?;
    let floor = || files::run(&floor_dir, &contents, context.workers, false);
    let pair = in_turns(context.rounds, floor, || writer.checkpoint())?;
    let (samples, bytes) = (context.fritz.count(), len(&contents));
    Ok(vec![Line::of_pair("bin-write", &pair, files::FLOOR, 0.8, samples, bytes)])
}

pub(super) fn durable(context: &Context) -> Result<Vec<Line>> {
    let mut writer = Rewriter::new(context, "bin-durable", Written::Bin, Without::Nothing)?;
    let contents = contents(&writer.checkpoint_and_keep()?)?;
    let floor_dir = context.empty_dir("floor")?;
    let floor = || files::run(&floor_dir, &contents, context.workers, true);
    let pair = in_turns(context.rounds, floor, || writer.checkpoint())?;
    let (samples, bytes) = (context.fritz.count(), len(&contents));
    Ok(vec![Line::of_pair("bin-durable", &pair, files::DURABLE, 0.8, samples, bytes)])
}

pub(super) fn load(context: &Context) -> Result<Vec<Line>> {
    let dir = context.checkpointed_dir("bin-load", Written::Bin)?;
    let files = files_below(&dir)?;
    let floor = || read::run(&files, context.workers);
    let pair = in_turns(context.rounds, floor, || open(context, &dir))?;
    let bytes = files.iter().map(|(_, len)| len).sum();
    let line = Line::of_pair("bin-load", &pair, read::FLOOR, 0.7, context.fritz.count(), bytes);
    Ok(vec![line.with(State::Reused, State::Fresh)])
}

/// How long a store of the whole workload takes to open.
pub(super) fn open(context: &Context, dir: &Path) -> Result<Duration> {
    let mut opened = None;
    let took = timed(|| {
        opened = Some(context.open(dir, SyncPolicy::Unlogged, Written::Bin, Without::Syncs)?);
        Ok(())
    })?;
    let samples = opened.map_or(0, |store| store.tree().counts().samples);
    context.check_count("loaded", samples)?;
    Ok(took)
}

/// A store that writes all it holds, again and again. Its files are removed each time: the next ones are new.
pub(super) struct Rewriter<'a> {
    context: &'a Context,
    dir: PathBuf,
    store: Store,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(
        context: &'a Context,
        name: &str,
        written: Written,
        without: Without,
    ) -> Result<Rewriter<'a>> {
        let dir = context.empty_dir(name)?;
        let store = context.open(&dir, SyncPolicy::Unlogged, written, without)?;
        context.fill(&store)?;
        Ok(Rewriter { context, dir, store })
    }

    /// Writes everything, and takes the time.
    pub(super) fn checkpoint(&mut self) -> Result<Duration> {
        let mut report = None;
        let took = timed(|| {
            report = Some(self.store.checkpoint());
            Ok(())
        })?;
        if let Some(report) = &report {
            whole(report)?;
        }
        let files = files_below(&self.dir)?;
        if files.len() != self.context.fritz.hosts() {
            return Err(format!("{} files were written", files.len()).into());
        }
        for (path, _) in files {
            fs::remove_file(path)?;
        }
        self.mark_dirty();
        Ok(took)
    }

    /// Writes everything, and lists the files.
    pub(super) fn checkpoint_and_keep(&mut self) -> Result<Vec<(PathBuf, u64)>> {
        whole(&self.store.checkpoint())?;
        let files = files_below(&self.dir)?;
        self.mark_dirty();
        Ok(files)
    }

    /// All that the store holds is to be written again.
    fn mark_dirty(&self) {
        for host in self.store.tree().hosts() {
            let mut host = host.lock();
            let series: Vec<_> = host.series().map(|series| series.index()).collect();
            for index in series {
                host.mark_dirty(index, i64::MIN, i64::MAX);
            }
        }
    }
}

/// The contents of files, which are removed.
pub(super) fn contents(files: &[(PathBuf, u64)]) -> Result<Vec<Vec<u8>>> {
    let read = |(path, _): &(PathBuf, u64)| {
        let bytes = fs::read(path)?;
        fs::remove_file(path)?;
        Ok(bytes)
    };
    files.iter().map(read).collect()
}

pub(super) fn len(contents: &[Vec<u8>]) -> u64 {
    contents.iter().map(|bytes| u64::try_from(bytes.len()).unwrap_or(0)).sum()
}
