//! What was tried on one series.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{Recovered, Safety};
use crate::held::Held;

/// One write of one sample.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    /// Of its slot, on the grid that the series had then.
    time_s: i64,
    bits: u32,
    safety: Safety,
    batch: u64,
    /// A sync of the log makes it durable. Once the log has failed, only a checkpoint does.
    syncs: bool,
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
    /// Whether this life, or the one before, has not read all that there is of it. A series of which nothing was read
    /// gets a grid anew, and what is read later is placed on it.
    in_part: bool,
    /// Then only what came behind this batch is known to be in memory.
    unread_upto: u64,
    /// Values that were replaced or removed, each with its times: values of the reference's may come more than once. Where
    /// retention has removed what replaced them, they may come back from files for a while.
    past: BTreeSet<(u32, i64)>,
}

impl Series {
    pub(super) fn new(interval_s: u32) -> Series {
        Series {
            interval_s,
            origin_s: None,
            was_emptied: false,
            in_part: false,
            unread_upto: 0,
            attempts: Vec::new(),
            past: BTreeSet::new(),
        }
    }

    pub(super) fn attempt(&mut self, time_s: i64, bits: u32, batch: u64) {
        if !self.was_emptied && !self.in_part {
            self.origin_s.get_or_insert(time_s);
        }
        let origin_s = self.origin_s.filter(|_| !self.in_part);
        let time_s = origin_s.map_or(time_s, |origin_s| self.slot_s(time_s, origin_s));
        self.attempts.push(Attempt { time_s, bits, safety: Safety::Attempted, batch, syncs: true });
    }

    /// The newest batch is at least this safe.
    pub(super) fn acknowledge(&mut self, batch: u64, safety: Safety) {
        for attempt in self.attempts.iter_mut().rev().take_while(|attempt| attempt.batch == batch) {
            attempt.safety = attempt.safety.max(safety);
        }
    }

    pub(super) fn synced(&mut self) {
        self.promote(|attempt| attempt.safety == Safety::Written && attempt.syncs);
    }

    pub(super) fn checkpointed(&mut self) {
        self.promote(|attempt| attempt.safety >= Safety::Accepted);
    }

    pub(super) fn log_failed(&mut self) {
        let unsynced = |attempt: &&mut Attempt| attempt.safety < Safety::Durable;
        self.attempts.iter_mut().filter(unsynced).for_each(|attempt| attempt.syncs = false);
    }

    fn promote(&mut self, which: impl Fn(&Attempt) -> bool) {
        let in_memory = |attempt: &Attempt| attempt.batch > self.unread_upto;
        for attempt in self.attempts.iter_mut().filter(|attempt| in_memory(attempt) && which(attempt)) {
            attempt.safety = Safety::Durable;
        }
    }

    pub(super) fn times(&self) -> Vec<i64> {
        self.attempts.iter().map(|attempt| attempt.time_s).collect()
    }

    pub(super) fn count(&self, safety: Safety) -> usize {
        self.attempts.iter().filter(|attempt| attempt.safety >= safety).count()
    }

    pub(super) fn has_no_grid(&self) -> bool {
        self.origin_s.is_none() || self.in_part
    }

    /// Where the store has put the newest batch.
    pub(super) fn see_grid(&mut self, grid_s: i64) {
        self.origin_s.get_or_insert(grid_s);
        let Some(newest) = self.attempts.last().map(|attempt| attempt.batch) else { return };
        let mut attempts = std::mem::take(&mut self.attempts);
        for attempt in attempts.iter_mut().rev().take_while(|attempt| attempt.batch == newest) {
            attempt.time_s = self.slot_s(attempt.time_s, grid_s);
        }
        self.attempts = attempts;
    }

