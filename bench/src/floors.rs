//! The floors: what the same bytes cost anyway. Each is a plain loop in a file of its own.

pub mod append;
pub mod copy;
pub mod files;
pub mod lines;
pub mod parse;
pub mod pause;
pub mod print;
pub mod read;
pub mod records;
pub mod replay;

/// What a floor is, and what it moves.
#[derive(Debug, Clone, Copy)]
pub struct Floor {
    /// In one line.
    pub what: &'static str,
    /// What was seen of it on machines like this one.
    pub range: &'static str,
}
