//! Exit codes, and errors that say what, where, and what to do next.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitCode;

/// How the program ended. The numbers are a promise to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All done, all input read.
    Done = 0,
    /// The answer is no: damage, nothing found.
    No = 1,
    /// The arguments or the configuration are wrong.
    Usage = 2,
    /// It could not be finished.
    Unfinished = 3,
    /// Refused: in use by another process, or the result would take the place of something.
    Refused = 4,
}

impl Outcome {
    /// What it means that a path which was given cannot be looked at: a mistyped one is for the caller to change.
    pub(crate) fn of_path(error: &io::Error) -> Outcome {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => {
                Outcome::Usage
            }
            _ => Outcome::Unfinished,
        }
    }
}

/// Why the program stops early.
#[derive(Debug)]
pub(crate) struct Failure {
    outcome: Outcome,
    what: String,
    /// What the user may type or change next.
    next: Option<String>,
}

impl Failure {
    pub(crate) fn new(outcome: Outcome, what: impl Into<String>) -> Failure {
        Failure { outcome, what: what.into(), next: None }
    }

    /// An error with all its causes.
    pub(crate) fn because(outcome: Outcome, error: &dyn Error) -> Failure {
        Failure::new(outcome, chain(error))
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, next: impl Into<String>) -> Failure {
        self.next = Some(next.into());
        self
    }

    pub(crate) fn outcome(&self) -> Outcome {
        self.outcome
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)?;
        match &self.next {
            Some(next) => write!(out, "\n  {next}"),
            None => Ok(()),
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        ExitCode::from(match outcome {
            Outcome::Done => 0,
            Outcome::No => 1,
            Outcome::Usage => 2,
            Outcome::Unfinished => 3,
            Outcome::Refused => 4,
        })
    }
}

/// An error and its causes, as one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
