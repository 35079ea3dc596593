//! Writing a batch of samples into one host.

use std::ops::AddAssign;

use thiserror::Error;
use treering_buffer::{Bounds, Refused, Stored};

use crate::host::{Host, HostGuard, State};
use crate::resolve::ResolveError;
use crate::sync::Arc;
use crate::view::{Journal, SeriesIndex, SeriesView};

/// A sample for a series that was resolved.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sample {
    /// The series.
    pub series: SeriesIndex,
    /// Unix seconds.
    pub time_s: i64,
    /// The value.
    pub value: f32,
}

/// Why a sample was not stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Its time is before the retention limit.
    #[error("older than the retention limit")]
    TooOld,
    /// Its time is behind the future limit.
    #[error("too far in the future")]
    TooFarAhead,
    /// Its value is NaN.
    #[error("not a number")]
    NotANumber,
    /// Its time is beyond what a series can hold.
    #[error("time out of range")]
    TimeOutOfRange,
    /// The series is gone, or belongs to another host: resolve its names again.
    #[error("the series is gone, resolve it again")]
    Stale,
    /// The series came from a file and its metric is not configured.
    #[error("metric not configured")]
    NotConfigured,
    /// The series came from a file and has names that no sample may come with.
    #[error("name not allowed")]
    Name,
}

/// How many samples were not stored, by reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Refusals {
    /// [`Refusal::TooOld`].
    pub too_old: u64,
    /// [`Refusal::TooFarAhead`].
    pub too_far_ahead: u64,
    /// [`Refusal::NotANumber`].
    pub not_a_number: u64,
    /// [`Refusal::TimeOutOfRange`].
    pub time_out_of_range: u64,
    /// [`Refusal::Stale`].
    pub stale: u64,
    /// [`Refusal::NotConfigured`].
    pub not_configured: u64,
    /// [`Refusal::Name`].
    pub name: u64,
}

/// What became of a batch: each of its samples is counted once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// Samples that are stored now; one that replaced another is counted too.
    pub stored: u64,
    /// The others.
    pub refused: Refusals,
}

impl<H: Journal> HostGuard<'_, H> {
    /// Stores the samples in their order and tells the journal of each one that was accepted, with the time
    /// it came with. One that is refused takes no other along. No allocation but what rings and journal need.
    pub fn write(&mut self, samples: &[Sample], bounds: Bounds) -> Outcome {
        self.write_and_tell(samples, bounds, |_, _| {})
    }

    /// [`HostGuard::write`], which also tells for each sample that was refused its place in `samples`, and
    /// why.
    pub fn write_and_tell(
        &mut self,
        samples: &[Sample],
        bounds: Bounds,
        mut refused: impl FnMut(usize, Refusal),
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let listens = self.state.journal.listens();
        // Samples of one batch nearly always have one time.
        let mut plain_s = None;
        for (place, sample) in samples.iter().enumerate() {
            if plain_s != Some(sample.time_s) {
                plain_s = bounds.are_plain_for(sample.time_s).then_some(sample.time_s);
            }
            match self.write_one(sample, bounds, plain_s.is_some(), listens) {
                Ok(()) => outcome.stored += 1,
                Err(refusal) => {
                    outcome.refused.count(refusal);
                    refused(place, refusal);
                }
            }
        }
        outcome
    }

    #[inline]
    fn write_one(
        &mut self,
        sample: &Sample,
        bounds: Bounds,
        is_plain: bool,
        listens: bool,
    ) -> Result<(), Refusal> {
        let host = self.host;
        let State { levels, series: table, samples, journal } = &mut *self.state;
        let Sample { series: index, time_s, value } = *sample;
        if index.host != host.tag {
            return Err(Refusal::Stale);
        }
        if !table.takes_samples(index.number) {
            let series = table.get(index.number).ok_or(Refusal::Stale)?;
            host.welcome(levels.path(series.level), &series.metric)?;
            table.take_samples(index.number);
        }
        let series = table.get_mut(index.number).ok_or(Refusal::Stale)?;
        if is_plain && series.ring.append(time_s, value) {
            *samples += 1;
        } else {
            *samples += u64::from(series.ring.write(time_s, value, bounds)? == Stored::New);
        }
        if listens {
            let view = SeriesView { shared: &host.shared, host: host.tag, series, levels };
            journal.append(&view, time_s, value);
        }
        Ok(())
    }
}

impl<H> Host<H> {
    /// Whether a series that came from a file may be written.
    #[cold]
    fn welcome(&self, path: &[Arc<str>], metric: &str) -> Result<(), Refusal> {
        match self.admit(path, metric) {
            Ok(_) => Ok(()),
            Err(ResolveError::UnknownMetric { .. } | ResolveError::NotConfigured { .. }) => {
                Err(Refusal::NotConfigured)
            }
            Err(_) => Err(Refusal::Name),
        }
    }
}

impl Refusals {
    /// Counts one sample.
    pub fn count(&mut self, refusal: Refusal) {
        *match refusal {
            Refusal::TooOld => &mut self.too_old,
            Refusal::TooFarAhead => &mut self.too_far_ahead,
            Refusal::NotANumber => &mut self.not_a_number,
            Refusal::TimeOutOfRange => &mut self.time_out_of_range,
            Refusal::Stale => &mut self.stale,
            Refusal::NotConfigured => &mut self.not_configured,
            Refusal::Name => &mut self.name,
        } += 1;
    }

    /// All refused samples.
    #[must_use]
    pub fn total(&self) -> u64 {
        let Self { too_old, too_far_ahead, not_a_number, time_out_of_range, stale, not_configured, name } =
            self;
        too_old + too_far_ahead + not_a_number + time_out_of_range + stale + not_configured + name
    }
}

impl AddAssign for Refusals {
    fn add_assign(&mut self, other: Self) {
        self.too_old += other.too_old;
        self.too_far_ahead += other.too_far_ahead;
        self.not_a_number += other.not_a_number;
        self.time_out_of_range += other.time_out_of_range;
        self.stale += other.stale;
        self.not_configured += other.not_configured;
        self.name += other.name;
    }
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.stored += other.stored;
        self.refused += other.refused;
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooOld => Self::TooOld,
            Refused::TooFarAhead => Self::TooFarAhead,
            Refused::NotANumber => Self::NotANumber,
            // The ring's list may grow; what it says then is about the sample's time.
            _ => Self::TimeOutOfRange,
        }
    }
}
