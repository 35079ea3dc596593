//! What an entry of a host's directory is, by its name and kind alone.

use treering_persist::{Entry, EntryKind};
use treering_snapshot::Format;

/// Extensions under which the reference looks for snapshots. It stops at one whose stem is no number.
const REFERENCE_EXTENSIONS: [&str; 2] = ["bin", "json"];

/// What a host's directory may hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HostEntry {
    /// A snapshot, and the index of its format; none for one that this version does not read.
    Snapshot { stem: i64, format: Option<usize> },
    /// A sealed segment of the log.
    SealedLog { generation: u64 },
    /// The segment that is written.
    CurrentLog,
    /// A snapshot that was never finished.
    Temporary,
    /// Where damaged files were set aside.
    Quarantine,
    /// Any other directory.
    Directory,
    /// A snapshot by its extension, but not by its stem.
    NotANumber,
    /// A regular file that no store writes.
    Foreign,
    /// A link, pipe, socket or device.
    Special,
}

impl HostEntry {
    pub(crate) fn of(entry: &Entry, formats: &[Box<dyn Format>]) -> HostEntry {
        let name = entry.name.to_str();
        match entry.kind {
            EntryKind::Directory if name == Some("quarantine") => return HostEntry::Quarantine,
            EntryKind::Directory => return HostEntry::Directory,
            EntryKind::Other => return HostEntry::Special,
            EntryKind::File => {}
        }
        let Some((stem, extension)) = name.and_then(|name| name.rsplit_once('.')) else {
            return HostEntry::Foreign;
        };
        match extension {
            "tmp" if stem.rsplit_once('.').is_some_and(|(stem, _)| stem.parse::<i64>().is_ok()) => {
                HostEntry::Temporary
            }
            "tmp" => HostEntry::Foreign,
            "wal" if stem == "current" => HostEntry::CurrentLog,
            "wal" => {
                sealed(stem).map_or(HostEntry::Foreign, |generation| HostEntry::SealedLog { generation })
            }
            _ => {
                let format = formats.iter().position(|format| format.extension() == extension);
                match stem.parse() {
                    Ok(stem) => HostEntry::Snapshot { stem, format },
                    Err(_) if format.is_some() || REFERENCE_EXTENSIONS.contains(&extension) => {
                        HostEntry::NotANumber
                    }
                    Err(_) => HostEntry::Foreign,
                }
            }
        }
    }

    /// The rule by which nothing is read of it, and why; none for what is read.
    pub(crate) fn is_left(&self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            HostEntry::Snapshot { format: Some(_), .. }
            | HostEntry::SealedLog { .. }
            | HostEntry::CurrentLog => {
                return None;
            }
            HostEntry::Snapshot { format: None, .. } => {
                ("format-not-read", "a snapshot in a format that is not read here")
            }
            HostEntry::Temporary => ("unfinished-snapshot", "a snapshot that was never finished"),
            HostEntry::Quarantine => {
                ("quarantine", "damaged files, set aside when what was sound in them was safe elsewhere")
            }
            HostEntry::Directory => ("foreign-entry", "a directory that no store reads"),
            HostEntry::NotANumber => ("name-not-a-number", "the name of a snapshot must be a whole number"),
            HostEntry::Foreign => ("foreign-entry", "no file of a store has this name"),
            HostEntry::Special => ("foreign-entry", "not a regular file"),
        })
    }

    /// Whether it says that its directory is a host's.
    pub(crate) fn is_of_a_host(&self) -> bool {
        match self {
            HostEntry::Snapshot { format, .. } => format.is_some(),
            HostEntry::SealedLog { .. }
            | HostEntry::CurrentLog
            | HostEntry::Temporary
            | HostEntry::NotANumber => true,
            HostEntry::Quarantine | HostEntry::Directory | HostEntry::Foreign | HostEntry::Special => false,
        }
    }
}

/// One generation has one spelling.
fn sealed(stem: &str) -> Option<u64> {
    let digits = stem.strip_prefix("sealed.")?;
    digits.parse::<u64>().ok().filter(|generation| generation.to_string() == digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::settings::formats;

    #[test]
    fn every_name_is_what_a_start_takes_it_for() {
        let of = |name: &str, kind| HostEntry::of(&Entry { name: name.into(), kind }, &formats());
        let file = |name: &str| of(name, EntryKind::File);
        assert_eq!(file("-7.bin"), HostEntry::Snapshot { stem: -7, format: Some(0) });
        assert_eq!(file("7.avro"), HostEntry::Snapshot { stem: 7, format: None });
        assert_eq!(file("current.wal"), HostEntry::CurrentLog);
        assert_eq!(file("sealed.12.wal"), HostEntry::SealedLog { generation: 12 });
        assert_eq!(file("9.json.tmp"), HostEntry::Temporary);
        for name in ["x.bin", "1 .json", "9223372036854775808.bin", ".bin"] {
            assert_eq!(file(name), HostEntry::NotANumber, "{name}");
        }
        for name in ["sealed.01.wal", "sealed.+1.wal", "old.wal", "notes.tmp", "x.avro", "bin", ""] {
            assert_eq!(file(name), HostEntry::Foreign, "{name}");
        }
        assert_eq!(of("1.bin", EntryKind::Other), HostEntry::Special);
        assert_eq!(of("1.bin", EntryKind::Directory), HostEntry::Directory);
        assert_eq!(of("quarantine", EntryKind::Directory), HostEntry::Quarantine);
    }
}
