//! Reading logs, the checksum of every record, and a bare append of its value.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::Floor;
use crate::Result;
use crate::measure::{on_workers, timed};
use crate::workload::SERIES;

/// What it is.
pub const FLOOR: Floor =
    Floor { what: "read, the checksum of every record, and a bare append", range: "10-12 ns a record" };

const FILE_HEADER_BYTES: usize = 4;
/// Magic and length of the payload.
const FRAME_HEADER_BYTES: usize = 8;
const CHECKSUM_BYTES: usize = 4;
/// The value is the last thing in a payload.
const VALUE_BYTES: usize = 4;

/// Reads each of the logs. Which vector a value goes to is known without a look at the record: that of the next series.
///
/// # Errors
/// As the system reports it, or if a checksum is wrong.
pub fn run(logs: &[(PathBuf, u64)], workers: usize, samples: usize) -> Result<Duration> {
    // The vectors stay, as the store's memory does; the buffer is used again.
    let mut states: Vec<(Vec<u8>, Vec<Vec<f32>>)> = vec![<_>::default(); workers];
    let took = timed(|| {
        on_workers(&mut states, logs.len(), |(bytes, held), index| {
            let (path, _) = &logs[index];
            bytes.clear();
            std::io::Read::read_to_end(&mut fs::File::open(path)?, bytes)?;
            let mut vectors: Vec<Vec<f32>> = (0..SERIES).map(|_| Vec::with_capacity(samples)).collect();
            let (mut rest, mut next) = (&bytes[FILE_HEADER_BYTES..], 0);
            while let Some(([_, _, _, _, len @ ..], _)) = rest.split_first_chunk::<FRAME_HEADER_BYTES>() {
                let len = usize::try_from(u32::from_le_bytes(*len))?;
                let (frame, behind) = rest.split_at(FRAME_HEADER_BYTES + len + CHECKSUM_BYTES);
                let (payload, checksum) = frame[FRAME_HEADER_BYTES..].split_at(len);
                if crc32fast::hash(payload).to_le_bytes() != checksum {
                    return Err(format!("{} is damaged", path.display()).into());
                }
                if let Some(value) = payload.last_chunk::<VALUE_BYTES>() {
                    vectors[next].push(f32::from_le_bytes(*value));
                }
                next = if next + 1 == SERIES { 0 } else { next + 1 };
                rest = behind;
            }
            held.append(&mut vectors);
            Ok(())
        })
    })?;
    std::hint::black_box(&states);
    Ok(took)
}
