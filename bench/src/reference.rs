//! What the reference needs for the same.

use std::fmt::Write as _;

use crate::report::Line;

/// Million samples a second, or the range of several runs: of this workload at the standard size, with two workers on two
/// cores of a quiet machine. They were measured once, and not here.
const FIGURES: [(&str, f64, f64); 6] = [
    ("bin-write", 45.0, 45.0),
    ("bin-load", 41.0, 41.0),
    ("json-exact", 30.0, 30.0),
    ("json-load", 15.0, 15.0),
    ("log-append", 1.6, 2.1),
    ("log-replay", 3.3, 5.2),
];

/// Each row that the reference has, too, beside it: how many times as fast at least.
#[must_use]
pub fn beside(lines: &[Line]) -> String {
    let mut text =
        "| row | the reference, million samples/s | here | times |\n|---|---|---|---|\n".to_owned();
    for (name, low, high) in FIGURES {
        let line = lines.iter().find(|line| line.name == name);
        if let Some(samples_per_s) = line.and_then(Line::samples_per_s) {
            let reference = if low < high { format!("{low} to {high}") } else { format!("{high}") };
            let here = samples_per_s / 1e6;
            // A string takes it all.
            let _ = writeln!(text, "| `{name}` | {reference} | {here:.1} | {:.0} |", here / high);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Target;

    #[test]
    fn the_best_that_the_reference_was_seen_to_do_counts() {
        let line = Line { samples: 42_000_000, ..Line::of_value("log-append", "s", 2.0, Target::None) };
        let text = beside(&[line]);
        assert!(text.ends_with("|---|---|---|---|\n| `log-append` | 1.6 to 2.1 | 21.0 | 10 |\n"), "{text}");
    }
}
