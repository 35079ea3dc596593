//! The fault matrix: its rows at the numbers of CI, or deeper, with what they tried noted.

pub(crate) mod rows;

use std::error::Error;
use std::time::{Duration, Instant};

use crate::built::{self, Programs};
use crate::call::{Call, CallError};
use crate::planted;
use crate::results::{Run, next_seed, record};
use crate::say;
use crate::workspace::Workspace;

use rows::{ROWS, Row, Runner};

/// As `cargo test --workspace` builds them: for a package alone features differ, and cargo would build a part of the
/// dependencies again, for each package another one.
const BUILD: &str = "test --workspace --locked --test it --test matrix --no-run";
/// A row has the machine for itself, and is heard while it runs.
const ALONE: &str = "--nocapture --test-threads 1";

/// Which rows, and how many cases of each.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Options {
    /// This row only; may be given several times
    #[arg(long = "row", value_name = "N")]
    rows: Vec<u32>,
    /// So many cases of each row, beginning behind the last one that was ever tried
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// So long for each row, beginning behind the last case that was ever tried
    #[arg(long, value_name = "M", conflicts_with = "count")]
    minutes: Option<u64>,
    /// Begin with this case; without --count and --minutes it is the only one
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Note nothing in docs/fault-results.jsonl
    #[arg(long)]
    no_record: bool,
}

impl Options {
    /// Every row at the numbers of CI. Its clone is thrown away, and so would be what it noted.
    pub(crate) fn of_ci() -> Self {
        Self { no_record: true, ..Self::default() }
    }

    fn is_deep(&self) -> bool {
        self.count.is_some() || self.minutes.is_some()
    }

    /// What CI runs has been built by `cargo test`; a deep run is worth another build.
    fn profile(&self) -> &'static str {
        if self.is_deep() { "--profile faults" } else { "" }
    }
}

/// A row's tests are not where the table says.
#[derive(Debug, thiserror::Error)]
#[error("cargo built no program of `{file}`: the rows' table in xtask is not up to date")]
struct Unbuilt {
    file: &'static str,
}

/// What a row's tests said of themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Said {
    from: u64,
    cases: u64,
    tried: u64,
    failures: u64,
}

/// Runs the rows; true if nothing failed.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool, Box<dyn Error>> {
    let wanted = |row: &&Row| match options.rows.as_slice() {
        [] => !matches!(row.runner, Runner::Task(_)),
        rows => rows.contains(&row.number),
    };
    let chosen: Vec<&Row> = ROWS.iter().filter(wanted).collect();
    if let Some(unknown) = options.rows.iter().find(|number| !ROWS.iter().any(|row| row.number == **number)) {
        say::line(&format_args!("there is no row {unknown}; docs/testing.md lists them"));
        return Ok(false);
    }
    let mut summary = String::new();
    let start = Instant::now();
    let Some(programs) = build(workspace, options, &chosen)? else { return Ok(false) };
    if !programs.is_empty() {
        summary.push_str(&format!("\n{:>8.1} s  building", start.elapsed().as_secs_f64()));
    }
    let mut passed = true;
    for row in chosen {
        let start = Instant::now();
        let (said, succeeded) = match row.runner {
            Runner::Tests { source, filter } => {
                let program = programs.get(source).ok_or(Unbuilt { file: source })?;
                run_tests(
                    workspace,
                    options,
                    row,
                    Call::program(workspace, program).args(filter).args(ALONE),
                )?
            }
            Runner::Schedules { tests } => {
                run_tests(workspace, options, row, schedules(workspace, options, tests))?
            }
            Runner::Planted => plant(workspace)?,
            Runner::Task(task) => {
                say::line(&format_args!("row {} has a command of its own: cargo xtask {task}", row.number));
                continue;
            }
        };
        let elapsed = start.elapsed();
        passed &= succeeded && said.is_some();
        summary.push_str(&outcome(row, said, succeeded, elapsed));
        let Some(said) = said.filter(|_| !options.no_record) else { continue };
        let run = Run {
            row: row.number,
            part: row.part.map(str::to_owned),
            count: said.tried,
            seeds: (!row.exhaustive).then(|| said.from..said.from + said.cases),
            elapsed,
            failures: said.failures.max(u64::from(!succeeded)),
        };
        record(workspace, &run)?;
    }
    say::line(&format_args!("== fault matrix{summary}"));
    Ok(passed)
}

/// The planted bugs: all of them, however deep the others go.
fn plant(workspace: &Workspace) -> Result<(Option<Said>, bool), Box<dyn Error>> {
    let outcome = planted::run(workspace, false)?;
    say::line(&outcome);
    let said = Said { from: 0, cases: outcome.bugs, tried: outcome.bugs, failures: outcome.failures };
    Ok((Some(said), outcome.failures == 0))
}

