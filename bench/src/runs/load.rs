//! Opening a directory of checkpoints, whoever wrote it.

use std::path::Path;
use std::sync::Arc;

use treering_persist::{Options, Store, SyncPolicy};

use crate::Result;
use crate::context::{Written, files_below};
use crate::machine::resident_bytes;
use crate::measure::{Spread, timed};
use crate::storage::{BenchStorage, Without};

/// Opens it `rounds` times, and prints what that took. The directory is only read, but for its lock.
///
/// # Errors
/// As [`Store::open`].
pub fn run(dir: &Path, workers: usize, rounds: usize) -> Result<()> {
    let before = resident_bytes();
    let (mut times, mut samples, mut grown, mut findings) = (Vec::new(), 0, 0, 0);
    for _ in 0..rounds.max(1) {
        let mut opened = None;
        let options = Options { workers, sync: SyncPolicy::Unlogged, retention: None, ..Options::new(dir) };
        times.push(timed(|| {
            let storage = Arc::new(BenchStorage::new(Without::Syncs));
            opened = Some(Store::open(storage, options, Written::Bin.formats())?);
            Ok(())
        })?);
        if let Some((store, report)) = opened {
            samples = store.tree().counts().samples;
            findings = report.findings.len();
            if grown == 0 {
                grown = resident_bytes().saturating_sub(before);
            }
        }
    }
    let bytes: u64 = files_below(dir)?.iter().map(|(_, len)| len).sum();
    let spread = Spread::new(times);
    print(samples, bytes, &spread);
    println!("{:.2} resident bytes per sample after the first load", grown as f64 / samples.max(1) as f64);
    if findings > 0 {
        println!("{findings} findings: `treering verify {}` tells them", dir.display());
    }
    Ok(())
}

/// Samples, seconds, and samples per second.
pub(super) fn print(samples: u64, bytes: u64, spread: &Spread) {
    let median_s = spread.median().as_secs_f64();
    println!("{samples} samples, {bytes} bytes of files");
    println!("{median_s:.4} s (best {:.4})", spread.best().as_secs_f64());
    println!("{:.2} million samples per second", samples as f64 / median_s / 1e6);
}
