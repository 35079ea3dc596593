//! The rules of the simulated disk: if it forgave what a real one does not, no other test here would mean
//! anything.

mod faults;
mod life;
mod medium;
mod power;

use std::path::Path;
use std::sync::Arc;

use treering_persist::{Replace, Storage, StorageFile};
use treering_tests::{PowerCut, SimDisk};

/// A file of these bytes, written and not synced.
fn write(disk: &SimDisk, path: &str, bytes: &[u8]) -> Arc<dyn StorageFile> {
    let file = disk.create(Path::new(path)).unwrap();
    assert_eq!(file.append(bytes).unwrap(), bytes.len());
    file
}

fn rename(disk: &SimDisk, from: &str, to: &str) {
    disk.rename(Path::new(from), Path::new(to), Replace::Yes).unwrap();
}

fn sync_dir(disk: &SimDisk, dir: &str) {
    disk.sync_dir(Path::new(dir)).unwrap();
}

/// The files after a power cut, with their content, as text.
fn after(disk: &SimDisk, choice: PowerCut) -> String {
    let disk = disk.fork().power_cut(choice);
    let file =
        |path| Some(format!("{}={}", Path::display(path), String::from_utf8(disk.read(path)?).unwrap()));
    let files: Vec<String> = disk.tree().keys().filter_map(|path| file(path)).collect();
    files.join(" ")
}
