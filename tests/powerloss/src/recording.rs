//! One run on a real file system: the disk before it, every request to the disk, and what the store did when.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use treering_persist::Storage;
use treering_tests::{Oracle, SimDisk};

use crate::block_log::{Request, decode, encode};
use crate::case::Case;
use crate::error::Failure;
use crate::file_system::FileSystem;
use crate::image::Image;
use crate::mounted_disk::{Kernel, MountedDisk, Operation};
use crate::server::ServedDisk;

const BASE_FILE: &str = "before.img";
const REQUESTS_FILE: &str = "requests";
const OPERATIONS_FILE: &str = "operations.tsv";

/// A run that can be cut at any of its requests.
pub(crate) struct Recording {
    pub(crate) base: Image,
    pub(crate) requests: Vec<Request>,
    pub(crate) operations: Vec<Operation>,
}

impl Recording {
    /// Runs a case on a file system that lies on a logged disk.
    pub(crate) fn make(
        case: &Case,
        file_system: FileSystem,
        base: &Image,
        kernel: Kernel,
        work: &Path,
    ) -> Result<Recording, Failure> {
        let mount_point = work.join("recorded");
        fs::create_dir_all(&mount_point).map_err(Failure::io("cannot make a mount point"))?;
        let served = Arc::new(ServedDisk::start(base, work)?);
        let mounted = file_system.mount(&served.file(), &mount_point)?;
        let disk = MountedDisk::recorded(&mount_point, SimDisk::new().wall_s(), kernel, &served);
        case.workload.run(&disk, &mut Oracle::new()).map_err(Failure::Run)?;
        let operations = disk.operations();
        drop(disk);
        mounted.unmount()?;
        let requests = Arc::into_inner(served).ok_or(Failure::Server)?.end()?;
        if !requests.contains(&Request::Flush) {
            return Err(Failure::NoFlush);
        }
        Ok(Recording { base: base.clone(), requests, operations })
    }

    /// How much was asked of the disk.
    pub(crate) fn describe(&self) -> String {
        let flushes = self.requests.iter().filter(|request| **request == Request::Flush).count();
        format!("{} writes and {flushes} flushes of the file system", self.requests.len() - flushes)
    }

    /// Writes it into a directory.
    pub(crate) fn save(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        self.base.save(&dir.join(BASE_FILE))?;
        fs::write(dir.join(REQUESTS_FILE), encode(&self.requests))?;
        let lines =
            self.operations.iter().map(|done| format!("{}\t{}\t{}\n", done.begin, done.end, done.what));
        fs::write(dir.join(OPERATIONS_FILE), lines.collect::<String>())
    }

    /// Reads what [`Recording::save`] wrote.
    pub(crate) fn load(dir: &Path) -> Result<Recording, Failure> {
        let no_recording =
            |what: &str| Failure::Recording { path: dir.display().to_string(), what: what.to_owned() };
        let read = |error: io::Error| no_recording(&error.to_string());
        let bytes = fs::read(dir.join(REQUESTS_FILE)).map_err(read)?;
        let text = fs::read_to_string(dir.join(OPERATIONS_FILE)).map_err(read)?;
        let operations: Option<Vec<_>> = text.lines().map(operation).collect();
        Ok(Recording {
            base: Image::load(&dir.join(BASE_FILE)).map_err(read)?,
            requests: decode(&bytes).ok_or_else(|| no_recording(REQUESTS_FILE))?,
            operations: operations.ok_or_else(|| no_recording(OPERATIONS_FILE))?,
        })
    }
}

fn operation(line: &str) -> Option<Operation> {
    let mut cells = line.splitn(3, '\t');
    let (begin, end) = (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
    Some(Operation { what: cells.next()?.to_owned(), begin, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_recording_is_loaded_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let requests =
            vec![Request::Write { offset: 512, bytes: vec![7; 600].into() }, Request::Flush, Request::Flush];
        let operations = vec![Operation { what: "rename /a -> /b".to_owned(), begin: 1, end: 3 }];
        let recording =
            Recording { base: Image::new(8192), requests: requests.clone(), operations: operations.clone() };
        recording.save(dir.path()).unwrap();
        let loaded = Recording::load(dir.path()).unwrap();
        assert_eq!((loaded.requests, loaded.operations), (requests, operations));
        assert_eq!(loaded.base.len_bytes(), 8192);
        let bytes = fs::read(dir.path().join(REQUESTS_FILE)).unwrap();
        fs::write(dir.path().join(REQUESTS_FILE), &bytes[..bytes.len() - 1]).unwrap();
        assert!(matches!(Recording::load(dir.path()), Err(Failure::Recording { .. })));
    }
}
