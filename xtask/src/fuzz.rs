//! The fuzz targets of `tests/fuzz`, by way of cargo-fuzz, with what they tried noted.

use std::error::Error;
use std::fs;
use std::num::NonZeroU32;
use std::thread;
use std::time::Instant;

use crate::call::{Call, CallError};
use crate::results::{Run, record};
use crate::say;
use crate::workspace::Workspace;

/// The row of the fault matrix.
const ROW: u32 = 14;
/// How long each target is tried if nothing is said.
const SECONDS: NonZeroU32 = NonZeroU32::new(60).unwrap();
const SMOKE_SECONDS: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// An input that takes longer than this is a finding. They take less than a millisecond.
const INPUT_SECONDS_MAX: u32 = 10;
/// Samples far apart make snapshots of a megabyte each: a short log can ask for hundreds of them.
const MEMORY_MB_MAX: u32 = 4096;
/// A fuzzer's own number of executions has 31 bits.
const EXECUTIONS_MAX: i64 = i32::MAX as i64;

/// A target, and how its inputs are made up.
struct Target {
    name: &'static str,
    /// The longest input that is worth trying.
    len_bytes_max: u32,
    /// Inputs that reach what few others reach are tried more often, how often one reaches a place tells it apart from
    /// others, and it gives way to a shorter one that reaches the same. A run that reaches much is weighed for longer than
    /// it takes, so that without it more is tried.
    weighed: bool,
}

const TARGETS: &[Target] = &[
    Target { name: "bin", len_bytes_max: 4096, weighed: true },
    Target { name: "json", len_bytes_max: 4096, weighed: true },
    Target { name: "line", len_bytes_max: 256, weighed: true },
    Target { name: "log", len_bytes_max: 4096, weighed: true },
    Target { name: "names", len_bytes_max: 256, weighed: false },
    Target { name: "recovery", len_bytes_max: 1024, weighed: false },
];

/// Which targets, for how long, and how they are built.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// The target: bin, json, line, log, names or recovery
    #[arg(value_name = "TARGET", required_unless_present = "smoke",
          value_parser = clap::builder::PossibleValuesParser::new(TARGETS.iter().map(|target| target.name)))]
    target: Option<String>,
    /// Every target for 10 seconds
    #[arg(long, conflicts_with = "target")]
    smoke: bool,
    /// So long for each target; 60 if nothing else ends the run
    #[arg(long, value_name = "S")]
    seconds: Option<NonZeroU32>,
    /// So many executions of each target, all jobs together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=EXECUTIONS_MAX))]
    executions: Option<u32>,
    /// What the fuzzer draws lots from; a new one each time otherwise
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..1 << 31))]
    seed: Option<u32>,
    /// So many processes at a time, which share what they find
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    jobs: u32,
    /// `address` sees what safe code cannot do, at a third of the speed; it needs a nightly standard library's parts
    #[arg(long, value_name = "NAME", default_value = "none", value_parser = ["none", "address"])]
    sanitizer: String,
    /// Note nothing in docs/fault-results.jsonl
    #[arg(long)]
    no_record: bool,
}

/// Why nothing was tried.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
enum FuzzError {
    #[error("cargo-fuzz is not installed; this installs it: cargo install cargo-fuzz --locked")]
    NotInstalled,
    #[error("the targets cannot be built")]
    Build,
    #[error("a thread ended without an answer")]
    Thread,
}

/// What one process said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    executions: u64,
    /// Where the input lies that ended it.
    artifact: Option<String>,
}

/// Tries the targets; true if nothing was found.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool, Box<dyn Error>> {
    if !Call::cargo(workspace, "fuzz --version").run()? {
        return Err(FuzzError::NotInstalled.into());
    }
    let mut passed = true;
    let wanted = |target: &&Target| options.target.as_ref().is_none_or(|name| name == target.name);
    for target in TARGETS.iter().filter(wanted) {
        passed &= try_target(workspace, options, target)?;
    }
    Ok(passed)
}

