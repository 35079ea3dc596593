//! What every row gets: the workload, how many threads, where files may go, and stores that are filled with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use treering_format_bin::BinFormat;
use treering_format_json::JsonFormat;
use treering_level::{Aggregation, Bounds, Metric, Sample, SeriesIndex};
use treering_persist::{Options, Store, StoreHost, SyncPolicy};
use treering_snapshot::Format;

use crate::Result;
use crate::measure::timed;
use crate::storage::{BenchStorage, Without};
use crate::workload::{CLUSTER, Fritz, INTERVAL_S, SERIES};

/// What every row gets.
#[derive(Debug)]
pub struct Context {
    /// The workload.
    pub fritz: Fritz,
    /// Threads that recover and checkpoint; the floors use as many.
    pub workers: usize,
    /// Rounds that count.
    pub rounds: usize,
    /// A directory for files; whoever uses it leaves it empty.
    pub dir: PathBuf,
}

/// A host that was looked up, and its series in the order of a row of values.
pub struct Resolved {
    /// The host.
    pub host: StoreHost,
    /// Its series.
    pub series: Vec<SeriesIndex>,
}

/// Which files a store writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// `.bin`.
    Bin,
    /// JSON, each number as the shortest text that reads back to the same bits.
    Exact,
    /// JSON with one decimal, as the reference writes it.
    OneDecimal,
}

impl Written {
    /// All that is read, the one that is written first.
    #[must_use]
    pub fn formats(self) -> Vec<Box<dyn Format>> {
        let json = if self == Written::OneDecimal { JsonFormat::one_decimal() } else { JsonFormat::exact() };
        let mut formats: Vec<Box<dyn Format>> = vec![Box::new(BinFormat), Box::new(json)];
        if self != Written::Bin {
            formats.reverse();
        }
        formats
    }
}

impl Context {
    /// The options of every store here: what the reference's configuration would say, and nothing that runs by itself.
    #[must_use]
    pub fn options(&self, root: &Path, sync: SyncPolicy) -> Options {
        let metric =
            Metric { interval_s: u32::try_from(INTERVAL_S).unwrap_or(60), aggregation: Aggregation::Avg };
        let mut names: Vec<_> = self.fritz.series().iter().map(|series| series.metric.clone()).collect();
        names.sort_unstable();
        names.dedup();
        Options {
            metrics: names.into_iter().map(|name| (name, metric)).collect(),
            sync,
            retention: None,
            // A writer that sends a minute every few milliseconds is soon ahead of the clock.
            future_limit: Duration::from_secs(1 << 30),
            workers: self.workers,
            ..Options::new(root)
        }
    }

    /// Whether the processor has AVX-512: some targets are higher then.
    #[must_use]
    pub fn has_wide_vectors(&self) -> bool {
        crate::machine::vectors() == "avx512"
    }

