//! The JSON format from outside: fixtures, leniency, round trips, damage, hostile files.

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
mod differential;
mod encoder;
mod fixtures;
mod flips;
mod flips_unchecked;
mod hostile;
mod key;
mod lenient;
mod oracle;
mod roundtrip;
mod sample;
mod tsv;
mod twins;
