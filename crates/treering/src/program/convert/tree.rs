//! A whole directory: its snapshots converted, its logs copied, all else named and left.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use treering_persist::{Entry, OsStorage, Storage};
use treering_snapshot::{Format, Scratch};

use super::{Tally, losses_of, snapshot};
use crate::program::cli::ConvertArgs;
use crate::program::entry::HostEntry;
use crate::program::exit::{Failure, Outcome};
use crate::program::file::Source;
use crate::program::fresh::{Fresh, copy_new, write_new};
use crate::program::place::{self, Found, StrayKind};
use crate::program::{origin, say, settings};

/// What is worked with, and the buffers that are used again for each file.
struct Work<'a> {
    storage: OsStorage,
    formats: Vec<Box<dyn Format>>,
    target: &'a dyn Format,
    tally: &'a mut Tally,
    bytes: Vec<u8>,
    scratch: Scratch,
}

/// Converts all hosts of a directory into one that is being made; `None` if there are none.
pub(super) fn convert(
    args: &ConvertArgs,
    target: &dyn Format,
    tally: &mut Tally,
) -> Result<Option<Fresh>, Failure> {
    let (from, to) = (&args.source, &args.destination);
    origin::must_be_apart(from, to)?;
    let mut work = Work {
        storage: OsStorage::new(),
        formats: settings::formats(),
        target,
        tally,
        bytes: Vec::new(),
        scratch: Scratch::new(),
    };
    let found = place::find(&work.storage, from, &work.formats).map_err(|error| {
        Failure::new(Outcome::Unfinished, format!("cannot list {}: {error}", from.display()))
    })?;
    let held = origin::hold(&found.root)?;
    let fresh = Fresh::dir(to)?;
    work.strays(&found);
    let mut dirs = Vec::new();
    for host in &found.hosts {
        let below = host.path.strip_prefix(from).unwrap_or(Path::new(""));
        let made = fresh.temporary().join(below);
        if work.host(&host.path, &made)? {
            dirs.extend(
                made.ancestors().take_while(|dir| dir.starts_with(fresh.temporary())).map(Path::to_owned),
            );
        }
    }
    drop(held);
    if work.tally.snapshots + work.tally.logs == 0 {
        return Ok(None);
    }
    dirs.sort();
    dirs.dedup();
    for dir in dirs {
        work.storage.sync_dir(&dir).map_err(|error| cannot("sync", &dir, &error))?;
    }
    Ok(Some(fresh))
}

impl Work<'_> {
    fn strays(&mut self, found: &Found) {
        for stray in &found.strays {
            match &stray.what {
                StrayKind::Unreadable(error) => self.unreadable(&stray.path, error),
                left_alone => left(&stray.path, &left_alone.why()),
            }
        }
    }

    /// Converts the files of one host; tells whether anything was made.
    fn host(&mut self, from: &Path, to: &Path) -> Result<bool, Failure> {
        let mut entries = match self.storage.list(from) {
            Ok(entries) => entries,
            Err(error) => {
                self.unreadable(from, &error);
                return Ok(false);
            }
        };
        entries.sort();
        let mut wanted: BTreeMap<HostEntry, Vec<Entry>> = BTreeMap::new();
        for entry in entries {
            let path = from.join(&entry.name);
            let what = HostEntry::of(&entry, &self.formats);
            match what.is_left() {
                Some((_, why)) => left(&path, why),
                None => wanted.entry(what).or_default().push(entry),
            }
        }
        if wanted.is_empty() {
            return Ok(false);
        }
        std::fs::create_dir_all(to).map_err(|error| cannot("make", to, &error))?;
        // By stem, then in the order of the formats: of two with one stem the one comes first that a start takes.
        let mut taken: BTreeMap<i64, PathBuf> = BTreeMap::new();
        for (what, entry) in wanted.iter().flat_map(|(what, entries)| entries.iter().map(move |e| (what, e)))
        {
            let path = from.join(&entry.name);
            let HostEntry::Snapshot { stem, format: Some(format) } = what else {
                self.log(&path, &to.join(&entry.name))?;
                continue;
            };
            if let Some(first) = taken.get(stem) {
                let first = first.display();
                say(&format!(
                    "refused: {}: {first} has the same number; convert it on its own",
                    path.display()
                ));
                self.tally.troubled += 1;
                continue;
            }
            let name = format!("{stem}.{}", self.target.extension());
            if self.snapshot(*format, &path, &to.join(name))? {
                taken.insert(*stem, path);
            }
        }
        Ok(true)
    }

    /// Converts a snapshot; tells whether anything was made.
    fn snapshot(&mut self, format: usize, path: &Path, to: &Path) -> Result<bool, Failure> {
        let format = &*self.formats[format];
        let read = Source::open(&self.storage, path)
            .and_then(|source| source.read_snapshot(format, &mut self.bytes).map(|()| source.len_bytes()));
        let len = match read {
            Ok(len) => len,
            Err(error) => {
                self.unreadable(path, &error);
                return Ok(false);
            }
        };
        let made = match snapshot::convert(format, self.target, (&mut self.bytes, len), &mut self.scratch) {
            Ok(made) => made,
            Err(why) => {
                say(&format!("damage: {}: {why}", path.display()));
                self.tally.troubled += 1;
                return Ok(false);
            }
        };
        write_new(&self.storage, to, &made.bytes).map_err(|(_, error)| cannot("write", to, &error))?;
        let losses = losses_of(&made, to, self.target, &mut self.bytes, &mut self.scratch)?;
        self.tally.take(&made, &losses, path);
        Ok(true)
    }

    /// Copies a log: it has one format, and what is damaged in it stays for a start to salvage.
    fn log(&mut self, path: &Path, to: &Path) -> Result<(), Failure> {
        let source = match Source::open(&self.storage, path) {
            Ok(source) => source,
            Err(error) => {
                self.unreadable(path, &error);
                return Ok(());
            }
        };
        copy_new(&self.storage, &source, path, to)?;
        self.tally.logs += 1;
        Ok(())
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        say(&format!("unreadable: {}: {error}", path.display()));
        self.tally.unread += 1;
    }
}

fn left(path: &Path, why: &str) {
    say(&format!("left: {}: {why}", path.display()));
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(Outcome::Unfinished, format!("cannot {what} {}: {error}", path.display()))
}