    /// A directory of this name, empty.
    ///
    /// # Errors
    /// As the system reports it.
    pub fn empty_dir(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.join(name);
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => fs::create_dir_all(&dir)?,
        }
        Ok(dir)
    }

    /// A store in a directory.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open(&self, root: &Path, sync: SyncPolicy, written: Written, without: Without) -> Result<Store> {
        let storage = Arc::new(BenchStorage::new(without));
        Ok(Store::open(storage, self.options(root, sync), written.formats())?.0)
    }

    /// All hosts of a store and all their series.
    ///
    /// # Errors
    /// As [`Store::resolve`].
    pub fn resolve(&self, store: &Store) -> Result<Vec<Resolved>> {
        let host = |number| {
            let host = store.host(CLUSTER, &self.fritz.host(number))?;
            let series = self.fritz.series().iter().map(|series| {
                let path: Vec<&str> = series.level.as_deref().into_iter().collect();
                store.resolve(&host, &path, &series.metric)
            });
            let series = series.collect::<std::result::Result<_, _>>()?;
            Ok(Resolved { host, series })
        };
        (0..self.fritz.hosts()).map(host).collect()
    }

    /// Writes all rows of the workload into memory, past the log.
    ///
    /// # Errors
    /// If some of it was refused.
    pub fn fill(&self, store: &Store) -> Result<()> {
        let resolved = self.resolve(store)?;
        let hosts = store.tree().hosts();
        let mut batch = Vec::with_capacity(SERIES);
        let mut stored = 0;
        for row in 0..self.fritz.samples() {
            for (number, resolved) in resolved.iter().enumerate() {
                self.batch(number, row, &resolved.series, &mut batch);
                stored += hosts[number].lock().write(&batch, Bounds::NONE).stored;
            }
        }
        self.check_count("stored", stored)
    }

    /// Writes all rows of the workload through the store's front door; returns how many samples were stored.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_all(&self, store: &Store, resolved: &[Resolved]) -> Result<u64> {
        let mut batch = Vec::with_capacity(SERIES);
        let mut stored = 0;
        for row in 0..self.fritz.samples() {
            for (number, resolved) in resolved.iter().enumerate() {
                self.batch(number, row, &resolved.series, &mut batch);
                stored += store.write(&resolved.host, &batch)?.stored;
            }
        }
        Ok(stored)
    }

    /// How long a new store in a new directory takes for the whole workload.
    ///
    /// # Errors
    /// As [`Store::write`], or if some of it was refused.
    pub fn ingest(&self, name: &str, sync: SyncPolicy) -> Result<Duration> {
        let dir = self.empty_dir(name)?;
        let store = self.open(&dir, sync, Written::Bin, Without::Syncs)?;
        let resolved = self.resolve(&store)?;
        let mut stored = 0;
        let took = timed(|| {
            stored = self.write_all(&store, &resolved)?;
            Ok(())
        })?;
        self.check_count("stored", stored)?;
        Ok(took)
    }

    /// The samples of a host at one time, gaps left out.
    pub fn batch(&self, host: usize, row: usize, series: &[SeriesIndex], batch: &mut Vec<Sample>) {
        let time_s = self.fritz.time_s(row);
        let samples = series.iter().zip(self.fritz.row(host, row));
        batch.clear();
        batch.extend(samples.filter(|(_, value)| !value.is_nan()).map(|(series, value)| Sample {
            series: *series,
            time_s,
            value: *value,
        }));
    }

    /// That many samples were meant to be there.
    ///
    /// # Errors
    /// If it is another number: then a figure would mean nothing.
    pub fn check_count(&self, what: &str, found: u64) -> Result<()> {
        match self.fritz.count() {
            expected if expected == found => Ok(()),
            expected => Err(format!("{found} samples were {what} instead of {expected}").into()),
        }
    }

    /// A directory with one checkpoint of the workload, and nothing else.
    ///
    /// # Errors
    /// What the store could not do.
    pub fn checkpointed_dir(&self, name: &str, written: Written) -> Result<PathBuf> {
        let dir = self.empty_dir(name)?;
        let store = self.open(&dir, SyncPolicy::Unlogged, written, Without::Syncs)?;
        self.fill(&store)?;
        whole(&store.checkpoint())?;
        Ok(dir)
    }
}

/// A checkpoint in which no host failed.
///
/// # Errors
/// The first host that did.
pub fn whole(report: &treering_persist::CheckpointReport) -> Result<()> {
    match report.failed.first() {
        Some(failed) => Err(format!("{}/{}: {}", failed.cluster, failed.host, failed.error).into()),
        None => Ok(()),
    }
}

/// Every regular file below a directory, with its length in bytes, in the order of their names.
///
/// # Errors
/// As the system reports it.
pub fn files_below(dir: &Path) -> Result<Vec<(PathBuf, u64)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            files.extend(files_below(&entry.path())?);
        } else if kind.is_file() {
            files.push((entry.path(), entry.metadata()?.len()));
        }
    }
    files.sort();
    Ok(files)
}
