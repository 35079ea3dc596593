//! The metrics that are collected.

use crate::config::Aggregation;

/// One metric that the collector measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CollectedMetric {
    /// Its name.
    pub name: &'static str,
    /// The unit of its values.
    pub unit: &'static str,
    /// Seconds between two samples.
    pub interval_s: u32,
    /// How several series of it become one.
    pub aggregation: Aggregation,
}

const INTERVAL_S: u32 = 1;

const METRICS: [CollectedMetric; 11] = [
    metric("cpu_load", "1", Aggregation::None),
    metric("mem_total", "B", Aggregation::Sum),
    metric("mem_free", "B", Aggregation::Sum),
    metric("mem_used", "B", Aggregation::Sum),
    metric("net_bytes_in", "B/s", Aggregation::Sum),
    metric("net_bytes_out", "B/s", Aggregation::Sum),
    metric("disk_bytes_read", "B/s", Aggregation::Sum),
    metric("disk_bytes_written", "B/s", Aggregation::Sum),
    metric("cpu_user", "%", Aggregation::Avg),
    metric("cpu_system", "%", Aggregation::Avg),
    metric("cpu_idle", "%", Aggregation::Avg),
];

/// All metrics that [`Collector::sample`](super::Collector::sample) can give.
///
/// | metric | at | what |
/// |---|---|---|
/// | `cpu_load` | host | load average of a minute |
/// | `mem_total`, `mem_free`, `mem_used` | host | memory; used is all that is neither free nor reclaimable |
/// | `net_bytes_in`, `net_bytes_out` | host | all interfaces but `lo` |
/// | `disk_bytes_read`, `disk_bytes_written` | host | all whole disks, each byte once (no partitions, no stacked devices) |
/// | `cpu_user`, `cpu_system`, `cpu_idle` | `hwthreadN` | user with nice; system with interrupts; idle with waiting for disks |
#[must_use]
pub fn metrics() -> &'static [CollectedMetric] {
    &METRICS
}

const fn metric(name: &'static str, unit: &'static str, aggregation: Aggregation) -> CollectedMetric {
    CollectedMetric { name, unit, interval_s: INTERVAL_S, aggregation }
}
