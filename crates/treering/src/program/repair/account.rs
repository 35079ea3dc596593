//! The files of the old store, one by one: what of each is used, and which bytes are not.

use std::path::Path;

use treering_level::Tree;
use treering_persist::{Entry, EntryKind, Finding, FindingKind, OsStorage, RecoveryReport, Storage};
use treering_snapshot::{Format, Scratch};

use super::report::{FileReport, HostReport, LossKind, Lost, Report, State, Totals};
use super::{log, snapshot};
use crate::program::entry::HostEntry;
use crate::program::exit::{Failure, Outcome};
use crate::program::file::Source;
use crate::program::settings;

/// So deep is looked for what lies below a directory that no store reads.
const DEPTH_MAX: usize = 16;

/// What is needed for each file.
struct Work<'a> {
    storage: OsStorage,
    formats: Vec<Box<dyn Format>>,
    recovery: &'a RecoveryReport,
    bytes: Vec<u8>,
    scratch: Scratch,
}

/// Accounts for all files below `root`, of which `tree` is what a start would recover.
pub(super) fn of_store(
    root: &Path,
    to: &Path,
    tree: &Tree<()>,
    recovery: &RecoveryReport,
) -> Result<Report, Failure> {
    let mut report = Report {
        from: root.to_string_lossy().into(),
        to: to.to_string_lossy().into(),
        written: None,
        hosts: Vec::new(),
        outside: Vec::new(),
        totals: Totals { merged: recovery.merged, ..Totals::default() },
    };
    let mut work = Work {
        storage: OsStorage::new(),
        formats: settings::formats(),
        recovery,
        bytes: Vec::new(),
        scratch: Scratch::new(),
    };
    for host in tree.hosts() {
        let guard = host.lock();
        let series = guard.series().filter(|series| !series.ring().is_empty()).count();
        let (series, samples) = (u64::try_from(series).unwrap_or(u64::MAX), guard.samples());
        drop(guard);
        let dir = root.join(host.cluster()).join(host.name());
        let files = work.host(&dir)?;
        report.totals.hosts += u64::from(samples > 0);
        report.totals.series += series;
        report.totals.samples += samples;
        let (cluster, host) = (host.cluster().to_owned(), host.name().to_owned());
        report.hosts.push(HostReport { cluster, host, series, samples, files });
    }
    report.outside = work.outside(root, tree);
    let files = report.hosts.iter().flat_map(|host| &host.files).chain(&report.outside);
    files.for_each(|file| report.totals.add(file));
    Ok(report)
}