fn try_target(workspace: &Workspace, options: &Options, target: &Target) -> Result<bool, Box<dyn Error>> {
    // Built before the clock starts, and once for all jobs.
    if !cargo_fuzz(workspace, options, "build", target.name).run()? {
        return Err(FuzzError::Build.into());
    }
    fs::create_dir_all(workspace.root().join("tests/fuzz/grown").join(target.name))?;
    let start = Instant::now();
    let results = thread::scope(|scope| {
        let jobs: Vec<_> =
            (0..options.jobs).map(|job| scope.spawn(move || fuzz(workspace, options, target, job))).collect();
        jobs.into_iter().map(|job| job.join().map_err(|_| FuzzError::Thread)).collect::<Vec<_>>()
    });
    let elapsed = start.elapsed();
    let (mut executions, mut failures) = (0, 0);
    for result in results {
        let (said, succeeded) = result??;
        executions += said.executions;
        let again = said.artifact.map(|artifact| {
            let again = cargo_fuzz(workspace, options, "run", &format!("{} {artifact}", target.name));
            (artifact, again)
        });
        if let Some((artifact, again)) = &again
            && is_late(artifact)
            && again.run()?
        {
            say::line(&format_args!(
                "{artifact} is no finding: it takes long no more, so this machine stood still"
            ));
            continue;
        }
        failures += u64::from(!succeeded);
        if let Some((artifact, again)) = again {
            say::line(&format_args!(
                "{artifact} does not keep the properties; this tries it again:\n{again}"
            ));
        }
    }
    let seconds = elapsed.as_secs_f64();
    let rate = executions as f64 / seconds.max(0.001);
    let name = target.name;
    say::line(&format_args!(
        "{name}: {executions} executions in {seconds:.1} s, {rate:.0} a second, {failures} failures"
    ));
    if !options.no_record && executions > 0 {
        let part = Some(name.to_owned());
        record(workspace, &Run { row: ROW, part, count: executions, seeds: None, elapsed, failures })?;
    }
    Ok(failures == 0 && executions > 0)
}

/// Whether all that is held against an input is the time by the clock on the wall, which goes on while a process is stopped.
fn is_late(artifact: &str) -> bool {
    let name = artifact.rsplit('/').next().unwrap_or(artifact);
    name.starts_with("timeout-") || name.starts_with("slow-unit-")
}

/// One process of a target; whether it ended as it should.
fn fuzz(
    workspace: &Workspace,
    options: &Options,
    target: &Target,
    job: u32,
) -> Result<(Said, bool), CallError> {
    let mut said = Said::default();
    let arguments = format!(
        "{name} tests/fuzz/grown/{name} tests/fuzz/corpus/{name} -- {flags}",
        name = target.name,
        flags = flags(options, target, job)
    );
    let succeeded = cargo_fuzz(workspace, options, "run", &arguments).run_reading_errors(|line| {
        // What a fuzzer says of its progress would hide the rest.
        if !line.starts_with('#') || line.contains("DONE") {
            say::line(&line);
        }
        read(line, &mut said);
    })?;
    Ok((said, succeeded))
}

/// A call of cargo-fuzz. Flags for coverage are those of nightly toolchains: ours is told to take them.
fn cargo_fuzz(workspace: &Workspace, options: &Options, what: &str, arguments: &str) -> Call {
    // Without traces of comparisons it is twice as fast; dictionaries and checksums that let pass stand in for them.
    let sanitizer = &options.sanitizer;
    let arguments =
        format!("fuzz {what} --fuzz-dir tests/fuzz --sanitizer {sanitizer} --no-trace-compares {arguments}");
    Call::cargo(workspace, &arguments).env("RUSTC_BOOTSTRAP", "1")
}

/// The fuzzer's own flags.
fn flags(options: &Options, target: &Target, job: u32) -> String {
    let Target { name, len_bytes_max, weighed } = target;
    let mut flags = format!(
        "-max_len={len_bytes_max} -dict=tests/fuzz/dictionaries/{name}.dict -timeout={INPUT_SECONDS_MAX} \
         -rss_limit_mb={MEMORY_MB_MAX} -entropic={weighed} -use_counters={weighed} \
         -reduce_inputs={weighed} -print_final_stats=1",
        weighed = u32::from(*weighed)
    );
    let seconds = match (options.smoke, options.seconds, options.executions) {
        (_, Some(seconds), _) => Some(seconds),
        (true, None, None) => Some(SMOKE_SECONDS),
        (false, None, None) => Some(SECONDS),
        (_, None, Some(_)) => None,
    };
    if let Some(seconds) = seconds {
        flags.push_str(&format!(" -max_total_time={seconds}"));
    }
    if let Some(executions) = options.executions {
        // The first jobs take what cannot be shared evenly.
        let share = executions / options.jobs + u32::from(job < executions % options.jobs);
        flags.push_str(&format!(" -runs={share}"));
    }
    if let Some(seed) = options.seed {
        flags.push_str(&format!(" -seed={}", u64::from(seed) + u64::from(job)));
    }
    flags
}

