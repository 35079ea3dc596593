//! `treering ls`: what lies in a store, host by host.

mod host;
mod show;
mod span;

use std::io::{self, BufWriter, Write};
use std::path::Path;

use treering_persist::OsStorage;

use super::cli::LsArgs;
use super::exit::{Failure, Outcome};
use super::place::{self, StrayKind};
use super::words::{count, count_len};
use super::{say, settings};

use host::{HostRow, Lister};

/// What was seen, and what of it could not be used.
#[derive(Default)]
struct Seen {
    hosts: Vec<HostRow>,
    damaged: u64,
    unread: u64,
    /// Entries that are no directory of a cluster or host, where only those are expected.
    strays: usize,
}

/// Prints the table; the outcome says whether anything is stored, and whether all of it could be read.
pub(crate) fn ls(args: &LsArgs) -> Result<Outcome, Failure> {
    let dir = args.dir.as_deref().unwrap_or(Path::new(treering::config::DIRECTORY));
    let seen = match look(dir) {
        Ok(seen) => seen,
        Err(error) if args.dir.is_none() && error.kind() == io::ErrorKind::NotFound => Seen::default(),
        Err(error) => {
            let outcome = Outcome::of_path(&error);
            return Err(Failure::new(outcome, format!("cannot list {}: {error}", dir.display()))
                .hint("give the directory of a store; dump prints single files"));
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = match (args.json, args.files) {
        (true, files) => show::json(&mut out, dir, &seen.hosts, files),
        (false, true) if !seen.hosts.is_empty() => show::files(&mut out, &seen.hosts),
        // A table of nothing says nothing.
        (false, false) if !seen.is_empty() => show::hosts(&mut out, &seen.hosts),
        _ => Ok(()),
    };
    match printed.and_then(|()| out.flush()) {
        // Whoever reads the output has enough of it, as `head` does.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(Failure::new(Outcome::Unfinished, format!("cannot write the output: {error}")));
        }
        _ => {}
    }
    Ok(outcome(dir, &seen))
}

fn outcome(dir: &Path, seen: &Seen) -> Outcome {
    if seen.strays > 0 {
        let are = if seen.strays == 1 { "is" } else { "are" };
        say(&format!(
            "{} above the hosts {are} not read: treering verify says why",
            count_len(seen.strays, "entry")
        ));
    }
    if seen.damaged > 0 {
        let are = if seen.damaged == 1 { "is" } else { "are" };
        say(&format!("{} {are} damaged: treering verify says how", count(seen.damaged, "file")));
        return Outcome::No;
    }
    if seen.unread > 0 {
        return Outcome::Unfinished;
    }
    if seen.is_empty() {
        say(&format!("{}: nothing is stored here", dir.display()));
        return Outcome::No;
    }
    Outcome::Done
}

fn look(dir: &Path) -> io::Result<Seen> {
    let (storage, formats) = (OsStorage::new(), settings::formats());
    let found = place::find(&storage, dir, &formats)?;
    let mut seen = Seen::default();
    let mut strays = 0;
    let mut unread = |path: &Path, error: &io::Error| {
        say(&format!("cannot read {}: {error}", path.display()));
        seen.unread += 1;
    };
    for stray in &found.strays {
        match &stray.what {
            StrayKind::Unreadable(error) => unread(&stray.path, error),
            _ => strays += 1,
        }
    }
    let mut lister = Lister::new(&storage, &formats);
    for host in &found.hosts {
        match lister.list(host) {
            Ok(row) => {
                for (path, error) in &row.unread {
                    unread(path, error);
                }
                seen.damaged += row.damaged;
                seen.hosts.push(row);
            }
            Err(error) => unread(&host.path, &error),
        }
    }
    seen.strays = strays;
    Ok(seen)
}

impl Seen {
    fn is_empty(&self) -> bool {
        self.hosts.iter().all(|host| host.snapshots == 0 && host.logs == 0 && host.unread.is_empty())
    }
}
