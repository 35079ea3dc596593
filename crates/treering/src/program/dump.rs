//! `treering dump`: what a snapshot, a log or a whole store holds.

mod json;
mod log;
mod series;
mod snapshot;
mod store;
mod summary;
mod text;

use std::io::{self, BufWriter, Write};
use std::path::Path;

use treering_persist::OsStorage;

use super::cli::{DumpArgs, Format};
use super::exit::{Failure, Outcome};
use super::file::Source;
use super::settings;

/// Prints the file or directory; the outcome says whether it is sound.
pub(crate) fn dump(args: &DumpArgs) -> Result<Outcome, Failure> {
    let metadata = std::fs::metadata(&args.path).map_err(|error| {
        Failure::new(Outcome::of_path(&error), format!("cannot read {}: {error}", args.path.display()))
            .hint("give a snapshot, a log, or the directory of a store")
    })?;
    let form = if args.json { Format::Json } else { args.format };
    let mut out = BufWriter::with_capacity(1 << 18, io::stdout().lock());
    let printed =
        if metadata.is_dir() { store::dump(args, form, &mut out) } else { file(&args.path, form, &mut out) };
    let outcome = printed.and_then(|outcome| out.flush().map(|()| outcome).map_err(Problem::Out));
    match outcome {
        Ok(outcome) => Ok(outcome),
        // Whoever reads the output has enough of it, as `head` does.
        Err(Problem::Out(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Outcome::Done),
        Err(Problem::Out(error)) => {
            Err(Failure::new(Outcome::Unfinished, format!("cannot write the output: {error}")))
        }
        Err(Problem::In(failure)) => Err(failure),
    }
}

/// A snapshot or a log: by the extension, by the content where there is none that is known.
fn file(path: &Path, form: Format, out: &mut impl Write) -> Result<Outcome, Problem> {
    let source = Source::open(&OsStorage::new(), path).map_err(|error| cannot_read(path, &error))?;
    let mut begin = Vec::new();
    source.append_to(0, 64, &mut begin).map_err(|error| cannot_read(path, &error))?;
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let format = |wanted: &str| settings::formats().into_iter().find(|format| format.extension() == wanted);
    let by_content = match begin.trim_ascii_start().first() {
        _ if extension == "wal" || begin.starts_with(&treering_wal::FILE_MAGIC.to_le_bytes()) => {
            return match format(extension) {
                Some(format) => snapshot::dump(path, &source, &*format, form, out),
                None => log::dump(path, &source, form, out),
            };
        }
        _ if begin.starts_with(&treering_format_bin::FILE_MAGIC.to_le_bytes()) => "bin",
        Some(b'{') => "json",
        _ => "",
    };
    let format = format(extension).or_else(|| format(by_content)).ok_or_else(|| {
        Failure::new(Outcome::Usage, format!("{} is neither a snapshot nor a log", path.display()))
            .hint("name it *.bin, *.json or *.wal to have it looked at all the same")
    })?;
    snapshot::dump(path, &source, &*format, form, out)
}

fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Outcome::Unfinished, format!("cannot read {}: {error}", path.display()))
}

/// What keeps a dump from its end.
enum Problem {
    /// The output takes no more.
    Out(io::Error),
    /// The input cannot be read.
    In(Failure),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Problem {
        Problem::Out(error)
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        Problem::In(failure)
    }
}
