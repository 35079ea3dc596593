//! The hosts' directories that a path leads to: of a whole store, of a cluster, or of one host.

use std::io;
use std::path::{Path, PathBuf};

use treering_level::NameKind;
use treering_persist::{Entry, EntryKind, Storage};
use treering_snapshot::Format;

use super::entry::HostEntry;

/// A host's directory.
#[derive(Debug, Clone)]
pub(crate) struct HostDir {
    pub(crate) cluster: String,
    pub(crate) host: String,
    pub(crate) path: PathBuf,
}

/// What lies where only directories of clusters and hosts are expected.
#[derive(Debug)]
pub(crate) struct Stray {
    pub(crate) path: PathBuf,
    /// 1 for where the clusters are, 2 for where the hosts are.
    pub(crate) level: u8,
    pub(crate) what: StrayKind,
}

/// Why it is not looked into.
#[derive(Debug)]
pub(crate) enum StrayKind {
    /// A regular file.
    File,
    /// A link, pipe, socket or device.
    Special,
    /// A directory under a name that no cluster or host can have.
    Name(String),
    /// A directory that cannot be listed.
    Unreadable(io::Error),
}

/// All that a directory leads to, in the order of names.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The directory of the store that it is, or lies in.
    pub(crate) root: PathBuf,
    pub(crate) hosts: Vec<HostDir>,
    pub(crate) strays: Vec<Stray>,
}

impl StrayKind {
    /// In a few words; of what cannot be read, as the system has it.
    pub(crate) fn why(&self) -> String {
        match self {
            StrayKind::File => "only directories are expected here".to_owned(),
            StrayKind::Special => "neither a directory nor a regular file".to_owned(),
            StrayKind::Name(why) => why.clone(),
            StrayKind::Unreadable(error) => format!("cannot be read: {error}"),
        }
    }
}

/// How far above the hosts a directory lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Height {
    Host,
    Cluster,
    Root,
}

/// Finds the hosts of `dir`: the root of a store, or a cluster's or a host's directory in one.
///
/// # Errors
/// If `dir` cannot be listed. What lies below it and cannot be read is a stray.
pub(crate) fn find(storage: &dyn Storage, dir: &Path, formats: &[Box<dyn Format>]) -> io::Result<Found> {
    let mut found = Found { root: dir.to_owned(), ..Found::default() };
    let above = |path: &Path| path.parent().map_or_else(|| path.to_owned(), Path::to_owned);
    let name = |path: &Path| path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    match height(storage, dir, formats)? {
        Height::Root => {
            for (cluster, path) in directories(storage, dir, NameKind::Cluster, &mut found)? {
                hosts(storage, &cluster, &path, &mut found);
            }
        }
        Height::Cluster => {
            let whole = dir.canonicalize()?;
            found.root = above(&whole);
            hosts(storage, &name(&whole), dir, &mut found);
        }
        Height::Host => {
            let whole = dir.canonicalize()?;
            found.root = above(&above(&whole));
            let cluster = name(&above(&whole));
            found.hosts.push(HostDir { cluster, host: name(&whole), path: dir.to_owned() });
        }
    }
    Ok(found)
}

fn hosts(storage: &dyn Storage, cluster: &str, dir: &Path, found: &mut Found) {
    match directories(storage, dir, NameKind::Host, found) {
        Ok(dirs) => {
            let cluster = || cluster.to_owned();
            found.hosts.extend(dirs.into_iter().map(|(host, path)| HostDir {
                cluster: cluster(),
                host,
                path,
            }));
        }
        Err(error) => {
            let what = StrayKind::Unreadable(error);
            found.strays.push(Stray { path: dir.to_owned(), level: 1, what });
        }
    }
}

/// The directories of a level, by name; whatever else lies there is a stray.
fn directories(
    storage: &dyn Storage,
    dir: &Path,
    kind: NameKind,
    found: &mut Found,
) -> io::Result<Vec<(String, PathBuf)>> {
    let level = if kind == NameKind::Cluster { 1 } else { 2 };
    let mut dirs = Vec::new();
    for entry in sorted(storage, dir)? {
        let path = dir.join(&entry.name);
        let what = match entry.kind {
            EntryKind::File => StrayKind::File,
            EntryKind::Other => StrayKind::Special,
            EntryKind::Directory => match entry.name.to_str() {
                None => StrayKind::Name("the name is not UTF-8".to_owned()),
                Some(name) => match kind.check(name) {
                    Ok(()) => {
                        dirs.push((name.to_owned(), path));
                        continue;
                    }
                    Err(error) => StrayKind::Name(error.to_string()),
                },
            },
        };
        found.strays.push(Stray { path, level, what });
    }
    Ok(dirs)
}

/// By where the files of hosts lie. The deepest counts: a stray file above them makes no host of a
/// cluster, while a quarantine below a host makes no cluster of it.
fn height(storage: &dyn Storage, dir: &Path, formats: &[Box<dyn Format>]) -> io::Result<Height> {
    let of_a_host = |entry: &Entry| HostEntry::of(entry, formats).is_of_a_host();
    let below = |entries: &[Entry]| -> Vec<PathBuf> {
        let dirs = entries.iter().filter(|entry| entry.kind == EntryKind::Directory);
        dirs.filter(|entry| entry.name != "quarantine").map(|entry| entry.name.clone().into()).collect()
    };
    let entries = sorted(storage, dir)?;
    let mut height = if entries.iter().any(of_a_host) { Height::Host } else { Height::Root };
    for child in below(&entries) {
        let child = dir.join(child);
        let Ok(entries) = sorted(storage, &child) else { continue };
        for grandchild in below(&entries) {
            let Ok(entries) = sorted(storage, &child.join(grandchild)) else { continue };
            if entries.iter().any(of_a_host) {
                return Ok(Height::Root);
            }
        }
        if entries.iter().any(of_a_host) {
            height = Height::Cluster;
        }
    }
    Ok(height)
}

fn sorted(storage: &dyn Storage, dir: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = storage.list(dir)?;
    entries.sort();
    Ok(entries)
}
