//! What is said of a series in one row.

/// Samples of one series, as they come.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Summary {
    pub(super) samples: u64,
    pub(super) first_s: i64,
    pub(super) last_s: i64,
    pub(super) minimum: f32,
    pub(super) maximum: f32,
    /// The value of the latest time; of two at that time, the one that came later.
    pub(super) last: f32,
}

impl Summary {
    pub(super) fn of(samples: impl Iterator<Item = (i64, f32)>) -> Summary {
        let mut summary = Summary::default();
        samples.for_each(|(time_s, value)| summary.add(time_s, value));
        summary
    }

    /// Adds a sample; a value that is not a number is none.
    pub(super) fn add(&mut self, time_s: i64, value: f32) {
        if value.is_nan() {
            return;
        }
        if self.samples == 0 {
            let (minimum, maximum) = (value, value);
            *self = Summary { samples: 0, first_s: time_s, last_s: time_s, minimum, maximum, last: value };
        }
        self.samples += 1;
        self.first_s = self.first_s.min(time_s);
        if time_s >= self.last_s {
            (self.last_s, self.last) = (time_s, value);
        }
        self.minimum = self.minimum.min(value);
        self.maximum = self.maximum.max(value);
    }

    /// Slots from the first sample to the last on a grid of this interval, if there is one.
    pub(super) fn slots(&self, interval_s: i64) -> Option<u64> {
        let span_s = self.last_s.checked_sub(self.first_s).filter(|_| self.samples > 0)?;
        u64::try_from(span_s.checked_div(interval_s)?).ok()?.checked_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_late_is_not_the_last_and_nothing_is_no_value() {
        let summary = Summary::of([(60, 2.0), (0, 5.0), (120, f32::NAN), (60, -1.0)].into_iter());
        assert_eq!((summary.samples, summary.first_s, summary.last_s), (3, 0, 60));
        assert_eq!((summary.minimum, summary.maximum, summary.last), (-1.0, 5.0, -1.0));
        assert_eq!((summary.slots(60), summary.slots(10), summary.slots(0)), (Some(2), Some(7), None));
        assert_eq!(Summary::default().slots(60), None);
        let whole = Summary::of([(i64::MIN, 1.0), (i64::MAX, 1.0)].into_iter());
        assert_eq!(whole.slots(1), None);
    }
}
