//! The figures in `docs/performance.md`, written there and nowhere by hand.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::reference;
use crate::report::{Line, Report, Target};

/// The page, and the figures as JSON beside it.
#[derive(Debug)]
pub struct Page {
    markdown: PathBuf,
    json: PathBuf,
}

/// The lines of one size of the workload.
#[derive(Debug)]
pub struct Growth {
    /// Hosts.
    pub hosts: usize,
    /// One line for each row that was measured.
    pub lines: Vec<Line>,
}

impl Page {
    /// In a workspace.
    #[must_use]
    pub fn of(workspace: &Path) -> Self {
        let docs = workspace.join("docs");
        Self { markdown: docs.join("performance.md"), json: docs.join("performance.json") }
    }

    /// Puts a text between the two comments of this name.
    ///
    /// # Errors
    /// As [`Page::write`].
    pub fn fill_in(&self, name: &str, text: &str) -> Result<()> {
        std::fs::write(&self.markdown, fill(&self.read()?, name, text)?)?;
        Ok(())
    }

    /// What stands between the two comments of this name.
    ///
    /// # Errors
    /// As [`Page::write`].
    pub fn section(&self, name: &str) -> Result<String> {
        Ok(parts(&self.read()?, name)?[1].to_owned())
    }

    fn read(&self) -> Result<String> {
        let cannot = |error| format!("cannot read {}: {error}", self.markdown.display());
        Ok(std::fs::read_to_string(&self.markdown).map_err(cannot)?)
    }

    /// Writes the figures of a run.
    ///
    /// # Errors
    /// As the system reports it, or if the page has lost the lines between which the figures stand.
    pub fn write(&self, report: &Report, growth: &[Growth]) -> Result<()> {
        let sections = [
            ("rows", rows(report)),
            ("reference", reference::beside(&report.lines)),
            ("growth", grown(growth)),
        ];
        let mut filled = self.read()?;
        for (name, text) in sections {
            filled = fill(&filled, name, &text)?;
        }
        std::fs::write(&self.markdown, filled)?;
        report.write(&self.json)
    }
}

/// Puts `text` between the two comments of this name.
fn fill(page: &str, name: &str, text: &str) -> Result<String> {
    let [before, _, behind] = parts(page, name)?;
    Ok(format!("{before}{text}{behind}"))
}

/// What stands up to the first comment, between them, and from the second on.
fn parts<'a>(page: &'a str, name: &str) -> Result<[&'a str; 3]> {
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    let from = page.find(&begin).map(|at| at + begin.len());
    let to = from.and_then(|from| page[from..].find(&end).map(|at| from + at));
    match (from, to) {
        (Some(from), Some(to)) => Ok([&page[..from], &page[from..to], &page[to..]]),
        _ => Err(format!("the page has no `{}` and `{end}` behind it", begin.trim_end()).into()),
    }
}

fn rows(report: &Report) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "{}, {} cores, {}, Linux {}, huge pages {}; {} hosts x 460 series x {} samples, {} workers, \
         medians of {} rounds.\n\n\
         | row | median | floor | ratio | wanted | reached | million samples/s | bytes a sample |\n\
         |---|---|---|---|---|---|---|---|\n",
        machine.cpu,
        machine.cores,
        machine.vectors,
        machine.kernel,
        machine.huge_pages,
        machine.hosts,
        machine.samples,
        machine.workers,
        machine.rounds
    );
    for line in &report.lines {
        let floor = line.floor.map(|(_, floor)| line.figure(floor));
        let ratio = line.ratio().map(|ratio| format!("{ratio:.2}"));
        let wanted = match line.target {
            Target::Ratio(ratio) => format!("{ratio}"),
            Target::AtMost(most) => format!("at most {most}"),
            Target::None => String::new(),
        };
        let reached = match line.met() {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        let samples = line.samples_per_s().map(|samples| format!("{:.1}", samples / 1e6));
        let bytes = line.bytes_per_sample().map(|bytes| format!("{bytes:.2}"));
        // A string takes it all.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {wanted} | {reached} | {} | {} |",
            line.name,
            line.figure(line.median),
            floor.unwrap_or_default(),
            ratio.unwrap_or_default(),
            samples.unwrap_or_default(),
            bytes.unwrap_or_default(),
        );
    }
    text
}

/// Nanoseconds a sample at each size, and how much more the largest takes than the smallest.
fn grown(growth: &[Growth]) -> String {
    let mut text = "| row |".to_owned();
    for size in growth {
        let _ = write!(text, " {} hosts |", size.hosts);
    }
    text += " largest to smallest |\n|---|";
    text += &"---|".repeat(growth.len() + 1);
    text += "\n";
    let names = growth.first().map(|size| size.lines.iter().map(|line| &line.name)).into_iter().flatten();
    for name in names {
        let of_size = |size: &Growth| {
            let line = size.lines.iter().find(|line| line.name == *name)?;
            Some(line.median * 1e9 / line.samples as f64)
        };
        let each: Vec<f64> = growth.iter().filter_map(of_size).collect();
        let _ = write!(text, "| `{name}` |");
        for ns in &each {
            let _ = write!(text, " {ns:.2} ns |");
        }
        let (first, last) = (each.first().copied().unwrap_or(0.0), each.last().copied().unwrap_or(0.0));
        let _ = writeln!(text, " {:+.0} % |", (last / first - 1.0) * 100.0);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stood_between_the_comments_is_replaced_and_nothing_else() {
        let page = "a\n<!-- rows: begin -->\nold\n<!-- rows: end -->\nb\n";
        let filled = fill(page, "rows", "new\n").unwrap();
        assert_eq!(filled, "a\n<!-- rows: begin -->\nnew\n<!-- rows: end -->\nb\n");
        assert!(fill(page, "growth", "").unwrap_err().to_string().contains("growth: begin"));
    }

    #[test]
    fn growth_is_told_per_sample() {
        let line =
            |median| Line { samples: 1_000_000, median, ..Line::of_value("x", "s", 0.0, Target::None) };
        let growth =
            [(50, 0.01), (400, 0.011)].map(|(hosts, median)| Growth { hosts, lines: vec![line(median)] });
        assert!(grown(&growth).contains("| `x` | 10.00 ns | 11.00 ns | +10 % |"), "{}", grown(&growth));
    }
}
