//! The formats beside each other: what no crate of one format alone can show.

mod bad_input;
mod documents;
mod frozen;
mod round_trip;
