//! The measurements: packages of their own, built optimised and run.

use crate::call::{Call, CallError};
use crate::workspace::Workspace;

const BENCH: &str = "run --release --quiet --locked --package treering-bench --";
/// What else there is, which is no member of the workspace: nobody who builds treering has to build that, too.
const COMPARE: &str = "run --release --quiet --locked --manifest-path bench/compare/Cargo.toml \
                       --target-dir target/compare --";

/// Hands the arguments to the one that they are for; true if it could measure.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<bool, CallError> {
    let (package, arguments) = match arguments {
        [first, rest @ ..] if first == "compare" => (COMPARE, rest),
        all => (BENCH, all),
    };
    arguments.iter().fold(Call::cargo(workspace, package), Call::arg).run()
}
