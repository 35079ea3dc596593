//! `cargo xtask`: what contributors and CI run on this workspace.
//!
//! It checks and starts things; it builds nothing that a user gets, and no other crate depends on it.
//! Exit codes: 0 all is well, 1 the answer is no (a finding, a failed test), 2 usage, 3 could not finish.
#![forbid(unsafe_code)]

mod bench;
mod built;
mod call;
mod ci;
mod examples;
mod faults;
mod fixtures;
mod fuzz;
mod layers;
mod planted;
mod powerloss;
mod property;
mod results;
mod say;
mod tidy;
mod workspace;

use std::num::NonZeroU32;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Property tests start with proptest's own 256 cases; a run by hand should look further.
const CASES: NonZeroU32 = NonZeroU32::new(10_000).unwrap();

/// What contributors and CI run on this workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = "Example:\n  cargo xtask ci")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Hold the edges between the crates, and what they may take from outside, against the table of crates
    ///
    /// Reads the manifests and Cargo.lock, needs no network. Every target and every feature counts.
    /// Dev-dependencies are held against a list of their own.
    #[command(after_help = "Example:\n  cargo xtask layers")]
    Layers,
    /// Hold the tree against the house rules of CONTRIBUTING.md
    #[command(after_help = "Example:\n  cargo xtask tidy")]
    Tidy,
    /// Run the property tests with many cases, optimised
    ///
    /// A property test has `prop` in its name or in its module's name.
    #[command(after_help = "Example:\n  cargo xtask proptest --cases 100000")]
    Proptest {
        /// How many cases each property is tried with
        #[arg(long, value_name = "N", default_value_t = CASES)]
        cases: NonZeroU32,
    },
    /// Write the sample files of the formats that are absent, and compare all with what the code makes and reads
    ///
    /// They lie in tests/data/{bin,json,wal}/v1, each with what is read from it beside it, and are never changed.
    #[command(after_help = "Example:\n  cargo xtask fixtures --check")]
    Fixtures {
        /// Write nothing
        #[arg(long)]
        check: bool,
    },
    /// Run the fault matrix: deaths, power cuts, failing and full disks, and what a store makes of them
    ///
    /// Without options every row at the numbers of CI. With --count or --minutes deeper, optimised, and going on where the
    /// last run ended. What was tried is noted in docs/fault-results.jsonl, and docs/fault-results.md is made of it.
    #[command(after_help = "Examples:\n  cargo xtask faults\n  cargo xtask faults --row 6 --minutes 10\n  \
                            cargo xtask faults --row 13 --seed 4711")]
    Faults(faults::Options),
    /// Try inputs that a fuzzer makes up: formats, line protocol, names, and whole stores of any files
    ///
    /// Needs cargo-fuzz. New inputs that reach new code are kept in tests/fuzz/grown, those that fail in
    /// tests/fuzz/artifacts; git ignores both. How many were tried is noted in docs/fault-results.jsonl.
    #[command(
        after_help = "Examples:\n  cargo xtask fuzz --smoke\n  cargo xtask fuzz recovery --seconds 600 --jobs 2\n  \
                            cargo xtask fuzz log --executions 100000000"
    )]
    Fuzz(fuzz::Options),
    /// Plant each bug of the list on purpose: the row of the fault matrix that is named for it has to see it
    ///
    /// This is row 20 of the fault matrix, and part of `cargo xtask faults`.
    #[command(after_help = "Example:\n  cargo xtask planted")]
    Planted {
        /// Ask the other rows, too, and make the table in docs/testing.md anew; takes half an hour
        #[arg(long)]
        table: bool,
    },
    /// Cut the power of real file systems, and see whether the store keeps its promises on what is left
    ///
    /// A run of the store is recorded as what the file system asks of its disk, and cut at any of these requests. Needs
    /// root, FUSE, a loop device, and the file system's programs; says what is missing. Row 7 of the fault matrix.
    #[command(after_help = "Examples:\n  cargo xtask powerloss --fs ext4\n  \
                            cargo xtask powerloss --fs xfs --images 100 --without-syncs")]
    Powerloss(powerloss::Options),
    /// Measure how fast the store is, as ratios to what the same bytes cost anyway
    ///
    /// Builds the package `bench`, optimised, and hands it all that follows: `cargo xtask bench --help` is its own help.
    #[command(disable_help_flag = true)]
    Bench {
        /// Rows, options and runs of the package
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run everything that CI runs, in its order; stop at the first failure
    ///
    /// Tests, formatting, clippy, rustdoc, layers, tidy, the library's examples, the packages apart, and the fault matrix.
    #[command(after_help = "Example:\n  cargo xtask ci --skip-tests")]
    Ci {
        /// Leave `cargo test` out: it ran already
        #[arg(long)]
        skip_tests: bool,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let workspace = match Workspace::around_here() {
        Ok(workspace) => workspace,
        Err(error) => return could_not_finish(&error),
    };
    match cli.task {
        Task::Layers => match layers::run(&workspace) {
            Ok(passed) => answer(passed),
            Err(error) => could_not_finish(&error),
        },
        Task::Tidy => match tidy::run(&workspace) {
            Ok(passed) => answer(passed),
            Err(error) => could_not_finish(&error),
        },
        Task::Proptest { cases } => match property::run(&workspace, cases) {
            Ok(passed) => answer(passed),
            Err(error) => could_not_finish(&error),
        },
        Task::Fixtures { check } => match fixtures::run(&workspace, check) {
            Ok(passed) => answer(passed),
            Err(error) => could_not_finish(&error),
        },
        Task::Faults(options) => match faults::run(&workspace, &options) {
            Ok(passed) => answer(passed),
            Err(error) => could_not_finish(&*error),
        },
        Task::Fuzz(options) => match fuzz::run(&workspace, &options) {
            Ok(passed) => answer(passed),
            Err(error) => could_not_finish(&*error),
        },
        Task::Planted { table } => match planted::run(&workspace, table) {
            Ok(outcome) => {
                say::line(&outcome);
                answer(outcome.failures == 0)
            }
            Err(error) => could_not_finish(&*error),
        },
        Task::Powerloss(options) => match powerloss::run(&workspace, &options) {
            Ok(passed) => answer(passed),
            Err(error) => could_not_finish(&*error),
        },
        Task::Bench { arguments } => match bench::run(&workspace, &arguments) {
            Ok(passed) => answer(passed),
            Err(error) => could_not_finish(&error),
        },
        Task::Ci { skip_tests } => answer(ci::run(&workspace, skip_tests)),
    }
}

fn answer(passed: bool) -> ExitCode {
    if passed { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn could_not_finish(error: &dyn std::error::Error) -> ExitCode {
    say::failure(error);
    ExitCode::from(3)
}
