//! The tree: clusters, their hosts, and what all of them share.

use std::collections::BTreeMap;
use std::fmt;
use std::mem::size_of;
use std::ops::AddAssign;

use thiserror::Error;

use crate::arena::Pool;
use crate::host::{Host, Shared};
use crate::limits::Limits;
use crate::metric::{Metric, MetricError, MetricTable};
use crate::name::{NameError, NameKind};
use crate::selector::Names;
use crate::sync::{Arc, ArcSwap, RwLock, read, write};

/// Samples of many hosts in memory: cluster, host, then levels.
///
/// Every host has a lock of its own, and beside its series, under the same lock, an `H` of the caller's: the
/// place for a log's buffer, see [`Journal`](crate::Journal). Whoever needs none says `Tree<()>`.
pub struct Tree<H> {
    pub(crate) shared: Arc<Shared>,
    hosts: RwLock<Hosts<H>>,
}

/// How much a tree holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Hosts.
    pub hosts: u64,
    /// Levels below the hosts.
    pub levels: u64,
    /// Series.
    pub series: u64,
    /// Samples.
    pub samples: u64,
}

/// Why a host is not taken.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum HostError {
    /// The cluster's or the host's name breaks a rule.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The tree would get more hosts than allowed.
    #[error("the tree has its {hosts_max} hosts, no other is taken")]
    TooManyHosts {
        /// How many there may be.
        hosts_max: usize,
    },
}

struct Hosts<H> {
    clusters: BTreeMap<Arc<str>, Cluster<H>>,
    count: usize,
}

type Cluster<H> = BTreeMap<Arc<str>, Arc<Host<H>>>;

impl<H> Tree<H> {
    /// A tree without hosts.
    #[must_use]
    pub fn new(metrics: MetricTable, limits: Limits) -> Self {
        let shared = Shared { metrics: ArcSwap::from_pointee(metrics), limits, pool: Pool::default() };
        let hosts = Hosts { clusters: BTreeMap::new(), count: 0 };
        Self { shared: Arc::new(shared), hosts: RwLock::new(hosts) }
    }

    /// The limits that the tree was made with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// The metrics as they are now.
    #[must_use]
    pub fn metrics(&self) -> Arc<MetricTable> {
        self.shared.metrics.load_full()
    }

    /// Configures a metric while the tree is in use. Series that are there keep their interval.
    ///
    /// # Errors
    /// As [`MetricTable::configure`].
    pub fn add_metric(&self, name: &str, metric: Metric) -> Result<(), MetricError> {
        self.shared.change_metrics(|table| table.configure(name, metric))
    }

    /// Notes a metric that was found among stored data.
    ///
    /// # Errors
    /// As [`MetricTable::discover`].
    pub fn discover_metric(&self, name: &str, metric: Metric) -> Result<(), MetricError> {
        self.shared.discover(name, metric)
    }

    /// The host of these names. Costs no allocation. Keep what you get.
    #[must_use]
    pub fn host(&self, cluster: &str, host: &str) -> Option<Arc<Host<H>>> {
        read(&self.hosts).clusters.get(cluster)?.get(host).cloned()
    }

    /// The host of these names; if it is not there, it is made with what `make` gives it to carry.
    ///
    /// `make` runs at most once, while no other host can be found or made: it must be quick, and not use the
    /// tree. Names are checked as [`NameKind::check`] says, also those of directories: a host is one.
    ///
    /// # Errors
    /// [`HostError::Name`], [`HostError::TooManyHosts`]. `make` did not run then.
    pub fn host_or_insert_with(
        &self,
        cluster: &str,
        host: &str,
        make: impl FnOnce() -> H,
    ) -> Result<Arc<Host<H>>, HostError> {
        if let Some(held) = self.host(cluster, host) {
            return Ok(held);
        }
        NameKind::Cluster.check(cluster)?;
        NameKind::Host.check(host)?;
        let mut hosts = write(&self.hosts);
        if let Some(held) = hosts.clusters.get(cluster).and_then(|hosts| hosts.get(host)) {
            return Ok(Arc::clone(held));
        }
        let hosts_max = self.shared.limits.hosts_max;
        if hosts.count >= hosts_max {
            return Err(HostError::TooManyHosts { hosts_max });
        }
        let cluster = hosts
            .clusters
            .get_key_value(cluster)
            .map_or_else(|| cluster.into(), |(held, _)| Arc::clone(held));
        let made = Arc::new(Host::new(cluster, host.into(), Arc::clone(&self.shared), make()));
        hosts.count += 1;
        let in_cluster = hosts.clusters.entry(Arc::clone(made.shared_cluster())).or_default();
        in_cluster.insert(Arc::clone(made.shared_name()), Arc::clone(&made));
        Ok(made)
    }