    pub(super) fn expire(&mut self, limit_s: i64) {
        let Some(origin_s) = self.origin_s else { return };
        let expired = |attempt: &Attempt| self.slot_s(attempt.time_s, origin_s) < limit_s;
        if self.attempts.iter().all(expired) {
            self.past.extend(self.attempts.drain(..).map(|attempt| (attempt.bits, attempt.time_s)));
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
        found: Recovered,
        kept_from_s: Option<i64>,
    ) -> Vec<String> {
        match found {
            Recovered::InPart => {
                self.in_part = true;
                self.unread_upto = self.attempts.iter().map(|attempt| attempt.batch).max().unwrap_or(0);
                let lost = |attempt: &&mut Attempt| attempt.safety < survived;
                self.attempts.iter_mut().filter(lost).for_each(|attempt| attempt.safety = Safety::Attempted);
                return self.check_in_part(held);
            }
            Recovered::Damaged(safety) => return self.salvaged(held, safety),
            Recovered::Whole(_) | Recovered::Unsynced => {}
        }
        let mut lines = Vec::new();
        let is_kept = |slot_s: i64| kept_from_s.is_none_or(|kept_from_s| slot_s >= kept_from_s);
        let origin_s = held.map(|held| held.grid_s).or(self.origin_s).unwrap_or(0);
        let may_move = std::mem::take(&mut self.in_part);
        self.unread_upto = 0;
        let must_stay =
            |attempt: &Attempt| attempt.safety >= survived && is_kept(self.slot_s(attempt.time_s, origin_s));
        if let (Some(held), Some(before_s)) = (held, self.origin_s)
            && !may_move
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
        let mut attempts = std::mem::take(&mut self.attempts);
        let interval_s = self.interval_s;
        let slot_of = |attempt: &Attempt| slot_s(attempt.time_s, origin_s, interval_s);
        attempts.sort_by_key(slot_of);
        let mut tried = Vec::new();
        for slot in attempts.chunk_by_mut(|a, b| slot_of(a) == slot_of(b)) {
            let slot_s = slot_of(&slot[0]);
            tried.push(slot_s);
            let kept = is_kept(slot_s);
            let needed = slot.iter().rposition(|attempt| attempt.safety >= survived).filter(|_| kept);
            let held = samples.get(&slot_s).copied();
            let still_open = recovered_slot(slot, held, needed, found);
            let gone = |at: usize| still_open.as_ref().map_or(true, |open| !open.contains(&at));
            self.past
                .extend((0..slot.len()).filter(|at| gone(*at)).map(|at| (slot[at].bits, slot[at].time_s)));
            match still_open {
                Ok(open) => self.attempts.extend_from_slice(&slot[open]),
                Err(_) if !kept && held.is_some_and(|bits| self.was_in(slot_s, origin_s, bits)) => {}
                Err(line) => lines.push(format!("{slot_s} {line}")),
            }
        }
        for (slot_s, bits) in samples.iter().filter(|(slot_s, _)| tried.binary_search(slot_s).is_err()) {
            if is_kept(*slot_s) || !self.was_in(*slot_s, origin_s, *bits) {
                lines.push(format!("{slot_s} has {}, and was never written", text(Some(*bits))));
            }
        }
        self.origin_s = held.map(|held| held.grid_s);
        lines
    }

    /// Some files could not be read, so anything may be missing; but what is there was written there.
    pub(super) fn check_in_part(&self, held: Option<&Held>) -> Vec<String> {
        let Some(held) = held else { return Vec::new() };
        let slots = self.by_slot(held.grid_s);
        let written = |slot_s: &i64, bits: u32| {
            let here = slots.get(slot_s).is_some_and(|here| here.iter().any(|attempt| attempt.bits == bits));
            here || self.was_in(*slot_s, held.grid_s, bits)
        };
        let strange = held.samples.iter().filter(|(slot_s, bits)| !written(slot_s, **bits));
        strange
            .map(|(slot_s, bits)| format!("{slot_s} has {}, which was not written there", text(Some(*bits))))
            .collect()
    }

    /// Files were damaged: what is there was written there, and what is not there is gone.
    fn salvaged(&mut self, held: Option<&Held>, safety: Safety) -> Vec<String> {
        let lines = self.check_in_part(held);
        self.in_part = false;
        self.unread_upto = 0;
        let empty = Held::default();
        let found = held.unwrap_or(&empty);
        self.past.extend(self.attempts.iter().map(|attempt| (attempt.bits, attempt.time_s)));
        let salvaged = |(time_s, bits): (&i64, &u32)| Attempt {
            time_s: *time_s,
            bits: *bits,
            safety,
            batch: 0,
            syncs: true,
        };
        self.attempts = found.samples.iter().map(salvaged).collect();
        self.origin_s = held.map(|held| held.grid_s);
        lines
    }

    /// Whether a value that was replaced or removed was once in this slot.
    fn was_in(&self, slot_s: i64, origin_s: i64, bits: u32) -> bool {
        let mut times = self.past.range((bits, i64::MIN)..=(bits, i64::MAX)).map(|(_, time_s)| *time_s);
        times.any(|time_s| self.slot_s(time_s, origin_s) == slot_s)
    }

    /// Whether this was tried in the slot of this time.
    pub(super) fn was_tried(&self, grid_s: i64, slot_s: i64, bits: u32) -> bool {
        let here = |attempt: &Attempt| attempt.bits == bits && self.slot_s(attempt.time_s, grid_s) == slot_s;
        self.attempts.iter().any(here) || self.was_in(slot_s, grid_s, bits)
    }

    /// The attempts by the time of their slot, in the order in which they were made.
    fn by_slot(&self, origin_s: i64) -> BTreeMap<i64, Vec<Attempt>> {
        let mut slots: BTreeMap<i64, Vec<Attempt>> = BTreeMap::new();
        for attempt in &self.attempts {
            slots.entry(self.slot_s(attempt.time_s, origin_s)).or_default().push(*attempt);
        }
        slots
    }

    fn slot_s(&self, time_s: i64, origin_s: i64) -> i64 {
        slot_s(time_s, origin_s, self.interval_s)
    }
}

/// The time of the slot that takes a time.
fn slot_s(time_s: i64, origin_s: i64, interval_s: u32) -> i64 {
    let interval_s = i64::from(interval_s);
    origin_s + (time_s - origin_s + interval_s / 2).div_euclid(interval_s) * interval_s
}

/// One slot: `needed` is the attempt that had to survive. Says which attempts may still be seen.
fn recovered_slot(
    attempts: &mut [Attempt],
    held: Option<u32>,
    needed: Option<usize>,
    found: Recovered,
) -> Result<Range<usize>, String> {
    let must = needed.map(|needed| attempts[needed].bits);
    let Some(bits) = held else {
        return must.map_or(Ok(0..0), |must| Err(format!("lost {}", text(Some(must)))));
    };
    let Some(at) = attempts.iter().position(|attempt| attempt.bits == bits) else {
        return Err(format!("has {}, which was not written there", text(held)));
    };
    if needed.is_some_and(|needed| at < needed) {
        return Err(format!("has {} again, although {} came later", text(held), text(must)));
    }
    let (safety, syncs) = match found {
        Recovered::Whole(safety) => (safety, true),
        _ => (Safety::Written, false),
    };
    attempts[at].safety = attempts[at].safety.max(safety);
    attempts[at].syncs = syncs;
    // What is durable hides for good what it replaced.
    let durable = attempts[..=at].iter().rposition(|attempt| attempt.safety == Safety::Durable);
    Ok(durable.unwrap_or(0)..at + 1)
}

fn text(bits: Option<u32>) -> String {
    bits.map_or("nothing".to_owned(), |bits| format!("{:?} ({bits:08x})", f32::from_bits(bits)))
}
