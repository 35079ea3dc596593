//! Samples of many hosts in memory: a tree of clusters, hosts and levels, with one lock for each host.
//!
//! The crate knows no files, no formats, no log, no threads of its own and no clock. It checks names and
//! limits where samples enter, keeps the table of metrics, answers queries over any part of the tree, and has
//! for a keeper what a checkpoint and a recovery need: freeze what is dirty, restore what was stored.
//!
//! Values are `f32`, and NaN means "no sample". Times are `i64` Unix seconds, intervals whole seconds, ranges
//! half open.
//!
//! ```text
//!  Tree ── metric table, limits, names            read without a lock, or a moment's
//!   └ cluster
//!      └ Host ── lock ─┬ levels ── series ── ring  one lock for all of it
//!                      └ H: the caller's journal   told of each accepted sample
//! ```
//!
//! ```
//! use treering_level::{
//!     Aggregation, Bounds, Limits, Metric, MetricTable, Query, Sample, Selector, Tree,
//! };
//!
//! let mut metrics = MetricTable::refusing_unknown();
//! metrics.configure("flops", Metric { interval_s: 60, aggregation: Aggregation::Sum })?;
//! let tree: Tree<()> = Tree::new(metrics, Limits::default());
//!
//! // Look up names once, and keep what you get.
//! let host = tree.host_or_insert_with("fritz", "f0101", || ())?;
//! let core0 = host.lock().resolve(&["socket0", "core0"], "flops")?;
//! let core1 = host.lock().resolve(&["socket0", "core1"], "flops")?;
//!
//! // One lock for a batch.
//! let batch = [
//!     Sample { series: core0, time_s: 1_700_000_000, value: 1.5 },
//!     Sample { series: core1, time_s: 1_700_000_010, value: 2.0 },
//!     Sample { series: core1, time_s: 1_700_000_070, value: f32::NAN },
//! ];
//! let outcome = host.lock().write(&batch, Bounds::NONE);
//! assert_eq!((outcome.stored, outcome.refused.not_a_number), (2, 1));
//!
//! // The socket has no series of its own, so its cores are added up.
//! let answer = tree.read(&Query {
//!     path: ["fritz", "f0101", "socket0"].map(Selector::from).to_vec(),
//!     metric: "flops".to_owned(),
//!     from_s: 1_700_000_000,
//!     to_s: 1_700_000_060,
//! })?;
//! assert_eq!((answer.start_s, answer.values), (1_700_000_000, vec![3.5]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod planted;
mod sync;

mod limits;
mod metric;
mod name;
mod selector;

mod arena;
mod host;
mod tree;
mod view;

mod free;
mod freeze;
mod query;
mod resolve;
mod restore;
mod write;

pub use treering_buffer::RestoreError as ColumnError;
pub use treering_buffer::{
    Bounds, Column, Fill, Frozen, Grid, Restored, Ring, Slot, SlotRanges, TIME_MAX_S, Values,
};

pub use free::Freed;
pub use freeze::{FrozenSeries, SERIES_AT_ONCE};
pub use host::{Host, HostGuard};
pub use limits::{DEPTH_MAX, Limits};
pub use metric::{Aggregation, Entry, Metric, MetricError, MetricTable, Unknown};
pub use name::{METRIC_NAME_BYTES_MAX, NameError, NameKind, SHORT_NAME_BYTES_MAX, ShownName};
pub use query::{Answer, Query, ReadError};
pub use resolve::ResolveError;
pub use restore::RestoreError;
pub use selector::Selector;
pub use tree::{Counts, HostError, Tree};
pub use view::{Journal, SeriesIndex, SeriesView};
pub use write::{Outcome, Refusal, Refusals, Sample};
