//! What a conversion has lost: the source and the result, value by value.

use treering_snapshot::{Column, Document, Level, Loss};

use super::snapshot::Lines;

/// What is not in the result as it was in the source.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// Values in the source.
    values: u64,
    /// Values that are others now.
    changed: u64,
    /// By how much at most, as a part of the value.
    largest_change: f64,
    /// Infinite values that are none now.
    infinite: u64,
    /// Whatever else is different.
    other: Lines,
}

/// Compares all of two documents.
pub(super) fn compare(source: &Document, result: &Document) -> Losses {
    let mut losses = Losses::default();
    losses.level(&mut Vec::new(), source.root(), result.root());
    losses
}

impl Losses {
    /// Whether anything was lost.
    pub(super) fn any(&self) -> bool {
        self.changed > 0 || self.infinite > 0 || self.differs()
    }

    /// What the format could not hold.
    pub(super) fn of_values(&self) -> Loss {
        Loss { infinite: self.infinite, rounded: self.changed }
    }

    /// Whether more was lost than a format cannot help to lose.
    pub(super) fn differs(&self) -> bool {
        !self.other.is_empty()
    }

    pub(super) fn differ(&mut self, what: String) {
        self.other.push(what);
    }

    pub(super) fn differ_more(&mut self, more: u64) {
        self.other.add_more(more);
    }

    /// One line for each difference beyond the values.
    pub(super) fn differences(&self) -> impl Iterator<Item = String> + '_ {
        self.other.iter()
    }

    /// Adds those of another file.
    pub(super) fn add(&mut self, other: &Losses) {
        self.values += other.values;
        self.changed += other.changed;
        self.largest_change = self.largest_change.max(other.largest_change);
        self.infinite += other.infinite;
        other.differences().for_each(|line| self.other.push(line));
    }

    /// One line for each kind of loss in the values.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.changed > 0 {
            lines.push(format!(
                "lost: {} of {} values are rounded, by up to {} of the value",
                self.changed,
                self.values,
                percent(self.largest_change)
            ));
        }
        if self.infinite > 0 {
            lines.push(format!(
                "lost: {} of {} values are infinite, and null now",
                self.infinite, self.values
            ));
        }
        lines
    }

    // As deep as a document may be.
    fn level(&mut self, path: &mut Vec<String>, source: &Level, result: &Level) {
        let at = path.join("/");
        for (metric, column) in source.columns() {
            match result.column(metric) {
                Some(found) => self.column(&at, metric, column, found),
                None => self.differ(format!("metric {metric:?} of level {at:?} is missing")),
            }
        }
        for (metric, _) in result.columns().filter(|(metric, _)| source.column(metric).is_none()) {
            self.differ(format!("metric {metric:?} of level {at:?} was not there"));
        }
        for (name, level) in source.children() {
            match result.child(name) {
                Some(found) => {
                    path.push(name.to_owned());
                    self.level(path, level, found);
                    path.pop();
                }
                None => self.differ(format!("level {name:?} of level {at:?} is missing")),
            }
        }
        for (name, _) in result.children().filter(|(name, _)| source.child(name).is_none()) {
            self.differ(format!("level {name:?} of level {at:?} was not there"));
        }
    }

    fn column(&mut self, at: &str, metric: &str, source: &Column, result: &Column) {
        let head = |column: &Column| (column.interval_s, column.start_s, column.values.len());
        if head(source) != head(result) {
            let ((interval_s, start_s, count), found) = (head(source), head(result));
            self.differ(format!(
                "metric {metric:?} of level {at:?}: {count} values from {start_s} at {interval_s} s, now {} from {} at {} s",
                found.2, found.1, found.0
            ));
            return;
        }
        let mut others = 0u64;
        for (&value, &found) in source.values.iter().zip(&result.values) {
            self.values += u64::from(!value.is_nan());
            if value.to_bits() == found.to_bits() || (value.is_nan() && found.is_nan()) {
                continue;
            }
            match (value.is_nan(), found.is_nan()) {
                (false, true) if value.is_infinite() => self.infinite += 1,
                (false, false) => {
                    self.changed += 1;
                    self.largest_change = self.largest_change.max(change(value, found));
                }
                _ => others += 1,
            }
        }
        if others > 0 {
            self.differ(format!("metric {metric:?} of level {at:?}: {others} samples came or went"));
        }
    }
}

/// The change as a part of the value. A zero that has only lost its sign has not changed.
fn change(value: f32, found: f32) -> f64 {
    let (value, found) = (f64::from(value), f64::from(found));
    if value == found { 0.0 } else { ((found - value) / value).abs() }
}

fn percent(part: f64) -> String {
    format!("{} %", (part * 1e4).ceil() / 1e2)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn document(values: &[f32]) -> Document {
        let mut document = Document::new();
        let column = Column { interval_s: 60, start_s: 0, values: values.to_vec() };
        document.insert(&["a"], "m", column).unwrap();
        document
    }

    fn losses(source: &[f32], result: &[f32]) -> Losses {
        compare(&document(source), &document(result))
    }

    #[test]
    fn every_nan_equals_every_other_and_nothing_else() {
        let odd = f32::from_bits(0xffc0_0001);
        assert!(!losses(&[f32::NAN, 1.0], &[odd, 1.0]).any());
        assert!(losses(&[f32::NAN], &[1.0]).differs());
        assert!(losses(&[1.0], &[f32::NAN]).differs());
    }

    #[test]
    fn rounded_values_are_counted_and_the_largest_change_is_told() {
        let losses = losses(&[0.04, 100.04, 3.0, -0.0], &[0.0, 100.0, 3.0, 0.0]);
        assert!(losses.any() && !losses.differs());
        assert_eq!(losses.lines(), ["lost: 3 of 4 values are rounded, by up to 100 % of the value"]);
    }

    #[test]
    fn infinite_values_that_became_none_are_counted() {
        let losses = losses(&[f32::INFINITY, f32::NEG_INFINITY, 1.0], &[f32::NAN, f32::NAN, 1.0]);
        assert!(losses.any() && !losses.differs());
        assert_eq!(losses.lines(), ["lost: 2 of 3 values are infinite, and null now"]);
    }

    #[test]
    fn what_is_missing_or_new_or_moved_is_named() {
        let (empty, full) = (Document::new(), document(&[1.0]));
        let all = |losses: Losses| losses.differences().collect::<Vec<_>>();
        assert_eq!(all(compare(&full, &empty)), ["level \"a\" of level \"\" is missing"]);
        assert_eq!(all(compare(&empty, &full)), ["level \"a\" of level \"\" was not there"]);
        let mut moved = Document::new();
        moved.insert(&["a"], "m", Column { interval_s: 60, start_s: 60, values: vec![1.0] }).unwrap();
        assert_eq!(
            all(compare(&full, &moved)),
            ["metric \"m\" of level \"a\": 1 values from 0 at 60 s, now 1 from 60 at 60 s"]
        );
        let mut other = Document::new();
        other.insert(&["a"], "n", Column { interval_s: 60, start_s: 0, values: vec![1.0] }).unwrap();
        assert_eq!(
            all(compare(&full, &other)),
            ["metric \"m\" of level \"a\" is missing", "metric \"n\" of level \"a\" was not there"]
        );
    }
}
