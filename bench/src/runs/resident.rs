//! What a process grows by when it has the workload in memory.

use std::path::Path;

use treering_persist::SyncPolicy;

use crate::Result;
use crate::context::{Context, Written};
use crate::machine::resident_bytes;
use crate::storage::Without;

/// How the workload gets into memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resident {
    /// From files.
    Load,
    /// Sample by sample.
    Ingest,
    /// Sample by sample, after all of it was freed once.
    Again,
}

impl Resident {
    /// For the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Resident::Load => "load",
            Resident::Ingest => "ingest",
            Resident::Again => "again",
        }
    }
}

/// Prints by how many bytes this process grows. `dir` has a checkpoint of the workload.
///
/// # Errors
/// As the store reports it.
pub fn run(context: &Context, dir: &Path, what: Resident) -> Result<()> {
    let before = resident_bytes();
    let elsewhere = tempfile::tempdir()?;
    let root = if what == Resident::Load { dir } else { elsewhere.path() };
    let store = context.open(root, SyncPolicy::Unlogged, Written::Bin, Without::Syncs)?;
    if what != Resident::Load {
        context.fill(&store)?;
    }
    if what == Resident::Again {
        for host in store.tree().hosts() {
            host.lock().free_before(i64::MAX);
        }
        context.fill(&store)?;
    }
    context.check_count("held", store.tree().counts().samples)?;
    println!("{}", resident_bytes().saturating_sub(before));
    Ok(())
}
