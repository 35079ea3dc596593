//! What was measured, as a table for people and as JSON for programs.

use std::path::Path;

use serde::Serialize;

use crate::Result;
use crate::floors::Floor;
use crate::machine::Machine;
use crate::measure::{Pair, Spread};

/// What a figure has to reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// The floor takes at least this part of the time.
    Ratio(f64),
    /// The figure is at most this.
    AtMost(f64),
    /// Nothing; it is told all the same.
    None,
}

/// Whether files and memory were there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Made for this round.
    Fresh,
    /// Warm from the round before.
    Reused,
}

/// One figure.
#[derive(Debug, Clone)]
pub struct Line {
    /// The row's name, for the command line.
    pub name: String,
    /// What `median` and `best` are in.
    pub unit: &'static str,
    /// The middle of all rounds.
    pub median: f64,
    /// The best of all rounds.
    pub best: f64,
    /// The floor and its median, in the same unit.
    pub floor: Option<(Floor, f64)>,
    /// What is to be reached.
    pub target: Target,
    /// Samples that one round moves; 0 if it is not about that.
    pub samples: u64,
    /// Bytes that one round moves, of files or of text; 0 if it is not about that.
    pub bytes: u64,
    /// Files.
    pub files: State,
    /// Memory.
    pub memory: State,
}

/// The lines of one run, and where it was.
#[derive(Debug)]
pub struct Report {
    /// The lines.
    pub lines: Vec<Line>,
    /// The machine.
    pub machine: Machine,
}

#[derive(Serialize)]
struct JsonRow<'a> {
    name: &'a str,
    unit: &'a str,
    median: f64,
    best: f64,
    floor_median: Option<f64>,
    ratio: Option<f64>,
    target: Option<f64>,
    met: Option<bool>,
    samples_per_s: Option<f64>,
    bytes_per_sample: Option<f64>,
    floor_gb_per_s: Option<f64>,
    floor: Option<&'a str>,
    floor_range: Option<&'a str>,
    files: State,
    memory: State,
}

impl Line {
    /// Of a pair of times.
    #[must_use]
    pub fn of_pair(name: &str, pair: &Pair, floor: Floor, ratio: f64, samples: u64, bytes: u64) -> Self {
        let mut line = Self::of_spread(name, &pair.subject, samples, bytes);
        line.floor = Some((floor, pair.floor.median().as_secs_f64()));
        line.target = Target::Ratio(ratio);
        line
    }

    /// Of times without a floor.
    #[must_use]
    pub fn of_spread(name: &str, spread: &Spread, samples: u64, bytes: u64) -> Self {
        Self {
            name: name.to_owned(),
            unit: "s",
            median: spread.median().as_secs_f64(),
            best: spread.best().as_secs_f64(),
            floor: None,
            target: Target::None,
            samples,
            bytes,
            files: State::Fresh,
            memory: State::Reused,
        }
    }

    /// Of a figure that is no time of a round.
    #[must_use]
    pub fn of_value(name: &str, unit: &'static str, value: f64, target: Target) -> Self {
        Self {
            name: name.to_owned(),
            unit,
            median: value,
            best: value,
            floor: None,
            target,
            samples: 0,
            bytes: 0,
            files: State::Fresh,
            memory: State::Fresh,
        }
    }

    /// The same, with what was there before.
    #[must_use]
    pub fn with(mut self, files: State, memory: State) -> Self {
        (self.files, self.memory) = (files, memory);
        self
    }

