//! One call of cargo or of a program it built: printed, then run.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::say;
use crate::workspace::Workspace;

/// A call in the workspace's root, without standard input.
#[derive(Debug)]
pub(crate) struct Call {
    root: PathBuf,
    program: OsString,
    /// The program as one would type it.
    name: String,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CallError {
    #[error("`{command}` did not start")]
    Start {
        command: String,
        #[source]
        source: io::Error,
    },
    #[error("the output of `{command}` cannot be read")]
    Output {
        command: String,
        #[source]
        source: io::Error,
    },
}

impl Call {
    /// A call of cargo; `arguments` is split at blanks.
    pub(crate) fn cargo(workspace: &Workspace, arguments: &str) -> Self {
        // Cargo names itself to what it starts, so that the same toolchain is used below.
        let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let root = workspace.root().to_path_buf();
        Self { root, program, name: "cargo".to_owned(), arguments: Vec::new(), environment: Vec::new() }
            .args(arguments)
    }

    /// A call of a program, without arguments so far.
    pub(crate) fn program(workspace: &Workspace, path: &Path) -> Self {
        let (root, name) = (workspace.root().to_path_buf(), workspace.relative(path));
        Self { root, program: path.into(), name, arguments: Vec::new(), environment: Vec::new() }
    }

    /// One argument, which may have blanks in it.
    pub(crate) fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Several arguments, split at blanks.
    pub(crate) fn args(mut self, arguments: &str) -> Self {
        self.arguments.extend(arguments.split_whitespace().map(str::to_owned));
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Prints the call, runs it, and says whether it succeeded.
    pub(crate) fn run(&self) -> Result<bool, CallError> {
        say::line(&format_args!("$ {self}"));
        let status = self.command().status().map_err(|source| self.did_not_start(source))?;
        Ok(status.success())
    }

    /// As `run`, and hands over each line of the call's standard output as it comes.
    pub(crate) fn run_reading(&self, mut line: impl FnMut(&str)) -> Result<bool, CallError> {
        say::line(&format_args!("$ {self}"));
        let mut child =
            self.command().stdout(Stdio::piped()).spawn().map_err(|source| self.did_not_start(source))?;
        let read = match child.stdout.take() {
            Some(output) => read_lines(BufReader::new(output), &mut line),
            None => Ok(()),
        };
        // Waited for in any case: no process is left behind.
        let status: io::Result<ExitStatus> = child.wait();
        read.and(status)
            .map(|status| status.success())
            .map_err(|source| CallError::Output { command: self.to_string(), source })
    }

    /// As `run_reading` with standard error, where a fuzzer says what it does.
    pub(crate) fn run_reading_errors(&self, mut line: impl FnMut(&str)) -> Result<bool, CallError> {
        say::line(&format_args!("$ {self}"));
        let mut child =
            self.command().stderr(Stdio::piped()).spawn().map_err(|source| self.did_not_start(source))?;
        let read = match child.stderr.take() {
            Some(errors) => read_lines(BufReader::new(errors), &mut line),
            None => Ok(()),
        };
        let status: io::Result<ExitStatus> = child.wait();
        read.and(status)
            .map(|status| status.success())
            .map_err(|source| CallError::Output { command: self.to_string(), source })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.root).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn did_not_start(&self, source: io::Error) -> CallError {
        CallError::Start { command: self.to_string(), source }
    }
}

/// As one would type it.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.environment {
            if value.contains(' ') {
                write!(f, "{name}=\"{value}\" ")?;
            } else {
                write!(f, "{name}={value} ")?;
            }
        }
        f.write_str(&self.name)?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {argument}"))
    }
}

fn read_lines(mut output: impl BufRead, line: &mut impl FnMut(&str)) -> io::Result<()> {
    let mut bytes = Vec::new();
    while output.read_until(b'\n', &mut bytes)? > 0 {
        line(String::from_utf8_lossy(&bytes).trim_end());
        bytes.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_call_can_be_typed_again() {
        let workspace = Workspace::of_this_source();
        let call = Call::cargo(&workspace, "doc --no-deps").env("RUSTDOCFLAGS", "-D warnings").env("A", "1");
        assert_eq!(call.to_string(), "RUSTDOCFLAGS=\"-D warnings\" A=1 cargo doc --no-deps");
    }

    #[test]
    fn a_failing_call_is_no_success() {
        let workspace = Workspace::of_this_source();
        assert!(!Call::cargo(&workspace, "no-such-command").run().unwrap());
    }

    #[test]
    fn the_output_of_a_call_is_handed_over_by_lines() {
        let workspace = Workspace::of_this_source();
        let mut lines = Vec::new();
        let passed = Call::cargo(&workspace, "--version").run_reading(|line| lines.push(line.to_owned()));
        assert!(passed.unwrap());
        assert!(lines.iter().any(|line| line.starts_with("cargo ")), "{lines:?}");
    }
}
