//! The shortest text of every value, by the library that is best at it.

use std::time::Duration;

use super::Floor;
use crate::Result;
use crate::measure::{on_workers, timed};
use crate::workload::{Fritz, SERIES};

/// What it is.
pub const FLOOR: Floor =
    Floor { what: "zmij on the same values, into a warm buffer", range: "16-26 ns a value" };

/// Prints the columns of each host, a comma behind each value. Missing values are left out.
///
/// # Errors
/// None.
pub fn run(fritz: &Fritz, workers: usize) -> Result<Duration> {
    // The buffers are as long as they get before the clock starts.
    let mut texts: Vec<Vec<u8>> = vec![vec![0; fritz.samples() * SERIES * 13]; workers];
    timed(|| {
        on_workers(&mut texts, fritz.hosts(), |text, host| {
            let mut buffer = zmij::Buffer::new();
            text.clear();
            for series in 0..SERIES {
                for value in fritz.column(host, series).filter(|value| !value.is_nan()) {
                    text.extend_from_slice(buffer.format_finite(value).as_bytes());
                    text.push(b',');
                }
            }
            std::hint::black_box(&text);
            Ok(())
        })
    })
}
