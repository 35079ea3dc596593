//! Lines that are printed: ours to standard error, what a called program said to standard output.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};

/// Prints a line. A closed standard error is nobody's loss.
pub(crate) fn line(text: &dyn Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Passes on a line of a called program's standard output.
pub(crate) fn output(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Prints an error and its causes.
pub(crate) fn failure(error: &dyn Error) {
    let mut text = format!("error: {error}");
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!("\n  because: {next}"));
        cause = next.source();
    }
    line(&text);
}
