//! What something new is made from: it must hold still, and lie apart from the result.

use std::path::{Path, PathBuf};

use treering_persist::{LockError, OsStorage, Storage};

use super::exit::{Failure, Outcome};
use super::say;

/// Keeps a store from being used while this is held.
pub(crate) struct Held {
    _lock: Option<Box<dyn Send + Sync>>,
}

/// Takes the lock of the store in `root`. Where the file system knows no locks, it says so and goes on.
pub(crate) fn hold(root: &Path) -> Result<Held, Failure> {
    match OsStorage::new().lock(root) {
        Ok(lock) => Ok(Held { _lock: Some(lock) }),
        Err(error @ LockError::Held { .. }) => {
            Err(Failure::new(Outcome::Refused, format!("{} is {error}", root.display()))
                .hint("stop that process first: it changes the files while they are read"))
        }
        Err(error) => {
            let why = super::exit::chain(&error);
            say(&format!("warning: {}: {why}; make sure that nobody uses it meanwhile", root.display()));
            Ok(Held { _lock: None })
        }
    }
}

/// Refuses a result that would lie in what it is made from, or the other way round.
pub(crate) fn must_be_apart(from: &Path, result: &Path) -> Result<(), Failure> {
    let Ok(from_whole) = from.canonicalize() else { return Ok(()) };
    let Some(result_whole) = whole(result) else { return Ok(()) };
    if from_whole.starts_with(&result_whole) || result_whole.starts_with(&from_whole) {
        let what = format!("{} and {} lie one in the other", from.display(), result.display());
        return Err(Failure::new(Outcome::Usage, what).hint("give a name outside"));
    }
    Ok(())
}

/// The path that a file or directory has, or would have if it were made.
fn whole(path: &Path) -> Option<PathBuf> {
    if let Ok(whole) = path.canonicalize() {
        return Some(whole);
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(parent.canonicalize().ok()?.join(path.file_name()?))
}
