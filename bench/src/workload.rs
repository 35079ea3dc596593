//! The workload `fritz`: hosts of one cluster, each with 460 series of five kinds of values at 60 s.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds between two samples of a series.
pub const INTERVAL_S: i64 = 60;
/// Series of one host: 20 of its own, 4 on each of 2 sockets, 6 on each of 72 cores.
pub const SERIES: usize = 20 + 2 * 4 + 72 * 6;
/// The cluster's name.
pub const CLUSTER: &str = "fritz";

/// So many hosts have values of their own; the others repeat them, so that the values stay in the caches and a row
/// measures the store rather than where its input comes from.
const PATTERNS: usize = 8;

/// A series below its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The level below the host, if there is one.
    pub level: Option<String>,
    /// The metric.
    pub metric: String,
}

/// The workload at one size.
#[derive(Debug)]
pub struct Fritz {
    hosts: usize,
    samples: usize,
    start_s: i64,
    series: Vec<Series>,
    /// By pattern: the values of one host, a row of all series for each time.
    values: Vec<Vec<f32>>,
}

impl Fritz {
    /// `hosts` hosts with `samples` samples in each series, the last of them a minute ago.
    #[must_use]
    pub fn new(hosts: usize, samples: usize) -> Self {
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let minutes = i64::try_from(now_s).unwrap_or(i64::MAX) / INTERVAL_S;
        let start_s = (minutes - i64::try_from(samples).unwrap_or(0)) * INTERVAL_S;
        let patterns = hosts.min(PATTERNS);
        let values = (0..patterns).map(|pattern| values_of(pattern, samples)).collect();
        Self { hosts, samples, start_s, series: series(), values }
    }

    /// How many hosts there are.
    #[must_use]
    pub fn hosts(&self) -> usize {
        self.hosts
    }

    /// Slots of each series.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// A host's name.
    #[must_use]
    pub fn host(&self, host: usize) -> String {
        format!("f{host:04}")
    }

    /// The series of every host, in the order of a row of values.
    #[must_use]
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// Unix time of a row.
    #[must_use]
    pub fn time_s(&self, row: usize) -> i64 {
        self.start_s + i64::try_from(row).unwrap_or(0) * INTERVAL_S
    }

    /// The values of all series of a host at one time; NaN where it has none.
    #[must_use]
    pub fn row(&self, host: usize, row: usize) -> &[f32] {
        &self.values[host % self.values.len()][row * SERIES..][..SERIES]
    }

    /// All values of one series of a host, in the order of their times.
    pub fn column(&self, host: usize, series: usize) -> impl Iterator<Item = f32> + '_ {
        (0..self.samples).map(move |row| self.row(host, row)[series])
    }

    /// How many samples there are in all; gaps do not count.
    #[must_use]
    pub fn count(&self) -> u64 {
        let of_host = |host: usize| {
            self.values[host % self.values.len()].iter().filter(|value| !value.is_nan()).count()
        };
        (0..self.hosts).map(|host| u64::try_from(of_host(host)).unwrap_or(0)).sum()
    }
}

fn series() -> Vec<Series> {
    let on = |level: Option<String>, kind: &str, count: usize| {
        let kind = kind.to_owned();
        (0..count).map(move |metric| Series { level: level.clone(), metric: format!("{kind}_{metric}") })
    };
    let sockets = (0..2).flat_map(|socket| on(Some(format!("socket{socket}")), "socket_metric", 4));
    let cores = (0..72).flat_map(|core| on(Some(format!("core{core}")), "core_metric", 6));
    on(None, "node_metric", 20).chain(sockets).chain(cores).collect()
}

fn values_of(pattern: usize, samples: usize) -> Vec<f32> {
    let mut values = vec![f32::NAN; samples * SERIES];
    for series in 0..SERIES {
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ ((pattern * SERIES + series) as u64) << 17);
        let mut walk = (random.below(1000)) as f32;
        for row in 0..samples {
            values[row * SERIES + series] = match series % 5 {
                0 => 42.0 + (series % 7) as f32,
                1 => tenths(&mut walk, &mut random),
                2 => random.unit() * 1e3,
                3 => {
                    let value = tenths(&mut walk, &mut random);
                    if random.below(50) == 0 { f32::NAN } else { value }
                }
                _ if random.below(20) == 0 => (random.below(100_000) as f32) / 10.0,
                _ => 0.0,
            };
        }
    }
    values
}

/// The next value of a walk with one decimal.
fn tenths(walk: &mut f32, random: &mut Random) -> f32 {
    let steps = random.below(21) as f32 - 10.0;
    *walk = (*walk + steps).abs();
    *walk / 10.0
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u32) -> u32 {
        ((u64::from(end) * (self.next() >> 32)) >> 32) as u32
    }

    /// In `0.0..1.0`, with all the digits that fit.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 24) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_460_series_and_gaps_in_a_fifth_of_them() {
        let fritz = Fritz::new(9, 100);
        assert_eq!(fritz.series().len(), SERIES);
        let gaps = |series| fritz.column(3, series).filter(|value| value.is_nan()).count();
        assert!((0..SERIES).all(|series| series % 5 == 3 || gaps(series) == 0));
        let all: usize = (0..SERIES).map(gaps).sum();
        assert!((100..300).contains(&all), "{all}");
        assert_eq!(fritz.row(8, 7).as_ptr(), fritz.row(0, 7).as_ptr());
        let held = 9 * SERIES as u64 * 100;
        assert!(fritz.count() < held && fritz.count() > held - held / 100);
    }

    #[test]
    fn walks_have_one_decimal() {
        let fritz = Fritz::new(1, 50);
        let is_tenth =
            |value: f32| (f64::from(value) * 10.0 - (f64::from(value) * 10.0).round()).abs() < 1e-3;
        assert!(fritz.column(0, 1).all(is_tenth));
        assert!(!fritz.column(0, 2).all(is_tenth));
    }
}
