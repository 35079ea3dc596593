//! What lies in directories beside snapshots and logs, and what the reference would make of it.

use std::io;
use std::path::Path;

use treering_persist::{Entry, Storage};

use super::finding::{Finding, Findings};
use crate::program::entry::HostEntry;
use crate::program::place::{Stray, StrayKind};

/// Extensions that the reference reads.
const REFERENCE_READS: [&str; 2] = ["bin", "json"];

/// What is neither a cluster's nor a host's directory.
pub(super) fn of_stray(stray: &Stray, findings: &mut Findings) {
    let level = stray.level;
    findings.about(&stray.path);
    findings.add(match &stray.what {
        StrayKind::Unreadable(error) => Finding::unread(error),
        StrayKind::Name(why) => Finding::note("foreign-entry", format!("not read as a host's directory: {why}"))
            .lost("nothing, unless it holds samples: none of them is loaded")
            .advice("give it a name that a cluster or host may have"),
        kind @ (StrayKind::File | StrayKind::Special) => {
            let what = match kind {
                StrayKind::File => "a regular file",
                _ => "neither a directory nor a regular file; not opened",
            };
            let what = format!(
                "{what}: the reference would refuse this directory because only directories may lie on level {level}"
            );
            Finding::note(format!("reference-level-{level}-file"), what)
                .advice("nothing for this store; move it away before going back to the reference")
        }
    });
}

/// What is no snapshot that can be read, and no log. `path` is the entry's.
pub(super) fn of_entry(
    storage: &dyn Storage,
    path: &Path,
    entry: &Entry,
    kind: &HostEntry,
    findings: &mut Findings,
) -> io::Result<()> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let foreign = |what: &'static str| Finding::note("foreign-entry", what);
    findings.add(match kind {
        HostEntry::Snapshot { .. } => {
            let finding = Finding::note("format-not-read", format!("snapshots in .{extension} are not read by this version"));
            if REFERENCE_READS.contains(&extension) {
                finding
                    .lost("nothing on disk, but its samples are not loaded")
                    .advice("read it with a version that knows the format")
            } else {
                finding
            }
        }
        HostEntry::NotANumber => {
            let what = "a snapshot's name must be a whole number: the reference would refuse this directory because of it";
            Finding::note("name-not-a-number", what)
                .lost("nothing on disk, but its samples are not loaded")
                .advice("rename it to the start of its window if it belongs here, else move it away")
        }
        HostEntry::Temporary => Finding::note("unfinished-snapshot", "a snapshot that was not finished")
            .advice("nothing: the next checkpoint removes it, and what it would have held is in the log"),
        HostEntry::Quarantine => {
            let files = storage.list(path)?.len();
            let what = format!("{files} files that were found damaged and set aside");
            Finding::note("quarantine", what)
                .advice("their sound parts are in newer snapshots; delete them when nobody wants to look at them")
        }
        HostEntry::Directory => foreign("a directory in a host's directory; passed over"),
        HostEntry::Special if is_link(path) && REFERENCE_READS.contains(&extension) => {
            foreign("a link, not followed; the reference would follow it and read what it leads to")
        }
        HostEntry::Special => foreign("neither a regular file nor a directory; not opened"),
        HostEntry::Foreign if entry.name.to_str().is_none() => foreign("a file whose name is not UTF-8"),
        HostEntry::Foreign => foreign("a file that no store writes"),
        HostEntry::SealedLog { .. } | HostEntry::CurrentLog => return Ok(()),
    });
    Ok(())
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink())
}
