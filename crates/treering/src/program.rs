//! The program: data to standard output, everything else to standard error.

mod cli;
mod convert;
mod dump;
mod entry;
mod exit;
mod file;
mod fresh;
mod ls;
#[cfg(test)]
mod moving;
mod origin;
mod place;
mod repair;
mod run;
mod series;
mod settings;
mod shell;
mod still;
mod survey;
mod table;
mod verify;
mod words;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use exit::Outcome;

/// Parses the arguments and does what they say.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not errors: clap knows which stream is whose.
            let code = if error.use_stderr() { Outcome::Usage } else { Outcome::Done };
            return match error.print() {
                // Whoever reads the answer has enough of it.
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                    say(&format!("error: cannot write the output: {error}"));
                    Outcome::Unfinished.into()
                }
                _ => code.into(),
            };
        }
    };
    log_to_stderr();
    let result = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Dump(args) => dump::dump(&args),
        Command::Ls(args) => ls::ls(&args),
        Command::Verify(args) => verify::verify(&args),
        Command::Convert(args) => convert::convert(&args),
        Command::Repair(args) => repair::repair(&args),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    };
    match result {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            say(&format!("error: {error}"));
            error.outcome().into()
        }
    }
}

/// One line on standard error. Whoever closed it wants no more lines.
#[allow(clippy::print_stderr, reason = "this is the one place from which the program speaks to its user")]
fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{}", words::on_its_lines(line));
}

fn log_to_stderr() {
    let color =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(color)
        .with_target(false)
        // It would speak, and panic, on the very stream that nobody listens to.
        .log_internal_errors(false)
        .with_max_level(tracing::Level::INFO)
        .init();
}
