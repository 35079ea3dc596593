//! `treering convert`: snapshots of one format into those of another, and what it costs.

mod compare;
mod snapshot;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use treering_persist::{OsStorage, Storage};
use treering_snapshot::{Format, Scratch};

use super::cli::{ConvertArgs, To};
use super::exit::{Failure, Outcome};
use super::file::Source;
use super::fresh::Fresh;
use super::survey::{Class, Faults};
use super::words::count;
use super::{say, settings};

use compare::Losses;

/// So many faults of one file are told one by one.
const FAULTS_TOLD: u64 = 16;

/// What became of all that was to be converted.
#[derive(Debug, Default)]
struct Tally {
    snapshots: u64,
    logs: u64,
    /// Files that are damaged or refused.
    troubled: u64,
    /// Files that cannot be read.
    unread: u64,
    /// What sources hold that no snapshot has, by rule.
    foreign: BTreeMap<String, Foreign>,
    losses: Losses,
}

/// Bytes of one kind that are not converted.
#[derive(Debug)]
struct Foreign {
    files: u64,
    bytes: u64,
    /// Where, and what, the first time.
    first: String,
}

/// Converts a file or a directory; the outcome says whether all of it was sound.
pub(crate) fn convert(args: &ConvertArgs) -> Result<Outcome, Failure> {
    if args.decimals.is_some() && args.to == To::Bin {
        return Err(Failure::new(Outcome::Usage, "--decimals is for --to json")
            .hint("values in .bin are as they are in memory"));
    }
    let metadata = std::fs::metadata(&args.source).map_err(|error| {
        let outcome = Outcome::of_path(&error);
        Failure::new(outcome, format!("cannot read {}: {error}", args.source.display()))
            .hint("give a snapshot or the directory of a store")
    })?;
    let target = settings::format(args.to, args.decimals);
    let mut tally = Tally::default();
    let fresh = if metadata.is_dir() {
        tree::convert(args, &*target, &mut tally)?
    } else {
        Some(file(args, &*target, &mut tally)?)
    };
    let Some(fresh) = fresh else {
        say(&format!("{}: nothing to convert", args.source.display()));
        return Ok(tally.outcome(false).unwrap_or(Outcome::No));
    };
    let refused = args.lossless && tally.is_lossy();
    if refused {
        drop(fresh);
    } else {
        fresh.keep()?;
    }
    tell(args, &tally, refused);
    Ok(tally.outcome(refused).unwrap_or(Outcome::Done))
}

fn file(args: &ConvertArgs, target: &dyn Format, tally: &mut Tally) -> Result<Fresh, Failure> {
    let path = &args.source;
    let mut fresh = Fresh::file(&args.destination)?;
    let source = Source::open(&OsStorage::new(), path).map_err(|error| cannot_read(path, &error))?;
    let format = format_of(path)?;
    let mut bytes = Vec::new();
    source.read_snapshot(&*format, &mut bytes).map_err(|error| cannot_read(path, &error))?;
    let len = source.len_bytes();
    let made = snapshot::convert(&*format, target, (&mut bytes, len), &mut Scratch::new());
    let made = made.map_err(|why| Failure::new(Outcome::No, format!("damage: {}: {why}", path.display())))?;
    fresh.write(&made.bytes)?;
    let losses = losses_of(&made, fresh.temporary(), target, &mut bytes, &mut Scratch::new())?;
    tally.take(&made, &losses, path);
    Ok(fresh)
}

/// By the extension; by the first byte where there is none that is known.
fn format_of(path: &Path) -> Result<Box<dyn Format>, Failure> {
    let mut formats = settings::formats();
    let extension = path.extension().and_then(|extension| extension.to_str());
    if extension == Some("wal") {
        return Err(Failure::new(
            Outcome::Usage,
            format!("{} is a log, which has one format", path.display()),
        )
        .hint("copy it as it is, or give the directory of the store"));
    }
    let by_name = formats.iter().position(|format| Some(format.extension()) == extension);
    let position = match by_name {
        Some(position) => Some(position),
        None => {
            let mut begin = [0; 64];
            let len = OsStorage::new().open(path).and_then(|file| file.read_at(0, &mut begin));
            let begin = &begin[..len.map_err(|error| cannot_read(path, &error))?];
            let wanted = match begin.trim_ascii_start().first() {
                Some(b'{') => "json",
                _ if begin.starts_with(&treering_format_bin::FILE_MAGIC.to_le_bytes()) => "bin",
                _ => "",
            };
            formats.iter().position(|format| format.extension() == wanted)
        }
    };
    position.map(|position| formats.swap_remove(position)).ok_or_else(|| {
        Failure::new(Outcome::Usage, format!("{} is no snapshot", path.display()))
            .hint("name it *.bin or *.json to have it converted all the same")
    })
}

fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Outcome::Unfinished, format!("cannot read {}: {error}", path.display()))
}

/// Reads what was written, and compares it with what it was made from.
fn losses_of(
    made: &snapshot::Made,
    written: &Path,
    target: &dyn Format,
    bytes: &mut Vec<u8>,
    scratch: &mut Scratch,
) -> Result<Losses, Failure> {
    let failed = |why: String| {
        Failure::new(Outcome::Unfinished, format!("{} was written, but {why}", written.display()))
            .hint("it is removed again")
    };
    Source::open(&OsStorage::new(), written)
        .and_then(|source| source.read_snapshot(target, bytes))
        .map_err(|error| failed(format!("cannot be read: {error}")))?;
    snapshot::losses(made, target, bytes, scratch).map_err(failed)
}

fn tell(args: &ConvertArgs, tally: &Tally, refused: bool) {
    let Tally { snapshots, logs, troubled, unread, foreign, losses } = tally;
    for (rule, Foreign { files, bytes, first }) in foreign {
        let (bytes, files) = (count(*bytes, "byte"), count(*files, "snapshot"));
        say(&format!("lost: {bytes} in {files} ({rule}), the first: {first}"));
    }
    for line in losses.lines() {
        say(&line);
    }
    if refused {
        say(&format!("{}: not made, since something would be lost", args.destination.display()));
        return;
    }
    let logs = if *logs > 0 { format!(", {} copied", count(*logs, "log")) } else { String::new() };
    say(&format!("{}: {} converted{logs}", args.destination.display(), count(*snapshots, "snapshot")));
    match troubled + unread {
        0 => {}
        1 => say("  1 file is not there, or not whole"),
        more => say(&format!("  {more} files are not there, or not whole")),
    }
}

impl Tally {
    fn take(&mut self, made: &snapshot::Made, losses: &Losses, path: &Path) {
        self.snapshots += 1;
        let damaged = self.faults(&made.faults, path);
        self.troubled += u64::from(damaged || losses.differs());
        for line in losses.differences() {
            say(&format!("lost: {}: {line}", path.display()));
        }
        self.losses.add(losses);
    }

    /// Says what is wrong with a source, and counts what is nobody's; tells whether it is damaged.
    fn faults(&mut self, faults: &Faults, path: &Path) -> bool {
        let shown = path.display();
        let (mut told, mut rules) = (0, BTreeSet::new());
        for fault in &faults.kept {
            let what = format!("{shown}: {}", fault.told());
            if fault.class == Class::Foreign {
                let foreign = || Foreign { files: 0, bytes: 0, first: what.clone() };
                let foreign = self.foreign.entry(fault.rule.clone().into_owned()).or_insert_with(foreign);
                foreign.bytes += fault.unused_bytes();
                foreign.files += u64::from(rules.insert(fault.rule.clone()));
                continue;
            }
            told += 1;
            match fault.class {
                _ if told > FAULTS_TOLD => {}
                Class::Damage => say(&format!("damage: {what}")),
                // A column that no series can hold is converted as it is.
                _ => say(&format!("note: {what}")),
            }
        }
        let more = told.max(FAULTS_TOLD) - FAULTS_TOLD + faults.more.count();
        if more > 0 {
            say(&format!("damage: {shown}: {more} more: treering verify says more"));
        }
        faults.are_damage()
    }

    /// Whether anything of the source is not in the result.
    fn is_lossy(&self) -> bool {
        self.losses.any() || !self.foreign.is_empty() || self.troubled + self.unread > 0
    }

    fn outcome(&self, refused: bool) -> Option<Outcome> {
        match self {
            _ if refused || self.troubled > 0 => Some(Outcome::No),
            _ if self.unread > 0 => Some(Outcome::Unfinished),
            _ => None,
        }
    }
}
