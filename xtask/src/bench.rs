//! The measurements: a package of its own, built optimised and run.

use crate::call::{Call, CallError};
use crate::workspace::Workspace;

/// Hands it the arguments; true if it could measure.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<bool, CallError> {
    let call = Call::cargo(workspace, "run --release --quiet --locked --package treering-bench --");
    arguments.iter().fold(call, Call::arg).run()
}
