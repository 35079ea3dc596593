//! `treering dump`: what a snapshot, a log or a whole store holds.

mod file;
mod store;
mod text;

use std::io::{self, BufWriter, Write};

use super::cli::DumpArgs;
use super::exit::{Failure, Outcome};

/// Prints the file or directory; the outcome says whether it is sound.
pub(crate) fn dump(args: &DumpArgs) -> Result<Outcome, Failure> {
    let metadata = std::fs::metadata(&args.path).map_err(|error| {
        let missing = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
        let outcome = if missing { Outcome::Usage } else { Outcome::Unfinished };
        Failure::new(outcome, format!("cannot read {}: {error}", args.path.display()))
            .hint("give a snapshot, a log, or the directory of a store")
    })?;
    let mut out = BufWriter::with_capacity(1 << 18, io::stdout().lock());
    let printed = if metadata.is_dir() { store::dump(args, &mut out) } else { file::dump(args, &mut out) };
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
