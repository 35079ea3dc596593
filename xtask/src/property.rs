//! The property tests of the workspace, with more cases than a plain test run gives them.

use std::num::NonZeroU32;

use crate::call::{Call, CallError};
use crate::say;
use crate::workspace::Workspace;

/// A property test has this in its name or in its module's.
pub(crate) const FILTER: &str = "prop";

/// Runs them; true if all passed and there was at least one.
pub(crate) fn run(workspace: &Workspace, cases: NonZeroU32) -> Result<bool, CallError> {
    let mut ran = 0;
    // Doc tests hold no properties. This package's tests are left out: some are about this command.
    let arguments = format!("test --workspace --exclude xtask --release --locked --tests -- {FILTER}");
    let passed =
        Call::cargo(workspace, &arguments).env("PROPTEST_CASES", cases.to_string()).run_reading(|line| {
            say::output(line);
            ran += tests_of(line).unwrap_or(0);
        })?;
    if passed && ran == 0 {
        say::line(&format_args!("no test has `{FILTER}` in its name: nothing was tried"));
        return Ok(false);
    }
    if passed {
        say::line(&format_args!("{ran} tests passed, each property with {cases} cases"));
    }
    Ok(passed)
}

/// How many tests passed, by the summary line of a test binary.
fn tests_of(line: &str) -> Option<u64> {
    let summary = line.strip_prefix("test result: ok. ")?;
    summary.split_once(" passed")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_lines_are_counted_and_no_others() {
        let summary = "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out";
        assert_eq!(tests_of(summary), Some(12));
        assert_eq!(tests_of("test result: FAILED. 3 passed; 1 failed"), None);
        assert_eq!(tests_of("test a::prop_x ... ok"), None);
    }
}
