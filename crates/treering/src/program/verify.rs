//! `treering verify`: is what lies on disk sound, and if not, what is lost and what is to be done?

mod chain;
mod entries;
mod finding;
mod host;
mod show;
mod snapshot;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use treering_persist::OsStorage;
use treering_snapshot::Format;

use super::cli::VerifyArgs;
use super::exit::{Failure, Outcome};
use super::words::shown;
use super::{place, say, settings};

use finding::{Finding, Findings, Tally};
use host::{Amount, Checker};
use show::Form;

/// What a path was found to be.
enum Target {
    Directory(PathBuf),
    /// A file, and the index of its format; none for a log.
    File(PathBuf, Option<usize>),
}

/// Everything that was found, printed as it comes.
struct Report<W> {
    out: W,
    form: Form,
    tally: Tally,
    amount: Amount,
}

/// Checks the paths and prints what it finds; the outcome is the verdict.
pub(crate) fn verify(args: &VerifyArgs) -> Result<Outcome, Failure> {
    let (storage, formats) = (OsStorage::new(), settings::formats());
    let default = [PathBuf::from(treering::config::DIRECTORY)];
    let paths = if args.paths.is_empty() { &default } else { args.paths.as_slice() };
    // A path that is mistyped is told before hours are spent on the others.
    let targets: Vec<Target> = paths.iter().map(|path| target(path, &formats)).collect::<Result<_, _>>()?;
    let form = match (args.json, args.quiet) {
        (true, _) => Form::Json,
        (_, true) => Form::Silent,
        _ => Form::Text,
    };
    let out = BufWriter::new(io::stdout().lock());
    let mut report = Report { out, form, tally: Tally::default(), amount: Amount::default() };
    let mut checker = Checker::new(&storage, &formats);
    let printed = targets
        .iter()
        .try_for_each(|target| match target {
            Target::File(path, format) => {
                let (findings, amount) = checker.file(path, *format);
                report.add(findings, amount)
            }
            Target::Directory(path) => directory(path, &storage, &formats, &mut checker, &mut report),
        })
        .and_then(|()| show::summary(&mut report.out, form, report.tally, report.amount))
        .and_then(|()| report.out.flush());
    match printed {
        // Whoever reads the output has enough of it. The verdict is about what was checked until then.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(Failure::new(Outcome::Unfinished, format!("cannot write the output: {error}")));
        }
        _ => {}
    }
    Ok(report.outcome())
}

fn target(path: &Path, formats: &[Box<dyn Format>]) -> Result<Target, Failure> {
    let failed = |outcome, what: String| {
        Err(Failure::new(outcome, what).hint("give snapshots, logs, hosts' directories or stores"))
    };
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => return Ok(Target::Directory(path.to_owned())),
        Ok(_) => {}
        Err(error) => {
            let outcome = Outcome::of_path(&error);
            return failed(outcome, format!("cannot read {}: {error}", shown(path)));
        }
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let format = formats.iter().position(|format| format.extension() == extension);
    if format.is_none() && extension != "wal" {
        let what =
            format!("{} is neither a snapshot that this version reads nor a log, by its name", shown(path));
        return failed(Outcome::Usage, what);
    }
    Ok(Target::File(path.to_owned(), format))
}

fn directory<W: Write>(
    path: &Path,
    storage: &OsStorage,
    formats: &[Box<dyn Format>],
    checker: &mut Checker<'_>,
    report: &mut Report<W>,
) -> io::Result<()> {
    let mut findings = Findings::default();
    let found = match place::find(storage, path, formats) {
        Ok(found) => found,
        Err(error) => {
            findings.about(path);
            findings.add(Finding::unread(&error));
            return report.add(findings, Amount::default());
        }
    };
    for stray in &found.strays {
        entries::of_stray(stray, &mut findings);
    }
    report.add(findings, Amount::default())?;
    for host in &found.hosts {
        let (findings, amount) = checker.host(host);
        report.add(findings, amount)?;
    }
    Ok(())
}

impl<W: Write> Report<W> {
    fn add(&mut self, findings: Findings, amount: Amount) -> io::Result<()> {
        let (all, tally) = findings.finish();
        self.tally.add(tally);
        self.amount.add(amount);
        show::findings(&mut self.out, self.form, &all)
    }

    fn outcome(&self) -> Outcome {
        match self.tally {
            Tally { damage: 1.., .. } => Outcome::No,
            Tally { unread: 1.., .. } => Outcome::Unfinished,
            _ if self.amount.is_nothing() => {
                if self.form != Form::Silent {
                    say("there is nothing here to verify");
                }
                Outcome::No
            }
            _ => Outcome::Done,
        }
    }
}
