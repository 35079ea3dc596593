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
use super::{say, settings};

use host::{HostRow, Lister};

/// What was seen, and what of it could not be used.
#[derive(Default)]
struct Seen {
    hosts: Vec<HostRow>,
    damaged: u64,
    unread: u64,
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
    let printed = match (args.json, seen.hosts.is_empty()) {
        (true, _) => show::json(&mut out, dir, &seen.hosts, args.files),
        (false, true) => Ok(()),
        (false, false) if args.files => show::files(&mut out, &seen.hosts),
        (false, false) => show::hosts(&mut out, &seen.hosts),
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
    if seen.damaged > 0 {
        say(&format!("{} files are damaged: treering verify says how", seen.damaged));
        return Outcome::No;
    }
    if seen.unread > 0 {
        return Outcome::Unfinished;
    }
    let empty = seen.hosts.iter().all(|host| host.snapshots == 0 && host.logs == 0);
    if empty {
        say(&format!("{}: nothing is stored here", dir.display()));
        return Outcome::No;
    }
    Outcome::Done
}

fn look(dir: &Path) -> io::Result<Seen> {
    let (storage, formats) = (OsStorage::new(), settings::formats());
    let found = place::find(&storage, dir, &formats)?;
    let mut seen = Seen::default();
    let mut unread = |path: &Path, error: &io::Error| {
        say(&format!("cannot read {}: {error}", path.display()));
        seen.unread += 1;
    };
    for stray in &found.strays {
        if let StrayKind::Unreadable(error) = &stray.what {
            unread(&stray.path, error);
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
    Ok(seen)
}
