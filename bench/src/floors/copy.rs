//! Copying texts that are already there.

use std::time::Duration;

use super::Floor;
use crate::Result;
use crate::measure::{on_workers, timed};

/// What it is.
pub const FLOOR: Floor = Floor { what: "copying the same text into a warm buffer", range: "10-14 GB/s" };

/// Copies each of the texts into the one buffer of a thread.
///
/// # Errors
/// None.
pub fn run(texts: &[Vec<u8>], workers: usize) -> Result<Duration> {
    let longest = texts.iter().map(Vec::len).max().unwrap_or(0);
    let mut buffers = vec![vec![1_u8; longest]; workers];
    timed(|| {
        on_workers(&mut buffers, texts.len(), |buffer, index| {
            buffer[..texts[index].len()].copy_from_slice(&texts[index]);
            std::hint::black_box(&buffer);
            Ok(())
        })
    })
}
