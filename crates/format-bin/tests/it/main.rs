//! The binary format from outside: fixtures, round trips, damage, hostile files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "all of this is test code, its helpers included"
)]

mod build;
mod crafted;
mod layout;

mod cuts;
mod encoder;
mod fixtures;
mod flips;
mod flips_unchecked;
mod hexdump;
mod hostile;
mod roundtrip;
mod tsv;
mod twice;
mod zeroed;
