//! The tree as its users see it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod setup;

mod concurrency;
mod free;
mod freeze;
mod limits;
mod memory;
mod metrics;
mod model;
mod names;
mod read;
mod restore;
mod write;
