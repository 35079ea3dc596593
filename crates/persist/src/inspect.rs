//! Looking at a store from outside, also while it runs: no lock is taken and nothing is changed.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use treering_level::Tree;
use treering_snapshot::Format;

use crate::error::{OpenError, chain};
use crate::layout::HostEntry;
use crate::options::Options;
use crate::read::read_by_name;
use crate::recover::{Buffers, Reading, recover_host};
use crate::report::RecoveryReport;
use crate::storage::{Entry, EntryKind, Storage};
use crate::store::{HostDir, foreign, host_dirs, metric_table, unreadable};

/// A store that runs may move files while they are read. A host that does not hold still for so many tries is reported.
const TRIES: usize = 20;

/// One host's files as they were at one moment.
struct Still {
    entries: Vec<Entry>,
    files: HashMap<PathBuf, io::Result<Vec<u8>>>,
}

/// Reads back what a start would recover, without retention, limits of time, or a lock.
///
/// # Errors
/// [`OpenError::Root`] if the directory cannot be read, [`OpenError::Metrics`], [`OpenError::NoFormat`].
pub fn inspect(
    storage: &dyn Storage,
    options: &Options,
    formats: &[Box<dyn Format>],
) -> Result<(Tree<()>, RecoveryReport), OpenError> {
    if formats.is_empty() {
        return Err(OpenError::NoFormat);
    }
    let started = storage.monotonic();
    let tree = Tree::new(metric_table(options)?, options.limits);
    let mut report = RecoveryReport::default();
    let mut buffers = Buffers::default();
    for HostDir { cluster, host } in host_dirs(storage, &options.root, &mut report)? {
        let dir = options.root.join(&cluster).join(&host);
        let reading = Reading { tree: &tree, formats, options };
        report.add(look(storage, &reading, (&cluster, &host), &dir, &mut buffers));
    }
    report.elapsed = storage.monotonic().saturating_sub(started);
    Ok((tree, report))
}

/// The same for the one host whose files lie in `dir`, wherever that is.
///
/// # Errors
/// [`OpenError::Metrics`], [`OpenError::NoFormat`].
pub fn inspect_host(
    storage: &dyn Storage,
    options: &Options,
    formats: &[Box<dyn Format>],
    names: (&str, &str),
    dir: &Path,
) -> Result<(Tree<()>, RecoveryReport), OpenError> {
    if formats.is_empty() {
        return Err(OpenError::NoFormat);
    }
    let tree = Tree::new(metric_table(options)?, options.limits);
    let reading = Reading { tree: &tree, formats, options };
    let report = look(storage, &reading, names, dir, &mut Buffers::default());
    Ok((tree, report))
}

fn look(
    storage: &dyn Storage,
    reading: &Reading<'_, ()>,
    (cluster, host): (&str, &str),
    dir: &Path,
    buffers: &mut Buffers,
) -> RecoveryReport {
    let mut report = RecoveryReport::default();
    let memory = match reading.tree.host_or_insert_with(cluster, host, || ()) {
        Ok(memory) => memory,
        Err(error) => {
            report.findings.push(foreign(dir, &chain(&error)));
            return report;
        }
    };
    let mut still = match hold_still(storage, dir, reading) {
        Ok(still) => still,
        Err(error) => {
            report.findings.push(unreadable(dir, &error));
            return report;
        }
    };
    let mut read = |path: &Path, bytes: &mut Vec<u8>| {
        *bytes = still.files.remove(path).unwrap_or_else(|| Err(io::ErrorKind::NotFound.into()))?;
        Ok(())
    };
    recover_host(reading, &memory, dir, &still.entries, &mut read, buffers).report
}

/// Reads all files of a host, again if the directory changed meanwhile.
///
/// A checkpoint renames, makes and removes files. If the listing is the same before and after, none of that happened
/// in between: a name that was given away has never the same listing twice, because generations and stems only grow.
fn hold_still(storage: &dyn Storage, dir: &Path, reading: &Reading<'_, ()>) -> io::Result<Still> {
    let (formats, max_bytes) = (reading.formats, reading.options.file_bytes_max);
    for _ in 0..TRIES {
        let entries = listing(storage, dir, formats)?;
        let mut files = HashMap::new();
        for entry in entries.iter().filter(|entry| entry.kind == EntryKind::File) {
            let wanted = match HostEntry::of(entry) {
                HostEntry::Snapshot { .. } | HostEntry::CurrentLog | HostEntry::SealedLog { .. } => true,
                HostEntry::Temporary { .. } | HostEntry::Directory | HostEntry::Foreign { .. } => false,
            };
            if wanted {
                let path = dir.join(&entry.name);
                let mut bytes = Vec::new();
                let read = storage
                    .open(&path)
                    .and_then(|file| read_by_name(&*file, &path, formats, &mut bytes, max_bytes));
                files.insert(path, read.map(|()| bytes));
            }
        }
        if listing(storage, dir, formats)? == entries {
            return Ok(Still { entries, files });
        }
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, "the files changed each time they were read"))
}

/// What lies in the directory, without what a checkpoint has not finished.
fn listing(storage: &dyn Storage, dir: &Path, formats: &[Box<dyn Format>]) -> io::Result<Vec<Entry>> {
    let is_written = |extension: &str| formats.iter().any(|format| format.extension() == extension);
    let mut entries = storage.list(dir)?;
    entries.retain(|entry| match HostEntry::of(entry) {
        HostEntry::Temporary { extension, .. } => !is_written(&extension),
        _ => true,
    });
    entries.sort();
    Ok(entries)
}