/// Takes from a line of the fuzzer what it says at its end.
fn read(line: &str, said: &mut Said) {
    if let Some(number) = line.strip_prefix("stat::number_of_executed_units:") {
        said.executions = number.trim().parse().unwrap_or(0);
    }
    if let Some((_, file)) = line.split_once("Test unit written to ") {
        said.artifact = Some(file.trim().to_owned());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn options(line: &str) -> Options {
        Line::try_parse_from(std::iter::once("fuzz").chain(line.split_whitespace())).unwrap().options
    }

    fn all_flags(line: &str, job: u32) -> String {
        flags(&options(line), &TARGETS[3], job)
    }

    #[test]
    fn every_target_has_a_binary_a_corpus_and_a_dictionary() {
        let workspace = Workspace::of_this_source();
        let names = |folder: &str| -> BTreeSet<String> {
            let entries = fs::read_dir(workspace.root().join("tests/fuzz").join(folder)).unwrap();
            entries
                .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
                .collect()
        };
        let expected: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
        for folder in ["fuzz_targets", "corpus", "dictionaries"] {
            assert_eq!(names(folder), expected, "{folder}");
        }
    }

    #[test]
    fn what_a_fuzzer_says_at_its_end_is_understood() {
        let mut said = Said::default();
        for line in [
            "#4096 pulse  cov: 12 ft: 13 corp: 2/3b lim: 4 exec/s: 2048 rss: 31Mb",
            "artifact_prefix='tests/fuzz/artifacts/log/'; Test unit written to tests/fuzz/artifacts/log/crash-0f81",
            "stat::number_of_executed_units: 3660",
            "stat::average_exec_per_sec:     1830",
        ] {
            read(line, &mut said);
        }
        let artifact = Some("tests/fuzz/artifacts/log/crash-0f81".to_owned());
        assert_eq!(said, Said { executions: 3660, artifact });
    }

    #[test]
    fn only_what_took_long_is_tried_again_before_it_counts() {
        assert!(is_late("tests/fuzz/artifacts/line/timeout-71f98551"));
        for found in ["crash-71f98551", "oom-71f98551", "leak-71f98551"] {
            assert!(!is_late(&format!("tests/fuzz/artifacts/timeout-/{found}")), "{found}");
        }
    }

    #[test]
    fn a_run_ends_by_what_was_asked_for() {
        assert!(all_flags("log", 0).ends_with(" -max_total_time=60"));
        assert!(all_flags("--smoke", 0).ends_with(" -max_total_time=10"));
        assert!(all_flags("--smoke --seconds 3", 0).ends_with(" -max_total_time=3"));
        assert!(all_flags("log --executions 9", 0).ends_with("_stats=1 -runs=9"));
        assert!(all_flags("log --executions 9 --seconds 3", 0).ends_with(" -max_total_time=3 -runs=9"));
    }

    #[test]
    fn jobs_share_the_executions_and_draw_different_lots() {
        let shares: Vec<_> = (0..4)
            .map(|job| all_flags("log --executions 10 --jobs 4 --seed 7", job))
            .map(|flags| flags.split_once("-runs=").unwrap().1.to_owned())
            .collect();
        assert_eq!(shares, ["3 -seed=7", "3 -seed=8", "2 -seed=9", "2 -seed=10"]);
    }

    #[test]
    fn neither_no_target_nor_an_unknown_one_is_tried() {
        for line in ["", "logs", "log --smoke", "log --executions 0", "log --jobs 0"] {
            let words = std::iter::once("fuzz").chain(line.split_whitespace());
            assert!(Line::try_parse_from(words).is_err(), "{line}");
        }
    }
}
