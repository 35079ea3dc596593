//! Every file operation that persistence does, as a trait; the real file system is one implementation.

mod os;
mod path;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use os::OsStorage;
pub(crate) use path::{append_all, make_dirs, read_file, read_file_of, read_part, sync_dir, sync_file};

/// The files, directories and clocks that a store lives on.
///
/// Nothing here buffers or retries: a call is one operation of the medium, so that a simulated disk sees
/// every point at which a machine could stop. Paths are the root that the store was opened with, and below.
pub trait Storage: Send + Sync {
    /// Opens an existing regular file, without following a symbolic link and without blocking on a pipe.
    ///
    /// # Errors
    /// As the system reports it; `InvalidInput` if `path` is not a regular file.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>>;

    /// Creates a file that did not exist before, for appending.
    ///
    /// # Errors
    /// `AlreadyExists` if anything has that name.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>>;

    /// Gives a file another name in the same file system, in one step.
    ///
    /// # Errors
    /// `AlreadyExists` if `to` exists and `replace` is [`Replace::No`].
    fn rename(&self, from: &Path, to: &Path, replace: Replace) -> io::Result<()>;

    /// Removes a file's name.
    ///
    /// # Errors
    /// As the system reports it.
    fn unlink(&self, path: &Path) -> io::Result<()>;

    /// Lists a directory in no particular order, without following links.
    ///
    /// # Errors
    /// As the system reports it.
    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>>;

    /// Makes one directory; its parent must exist.
    ///
    /// # Errors
    /// `AlreadyExists` if anything has that name.
    fn make_dir(&self, dir: &Path) -> io::Result<()>;

    /// Makes the entries of a directory durable.
    ///
    /// # Errors
    /// As the system reports it. What was not durable before may be lost then.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Makes everything durable that was written to the file system that holds `dir`.
    ///
    /// # Errors
    /// `Unsupported` where this reports no write errors; else as the system reports it, once.
    fn sync_file_system(&self, dir: &Path) -> io::Result<()>;

    /// A number of the file system that holds `dir`: the same for two directories if one sync reaches both.
    ///
    /// # Errors
    /// As the system reports it.
    fn file_system(&self, dir: &Path) -> io::Result<u64>;

    /// Takes the exclusive lock of a root directory; it is released when the returned value is dropped.
    ///
    /// # Errors
    /// [`LockError::Held`] at once if somebody else has it.
    fn lock(&self, root: &Path) -> Result<Box<dyn Send + Sync>, LockError>;

    /// Raises the number of files that may be open as far as allowed; returns it.
    ///
    /// # Errors
    /// As the system reports it.
    fn raise_descriptor_limit(&self) -> io::Result<u64>;

    /// Unix time in seconds, by a clock that may jump.
    fn wall_s(&self) -> i64;

    /// Time since some fixed moment, by a clock that never jumps.
    fn monotonic(&self) -> Duration;
}

/// An open file. Appending and syncing from several threads is allowed; the store orders appends itself.
pub trait StorageFile: Send + Sync {
    /// Appends at the end; returns how many bytes were taken, which may be fewer than given.
    ///
    /// # Errors
    /// As the system reports it.
    fn append(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Reads at an offset; returns how many bytes came, 0 at the end.
    ///
    /// # Errors
    /// As the system reports it.
    fn read_at(&self, offset_bytes: u64, out: &mut [u8]) -> io::Result<usize>;

    /// Length in bytes.
    ///
    /// # Errors
    /// As the system reports it.
    fn len_bytes(&self) -> io::Result<u64>;

    /// The first offset from this one on at which something may have been written: all bytes before it are zero. A
    /// medium that does not know answers with the offset itself; beyond the end if nothing more was written.
    fn data_from(&self, offset_bytes: u64) -> u64 {
        offset_bytes
    }

    /// Cuts the file.
    ///
    /// # Errors
    /// As the system reports it.
    fn truncate(&self, len_bytes: u64) -> io::Result<()>;

    /// Makes content and length durable (not the directory entry).
    ///
    /// # Errors
    /// As the system reports it. The file must not be synced again then: the next call may lie.
    fn sync(&self) -> io::Result<()>;
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name, without its directory.
    pub name: OsString,
    /// What has that name.
    pub kind: EntryKind,
}

/// What a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, pipe, socket or device; never opened.
    Other,
}

/// Whether a rename may take the place of an existing file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// It may.
    Yes,
    /// It fails instead.
    No,
}

/// Why a root directory could not be locked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Somebody else works in the directory.
    #[error("in use by {}", .holder.as_deref().unwrap_or("another process"))]
    Held {
        /// Who, if the system tells.
        holder: Option<String>,
    },
    /// The directory was replaced by another one while it was being locked.
    #[error("the directory was replaced while it was being locked")]
    Replaced,
    /// The system refused.
    #[error("cannot be locked")]
    Io(#[from] io::Error),
}
