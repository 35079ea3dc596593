//! How much a snapshot holds, and what its format could not hold: the sink that only counts.

use std::ops::AddAssign;

use crate::{Head, Part, Sink, Stop, Take};

/// How much a snapshot holds. As a [`Sink`] it counts what it is sent and keeps nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Levels below the root.
    pub levels: u64,
    /// Columns, on all levels.
    pub columns: u64,
    /// Slots of all columns, those without a sample included.
    pub values: u64,
    /// The file's length in bytes; 0 where no file was written.
    pub len_bytes: u64,
    /// What will not come back from the file; nothing where no file was written.
    pub loss: Loss,
}

/// Values that a format could not write as they are. Who encodes gets this from
/// [`Encoder::finish`](crate::Encoder::finish), whatever the format.
///
/// NaN says that there is no sample, whatever its bits: it is never lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Infinite values that were written as if there was no sample.
    pub infinite: u64,
    /// Finite values that were written as others, because the format keeps fewer digits.
    pub rounded: u64,
}

impl Loss {
    /// Whether anything was lost.
    #[must_use]
    pub fn any(self) -> bool {
        self != Self::default()
    }
}

impl AddAssign for Loss {
    /// Adds what another file has lost.
    fn add_assign(&mut self, other: Self) {
        self.infinite += other.infinite;
        self.rounded += other.rounded;
    }
}

impl Sink for Counts {
    fn column(&mut self, head: Head<'_>, _: &[Part<'_>]) -> Result<(), Stop> {
        self.columns += 1;
        self.values += u64::from(head.count);
        Ok(())
    }

    fn enter(&mut self, _: &str) -> Result<Take, Stop> {
        self.levels += 1;
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_of_several_files_add_up() {
        let mut loss = Loss::default();
        assert!(!loss.any());
        loss += Loss { infinite: 2, rounded: 3 };
        loss += Loss { infinite: 5, rounded: 7 };
        assert_eq!(loss, Loss { infinite: 7, rounded: 10 });
        assert!(
            loss.any() && Loss { infinite: 0, rounded: 1 }.any() && Loss { infinite: 1, rounded: 0 }.any()
        );
    }
}
