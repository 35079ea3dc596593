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
///
/// Senders send the same series in the same order again and again. So each prefix knows the one that followed it last time:
/// if it does again, neither is it searched for in the line, nor looked up.
pub struct Intake<'a> {
    store: &'a Store,
    counts: &'a Counts,
    prefixes: HashMap<Box<[u8]>, u32>,
    /// The bytes of all prefixes, one behind the other.
    prefix_bytes: Vec<u8>,
    entries: Vec<Entry>,
    names: Vec<Names>,
    /// The entry of the last line.
    last: usize,
    hosts: Vec<Pending>,
    host_numbers: HashMap<(String, String), u32>,
    /// Hosts that have samples waiting, in the order of their first line.
    waiting: Vec<u32>,
    /// A failure of a write that nobody has asked about yet.
    failed: Option<WriteError>,
    /// What writes refused and nobody has asked about yet.
    refused: Refusals,
}

/// What a line needs of its prefix.
struct Entry {
    /// Where in the bytes of all prefixes this one is.
    prefix_at: usize,
    prefix_len: u32,
    host: u32,
    series: SeriesIndex,
    /// The entry that followed last time.
    next: u32,
}

/// The names of a series, in case its index becomes stale.
struct Names {
    path: Vec<String>,
    metric: String,
}

/// Samples of one host that wait, in the order of their lines; their times come from the same clock.
struct Pending {
    host: StoreHost,
    times: Times,
    samples: Vec<Sample>,
    entries: Vec<u32>,
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
            prefix_bytes: Vec::new(),
            entries: Vec::new(),
            names: Vec::new(),
            last: 0,
            hosts: Vec::new(),
            host_numbers: HashMap::new(),
            waiting: Vec::new(),
            failed: None,
            refused: Refusals::default(),
        }
    }

    /// Takes one line; its sample waits for [`Intake::write`]. An empty line or a comment has none.
    ///
    /// # Errors
    /// [`Refused`]; the other lines are not touched.
    #[inline]
    pub fn take(&mut self, line: &[u8]) -> Result<(), Refused> {
        let expected = self.entries.get(self.last).map_or(0, |last| last.next);
        if let Some(entry) = self.entries.get(at(expected))
            && let Some(parsed) = Line::parse_after(line, self.prefix(entry))
        {
            self.add(expected, &parsed?);
            return Ok(());
        }
        self.take_unexpected(line)
    }

    #[cold]
    fn take_unexpected(&mut self, line: &[u8]) -> Result<(), Refused> {
        let Some(line) = Line::parse(line)? else { return Ok(()) };
        let number = match self.prefixes.get(line.prefix) {
            Some(number) => *number,
            None => self.resolve(&line)?,
        };
        if let Some(last) = self.entries.get_mut(self.last) {
            last.next = number;
        }
        self.add(number, &line);
        Ok(())
    }

    fn prefix(&self, entry: &Entry) -> &[u8] {
        &self.prefix_bytes[entry.prefix_at..][..at(entry.prefix_len)]
    }

    #[inline]
    fn add(&mut self, number: u32, line: &Line<'_>) {
        self.last = at(number);
        let Entry { host, series, .. } = self.entries[at(number)];
        let (times, time_s) = match line.time {
            Some(time) => (Times::Own, time.time_s),
            None => (Times::Stamped, self.store.now_s()),
        };
        if self.hosts[at(host)].times != times {
            // What waits has its times from the other clock.
            self.write_host(host);
            self.hosts[at(host)].times = times;
        }
        let pending = &mut self.hosts[at(host)];
        if pending.samples.is_empty() {
            self.waiting.push(host);
        }
        pending.samples.push(Sample { series, time_s, value: line.value });
        pending.entries.push(number);
    }

    fn resolve(&mut self, line: &Line<'_>) -> Result<u32, Refused> {
        let names = line.series()?;
        let cluster = names.cluster.as_deref().ok_or(Refused::NoCluster)?;
        let host = names.host.as_deref().ok_or(Refused::NoHost)?;
        let key = (cluster.to_owned(), host.to_owned());
        let host = match self.host_numbers.get(&key) {
            Some(number) => *number,
            None => {
                let host = self.store.host(cluster, host)?;
                let number = number_of(self.hosts.len());
                self.hosts.push(Pending {
                    host,
                    times: Times::Own,
                    samples: Vec::new(),
                    entries: Vec::new(),
                });
                self.host_numbers.insert(key, number);
                number
            }
        };
        let path: Vec<String> = names.levels().map(ToString::to_string).collect();
        let metric = names.metric.into_owned();
        let series = resolve(self.store, &self.hosts[at(host)].host, &path, &metric)?;
        if self.prefixes.len() >= PREFIXES_MAX {
            // Entries that samples wait for stay valid: they are kept until these are written.
            self.write_out();
            self.prefixes.clear();
            self.prefix_bytes.clear();
            self.entries.clear();
            self.names.clear();
        }
        let number = number_of(self.entries.len());
        self.entries.push(Entry {
            prefix_at: self.prefix_bytes.len(),
            prefix_len: number_of(line.prefix.len()),
            host,
            series,
            next: 0,
        });
        self.prefix_bytes.extend_from_slice(line.prefix);
        self.names.push(Names { path, metric });
        self.prefixes.insert(line.prefix.into(), number);
        Ok(number)
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
        for host in std::mem::take(&mut self.waiting) {
            self.write_host(host);
        }
    }

    /// Writes what waits for a host.
    fn write_host(&mut self, host: u32) {
        let Intake { store, counts, entries, names, hosts, failed, refused, .. } = self;
        let pending = &mut hosts[at(host)];
        if pending.samples.is_empty() {
            return;
        }
        let written = write_pending(store, entries, names, pending, |outcome| {
            counts.add_stored(outcome.stored);
            counts.add_refusals(outcome.refused);
            *refused += outcome.refused;
        });
        match written {
            Ok(()) => {}
            // Their fate is decided, so they hold up no acknowledgement.
            Err(WriteError::Refused { .. }) => {
                counts.add_refused("log_failed", u64::try_from(pending.samples.len()).unwrap_or(u64::MAX));
            }
            Err(error) => *failed = Some(error),
        }
        pending.samples.clear();
        pending.entries.clear();
    }
}

fn write_pending(
    store: &Store,
    entries: &mut [Entry],
    names: &[Names],
    pending: &mut Pending,
    tell: impl FnOnce(treering_level::Outcome),
) -> Result<(), WriteError> {
    let Pending { host, times, samples, entries: numbers } = pending;
    let (outcome, mut result) = split(store.write_with(host, samples, *times));
    let Some(mut outcome) = outcome else { return result };
    if outcome.refused.stale > 0 {
        // Retention ended these series in the meantime. Resolved again, all of it is written once more: what was
        // stored already is stored again as it is.
        for (sample, number) in samples.iter_mut().zip(numbers) {
            let Names { path, metric } = &names[at(*number)];
            if let Ok(series) = resolve(store, host, path, metric) {
                entries[at(*number)].series = series;
                sample.series = series;
            }
        }
        let (again, second) = split(store.write_with(host, samples, *times));
        result = result.and(second);
        outcome = again.unwrap_or(outcome);
    }
    tell(outcome);
    result
}

/// Numbers are 32 bits wide to halve what holds them. There are never so many prefixes, and no line is so long.
fn number_of(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn at(number: u32) -> usize {
    number as usize
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
