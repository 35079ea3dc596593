//! What was tried and what was promised, kept by whoever writes, outside of the store.
//!
//! Every slot belongs to one writer, so that it is known in which order its values came; every value is written once.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use treering_tests::{Held, Mismatch, Safety, SeriesName};

/// A slot of a series, by its time in Unix seconds.
pub(crate) type Slot = (SeriesName, i64);

/// All slots. Its lock is a real one: nobody is stopped while he holds it.
#[derive(Default)]
pub(crate) struct Book(Mutex<Pages>);

#[derive(Default)]
struct Pages {
    slots: BTreeMap<Slot, Vec<Attempt>>,
    values: u32,
    /// Answers so far.
    answers: u64,
}

/// One value that was tried for a slot.
struct Attempt {
    bits: u32,
    safety: Safety,
    /// The number of the answer; none yet.
    answer: Option<u64>,
    /// Its writer was told that nothing was stored.
    refused: bool,
}

/// Where an attempt stands in the book, and its value.
#[derive(Clone)]
pub(crate) struct Tried {
    slot: Slot,
    number: usize,
    pub(crate) value: f32,
}

/// How many answers there were at some time: promises that are made later may be about those.
#[derive(Clone, Copy)]
pub(crate) struct Moment(u64);

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A value is about to be written.
    pub(crate) fn attempt(&self, slot: Slot) -> Tried {
        let mut pages = self.pages();
        pages.values += 1;
        // Exact up to 2^24.
        let value = pages.values as f32;
        let attempts = pages.slots.entry(slot.clone()).or_default();
        attempts.push(Attempt {
            bits: value.to_bits(),
            safety: Safety::Attempted,
            answer: None,
            refused: false,
        });
        Tried { slot, number: attempts.len() - 1, value }
    }

    /// Its writer was told that it is as safe as this.
    pub(crate) fn acknowledge(&self, tried: &[Tried], safety: Safety) {
        self.answer(tried, |attempt| attempt.safety = attempt.safety.max(safety));
    }

    /// Its writer was told that it was not stored.
    pub(crate) fn refuse(&self, tried: &[Tried]) {
        self.answer(tried, |attempt| attempt.refused = true);
    }

    fn answer(&self, tried: &[Tried], change: impl Fn(&mut Attempt)) {
        let mut pages = self.pages();
        pages.answers += 1;
        let answer = Some(pages.answers);
        for Tried { slot, number, .. } in tried {
            let attempt = &mut pages.slots.get_mut(slot).unwrap()[*number];
            attempt.answer = answer;
            change(attempt);
        }
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment(self.pages().answers)
    }

    /// What had been acknowledged by then, at least as this safe, is durable now.
    pub(crate) fn promote(&self, moment: Moment, from: Safety) {
        self.promote_to(Safety::Durable, moment, from);
    }

    /// The same, as safe as `to`.
    pub(crate) fn promote_to(&self, to: Safety, moment: Moment, from: Safety) {
        for attempt in self.pages().slots.values_mut().flatten() {
            if attempt.safety >= from && attempt.was_answered_by(moment) {
                attempt.safety = attempt.safety.max(to);
            }
        }
    }

    /// Holds what a store has against what it must have: everything that is `safe` and younger than `kept_from_s` and was
    /// acknowledged by `moment`.
    pub(crate) fn check(
        &self,
        held: &BTreeMap<SeriesName, Held>,
        safe: Safety,
        moment: Moment,
        kept_from_s: i64,
    ) -> Result<(), Mismatch> {
        let mut lines = self.strangers(held);
        for ((name, time_s), attempts) in &self.pages().slots {
            let bits = held.get(name).and_then(|series| series.samples.get(time_s)).copied();
            let must = if *time_s < kept_from_s { None } else { needed(attempts, safe, moment) };
            if let Err(what) = check_slot(attempts, bits, must) {
                lines.push(format!("{name} at {time_s}: {what}"));
            }
        }
        if lines.is_empty() { Ok(()) } else { Err(Mismatch::new(lines.join("\n"))) }
    }

    fn strangers(&self, held: &BTreeMap<SeriesName, Held>) -> Vec<String> {
        let pages = self.pages();
        let slots =
            held.iter().flat_map(|(name, held)| held.samples.keys().map(move |time_s| (name, *time_s)));
        let strange = slots.filter(|(name, time_s)| !pages.slots.contains_key(&((*name).clone(), *time_s)));
        strange.map(|(name, time_s)| format!("{name} at {time_s}: nobody wrote there")).collect()
    }

    /// The same for one series that is read while it is written: what was acknowledged by `moment` is in memory.
    pub(crate) fn check_series(&self, name: &SeriesName, held: Held, moment: Moment) -> Result<(), Mismatch> {
        let held = BTreeMap::from([(name.clone(), held)]);
        let mut lines = self.strangers(&held);
        let samples = &held[name].samples;
        for ((_, time_s), attempts) in self.pages().slots.iter().filter(|((slot, _), _)| slot == name) {
            let must = needed(attempts, Safety::Accepted, moment);
            if let Err(what) = check_slot(attempts, samples.get(time_s).copied(), must) {
                lines.push(format!("{name} at {time_s}: {what}"));
            }
        }
        if lines.is_empty() { Ok(()) } else { Err(Mismatch::new(lines.join("\n"))) }
    }

    /// A store was started again: what it has is durable from now on, and the rest is gone.
    pub(crate) fn adopt(&self, held: &BTreeMap<SeriesName, Held>) {
        let mut pages = self.pages();
        pages.slots.clear();
        for (name, series) in held {
            for (time_s, bits) in &series.samples {
                let (safety, answer) = (Safety::Durable, Some(0));
                let attempt = Attempt { bits: *bits, safety, answer, refused: false };
                pages.slots.insert((name.clone(), *time_s), vec![attempt]);
            }
        }
    }
}

impl Attempt {
    fn was_answered_by(&self, moment: Moment) -> bool {
        self.answer.is_some_and(|answer| answer <= moment.0)
    }
}

/// The last attempt that must not be lost.
fn needed(attempts: &[Attempt], safe: Safety, moment: Moment) -> Option<usize> {
    attempts
        .iter()
        .rposition(|attempt| attempt.safety >= safe && attempt.was_answered_by(moment) && !attempt.refused)
}

fn check_slot(attempts: &[Attempt], bits: Option<u32>, must: Option<usize>) -> Result<(), String> {
    let text = |bits: u32| format!("{:?}", f32::from_bits(bits));
    let Some(bits) = bits else {
        return must.map_or(Ok(()), |must| Err(format!("lost {}", text(attempts[must].bits))));
    };
    match attempts.iter().position(|attempt| attempt.bits == bits) {
        None => Err(format!("has {}, which was not written there", text(bits))),
        Some(at) if attempts[at].refused => Err(format!("has {}, which was refused", text(bits))),
        Some(at) if must.is_some_and(|must| at < must) => {
            let later = must.map_or(0, |must| attempts[must].bits);
            Err(format!("has {} again, although {} came later", text(bits), text(later)))
        }
        Some(_) => Ok(()),
    }
}
