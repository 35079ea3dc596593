//! Reading a host back: snapshots from the newest to the oldest, then the log. Nothing here writes to disk.
//!
//! Each snapshot fills empty slots only, so the newest value wins. Segments that a snapshot covers, and that a crash
//! left behind, also only fill: what they hold may be older than what the snapshot has. The others overwrite, in
//! the order of their generations. What came from a log or from a damaged file is dirty.

mod known;
mod replay;
mod restore;

use std::cmp::Reverse;
use std::io;
use std::path::Path;

use treering_level::{Host, HostGuard, Tree};
use treering_snapshot::{Format, Ours, Scratch};

use crate::catalog::{Catalog, SnapshotFile};
use crate::error::chain;
use crate::layout::{CURRENT_LOG, HostEntry, Taken, is_generation, sealed_name};
use crate::options::Options;
use crate::planted::planted;
use crate::report::{Finding, FindingKind, RecoveryReport};
use crate::storage::Entry;

use replay::{Replay, Replayed};
pub(crate) use restore::is_damage;
use restore::{Verdict, restore_snapshot};

/// So many findings of one file are reported one by one: a file full of damage should not fill the memory with words.
const FINDINGS_MAX: usize = 16;

/// Far more segments than a host ever has.
const UNREAD_GENERATIONS: u64 = 1 << 32;

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
    /// The highest number of a segment whose name something has that is no file.
    taken: u64,
    has_current: bool,
}

/// One host while it is read.
struct HostReader<'a, H> {
    reading: &'a Reading<'a, H>,
    dir: &'a Path,
    read: &'a mut dyn FnMut(&Path, &mut Vec<u8>) -> io::Result<()>,
    buffers: &'a mut Buffers,
    found: Found,
    recovered: RecoveredHost,
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
    let recovered = RecoveredHost::default();
    let mut reader = HostReader { reading, dir, read, buffers, found: Found::default(), recovered };
    reader.recovered.report.hosts = 1;
    reader.sort_entries(entries);
    let mut memory = host.lock();
    reader.snapshots(&mut memory, (host.cluster(), host.name()));
    reader.log(&mut memory);
    if planted("replay-not-dirty") {
        drop(memory.freeze_dirty(|_, _| 0..0));
    }
    let latest = memory.series().filter_map(|series| series.ring().latest());
    reader.recovered.newest_s = latest.map(|(time_s, _)| time_s).max();
    reader.recovered
}

