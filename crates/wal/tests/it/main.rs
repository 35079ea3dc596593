//! Everything the crate promises, from outside: one binary for all integration tests.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it tried"
)]

mod control;
mod cuts_and_flips;
mod damage;
mod document;
mod fixtures;
mod header;
mod hostile;
mod limits;
mod plain;
mod round_trip;
mod samples;
mod writer;
