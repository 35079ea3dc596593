//! The real file systems: made, mounted, unmounted. By the system's own programs, so that nothing here is unsafe.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;

use crate::error::Failure;
use crate::image::Image;

const MIB: u64 = 1 << 20;

/// A file system to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileSystem {
    Ext4,
    Xfs,
    Btrfs,
}

/// Something is mounted there; it is unmounted when this is dropped.
#[derive(Debug)]
pub(crate) struct Mounted {
    point: PathBuf,
    file_system: FileSystem,
    is_mounted: bool,
}

impl FileSystem {
    pub(crate) fn name(self) -> &'static str {
        match self {
            FileSystem::Ext4 => "ext4",
            FileSystem::Xfs => "xfs",
            FileSystem::Btrfs => "btrfs",
        }
    }

    /// As small as it may be, or a little more.
    fn len_bytes(self) -> u64 {
        match self {
            FileSystem::Ext4 => 32 * MIB,
            FileSystem::Xfs => 304 * MIB,
            FileSystem::Btrfs => 128 * MIB,
        }
    }

    /// An empty one.
    pub(crate) fn make(self, work: &Path) -> Result<Image, Failure> {
        let path = work.join("empty");
        let file = fs::File::create(&path).map_err(Failure::io("cannot make an empty disk"))?;
        file.set_len(self.len_bytes()).map_err(Failure::io("cannot make an empty disk"))?;
        let (program, options): (&str, &[&str]) = match self {
            // All of it now, nothing in the background after the first mount.
            FileSystem::Ext4 => ("mkfs.ext4", &["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"]),
            FileSystem::Xfs => ("mkfs.xfs", &["-q", "-f", "-K"]),
            FileSystem::Btrfs => ("mkfs.btrfs", &["-q", "-f", "-K"]),
        };
        run(Command::new(program).args(options).arg(&path))?;
        let image = Image::load(&path).map_err(Failure::io("cannot read an empty file system"))?;
        fs::remove_file(&path).map_err(Failure::io("cannot remove an empty file system"))?;
        Ok(image)
    }

    /// Mounts what is on a disk that is a file. The loop device between them goes away with the mount.
    pub(crate) fn mount(self, disk: &Path, point: &Path) -> Result<Mounted, Failure> {
        if self == FileSystem::Btrfs {
            // The kernel remembers generations by identity, and takes no disk that went back in time.
            run(Command::new("btrfs").args(["device", "scan", "--forget"]))?;
        }
        run(Command::new("mount").args(["-t", self.name(), "-o", "loop"]).arg(disk).arg(point))?;
        Ok(Mounted { point: point.to_path_buf(), file_system: self, is_mounted: true })
    }
}

impl Mounted {
    /// Unmounts it.
    pub(crate) fn unmount(mut self) -> Result<(), Failure> {
        self.is_mounted = false;
        run(Command::new("umount").arg(&self.point))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if self.is_mounted
            && let Err(failure) = run(Command::new("umount").arg(&self.point))
        {
            crate::say(&format_args!("{} stays mounted for now: {failure}", self.file_system.name()));
        }
    }
}

/// Runs a program of the system's; what it says is told only if it fails.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let text = || {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    };
    let text = text();
    let output = command.output().map_err(Failure::io(format!("`{text}` did not start")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    Err(Failure::Command { command: text, said: format!("{said} ({})", output.status) })
}
