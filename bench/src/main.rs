//! The rows on the command line.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table for whoever asked for it")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use treering_bench::Result;
use treering_bench::context::{Context, Written};
use treering_bench::machine::Machine;
use treering_bench::page::{Growth, Page};
use treering_bench::report::{Report, head};
use treering_bench::rows::{ROWS, Row};
use treering_bench::runs::instructions;
use treering_bench::runs::leave::{self, Left};
use treering_bench::runs::load;
use treering_bench::runs::profile;
use treering_bench::runs::resident::{self, Resident};
use treering_bench::workload::Fritz;

/// Sizes at which growth is looked at, and the rows.
const GROWTH_HOSTS: [usize; 4] = [50, 100, 200, 400];
const GROWING: [&str; 7] =
    ["ingest", "bin-write", "bin-load", "json-exact", "json-decimal", "json-load", "log-replay"];
/// Hosts of a quick look.
const QUICK_HOSTS: usize = 10;

/// How fast the store is, as ratios to what the same bytes cost anyway
///
/// Without rows all of them. A ratio of 0.5 means that the floor takes half as long.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench", after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    run: Option<Run>,
    #[command(flatten)]
    size: Size,
    /// The rows; --list names them
    #[arg(value_name = "ROW")]
    rows: Vec<String>,
    /// Name the rows, and measure nothing
    #[arg(long)]
    list: bool,
    /// Write the figures as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure all rows, and growth with the number of hosts, and write the figures into docs/performance.md
    #[arg(long, conflicts_with_all = ["quick", "json", "rows"])]
    record: bool,
    /// Ten hosts: a look that takes less than a minute
    #[arg(long, conflicts_with = "hosts")]
    quick: bool,
}

const EXAMPLES: &str = "cargo xtask bench compare --help: the same samples with other libraries, which are built for that only.\n\n\
                        Examples:\n  cargo xtask bench\n  cargo xtask bench bin-load json-load --hosts 200\n  \
                        cargo xtask bench load ./var/checkpoints\n  cargo xtask bench write /tmp/fritz --file-format json";

#[derive(Debug, Args)]
struct Size {
    /// Hosts of the workload, 460 series each
    #[arg(long, value_name = "H", default_value_t = 100, value_parser = at_least_1())]
    hosts: u32,
    /// Samples of each series, at 60 s
    #[arg(long, value_name = "T", default_value_t = 720, value_parser = at_least_1())]
    samples: u32,
    /// Threads that recover and checkpoint
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = at_least_1())]
    workers: u32,
    /// Rounds that count, behind one that does not
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = at_least_1())]
    rounds: u32,
    /// Where files go meanwhile; the system's directory for temporary files otherwise
    #[arg(long, value_name = "DIR", env = "TREERING_BENCH_DIR", hide_env = true)]
    dir: Option<PathBuf>,
}

fn at_least_1() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

