//! What an operator should look after: hosts whose data are at risk, and damaged files.

use std::path::{Path, PathBuf};

use crate::report::{Finding, FindingKind, Quarantined, RecoveryReport};

/// What is not as it should be. Nothing in here is urgent for the data that are in memory: it is about what the next
/// start, or a person, will find on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Hosts whose data are not as safe as the sync policy promises.
    pub degraded: Vec<DegradedHost>,
    /// Files that the start found damaged or could not read, in the order of hosts and files.
    pub damaged: Vec<DamagedFile>,
}

/// A host whose data are not as safe as they should be, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DegradedHost {
    /// The cluster.
    pub cluster: String,
    /// The host.
    pub host: String,
    /// The reason, in one line.
    pub why: String,
}

/// A file of which the start could not use everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedFile {
    /// The file, where the start found it.
    pub path: PathBuf,
    /// Where it is now, once what was sound in it is safe elsewhere. Until then it stays, and every start judges it anew.
    pub set_aside: Option<PathBuf>,
    /// The first thing that is wrong with it.
    pub kind: FindingKind,
    /// Where in it, if at one place.
    pub offset: Option<u64>,
    /// What it is, in one line.
    pub what: String,
    /// How many things are wrong with it, as far as they were counted.
    pub findings: u64,
}

impl Health {
    /// Whether there is nothing to look after. Files that were set aside wait for a person, but nothing depends on them.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.degraded.is_empty() && self.damaged.iter().all(|file| file.set_aside.is_some())
    }
}

/// The damaged files of a start.
pub(crate) fn damaged_files(report: &RecoveryReport) -> Vec<DamagedFile> {
    let mut files: Vec<DamagedFile> = Vec::new();
    for finding in report.findings.iter().filter(|finding| is_of_a_damaged_file(finding)) {
        // The findings of one file come one after the other.
        match files.last_mut() {
            Some(file) if file.path == finding.path => file.findings += 1,
            _ => files.push(DamagedFile {
                path: finding.path.clone(),
                set_aside: None,
                kind: finding.kind,
                offset: finding.offset,
                what: finding.what.clone(),
                findings: 1,
            }),
        }
    }
    files
}

/// Tells the log of the program of each file that is not what a store has put there, in one event for each.
pub(crate) fn announce(report: &RecoveryReport, damaged: &[DamagedFile]) {
    for file in damaged {
        tracing::warn!(
            file = %file.path.display(),
            kind = %file.kind,
            offset = file.offset,
            findings = file.findings,
            what = file.what,
            "damaged file"
        );
    }
    for finding in report.findings.iter().filter(|finding| finding.kind == FindingKind::Foreign) {
        tracing::warn!(file = %finding.path.display(), what = finding.what, "left alone");
    }
}

/// Notes where damaged files went.
pub(crate) fn note_quarantined(damaged: &mut [DamagedFile], quarantined: &[Quarantined]) {
    for moved in quarantined {
        if let Some(file) = damaged.iter_mut().find(|file| is_waiting(file, &moved.found)) {
            file.set_aside = Some(moved.now.clone());
        }
    }
}

fn is_waiting(file: &DamagedFile, found: &Path) -> bool {
    file.path == found && file.set_aside.is_none()
}

fn is_of_a_damaged_file(finding: &Finding) -> bool {
    finding.kind.is_damage() || finding.kind == FindingKind::Unreadable
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(path: &str, kind: FindingKind) -> Finding {
        Finding { kind, path: path.into(), offset: Some(7), what: "x".to_owned() }
    }

    #[test]
    fn one_file_is_named_once_and_torn_tails_and_foreign_entries_never() {
        let findings = vec![
            finding("a/1.bin", FindingKind::DamagedSnapshot),
            finding("a/1.bin", FindingKind::Unplaced),
            finding("a/current.wal", FindingKind::TornTail),
            finding("a/x", FindingKind::Foreign),
            finding("b/1.bin", FindingKind::Unreadable),
        ];
        let report = RecoveryReport { findings, ..RecoveryReport::default() };
        let files = damaged_files(&report);
        let named: Vec<_> = files.iter().map(|file| (file.path.to_str().unwrap(), file.findings)).collect();
        assert_eq!(named, [("a/1.bin", 2), ("b/1.bin", 1)]);
    }

    #[test]
    fn health_is_good_again_when_all_damaged_files_are_set_aside() {
        let report = RecoveryReport {
            findings: vec![finding("a/1.bin", FindingKind::DamagedSnapshot)],
            ..RecoveryReport::default()
        };
        let mut health = Health { damaged: damaged_files(&report), ..Health::default() };
        assert!(!health.is_good());
        let moved = |found: &str| Quarantined { found: found.into(), now: "a/quarantine/1.bin".into() };
        note_quarantined(&mut health.damaged, &[moved("a/2.bin")]);
        assert!(!health.is_good());
        note_quarantined(&mut health.damaged, &[moved("a/1.bin")]);
        assert!(health.is_good());
    }
}