    /// Takes out a host that has no series and that nobody holds, and returns what it carried.
    ///
    /// `None` if there is no such host, if it has a series, or if anybody still holds its `Arc`: samples that
    /// came in by that would be lost.
    pub fn remove_empty_host(&self, cluster: &str, host: &str) -> Option<H> {
        let mut hosts = write(&self.hosts);
        let held = hosts.clusters.get(cluster)?.get(host)?;
        // New holders come only through this map, which is locked: if the map is the only one, it stays so.
        if Arc::strong_count(held) > 1 || held.lock().series_count() > 0 {
            return None;
        }
        let in_cluster = hosts.clusters.get_mut(cluster)?;
        let taken = in_cluster.remove(host)?;
        if in_cluster.is_empty() {
            hosts.clusters.remove(cluster);
        }
        hosts.count -= 1;
        Arc::into_inner(taken).map(Host::into_journal)
    }

    /// All hosts, sorted by the bytes of cluster, then host.
    #[must_use]
    pub fn hosts(&self) -> Vec<Arc<Host<H>>> {
        let hosts = read(&self.hosts);
        let mut all = Vec::with_capacity(hosts.count);
        all.extend(hosts.clusters.values().flat_map(BTreeMap::values).cloned());
        all
    }

    /// How much the tree holds. Locks one host after the other, for a moment each.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for host in self.hosts() {
            let guard = host.lock();
            counts += Counts {
                hosts: 1,
                levels: count(guard.level_count()),
                series: count(guard.series_count()),
                samples: guard.samples(),
            };
        }
        counts
    }

    /// Bytes that the tree takes, exact but for the nodes of the maps of hosts and names, which are
    /// estimated, and for what each `H` holds on the heap. Locks one host after the other and looks at each
    /// series.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let hosts = self.hosts();
        let map = hosts.len() * (size_of::<Arc<str>>() + size_of::<Arc<Host<H>>>());
        let held: usize = hosts.iter().map(|host| host.lock().memory_bytes()).sum();
        let shared = size_of::<Shared>() + self.shared.pool.memory_bytes() + self.metrics().memory_bytes();
        size_of::<Self>() + map + held + shared
    }

    /// The hosts that two selectors mean, in path order.
    pub(crate) fn hosts_of(&self, cluster: &Names<'_>, host: &Names<'_>) -> Vec<Arc<Host<H>>> {
        let hosts = read(&self.hosts);
        let clusters = pick(&hosts.clusters, cluster);
        clusters.into_iter().flat_map(|hosts| pick(hosts, host)).cloned().collect()
    }
}

impl<H> fmt::Debug for Tree<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree").field("hosts", &read(&self.hosts).count).finish_non_exhaustive()
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.hosts += other.hosts;
        self.levels += other.levels;
        self.series += other.series;
        self.samples += other.samples;
    }
}

fn pick<'a, T>(map: &'a BTreeMap<Arc<str>, T>, names: &Names<'_>) -> Vec<&'a T> {
    match names {
        Names::Some(names) => names.iter().filter_map(|name| map.get(*name)).collect(),
        Names::All => map.values().collect(),
    }
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}
