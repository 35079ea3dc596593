//! What was tried on one series.

use std::collections::{BTreeMap, BTreeSet};

use super::Safety;
use crate::held::Held;

/// One write of one sample.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    time_s: i64,
    bits: u32,
    safety: Safety,
}

/// The attempts on one series that may still be seen.
#[derive(Debug, Clone)]
pub(super) struct Series {
    interval_s: u32,
    /// A time that the grid goes through: that of the first sample, until retention has removed them all.
    origin_s: Option<i64>,
    /// Whether a next sample starts a grid of its own is then the store's choice.
    was_emptied: bool,
    /// In their order.
    attempts: Vec<Attempt>,
    /// Values that were replaced or removed. Where retention has removed what replaced them, they may come back from
    /// files for a while.
    past: BTreeSet<u32>,
}

impl Series {
    pub(super) fn new(interval_s: u32) -> Series {
        Series { interval_s, origin_s: None, was_emptied: false, attempts: Vec::new(), past: BTreeSet::new() }
    }

    pub(super) fn attempt(&mut self, time_s: i64, bits: u32) {
        if !self.was_emptied {
            self.origin_s.get_or_insert(time_s);
        }
        self.attempts.push(Attempt { time_s, bits, safety: Safety::Attempted });
    }

    pub(super) fn acknowledge(&mut self, safety: Safety) {
        for attempt in &mut self.attempts {
            attempt.safety = attempt.safety.max(safety);
        }
    }

    pub(super) fn times(&self) -> Vec<i64> {
        self.attempts.iter().map(|attempt| attempt.time_s).collect()
    }

    pub(super) fn count(&self, safety: Safety) -> usize {
        self.attempts.iter().filter(|attempt| attempt.safety >= safety).count()
    }

    pub(super) fn has_no_grid(&self) -> bool {
        self.origin_s.is_none()
    }

    pub(super) fn see_grid(&mut self, grid_s: i64) {
        self.origin_s.get_or_insert(grid_s);
    }

    pub(super) fn expire(&mut self, limit_s: i64) {
        let Some(origin_s) = self.origin_s else { return };
        let expired = |attempt: &Attempt| self.slot_s(attempt.time_s, origin_s) < limit_s;
        if self.attempts.iter().all(expired) {
            self.past.extend(self.attempts.drain(..).map(|attempt| attempt.bits));
            self.origin_s = None;
            self.was_emptied = true;
        }
    }

    pub(super) fn check_running(&self, held: Option<&Held>, kept_from_s: Option<i64>) -> Vec<String> {
        let empty = Held::default();
        let (held, Some(origin_s)) = (held.unwrap_or(&empty), self.origin_s) else { return Vec::new() };
        let mut lines = Vec::new();
        let slots = self.by_slot(origin_s);
        for (time_s, attempts) in slots.iter().filter(|(time_s, _)| Some(**time_s) >= kept_from_s) {
            let newest = attempts.last().map(|attempt| attempt.bits);
            let found = held.samples.get(time_s).copied();
            if found != newest {
                lines.push(format!("{time_s} has {} instead of {}", text(found), text(newest)));
            }
        }
        let unknown = |time_s: &i64| Some(*time_s) >= kept_from_s && !slots.contains_key(time_s);
        let unknown = held.samples.keys().filter(|time_s| unknown(time_s));
        lines.extend(unknown.map(|time_s| format!("{time_s} was never written")));
        lines
    }

    pub(super) fn recovered(
        &mut self,
        held: Option<&Held>,
        survived: Safety,
        found: Safety,
        kept_from_s: Option<i64>,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        let is_kept = |slot_s: i64| kept_from_s.is_none_or(|kept_from_s| slot_s >= kept_from_s);
        let origin_s = held.map(|held| held.grid_s).or(self.origin_s).unwrap_or(0);
        let must_stay =
            |attempt: &Attempt| attempt.safety >= survived && is_kept(self.slot_s(attempt.time_s, origin_s));
        if let (Some(held), Some(before_s)) = (held, self.origin_s)
            && self.attempts.iter().any(must_stay)
            && (held.grid_s - before_s) % i64::from(self.interval_s) != 0
        {
            lines.push(format!("the grid through {before_s} now goes through {}", held.grid_s));
        }
        if let Some(held) = held.filter(|held| held.interval_s != self.interval_s) {
            lines.push(format!("the interval is {} s instead of {}", held.interval_s, self.interval_s));
        }
        let empty = Held::default();
        let samples = &held.unwrap_or(&empty).samples;
        let mut slots = self.by_slot(origin_s);
        for (slot_s, attempts) in &mut slots {
            let kept = is_kept(*slot_s);
            let needed = attempts.iter().rposition(|attempt| attempt.safety >= survived).filter(|_| kept);
            let before = attempts.clone();
            let outcome = recovered_slot(attempts, samples.get(slot_s).copied(), needed, found);
            self.past.extend(before.iter().map(|attempt| attempt.bits));
            match outcome {
                Err(_) if !kept && samples.get(slot_s).is_some_and(|bits| self.past.contains(bits)) => {}
                Err(line) => lines.push(format!("{slot_s} {line}")),
                Ok(()) => {}
            }
        }
        for (slot_s, bits) in samples.iter().filter(|(slot_s, _)| !slots.contains_key(slot_s)) {
            if is_kept(*slot_s) || !self.past.contains(bits) {
                lines.push(format!("{slot_s} has {}, and was never written", text(Some(*bits))));
            }
        }
        self.attempts = slots.into_values().flatten().collect();
        self.origin_s = held.map(|held| held.grid_s);
        lines
    }

    /// The attempts by the time of their slot, in the order in which they were made.
    fn by_slot(&self, origin_s: i64) -> BTreeMap<i64, Vec<Attempt>> {
        let mut slots: BTreeMap<i64, Vec<Attempt>> = BTreeMap::new();
        for attempt in &self.attempts {
            slots.entry(self.slot_s(attempt.time_s, origin_s)).or_default().push(*attempt);
        }
        slots
    }

    /// The time of the slot that takes a time.
    fn slot_s(&self, time_s: i64, origin_s: i64) -> i64 {
        let interval_s = i64::from(self.interval_s);
        let half_s = interval_s / 2;
        origin_s + (time_s - origin_s + half_s).div_euclid(interval_s) * interval_s
    }
}

/// One slot: `needed` is the attempt that had to survive. Leaves the attempts that may still be seen.
fn recovered_slot(
    attempts: &mut Vec<Attempt>,
    held: Option<u32>,
    needed: Option<usize>,
    found: Safety,
) -> Result<(), String> {
    let must = || needed.map(|needed| attempts[needed].bits);
    let Some(bits) = held else {
        let outcome = must().map_or(Ok(()), |must| Err(format!("lost {}", text(Some(must)))));
        attempts.clear();
        return outcome;
    };
    let Some(at) = attempts.iter().position(|attempt| attempt.bits == bits) else {
        return Err(format!("has {}, which was not written there", text(held)));
    };
    if needed.is_some_and(|needed| at < needed) {
        return Err(format!("has {} again, although {} came later", text(held), text(must())));
    }
    attempts.truncate(at + 1);
    attempts[at].safety = attempts[at].safety.max(found);
    // What is durable hides for good what it replaced.
    let durable = attempts.iter().rposition(|attempt| attempt.safety == Safety::Durable);
    attempts.drain(..durable.unwrap_or(0));
    Ok(())
}

fn text(bits: Option<u32>) -> String {
    bits.map_or("nothing".to_owned(), |bits| format!("{:?} ({bits:08x})", f32::from_bits(bits)))
}
