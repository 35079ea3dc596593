//! Writing the workload as files that stay.

use std::fs;
use std::path::Path;

use treering_persist::SyncPolicy;

use super::load::print;
use crate::Result;
use crate::context::{Context, Written, files_below, whole};
use crate::machine::resident_bytes;
use crate::measure::{Spread, timed};
use crate::storage::Without;

/// What is left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Snapshots.
    Snapshots(Written),
    /// Logs.
    Logs,
}

/// Writes the workload into an empty or new directory, and prints what that took.
///
/// # Errors
/// If there is something in the directory, and as the store reports it.
pub fn run(context: &Context, dir: &Path, left: Left) -> Result<()> {
    fs::create_dir_all(dir)?;
    if fs::read_dir(dir)?.next().is_some() {
        return Err(format!("{} is not empty: name a directory that is", dir.display()).into());
    }
    let before = resident_bytes();
    let (policy, written) = match left {
        Left::Snapshots(written) => (SyncPolicy::Unlogged, written),
        Left::Logs => (SyncPolicy::Never, Written::Bin),
    };
    let store = context.open(dir, policy, written, Without::Nothing)?;
    let took = match left {
        Left::Snapshots(_) => {
            context.fill(&store)?;
            timed(|| whole(&store.checkpoint()))?
        }
        Left::Logs => {
            let resolved = context.resolve(&store)?;
            timed(|| context.write_all(&store, &resolved).map(|_| ()))?
        }
    };
    let resident = resident_bytes().saturating_sub(before);
    let bytes = files_below(dir)?.iter().map(|(_, len)| len).sum();
    let samples = context.fritz.count();
    print(samples, bytes, &Spread::new(vec![took]));
    println!("{:.2} resident bytes per sample", resident as f64 / samples.max(1) as f64);
    Ok(())
}
