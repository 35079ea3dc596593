//! The same rules as the tree's, on plain maps and in the simplest way.

use std::collections::{BTreeMap, BTreeSet};

use treering_level::{Aggregation, Bounds, Metric, SlotRanges};

use super::{METRICS, PATHS};
use crate::setup::metric;

pub(super) const AVG: Metric = metric(60, Aggregation::Avg);
pub(super) const SUM: Metric = metric(30, Aggregation::Sum);

/// Which host, path and metric.
pub(super) type Key = (usize, usize, usize);

/// Slots of a chunk's window.
const WINDOW_SLOTS: i64 = 512;

#[derive(Default, Debug)]
pub(super) struct Plain {
    /// All there ever were; those that are gone are `None`.
    series: Vec<(Key, Option<Series>)>,
    /// The interval at which `sum` was found first, and the smaller ones since.
    found_s: Option<u32>,
}

#[derive(Debug)]
struct Series {
    interval_s: i64,
    origin_s: Option<i64>,
    samples: BTreeMap<i64, f32>,
    dirty: BTreeSet<i64>,
}

impl Series {
    fn slot(&self, time_s: i64) -> Option<i64> {
        Some((time_s - self.origin_s? + self.interval_s / 2).div_euclid(self.interval_s))
    }

    fn time(&self, slot: i64) -> i64 {
        self.origin_s.unwrap() + slot * self.interval_s
    }

    /// Whether it came to an empty slot, and whether it was stored.
    fn put(&mut self, time_s: i64, value: f32, overwrite: bool, dirty: bool) -> (bool, bool) {
        self.origin_s.get_or_insert(time_s);
        let slot = self.slot(time_s).unwrap();
        let new = !self.samples.contains_key(&slot);
        if new || overwrite {
            self.samples.insert(slot, value);
            if dirty {
                self.dirty.insert(slot);
            }
        }
        (new, new || overwrite)
    }
}

impl Plain {
    /// `file_s` is the interval in a file, if it comes from one.
    pub(super) fn resolve(&mut self, key: Key, file_s: Option<u32>) -> usize {
        if let Some(id) = self.series.iter().position(|(held, series)| *held == key && series.is_some()) {
            return id;
        }
        let interval_s = match (METRICS[key.2], file_s) {
            ("avg", _) => AVG.interval_s,
            (_, Some(file_s)) => {
                self.found_s = Some(self.found_s.map_or(file_s, |found_s| found_s.min(file_s)));
                file_s
            }
            (_, None) => self.found_s.unwrap_or(SUM.interval_s),
        };
        let made = Series {
            interval_s: i64::from(interval_s),
            origin_s: None,
            samples: BTreeMap::new(),
            dirty: BTreeSet::new(),
        };
        self.series.push((key, Some(made)));
        self.series.len() - 1
    }

    pub(super) fn host_of(&self, id: usize) -> usize {
        self.series[id].0.0
    }

    pub(super) fn write(&mut self, host: usize, id: usize, time_s: i64, value: f32, bounds: Bounds) -> bool {
        let in_bounds = bounds.oldest_s <= time_s && time_s <= bounds.newest_s;
        match &mut self.series[id] {
            ((held, ..), Some(series)) if *held == host && in_bounds && !value.is_nan() => {
                series.put(time_s, value, true, true);
                true
            }
            _ => false,
        }
    }

    /// Stored and merged.
    pub(super) fn restore(
        &mut self,
        id: usize,
        start_s: i64,
        interval_s: u32,
        values: &[f32],
        overwrite: bool,
        dirty: bool,
    ) -> (u64, u64) {
        let series = self.series[id].1.as_mut().unwrap();
        if values.is_empty() {
            return (0, 0);
        }
        series.origin_s.get_or_insert(start_s);
        // Within the column the last value of a slot counts.
        let mut column = BTreeMap::new();
        let (mut stored, mut merged) = (0, 0);
        let times = (0..).map(|slot| start_s + slot * i64::from(interval_s));
        for (time_s, value) in times.zip(values).filter(|(_, value)| !value.is_nan()) {
            merged += u64::from(column.insert(series.slot(time_s).unwrap(), (time_s, *value)).is_some());
        }
        for (time_s, value) in column.into_values() {
            let (new, put) = series.put(time_s, value, overwrite, dirty);
            stored += u64::from(put);
            merged += u64::from(!new);
        }
        (stored, merged)
    }

    pub(super) fn replay(
        &mut self,
        id: usize,
        time_s: i64,
        value: f32,
        overwrite: bool,
    ) -> Option<(u64, u64)> {
        let series = self.series[id].1.as_mut()?;
        if value.is_nan() {
            return Some((0, 0));
        }
        let (new, put) = series.put(time_s, value, overwrite, true);
        Some((u64::from(put), u64::from(!new)))
    }

