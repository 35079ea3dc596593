//! How much a tree takes before it says no, and why.

/// The default of [`Limits::depth_max`].
///
/// Ingest, log, snapshots and tree share this figure: what one of them lets in, the others must be able to
/// carry.
pub const DEPTH_MAX: usize = 64;

/// What a [`Tree`](crate::Tree) holds at most. Every limit is a typed error when it is met, never a panic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Hosts in the tree. 65,536: some 35 times the largest cluster in sight, and each host costs its keeper
    /// a log file.
    pub hosts_max: usize,
    /// Levels below one host, the host itself not counted. 65,536: a node with thousands of hardware threads
    /// and a level for each of its jobs fits; a sender that makes a level for each sample does not.
    pub levels_per_host_max: usize,
    /// Series of one host. 262,144: some 250 times a usual node. The names of a level are one sorted array,
    /// so that a new name in the worst place moves at most 1 MiB.
    pub series_per_host_max: usize,
    /// Levels between the host and a series: [`DEPTH_MAX`].
    pub depth_max: usize,
    /// Slots in the answer to one query. 16,777,216: 64 MiB of values, half a year of seconds or 31 years of
    /// minutes.
    pub query_slots_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            hosts_max: 1 << 16,
            levels_per_host_max: 1 << 16,
            series_per_host_max: 1 << 18,
            depth_max: DEPTH_MAX,
            query_slots_max: 1 << 24,
        }
    }
}
