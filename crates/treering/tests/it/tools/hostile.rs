//! Files that are made to hurt whoever looks at them: `verify`, `ls` and `dump` say what it is and end.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode};

use super::made::{Snapshot, verdict};
use crate::program::process::{Ran, Running, command, treering};

/// Far less than the files that are looked at, far more than the program.
const MEMORY_KIB: &str = "600000";

/// Runs with little memory: an allocation beyond it fails.
fn with_little_memory(at: &Path, args: &str) -> Ran {
    let program = command().get_program().to_str().unwrap().to_owned();
    let mut shell = std::process::Command::new("/bin/sh");
    let script = format!("ulimit -v {MEMORY_KIB} && exec {program} {args}");
    shell.env_clear().stdin(std::process::Stdio::null());
    shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    Running::of(shell.current_dir(at).args(["-c", &script])).end()
}

fn sparse(path: &Path, begin: &[u8], len_bytes: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, begin).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_len(len_bytes).unwrap();
}

#[test]
fn a_sparse_file_of_4_gb_is_refused_for_its_magic_without_being_read() {
    let dir = tempfile::tempdir().unwrap();
    sparse(&dir.path().join("c/h/1.bin"), b"", 4 << 30);
    let started = Instant::now();
    let ran = with_little_memory(dir.path(), "verify .");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    assert!(ran.stdout.starts_with("damage bin-magic: ./c/h/1.bin at byte 0\n"), "{ran:?}");
    let ran = with_little_memory(dir.path(), "ls .");
    assert_eq!((ran.code, ran.said("1 file is damaged").len()), (Some(1), 1), "{ran:?}");
    let ran = with_little_memory(dir.path(), "dump c/h/1.bin");
    assert_eq!((ran.code, ran.said("wrong magic at byte 0").len()), (Some(1), 1), "{ran:?}");
    assert!(started.elapsed() < Duration::from_secs(20), "nobody reads 4 GB here");
}

#[test]
fn the_end_of_a_long_file_makes_up_for_a_damaged_begin() {
    let dir = tempfile::tempdir().unwrap();
    let mut snapshot = Snapshot::new(1_000, 3, 2);
    // Longer than what is looked at from both ends.
    snapshot.path = (0..40).map(|level| format!("{level}{}", "x".repeat(40_000))).collect();
    let mut bytes = snapshot.bytes();
    assert!(bytes.len() > 3 << 20, "{}", bytes.len());
    bytes[0] ^= 1;
    fs::create_dir_all(dir.path().join("c/h")).unwrap();
    fs::write(dir.path().join("c/h/1000.bin"), bytes).unwrap();
    assert_eq!(
        verdict(dir.path(), &["."]),
        "exit 1: damaged\ndamage bin-structure-checksum ./c/h/1000.bin at 0",
        "every column is there by the trailer"
    );
}

#[test]
fn what_does_not_fit_into_memory_or_is_too_long_is_said_to_be_unread() {
    let dir = tempfile::tempdir().unwrap();
    let magic = [0x01, 0x00, 0x5b, 0xcc];
    sparse(&dir.path().join("c/h/1.bin"), &magic, 4 << 30);
    let ran = with_little_memory(dir.path(), "verify .");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stdout.contains("out of memory"), "{ran:?}");
    sparse(&dir.path().join("c/h/1.bin"), &magic, 9 << 30);
    assert_eq!(verdict(dir.path(), &["."]), "exit 3: unread\nunread too-large ./c/h/1.bin");
    for args in [&["ls", "."][..], &["dump", "c/h/1.bin"]] {
        let ran = treering(dir.path(), args);
        assert_eq!((ran.code, ran.said("more than the limit").len()), (Some(3), 1), "{ran:?}");
    }
}

#[test]
fn a_pipe_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    Snapshot::of_the_reference(2).write(&dir.path().join("c/h"));
    let pipe = dir.path().join("c/h/1.bin");
    rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
    assert_eq!(verdict(dir.path(), &["."]), "exit 0: sound\nnote foreign-entry ./c/h/1.bin");
    let ran = treering(dir.path(), &["verify", "."]);
    assert!(ran.stdout.contains("found: neither a regular file nor a directory; not opened\n"), "{ran:?}");
    assert_eq!(treering(dir.path(), &["ls", "."]).code, Some(0));
    // Asked about the pipe itself there is no answer.
    assert_eq!(verdict(dir.path(), &["c/h/1.bin"]), "exit 3: unread\nunread foreign-entry c/h/1.bin");
    let ran = treering(dir.path(), &["dump", "c/h/1.bin"]);
    assert_eq!((ran.code, ran.said("not a regular file").len()), (Some(3), 1), "{ran:?}");
}

