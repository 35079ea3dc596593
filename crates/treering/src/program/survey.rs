//! What the bytes of a file are: used, damaged, or nobody's. `verify` judges by it, `repair` accounts by it, `ls` counts.
//!
//! Everything in a file that is not in a [`Fault`] of class [`Class::Damage`], [`Class::Unplaced`], [`Class::Torn`] or
//! [`Class::Foreign`] is what a start would take, or holds no sample.

mod bin;
mod extents;
mod json;
mod log;
mod segment;
mod snapshot;

#[cfg(test)]
mod property;

use std::borrow::Cow;

use super::words::place;

pub(crate) use log::{Log, log};
pub(crate) use segment::{Event, read_segment};
pub(crate) use snapshot::{is_damage, snapshot};

/// So many faults of one file are kept one by one.
const FAULTS_MAX: usize = 1000;

/// A stretch of a file that is not as it should be, or that nobody reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The place to look at.
    pub(crate) at: u64,
    /// The first byte that is not used.
    pub(crate) from: u64,
    /// Behind the last one; the first one again where all are used, or nobody knows which are not.
    pub(crate) to: u64,
    /// How many bytes are not used, if not all from the first to the last.
    pub(crate) bytes: Option<u64>,
    pub(crate) class: Class,
    /// A short name that stays what it is.
    pub(crate) rule: Cow<'static, str>,
    /// What was expected, and what is there instead.
    pub(crate) what: Cow<'static, str>,
    /// Which samples.
    pub(crate) lost: Cow<'static, str>,
    /// What to do.
    pub(crate) advice: &'static str,
    /// The level that it is about, if it is about one.
    pub(crate) path: Option<Vec<String>>,
    pub(crate) metric: Option<String>,
}

/// What a fault means for what was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Not what was written.
    Damage,
    /// As it was written, but nothing that a series can hold.
    Unplaced,
    /// The end of a log that was cut short, as a crash leaves it.
    Torn,
    /// Sound, and nothing that a store reads.
    Foreign,
    /// Nothing is lost.
    Note,
}

/// The faults of one file, up to a number; the others are counted.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) kept: Vec<Fault>,
    pub(crate) more: More,
}

/// Faults that were not kept.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct More {
    pub(crate) damage: u64,
    pub(crate) unplaced: u64,
    pub(crate) others: u64,
    /// From the first byte that is not used to behind the last one, and how many of them are not.
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) bytes: u64,
}

const NOTHING: &str = "nothing";

impl Fault {
    pub(crate) fn new(
        class: Class,
        rule: impl Into<Cow<'static, str>>,
        (from, to): (u64, u64),
        what: impl Into<Cow<'static, str>>,
    ) -> Fault {
        let (lost, advice) = (Cow::Borrowed(NOTHING), NOTHING);
        let (rule, what) = (rule.into(), what.into());
        Fault { at: from, from, to, bytes: None, class, rule, what, lost, advice, path: None, metric: None }
    }

    /// Looked at in another place than where the bytes begin that are not used.
    pub(crate) fn at(mut self, at: u64) -> Fault {
        self.at = at;
        self
    }

    pub(crate) fn lost(mut self, lost: impl Into<Cow<'static, str>>) -> Fault {
        self.lost = lost.into();
        self
    }

    pub(crate) fn advice(mut self, advice: &'static str) -> Fault {
        self.advice = advice;
        self
    }

    /// What it is, and about which series.
    pub(crate) fn described(&self) -> String {
        let place = place(self.path.as_deref(), self.metric.as_deref());
        let comma = if place.is_empty() { "" } else { ", at " };
        format!("{}{comma}{place}", self.what)
    }

    /// The same with its place.
    pub(crate) fn told(&self) -> String {
        let described = self.described();
        let at = format!("at byte {}", self.at);
        if self.what.contains(&at) { described } else { format!("{at}: {described}") }
    }

    /// Leaves nothing behind `to`.
    fn clip(&mut self, to: u64) {
        (self.from, self.to) = (self.from.min(to), self.to.min(to));
    }

    /// How many bytes are not used.
    pub(crate) fn unused_bytes(&self) -> u64 {
        match self.class {
            Class::Note => 0,
            _ => self.bytes.unwrap_or(self.to.saturating_sub(self.from)),
        }
    }
}

impl Class {
    /// Whether samples are lost that were stored.
    pub(crate) fn is_damage(self) -> bool {
        matches!(self, Class::Damage | Class::Unplaced)
    }
}

impl Faults {
    pub(crate) fn push(&mut self, fault: Fault) {
        if self.kept.len() < FAULTS_MAX {
            return self.kept.push(fault);
        }
        let mut more =
            More { from: fault.from, to: fault.to, bytes: fault.unused_bytes(), ..More::default() };
        match fault.class {
            Class::Damage => more.damage = 1,
            Class::Unplaced => more.unplaced = 1,
            _ => more.others = 1,
        }
        self.more.add(more);
    }

    /// Takes up those of another part of the file.
    fn append(&mut self, other: Faults) {
        other.kept.into_iter().for_each(|fault| self.push(fault));
        self.more.add(other.more);
    }

    /// Whether bytes are not what was written.
    pub(crate) fn are_damage(&self) -> bool {
        self.more.damage > 0 || self.any(Class::Damage)
    }

    pub(crate) fn any(&self, class: Class) -> bool {
        self.kept.iter().any(|fault| fault.class == class)
    }

    /// Whether samples are lost that were stored.
    pub(crate) fn lose_samples(&self) -> bool {
        self.are_damage() || self.more.unplaced > 0 || self.any(Class::Unplaced)
    }
}

impl More {
    /// How many there are.
    pub(crate) fn count(self) -> u64 {
        self.damage + self.unplaced + self.others
    }

    fn add(&mut self, other: More) {
        if other.count() == 0 {
            return;
        }
        let is_first = self.count() == 0;
        self.from = if is_first { other.from } else { self.from.min(other.from) };
        self.to = self.to.max(other.to);
        self.damage += other.damage;
        self.unplaced += other.unplaced;
        self.others += other.others;
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}
