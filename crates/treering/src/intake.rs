//! From lines to the store: names are resolved once per prefix, samples written in one batch per host.
//!
//! ```
//! use std::sync::Arc;
//! use treering::intake::{Counts, Intake};
//! use treering_format_bin::BinFormat;
//! use treering_persist::{Options, OsStorage, Store};
//!
//! # let dir = tempfile::tempdir()?;
//! let options = Options::new(dir.path());
//! let (store, _) = Store::open(Arc::new(OsStorage::new()), options, vec![Box::new(BinFormat)])?;
//! let counts = Counts::default();
//! let mut intake = Intake::new(&store, &counts);
//! intake.take(b"cpu_load,cluster=fritz,hostname=f0201 value=35")?;
//! let refused = intake.take(b"cpu_load,hostname=f0201 value=35");
//! assert_eq!(refused.unwrap_err().reason(), "no_cluster");
//! intake.write()?; // as safe as the store's sync policy promises
//! assert_eq!(counts.stored(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use treering_level::{HostError, Refusals, ResolveError, Sample, SeriesIndex};
use treering_persist::{AddressError, Store, StoreHost, Times, WriteError};

use crate::line::{Line, LineError};

/// Prefixes that are remembered. Spellings of one series can be many; a million of them is more than any site has.
const PREFIXES_MAX: usize = 1 << 20;

/// What became of all samples, from all sources of a store.
#[derive(Debug, Default)]
pub struct Counts {
    stored: AtomicU64,
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

/// Why a line was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is no line of the protocol.
    #[error(transparent)]
    Line(#[from] LineError),
    /// It does not say which cluster.
    #[error("no cluster: add the tag cluster=NAME")]
    NoCluster,
    /// It does not say which host.
    #[error("no host: add the tag hostname=NAME")]
    NoHost,
    /// The store does not take its names.
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// Takes lines, and writes them when asked.
pub struct Intake<'a> {
    store: &'a Store,
    counts: &'a Counts,
    prefixes: HashMap<Box<[u8]>, usize>,
    entries: Vec<Entry>,
    hosts: Vec<Pending>,
    host_numbers: HashMap<(String, String), usize>,
    /// A failure of a write that nobody has asked about yet.
    failed: Option<WriteError>,
    /// What writes refused and nobody has asked about yet.
    refused: Refusals,
}

/// A series, with its names in case its index becomes stale.
struct Entry {
    host: usize,
    path: Vec<String>,
    metric: String,
    series: SeriesIndex,
}

/// Samples of one host that wait, in the order of their lines.
struct Pending {
    host: StoreHost,
    runs: Vec<Run>,
}

/// Samples in a row whose times come from the same clock.
struct Run {
    times: Times,
    samples: Vec<Sample>,
    entries: Vec<usize>,
}

impl Counts {
    /// Samples that were stored.
    #[must_use]
    pub fn stored(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }

    /// Samples that were not, by reason.
    #[must_use]
    pub fn refused(&self) -> BTreeMap<&'static str, u64> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts samples that were stored.
    pub fn add_stored(&self, count: u64) {
        self.stored.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts samples that were not.
    pub fn add_refused(&self, reason: &'static str, count: u64) {
        if count > 0 {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += count;
        }
    }

    /// Counts what a write refused.
    pub fn add_refusals(&self, refusals: Refusals) {
        for (reason, count, _) in reasons(refusals) {
            self.add_refused(reason, count);
        }
    }
}

/// Refusals by the reason to count them under, with that reason in words.
#[must_use]
pub fn reasons(refusals: Refusals) -> [(&'static str, u64, &'static str); 7] {
    [
        ("too_old", refusals.too_old, "older than the retention"),
        ("too_far_ahead", refusals.too_far_ahead, "too far ahead of this machine's clock"),
        ("bad_value", refusals.not_a_number, "not a number"),
        ("bad_time", refusals.time_out_of_range, "beyond the times that can be stored"),
        ("series_gone", refusals.stale, "retention ended the series meanwhile"),
        ("unknown_metric", refusals.not_configured, "the configuration does not name the metric"),
        ("bad_name", refusals.name, "a name from a file that no sample may have"),
    ]
}

impl<'a> Intake<'a> {
    /// An intake into this store. What becomes of the samples is counted in `counts`.
    #[must_use]
    pub fn new(store: &'a Store, counts: &'a Counts) -> Intake<'a> {
        Intake {
            store,
            counts,
            prefixes: HashMap::new(),
            entries: Vec::new(),
            hosts: Vec::new(),
            host_numbers: HashMap::new(),
            failed: None,
            refused: Refusals::default(),
        }
    }

    /// Takes one line; its sample waits for [`Intake::write`]. An empty line or a comment has none.
    ///
    /// # Errors
    /// [`Refused`]; the other lines are not touched.
    pub fn take(&mut self, line: &[u8]) -> Result<(), Refused> {
        let Some(line) = Line::parse(line).map_err(Refused::Line)? else { return Ok(()) };
        let number = match self.prefixes.get(line.prefix) {
            Some(number) => *number,
            None => self.resolve(&line)?,
        };
        let entry = &self.entries[number];
        let (times, time_s) = match line.time {
            Some(time) => (Times::Own, time.time_s),
            None => (Times::Stamped, self.store.now_s()),
        };
        let runs = &mut self.hosts[entry.host].runs;
        if runs.last().is_none_or(|run| run.times != times) {
            runs.push(Run { times, samples: Vec::new(), entries: Vec::new() });
        }
        if let Some(run) = runs.last_mut() {
            run.samples.push(Sample { series: entry.series, time_s, value: line.value });
            run.entries.push(number);
        }
        Ok(())
    }

