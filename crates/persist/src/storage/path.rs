//! Small operations made of several storage operations, in the order that durability asks for.

use std::io;
use std::path::Path;

use super::{Storage, StorageFile};
use crate::planted::planted;

/// How often in a row a call may be interrupted before that counts as a failure: signals come one at a time.
const INTERRUPTIONS_MAX: u32 = 100;

/// Appends all of `bytes`; on failure says how many were taken.
pub(crate) fn append_all(file: &dyn StorageFile, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut taken = 0;
    let mut interruptions = 0;
    while taken < bytes.len() {
        match file.append(&bytes[taken..]) {
            Ok(0) => return Err((taken, io::ErrorKind::WriteZero.into())),
            Ok(_) if planted("short-write-is-whole") => break,
            Ok(count) => taken += count,
            Err(error) if may_try_again(&error, &mut interruptions) => {}
            Err(error) => return Err((taken, error)),
        }
    }
    Ok(())
}

/// Makes a file's content durable.
pub(crate) fn sync_file(file: &dyn StorageFile) -> io::Result<()> {
    if planted("no-file-sync") {
        return Ok(());
    }
    match file.sync() {
        Err(_) if planted("sync-retried") => file.sync(),
        synced => synced,
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(storage: &dyn Storage, dir: &Path) -> io::Result<()> {
    if planted("no-directory-sync") { Ok(()) } else { storage.sync_dir(dir) }
}

/// Reads the whole of a file as long as it is now into `out`, whose capacity is reused.
///
/// A file that grows meanwhile is read to the length that it had; one that shrinks, to where it ends.
pub(crate) fn read_file(file: &dyn StorageFile, out: &mut Vec<u8>, max_bytes: u64) -> io::Result<()> {
    read_file_of(file, file.len_bytes()?, out, max_bytes)
}

/// The same for a file whose length is known.
pub(crate) fn read_file_of(
    file: &dyn StorageFile,
    len_bytes: u64,
    out: &mut Vec<u8>,
    max_bytes: u64,
) -> io::Result<()> {
    out.clear();
    if len_bytes > max_bytes {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("{len_bytes} bytes are more than the limit of {max_bytes}"),
        ));
    }
    let len = usize::try_from(len_bytes).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    read_part(file, 0, len, out).map(drop)
}

/// Reads so many bytes from an offset on, or up to the end of the file, behind what `out` holds; returns how many came.
pub(crate) fn read_part(
    file: &dyn StorageFile,
    offset_bytes: u64,
    len: usize,
    out: &mut Vec<u8>,
) -> io::Result<usize> {
    let begin = out.len();
    out.try_reserve_exact(len).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    out.resize(begin + len, 0);
    let mut filled = 0;
    let mut interruptions = 0;
    while filled < len {
        let filled_bytes = u64::try_from(filled).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        match file.read_at(offset_bytes.saturating_add(filled_bytes), &mut out[begin + filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if may_try_again(&error, &mut interruptions) => {}
            Err(error) => return Err(error),
        }
    }
    out.truncate(begin + filled);
    Ok(filled)
}

/// Makes a directory and those above it that are missing, and makes the new entries durable.
pub(crate) fn make_dirs(storage: &dyn Storage, dir: &Path) -> io::Result<()> {
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    match storage.make_dir(dir) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let Some(parent) = parent else { return Err(error) };
            make_dirs(storage, parent)?;
            match storage.make_dir(dir) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Err(error) => return Err(error),
    }
    sync_dir(storage, parent.unwrap_or(Path::new(".")))
}

fn may_try_again(error: &io::Error, interruptions: &mut u32) -> bool {
    *interruptions += 1;
    error.kind() == io::ErrorKind::Interrupted && *interruptions < INTERRUPTIONS_MAX
}