    /// The floor's time as a part of this one.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        self.floor.map(|(_, floor)| floor / self.median)
    }

    /// Whether the target is reached, if there is one.
    #[must_use]
    pub fn met(&self) -> Option<bool> {
        match self.target {
            Target::Ratio(ratio) => self.ratio().map(|found| found >= ratio),
            Target::AtMost(most) => Some(self.median <= most),
            Target::None => None,
        }
    }

    /// A figure of this line with its unit.
    #[must_use]
    pub fn figure(&self, value: f64) -> String {
        match self.unit {
            "s" => format!("{:.2} ms", value * 1e3),
            unit => format!("{value:.2} {unit}"),
        }
    }

    /// Samples a second, if it is about that.
    #[must_use]
    pub fn samples_per_s(&self) -> Option<f64> {
        (self.samples > 0 && self.unit == "s").then(|| self.samples as f64 / self.median)
    }

    /// Bytes of files or text for each sample, if it is about that.
    #[must_use]
    pub fn bytes_per_sample(&self) -> Option<f64> {
        (self.samples > 0 && self.bytes > 0).then(|| self.bytes as f64 / self.samples as f64)
    }

    fn floor_gb_per_s(&self) -> Option<f64> {
        let (_, floor_s) = self.floor?;
        (self.bytes > 0).then(|| self.bytes as f64 / floor_s / 1e9)
    }

    fn json(&self) -> JsonRow<'_> {
        JsonRow {
            name: &self.name,
            unit: self.unit,
            median: self.median,
            best: self.best,
            floor_median: self.floor.map(|(_, floor)| floor),
            ratio: self.ratio(),
            target: match self.target {
                Target::Ratio(target) | Target::AtMost(target) => Some(target),
                Target::None => None,
            },
            met: self.met(),
            samples_per_s: self.samples_per_s(),
            bytes_per_sample: self.bytes_per_sample(),
            floor_gb_per_s: self.floor_gb_per_s(),
            floor: self.floor.map(|(floor, _)| floor.what),
            floor_range: self.floor.map(|(floor, _)| floor.range),
            files: self.files,
            memory: self.memory,
        }
    }

    /// The line as the table has it.
    #[must_use]
    pub fn row(&self) -> String {
        let optional = |value: Option<f64>, digits: usize| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
        };
        let figure = |value| self.figure(value);
        let target = match self.target {
            Target::Ratio(target) => format!(">= {target}"),
            Target::AtMost(most) => format!("<= {most}"),
            Target::None => String::new(),
        };
        let met = match self.met() {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "-",
        };
        format!(
            "{:<18} {:>14} {:>14} {:>14} {:>6} {:>9} {:>4} {:>9} {:>8} {:>8}",
            self.name,
            figure(self.median),
            figure(self.best),
            self.floor.map_or_else(|| "-".to_owned(), |(_, floor)| figure(floor)),
            optional(self.ratio(), 2),
            target,
            met,
            optional(self.samples_per_s().map(|samples| samples / 1e6), 2),
            optional(self.bytes_per_sample(), 2),
            optional(self.floor_gb_per_s(), 2),
        )
    }
}

/// What stands above the rows of the table.
#[must_use]
pub fn head() -> String {
    format!(
        "{:<18} {:>14} {:>14} {:>14} {:>6} {:>9} {:>4} {:>9} {:>8} {:>8}",
        "row", "median", "best", "floor", "ratio", "target", "met", "M sampl/s", "B/sample", "GB/s"
    )
}

impl Report {
    /// Writes it as JSON.
    ///
    /// # Errors
    /// As the system reports it.
    pub fn write(&self, path: &Path) -> Result<()> {
        let rows: Vec<_> = self.lines.iter().map(Line::json).collect();
        let json = serde_json::json!({ "rows": rows, "machine": self.machine });
        let mut text = serde_json::to_string_pretty(&json)?;
        text.push('\n');
        std::fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(())
    }

    /// Which floors stand below which rows.
    #[must_use]
    pub fn legend(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            if let Some((floor, _)) = line.floor {
                text += &format!(
                    "{:<18} floor: {} ({}); files {}, memory {}\n",
                    line.name,
                    floor.what,
                    floor.range,
                    line.files.word(),
                    line.memory.word()
                );
            }
        }
        text
    }
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Fresh => "fresh",
            State::Reused => "reused",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn spread(ms: u64) -> Spread {
        Spread::new(vec![Duration::from_millis(ms); 3])
    }

    #[test]
    fn a_ratio_is_the_floors_part_of_the_time() {
        let pair = Pair { subject: spread(40), floor: spread(10) };
        let line = Line::of_pair("x", &pair, crate::floors::append::FLOOR, 0.5, 1000, 4000);
        assert_eq!((line.ratio(), line.met()), (Some(0.25), Some(false)));
        let json = serde_json::to_value(line.json()).unwrap();
        assert_eq!((&json["bytes_per_sample"], &json["samples_per_s"]), (&4.0.into(), &25000.0.into()));
    }

    #[test]
    fn a_limit_is_met_from_below() {
        assert_eq!(Line::of_value("m", "B", 4.5, Target::AtMost(4.6)).met(), Some(true));
        assert_eq!(Line::of_value("m", "B", 4.7, Target::AtMost(4.6)).met(), Some(false));
        assert_eq!(Line::of_value("m", "B", 4.7, Target::None).met(), None);
    }
}
