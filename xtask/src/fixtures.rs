//! The sample files of the formats: made, or compared, by a program of the package that knows the formats.
//!
//! It is a program of its own so that `cargo xtask` stays as quick to build as it is.

use crate::call::{Call, CallError};
use crate::workspace::Workspace;

/// Writes the samples that are absent, or only compares; true if all are as the code makes and reads them.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<bool, CallError> {
    let program = "run --quiet --locked --package treering-tests --bin fixtures";
    Call::cargo(workspace, &if check { format!("{program} -- --check") } else { program.to_owned() }).run()
}
