//! Power cuts on real file systems: what that needs is checked, then a program of its own does it.
//!
//! The program is no part of the workspace: nobody who builds treering has to have FUSE.

mod needs;

use std::error::Error;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Instant;

use clap::ValueEnum;

use crate::call::Call;
use crate::results::{Run, next_seed, record};
use crate::say;
use crate::workspace::Workspace;

/// The row of the fault matrix.
const ROW: u32 = 7;
/// Where disks are made in memory, and recordings of failures are kept; from the workspace's root on.
const WORK: &str = "target/powerloss";

/// Which file system, and how many images of it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// The file system
    #[arg(long)]
    fs: FileSystem,
    /// How many images are tried
    #[arg(long, value_name = "N", default_value_t = IMAGES)]
    images: NonZeroU64,
    /// The seed of the first image; otherwise the one behind the last that was ever tried
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// The control: syncs do nothing, so that images must fail; says how many did
    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    without_syncs: Option<Without>,
    /// Cut a run that a failure has kept, instead of new ones
    #[arg(long, value_name = "DIR", requires = "seed")]
    recording: Option<PathBuf>,
    /// Give up after so many minutes
    #[arg(long, value_name = "M", default_value_t = 20)]
    minutes: u64,
    /// Note nothing in docs/fault-results.jsonl
    #[arg(long)]
    no_record: bool,
}

const IMAGES: NonZeroU64 = NonZeroU64::new(500).unwrap();

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FileSystem {
    Ext4,
    Xfs,
    Btrfs,
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

/// What the program said of itself in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    images: u64,
    failed: u64,
    unmountable: u64,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PowerlossError {
    #[error("power cuts on {fs} cannot be tried here:{}", .missing.iter().map(|what| format!("\n  {what}")).collect::<String>())]
    CannotRun { fs: &'static str, missing: Vec<String> },
    #[error("the program did not come to its end")]
    NotWhole,
    #[error("the file system came up after none of the power cuts")]
    NothingTried,
}

/// Tries the images; true if all kept what was promised, or if the control has found that some did not.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool, Box<dyn Error>> {
    let fs = options.fs.name();
    let missing = needs::missing(&needs::Machine::this_one(), fs);
    if !missing.is_empty() {
        return Err(PowerlossError::CannotRun { fs, missing }.into());
    }
    let seed = match options.seed {
        Some(seed) => seed,
        None => next_seed(workspace, ROW, Some(fs))?,
    };
    let build = "build --locked --manifest-path tests/powerloss/Cargo.toml --target-dir target";
    if !Call::cargo(workspace, build).run()? {
        return Ok(false);
    }
    let start = Instant::now();
    let mut said = None;
    let finished = call(workspace, options, seed).run_reading(|line| {
        say::output(line);
        said = parsed(line).or(said);
    })?;
    let said = said.filter(|said| said.images == options.images.get()).ok_or(PowerlossError::NotWhole)?;
    if said.unmountable == said.images {
        return Err(PowerlossError::NothingTried.into());
    }
    if options.without_syncs.is_some() {
        say::line(&format_args!(
            "without syncs {} of {} images failed, as some must",
            said.failed, said.images
        ));
        return Ok(said.failed > 0);
    }
    if options.recording.is_none() && !options.no_record {
        let run = Run {
            row: ROW,
            part: Some(fs.to_owned()),
            count: said.images - said.unmountable,
            seeds: Some(seed..seed + said.images),
            elapsed: start.elapsed(),
            failures: said.failed,
        };
        record(workspace, &run)?;
    }
    Ok(finished && said.failed == 0)
}

fn call(workspace: &Workspace, options: &Options, seed: u64) -> Call {
    let mut call = Call::program(workspace, &workspace.root().join("target/debug/powerloss"))
        .arg("--fs")
        .arg(options.fs.name())
        .arg("--images")
        .arg(options.images.to_string())
        .arg("--seed")
        .arg(seed.to_string())
        .arg("--minutes")
        .arg(options.minutes.to_string())
        .arg("--work")
        .arg(WORK);
    if let Some(without) = options.without_syncs {
        call = call.arg(format!("--without-syncs={}", without.name()));
    }
    if let Some(recording) = &options.recording {
        call = call.arg("--recording").arg(recording.display().to_string());
    }
    call
}

/// `images 500 failed 0 unmountable 0`
fn parsed(line: &str) -> Option<Said> {
    let words: Vec<&str> = line.split(' ').collect();
    let ["images", images, "failed", failed, "unmountable", unmountable] = words.as_slice() else {
        return None;
    };
    Some(Said {
        images: images.parse().ok()?,
        failed: failed.parse().ok()?,
        unmountable: unmountable.parse().ok()?,
    })
}

impl FileSystem {
    fn name(self) -> &'static str {
        match self {
            FileSystem::Ext4 => "ext4",
            FileSystem::Xfs => "xfs",
            FileSystem::Btrfs => "btrfs",
        }
    }
}

impl Without {
    fn name(self) -> &'static str {
        match self {
            Without::All => "all",
            Without::Files => "files",
            Without::Directories => "directories",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn printed(arguments: &[&str]) -> String {
        let line = Line::parse_from(["x"].iter().chain(arguments));
        let text = call(&Workspace::of_this_source(), &line.options, 7).to_string();
        text.split_once("powerloss ").unwrap().1.to_owned()
    }

    #[test]
    fn the_program_is_told_what_was_asked_for() {
        assert_eq!(
            printed(&["--fs", "xfs"]),
            "--fs xfs --images 500 --seed 7 --minutes 20 --work target/powerloss"
        );
        let control = printed(&["--fs", "ext4", "--images", "9", "--without-syncs"]);
        assert!(control.contains("--images 9 ") && control.ends_with("--without-syncs=all"), "{control}");
        let replay = printed(&["--fs", "ext4", "--seed", "7", "--recording", "target/powerloss/x"]);
        assert!(replay.ends_with("--recording target/powerloss/x"), "{replay}");
    }

    #[test]
    fn a_replay_needs_the_seed_of_the_image() {
        assert!(Line::try_parse_from(["x", "--fs", "ext4", "--recording", "d"]).is_err());
    }

    #[test]
    fn counts_are_read_from_their_line_and_no_other() {
        let said = Said { images: 500, failed: 2, unmountable: 1 };
        assert_eq!(parsed("images 500 failed 2 unmountable 1"), Some(said));
        assert_eq!(parsed("images 500 failed 2"), None);
        assert_eq!(parsed("ext4: images 500 failed 2 unmountable 1"), None);
    }
}
