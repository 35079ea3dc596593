//! One file, and one host's directory: all its files one after the other, and what they say of each other.

use std::io;
use std::path::Path;

use treering_persist::{Entry, Storage};
use treering_snapshot::{Format, Scratch};

use super::chain::Chain;
use super::entries;
use super::finding::{Finding, Findings};
use super::snapshot::{self, Home, Starts};
use crate::program::entry::HostEntry;
use crate::program::file::Source;
use crate::program::place::HostDir;
use crate::program::still::{Still, hold_still, same_files};
use crate::program::survey::{self, Log};

/// So often a log is read again whose end is being written meanwhile.
const TORN_TRIES: usize = 20;

/// How much was checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Amount {
    pub(super) hosts: u64,
    pub(super) snapshots: u64,
    pub(super) columns: u64,
    pub(super) log_segments: u64,
    pub(super) log_records: u64,
    pub(super) bytes: u64,
}

/// Checks files with the memory of one of them.
pub(super) struct Checker<'a> {
    storage: &'a dyn Storage,
    formats: &'a [Box<dyn Format>],
    bytes: Vec<u8>,
    scratch: Scratch,
}

/// What is gathered over one host's files.
struct Visit<'a> {
    dir: &'a HostDir,
    findings: Findings,
    amount: Amount,
    starts: Starts,
    chain: Chain,
    /// The highest generation in a sealed segment's name.
    sealed: u64,
}

impl Amount {
    /// Whether not one file was checked.
    pub(super) fn is_nothing(self) -> bool {
        self.snapshots == 0 && self.log_segments == 0
    }

    pub(super) fn add(&mut self, other: Amount) {
        self.hosts += other.hosts;
        self.snapshots += other.snapshots;
        self.columns += other.columns;
        self.log_segments += other.log_segments;
        self.log_records += other.log_records;
        self.bytes += other.bytes;
    }
}

impl<'a> Checker<'a> {
    pub(super) fn new(storage: &'a dyn Storage, formats: &'a [Box<dyn Format>]) -> Self {
        Checker { storage, formats, bytes: Vec::new(), scratch: Scratch::new() }
    }

    /// Checks one file by itself. `format` is none for a log.
    pub(super) fn file(&mut self, path: &Path, format: Option<usize>) -> (Findings, Amount) {
        let mut findings = Findings::default();
        findings.about(path);
        let mut amount = Amount::default();
        let read = match format {
            Some(format) => self
                .snapshot(path, format, None, &mut Starts::default(), &mut findings, &mut amount)
                .map(drop),
            None => self.log(path, &mut findings, &mut amount).map(drop),
        };
        if let Err(error) = read {
            findings.add(Finding::unread(&error));
        }
        (findings, amount)
    }

    /// Checks all files of a host, again if a store that runs changed them meanwhile.
    pub(super) fn host(&mut self, dir: &HostDir) -> (Findings, Amount) {
        hold_still(|| self.look(dir)).unwrap_or_else(|error| {
            let mut findings = Findings::default();
            findings.about(&dir.path);
            findings.add(Finding::unread(&error));
            (findings, Amount::default())
        })
    }

    fn look(&mut self, dir: &HostDir) -> io::Result<Still<(Findings, Amount)>> {
        let before = self.storage.list(&dir.path)?;
        let mut entries: Vec<(HostEntry, &Entry)> =
            before.iter().map(|entry| (HostEntry::of(entry, self.formats), entry)).collect();
        // Snapshots by their stems first, then sealed segments by generation, then the segment that is written.
        entries.sort();
        let (findings, starts, chain) = (Findings::default(), Starts::default(), Chain::default());
        let amount = Amount { hosts: 1, ..Amount::default() };
        let mut visit = Visit { dir, findings, amount, starts, chain, sealed: 0 };
        self.quarantined(dir, &mut visit.chain);
        let mut chain_is_checked = false;
        for (kind, entry) in &entries {
            if !matches!(kind, HostEntry::Snapshot { .. }) && !std::mem::replace(&mut chain_is_checked, true)
            {
                visit.chain.check(&mut visit.findings);
            }
            let path = dir.path.join(&entry.name);
            visit.findings.about(&path);
            match self.entry(&path, entry, kind, &mut visit) {
                Ok(()) => {}
                // A checkpoint gave it another name, or removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Still::No),
                Err(error) => {
                    if let HostEntry::Snapshot { stem, .. } = kind {
                        visit.chain.push_broken(*stem);
                    }
                    visit.findings.add(Finding::unread(&error));
                }
            }
        }
        if !chain_is_checked {
            visit.chain.check(&mut visit.findings);
        }
        let still = same_files(&before, &self.storage.list(&dir.path)?);
        Ok(if still { Still::Yes((visit.findings, visit.amount)) } else { Still::No })
    }

    fn entry(
        &mut self,
        path: &Path,
        entry: &Entry,
        kind: &HostEntry,
        visit: &mut Visit<'_>,
    ) -> io::Result<()> {
        match *kind {
            HostEntry::Snapshot { stem, format: Some(format) } => {
                let name = entry.name.to_string_lossy();
                let home = Home { dir: visit.dir, stem, name: &name };
                let Visit { starts, findings, amount, .. } = visit;
                let checked = self.snapshot(path, format, Some(&home), starts, findings, amount)?;
                visit.believe(stem, path, &checked);
            }
            HostEntry::SealedLog { generation } => {
                let checked = self.log(path, &mut visit.findings, &mut visit.amount)?;
                visit.of_sealed(generation, &checked);
            }
            HostEntry::CurrentLog => {
                let checked = self.log(path, &mut visit.findings, &mut visit.amount)?;
                visit.of_current(&checked);
            }
            _ => entries::of_entry(self.storage, path, entry, kind, &mut visit.findings)?,
        }
        Ok(())
    }

