//! The files of the old store, one by one: what of each is used, and which bytes are not.

use std::io;
use std::path::Path;

use treering_level::Tree;
use treering_persist::{
    Entry, EntryKind, Finding, FindingKind, Options, OsStorage, RecoveryReport, Storage, inspect_host,
};
use treering_snapshot::{Format, Scratch};

use super::cannot_open;
use super::report::{FileReport, HostReport, Lost, State};
use crate::program::entry::HostEntry;
use crate::program::exit::Failure;
use crate::program::file::Source;
use crate::program::place::{HostDir, Stray, StrayKind};
use crate::program::settings;
use crate::program::still::{Still, hold_still, same_files};
use crate::program::survey::{self, Class, Faults};

/// So deep is looked for what lies below a directory that no store reads.
const DEPTH_MAX: usize = 16;

/// What is needed for each file.
pub(super) struct Work<'a> {
    storage: OsStorage,
    formats: Vec<Box<dyn Format>>,
    options: &'a Options,
    bytes: Vec<u8>,
    scratch: Scratch,
}

impl<'a> Work<'a> {
    pub(super) fn new(options: &'a Options) -> Work<'a> {
        let (storage, formats) = (OsStorage::new(), settings::formats());
        Work { storage, formats, options, bytes: Vec::new(), scratch: Scratch::new() }
    }

    /// What a start would recover of a host, and the account of its files. They are looked at again if a store that
    /// runs moves them meanwhile.
    pub(super) fn host(&mut self, dir: &HostDir) -> Result<(Tree<()>, HostReport), Failure> {
        let mut failed = None;
        let looked = hold_still(|| {
            let before = self.storage.list(&dir.path)?;
            let names = (dir.cluster.as_str(), dir.host.as_str());
            let inspected = inspect_host(&self.storage, self.options, &self.formats, names, &dir.path);
            let (tree, recovery) = match inspected {
                Ok(inspected) => inspected,
                Err(error) => {
                    failed = Some(cannot_open(&error));
                    return Err(io::ErrorKind::Other.into());
                }
            };
            let files = self.files(dir, &before, &recovery)?;
            let still = same_files(&before, &self.storage.list(&dir.path)?);
            Ok(match files.filter(|_| still) {
                Some(files) => Still::Yes((tree, recovery, files)),
                None => Still::No,
            })
        });
        if let Some(failure) = failed {
            return Err(failure);
        }
        let name = |text: &str| text.to_owned();
        let mut report = HostReport::new(name(&dir.cluster), name(&dir.host));
        let (tree, recovery, files) = match looked {
            Ok(looked) => looked,
            // Then nothing of it is used.
            Err(error) => {
                report.files.push(FileReport::unread(".".to_owned(), 0, &error));
                return Ok((
                    Tree::new(treering_level::MetricTable::refusing_unknown(), self.options.limits),
                    report,
                ));
            }
        };
        for host in tree.hosts() {
            let guard = host.lock();
            let series = guard.series().filter(|series| !series.ring().is_empty()).count();
            report.series += crate::program::words::wide(series);
            report.samples += guard.samples();
        }
        (report.files, report.merged) = (files, recovery.merged);
        Ok((tree, report))
    }

    /// What lies where only directories of clusters and hosts are expected.
    pub(super) fn stray(&self, root: &Path, stray: &Stray) -> FileReport {
        let path = &stray.path;
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        if let StrayKind::Unreadable(error) = &stray.what {
            return FileReport::unread(name, 0, error);
        }
        let kind = path.symlink_metadata().map_or(EntryKind::Other, |metadata| match metadata.file_type() {
            kind if kind.is_dir() => EntryKind::Directory,
            kind if kind.is_file() => EntryKind::File,
            _ => EntryKind::Other,
        });
        let bytes = self.size(path, kind, DEPTH_MAX);
        FileReport::not_used(name, bytes, "foreign-entry", stray.what.why())
    }

    /// The account of all entries; `None` if one is not what recovery has found it to be: it was changed in between.
    fn files(
        &mut self,
        dir: &HostDir,
        entries: &[Entry],
        recovery: &RecoveryReport,
    ) -> io::Result<Option<Vec<FileReport>>> {
        let mut entries: Vec<&Entry> = entries.iter().collect();
        entries.sort();
        let mut files = Vec::new();
        for entry in entries {
            let path = dir.path.join(&entry.name);
            let findings: Vec<&Finding> =
                recovery.findings.iter().filter(|finding| finding.path == path).collect();
            let mut file = self.file(&path, entry)?;
            // Both come from the same code below.
            if file.state != State::NotUsed
                && file.is_damaged() != findings.iter().any(|found| is_damage(found))
            {
                return Ok(None);
            }
            beyond_limits(&findings, &mut file);
            files.push(file);
        }
        Ok(Some(files))
    }

    fn file(&mut self, path: &Path, entry: &Entry) -> io::Result<FileReport> {
        let name = entry.name.to_string_lossy().into_owned();
        let what = HostEntry::of(entry, &self.formats);
        if let Some((rule, why)) = what.is_left() {
            return Ok(FileReport::not_used(
                name,
                self.size(path, entry.kind, DEPTH_MAX),
                rule,
                why.to_owned(),
            ));
        }
        match self.read(path, &what, name.clone()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
            Err(error) => {
                let len = path.symlink_metadata().map_or(0, |metadata| metadata.len());
                Ok(FileReport::unread(name, len, &error))
            }
            Ok(report) => Ok(report),
        }
    }

    fn read(&mut self, path: &Path, what: &HostEntry, name: String) -> io::Result<FileReport> {
        let source = Source::open(&self.storage, path)?;
        let len = source.len_bytes();
        let HostEntry::Snapshot { format: Some(format), .. } = what else {
            let seen = survey::log(&source, &mut |_| {})?;
            return Ok(FileReport::of(name, len, (seen.parts, seen.samples), seen.faults));
        };
        let format = &*self.formats[*format];
        source.read_snapshot(format, &mut self.bytes)?;
        let seen = survey::snapshot(format, &mut self.bytes, len, &mut self.scratch, &mut |_| {});
        Ok(FileReport::of(name, len, (seen.parts, seen.samples), seen.faults))
    }

    /// Bytes of a file, or of all regular files below a directory. No link is followed.
    fn size(&self, path: &Path, kind: EntryKind, depth_left: usize) -> u64 {
        match kind {
            EntryKind::File => path.symlink_metadata().map_or(0, |metadata| metadata.len()),
            EntryKind::Directory if depth_left > 0 => {
                let entries = self.storage.list(path).unwrap_or_default();
                let below = |entry: &Entry| self.size(&path.join(&entry.name), entry.kind, depth_left - 1);
                entries.iter().map(below).fold(0, u64::saturating_add)
            }
            _ => 0,
        }
    }
}

impl FileReport {
    fn of(name: String, bytes: u64, (parts, samples): (u64, u64), faults: Faults) -> FileReport {
        let state = match () {
            () if faults.are_damage() => State::Damaged,
            () if faults.lose_samples() => State::Unplaced,
            () if faults.any(Class::Torn) => State::Torn,
            () => State::Sound,
        };
        FileReport { name, bytes, state, parts, samples, lost: Lost::of(faults) }
    }
}

fn is_damage(finding: &Finding) -> bool {
    matches!(finding.kind, FindingKind::DamagedSnapshot | FindingKind::CorruptLog)
}

/// What only the recovery of the whole host could not place: it has limits that no file knows of.
fn beyond_limits(findings: &[&Finding], file: &mut FileReport) {
    if file.lost.iter().any(|lost| lost.class == Some(Class::Unplaced)) {
        return;
    }
    for finding in findings.iter().filter(|finding| finding.kind == FindingKind::Unplaced) {
        if file.state == State::Sound {
            file.state = State::Unplaced;
        }
        file.lost.push(Lost::beyond_limits(finding.offset.unwrap_or(0), finding.what.clone()));
    }
}
