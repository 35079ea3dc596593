//! Why there is no answer, and what goes wrong with a mounted disk.

use std::fmt::Display;
use std::io;

use treering_tests::Mismatch;

/// Why a run came to no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{what}")]
    Io {
        what: String,
        #[source]
        source: io::Error,
    },
    #[error("`{command}` failed: {said}")]
    Command { command: String, said: String },
    #[error("the process that serves the disk has failed")]
    Server,
    #[error("no flush arrived at the disk: this loop device does not pass them on")]
    NoFlush,
    #[error("the run that is to be interrupted went wrong by itself: {0}")]
    Run(Mismatch),
    #[error("the store did something else on this file system than on the simulated disk: {0}")]
    OtherOperations(String),
    #[error("{path} is no recording of this version: {what}")]
    Recording { path: String, what: String },
    #[error("{0}")]
    Usage(String),
}

impl Failure {
    /// For `map_err`: what was being done.
    pub(crate) fn io(what: impl Display) -> impl FnOnce(io::Error) -> Failure {
        move |source| Failure::Io { what: what.to_string(), source }
    }
}
