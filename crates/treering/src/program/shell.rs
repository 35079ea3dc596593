//! What shells and `man` want to know of the command line, made from its definition.

use std::io::{self, Write};

use clap::CommandFactory;

use super::cli::{Cli, CompletionsArgs, ManArgs};
use super::exit::{Failure, Outcome};

/// Prints the completions for a shell.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "treering", &mut script);
    print(&script)
}

/// Prints the manual page of the program, or of one of its commands.
pub(crate) fn man(args: &ManArgs) -> Result<Outcome, Failure> {
    let mut command = Cli::command();
    command.build();
    let page = match &args.command {
        None => command,
        Some(name) => command
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Failure::new(Outcome::Usage, format!("there is no command {name:?}")))?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).map_err(|error| cannot_write(&error))?;
    print(&text)
}

fn print(text: &[u8]) -> Result<Outcome, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(cannot_write(&error)),
        _ => Ok(Outcome::Done),
    }
}

fn cannot_write(error: &io::Error) -> Failure {
    Failure::new(Outcome::Unfinished, format!("cannot write the output: {error}"))
}
