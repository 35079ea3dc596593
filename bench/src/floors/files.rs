//! Creating, writing and renaming files of the same bytes.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Floor;
use crate::Result;
use crate::measure::{on_workers, timed};

/// What it is without syncs.
pub const FLOOR: Floor =
    Floor { what: "create, write and rename files of the same bytes", range: "3-4 GB/s, new files 0.2-1.7" };

/// What it is with them.
pub const DURABLE: Floor = Floor {
    what: "write all, sync the file system, rename all, sync the file system",
    range: "as fast as the disk",
};

/// Writes a file for each of the contents into a directory of its own below `dir`, which is made before and emptied
/// behind. `durable` syncs the file system twice.
///
/// # Errors
/// As the system reports it.
pub fn run(dir: &Path, contents: &[Vec<u8>], workers: usize, durable: bool) -> Result<Duration> {
    let dirs: Vec<PathBuf> = (0..contents.len()).map(|number| dir.join(number.to_string())).collect();
    for dir in &dirs {
        fs::create_dir_all(dir)?;
    }
    let root = File::open(dir)?;
    let sync = || Ok::<(), crate::Error>(rustix::fs::syncfs(&root)?);
    sync()?;
    let rename = |dir: &Path| fs::rename(dir.join("file.tmp"), dir.join("file"));
    let mut threads = vec![(); workers];
    let took = timed(|| {
        on_workers(&mut threads, contents.len(), |(), index| {
            let mut file =
                File::options().append(true).create_new(true).open(dirs[index].join("file.tmp"))?;
            file.write_all(&contents[index])?;
            if !durable {
                rename(&dirs[index])?;
            }
            Ok(())
        })?;
        if durable {
            sync()?;
            for dir in &dirs {
                rename(dir)?;
            }
            sync()?;
        }
        Ok(())
    })?;
    for dir in &dirs {
        fs::remove_dir_all(dir)?;
    }
    Ok(took)
}
