//! Results that appear under their name only when they are complete and on the disk, and never over another.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use treering_persist::{OsStorage, Replace, Storage, StorageFile};

use super::exit::{Failure, Outcome};
use super::file::Source;
use super::words::wide;

/// So much is copied at once.
const PIECE_BYTES: usize = 1 << 20;

/// A file or directory that is being made under a temporary name beside its own. Dropping it removes it.
pub(crate) struct Fresh {
    storage: OsStorage,
    path: PathBuf,
    temporary: PathBuf,
    is_dir: bool,
    /// Whether there is something to be removed.
    made: bool,
}

impl Fresh {
    /// Begins a file.
    pub(crate) fn file(path: &Path) -> Result<Fresh, Failure> {
        let fresh = Fresh::new(path, false)?;
        must_not_exist(path)?;
        Ok(fresh)
    }

    /// Begins a directory.
    pub(crate) fn dir(path: &Path) -> Result<Fresh, Failure> {
        let mut fresh = Fresh::new(path, true)?;
        must_not_exist(path)?;
        fresh.storage.make_dir(&fresh.temporary).map_err(|error| fresh.cannot("make", &error))?;
        fresh.made = true;
        Ok(fresh)
    }

    /// Where it is made.
    pub(crate) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Writes a file that was begun.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = write_new(&self.storage, &self.temporary, bytes);
        // What could not be made is somebody else's, and not to be removed.
        self.made = written.as_ref().err().is_none_or(|(made, _)| *made);
        written.map_err(|(_, error)| self.cannot("write", &error))
    }

    /// Gives it its name.
    pub(crate) fn keep(mut self) -> Result<(), Failure> {
        // A directory takes the place of an empty one that somebody has made meanwhile, and of nothing else. Not every
        // file system can do without.
        let replace = if self.is_dir { Replace::Yes } else { Replace::No };
        self.storage.rename(&self.temporary, &self.path, replace).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => exists(&self.path),
            _ => self.cannot("rename", &error),
        })?;
        self.made = false;
        let parent = parent(&self.path);
        self.storage.sync_dir(parent).map_err(|error| {
            Failure::new(Outcome::Unfinished, format!("cannot sync {}: {error}", parent.display()))
        })
    }

    fn new(path: &Path, is_dir: bool) -> Result<Fresh, Failure> {
        let Some(name) = path.file_name() else {
            return Err(Failure::new(Outcome::Usage, format!("{} has no name of its own", path.display()))
                .hint("give a name that is not taken yet"));
        };
        let mut temporary = OsString::from(name);
        temporary.push(".tmp");
        let temporary = path.with_file_name(temporary);
        if temporary.symlink_metadata().is_ok() {
            return Err(exists(&temporary).hint("if nobody is writing it, an earlier try left it: remove it"));
        }
        Ok(Fresh { storage: OsStorage::new(), path: path.to_owned(), temporary, is_dir, made: false })
    }

    fn cannot(&self, what: &str, error: &io::Error) -> Failure {
        Failure::new(Outcome::Unfinished, format!("cannot {what} {}: {error}", self.temporary.display()))
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if !self.made {
            return;
        }
        // Nobody waits for an answer: what cannot be removed is refused by the next try, which names it.
        let _ = match self.is_dir {
            true => fs::remove_dir_all(&self.temporary),
            false => fs::remove_file(&self.temporary),
        };
    }
}

/// Whether something could be made under this name.
pub(crate) fn must_not_exist(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => {
            let outcome = Outcome::of_path(&error);
            Err(Failure::new(outcome, format!("cannot make {}: {error}", path.display()))
                .hint("give a name that is not taken yet, in a directory that exists"))
        }
        Ok(_) => Err(exists(path)),
    }
}

/// Writes a file that was not there before, and syncs it. On failure tells whether it was made.
pub(crate) fn write_new(storage: &dyn Storage, path: &Path, bytes: &[u8]) -> Result<(), (bool, io::Error)> {
    let file = storage.create(path).map_err(|error| (false, error))?;
    append_all(&*file, bytes).and_then(|()| file.sync()).map_err(|error| (true, error))
}

/// Copies a file, as long as it was when it was opened, to one that was not there before, and syncs it.
pub(crate) fn copy_new(
    storage: &dyn Storage,
    source: &Source,
    from: &Path,
    to: &Path,
) -> Result<(), Failure> {
    let cannot = |what: &str, path: &Path, error: io::Error| {
        Failure::new(Outcome::Unfinished, format!("cannot {what} {}: {error}", path.display()))
    };
    let file = storage.create(to).map_err(|error| cannot("write", to, error))?;
    let (mut at, mut piece) = (0, Vec::new());
    loop {
        let data_at = source.data_from(at);
        if data_at > at {
            at = data_at;
            // Zeros that were never written take no room here either.
            file.truncate(at).map_err(|error| cannot("write", to, error))?;
        }
        piece.clear();
        source.append_to(at, PIECE_BYTES, &mut piece).map_err(|error| cannot("read", from, error))?;
        if piece.is_empty() {
            return file.sync().map_err(|error| cannot("sync", to, error));
        }
        at += wide(piece.len());
        append_all(&*file, &piece).map_err(|error| cannot("write", to, error))?;
    }
}

fn append_all(file: &dyn StorageFile, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match file.append(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn exists(path: &Path) -> Failure {
    Failure::new(Outcome::Refused, format!("{} exists, and nothing is overwritten", path.display()))
        .hint("give a name that is not taken yet")
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
