//! The table of planted bugs in docs/testing.md, between two marks.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::Caught;
use crate::say;
use crate::workspace::Workspace;

const PAGE: &str = "docs/testing.md";
const BEGIN: &str = "<!-- planted bugs: made by `cargo xtask planted --table` -->\n";
const END: &str = "<!-- end of planted bugs -->\n";
/// Its openers race in real time: which of its cases sees a bug first is not always the same.
const RACES: u32 = 18;

/// Why the page cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum TableError {
    #[error("{PAGE} cannot be read or written")]
    File(#[from] io::Error),
    #[error("{PAGE} has no place for the table: the marks are missing")]
    Marks,
}

/// Writes the table; always well.
pub(super) fn write(workspace: &Workspace, caught: &[Caught]) -> Result<bool, TableError> {
    let text = fs::read_to_string(path(workspace))?;
    let (before, _, after) = parts(&text).ok_or(TableError::Marks)?;
    fs::write(path(workspace), format!("{before}{BEGIN}{}{END}{after}", table(caught)))?;
    Ok(true)
}

/// Whether the table has each bug with the row and the case that saw it just now.
pub(super) fn compare(workspace: &Workspace, caught: &[Caught]) -> Result<bool, TableError> {
    let text = fs::read_to_string(path(workspace))?;
    let (_, there, _) = parts(&text).ok_or(TableError::Marks)?;
    let mut is_same = true;
    for caught in caught {
        if !there.lines().any(|line| line.starts_with(&begin_of_row(caught))) {
            let name = caught.bug.name;
            say::line(&format_args!(
                "{name}: {PAGE} does not say what is so now: cargo xtask planted --table"
            ));
            is_same = false;
        }
    }
    Ok(is_same)
}

/// What stands before, between and behind the marks.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (there, after) = rest.split_once(END)?;
    Some((before, there, after))
}

fn table(caught: &[Caught]) -> String {
    let head = "\n| bug | what it does | row | case | with that row switched off, seen by |\n|---|---|---|---|---|\n";
    let mut table = head.to_owned();
    for caught in caught {
        let others: Vec<String> = caught.others.iter().map(u32::to_string).collect();
        let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
        // In a race nobody counts on the case.
        let seed = if caught.bug.row == RACES { " any |" } else { "" };
        table.push_str(&format!("{}{seed} {others} |\n", begin_of_row(caught)));
    }
    table.push('\n');
    table
}

/// All that has to be so again in every run.
fn begin_of_row(caught: &Caught) -> String {
    let bug = &caught.bug;
    let row = format!("| `{}` | {} | {} |", bug.name, bug.what, bug.row);
    if bug.row == RACES { row } else { format!("{row} {} |", caught.seed) }
}

fn path(workspace: &Workspace) -> PathBuf {
    workspace.root().join(PAGE)
}