    /// Samples and series freed.
    pub(super) fn free_before(&mut self, host: usize, limit_s: i64) -> (u64, usize) {
        let (mut samples, mut gone) = (0, 0);
        for (_, held) in self.series.iter_mut().filter(|(key, _)| key.0 == host) {
            let Some(series) = held else { continue };
            let mut last_of_window = BTreeMap::new();
            for slot in series.samples.keys() {
                last_of_window.insert(slot.div_euclid(WINDOW_SLOTS), *slot);
            }
            let freed: Vec<i64> = series
                .samples
                .keys()
                .copied()
                .filter(|slot| series.time(last_of_window[&slot.div_euclid(WINDOW_SLOTS)]) < limit_s)
                .collect();
            samples += freed.len() as u64;
            for slot in freed {
                series.samples.remove(&slot);
                series.dirty.remove(&slot);
            }
            if series.samples.is_empty() {
                *held = None;
                gone += 1;
            }
        }
        (samples, gone)
    }

    /// The dirty samples of each series of a host that has any.
    pub(super) fn dirty_of(&self, host: usize) -> BTreeMap<usize, BTreeMap<i64, f32>> {
        let of_host = self.series.iter().enumerate().filter(|(_, (key, _))| key.0 == host);
        let held = of_host.filter_map(|(id, (_, series))| Some((id, series.as_ref()?)));
        held.filter(|(_, series)| !series.dirty.is_empty())
            .map(|(id, series)| (id, series.dirty.iter().map(|slot| (*slot, series.samples[slot])).collect()))
            .collect()
    }

    pub(super) fn clean(&mut self, id: usize) {
        if let Some(series) = &mut self.series[id].1 {
            series.dirty.clear();
        }
    }

    pub(super) fn give_back(&mut self, id: usize, dirty: &SlotRanges) {
        if let Some(series) = &mut self.series[id].1 {
            let held = series.samples.keys().copied();
            series.dirty.extend(held.filter(|slot| dirty.contains(*slot)));
        }
    }

    /// Start, interval, values and number of series. `below` is a host and a path; without it all hosts are asked.
    #[expect(clippy::cast_possible_truncation, reason = "an answer is in single precision")]
    pub(super) fn read(
        &self,
        below: Option<(usize, &[&str])>,
        metric: usize,
        from_s: i64,
        to_s: i64,
    ) -> Option<(i64, u32, Vec<f32>, u64)> {
        let mut found: Vec<(usize, &[&str], &Series)> = self
            .series
            .iter()
            .filter(|((_, _, held), _)| *held == metric)
            .filter_map(|((host, path, _), series)| Some((*host, PATHS[*path], series.as_ref()?)))
            .filter(|(_, _, series)| !series.samples.is_empty())
            .filter(|(host, path, _)| below.is_none_or(|(h, b)| h == *host && path.starts_with(b)))
            .collect();
        found.sort_by_key(|(host, path, _)| (*host, *path));
        if let (Some((_, path)), Some((_, first, _))) = (below, found.first())
            && *first == path
        {
            found.truncate(1);
        }
        let (_, _, first) = found.first()?;
        let slots: Vec<i64> = (0..)
            .map(|step| (from_s - first.origin_s.unwrap()).div_euclid(first.interval_s) + step)
            .skip_while(|slot| first.time(*slot) < from_s)
            .take_while(|slot| first.time(*slot) < to_s)
            .collect();
        let start_s = (0..)
            .map(|step| (from_s - first.origin_s.unwrap()).div_euclid(first.interval_s) + step)
            .map(|slot| first.time(slot))
            .find(|time_s| *time_s >= from_s)?;
        let placed: Vec<BTreeMap<i64, f32>> = found
            .iter()
            .map(|(_, _, series)| {
                let samples = series.samples.iter();
                samples.map(|(slot, value)| (first.slot(series.time(*slot)).unwrap(), *value)).collect()
            })
            .collect();
        let divisor = if METRICS[metric] == "avg" { found.len() as f64 } else { 1.0 };
        let value = |slot: &i64| {
            let values: Option<Vec<f64>> =
                placed.iter().map(|series| series.get(slot).copied().map(f64::from)).collect();
            values.map_or(f32::NAN, |values| {
                (values.into_iter().reduce(|a, b| a + b).unwrap() / divisor) as f32
            })
        };
        let values = slots.iter().map(value).collect();
        Some((start_s, u32::try_from(first.interval_s).unwrap(), values, found.len() as u64))
    }

    /// Series and samples held.
    pub(super) fn counts(&self) -> (u64, u64) {
        let held: Vec<&Series> = self.series.iter().filter_map(|(_, series)| series.as_ref()).collect();
        (held.len() as u64, held.iter().map(|series| series.samples.len() as u64).sum())
    }
}
