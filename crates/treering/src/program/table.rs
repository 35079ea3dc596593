//! Tables for eyes: columns as wide as their widest cell.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

/// Rows of cells, and lines that stand between them. The first columns are aligned left, the others right.
pub(crate) struct Table {
    left: usize,
    lines: Vec<Line>,
}

enum Line {
    Title(String),
    Cells(Vec<String>),
}

impl Table {
    /// A table with this head, `left` of whose columns are aligned left.
    pub(crate) fn new(left: usize, head: &[&str]) -> Table {
        let head = head.iter().map(|&name| name.to_owned()).collect();
        Table { left, lines: vec![Line::Cells(head)] }
    }

    /// A line of its own, as wide as it is.
    pub(crate) fn title(&mut self, title: String) {
        self.lines.push(Line::Title(title));
    }

    pub(crate) fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.lines.push(Line::Cells(cells.into()));
    }

    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let widths = self.widths();
        for line in &self.lines {
            match line {
                Line::Title(title) => writeln!(out, "{title}")?,
                Line::Cells(cells) => writeln!(out, "{}", self.aligned(cells, &widths).trim_end())?,
            }
        }
        Ok(())
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for line in &self.lines {
            let Line::Cells(cells) = line else { continue };
            widths.resize(widths.len().max(cells.len()), 0);
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.width());
            }
        }
        widths
    }

    fn aligned(&self, cells: &[String], widths: &[usize]) -> String {
        let cells = cells.iter().zip(widths).enumerate().map(|(index, (cell, &width))| {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            if index < self.left { format!("{cell}{space}") } else { format!("{space}{cell}") }
        });
        cells.collect::<Vec<_>>().join("  ")
    }
}

/// A cell for what may not be there.
pub(crate) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(1, &["name", "n"]);
        table.title("a title wider than all".to_owned());
        table.row(["é".to_owned(), "1000".to_owned()]);
        table.row(["日本".to_owned(), "7".to_owned()]);
        table.row(["longer".to_owned(), or_dash(None::<u8>)]);
        let mut out = Vec::new();
        table.print(&mut out).unwrap();
        let expected = "name       n\na title wider than all\né       1000\n日本       7\nlonger     -\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
