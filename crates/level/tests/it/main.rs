//! The tree as its users see it.

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
