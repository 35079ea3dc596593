//! Tables for eyes: the tree of levels with a row for each series.

use std::io::{self, Write};

use super::summary::Summary;
use crate::program::table::{Table, or_dash};
use crate::program::words::brief;

const HEAD: [&str; 8] = ["tree", "interval", "start", "count", "gaps", "minimum", "maximum", "last"];

/// Rows of series, each below its levels.
pub(super) struct Tree {
    table: Table,
    path: Vec<String>,
}

/// A row.
pub(super) struct Row<'a> {
    pub(super) metric: &'a str,
    pub(super) interval_s: Option<i64>,
    pub(super) start_s: Option<i64>,
    /// Slots, or records.
    pub(super) count: u64,
    /// Slots without a sample, if there is a grid.
    pub(super) gaps: Option<u64>,
    pub(super) summary: Summary,
}

impl Tree {
    pub(super) fn new() -> Tree {
        Tree { table: Table::new(1, &HEAD), path: Vec::new() }
    }

    /// Begins a level. Whoever comes in the order of paths has each level once.
    pub(super) fn level(&mut self, path: &[impl AsRef<str>]) {
        let same = self.path.iter().zip(path).take_while(|(above, level)| *above == level.as_ref()).count();
        self.path.truncate(same);
        for level in &path[same..] {
            self.table.title(format!("{}{}/", indent(self.path.len()), name(level.as_ref())));
            self.path.push(level.as_ref().to_owned());
        }
    }

    /// A series of the level that was begun.
    pub(super) fn row(&mut self, row: &Row<'_>) {
        let Row { metric, interval_s, start_s, count, gaps, summary } = row;
        let value = |value: f32| or_dash((summary.samples > 0).then(|| shown(value)));
        self.table.row([
            format!("{}{}", indent(self.path.len()), name(metric)),
            or_dash(interval_s.map(|interval_s| format!("{interval_s} s"))),
            or_dash(*start_s),
            count.to_string(),
            or_dash(*gaps),
            value(summary.minimum),
            value(summary.maximum),
            value(summary.last),
        ]);
    }

    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        self.table.print(out)
    }
}

/// The shortest text that is read back as the same bits; with an exponent where that saves many zeros.
fn shown(value: f32) -> String {
    let size = value.abs();
    if size == 0.0 || !size.is_finite() || (1e-5..1e12).contains(&size) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// A name that is none is still there.
fn name(name: &str) -> String {
    if name.is_empty() { "\"\"".to_owned() } else { brief(name) }
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}
