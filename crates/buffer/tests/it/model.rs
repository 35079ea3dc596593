//! The plain map that a ring is held against: every rule written down again, without chunks or blocks.

use std::collections::BTreeMap;
use std::ops::Range;

use treering_buffer::{
    Bounds, CHUNK_SLOTS, Fill, Refused, Restored, SPREAD_SLOTS_MAX, Slot, Stored, TIME_MAX_S,
};

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) interval_s: i64,
    pub(crate) origin_s: Option<i64>,
    /// Bits by slot.
    pub(crate) held: BTreeMap<Slot, u32>,
    pub(crate) dirty: Ranges,
}

/// Ranges that are sorted and joined anew after each change.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ranges(pub(crate) Vec<(Slot, Slot)>);

impl Ranges {
    pub(crate) fn add(&mut self, start: Slot, end: Slot) {
        self.0.push((start, end));
        self.0.sort_unstable();
        let mut joined: Vec<(Slot, Slot)> = Vec::new();
        for (start, end) in self.0.drain(..) {
            match joined.last_mut() {
                Some(last) if last.1 >= start => last.1 = last.1.max(end),
                _ => joined.push((start, end)),
            }
        }
        self.0 = joined;
    }

    fn cut(&mut self, span: &Range<Slot>) {
        let cut = self.0.iter().map(|(start, end)| (*start.max(&span.start), *end.min(&span.end)));
        self.0 = cut.filter(|(start, end)| start < end).collect();
    }
}

impl Model {
    pub(crate) fn new(interval_s: u32) -> Self {
        Self { interval_s: i64::from(interval_s), ..Self::default() }
    }

    pub(crate) fn time_of(&self, slot: Slot) -> i64 {
        self.origin_s.unwrap() + slot * self.interval_s
    }

    pub(crate) fn span(&self) -> Range<Slot> {
        let first = self.held.first_key_value().map_or(0, |(slot, _)| *slot);
        first..self.held.last_key_value().map_or(0, |(slot, _)| slot + 1)
    }

    pub(crate) fn write(&mut self, time_s: i64, value: f32, bounds: Bounds) -> Result<Stored, Refused> {
        if value.is_nan() {
            return Err(Refused::NotANumber);
        }
        if !is_in_time(time_s.into()) {
            return Err(Refused::TimeOutOfRange);
        }
        if time_s < bounds.oldest_s {
            return Err(Refused::TooOld);
        }
        if time_s > bounds.newest_s {
            return Err(Refused::TooFarAhead);
        }
        let slot = self.slot(time_s, self.origin_s.unwrap_or(time_s)).ok_or(Refused::TimeOutOfRange)?;
        self.origin_s.get_or_insert(time_s);
        self.mark(slot);
        match self.held.insert(slot, value.to_bits()) {
            None => Ok(Stored::New),
            Some(_) => Ok(Stored::Replaced),
        }
    }

    /// `None` if the column is refused.
    pub(crate) fn restore(
        &mut self,
        start_s: i64,
        interval_s: u32,
        values: &[f32],
        fill: Fill,
        dirty: bool,
    ) -> Option<Restored> {
        let mut restored = Restored::default();
        if interval_s == 0 {
            return None;
        }
        let Some(steps) = values.len().checked_sub(1) else { return Some(restored) };
        let last_s = i128::from(start_s) + i128::from(interval_s) * i128::try_from(steps).unwrap();
        if !is_in_time(start_s.into()) || !is_in_time(last_s) {
            return None;
        }
        let origin_s = self.origin_s.unwrap_or(start_s);
        let first = self.slot(start_s, origin_s)?;
        let last = self.slot(i64::try_from(last_s).unwrap(), origin_s)?;
        if last.abs_diff(first) >= SPREAD_SLOTS_MAX.max(86_400 * u64::try_from(values.len()).unwrap()) {
            return None;
        }
        self.origin_s = Some(origin_s);
        let mut column = BTreeMap::new();
        for (time_s, value) in (0..).map(|at| start_s + i64::from(interval_s) * at).zip(values) {
            if !value.is_nan() {
                let before = column.insert(self.slot(time_s, origin_s).unwrap(), value.to_bits());
                restored.merged += u64::from(before.is_some());
            }
        }
        for (slot, bits) in column {
            let is_held = self.held.contains_key(&slot);
            restored.merged += u64::from(is_held);
            if !is_held || fill == Fill::Overwrite {
                restored.stored += 1;
                if dirty {
                    self.mark(slot);
                }
                self.held.insert(slot, bits);
            }
        }
        Some(restored)
    }

    pub(crate) fn give_back(&mut self, taken: &Ranges) {
        for (start, end) in &taken.0 {
            self.dirty.add(*start, *end);
        }
        self.dirty.cut(&self.span());
    }

    /// How many samples are freed.
    pub(crate) fn free_before(&mut self, limit_s: i64) -> u64 {
        let before = self.held.len();
        let window = |slot: Slot| slot.div_euclid(Slot::try_from(CHUNK_SLOTS).unwrap());
        while let Some((first, _)) = self.held.first_key_value() {
            let oldest = window(*first);
            let last = self.held.keys().take_while(|slot| window(**slot) == oldest).last().unwrap();
            if self.time_of(*last) >= limit_s {
                break;
            }
            self.held.retain(|slot, _| window(*slot) != oldest);
        }
        self.dirty.cut(&self.span());
        u64::try_from(before - self.held.len()).unwrap()
    }

    /// The samples of a range, and from where to where they reach.
    pub(crate) fn freeze(&self, range: Range<Slot>) -> BTreeMap<Slot, u32> {
        if range.is_empty() {
            return BTreeMap::new();
        }
        self.held.range(range).map(|(slot, bits)| (*slot, *bits)).collect()
    }

    /// The slots whose time lies in a range.
    pub(crate) fn slots_in(&self, from_s: i64, to_s: i64) -> Range<Slot> {
        let first_from = |time_s: i64| {
            let time_s = i128::from(time_s.clamp(-TIME_MAX_S, TIME_MAX_S + 1));
            let interval_s = i128::from(self.interval_s);
            let offset_s = time_s - i128::from(self.origin_s.unwrap());
            // The ceiling is the negative of the negative's floor.
            Slot::try_from(-(-offset_s).div_euclid(interval_s)).unwrap()
        };
        first_from(from_s)..first_from(to_s)
    }

    /// The slot of a time, unless its own time is beyond the limit.
    fn slot(&self, time_s: i64, origin_s: i64) -> Option<Slot> {
        let (time_s, origin_s) = (i128::from(time_s), i128::from(origin_s));
        let interval_s = i128::from(self.interval_s);
        let slot = (time_s - origin_s + interval_s / 2).div_euclid(interval_s);
        is_in_time(origin_s + slot * interval_s).then(|| Slot::try_from(slot).unwrap())
    }

    /// Call it before the sample is held.
    fn mark(&mut self, slot: Slot) {
        let end = self.span().end;
        let reaches_end = self.dirty.0.last().is_some_and(|last| last.1 == end);
        if !self.held.is_empty() && slot >= end && reaches_end {
            self.dirty.add(end, slot + 1);
        } else {
            self.dirty.add(slot, slot + 1);
        }
    }
}

fn is_in_time(time_s: i128) -> bool {
    time_s.abs() <= i128::from(TIME_MAX_S)
}