/// The programs of the rows that are tests. None if they cannot be built.
fn build(workspace: &Workspace, options: &Options, rows: &[&Row]) -> Result<Option<Programs>, CallError> {
    if rows.iter().any(|row| matches!(row.runner, Runner::Tests { .. })) {
        built::programs(workspace, &format!("{BUILD} {}", options.profile()))
    } else {
        Ok(Some(Programs::new()))
    }
}

/// The flag is for all crates, which are built apart from the others so that neither is built twice.
fn schedules(workspace: &Workspace, options: &Options, tests: &str) -> Call {
    let profile = options.profile();
    let arguments = format!("test {profile} --locked --target-dir target/schedules {tests} -- {ALONE}");
    Call::cargo(workspace, &arguments).env("RUSTFLAGS", "--cfg treering_shuttle")
}

/// Runs the tests of a row, and reads what they say. None if none of them said anything: then nothing was tried.
fn run_tests(
    workspace: &Workspace,
    options: &Options,
    row: &Row,
    mut call: Call,
) -> Result<(Option<Said>, bool), Box<dyn Error>> {
    match (options.seed, options.is_deep()) {
        (Some(seed), false) => call = call.env("TREERING_SEED", seed.to_string()),
        (None, false) => call = call.env("TREERING_COUNT", "ci"),
        (seed, true) => {
            let from = match seed {
                Some(seed) => seed,
                None => next_seed(workspace, row.number, row.part)?,
            };
            call = call.env("TREERING_FROM", from.to_string());
        }
    }
    if let Some(count) = options.count {
        call = call.env("TREERING_COUNT", count.to_string());
    }
    if let Some(minutes) = options.minutes {
        call = call.env("TREERING_SECONDS", minutes.saturating_mul(60).to_string());
    }
    let mut said = None;
    let succeeded = call.run_reading(|line| {
        say::output(line);
        if let Some((_, more)) = parsed(line).filter(|(number, _)| *number == row.number) {
            said = Some(added(said, more));
        }
    })?;
    Ok((said, succeeded))
}

/// `faults: row 6 from 0 cases 20 tried 180 failures 0`, wherever it stands in a line.
fn parsed(line: &str) -> Option<(u32, Said)> {
    let words: Vec<&str> = line[line.find("faults: row ")?..].split(' ').collect();
    let ["faults:", "row", row, "from", from, "cases", cases, "tried", tried, "failures", failures, ..] =
        words.as_slice()
    else {
        return None;
    };
    let said = Said {
        from: from.parse().ok()?,
        cases: cases.parse().ok()?,
        tried: tried.parse().ok()?,
        failures: failures.parse().ok()?,
    };
    Some((row.parse().ok()?, said))
}

/// Several tests of one row run the same numbers, each for its part.
fn added(before: Option<Said>, more: Said) -> Said {
    let Some(before) = before else { return more };
    Said {
        from: before.from.min(more.from),
        cases: before.cases.max(more.cases),
        tried: before.tried + more.tried,
        failures: before.failures + more.failures,
    }
}

fn outcome(row: &Row, said: Option<Said>, succeeded: bool, elapsed: Duration) -> String {
    let (what, unit) = rows::title(row.number).unwrap_or_default();
    let part = row.part.map(|part| format!(" ({part})")).unwrap_or_default();
    let result = match (said, succeeded) {
        (None, _) => "said nothing: was anything tried?".to_owned(),
        (Some(said), true) => format!("{} {unit}", said.tried),
        (Some(said), false) => format!("{} {unit}, FAILED", said.tried),
    };
    format!("\n{:>8.1} s  row {:>2}{part}, {what}: {result}", elapsed.as_secs_f64(), row.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_row_says_is_read_wherever_it_stands() {
        let said = Said { from: 3, cases: 20, tried: 180, failures: 1 };
        let line = "test matrix_06 ... faults: row 6 from 3 cases 20 tried 180 failures 1";
        assert_eq!(parsed(line), Some((6, said)));
        assert_eq!(parsed("faults: row 6 from 3 cases many"), None);
        assert_eq!(parsed("test result: ok"), None);
    }

    #[test]
    fn tests_of_one_row_are_added_up_over_the_same_numbers() {
        let one = Said { from: 5, cases: 20, tried: 20, failures: 0 };
        let other = Said { from: 5, cases: 10, tried: 70, failures: 1 };
        let both = added(Some(added(None, one)), other);
        assert_eq!(both, Said { from: 5, cases: 20, tried: 90, failures: 1 });
    }
}
