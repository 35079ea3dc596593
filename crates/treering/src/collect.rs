//! Measurements of this machine: load, memory, network, disks, and each hardware thread's share of work.
//!
//! [`Collector::sample`] reads the kernel's counters and hands out one value per metric; [`metrics`] says which there are.
//! Rates are taken between two calls, so the first call gives none. Where a counter went back, because it wrapped or was
//! reset, that rate is left out once. Only Linux so far; elsewhere [`Collector::new`] says so.

#[cfg(not(target_os = "linux"))]
#[path = "collect/elsewhere.rs"]
mod source;
#[cfg(target_os = "linux")]
#[path = "collect/linux.rs"]
mod source;

mod collector;
mod counters;
mod metric;
mod rates;

pub use collector::{CollectError, Collector, Measured, Unreadable, hostname};
pub use metric::{CollectedMetric, metrics};
