//! Copying a log's records, and writing them.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::Floor;
use crate::Result;
use crate::measure::timed;

/// What it is.
pub const FLOOR: Floor = Floor {
    what: "copying the records of a batch into a warm buffer, and one write for it",
    range: "0.7 GB/s at 4 KiB a write, 3-4 at 64 KiB",
};

/// Appends the same records to a log for each host, batch by batch in the order in which they came. `logs` are what the
/// store has written for each host, and `batches` the ends of each batch in them.
///
/// # Errors
/// As the system reports it.
pub fn run(dir: &Path, logs: &[Vec<u8>], batches: &[Vec<usize>]) -> Result<Duration> {
    fs::create_dir_all(dir)?;
    let path = |number: usize| dir.join(format!("{number}.wal"));
    let create = |number| File::options().append(true).create_new(true).open(path(number));
    let mut files = (0..logs.len()).map(create).collect::<std::io::Result<Vec<_>>>()?;
    let mut buffer = vec![1_u8; logs.iter().map(Vec::len).max().unwrap_or(0)];
    let rows = batches.iter().map(Vec::len).max().unwrap_or(0);
    let took = timed(|| {
        for row in 0..rows {
            for (number, file) in files.iter_mut().enumerate() {
                let ends = &batches[number];
                let begin = if row == 0 { 0 } else { ends[row - 1] };
                let records = &logs[number][begin..ends[row]];
                let copy = &mut buffer[..records.len()];
                copy.copy_from_slice(records);
                file.write_all(copy)?;
            }
        }
        Ok(())
    })?;
    for number in 0..logs.len() {
        fs::remove_file(path(number))?;
    }
    Ok(took)
}
