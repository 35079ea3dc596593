//! What a store must hold, computed from what it was given by the rule of slots alone.
//!
//! A series' slot `k` stands for `origin + k * interval`. A time belongs to slot
//! `floor((time - origin + interval / 2) / interval)`, with whole seconds throughout.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// All series, by the path and metric of their rows: the order of the rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Samples {
    series: BTreeMap<(String, String), Series>,
}

#[derive(Clone, Debug, PartialEq)]
struct Series {
    origin_s: i64,
    interval_s: i64,
    slots: BTreeMap<i64, u32>,
}

impl Series {
    fn slot(&self, time_s: i64) -> i64 {
        (time_s - self.origin_s + self.interval_s / 2).div_euclid(self.interval_s)
    }
}

impl Samples {
    /// A sample arrives, or a record is replayed: it replaces what its slot holds. The first one sets the grid.
    pub(crate) fn put(&mut self, path: &str, metric: &str, interval_s: i64, time_s: i64, bits: u32) {
        let series = self.series(path, metric, interval_s, time_s);
        let slot = series.slot(time_s);
        series.slots.insert(slot, bits);
    }

    /// A column of a snapshot is loaded: it fills empty slots only. Of two of its values in one slot the later wins.
    /// The first column sets the grid.
    pub(crate) fn fill(
        &mut self,
        path: &str,
        metric: &str,
        interval_s: i64,
        start_s: i64,
        values: impl Iterator<Item = Option<u32>>,
    ) {
        let series = self.series(path, metric, interval_s, start_s);
        let times = (0..).map(|index| start_s + index * interval_s);
        let held = times.zip(values).filter_map(|(time_s, bits)| Some((series.slot(time_s), bits?)));
        for (slot, bits) in held.collect::<BTreeMap<_, _>>() {
            series.slots.entry(slot).or_insert(bits);
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.series.values().map(|series| series.slots.len()).sum()
    }

    /// The names of their metrics.
    pub(crate) fn metrics(&self) -> BTreeSet<String> {
        self.series.keys().map(|(_, metric)| metric.clone()).collect()
    }

    /// As `dump --format tsv` prints them.
    pub(crate) fn rows(&self) -> String {
        let mut rows = String::new();
        for ((path, metric), series) in &self.series {
            for (slot, bits) in &series.slots {
                let time_s = series.origin_s + slot * series.interval_s;
                writeln!(rows, "point\t{path}\t{metric}\t{time_s}\t{bits:08x}").unwrap();
            }
        }
        rows
    }

    fn series(&mut self, path: &str, metric: &str, interval_s: i64, first_s: i64) -> &mut Series {
        let new = || Series { origin_s: first_s, interval_s, slots: BTreeMap::new() };
        self.series.entry((path.to_owned(), metric.to_owned())).or_insert_with(new)
    }
}

/// A sender of lines that keeps the book on them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sender {
    /// What a store that got all lines must hold.
    pub(crate) samples: Samples,
    /// Counts up, so that no two values are the same.
    values: u16,
}

/// A time that is long ago: for stores that keep everything.
pub(crate) const LONG_AGO_S: i64 = 1_700_000_000;

impl Sender {
    /// The line for a sample of one of six series on three hosts.
    pub(crate) fn line(&mut self, series: usize, interval_s: i64, time_s: i64) -> String {
        const HOSTS: [(&str, &str); 3] = [("alpha", "n1"), ("alpha", "n2"), ("beta", "n1")];
        let (cluster, host) = HOSTS[series % 3];
        self.values += 1;
        // Exact in 32 bits, and in few digits.
        let value = f32::from(self.values) / 4.0;
        let (tags, level) = if series % 6 < 3 { (",type=core,type-id=3", "/core3") } else { ("", "") };
        self.samples.put(&format!("{cluster}/{host}{level}"), "load", interval_s, time_s, value.to_bits());
        format!("load,cluster={cluster},hostname={host}{tags} value={value} {time_s}\n")
    }

    /// `count` lines: most go on where time is, some are late by up to the whole age, some hit a slot again.
    pub(crate) fn lines(&mut self, count: usize, interval_s: i64, now_s: &mut i64) -> String {
        let mut text = String::new();
        for index in 0..count {
            let age_s = *now_s - LONG_AGO_S;
            let time_s = match index % 7 {
                // Before the first sample that the series got.
                3 => LONG_AGO_S - age_s / 3 - i64::try_from(index).unwrap(),
                // Anywhere in between, off the grid.
                5 => {
                    LONG_AGO_S
                        + (age_s * i64::try_from(index * 37 % count).unwrap()) / i64::try_from(count).unwrap()
                }
                // The newest slot again.
                6 => *now_s,
                _ => {
                    *now_s += interval_s / 4;
                    *now_s
                }
            };
            text += &self.line(index * 5 + index / 7, interval_s, time_s);
        }
        text
    }
}
