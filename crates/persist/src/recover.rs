//! Reading a host back: snapshots from the newest to the oldest, then the log. Nothing here writes to disk.
//!
//! Each snapshot fills empty slots only, so the newest value wins. Segments that a snapshot covers, and that a crash
//! left behind, also only fill: what they hold may be older than what the snapshot has. The others overwrite, in
//! the order of their generations. What came from a log or from a damaged file is dirty.

mod replay;
mod restore;

use std::io;
use std::path::Path;

use treering_level::{Host, HostGuard, Tree};
use treering_snapshot::{Format, Scratch};

use crate::catalog::{Catalog, SnapshotFile};
use crate::error::chain;
use crate::layout::{CURRENT_LOG, HostEntry, sealed_name};
use crate::options::Options;
use crate::report::{Finding, FindingKind, RecoveryReport};
use crate::storage::Entry;

use replay::Replay;
use restore::{Verdict, restore_snapshot};

/// What recovery needs beside the files.
pub(crate) struct Reading<'a, H> {
    pub(crate) tree: &'a Tree<H>,
    pub(crate) formats: &'a [Box<dyn Format>],
    pub(crate) options: &'a Options,
}

/// Memory that is used again for each file.
#[derive(Default)]
pub(crate) struct Buffers {
    bytes: Vec<u8>,
    scratch: Scratch,
}

/// A host as it was found.
#[derive(Default)]
pub(crate) struct RecoveredHost {
    pub(crate) catalog: Catalog,
    /// The generation under which the `current.wal` that was found is to be sealed.
    pub(crate) current: Option<u64>,
    /// The generation of the next segment.
    pub(crate) next_generation: u64,
    /// Time of the newest sample.
    pub(crate) newest_s: Option<i64>,
    /// Why the host is degraded, if it is.
    pub(crate) degraded: Option<String>,
    pub(crate) report: RecoveryReport,
}

/// The files of one host, by what they are.
#[derive(Default)]
struct Found {
    snapshots: Vec<(i64, usize, String)>,
    sealed: Vec<u64>,
    has_current: bool,
}

/// Reads the host that `entries` list into `host`. `read` fills a buffer with a file of the directory `dir`.
pub(crate) fn recover_host<H>(
    reading: &Reading<'_, H>,
    host: &Host<H>,
    dir: &Path,
    entries: &[Entry],
    read: &mut dyn FnMut(&Path, &mut Vec<u8>) -> io::Result<()>,
    buffers: &mut Buffers,
) -> RecoveredHost {
    let mut recovered = RecoveredHost::default();
    recovered.report.hosts = 1;
    let found = sort_entries(reading, dir, entries, &mut recovered);
    let mut memory = host.lock();
    let names = (host.cluster(), host.name());
    recover_snapshots(reading, &mut memory, names, dir, &found, read, buffers, &mut recovered);
    recover_log(reading, &mut memory, dir, &found, read, buffers, &mut recovered);
    recovered.newest_s =
        memory.series().filter_map(|series| series.ring().latest()).map(|(time_s, _)| time_s).max();
    recovered
}

fn sort_entries<H>(
    reading: &Reading<'_, H>,
    dir: &Path,
    entries: &[Entry],
    recovered: &mut RecoveredHost,
) -> Found {
    let mut found = Found::default();
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort();
    for entry in entries {
        let path = dir.join(&entry.name);
        let mut foreign = |what: &str| recovered.report.findings.push(finding(FindingKind::Foreign, &path, what));
        match HostEntry::of(entry) {
            HostEntry::Snapshot { stem, extension, name } => {
                recovered.catalog.saw_stem(stem, &name);
                match reading.formats.iter().position(|format| format.extension() == extension) {
                    Some(format) => found.snapshots.push((stem, format, name)),
                    None => foreign("a snapshot in a format that is not read here; left alone"),
                }
            }
            HostEntry::SealedLog { generation } => found.sealed.push(generation),
            HostEntry::CurrentLog => found.has_current = true,
            HostEntry::Temporary { name } => recovered.catalog.temporaries.push(name),
            HostEntry::Directory => {}
            HostEntry::Foreign { why } => foreign(why),
        }
    }
    // The newest first; of two with one number, the one whose format was given first.
    found.snapshots.sort_by(|a, b| (b.0, a.1, &a.2).cmp(&(a.0, b.1, &b.2)));
    found.sealed.sort_unstable();
    found
}

