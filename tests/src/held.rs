//! What a store holds in memory, taken out of it as plain maps.

use std::collections::BTreeMap;
use std::fmt;

use treering_buffer::Values;
use treering_level::SeriesView;
use treering_persist::Store;

/// The names of one series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesName {
    /// The cluster.
    pub cluster: String,
    /// The host.
    pub host: String,
    /// The levels below the host.
    pub path: Vec<String>,
    /// The metric.
    pub metric: String,
}

/// The samples of one series, by the times of their slots in Unix seconds, as bits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// Seconds from one slot to the next.
    pub interval_s: u32,
    /// A time that the grid goes through: the first one from 0 on. Which slot is the first does not show.
    pub grid_s: i64,
    /// Every sample.
    pub samples: BTreeMap<i64, u32>,
}

impl SeriesName {
    /// Names from text.
    #[must_use]
    pub fn new(cluster: &str, host: &str, path: &[&str], metric: &str) -> SeriesName {
        SeriesName {
            cluster: cluster.to_owned(),
            host: host.to_owned(),
            path: path.iter().map(|level| (*level).to_owned()).collect(),
            metric: metric.to_owned(),
        }
    }

    /// Whether it is a series of this host.
    #[must_use]
    pub fn is_of(&self, cluster: &str, host: &str) -> bool {
        self.cluster == cluster && self.host == host
    }
}

impl fmt::Display for SeriesName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cluster, self.host)?;
        for level in &self.path {
            write!(f, "/{level}")?;
        }
        write!(f, " {}", self.metric)
    }
}

/// Every series of the store that has a sample.
#[must_use]
pub fn held(store: &Store) -> BTreeMap<SeriesName, Held> {
    let mut all = BTreeMap::new();
    for host in store.tree().hosts() {
        for series in host.lock().series() {
            if let Some(held) = held_of(&series) {
                let path: Vec<&str> = series.path().iter().map(|level| &**level).collect();
                all.insert(SeriesName::new(host.cluster(), host.name(), &path, series.metric()), held);
            }
        }
    }
    all
}

fn held_of(series: &SeriesView<'_>) -> Option<Held> {
    let ring = series.ring();
    let (grid, span) = (ring.grid()?, ring.span()?);
    let interval_s = grid.interval_s();
    let grid_s = grid.origin_s().rem_euclid(i64::from(interval_s));
    let mut held = Held { interval_s, grid_s, samples: BTreeMap::new() };
    let frozen = ring.freeze(span.clone());
    let mut slot = span.start;
    for part in frozen.parts() {
        match part {
            Values::Native(values) => {
                let timed = (slot..).map(|slot| grid.time_of(slot)).zip(values);
                let samples = timed.filter(|(_, value)| !value.is_nan());
                held.samples.extend(samples.map(|(time_s, value)| (time_s, value.to_bits())));
                slot += i64::try_from(values.len()).unwrap_or(i64::MAX);
            }
            other => slot += i64::try_from(other.slots()).unwrap_or(i64::MAX),
        }
    }
    Some(held)
}
