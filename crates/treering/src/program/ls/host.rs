//! One host's directory, file by file.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use treering_persist::{Entry, Storage};
use treering_snapshot::{Format, Scratch};

use super::span::{self, Content, Span};
use crate::program::entry::HostEntry;
use crate::program::file::Source;
use crate::program::place::HostDir;
use crate::program::series::Series;
use crate::program::still::{Still, hold_still, same_files};

/// A host as it was at one moment.
pub(super) struct HostRow {
    pub(super) cluster: String,
    pub(super) host: String,
    pub(super) newest_stem: Option<i64>,
    pub(super) snapshots: u64,
    pub(super) logs: u64,
    pub(super) log_records: u64,
    pub(super) span: Span,
    pub(super) series: usize,
    /// Of all files that lie directly in the directory.
    pub(super) bytes: u64,
    pub(super) files: Vec<FileRow>,
    pub(super) damaged: u64,
    pub(super) unread: Vec<(PathBuf, io::Error)>,
}

/// One file.
pub(super) struct FileRow {
    pub(super) name: String,
    pub(super) entry: HostEntry,
    pub(super) bytes: Option<u64>,
    /// What was read of it; nothing of what is no snapshot and no log.
    pub(super) content: Option<Content>,
}

/// Reads hosts one after the other, with the memory of one file.
pub(super) struct Lister<'a> {
    storage: &'a dyn Storage,
    formats: &'a [Box<dyn Format>],
    bytes: Vec<u8>,
    scratch: Scratch,
}

impl<'a> Lister<'a> {
    pub(super) fn new(storage: &'a dyn Storage, formats: &'a [Box<dyn Format>]) -> Self {
        Lister { storage, formats, bytes: Vec::new(), scratch: Scratch::new() }
    }

    /// Looks at all files of a host, again if a store that runs changed them meanwhile.
    pub(super) fn list(&mut self, dir: &HostDir) -> io::Result<HostRow> {
        hold_still(|| self.look(dir))
    }

    fn look(&mut self, dir: &HostDir) -> io::Result<Still<HostRow>> {
        let mut entries = self.storage.list(&dir.path)?;
        entries.sort();
        let mut row = HostRow {
            cluster: dir.cluster.clone(),
            host: dir.host.clone(),
            newest_stem: None,
            snapshots: 0,
            logs: 0,
            log_records: 0,
            span: Span::default(),
            series: 0,
            bytes: 0,
            files: Vec::new(),
            damaged: 0,
            unread: Vec::new(),
        };
        let mut all = HashSet::new();
        for entry in &entries {
            let path = dir.path.join(&entry.name);
            match self.file(&path, entry, &mut all) {
                Ok(file) => row.add(file),
                // A checkpoint gave it another name, or removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Still::No),
                Err(error) => row.unread.push((path, error)),
            }
        }
        row.series = all.len();
        row.files.sort_by(|a, b| (&a.entry, &a.name).cmp(&(&b.entry, &b.name)));
        let still = same_files(&entries, &self.storage.list(&dir.path)?);
        Ok(if still { Still::Yes(row) } else { Still::No })
    }

    fn file(&mut self, path: &Path, entry: &Entry, all: &mut HashSet<Series>) -> io::Result<FileRow> {
        let name = entry.name.to_string_lossy().into_owned();
        let entry = HostEntry::of(entry, self.formats);
        let (mut bytes, mut content) = (None, None);
        match entry {
            HostEntry::Snapshot { format: Some(format), .. } => {
                let format = &*self.formats[format];
                let source = Source::open(self.storage, path)?;
                source.read_snapshot(format, &mut self.bytes)?;
                let len = source.len_bytes();
                bytes = Some(len);
                content = Some(span::snapshot(format, (&mut self.bytes, len), &mut self.scratch, all));
            }
            HostEntry::CurrentLog | HostEntry::SealedLog { .. } => {
                let source = Source::open(self.storage, path)?;
                bytes = Some(source.len_bytes());
                content = Some(span::log(&source, all)?);
            }
            HostEntry::Snapshot { format: None, .. } | HostEntry::NotANumber | HostEntry::Foreign => {
                bytes = Some(path.symlink_metadata()?.len());
            }
            // It is there one moment and gone the next while a store runs.
            HostEntry::Temporary => bytes = path.symlink_metadata().ok().map(|metadata| metadata.len()),
            HostEntry::Quarantine | HostEntry::Directory | HostEntry::Special => {}
        }
        Ok(FileRow { name, entry, bytes, content })
    }
}

impl HostRow {
    fn add(&mut self, file: FileRow) {
        self.bytes += file.bytes.unwrap_or(0);
        match file.entry {
            HostEntry::Snapshot { stem, format: Some(_) } => {
                self.snapshots += 1;
                self.newest_stem = self.newest_stem.max(Some(stem));
            }
            HostEntry::CurrentLog | HostEntry::SealedLog { .. } => self.logs += 1,
            _ => {}
        }
        if let Some(content) = &file.content {
            self.log_records += content.records;
            self.span.join(content.span);
            self.damaged += u64::from(content.damaged);
        }
        self.files.push(file);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;

    use super::*;
    use crate::program::moving::{Moving, When};
    use crate::program::settings;

    #[test]
    fn a_file_that_is_given_another_name_is_looked_for_again() {
        for when in [When::BeforeOpen, When::AfterRead] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join("current.wal"), treering_wal::FILE_MAGIC.to_le_bytes()).unwrap();
            let path = dir.path().to_owned();
            let seal = move || fs::rename(path.join("current.wal"), path.join("sealed.1.wal")).unwrap();
            let storage = Moving::new(when, seal);
            let host = HostDir { cluster: "c".to_owned(), host: "h".to_owned(), path: dir.path().to_owned() };
            let row = Lister::new(&storage, &settings::formats()).list(&host).unwrap();
            assert!(storage.has_moved() && row.unread.is_empty());
            let names: Vec<&str> = row.files.iter().map(|file| file.name.as_str()).collect();
            assert_eq!((names, row.logs, row.bytes), (vec!["sealed.1.wal"], 1, 4), "{when:?}");
        }
    }
}
