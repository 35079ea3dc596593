//! How fast treering is beside what a Rust user would take instead: the same samples, written and read back in the same
//! run, in turns.
//!
//! ```text
//!  documents: a host's columns as bytes and back      .bin, JSON | serde_json, sonic-rs, bitcode, postcard
//!  stores:    batches of samples, and opening again   log        | redb
//! ```
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table for whoever asked for it")]

mod documents;
mod model;
mod stores;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use treering_bench::Result;
use treering_bench::context::Context;
use treering_bench::page::Page;
use treering_bench::workload::Fritz;

/// The workload with treering, and with what a Rust user would take instead
///
/// Each row is measured with all of them in turns, in one process. The last column says how many times as long as treering
/// another one takes.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench compare", bin_name = "cargo xtask bench compare")]
struct Cli {
    /// Hosts of the workload, 460 series each
    #[arg(long, value_name = "H", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    hosts: u16,
    /// Samples of each series, at 60 s
    #[arg(long, value_name = "T", default_value_t = 720, value_parser = clap::value_parser!(u32).range(1..))]
    samples: u32,
    /// Rounds that count, behind one that does not
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Where files go meanwhile; the system's directory for temporary files otherwise
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Write the figures into docs/performance.md
    #[arg(long)]
    record: bool,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let place = match &cli.dir {
        Some(dir) => tempfile::tempdir_in(dir)?,
        None => tempfile::tempdir()?,
    };
    let context = Context {
        fritz: Fritz::new(cli.hosts.into(), usize::try_from(cli.samples)?),
        // The others have one thread.
        workers: 1,
        rounds: cli.rounds.into(),
        dir: place.path().to_path_buf(),
    };
    let mut rows = documents::run(&context)?;
    rows.extend(stores::run(&context)?);
    let text = table::text(&context, &rows);
    println!("{text}");
    if cli.record {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
        Page::of(workspace).fill_in("others", &text)?;
    }
    Ok(())
}
