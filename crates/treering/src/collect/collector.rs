//! The collector: reads, remembers, hands out.

use std::time::Instant;

use super::counters::Counters;
use super::{rates, source};

/// Measures this machine.
///
/// ```
/// use std::time::Instant;
/// use treering::collect::Collector;
///
/// # if cfg!(target_os = "linux") {
/// let mut collector = Collector::new()?;
/// collector.sample(Instant::now(), &mut |measured| {
///     println!("{:?} {} {}", measured.level, measured.metric, measured.value);
/// });
/// # }
/// # Ok::<(), treering::collect::CollectError>(())
/// ```
#[derive(Debug)]
pub struct Collector {
    unreadable: Vec<Unreadable>,
    before: Option<(Counters, Instant)>,
}

/// One value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Measured<'a> {
    /// The level below the host, `None` for the host itself.
    pub level: Option<&'a str>,
    /// One of [`metrics`](super::metrics).
    pub metric: &'static str,
    /// The value, finite.
    pub value: f32,
}

/// A source that cannot be read on this machine; what it would tell is not collected.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no figures for {what}: cannot read {path}: {reason}")]
pub struct Unreadable {
    /// What is missing.
    pub what: &'static str,
    /// The file that tells it.
    pub path: &'static str,
    /// Why it cannot be read.
    pub reason: String,
}

/// Why nothing can be collected.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// There is no collector for this operating system.
    #[error("cannot collect measurements on this operating system, only on Linux: give samples with --input")]
    Unsupported,
    /// None of the sources can be read.
    #[error("cannot collect measurements: {first} (is /proc mounted?); give samples with --input")]
    NothingReadable {
        /// The first source that was tried.
        first: Unreadable,
    },
}

impl Collector {
    /// A collector, after a look at what this machine lets it read.
    ///
    /// # Errors
    /// - `Unsupported`: this is not Linux.
    /// - `NothingReadable`: not one source can be read.
    pub fn new() -> Result<Self, CollectError> {
        let mut unreadable = Vec::new();
        let counters = source::read(&mut |source| unreadable.push(source))?;
        match unreadable.first() {
            Some(first) if counters == Counters::default() => {
                Err(CollectError::NothingReadable { first: first.clone() })
            }
            _ => Ok(Self { unreadable, before: None }),
        }
    }

    /// What could not be read when the collector was made, so that the user can be told once.
    #[must_use]
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// Takes a reading at `now` and hands out its values: the host's first, then each hardware thread's in the order of
    /// their numbers. The first call has no rates, since there is nothing to compare with. What cannot be read this time
    /// is left out.
    pub fn sample(&mut self, now: Instant, each: &mut dyn FnMut(Measured<'_>)) {
        let Ok(counters) = source::read(&mut |_| {}) else { return };
        let before = self.before.as_ref();
        let before = before.map(|(before, at)| (before, now.saturating_duration_since(*at).as_secs_f64()));
        rates::measure(before, &counters, each);
        self.before = Some((counters, now));
    }
}

/// This machine's name as its kernel knows it. What is not UTF-8 in it becomes U+FFFD.
#[must_use]
pub fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Duration;

    use super::super::metrics;
    use super::*;

    #[test]
    fn this_machine_is_measured_with_known_metrics_and_finite_values() {
        let mut collector = Collector::new().unwrap();
        let start = Instant::now();
        let mut first = Vec::new();
        collector.sample(start, &mut |m| first.push((m.level.map(ToOwned::to_owned), m.metric, m.value)));
        let mut second = Vec::new();
        let later = start + Duration::from_secs(1);
        collector.sample(later, &mut |m| second.push((m.level.map(ToOwned::to_owned), m.metric, m.value)));
        for (level, metric, value) in first.iter().chain(&second) {
            let known = metrics().iter().any(|known| known.name == *metric);
            assert!(known && value.is_finite() && *value >= 0.0, "{level:?} {metric} {value}");
        }
        let find = |all: &[(Option<String>, &str, f32)], name| {
            all.iter().find(|(level, metric, _)| level.is_none() && *metric == name).map(|(.., value)| *value)
        };
        assert!(find(&first, "cpu_load").is_some());
        let total = find(&first, "mem_total").unwrap();
        assert!(total > 0.0 && find(&first, "mem_used").unwrap() <= total);
        assert_eq!(find(&first, "net_bytes_in"), None, "the first reading has no rates");
    }

    #[test]
    fn this_machine_has_a_name() {
        assert!(!hostname().is_empty());
    }
}
