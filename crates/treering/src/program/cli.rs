//! The command line.

mod make;

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use treering::duration::GoDuration;

#[cfg(test)]
pub(crate) use make::COMMANDS;
use make::one_decimal;
pub(crate) use make::{CompletionsArgs, ConvertArgs, Decimals, ManArgs, RepairArgs, To};

/// An in-memory store for monitoring data that never forgets
#[derive(Debug, Parser)]
#[command(
    name = "treering",
    version,
    max_term_width = 100,
    after_help = "\
Exit codes:
  0  done, and all input was read
  1  the answer is no: damage, nothing found
  2  the arguments or the configuration are wrong
  3  it could not be finished
  4  refused: another process has the store, or the destination exists"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the store: takes in samples, keeps them, writes checkpoints
    Run(RunArgs),
    /// Prints what a snapshot, a log or a whole store holds
    Dump(DumpArgs),
    /// Lists what lies in a store, host by host
    Ls(LsArgs),
    /// Checks snapshots, logs and whole stores, and says what to do about what it finds
    Verify(VerifyArgs),
    /// Converts snapshots, or all of a store's, into another format
    Convert(ConvertArgs),
    /// Makes a new store of all that is sound in a damaged one
    Repair(RepairArgs),
    /// Prints completions for a shell
    Completions(CompletionsArgs),
    /// Prints a manual page
    Man(ManArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Without --input it measures this machine every second, under local/<hostname>.
Stop it with Ctrl-C: it writes a last checkpoint first.
Durations are numbers with units: 90s, 1h30m, 48h (ns, us, ms, s, m, h).

Examples:
  treering run                                      measure this machine into ./var/checkpoints
  treering run --for 1m --dir /tmp/try              the same for a minute, somewhere else
  collector | treering run --input - --acks         samples as line protocol, acknowledged
  treering run --config config.json --input batch.lp --sync always
  treering run --file-format json                   JSON snapshots, and no log")]
pub(crate) struct RunArgs {
    /// Directory of the store, made if it is missing [default: the configuration's, or ./var/checkpoints]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    /// Configuration file (JSON): metrics that it does not name are refused; other arguments win over it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Measure this machine, also when there is an --input
    #[arg(long)]
    pub(crate) collect: bool,

    /// Read samples as line protocol from a file, or from standard input if FILE is -
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,

    /// What is written: binary snapshots and a log, or JSON snapshots and no log [default: the configuration's, or wal]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) file_format: Option<FileFormat>,

    /// Digits after the point in JSON snapshots: 1 is what ClusterCockpit writes, without it every value is exact
    #[arg(long, value_name = "N", value_parser = one_decimal)]
    pub(crate) decimals: Option<Decimals>,

    /// When the log is made safe from a power cut; the death of the process loses nothing under any policy
    /// [default: interval]
    #[arg(long, value_enum, value_name = "POLICY")]
    pub(crate) sync: Option<Sync>,

    /// What happens to samples of a host whose log fails, until it works again
    #[arg(long, value_enum, default_value_t = DiskFull::Memory, value_name = "WHAT")]
    pub(crate) on_disk_full: DiskFull,

    /// Time between checkpoints, 0 for none but the last [default: the configuration's, or 12h]
    #[arg(long, value_name = "DURATION", value_parser = not_negative)]
    pub(crate) checkpoint_interval: Option<GoDuration>,

    /// How long samples are kept, 0 for ever [default: the configuration's, or 48h]
    #[arg(long, value_name = "DURATION", value_parser = not_negative)]
    pub(crate) retention: Option<GoDuration>,

    /// Interval of metrics of which nothing else is known
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) default_interval: NonZeroU32,

    /// Stop by itself after this time
    #[arg(long = "for", value_name = "DURATION", value_parser = not_negative)]
    pub(crate) stop_after: Option<GoDuration>,

    /// Print "ack N" when the first N input lines are as safe as --sync promises
    #[arg(long, requires = "input")]
    pub(crate) acks: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
A directory is read as a start would read it, but nothing is locked or changed, so it may be in use.
A gap is a slot without a sample. Times are Unix seconds.

Exit codes:
  0  all of it is sound
  1  something is damaged, what is sound was printed; or nothing is stored
  3  something could not be read

Examples:
  treering dump var/checkpoints                     every series with its span and latest value
  treering dump var/checkpoints --format tsv        every sample, one a line
  treering dump var/checkpoints/c/h                 one host
  treering dump var/checkpoints/c/h/1700000000.bin  one snapshot
  treering dump var/checkpoints/c/h/current.wal     one log
  treering dump 1.json --json | jq 'select(.kind == \"column\").maximum'")]
pub(crate) struct DumpArgs {
    /// A snapshot (.bin, .json), a log (.wal) or the directory of a store, of a cluster or of a host
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,

    /// For reading, or for programs
    #[arg(long, value_enum, default_value_t = Format::Text, conflicts_with = "json")]
    pub(crate) format: Format,

    /// The same as --format json
    #[arg(long)]
    pub(crate) json: bool,

    /// Configuration file (JSON), for the intervals of metrics
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Interval of metrics of which nothing else is known
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) default_interval: NonZeroU32,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is locked or changed, so the store may be in use. Times are Unix seconds.

Exit codes:
  0  listed
  1  listed, but some files are damaged; or nothing is stored
  3  something could not be read

Examples:
  treering ls                         the store in ./var/checkpoints
  treering ls /srv/store --files      its files, too
  treering ls --json | jq .totals     for programs")]
pub(crate) struct LsArgs {
    /// Directory of a store, or of a cluster or host in it [default: ./var/checkpoints]
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    /// One row for each file
    #[arg(long)]
    pub(crate) files: bool,

    /// One JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is locked or changed, so a store may be in use. Damage is what loses samples, or may;
notes are everything else that an operator should know, such as a torn last record after a crash.

Exit codes:
  0  sound, perhaps with notes
  1  damaged, or nothing to verify
  3  not damaged as far as it could be read

Examples:
  treering verify                                the store in ./var/checkpoints
  treering verify var/checkpoints/c/h            one host
  treering verify backup/*.bin && echo sound     files
  treering verify --json | jq 'select(.severity == \"damage\")'")]
pub(crate) struct VerifyArgs {
    /// Snapshots, logs, hosts' directories or stores [default: ./var/checkpoints]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// One JSON object a line for each finding, then one for all
    #[arg(long)]
    pub(crate) json: bool,

    /// Say nothing, only exit
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileFormat {
    /// Binary snapshots and a log: the death of the process loses nothing acknowledged
    Wal,
    /// JSON snapshots only: the death of the process loses what came after the last checkpoint
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiskFull {
    /// They are kept in memory, and acknowledged when a checkpoint has them
    Memory,
    /// They are refused and counted
    Refuse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sync {
    /// Before a sample is acknowledged: a power cut loses nothing acknowledged
    Always,
    /// Every second: a power cut loses about what came in the last second
    Interval,
    /// With checkpoints: a power cut loses what came after the last one
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables for eyes
    Text,
    /// Tab separated rows, values as bits
    Tsv,
    /// One JSON object a line
    Json,
}

fn not_negative(text: &str) -> Result<GoDuration, String> {
    let duration: GoDuration =
        text.parse().map_err(|error: treering::duration::DurationError| error.to_string())?;
    duration.to_std().map(|_| duration).ok_or_else(|| "a duration below 0 makes no sense here".to_owned())
}

fn seconds(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| format!("whole seconds are expected, 1 to {}", u32::MAX))
}