impl Work<'_> {
    fn host(&mut self, dir: &Path) -> Result<Vec<FileReport>, Failure> {
        let mut entries = match self.storage.list(dir) {
            Ok(entries) => entries,
            Err(error) => {
                let what = format!("cannot be listed: {error}");
                return Ok(vec![FileReport::not_used(".".to_owned(), 0, LossKind::Unread, what)]);
            }
        };
        entries.sort();
        entries.iter().map(|entry| self.file(dir, entry)).collect()
    }

    fn file(&mut self, dir: &Path, entry: &Entry) -> Result<FileReport, Failure> {
        let path = dir.join(&entry.name);
        let what = HostEntry::of(entry, &self.formats);
        let (kind, why) = match what {
            HostEntry::Snapshot { format: Some(_), .. }
            | HostEntry::SealedLog { .. }
            | HostEntry::CurrentLog => return self.read(&path, &what),
            HostEntry::Snapshot { format: None, .. } => {
                (LossKind::ForeignFile, "a snapshot in a format that is not read here")
            }
            HostEntry::Temporary => (LossKind::UnfinishedFile, "a snapshot that was never finished"),
            HostEntry::Quarantine => (
                LossKind::Directory,
                "damaged files, set aside when what was sound in them was safe elsewhere",
            ),
            HostEntry::Directory => (LossKind::Directory, "a directory that no store reads"),
            HostEntry::NotANumber => (LossKind::ForeignFile, "the name of a snapshot must be a whole number"),
            HostEntry::Foreign => (LossKind::ForeignFile, "no file of a store has this name"),
            HostEntry::Special => (LossKind::ForeignFile, "not a regular file"),
        };
        Ok(FileReport::not_used(name(&path), self.size(&path, entry.kind, DEPTH_MAX), kind, why))
    }

    fn read(&mut self, path: &Path, what: &HostEntry) -> Result<FileReport, Failure> {
        let storage = &self.storage;
        let unread = |error: &std::io::Error| {
            let len = path.symlink_metadata().map_or(0, |metadata| metadata.len());
            FileReport::not_used(name(path), len, LossKind::Unread, format!("cannot be read: {error}"))
        };
        let source = match Source::open(storage, path) {
            Ok(source) => source,
            Err(error) => return Ok(unread(&error)),
        };
        let len = source.len_bytes();
        let mut report = FileReport {
            name: name(path),
            bytes: len,
            state: State::Sound,
            parts: 0,
            samples: 0,
            lost: Vec::new(),
        };
        let read = match what {
            HostEntry::Snapshot { format: Some(format), .. } => {
                let format = &*self.formats[*format];
                source.read_snapshot(format, &mut self.bytes).map(|()| {
                    snapshot::account(format, &mut self.bytes, len, &mut self.scratch, &mut report);
                })
            }
            _ => source.read(&mut self.bytes).map(|()| log::account(&self.bytes, &mut report)),
        };
        if let Err(error) = read {
            return Ok(unread(&error));
        }
        self.must_agree(path, &report)?;
        self.beyond_limits(path, &mut report);
        Ok(report)
    }

    /// What only the recovery of the whole store could not place: it has limits that no file knows of.
    fn beyond_limits(&self, path: &Path, report: &mut FileReport) {
        if report.lost.iter().any(|lost| lost.kind == LossKind::Unplaced) {
            return;
        }
        for finding in self.findings(path).filter(|finding| finding.kind == FindingKind::Unplaced) {
            if report.state == State::Sound {
                report.state = State::Unplaced;
            }
            report.lose(finding.offset.unwrap_or(0), None, LossKind::Unplaced, finding.what.clone());
        }
    }

    fn findings(&self, path: &Path) -> impl Iterator<Item = &Finding> {
        self.recovery.findings.iter().filter(move |finding| finding.path == path)
    }

    /// The account and the recovery come from the same code below; a file that was changed in between would make the
    /// report wrong.
    fn must_agree(&self, path: &Path, report: &FileReport) -> Result<(), Failure> {
        let is_damage = |kind| matches!(kind, FindingKind::DamagedSnapshot | FindingKind::CorruptLog);
        let damaged = self.findings(path).any(|finding| is_damage(finding.kind));
        if damaged == (report.state == State::Damaged) {
            return Ok(());
        }
        let what = format!("{} was changed while it was read", path.display());
        Err(Failure::new(Outcome::Unfinished, what).hint("stop whoever writes it, and try again"))
    }

    /// What lies where only directories are expected, and directories that no host can be.
    fn outside(&self, root: &Path, tree: &Tree<()>) -> Vec<FileReport> {
        let is_of_host = |path: &Path| {
            tree.hosts().iter().any(|host| path.starts_with(root.join(host.cluster()).join(host.name())))
        };
        let findings = self.recovery.findings.iter().filter(|finding| !is_of_host(&finding.path));
        let reports = findings.map(|finding| {
            let path = &finding.path;
            let below = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
            let kind = match finding.kind {
                FindingKind::Unreadable => LossKind::Unread,
                _ if path.is_dir() => LossKind::Directory,
                _ => LossKind::ForeignFile,
            };
            let bytes = path.symlink_metadata().map_or(0, |metadata| {
                self.size(
                    path,
                    if metadata.is_dir() { EntryKind::Directory } else { EntryKind::File },
                    DEPTH_MAX,
                )
            });
            FileReport::not_used(below, bytes, kind, finding.what.clone())
        });
        reports.collect()
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

/// The last name of a path.
fn name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into())
}

impl FileReport {
    /// Notes bytes that are not used.
    pub(super) fn lose(&mut self, from: u64, to: Option<u64>, kind: LossKind, what: String) {
        self.lost.push(Lost { from, to, kind, what });
    }
}
