//! What power cuts on real file systems need of a machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Programs, and the Debian package of each.
const PROGRAMS: [(&str, &str); 3] = [("mount", "mount"), ("umount", "mount"), ("unshare", "util-linux")];

/// Where to look.
#[derive(Debug)]
pub(super) struct Machine {
    /// Everything else lies below this.
    root: PathBuf,
    /// The directories of programs.
    programs: Vec<PathBuf>,
}

impl Machine {
    pub(super) fn this_one() -> Machine {
        let path = env::var_os("PATH").unwrap_or_default();
        Machine { root: PathBuf::from("/"), programs: env::split_paths(&path).collect() }
    }

    fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_default()
    }

    fn is_root(&self) -> bool {
        let status = self.text("proc/self/status");
        let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        // Real, effective, saved, file system.
        ids.and_then(|ids| ids.split_whitespace().nth(1)) == Some("0")
    }

    fn knows(&self, file_system: &str) -> bool {
        let known = self.text("proc/filesystems");
        known.lines().any(|line| line.split_whitespace().next_back() == Some(file_system))
    }

    fn runs(&self, program: &str) -> bool {
        self.programs.iter().any(|dir: &PathBuf| dir.join(Path::new(program)).is_file())
    }
}

/// What this machine lacks, a line for each thing, with what to do about it.
pub(super) fn missing(machine: &Machine, file_system: &str) -> Vec<String> {
    let mut missing = Vec::new();
    if !machine.has("proc/filesystems") {
        missing.push("no /proc/filesystems: this needs Linux".to_owned());
        return missing;
    }
    if !machine.is_root() {
        missing.push("not root: only root may mount".to_owned());
    }
    if !machine.has("dev/fuse") {
        missing.push("no /dev/fuse: the disk is a file of a FUSE file system (`modprobe fuse`)".to_owned());
    }
    if !machine.has("dev/loop-control") {
        missing.push("no /dev/loop-control: the disk needs a loop device (`modprobe loop`)".to_owned());
    }
    if !machine.knows(file_system) {
        missing.push(format!("the kernel does not know {file_system} (`modprobe {file_system}`)"));
    }
    let (mkfs, package) = (format!("mkfs.{file_system}"), package(file_system));
    let of_file_system = [(mkfs.as_str(), package)];
    // The kernel has to forget disks that went back in time.
    let forgets: &[(&str, &str)] = if file_system == "btrfs" { &[("btrfs", "btrfs-progs")] } else { &[] };
    for (program, package) in of_file_system.iter().chain(forgets).chain(&PROGRAMS) {
        if !machine.runs(program) {
            missing.push(format!("no {program}: it is in Debian's package {package}"));
        }
    }
    missing
}

fn package(file_system: &str) -> &'static str {
    match file_system {
        "ext4" => "e2fsprogs",
        "xfs" => "xfsprogs",
        _ => "btrfs-progs",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [(&str, &str); 10] = [
        ("proc/filesystems", "nodev\tproc\n\text4\n\tbtrfs\n"),
        ("proc/self/status", "Name:\tx\nUid:\t1000\t0\t0\t0\n"),
        ("dev/fuse", ""),
        ("dev/loop-control", ""),
        ("sbin/mkfs.ext4", ""),
        ("sbin/mkfs.btrfs", ""),
        ("sbin/btrfs", ""),
        ("sbin/mount", ""),
        ("sbin/umount", ""),
        ("sbin/unshare", ""),
    ];

    /// What a machine lacks that has all but this one of [`FILES`].
    fn missing_without(file: &str, file_system: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in FILES.iter().filter(|(path, _)| *path != file) {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let programs = vec![dir.path().join("bin"), dir.path().join("sbin")];
        missing(&Machine { root: dir.path().to_owned(), programs }, file_system)
    }

    #[test]
    fn a_machine_that_has_everything_lacks_nothing() {
        assert_eq!(missing_without("", "ext4"), [""; 0]);
        assert_eq!(missing_without("", "btrfs"), [""; 0]);
    }

    #[test]
    fn each_thing_that_is_missing_is_named_and_nothing_else() {
        for (file, _) in FILES {
            let missing = missing_without(file, "btrfs");
            match file {
                "sbin/mkfs.ext4" => assert_eq!(missing, [""; 0]),
                _ => assert_eq!(missing.len(), 1, "{file}: {missing:?}"),
            }
        }
        assert!(missing_without("proc/self/status", "ext4")[0].starts_with("not root"));
        assert!(missing_without("sbin/mkfs.ext4", "ext4")[0].contains("e2fsprogs"));
    }

    #[test]
    fn a_file_system_that_is_unknown_to_the_kernel_is_named_with_its_package() {
        let missing = missing_without("", "xfs");
        assert!(missing.len() == 2 && missing[0].contains("modprobe xfs"), "{missing:?}");
        assert!(missing[1].contains("mkfs.xfs") && missing[1].contains("xfsprogs"), "{missing:?}");
    }
}
