//! `treering repair`: a new store of all that is sound in an old one, and an account of the rest.

mod account;
mod extent;
mod log;
mod rebuild;
mod report;
mod snapshot;

use std::io::{self, BufWriter, Write};
use std::path::Path;

use treering_persist::{FindingKind, OpenError, OsStorage, RecoveryReport, inspect};

use super::cli::RepairArgs;
use super::exit::{Failure, Outcome};
use super::fresh::{self, Fresh};
use super::{origin, say, settings};

use report::{Report, Written};

/// Prints the plan, and makes the new store if that is asked for.
pub(crate) fn repair(args: &RepairArgs) -> Result<Outcome, Failure> {
    must_be_dir(&args.dir)?;
    origin::must_be_apart(&args.dir, &args.out)?;
    fresh::may_be_made(&args.out)?;
    let held = if args.write { Some(origin::hold(&args.dir)?) } else { None };
    let options = settings::for_dump(&args.dir, args.config.as_deref(), args.default_interval)?;
    let (tree, recovery) =
        inspect(&OsStorage::new(), &options, &settings::formats()).map_err(|error| cannot_open(&error))?;
    let mut report = account::of_store(&args.dir, &args.out, &tree, &recovery)?;
    let is_empty = report.totals.samples == 0;
    if args.write && !is_empty {
        let fresh = Fresh::dir(&args.out)?;
        let checkpoint = rebuild::write(&tree, fresh.temporary())?;
        let anew = settings::for_dump(fresh.temporary(), args.config.as_deref(), args.default_interval)?;
        let (new, _) =
            inspect(&OsStorage::new(), &anew, &settings::formats()).map_err(|error| cannot_open(&error))?;
        rebuild::must_be_equal(&tree, &new).map_err(|why| {
            let what = format!("the new store was written, but {why}; it is removed again");
            Failure::new(Outcome::Unfinished, what)
        })?;
        fresh.keep()?;
        report.written = Some(Written { snapshots: checkpoint.files_written, bytes: checkpoint.bytes });
    }
    drop(held);
    print(&report, args)?;
    if is_empty {
        say(&format!("{}: nothing is stored here that could be repaired", args.dir.display()));
    }
    Ok(if is_empty || is_lossy(&recovery) { Outcome::No } else { Outcome::Done })
}

/// Whether anything that was stored may be lost.
fn is_lossy(recovery: &RecoveryReport) -> bool {
    recovery.has_damage() || recovery.findings.iter().any(|finding| finding.kind == FindingKind::Unreadable)
}

fn must_be_dir(dir: &Path) -> Result<(), Failure> {
    let wrong = |why: &str| {
        Err(Failure::new(Outcome::Usage, format!("cannot read {}: {why}", dir.display()))
            .hint("give the directory of a store"))
    };
    match std::fs::metadata(dir) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => wrong("not a directory"),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(Failure::new(Outcome::Unfinished, format!("cannot read {}: {error}", dir.display())))
        }
        Err(error) => wrong(&error.to_string()),
    }
}

fn cannot_open(error: &OpenError) -> Failure {
    let outcome = match error {
        OpenError::Metrics(_) => Outcome::Usage,
        _ => Outcome::Unfinished,
    };
    Failure::because(outcome, error)
}

fn print(report: &Report, args: &RepairArgs) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = if args.json {
        serde_json::to_writer_pretty(&mut out, report).map_err(io::Error::from).and_then(|()| writeln!(out))
    } else {
        report.print(&mut out)
    };
    match printed.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Outcome::Unfinished, format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}
