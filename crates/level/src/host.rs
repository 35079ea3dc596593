//! One host: its lock, and what is counted under it.

use std::fmt;
use std::mem::size_of;

use crate::arena::{ARC_HEADER_BYTES, Levels, Pool, SeriesTable};
use crate::limits::Limits;
use crate::metric::{Metric, MetricError, MetricTable};
use crate::sync::{Arc, ArcSwap, AtomicU32, Mutex, MutexGuard, Ordering, PoisonError, lock};
use crate::view::{SeriesIndex, SeriesView};

/// Tags of hosts, so that an index of one host is not taken for one of another, be it in another tree.
static TAGS: AtomicU32 = AtomicU32::new(0);

/// One host of a [`Tree`](crate::Tree): its levels and series behind one lock, and beside them an `H` of the
/// caller's.
///
/// Keep the `Arc` that the tree gives out, and lock it for each batch.
pub struct Host<H> {
    cluster: Arc<str>,
    name: Arc<str>,
    pub(crate) tag: u32,
    pub(crate) shared: Arc<Shared>,
    state: Mutex<State<H>>,
}

/// A locked host. Other threads that want the host wait until it is dropped.
pub struct HostGuard<'a, H> {
    pub(crate) host: &'a Host<H>,
    pub(crate) state: MutexGuard<'a, State<H>>,
}

/// What all hosts of a tree have in common.
pub(crate) struct Shared {
    pub(crate) metrics: ArcSwap<MetricTable>,
    pub(crate) limits: Limits,
    pub(crate) pool: Pool,
}

/// What a host's lock protects.
pub(crate) struct State<H> {
    pub(crate) levels: Levels,
    pub(crate) series: SeriesTable,
    /// Samples in all rings, kept up to date so that counting is free.
    pub(crate) samples: u64,
    pub(crate) journal: H,
}

impl Shared {
    /// Changes the metric table; `change` may run more than once.
    pub(crate) fn change_metrics(
        &self,
        change: impl Fn(&mut MetricTable) -> Result<(), MetricError>,
    ) -> Result<(), MetricError> {
        let mut held = self.metrics.load_full();
        loop {
            let mut table = MetricTable::clone(&held);
            change(&mut table)?;
            let before = self.metrics.compare_and_swap(&held, Arc::new(table));
            if Arc::ptr_eq(&before, &held) {
                return Ok(());
            }
            held = Arc::clone(&before);
        }
    }

    /// Notes a metric that was found among stored data.
    pub(crate) fn discover(&self, name: &str, metric: Metric) -> Result<(), MetricError> {
        // Nearly always it is known: then the table is not copied.
        if metric.interval_s != 0 && self.metrics.load().discovery(name, metric).is_none() {
            return Ok(());
        }
        self.change_metrics(|table| table.discover(name, metric))
    }
}

impl<H> Host<H> {
    pub(crate) fn new(cluster: Arc<str>, name: Arc<str>, shared: Arc<Shared>, journal: H) -> Self {
        let state = State { levels: Levels::new(), series: SeriesTable::default(), samples: 0, journal };
        let tag = TAGS.fetch_add(1, Ordering::Relaxed);
        Self { cluster, name, tag, shared, state: Mutex::new(state) }
    }

    /// The cluster's name.
    #[must_use]
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// The host's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits for the host's lock. A thread that panicked under it is no obstacle.
    #[must_use]
    pub fn lock(&self) -> HostGuard<'_, H> {
        HostGuard { host: self, state: lock(&self.state) }
    }

    pub(crate) fn into_journal(self) -> H {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).journal
    }

    pub(crate) fn shared_cluster(&self) -> &Arc<str> {
        &self.cluster
    }

    pub(crate) fn shared_name(&self) -> &Arc<str> {
        &self.name
    }
}

impl<H> HostGuard<'_, H> {
    /// What the caller keeps beside the host's series.
    #[must_use]
    pub fn journal(&mut self) -> &mut H {
        &mut self.state.journal
    }

    /// The series of these names. Costs no allocation.
    #[must_use]
    pub fn find(&self, path: &[&str], metric: &str) -> Option<SeriesIndex> {
        let state = &*self.state;
        let (level, depth) = state.levels.descend(path);
        let number =
            if depth == path.len() { state.levels.metric(level, metric, &state.series).ok() } else { None };
        number.map(|number| self.index(number))
    }

    /// The series of this index; `None` if it is stale or of another host.
    #[must_use]
    pub fn series_view(&self, index: SeriesIndex) -> Option<SeriesView<'_>> {
        let series = self.state.series.get(index.number).filter(|_| index.host == self.host.tag)?;
        Some(SeriesView {
            shared: &self.host.shared,
            host: self.host.tag,
            series,
            levels: &self.state.levels,
        })
    }

    /// All series in path order: a level's metrics by the bytes of their names, then its children by theirs,
    /// depth first.
    pub fn series(&self) -> impl Iterator<Item = SeriesView<'_>> {
        let State { levels, series, .. } = &*self.state;
        levels
            .walk(Levels::HOST)
            .flat_map(|level| levels.metrics(level))
            .filter_map(|number| series.get(*number))
            .map(|series| SeriesView { shared: &self.host.shared, host: self.host.tag, series, levels })
    }

    /// Levels below the host.
    #[must_use]
    pub fn level_count(&self) -> usize {
        self.state.levels.count()
    }

    /// Series, those without a sample included.
    #[must_use]
    pub fn series_count(&self) -> usize {
        self.state.series.count()
    }

    /// Samples of all series.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.state.samples
    }

    /// Bytes that the host takes, exact but for what `H` holds on the heap. Looks at each series.
    ///
    /// The names of metrics and levels are shared by all hosts and counted by [`Tree::memory_bytes`].
    ///
    /// [`Tree::memory_bytes`]: crate::Tree::memory_bytes
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let names = 2 * ARC_HEADER_BYTES + self.host.cluster.len() + self.host.name.len();
        ARC_HEADER_BYTES
            + size_of::<Host<H>>()
            + names
            + self.state.levels.heap_bytes()
            + self.state.series.heap_bytes()
    }

    pub(crate) fn index(&self, number: u32) -> SeriesIndex {
        SeriesIndex { host: self.host.tag, number }
    }
}

impl<H> fmt::Debug for Host<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("cluster", &self.cluster)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
