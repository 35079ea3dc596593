//! Row 20 of the fault matrix: bugs planted on purpose, each of which a row named beforehand has to see at the numbers of CI.

mod bounded;
mod bugs;
mod table;

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::built;
use crate::call::CallError;
use crate::say;
use crate::workspace::Workspace;

use bounded::{Ran, bounded};
use bugs::{BUGS, Bug};

/// The packages behind the first one have features of dependencies that it has not: with them these are as they are for the
/// whole workspace, and are not built again.
const BUILD: &str = "test --locked -p treering-tests -p treering-bench -p treering-snapshot -p xtask \
                     --features treering-tests/planted --test it --no-run";
/// The tests among what that builds.
const PROGRAM: &str = "tests/it/main.rs";
/// No bug makes a run take longer; one that does is not seen.
const SECONDS_MAX: u64 = 120;
/// So long each other row may look for a bug when the table is made.
const LOOK_SECONDS: &str = "3";
/// What sees no bug but one.
const BLIND: &str = "matrix_18_root";
/// What is blind to that one.
const BLIND_TO_THAT: &str = "matrix_01";
/// Rows of the tests' package.
const ROWS: &[u32] = &[1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 17, 18, 19];

/// What the bugs came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Bugs that were planted.
    pub(crate) bugs: u64,
    /// Those that their row did not see, and other things that are not as they must be.
    pub(crate) failures: u64,
}

/// A bug that its row has seen.
#[derive(Debug, Clone)]
struct Caught {
    bug: Bug,
    /// The first case that saw it.
    seed: u64,
    /// Other rows that see it; not asked unless the table is made.
    others: Vec<u32>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In the words in which a row of the tests says it.
        write!(f, "faults: row 20 from 0 cases {0} tried {0} failures {1}", self.bugs, self.failures)
    }
}

/// Why nothing could be planted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PlantedError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("the tests with planted bugs cannot be built")]
    Build,
}

/// Plants each bug and runs its row. With `write` the table in docs/testing.md is made anew, else it is compared.
pub(crate) fn run(workspace: &Workspace, write: bool) -> Result<Outcome, Box<dyn Error>> {
    let program = build(workspace)?;
    let mut failures = 0;
    // The switches alone change nothing.
    if let Ran::Failed { .. } | Ran::TooLong = row(&program, "", "matrix_01", &[])? {
        say::line(&"without a bug row 1 fails, too");
        failures += 1;
    }
    let mut caught = Vec::new();
    for bug in BUGS {
        match plant(&program, bug)? {
            Some(seed) => {
                let others = if write { seen_by(&program, bug)? } else { Vec::new() };
                caught.push(Caught { bug: *bug, seed, others });
            }
            None => failures += 1,
        }
    }
    let table = if write { table::write(workspace, &caught)? } else { table::compare(workspace, &caught)? };
    failures += u64::from(!table);
    Ok(Outcome { bugs: u64::try_from(BUGS.len()).unwrap_or(u64::MAX), failures })
}

/// The program of the tests, with the switches in it.
fn build(workspace: &Workspace) -> Result<PathBuf, PlantedError> {
    built::programs(workspace, BUILD)?
        .and_then(|mut programs| programs.remove(PROGRAM))
        .ok_or(PlantedError::Build)
}

/// Plants a bug, and runs its row, which has to fail; then something that cannot see the bug, which must not. The case that
/// saw it.
fn plant(program: &Path, bug: &Bug) -> Result<Option<u64>, Box<dyn Error>> {
    let start = Instant::now();
    let seed = match row(program, bug.name, bug.tests, &[])? {
        Ran::Failed { case: Some(seed) } => seed,
        other => {
            say::line(&format_args!("{}: row {} does not see it: {other:?}", bug.name, bug.row));
            return Ok(None);
        }
    };
    let blind = if bug.tests == BLIND { BLIND_TO_THAT } else { BLIND };
    if row(program, bug.name, blind, &[])? != Ran::Passed {
        say::line(&format_args!(
            "{}: with its row switched off {blind} fails, which cannot see it",
            bug.name
        ));
        return Ok(None);
    }
    let seconds = start.elapsed().as_secs_f64();
    say::line(&format_args!("{seconds:>6.1} s  {}: seen by row {}, case {seed}", bug.name, bug.row));
    Ok(Some(seed))
}

/// The rows that would see a bug if its own did not.
fn seen_by(program: &Path, bug: &Bug) -> Result<Vec<u32>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for number in ROWS.iter().filter(|number| **number != bug.row) {
        let ran =
            row(program, bug.name, &format!("matrix_{number:02}_"), &[("TREERING_SECONDS", LOOK_SECONDS)])?;
        if ran != Ran::Passed {
            rows.push(*number);
        }
    }
    say::line(&format_args!("          {}: seen by rows {rows:?}, too", bug.name));
    Ok(rows)
}

fn row(program: &Path, bug: &str, tests: &str, more: &[(&str, &str)]) -> Result<Ran, Box<dyn Error>> {
    let mut environment = vec![("TREERING_PLANTED", bug), ("TREERING_COUNT", "ci"), ("RUST_BACKTRACE", "0")];
    environment.extend(more);
    Ok(bounded(program, &[tests, "--nocapture"], &environment, Duration::from_secs(SECONDS_MAX))?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    /// All sources of the library crates.
    fn sources(dir: &Path, text: &mut String) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }

    #[test]
    fn every_switch_in_the_code_is_in_the_list_and_every_bug_of_the_list_in_the_code() {
        let mut text = String::new();
        for name in fs::read_dir(Workspace::of_this_source().root().join("crates")).unwrap() {
            sources(&name.unwrap().path().join("src"), &mut text);
        }
        let planted: BTreeSet<&str> =
            text.split("planted(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let listed: BTreeSet<&str> = BUGS.iter().map(|bug| bug.name).collect();
        assert_eq!(planted, listed);
        assert_eq!(listed.len(), BUGS.len(), "a name stands there twice");
        assert!(BUGS.len() >= 20);
    }

    #[test]
    fn a_bug_s_tests_belong_to_the_row_that_is_named() {
        for bug in BUGS {
            assert!(bug.tests.starts_with(&format!("matrix_{:02}", bug.row)), "{}", bug.name);
            assert!(ROWS.contains(&bug.row), "{}", bug.name);
        }
    }
}
