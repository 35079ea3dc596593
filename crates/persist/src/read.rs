//! Files of a store, read as far as anything in them can matter: a sparse file of gigabytes costs neither memory nor
//! time because of its name.

use std::io;
use std::path::Path;

use treering_snapshot::{Counts, DecodeError, Format, Limits, Scratch};

use crate::storage::{StorageFile, read_file_of, read_part};

/// A snapshot longer than this is looked at from both ends before it is read.
const PROBED_BYTES_MIN: u64 = 1 << 20;
/// So much of each end.
const PROBE_BYTES: usize = 4096;
/// Logs are read in pieces of this length.
const PIECE_BYTES: usize = 1 << 20;
/// More zeros than the longest record can end in.
const ZEROS_KEPT: usize = 2 << 20;

/// Reads a snapshot into `out`, whose capacity is used again.
///
/// Of a long file that neither begins nor ends as the format does only the two ends are read: its decoder says of them
/// what it would say of the whole.
///
/// # Errors
/// `FileTooLarge` for more than `max_bytes`, or more than the format reads at all; `OutOfMemory`; else as the system
/// reports it.
pub fn read_snapshot(
    file: &dyn StorageFile,
    format: &dyn Format,
    out: &mut Vec<u8>,
    max_bytes: u64,
) -> io::Result<()> {
    let len = file.len_bytes()?;
    if len > PROBED_BYTES_MIN {
        out.clear();
        read_part(file, 0, PROBE_BYTES, out)?;
        let end = len.saturating_sub(u64::try_from(PROBE_BYTES).unwrap_or(u64::MAX));
        read_part(file, end, PROBE_BYTES, out)?;
        if is_refused_at_once(format, &mut out.clone()) {
            return Ok(());
        }
    }
    read_file_of(file, len, out, readable_bytes_max(format, max_bytes))
}

/// The longest file of a format that [`read_snapshot`] reads, of up to `max_bytes`.
pub(crate) fn readable_bytes_max(format: &dyn Format, max_bytes: u64) -> u64 {
    max_bytes.min(format.len_bytes_max(&Limits::default()))
}

/// Reads a log into `out`, whose capacity is used again. Zeros at its end are left out but for more than a record can
/// end in, so that the records are the same, and so is how the log ends.
///
/// # Errors
/// `OutOfMemory`; else as the system reports it.
pub fn read_log(file: &dyn StorageFile, out: &mut Vec<u8>) -> io::Result<()> {
    out.clear();
    let len = file.len_bytes()?;
    let mut at = 0_u64;
    let mut zeros = 0_usize;
    while at < len {
        let data_at = file.data_from(at).min(len);
        if data_at > at {
            zeros = zeros.saturating_add(usize::try_from(data_at - at).unwrap_or(usize::MAX));
            at = data_at;
            continue;
        }
        let begin = out.len();
        let wanted = usize::try_from(len - at).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        let count = read_part(file, at, wanted, out)?;
        if count == 0 {
            break;
        }
        at += u64::try_from(count).unwrap_or(u64::MAX);
        if only_zeros(&out[begin..]) {
            zeros += count;
            out.truncate(begin);
        } else if zeros > 0 {
            // They are not the end after all.
            let piece = out.split_off(begin);
            append_zeros(out, std::mem::take(&mut zeros))?;
            out.try_reserve(piece.len()).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
            out.extend_from_slice(&piece);
        }
    }
    append_zeros(out, zeros.min(ZEROS_KEPT))
}

/// Reads a file of a host's directory, by its name.
pub(crate) fn read_by_name(
    file: &dyn StorageFile,
    path: &Path,
    formats: &[Box<dyn Format>],
    out: &mut Vec<u8>,
    max_bytes: u64,
) -> io::Result<()> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match formats.iter().find(|format| format.extension() == extension) {
        Some(format) => read_snapshot(file, &**format, out, max_bytes),
        // A log is read whatever its size: nothing of it is elsewhere.
        None => read_log(file, out),
    }
}

/// In pieces without a way out within them, which is many times faster.
fn only_zeros(bytes: &[u8]) -> bool {
    bytes.chunks(4096).all(|piece| piece.iter().fold(0, |all, byte| all | byte) == 0)
}

fn append_zeros(out: &mut Vec<u8>, count: usize) -> io::Result<()> {
    out.try_reserve(count).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    out.resize(out.len() + count, 0);
    Ok(())
}

/// Whether the first bytes are not the format's, and the last ones do not make up for them.
fn is_refused_at_once(format: &dyn Format, ends: &mut [u8]) -> bool {
    let mut damaged = false;
    let sink = &mut Counts::default();
    let report = &mut |_| damaged = true;
    let decoded = format.decode(ends, &mut Scratch::new(), &Limits::default(), sink, report);
    let at_once = matches!(
        decoded.end,
        Err(DecodeError::Magic { offset: 0, .. } | DecodeError::Malformed { offset: 0, .. })
    );
    at_once && !damaged && decoded.meta.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes(Vec<u8>);

    impl StorageFile for Bytes {
        fn append(&self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn read_at(&self, offset_bytes: u64, out: &mut [u8]) -> io::Result<usize> {
            let from = usize::try_from(offset_bytes).unwrap().min(self.0.len());
            let count = out.len().min(self.0.len() - from);
            out[..count].copy_from_slice(&self.0[from..from + count]);
            Ok(count)
        }

        fn len_bytes(&self) -> io::Result<u64> {
            Ok(u64::try_from(self.0.len()).unwrap())
        }

        fn truncate(&self, _: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn sync(&self) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    fn read(bytes: Vec<u8>) -> Vec<u8> {
        let mut out = vec![7; 9];
        read_log(&Bytes(bytes), &mut out).unwrap();
        out
    }

    #[test]
    fn zeros_within_a_log_are_kept_and_those_at_its_end_up_to_a_limit() {
        for zeros in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 5] {
            let within = [&b"begin"[..], &vec![0; zeros], b"end"].concat();
            assert!(read(within.clone()) == within, "{zeros}");
            let at_end = [&b"begin"[..], &vec![0; zeros]].concat();
            let read = read(at_end.clone());
            assert!(read == at_end[..read.len()] && read.len() >= at_end.len().min(ZEROS_KEPT), "{zeros}");
        }
        let long = [&b"begin"[..], &vec![0; 8 << 20]].concat();
        assert!(read(long).len() <= ZEROS_KEPT + PIECE_BYTES);
        assert_eq!(read(vec![0; 8 << 20]).len(), ZEROS_KEPT);
        assert_eq!(read(Vec::new()), []);
    }
}
