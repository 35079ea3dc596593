//! The library's modules together, as the program uses them, and the program itself.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking, and rounds as the code under test does"
)]

mod line;
mod program;
mod tools;
mod tsv;