impl<H> HostReader<'_, H> {
    fn sort_entries(&mut self, entries: &[Entry]) {
        let mut entries: Vec<&Entry> = entries.iter().collect();
        entries.sort();
        for entry in entries {
            let path = self.dir.join(&entry.name);
            match Taken::by(entry) {
                Some(Taken::Stem(stem)) => {
                    self.recovered.catalog.saw_stem(stem, &entry.name.to_string_lossy());
                }
                Some(Taken::Generation(generation)) => self.found.taken = self.found.taken.max(generation),
                None => {}
            }
            match HostEntry::of(entry) {
                HostEntry::Snapshot { stem, extension, name } => {
                    self.recovered.catalog.saw_stem(stem, &name);
                    match self.reading.formats.iter().position(|format| format.extension() == extension) {
                        Some(format) => self.found.snapshots.push((stem, format, name)),
                        None => {
                            let what = "a snapshot in a format that is not read here; left alone";
                            self.find(FindingKind::Foreign, &path, what);
                        }
                    }
                }
                HostEntry::SealedLog { generation } => self.found.sealed.push(generation),
                HostEntry::CurrentLog => self.found.has_current = true,
                HostEntry::Temporary { extension, name } => {
                    if self.reading.formats.iter().any(|format| format.extension() == extension) {
                        self.recovered.catalog.temporaries.push(name);
                    } else {
                        self.find(FindingKind::Foreign, &path, "no file of a store has this name");
                    }
                }
                HostEntry::Directory => {}
                HostEntry::Foreign { why } => self.find(FindingKind::Foreign, &path, why),
            }
        }
        // The newest first; of two with one number the `.bin`, as it happens the first by the alphabet.
        let extension = |format: usize| self.reading.formats[format].extension();
        let order = |file: &(i64, usize, String)| (Reverse(file.0), extension(file.1), file.2.clone());
        self.found.snapshots.sort_by_cached_key(order);
        self.found.sealed.sort_unstable();
    }

    fn snapshots(&mut self, memory: &mut HostGuard<'_, H>, names: (&str, &str)) {
        for (stem, format, name) in std::mem::take(&mut self.found.snapshots) {
            let path = self.dir.join(&name);
            if let Err(error) = (self.read)(&path, &mut self.buffers.bytes) {
                self.unreadable(&path, &error);
                if planted("unreadable-is-damaged") {
                    self.recovered.catalog.damaged.push(name);
                }
                self.recovered.catalog.unread_snapshot = true;
                continue;
            }
            self.recovered.report.snapshots += 1;
            self.recovered.report.bytes_read += len(&self.buffers.bytes);
            let report = &mut self.recovered.report;
            let outcome = restore_snapshot(self.reading, memory, format, &path, self.buffers, report);
            if let Some(ours) = &outcome.ours {
                self.believe(ours, names, &path);
            }
            let catalog = &mut self.recovered.catalog;
            match outcome.verdict {
                Verdict::Sound => {
                    for column in &outcome.columns {
                        catalog.set_floor_if_none(column.series, column.start_s, stem);
                    }
                    let end_s = outcome.end_s.unwrap_or(stem);
                    catalog.snapshots.push(SnapshotFile { stem, name, format, end_s });
                }
                Verdict::Damaged => {
                    let columns = if planted("salvage-not-dirty") { &[] } else { &*outcome.columns };
                    for column in columns {
                        memory.mark_dirty(column.series, column.start_s, column.end_s);
                    }
                    catalog.damaged.push(name);
                }
                Verdict::Unread => {
                    catalog.unread_snapshot = true;
                    self.recovered.degraded = Some(format!("{} is too long to be read", path.display()));
                }
            }
        }
        self.recovered.catalog.snapshots.reverse();
    }

    /// What a snapshot says of the log counts only for the host that it was written for.
    fn believe(&mut self, ours: &Ours, names: (&str, &str), path: &Path) {
        if (ours.cluster.as_str(), ours.host.as_str()) == names {
            let catalog = &mut self.recovered.catalog;
            let covers = Some(ours.covers).filter(|covers| is_generation(*covers));
            catalog.covers = catalog.covers.max(covers.unwrap_or(0));
        } else {
            let what = format!(
                "written for {:?}/{:?}; its samples are used, its word on the log is not",
                ours.cluster, ours.host
            );
            self.find(FindingKind::Foreign, path, &what);
        }
    }

    fn log(&mut self, memory: &mut HostGuard<'_, H>) {
        let covers = self.recovered.catalog.covers;
        let mut replay = Replay::new(self.reading);
        let sealed = std::mem::take(&mut self.found.sealed);
        for generation in &sealed {
            let path = self.dir.join(sealed_name(*generation));
            self.recovered.catalog.sealed.insert(*generation);
            if let Err(error) = (self.read)(&path, &mut self.buffers.bytes) {
                // In ascending order: the first one that cannot be read is the oldest.
                self.recovered.catalog.unread_from.get_or_insert(*generation);
                self.unreadable(&path, &error);
                continue;
            }
            let covered = *generation <= covers && !planted("covered-segment-overwrites");
            let replayed =
                replay.segment(memory, &self.buffers.bytes, covered, &path, &mut self.recovered.report);
            self.judge(*generation, &replayed, &path);
        }
        replay.fill_from_covered(memory, &mut self.recovered.report);
        let mut newest = covers.max(sealed.last().copied().unwrap_or(0)).max(self.found.taken);
        if self.recovered.catalog.unread_snapshot {
            // It may cover more than we know. A number that it covers must not be given to a new segment.
            newest = newest.saturating_add(UNREAD_GENERATIONS);
        }
        self.recovered.next_generation = newest.saturating_add(1);
        if !self.found.has_current {
            return;
        }
        let path = self.dir.join(CURRENT_LOG);
        let (replayed, unread) = match (self.read)(&path, &mut self.buffers.bytes) {
            Ok(()) => {
                let report = &mut self.recovered.report;
                (replay.segment(memory, &self.buffers.bytes, false, &path, report), false)
            }
            Err(error) => {
                self.unreadable(&path, &error);
                (Replayed::default(), true)
            }
        };
        // Its own number, unless that is taken: then somebody copied files about, or the reference wrote this log.
        let own = replayed.generation.filter(|own| *own > newest && is_generation(*own));
        let generation = own.unwrap_or(newest.saturating_add(1));
        self.recovered.current = Some(generation);
        self.recovered.catalog.found_current = Some(generation);
        self.recovered.next_generation = generation.saturating_add(1);
        if unread {
            self.recovered.catalog.unread_from.get_or_insert(generation);
        }
        self.judge(generation, &replayed, &path);
    }

    /// A segment of which not everything is in memory is not dropped like the others.
    fn judge(&mut self, generation: u64, replayed: &Replayed, path: &Path) {
        if replayed.damaged {
            self.recovered.catalog.damaged_logs.insert(generation);
        }
        if replayed.unplaced {
            self.recovered.catalog.unplaced_from.get_or_insert(generation);
            let why = format!("{} has records that no series can hold", path.display());
            self.recovered.degraded.get_or_insert(why);
        }
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let what = chain(error);
        self.find(FindingKind::Unreadable, path, &what);
        self.recovered.degraded = Some(format!("cannot read {}: {what}", path.display()));
    }

    fn find(&mut self, kind: FindingKind, path: &Path, what: &str) {
        let finding = Finding { kind, path: path.to_owned(), offset: None, what: what.to_owned() };
        self.recovered.report.findings.push(finding);
    }
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
