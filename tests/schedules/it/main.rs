//! Row 15 of the fault matrix: schedules of threads on the real store, explored with shuttle.
//!
//! Everything here is there under `cfg(treering_shuttle)` only, as the locks of the store are shuttle's then. The background
//! threads are not part of it: the tests call what those call.
#![cfg(treering_shuttle)]
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod actors;
mod book;
mod choice;
mod disk;
mod explore;
mod plan;
mod scenes;
mod stage;
