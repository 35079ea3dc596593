//! An open file of one life.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use treering_persist::StorageFile;

use super::fault::{Effect, Errno, Operation};
use super::image::InodeId;
use super::{Shared, State};

/// The error number of a descriptor that was not opened for what is asked of it.
const EBADF: i32 = 9;

/// A descriptor: it stays on its inode, whatever name that has or loses.
pub(super) struct SimFile {
    shared: Arc<Shared>,
    file: InodeId,
    appends: bool,
    /// The losses of content that this descriptor has told of, or that happened before it was opened.
    losses_told: AtomicU64,
}

impl SimFile {
    pub(super) fn read_only(shared: Arc<Shared>, file: InodeId, losses: u64) -> SimFile {
        SimFile { shared, file, appends: false, losses_told: AtomicU64::new(losses) }
    }

    pub(super) fn appending(shared: Arc<Shared>, file: InodeId) -> SimFile {
        SimFile { shared, file, appends: true, losses_told: AtomicU64::new(0) }
    }

    fn path(&self, state: &State) -> String {
        state.image.path_of(self.file).to_owned()
    }
}

impl StorageFile for SimFile {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        let what = |state: &State| format!("{} {}", self.path(state), bytes.len());
        self.shared.operate(Operation::Append, what, |state, effect, what| {
            if !self.appends {
                return Err(io::Error::from_raw_os_error(EBADF));
            }
            let room = usize::try_from(state.bytes_left()).unwrap_or(usize::MAX);
            if room == 0 && !bytes.is_empty() {
                return Err(Errno::Enospc.error());
            }
            let taken = taken(effect, bytes.len()).min(room);
            state.image.append(self.file, &bytes[..taken]);
            note_short(what, taken, bytes.len());
            Ok(taken)
        })
    }

    fn read_at(&self, offset_bytes: u64, out: &mut [u8]) -> io::Result<usize> {
        let wanted = out.len();
        let what = |state: &State| format!("{} {wanted} at {offset_bytes}", self.path(state));
        self.shared.operate(Operation::ReadAt, what, |state, effect, what| {
            let bytes = state.image.bytes(self.file)?;
            let from = usize::try_from(offset_bytes).unwrap_or(usize::MAX).min(bytes.len());
            let there = (bytes.len() - from).min(wanted);
            let taken = taken(effect, there);
            out[..taken].copy_from_slice(&bytes[from..from + taken]);
            note_short(what, taken, wanted);
            Ok(taken)
        })
    }

    fn len_bytes(&self) -> io::Result<u64> {
        self.shared.operate(
            Operation::LenBytes,
            |state| self.path(state),
            |state, _, _| Ok(u64::try_from(state.image.bytes(self.file)?.len()).unwrap_or(u64::MAX)),
        )
    }

    fn truncate(&self, len_bytes: u64) -> io::Result<()> {
        let what = |state: &State| format!("{} {len_bytes}", self.path(state));
        self.shared.operate(Operation::Truncate, what, |state, _, _| {
            if !self.appends {
                return Err(ErrorKind::InvalidInput.into());
            }
            let len = usize::try_from(len_bytes).map_err(|_| io::Error::from(ErrorKind::FileTooLarge))?;
            state.image.truncate(self.file, len);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.shared.operate(
            Operation::Sync,
            |state| self.path(state),
            |state, effect, _| {
                let dropped = matches!(effect, Effect::SyncDrops);
                match dropped {
                    true => state.image.drop_file(self.file),
                    false => state.image.sync_file(self.file),
                }
                let losses = state.image.losses(self.file);
                match dropped || losses > self.losses_told.swap(losses, Ordering::Relaxed) {
                    true => {
                        self.losses_told.store(losses, Ordering::Relaxed);
                        Err(Errno::Eio.error())
                    }
                    false => Ok(()),
                }
            },
        )
    }
}

fn taken(effect: Effect, len: usize) -> usize {
    match effect {
        Effect::Short(short) => short.of(len),
        _ => len,
    }
}

fn note_short(what: &mut String, taken: usize, asked: usize) {
    if taken < asked {
        what.push_str(&format!(", took {taken}"));
    }
}
