//! Power cuts on real file systems: a run of the store is recorded as what the file system asks of its disk, and cut at
//! any of these requests.
//!
//! Started by `cargo xtask powerloss`, which checks first what this needs. Exit codes: 0 all images kept what was
//! promised, 1 some did not, 2 usage, 3 could not finish. The last line on standard output has the counts.
#![forbid(unsafe_code)]

mod block_log;
mod case;
mod cut;
mod error;
mod file_system;
mod fuse;
mod image;
mod loss;
mod mounted_disk;
mod namespace;
mod recording;
mod series;
mod server;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::error::Failure;
use crate::file_system::FileSystem;
use crate::mounted_disk::Syncs;
use crate::series::Summary;

/// Power cuts on real file systems.
#[derive(Debug, Clone, Parser)]
struct Cli {
    /// The file system
    #[arg(long)]
    fs: FileSystem,
    /// How many images are tried
    #[arg(long, value_name = "N", default_value_t = 500)]
    images: u64,
    /// The seed of the first image; each has its own
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// The control: syncs do nothing, and images are expected to fail
    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    without_syncs: Option<Without>,
    /// Cut a run that was recorded before, instead of recording new ones
    #[arg(long, value_name = "DIR")]
    recording: Option<PathBuf>,
    /// Give up after so many minutes
    #[arg(long, value_name = "M", default_value_t = 20)]
    minutes: u64,
    /// Where disks are made, and recordings of failures are kept
    #[arg(long, value_name = "DIR")]
    work: PathBuf,
}

/// Which syncs do nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Without {
    /// Those of files and directories
    All,
    /// Those of files
    Files,
    /// Those of directories
    Directories,
}

impl Cli {
    fn syncs(&self) -> Syncs {
        match self.without_syncs {
            None => Syncs::ALL,
            Some(Without::All) => Syncs { files: false, directories: false },
            Some(Without::Files) => Syncs { files: false, directories: true },
            Some(Without::Directories) => Syncs { files: true, directories: false },
        }
    }
}

fn main() -> ExitCode {
    let outcome = match server::serve_if_asked() {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => run(&Cli::parse()),
        Err(failure) => Err(failure),
    };
    match outcome {
        Ok(summary) => answer(&summary),
        Err(failure) => {
            let mut text = format!("error: {failure}");
            let mut cause = failure.source();
            while let Some(next) = cause {
                text.push_str(&format!("\n  because: {next}"));
                cause = next.source();
            }
            say(&text);
            ExitCode::from(3)
        }
    }
}

fn run(cli: &Cli) -> Result<Summary, Failure> {
    let work = namespace::enter(&cli.work)?;
    namespace::give_up_after(cli.minutes);
    series::run(cli, &work)
}

fn answer(summary: &Summary) -> ExitCode {
    let Summary { images, failed, unmountable, is_whole } = summary;
    let _ = writeln!(io::stdout().lock(), "images {images} failed {failed} unmountable {unmountable}");
    match (is_whole, failed) {
        (false, _) => ExitCode::from(3),
        (true, 0) => ExitCode::SUCCESS,
        (true, _) => ExitCode::from(1),
    }
}

/// Prints a line. A closed standard error is nobody's loss.
fn say(text: &dyn Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
