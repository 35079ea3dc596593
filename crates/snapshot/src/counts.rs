//! How much a snapshot holds: the sink that only counts.

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
