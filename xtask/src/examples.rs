//! The examples that are run, not only built: those of the crate that a library user starts with.

use crate::built;
use crate::call::{Call, CallError};
use crate::workspace::Workspace;

/// Where these examples lie, from the workspace's root on.
const FOLDER: &str = "crates/persist/examples/";

/// Why the examples cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ExamplesError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("{FOLDER} holds no example: the library's example belongs there")]
    None,
}

/// Runs them; true if all succeeded.
pub(crate) fn run(workspace: &Workspace) -> Result<bool, ExamplesError> {
    // For the whole workspace, as the tests are built: for one package features differ, and cargo would
    // build half of the dependencies again.
    let Some(mut programs) = built::programs(workspace, "build --workspace --examples --locked")? else {
        return Ok(false);
    };
    programs.retain(|source, _| source.starts_with(FOLDER));
    if programs.is_empty() {
        return Err(ExamplesError::None);
    }
    for program in programs.values() {
        if !Call::program(workspace, program).run()? {
            return Ok(false);
        }
    }
    Ok(true)
}
