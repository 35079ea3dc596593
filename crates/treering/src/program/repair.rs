//! `treering repair`: a new store of all that is sound in an old one, and an account of the rest.

mod account;
mod rebuild;
mod report;

use std::io::{self, BufWriter, Write};

use treering_persist::{OpenError, OsStorage};

use super::cli::RepairArgs;
use super::exit::{Failure, Outcome};
use super::fresh::must_not_exist;
use super::{origin, place, say, settings};

use account::Work;
use rebuild::NewStore;
use report::Report;

/// Prints the plan, and makes the new store if that is asked for. Hosts go one by one, each in the memory of one.
pub(crate) fn repair(args: &RepairArgs) -> Result<Outcome, Failure> {
    must_be_dir(args)?;
    origin::must_be_apart(&args.dir, &args.out)?;
    must_not_exist(&args.out)?;
    let options = settings::for_dump(&args.dir, args.config.as_deref(), args.default_interval)?;
    let found = place::find(&OsStorage::new(), &args.dir, &settings::formats()).map_err(|error| {
        Failure::new(Outcome::Unfinished, format!("cannot list {}: {error}", args.dir.display()))
    })?;
    let held = if args.write { Some(origin::hold(&found.root)?) } else { None };
    let mut new = if args.write { Some(NewStore::begin(&args.out)?) } else { None };
    let mut report = Report::new(&args.dir, &args.out);
    let mut work = Work::new(&options);
    found.strays.iter().for_each(|stray| report.outside(work.stray(&args.dir, stray)));
    for host in &found.hosts {
        let (tree, account) = work.host(host)?;
        if let Some(new) = new.as_mut().filter(|_| account.samples > 0) {
            new.add(host, &tree, &options)?;
        }
        report.host(account);
    }
    if let Some(new) = new.filter(|_| !report.is_empty()) {
        report.written = Some(new.keep()?);
    }
    drop(held);
    print(&report, args)?;
    if report.is_empty() {
        say(&format!("{}: nothing is stored here that could be repaired", args.dir.display()));
    }
    Ok(report.outcome())
}

fn must_be_dir(args: &RepairArgs) -> Result<(), Failure> {
    let wrong = |outcome, why: String| {
        Err(Failure::new(outcome, format!("cannot read {}: {why}", args.dir.display()))
            .hint("give the directory of a store, of a cluster or of a host"))
    };
    match std::fs::metadata(&args.dir) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => wrong(Outcome::Usage, "not a directory".to_owned()),
        Err(error) => wrong(Outcome::of_path(&error), error.to_string()),
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