#[derive(Debug, Subcommand)]
enum Run {
    /// Time how long any directory of checkpoints takes to open, whoever wrote it
    Load {
        /// The directory, with <cluster>/<host>/ in it
        dir: PathBuf,
        /// Threads that recover
        #[arg(long, value_name = "N", default_value_t = 2, value_parser = at_least_1())]
        workers: u32,
        /// How often
        #[arg(long, value_name = "N", default_value_t = 9, value_parser = at_least_1())]
        rounds: u32,
    },
    /// Write the workload as snapshots that stay
    Write {
        /// A new or empty directory
        into: PathBuf,
        /// `wal` writes `.bin`, as a store does that has logs beside it
        #[arg(long, value_name = "FORMAT", default_value = "wal")]
        file_format: FileFormat,
        /// Digits behind the point of each number, in JSON; exact without it
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=1))]
        decimals: Option<u8>,
        #[command(flatten)]
        size: Size,
    },
    /// Write the workload as logs that stay
    Log {
        /// A new or empty directory
        into: PathBuf,
        #[command(flatten)]
        size: Size,
    },
    /// Count the instructions of the hot loops with valgrind, and compare them with docs/performance.md
    ///
    /// They are the same on any machine. Exit code 1 if a loop takes more than the page says.
    Instructions {
        /// Write them into the page instead
        #[arg(long)]
        record: bool,
    },
    /// Tell what the time of rows goes to, with `perf`
    ///
    /// Rows that do not reach what is wanted of them, or hardly, have a profile; without any, all of these are shown.
    Profile {
        /// The rows
        #[arg(value_name = "ROW")]
        rows: Vec<String>,
        /// Hosts of the workload
        #[arg(long, value_name = "H", default_value_t = 100, value_parser = at_least_1())]
        hosts: u32,
        /// Write the shares into docs/performance.md
        #[arg(long, conflicts_with = "rows")]
        record: bool,
    },
    #[command(hide = true)]
    Turn { name: String, turns: usize },
    #[command(hide = true)]
    Resident {
        what: ResidentArg,
        checkpoint: PathBuf,
        #[command(flatten)]
        size: Size,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FileFormat {
    Wal,
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ResidentArg {
    Load,
    Ingest,
    Again,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}

/// Whether nothing has become worse, where that was asked.
fn run(cli: &Cli) -> Result<bool> {
    if let Some(Run::Instructions { record }) = &cli.run {
        return instructions::run(&page(), *record);
    }
    measure(cli).map(|()| true)
}

fn page() -> Page {
    Page::of(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")))
}

fn measure(cli: &Cli) -> Result<()> {
    match &cli.run {
        Some(Run::Instructions { .. }) => Ok(()),
        Some(Run::Profile { rows, hosts, record }) => {
            profile::run(&page(), rows, *hosts, tempfile::tempdir()?.path(), *record)
        }
        Some(Run::Turn { name, turns }) => instructions::turn(name, *turns),
        None => table(cli),
        Some(Run::Load { dir, workers, rounds }) => {
            load::run(dir, usize::try_from(*workers)?, usize::try_from(*rounds)?)
        }
        Some(Run::Write { into, file_format, decimals, size }) => {
            let written = match (file_format, decimals) {
                (FileFormat::Wal, None) => Written::Bin,
                (FileFormat::Wal, Some(_)) => {
                    return Err("--decimals is for JSON: .bin keeps every bit".into());
                }
                (FileFormat::Json, None) => Written::Exact,
                (FileFormat::Json, Some(_)) => Written::OneDecimal,
            };
            leave::run(&context(size, Path::new(""))?, into, Left::Snapshots(written))
        }
        Some(Run::Log { into, size }) => leave::run(&context(size, Path::new(""))?, into, Left::Logs),
        Some(Run::Resident { what, checkpoint, size }) => {
            let what = match what {
                ResidentArg::Load => Resident::Load,
                ResidentArg::Ingest => Resident::Ingest,
                ResidentArg::Again => Resident::Again,
            };
            resident::run(&context(size, Path::new(""))?, checkpoint, what)
        }
    }
}

fn context(size: &Size, dir: &Path) -> Result<Context> {
    Ok(Context {
        fritz: Fritz::new(usize::try_from(size.hosts)?, usize::try_from(size.samples)?),
        workers: usize::try_from(size.workers)?,
        rounds: usize::try_from(size.rounds)?,
        dir: dir.to_path_buf(),
    })
}

fn table(cli: &Cli) -> Result<()> {
    if cli.list {
        ROWS.iter().for_each(|row| println!("{:<14} {}", row.name, row.what));
        return Ok(());
    }
    let rows = wanted(&cli.rows)?;
    // Before an hour is spent on figures that have no place.
    let page = page();
    let place = match &cli.size.dir {
        Some(dir) => tempfile::tempdir_in(dir)?,
        None => tempfile::tempdir()?,
    };
    let mut context = context(&cli.size, place.path())?;
    if cli.quick {
        context.fritz = Fritz::new(QUICK_HOSTS, context.fritz.samples());
    }
    let mut report = Report { lines: Vec::new(), machine: Machine::here(&context) };
    let machine = &report.machine;
    println!(
        "{}, {} cores, {}, Linux {}, huge pages {}",
        machine.cpu, machine.cores, machine.vectors, machine.kernel, machine.huge_pages
    );
    println!(
        "{} hosts x 460 series x {} samples, {} workers, median of {} rounds\n",
        machine.hosts, machine.samples, machine.workers, machine.rounds
    );
    println!("{}", head());
    for row in rows {
        let lines = (row.run)(&context).map_err(|error| format!("{}: {error}", row.name))?;
        lines.iter().for_each(|line| println!("{}", line.row()));
        report.lines.extend(lines);
        clear(place.path())?;
    }
    println!("\n{}", report.legend());
    if cli.record {
        return page.write(&report, &growth(&mut context)?);
    }
    match &cli.json {
        Some(path) => report.write(path),
        None => Ok(()),
    }
}

/// The rows that move samples, with more and more hosts.
fn growth(context: &mut Context) -> Result<Vec<Growth>> {
    let rows: Vec<_> = ROWS.iter().filter(|row| GROWING.contains(&row.name)).collect();
    let mut growth = Vec::new();
    for hosts in GROWTH_HOSTS {
        context.fritz = Fritz::new(hosts, context.fritz.samples());
        println!("{hosts} hosts\n{}", head());
        let mut lines = Vec::new();
        for row in &rows {
            lines.extend((row.run)(context).map_err(|error| format!("{}: {error}", row.name))?);
            if let Some(line) = lines.last() {
                println!("{}", line.row());
            }
            clear(&context.dir)?;
        }
        growth.push(Growth { hosts, lines });
    }
    Ok(growth)
}

/// A row's files go before those of the next come.
fn clear(dir: &Path) -> Result<()> {
    for name in std::fs::read_dir(dir)? {
        std::fs::remove_dir_all(name?.path())?;
    }
    Ok(())
}

fn wanted(names: &[String]) -> Result<Vec<&'static Row>> {
    let find = |name: &String| {
        ROWS.iter().find(|row| row.name == name).ok_or_else(|| {
            let known: Vec<_> = ROWS.iter().map(|row| row.name).collect();
            format!("there is no row `{name}`; there are {}", known.join(", ")).into()
        })
    };
    if names.is_empty() { Ok(ROWS.iter().collect()) } else { names.iter().map(find).collect() }
}
