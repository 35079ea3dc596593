//! Appending to a vector for each series, in the order in which samples come.

use std::time::Duration;

use super::Floor;
use crate::Result;
use crate::measure::timed;
use crate::workload::{Fritz, SERIES};

/// What it is.
pub const FLOOR: Floor = Floor {
    what: "append to a preallocated vector for each series, in host order",
    range: "9-18 ns a value",
};

/// A vector for each series of each host, with room for all its samples.
#[derive(Debug)]
pub struct Vectors(Vec<Vec<f32>>);

impl Vectors {
    /// For a workload.
    #[must_use]
    pub fn new(fritz: &Fritz) -> Self {
        Self((0..fritz.hosts() * SERIES).map(|_| Vec::with_capacity(fritz.samples())).collect())
    }

    /// Appends all samples. The memory is warm from the round before.
    ///
    /// # Errors
    /// None.
    pub fn run(&mut self, fritz: &Fritz) -> Result<Duration> {
        self.0.iter_mut().for_each(Vec::clear);
        timed(|| {
            for row in 0..fritz.samples() {
                for (host, vectors) in self.0.chunks_mut(SERIES).enumerate() {
                    for (vector, value) in vectors.iter_mut().zip(fritz.row(host, row)) {
                        if !value.is_nan() {
                            vector.push(*value);
                        }
                    }
                }
            }
            Ok(())
        })
    }
}
