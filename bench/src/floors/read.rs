//! Opening files and reading them into memory that stays.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use super::Floor;
use crate::Result;
use crate::measure::{on_workers, timed};

/// What it is.
pub const FLOOR: Floor = Floor {
    what: "open and read the files into memory that was not used before",
    range: "20 GB/s into warm memory, 1 into new 4 KiB pages",
};

/// Reads each of the files into new memory, which is given back behind the measurement.
///
/// # Errors
/// As the system reports it.
pub fn run(files: &[(PathBuf, u64)], workers: usize) -> Result<Duration> {
    let mut held: Vec<Vec<Vec<u8>>> = vec![Vec::new(); workers];
    let took = timed(|| {
        on_workers(&mut held, files.len(), |held, index| {
            let (path, len_bytes) = &files[index];
            let mut bytes = Vec::with_capacity(usize::try_from(*len_bytes)?);
            let read = File::open(path)?.take(*len_bytes).read_to_end(&mut bytes)?;
            if read < bytes.len() {
                return Err(format!("{} has become shorter", path.display()).into());
            }
            held.push(bytes);
            Ok(())
        })
    })?;
    std::hint::black_box(&held);
    Ok(took)
}
