//! Arguments of the commands that make something new out of a store, and of those that print about the program.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
#[command(after_help = "\
What was written is read again and compared with the source, value by value. What is lost is said:
values that one decimal has changed, infinite values, which JSON does not have, bytes behind the
end, members that no snapshot has, damage. Sound parts of what is damaged are converted. A directory
is converted with its logs, which are copied; what no store has put there is named and left. Nothing
is ever overwritten, and DST appears only when it is complete.

Exit codes:
  0  done; what was lost, if anything, was said
  1  something is damaged, or would be lost with --lossless, or there is nothing to convert
  3  something could not be read or written
  4  DST exists, or another process has the store

Examples:
  treering convert var/checkpoints readable --to json      a whole store
  treering convert 1700000000.json 1.bin --to bin          one snapshot
  treering convert var/checkpoints small --to json --decimals 1 --lossless
                                                           if one decimal is enough")]
pub(crate) struct ConvertArgs {
    /// A snapshot (.bin, .json) or the directory of a store, of a cluster or of a host
    #[arg(value_name = "SRC")]
    pub(crate) source: PathBuf,

    /// What is made: a name that is not taken
    #[arg(value_name = "DST")]
    pub(crate) destination: PathBuf,

    /// The format that is written
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) to: To,

    /// Write JSON with so many decimals: 1, as the reference does [default: all that a value has]
    #[arg(long, value_name = "N", value_parser = one_decimal)]
    pub(crate) decimals: Option<Decimals>,

    /// If anything would be lost, make nothing
    #[arg(long)]
    pub(crate) lossless: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
It reads DIR as a start would: sound columns of damaged snapshots, records behind damage in logs,
merged by the same rules. Without --write it says what it found and would do, and writes nothing.
With --write it makes NEW, whose snapshots give exactly the samples of `treering dump DIR`, and
compares the two. DIR stays as it is.

The report names every range of bytes that did not make it, and why.

Exit codes:
  0  all that was stored is there
  1  something that was stored is lost, or nothing is stored
  3  something could not be read or written
  4  NEW exists, or another process has the store

Examples:
  treering repair var/checkpoints --out rescued            the plan
  treering repair var/checkpoints --out rescued --write    a new store of all that is sound
  treering repair var/checkpoints --out rescued --json     the plan for programs")]
pub(crate) struct RepairArgs {
    /// The directory of a store, of a cluster or of a host
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The directory of the new store: a name that is not taken
    #[arg(long, value_name = "NEW")]
    pub(crate) out: PathBuf,

    /// Write it
    #[arg(long)]
    pub(crate) write: bool,

    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Configuration file (JSON), for the intervals of metrics
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Interval of metrics of which nothing else is known
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = super::seconds)]
    pub(crate) default_interval: NonZeroU32,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  treering completions bash > /etc/bash_completion.d/treering
  treering completions fish > ~/.config/fish/completions/treering.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// Every command, as `man` is asked for it.
pub(crate) const COMMANDS: [&str; 8] =
    ["run", "dump", "ls", "verify", "convert", "repair", "completions", "man"];

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  treering man > treering.1
  treering man run | man -l -                       of one command")]
pub(crate) struct ManArgs {
    /// The command that the page is about [default: the program]
    #[arg(value_name = "COMMAND", value_parser = COMMANDS)]
    pub(crate) command: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum To {
    /// Text for people and their tools
    Json,
    /// Blocks of values with checksums
    Bin,
}

/// How many decimals are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decimals {
    /// One, correctly rounded.
    One,
}

pub(super) fn one_decimal(text: &str) -> Result<Decimals, String> {
    if text == "1" { Ok(Decimals::One) } else { Err("only 1 is known".to_owned()) }
}
