//! What runs of the fault matrix gave: one line each in `docs/fault-results.jsonl`, and the page that is made of them.

mod page;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::workspace::Workspace;

/// One line for each run, oldest first. Only this module writes it.
const LINES: &str = "docs/fault-results.jsonl";
const PAGE: &str = "docs/fault-results.md";

/// A run of one row of the matrix, or of a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) row: u32,
    /// What of the row, if it has parts: a file system, a fuzz target.
    pub(crate) part: Option<String>,
    /// How many things were tried.
    pub(crate) count: u64,
    /// The numbers of the cases, if they have numbers.
    pub(crate) seeds: Option<Range<u64>>,
    pub(crate) elapsed: Duration,
    pub(crate) failures: u64,
}

/// A run as it stands in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    row: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<String>,
    count: u64,
    /// First, and the one behind the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    seeds: Option<[u64; 2]>,
    /// The commit that was tried; with `+changes` if there were some.
    commit: String,
    seconds: f64,
    failures: u64,
}

/// Why the results cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ResultsError {
    #[error("{file} cannot be read or written")]
    File {
        file: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("line {number} of {LINES} is no result of a run: mend it, or remove it")]
    Line {
        number: usize,
        #[source]
        source: serde_json::Error,
    },
}

/// Notes a run, and makes the page anew.
pub(crate) fn record(workspace: &Workspace, run: &Run) -> Result<(), ResultsError> {
    let mut lines = read(workspace.root())?;
    let line = Line {
        row: run.row,
        part: run.part.clone(),
        count: run.count,
        seeds: run.seeds.as_ref().map(|seeds| [seeds.start, seeds.end]),
        commit: commit(workspace.root()),
        seconds: (run.elapsed.as_secs_f64() * 10.0).round() / 10.0,
        failures: run.failures,
    };
    append(workspace.root(), &line)?;
    lines.push(line);
    let page = page::page(&lines);
    fs::write(workspace.root().join(PAGE), page).map_err(|source| ResultsError::File { file: PAGE, source })
}

/// The first case that no run has tried yet.
pub(crate) fn next_seed(workspace: &Workspace, row: u32, part: Option<&str>) -> Result<u64, ResultsError> {
    let lines = read(workspace.root())?;
    let of_row = lines.iter().filter(|line| line.row == row && line.part.as_deref() == part);
    Ok(of_row.filter_map(|line| line.seeds).map(|[_, end]| end).max().unwrap_or(0))
}

fn read(root: &Path) -> Result<Vec<Line>, ResultsError> {
    let text = match fs::read_to_string(path(root)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(ResultsError::File { file: LINES, source }),
    };
    let parse = |(index, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|source| ResultsError::Line { number: index + 1, source })
    };
    text.lines().enumerate().map(parse).collect()
}

fn append(root: &Path, line: &Line) -> Result<(), ResultsError> {
    let write = || {
        let mut file = OpenOptions::new().create(true).append(true).open(path(root))?;
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        file.write_all(text.as_bytes())
    };
    write().map_err(|source| ResultsError::File { file: LINES, source })
}

fn path(root: &Path) -> PathBuf {
    root.join(LINES)
}

/// What was tried, as far as the version control can tell.
fn commit(root: &Path) -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(root).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return "unknown".to_owned() };
    // Results and words change nothing that was tried.
    match git(&["status", "--porcelain", "--", ".", ":!docs", ":!*.md"]) {
        Some(changes) if changes.is_empty() => commit,
        _ => format!("{commit}+changes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(dir: &Path) -> Workspace {
        fs::create_dir(dir.join("docs")).unwrap();
        fs::write(dir.join("Cargo.toml"), "[workspace]\n").unwrap();
        Workspace::around(dir).unwrap()
    }

    fn run(row: u32, part: Option<&str>, seeds: Range<u64>) -> Run {
        let elapsed = Duration::from_millis(1240);
        Run { row, part: part.map(str::to_owned), count: 7, seeds: Some(seeds), elapsed, failures: 0 }
    }

    #[test]
    fn runs_are_appended_and_the_next_one_goes_on_behind_them() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = workspace(dir.path());
        assert_eq!(next_seed(&workspace, 6, None).unwrap(), 0);
        record(&workspace, &run(6, None, 0..20)).unwrap();
        record(&workspace, &run(7, Some("xfs"), 0..500)).unwrap();
        record(&workspace, &run(6, None, 20..30)).unwrap();
        assert_eq!(next_seed(&workspace, 6, None).unwrap(), 30);
        assert_eq!(next_seed(&workspace, 7, Some("xfs")).unwrap(), 500);
        assert_eq!(next_seed(&workspace, 7, Some("ext4")).unwrap(), 0);
        let text = fs::read_to_string(dir.path().join(LINES)).unwrap();
        let first = text.lines().next().unwrap();
        assert_eq!(
            first,
            r#"{"row":6,"count":7,"seeds":[0,20],"commit":"unknown","seconds":1.2,"failures":0}"#
        );
    }

    #[test]
    fn line_that_is_no_result_is_named_and_nothing_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = workspace(dir.path());
        record(&workspace, &run(6, None, 0..20)).unwrap();
        let path = dir.path().join(LINES);
        let text = fs::read_to_string(&path).unwrap() + "x\n";
        fs::write(&path, &text).unwrap();
        let error = record(&workspace, &run(6, None, 20..30)).unwrap_err();
        assert!(matches!(error, ResultsError::Line { number: 2, .. }), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}