fn recover_snapshots<H>(
    reading: &Reading<'_, H>,
    host: &mut HostGuard<'_, H>,
    names: (&str, &str),
    dir: &Path,
    found: &Found,
    read: &mut dyn FnMut(&Path, &mut Vec<u8>) -> io::Result<()>,
    buffers: &mut Buffers,
    recovered: &mut RecoveredHost,
) {
    for (stem, format, name) in &found.snapshots {
        let path = dir.join(name);
        if let Err(error) = read(&path, &mut buffers.bytes) {
            unreadable(recovered, &path, &error);
            continue;
        }
        recovered.report.snapshots += 1;
        recovered.report.bytes_read += len(&buffers.bytes);
        let outcome = restore_snapshot(reading, host, *format, &path, buffers, &mut recovered.report);
        if let Some(ours) = &outcome.ours {
            if (ours.cluster.as_str(), ours.host.as_str()) == names {
                recovered.catalog.covers = recovered.catalog.covers.max(ours.covers);
            } else {
                let what = format!(
                    "written for {}/{}; its samples are used, its word on the log is not",
                    ours.cluster, ours.host
                );
                recovered.report.findings.push(finding(FindingKind::Foreign, &path, &what));
            }
        }
        match outcome.verdict {
            Verdict::Sound => {
                for column in &outcome.columns {
                    recovered.catalog.set_floor_if_none(column.series, column.start_s);
                }
                let end_s = outcome.end_s.unwrap_or(*stem);
                let file = SnapshotFile { stem: *stem, name: name.clone(), format: *format, end_s };
                recovered.catalog.snapshots.push(file);
            }
            Verdict::Damaged => {
                for column in &outcome.columns {
                    host.mark_dirty(column.series, column.start_s, column.end_s);
                }
                recovered.catalog.damaged.push(name.clone());
            }
        }
    }
    recovered.catalog.snapshots.reverse();
}

fn recover_log<H>(
    reading: &Reading<'_, H>,
    host: &mut HostGuard<'_, H>,
    dir: &Path,
    found: &Found,
    read: &mut dyn FnMut(&Path, &mut Vec<u8>) -> io::Result<()>,
    buffers: &mut Buffers,
    recovered: &mut RecoveredHost,
) {
    let covers = recovered.catalog.covers;
    let mut replay = Replay::new(reading);
    for generation in &found.sealed {
        let path = dir.join(sealed_name(*generation));
        recovered.catalog.sealed.insert(*generation);
        if let Err(error) = read(&path, &mut buffers.bytes) {
            let unread = recovered.catalog.unread_from.get_or_insert(*generation);
            *unread = (*unread).min(*generation);
            unreadable(recovered, &path, &error);
            continue;
        }
        replay.segment(host, &buffers.bytes, *generation <= covers, &path, &mut recovered.report);
    }
    let newest = covers.max(found.sealed.last().copied().unwrap_or(0));
    recovered.next_generation = newest.saturating_add(1);
    if !found.has_current {
        return;
    }
    let path = dir.join(CURRENT_LOG);
    let (own, unread) = match read(&path, &mut buffers.bytes) {
        Ok(()) => (replay.segment(host, &buffers.bytes, false, &path, &mut recovered.report), false),
        Err(error) => {
            unreadable(recovered, &path, &error);
            (None, true)
        }
    };
    // Its own number, unless that is taken: then somebody copied files about, or the reference wrote this log.
    let generation = own.filter(|own| *own > newest && *own < u64::MAX).unwrap_or(newest.saturating_add(1));
    recovered.current = Some(generation);
    recovered.next_generation = generation.saturating_add(1);
    if unread {
        recovered.catalog.unread_from.get_or_insert(generation);
    }
}

fn unreadable(recovered: &mut RecoveredHost, path: &Path, error: &io::Error) {
    let what = chain(error);
    recovered.report.findings.push(finding(FindingKind::Unreadable, path, &what));
    recovered.degraded = Some(format!("cannot read {}: {what}", path.display()));
}

fn finding(kind: FindingKind, path: &Path, what: &str) -> Finding {
    Finding { kind, path: path.to_owned(), offset: None, what: what.to_owned() }
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
