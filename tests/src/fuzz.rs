//! What fuzzing tries: for each target the properties that any input must keep, as a function of the input.
//!
//! Each function panics if a property does not hold. The targets in `tests/fuzz` are nothing but calls of these, and
//! the corpus that lies there is tried by an ordinary test, too. They take no time, no threads and no files, and reuse
//! their buffers, so that what is counted is the code that is tried.
//!
//! In a build for fuzzing checksums are believed more easily (`checksum.rs` in the crates of the formats). What is
//! asked for here holds with and without that.

pub mod bin;
mod events;
pub mod json;
pub mod line;
pub mod log;
mod memory;
pub mod names;
pub mod recovery;
mod snapshot;

use std::fmt;

// A target's binary calls its own function and no table of all: what is linked is what a fuzzer looks at after each input.

/// One target: its name, and what is tried.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of its binary and of its folder in the corpus.
    pub name: &'static str,
    /// Tries an input. It panics if a property does not hold.
    pub check: fn(&[u8]),
}

/// All targets, in the order of their names.
pub const TARGETS: [Target; 6] = [
    Target { name: "bin", check: bin::check },
    Target { name: "json", check: json::check },
    Target { name: "line", check: line::check },
    Target { name: "log", check: log::check },
    Target { name: "names", check: names::check },
    Target { name: "recovery", check: recovery::check },
];

/// A number that is the same for equal inputs, to choose among what may be tried.
fn number(input: &[u8]) -> usize {
    usize::try_from(crc32fast::hash(input)).unwrap_or(0)
}

/// Says which property does not hold, and ends the run.
#[expect(clippy::panic, reason = "a fuzzer sees only panics")]
fn broken(what: fmt::Arguments<'_>) -> ! {
    panic!("{what}");
}
