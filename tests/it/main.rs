//! Whole-store tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says by a panic that it failed, and what it left out"
)]

mod simdisk;

mod behaviour;
mod formats;
mod fuzz;
mod matrix;
mod model;
mod production;
