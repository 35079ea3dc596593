//! What shells and `man` want to know of the command line, made from its definition.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

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
    let mut program = Cli::command();
    program.build();
    let page = match &args.command {
        None => program,
        Some(name) => program
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Failure::new(Outcome::Usage, format!("there is no command {name:?}")))?,
    };
    let mut text = Vec::new();
    write_page(page, &mut text)
        .map_err(|error| Failure::new(Outcome::Unfinished, format!("cannot make the page: {error}")))?;
    print(&text)
}

fn write_page(page: Command, out: &mut Vec<u8>) -> io::Result<()> {
    let behind = page.get_after_help().map(ToString::to_string).unwrap_or_default();
    let has_commands = page.has_subcommands();
    let man = Man::new(page).source(concat!("treering ", env!("CARGO_PKG_VERSION")));
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    if has_commands {
        man.render_subcommands_section(out)?;
    }
    sections(&behind).to_writer(out)
}

/// What follows the options in the help: its titles become sections, and what is indented stays as it is.
fn sections(behind: &str) -> Roff {
    let mut page = Roff::new();
    let mut title = Some("NOTES".to_owned());
    let mut is_verbatim = false;
    for line in behind.lines() {
        if let Some(new) = line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            title = Some(new.to_uppercase());
            continue;
        }
        let verbatim = line.starts_with(' ');
        if is_verbatim && !verbatim {
            page.control("fi", []);
        }
        if let Some(title) = title.take_if(|_| !line.is_empty()) {
            page.control("SH", [title.as_str()]);
        }
        if verbatim && !is_verbatim {
            page.control("nf", []);
        }
        is_verbatim = verbatim;
        match line {
            "" => page.control("PP", []),
            line => page.text([roman(line)]),
        };
    }
    if is_verbatim {
        page.control("fi", []);
    }
    page
}

fn print(text: &[u8]) -> Result<Outcome, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Outcome::Unfinished, format!("cannot write the output: {error}")))
        }
        _ => Ok(Outcome::Done),
    }
}

#[cfg(test)]
mod tests {
    use super::super::cli::COMMANDS;
    use super::*;

    #[test]
    fn every_command_can_be_asked_for() {
        let program = Cli::command();
        let named: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
        assert_eq!(named, COMMANDS);
    }

    #[test]
    fn titles_become_sections_and_examples_stay_as_they_are() {
        let page = sections("Text\nof two lines.\n\nExamples:\n  a   b\n  c\n").to_roff();
        assert_eq!(page, ".SH NOTES\nText\nof two lines.\n.PP\n.SH EXAMPLES\n.nf\n  a   b\n  c\n.fi\n");
    }
}
