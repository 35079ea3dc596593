//! The names of a store's files: which file knows what, and nothing about their content.
//!
//! ```text
//! <root>/<cluster>/<host>/<stem>.<format>        a snapshot; the stem is a decimal i64
//! <root>/<cluster>/<host>/<stem>.<format>.tmp    one that was never finished
//! <root>/<cluster>/<host>/current.wal            the log segment that is written
//! <root>/<cluster>/<host>/sealed.<g>.wal         an earlier segment, of generation g
//! <root>/<cluster>/<host>/quarantine/            damaged files, after what was sound in them is safe
//! ```

use std::ffi::OsStr;

use crate::storage::{Entry, EntryKind};

/// The segment that is written.
pub(crate) const CURRENT_LOG: &str = "current.wal";
/// Where damaged files go.
pub(crate) const QUARANTINE: &str = "quarantine";
const LOG_EXTENSION: &str = "wal";
const TEMPORARY_EXTENSION: &str = "tmp";

/// What an entry of a host's directory is, by its name and kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostEntry {
    Snapshot {
        stem: i64,
        extension: String,
        name: String,
    },
    CurrentLog,
    SealedLog {
        generation: u64,
    },
    /// An unfinished snapshot.
    Temporary {
        extension: String,
        name: String,
    },
    /// A directory: the quarantine, or one of somebody else's. The reference passes over them, too.
    Directory,
    /// Not ours: reported, never opened.
    Foreign {
        why: &'static str,
    },
}

impl HostEntry {
    pub(crate) fn of(entry: &Entry) -> HostEntry {
        match entry.kind {
            EntryKind::Directory => return HostEntry::Directory,
            EntryKind::Other => return HostEntry::Foreign { why: "not a regular file" },
            EntryKind::File => {}
        }
        let Some(name) = entry.name.to_str() else {
            return HostEntry::Foreign { why: "the name is not UTF-8" };
        };
        if name == CURRENT_LOG {
            return HostEntry::CurrentLog;
        }
        let Some((stem, extension)) = name.rsplit_once('.') else {
            return HostEntry::Foreign { why: "no file of a store has this name" };
        };
        match extension {
            TEMPORARY_EXTENSION => match stem.rsplit_once('.') {
                Some((stem, extension)) if stem.parse::<i64>().is_ok() => {
                    HostEntry::Temporary { extension: extension.to_owned(), name: name.to_owned() }
                }
                _ => HostEntry::Foreign { why: "no file of a store has this name" },
            },
            LOG_EXTENSION => sealed_generation(stem)
                .map_or(HostEntry::Foreign { why: "no log of a store has this name" }, |generation| {
                    HostEntry::SealedLog { generation }
                }),
            _ => match stem.parse::<i64>() {
                Ok(stem) => {
                    HostEntry::Snapshot { stem, extension: extension.to_owned(), name: name.to_owned() }
                }
                Err(_) => HostEntry::Foreign { why: "the name of a snapshot must be a whole number" },
            },
        }
    }
}

/// A number that a name keeps from being given to a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Stem(i64),
    Generation(u64),
}

impl Taken {
    /// The number of what has the name of a snapshot, finished or not, or of a sealed segment, and is no file.
    pub(crate) fn by(entry: &Entry) -> Option<Taken> {
        let as_file = Entry { kind: EntryKind::File, ..entry.clone() };
        match (entry.kind, HostEntry::of(&as_file)) {
            (EntryKind::File, _) => None,
            (_, HostEntry::Snapshot { stem, .. }) => Some(Taken::Stem(stem)),
            (_, HostEntry::SealedLog { generation }) => Some(Taken::Generation(generation)),
            (_, HostEntry::Temporary { name, .. }) => {
                let stem = name.split('.').next().and_then(|stem| stem.parse().ok());
                stem.map(Taken::Stem)
            }
            _ => None,
        }
    }
}

pub(crate) fn snapshot_name(stem: i64, extension: &str) -> String {
    format!("{stem}.{extension}")
}

