//! The page for people: what all runs together have tried.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::{LINES, Line};
use crate::faults::rows;

const HEAD: &str = "# What the fault matrix has tried

Made by `cargo xtask faults`, `powerloss` and `fuzz` of the lines in [fault-results.jsonl](fault-results.jsonl), one for each run. What the rows are, and how they are run, stands in [testing.md](testing.md).

| row | what | part | tried | failures | runs | hours | newest commit |
|---:|---|---|---:|---:|---:|---:|---|
";

/// All runs of one part of a row.
#[derive(Default)]
struct Sum<'a> {
    tried: u64,
    failures: u64,
    runs: u64,
    seconds: f64,
    commits: BTreeSet<&'a str>,
    newest: &'a str,
}

pub(super) fn page(lines: &[Line]) -> String {
    let mut sums: BTreeMap<(u32, Option<&str>), Sum<'_>> = BTreeMap::new();
    for line in lines {
        let sum = sums.entry((line.row, line.part.as_deref())).or_default();
        sum.tried += line.count;
        sum.failures += line.failures;
        sum.runs += 1;
        sum.seconds += line.seconds;
        sum.commits.insert(&line.commit);
        sum.newest = &line.commit;
    }
    let mut page = HEAD.to_owned();
    for ((row, part), sum) in sums {
        let (what, unit) = rows::title(row).unwrap_or(("", ""));
        // Writing to a string does not fail.
        let _ = writeln!(
            page,
            "| {row} | {what} | {} | {} {unit} | {} | {} | {:.2} | `{}`{} |",
            part.unwrap_or(""),
            grouped(sum.tried),
            sum.failures,
            sum.runs,
            sum.seconds / 3600.0,
            sum.newest,
            if sum.commits.len() > 1 {
                format!(" and {} others", sum.commits.len() - 1)
            } else {
                String::new()
            },
        );
    }
    let _ = writeln!(page, "\n{} runs in all. Nothing in `{LINES}` or here is written by hand.", lines.len());
    page
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        let texts = [0, 999, 1000, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn runs_of_one_part_are_one_line_and_failures_stay() {
        let line = |part: Option<&str>, commit: &str, failures| Line {
            row: 7,
            part: part.map(str::to_owned),
            count: 600,
            seeds: None,
            commit: commit.to_owned(),
            seconds: 36.0,
            failures,
        };
        let page = page(&[line(Some("xfs"), "a", 1), line(Some("ext4"), "a", 0), line(Some("xfs"), "b", 0)]);
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| 7 |")).collect();
        assert_eq!(rows.len(), 2, "{page}");
        assert!(rows[1].contains("| xfs | 1,200 images | 1 | 2 | 0.02 | `b` and 1 others |"), "{page}");
    }
}