    fn resolve(&mut self, line: &Line<'_>) -> Result<usize, Refused> {
        let names = line.series().map_err(Refused::Line)?;
        let cluster = names.cluster.as_deref().ok_or(Refused::NoCluster)?;
        let host = names.host.as_deref().ok_or(Refused::NoHost)?;
        let key = (cluster.to_owned(), host.to_owned());
        let host = match self.host_numbers.get(&key) {
            Some(number) => *number,
            None => {
                let host = self.store.host(cluster, host).map_err(Refused::Address)?;
                self.hosts.push(Pending { host, runs: Vec::new() });
                self.host_numbers.insert(key, self.hosts.len() - 1);
                self.hosts.len() - 1
            }
        };
        let path: Vec<String> = names.levels().map(ToString::to_string).collect();
        let metric = names.metric.into_owned();
        let series = resolve(self.store, &self.hosts[host].host, &path, &metric).map_err(Refused::Address)?;
        if self.prefixes.len() >= PREFIXES_MAX {
            // Entries that samples wait for stay valid: they are kept until these are written.
            self.write_out();
            self.prefixes.clear();
            self.entries.clear();
        }
        self.entries.push(Entry { host, path, metric, series });
        self.prefixes.insert(line.prefix.into(), self.entries.len() - 1);
        Ok(self.entries.len() - 1)
    }

    /// Writes all that waits; `Ok` when it is as safe as the sync policy promises.
    ///
    /// # Errors
    /// As [`Store::write_with`], for one of the hosts; what it refused is told by [`Intake::take_refused`] instead.
    pub fn write(&mut self) -> Result<(), WriteError> {
        self.write_out();
        self.failed.take().map_or(Ok(()), Err)
    }

    /// What writes have refused since this was last asked.
    pub fn take_refused(&mut self) -> Refusals {
        std::mem::take(&mut self.refused)
    }

    fn write_out(&mut self) {
        let Intake { store, counts, entries, hosts, failed, refused, .. } = self;
        for pending in hosts {
            for mut run in pending.runs.drain(..) {
                let written = write_run(store, entries, &pending.host, &mut run, |outcome| {
                    counts.add_stored(outcome.stored);
                    counts.add_refusals(outcome.refused);
                    *refused += outcome.refused;
                });
                match written {
                    Ok(()) => {}
                    // Their fate is decided, so they hold up no acknowledgement.
                    Err(WriteError::Refused { .. }) => {
                        counts
                            .add_refused("log_failed", u64::try_from(run.samples.len()).unwrap_or(u64::MAX));
                    }
                    Err(error) => *failed = Some(error),
                }
            }
        }
    }
}

fn write_run(
    store: &Store,
    entries: &mut [Entry],
    host: &StoreHost,
    run: &mut Run,
    tell: impl FnOnce(treering_level::Outcome),
) -> Result<(), WriteError> {
    let (outcome, mut result) = split(store.write_with(host, &run.samples, run.times));
    let Some(mut outcome) = outcome else { return result };
    if outcome.refused.stale > 0 {
        // Retention ended these series in the meantime. Resolved again, the whole run is written once more: what was
        // stored already is stored again as it is.
        for (sample, number) in run.samples.iter_mut().zip(&run.entries) {
            let entry = &mut entries[*number];
            if let Ok(series) = resolve(store, host, &entry.path, &entry.metric) {
                entry.series = series;
                sample.series = series;
            }
        }
        let (again, second) = split(store.write_with(host, &run.samples, run.times));
        result = result.and(second);
        outcome = again.unwrap_or(outcome);
    }
    tell(outcome);
    result
}

/// What a write did to memory, and whether the log has it.
fn split(
    written: Result<treering_level::Outcome, WriteError>,
) -> (Option<treering_level::Outcome>, Result<(), WriteError>) {
    match written {
        Ok(outcome) => (Some(outcome), Ok(())),
        Err(WriteError::NotLogged(not_logged)) => {
            (Some(not_logged.outcome), Err(WriteError::NotLogged(not_logged)))
        }
        Err(error) => (None, Err(error)),
    }
}

fn resolve(
    store: &Store,
    host: &StoreHost,
    path: &[String],
    metric: &str,
) -> Result<SeriesIndex, AddressError> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    store.resolve(host, &path, metric)
}

impl Refused {
    /// The reason to count it under.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Refused::Line(error) => error.refusal().name(),
            Refused::NoCluster => "no_cluster",
            Refused::NoHost => "no_host",
            Refused::Address(AddressError::Host(HostError::Name(_))) => "bad_name",
            Refused::Address(AddressError::Series(error)) => match error {
                ResolveError::Name(_) => "bad_name",
                ResolveError::UnknownMetric { .. } | ResolveError::NotConfigured { .. } => "unknown_metric",
                ResolveError::TooDeep { .. } => "too_deep",
                _ => "limit",
            },
            Refused::Address(_) => "limit",
        }
    }
}