#[test]
fn links_are_not_followed_below_what_was_named() {
    let dir = tempfile::tempdir().unwrap();
    Snapshot::of_the_reference(2).write(&dir.path().join("store/c/h"));
    symlink("loop.bin", dir.path().join("loop.bin")).unwrap();
    symlink("store", dir.path().join("link")).unwrap();
    symlink("store/c/h/2.bin", dir.path().join("3.bin")).unwrap();
    assert_eq!(verdict(dir.path(), &["link"]), "exit 0: sound");
    symlink("2.bin", dir.path().join("store/c/h/4.bin")).unwrap();
    let ran = treering(dir.path(), &["verify", "store"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("found: a link, not followed; the reference would follow it"), "{ran:?}");
    assert_eq!(verdict(dir.path(), &["3.bin"]), "exit 3: unread\nunread foreign-entry 3.bin");
    for args in [&["verify", "loop.bin"][..], &["dump", "loop.bin"], &["ls", "loop.bin"]] {
        let ran = treering(dir.path(), args);
        assert_eq!((ran.code, ran.said("symbolic links").len()), (Some(3), 1), "{ran:?}");
    }
    let ran = treering(dir.path(), &["dump", "3.bin"]);
    assert_eq!((ran.code, ran.said("a symbolic link, and none is followed").len()), (Some(3), 1), "{ran:?}");
}

#[test]
fn ten_thousand_levels_are_one_finding() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = Snapshot::of_the_reference(0).bytes()[..20].to_vec();
    for _ in 0..10_000 {
        // No column, one child, its name.
        bytes.extend([0, 0, 0, 0, 1, 0, 0, 0, 1, 0, b'l']);
    }
    bytes.extend([0; 8]);
    fs::create_dir_all(dir.path().join("c/h")).unwrap();
    fs::write(dir.path().join("c/h/0.bin"), &bytes).unwrap();
    // The 65th name: 64 levels of 11 bytes and the counts before it.
    let offset = 20 + 64 * 11 + 8;
    let expected = format!("exit 1: damaged\ndamage bin-depth ./c/h/0.bin at {offset}");
    assert_eq!(verdict(dir.path(), &["."]), expected);
    assert_eq!(treering(dir.path(), &["ls", "."]).code, Some(1));
    let ran = treering(dir.path(), &["dump", "c/h/0.bin"]);
    assert_eq!((ran.code, ran.said("more than 64 levels deep").len()), (Some(1), 1), "{}", ran.stderr);
}

#[test]
fn eight_million_brackets_are_passed_over_and_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("c/h")).unwrap();
    for begin in ["", r#"{"x":"#, r#"{"metrics":"#, r#"{"children":{"a":"#] {
        let brackets = [begin.as_bytes(), &vec![b'['; 8 << 20]].concat();
        fs::write(dir.path().join("c/h/1.json"), brackets).unwrap();
        let found = verdict(dir.path(), &["."]);
        assert!(
            found.starts_with("exit 1: damaged\ndamage json-limit ./c/h/1.json at 100"),
            "{begin}: {found}"
        );
        assert_eq!(treering(dir.path(), &["ls", "."]).code, Some(1));
    }
}

#[test]
fn what_may_not_be_read_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    Snapshot::of_the_reference(1).write(&dir.path().join("c/h"));
    Snapshot::of_the_reference(1).write(&dir.path().join("c/i"));
    for (path, mode) in [("c/h/1.bin", 0o000), ("c/i", 0o000)] {
        fs::set_permissions(dir.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    if rustix::process::geteuid().is_root() {
        eprintln!("skipped: root may read everything");
    } else {
        let expected = "exit 3: unread\nunread unreadable ./c/h/1.bin\nunread unreadable ./c/i";
        assert_eq!(verdict(dir.path(), &["."]), expected);
        assert_eq!(treering(dir.path(), &["ls", "."]).code, Some(3));
        // Damage says more than a missing permission.
        fs::write(dir.path().join("c/h/2.bin"), "").unwrap();
        assert_eq!(treering(dir.path(), &["verify", "."]).code, Some(1));
    }
    fs::set_permissions(dir.path().join("c/i"), fs::Permissions::from_mode(0o755)).unwrap();
}