pub(crate) fn temporary_name(name: &str) -> String {
    format!("{name}.{TEMPORARY_EXTENSION}")
}

pub(crate) fn sealed_name(generation: u64) -> String {
    format!("sealed.{generation}.{LOG_EXTENSION}")
}

/// The directory's name as a cluster or host, or why it cannot be one.
pub(crate) fn level_name(entry: &Entry) -> Result<&str, &'static str> {
    match entry.kind {
        EntryKind::Directory => os_name(&entry.name),
        EntryKind::File => Err("only directories are expected here"),
        EntryKind::Other => Err("neither a directory nor a regular file"),
    }
}

fn os_name(name: &OsStr) -> Result<&str, &'static str> {
    name.to_str().ok_or("the name is not UTF-8")
}

/// Whether a number can be that of a segment. The bound leaves room to count on from any that is found.
pub(crate) fn is_generation(number: u64) -> bool {
    (1..=u64::MAX / 2).contains(&number)
}

fn sealed_generation(stem: &str) -> Option<u64> {
    let digits = stem.strip_prefix("sealed.")?;
    let generation = digits.parse::<u64>().ok()?;
    // Only the spelling that `sealed_name` writes, so that one generation has one name.
    (generation.to_string() == digits && is_generation(generation)).then_some(generation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> HostEntry {
        HostEntry::of(&Entry { name: name.into(), kind: EntryKind::File })
    }

    #[test]
    fn what_is_no_file_keeps_its_number() {
        let by = |name: &str, kind| Taken::by(&Entry { name: name.into(), kind });
        for kind in [EntryKind::Directory, EntryKind::Other] {
            assert_eq!(by("7.bin", kind), Some(Taken::Stem(7)));
            assert_eq!(by("-7.json.tmp", kind), Some(Taken::Stem(-7)));
            assert_eq!(by("sealed.3.wal", kind), Some(Taken::Generation(3)));
            for name in ["current.wal", "quarantine", "sealed.03.wal", "x.bin"] {
                assert_eq!(by(name, kind), None, "{name}");
            }
        }
        for name in ["7.bin", "7.bin.tmp", "sealed.3.wal"] {
            assert_eq!(by(name, EntryKind::File), None, "{name}");
        }
    }

    #[test]
    fn names_that_are_written_are_recognised() {
        let snapshot =
            HostEntry::Snapshot { stem: -7, extension: "bin".to_owned(), name: "-7.bin".to_owned() };
        assert_eq!(of(&snapshot_name(-7, "bin")), snapshot);
        assert_eq!(of(&sealed_name(12)), HostEntry::SealedLog { generation: 12 });
        let temporary = temporary_name(&snapshot_name(9, "json"));
        let extension = "json".to_owned();
        assert_eq!(of(&temporary), HostEntry::Temporary { extension, name: temporary.clone() });
        assert_eq!(of(CURRENT_LOG), HostEntry::CurrentLog);
    }

    #[test]
    fn one_generation_has_one_spelling() {
        for name in [
            "sealed.01.wal",
            "sealed.+1.wal",
            "sealed.-1.wal",
            "sealed..wal",
            "old.wal",
            "sealed.0.wal",
            "sealed.18446744073709551615.wal",
        ] {
            assert!(matches!(of(name), HostEntry::Foreign { .. }), "{name}");
        }
    }

    #[test]
    fn a_stem_that_is_no_number_is_foreign() {
        for name in ["x.bin", "1 .json", "9223372036854775808.bin", "bin", "notes.tmp", ""] {
            assert!(matches!(of(name), HostEntry::Foreign { .. }), "{name}");
        }
    }

    #[test]
    fn a_link_or_pipe_is_foreign_whatever_its_name() {
        let entry = Entry { name: "1.bin".into(), kind: EntryKind::Other };
        assert!(matches!(HostEntry::of(&entry), HostEntry::Foreign { .. }));
    }
}