    fn snapshot(
        &mut self,
        path: &Path,
        format: usize,
        home: Option<&Home<'_>>,
        starts: &mut Starts,
        findings: &mut Findings,
        amount: &mut Amount,
    ) -> io::Result<snapshot::Checked> {
        let format = &*self.formats[format];
        let source = Source::open(self.storage, path)?;
        source.read_snapshot(format, &mut self.bytes)?;
        let len = source.len_bytes();
        let checked =
            snapshot::check(format, (&mut self.bytes, len), &mut self.scratch, home, starts, findings);
        amount.snapshots += 1;
        amount.columns += checked.columns;
        amount.bytes += len;
        Ok(checked)
    }

    fn log(&self, path: &Path, findings: &mut Findings, amount: &mut Amount) -> io::Result<Log> {
        let mut tries = 0;
        loop {
            let source = Source::open(self.storage, path)?;
            let mut log = survey::log(&source, &mut |_| {})?;
            tries += 1;
            // A record that is being written looks torn; it is whole the next time.
            if log.torn && tries < TORN_TRIES && source.has_changed()? {
                continue;
            }
            findings.add_all(std::mem::take(&mut log.faults));
            amount.log_segments += 1;
            amount.log_records += log.records;
            amount.bytes += source.len_bytes();
            return Ok(log);
        }
    }

    /// Snapshots that were set aside are no holes.
    fn quarantined(&self, dir: &HostDir, chain: &mut Chain) {
        let Ok(entries) = self.storage.list(&dir.path.join("quarantine")) else { return };
        let stems = entries.iter().filter_map(|entry| entry.name.to_str()?.split('.').next()?.parse().ok());
        stems.for_each(|stem| chain.push_broken(stem));
    }
}

impl Visit<'_> {
    /// What a snapshot says of the log counts only for the host that it was written for.
    fn believe(&mut self, stem: i64, path: &Path, checked: &snapshot::Checked) {
        match &checked.ours {
            Some(ours) if (&ours.cluster, &ours.host) == (&self.dir.cluster, &self.dir.host) => {
                self.chain.push(stem, path, ours.covers, ours.previous);
            }
            _ if checked.damaged => self.chain.push_broken(stem),
            _ => {}
        }
    }

    fn of_sealed(&mut self, generation: u64, checked: &Log) {
        self.sealed = self.sealed.max(generation);
        if let Some(stated) = checked.generation.filter(|stated| *stated != generation) {
            let what = format!("the name says generation {generation}, the first record {stated}");
            self.findings.add(
                Finding::note("wal-generation", what)
                    .advice("nothing: the order of segments goes by their names"),
            );
        }
        let covers = self.chain.covers();
        self.findings.add(if generation <= covers {
            let what = format!("a snapshot covers the log up to {covers}: a crash left this segment behind");
            Finding::note("wal-covered", what).advice("nothing: the next checkpoint removes it")
        } else {
            Finding::note(
                "reference-sealed-log",
                "the reference would not see this segment: it reads current.wal only",
            )
            .advice("nothing for this store; before going back to the reference, stop cleanly")
        });
    }

    fn of_current(&mut self, checked: &Log) {
        let newest = self.chain.covers().max(self.sealed);
        if let Some(stated) = checked.generation.filter(|stated| *stated <= newest) {
            let what =
                format!("states generation {stated}, but snapshots and sealed segments go up to {newest}");
            self.findings.add(
                Finding::note("wal-generation", what)
                    .advice("nothing: it is replayed as the newest segment; somebody has copied files here"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;

    use treering_wal::{Batch, Template, Writer};

    use super::*;
    use crate::program::moving::{Moving, When};
    use crate::program::settings;

    fn log(count: i64) -> Vec<u8> {
        let mut batch = Batch::new();
        let template = Template::new("ipc", ["core0"]).unwrap();
        (0..count).for_each(|time_s| batch.push(&template, time_s, 0.5));
        let mut writer = Writer::create(Vec::new());
        writer.append(&batch).unwrap();
        writer.into_file()
    }

    fn verdict(storage: &Moving, dir: &Path) -> (Vec<String>, Amount) {
        let dir = HostDir { cluster: "c".to_owned(), host: "h".to_owned(), path: dir.to_owned() };
        let (findings, amount) = Checker::new(storage, &settings::formats()).host(&dir);
        assert!(storage.has_moved());
        (findings.finish().0.into_iter().map(|finding| finding.rule.into_owned()).collect(), amount)
    }

    #[test]
    fn a_file_that_is_given_another_name_is_looked_for_again() {
        for when in [When::BeforeOpen, When::AfterRead] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join("current.wal"), log(3)).unwrap();
            let host = dir.path().to_owned();
            let seal = move || fs::rename(host.join("current.wal"), host.join("sealed.1.wal")).unwrap();
            let (rules, amount) = verdict(&Moving::new(when, seal), dir.path());
            assert_eq!((rules, amount.log_records), (vec!["reference-sealed-log".to_owned()], 3), "{when:?}");
            assert_eq!((amount.hosts, amount.log_segments), (1, 1), "what is seen twice counts once");
        }
    }

    #[test]
    fn a_record_that_is_being_written_is_not_torn() {
        let dir = tempfile::tempdir().unwrap();
        let (path, whole) = (dir.path().join("current.wal"), log(3));
        fs::write(&path, &whole[..whole.len() - 5]).unwrap();
        let write = {
            let path = path.clone();
            move || fs::write(path, whole).unwrap()
        };
        let (rules, amount) = verdict(&Moving::new(When::AfterRead, write), dir.path());
        assert_eq!((rules, amount.log_records, amount.log_segments), (Vec::<String>::new(), 3, 1));
    }
}
