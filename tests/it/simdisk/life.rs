//! The life of a process on the disk: operations, its death, locks, clocks, traces, and what is done from
//! outside.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use treering_persist::{LockError, Replace, Storage};
use treering_tests::{Died, Found, PowerCut, SimDisk};

use super::{after, rename, sync_dir, write};

#[test]
fn crash_keeps_what_was_written_and_makes_none_of_it_durable() {
    let disk = SimDisk::new();
    write(&disk, "/a", b"x");
    let next = disk.crash();
    assert_eq!(next.read("/a").unwrap(), b"x");
    assert_eq!(next.unsynced_operations(), ["link /a", "append /a 0..1"]);
    assert_eq!(after(&next, PowerCut::Nothing), "");
}

#[test]
fn reopened_file_makes_durable_what_the_dead_process_wrote() {
    let disk = SimDisk::new();
    write(&disk, "/a", b"x");
    let next = disk.crash();
    next.open(Path::new("/a")).unwrap().sync().unwrap();
    sync_dir(&next, "/");
    assert_eq!(after(&next, PowerCut::Nothing), "/a=x");
}

#[test]
fn handles_of_a_dead_process_fail_and_change_nothing() {
    for end in [SimDisk::crash, |disk: &SimDisk| disk.power_cut(PowerCut::Everything)] {
        let disk = SimDisk::new();
        let file = write(&disk, "/a", b"x");
        let next = end(&disk);
        assert!(disk.died() && !next.died());
        assert!(Died::is(&file.append(b"y").unwrap_err()));
        assert!(Died::is(&file.sync().unwrap_err()));
        assert!(Died::is(&file.read_at(0, &mut [0]).unwrap_err()));
        assert!(Died::is(&disk.unlink(Path::new("/a")).unwrap_err()));
        assert_eq!(disk.read("/a").unwrap(), b"x");
        assert_eq!(next.read("/a").unwrap(), b"x");
    }
}

#[test]
fn fork_leaves_the_process_alive_and_shares_nothing_with_it() {
    let disk = SimDisk::new();
    let file = write(&disk, "/a", b"x");
    let fork = disk.fork();
    file.append(b"y").unwrap();
    rename(&fork, "/a", "/b");
    assert_eq!(disk.read("/a").unwrap(), b"xy");
    assert_eq!(fork.read("/b").unwrap(), b"x");
    assert!(!disk.died());
}

#[test]
fn clone_is_the_same_disk() {
    let disk = SimDisk::new();
    write(&disk.clone(), "/a", b"x");
    assert_eq!(disk.read("/a").unwrap(), b"x");
    assert_eq!(disk.operations(), 2);
}

/// Every operation once; the first error ends it.
fn every_operation(disk: &SimDisk) -> std::io::Result<()> {
    let (root, a, b) = (Path::new("/r"), Path::new("/r/a"), Path::new("/r/b"));
    disk.make_dir(root)?;
    let _lock = disk.lock(root).map_err(|error| match error {
        LockError::Io(error) => error,
        other => std::io::Error::other(other),
    })?;
    let file = disk.create(a)?;
    file.append(b"abc")?;
    file.truncate(2)?;
    file.sync()?;
    disk.rename(a, b, Replace::No)?;
    disk.sync_dir(root)?;
    let file = disk.open(b)?;
    file.len_bytes()?;
    file.read_at(0, &mut [0; 2])?;
    disk.list(root)?;
    disk.sync_file_system(root)?;
    disk.unlink(b)
}

#[test]
fn every_operation_counts_once_and_is_traced() {
    let disk = SimDisk::new();
    every_operation(&disk).unwrap();
    let trace = disk.take_trace();
    assert_eq!(
        trace,
        [
            "make_dir /r",
            "lock /r",
            "create /r/a",
            "append /r/a 3",
            "truncate /r/a 2",
            "sync /r/a",
            "rename /r/a -> /r/b",
            "sync_dir /r",
            "open /r/b",
            "len_bytes /r/b",
            "read_at /r/b 2 at 0",
            "list /r",
            "sync_file_system /r",
            "unlink /r/b",
        ]
    );
    assert_eq!(disk.operations(), 14);
    assert!(disk.take_trace().is_empty());
}

#[test]
fn clocks_and_limits_and_looks_from_outside_are_no_operations() {
    let disk = SimDisk::new();
    disk.write_file("/a", "x").unwrap();
    disk.wall_s();
    disk.monotonic();
    disk.raise_descriptor_limit().unwrap();
    assert!(disk.read("/a").is_some());
    assert_eq!(disk.tree().len(), 1);
    assert_eq!(disk.operations(), 0);
}

#[test]
fn process_dies_before_the_operation_that_it_was_told() {
    for k in 0..14 {
        let disk = SimDisk::new();
        disk.stop_before(k);
        assert!(Died::is(&every_operation(&disk).unwrap_err()), "operation {k}");
        assert!(disk.died());
        assert_eq!(disk.operations(), k);
        assert_eq!(disk.take_trace().len(), usize::try_from(k).unwrap());
    }
    let disk = SimDisk::new();
    disk.stop_before(14);
    every_operation(&disk).unwrap();
    assert!(!disk.died());
    assert!(Died::is(&disk.list(Path::new("/")).unwrap_err()));
    assert!(disk.died());
}

#[test]
fn operation_at_which_the_process_died_has_done_nothing() {
    let disk = SimDisk::new();
    let file = write(&disk, "/a", b"x");
    disk.stop_before(2);
    assert!(Died::is(&file.append(b"y").unwrap_err()));
    assert_eq!(disk.crash().read("/a").unwrap(), b"x");
}

#[test]
fn next_life_begins_without_stop_trace_and_count() {
    let disk = SimDisk::new();
    disk.stop_before(0);
    assert!(disk.make_dir(Path::new("/r")).is_err());
    let next = disk.crash();
    every_operation(&next).unwrap();
    assert_eq!((next.operations(), next.take_trace().len()), (14, 14));
}

#[test]
fn death_is_found_at_the_end_of_a_chain_of_errors() {
    let disk = SimDisk::new();
    disk.stop_before(0);
    let Err(error) = disk.lock(Path::new("/")) else { panic!("locked by a dead process") };
    assert!(Died::is(&error));
    assert!(!Died::is(&std::io::Error::other("another")));
    assert_eq!(disk.list(Path::new("/")).unwrap_err().kind(), ErrorKind::Other);
}

#[test]
fn root_is_locked_once_in_a_life_until_the_lock_is_dropped() {
    let disk = SimDisk::new();
    disk.write_dir("/r").unwrap();
    disk.write_dir("/other").unwrap();
    let root = Path::new("/r");
    let lock = disk.lock(root).unwrap();
    assert!(matches!(disk.clone().lock(root), Err(LockError::Held { .. })));
    let _other = disk.lock(Path::new("/other")).unwrap();
    drop(lock);
    let lock = disk.lock(root).unwrap();
    let next = disk.crash();
    let _next_lock = next.lock(root).unwrap();
    drop(lock);
    assert!(matches!(next.lock(root), Err(LockError::Held { .. })), "a dead process cannot unlock");
    assert!(matches!(next.lock(Path::new("/none")), Err(LockError::Io(_))));
}

#[test]
fn wall_clock_is_set_before_the_operations_that_it_was_told() {
    let disk = SimDisk::new();
    let now_s = disk.wall_s();
    disk.set_wall_before(1, -5);
    disk.set_wall_before(2, 7);
    disk.set_wall_before(3, 9);
    let says = |dir: &str| {
        disk.make_dir(Path::new(dir)).unwrap();
        disk.wall_s()
    };
    assert_eq!([says("/a"), says("/b"), says("/c")], [now_s, -5, 7]);
    disk.forget_clocks();
    assert_eq!((says("/d"), disk.monotonic()), (7, Duration::ZERO));
}

#[test]
fn clocks_move_only_when_told() {
    let disk = SimDisk::new();
    disk.set_wall_s(1000);
    disk.advance(Duration::from_millis(1500));
    assert_eq!((disk.wall_s(), disk.monotonic()), (1001, Duration::from_millis(1500)));
    disk.advance(Duration::from_millis(500));
    assert_eq!((disk.wall_s(), disk.monotonic()), (1002, Duration::from_secs(2)));
    disk.jump_wall_s(-2000);
    assert_eq!((disk.wall_s(), disk.monotonic()), (-998, Duration::from_secs(2)));
    disk.set_wall_s(-1);
    disk.advance(Duration::from_millis(500));
    assert_eq!(disk.wall_s(), -1);
    disk.set_wall_s(i64::MAX);
    disk.jump_wall_s(i64::MAX);
    assert_eq!(disk.wall_s(), i64::MAX);
}

#[test]
fn wall_clock_goes_on_in_the_next_life_and_the_other_begins_anew() {
    let disk = SimDisk::new();
    disk.set_wall_s(5);
    disk.advance(Duration::from_secs(5));
    for next in [disk.crash(), disk.power_cut(PowerCut::Nothing)] {
        assert_eq!((next.wall_s(), next.monotonic()), (10, Duration::ZERO));
    }
}

#[test]
fn files_put_there_from_outside_are_durable_with_all_above_them() {
    let disk = SimDisk::new();
    disk.make_dir(Path::new("/r")).unwrap();
    disk.create(Path::new("/r/b")).unwrap();
    disk.write_file("/r/h/a", "x").unwrap();
    disk.write_file("/r/h/a", "y").unwrap();
    disk.write_other("/r/pipe").unwrap();
    let disk = disk.power_cut(PowerCut::Nothing);
    let expected = [
        ("/r", Found::Directory),
        ("/r/h", Found::Directory),
        ("/r/h/a", Found::File(1)),
        ("/r/pipe", Found::Other),
    ];
    assert_eq!(
        disk.tree().into_iter().collect::<Vec<_>>(),
        expected.map(|(path, found)| (PathBuf::from(path), found))
    );
    assert_eq!(disk.read("/r/h/a").unwrap(), b"y");
    assert_eq!(disk.write_file("/r/h", "").unwrap_err().kind(), ErrorKind::IsADirectory);
    assert_eq!(disk.write_file("/r/pipe/a", "").unwrap_err().kind(), ErrorKind::NotADirectory);
    disk.remove("/r/h").unwrap();
    assert_eq!(disk.tree().len(), 2);
}

#[test]
fn file_put_over_an_unsynced_name_is_not_undone_by_a_power_cut() {
    let disk = SimDisk::new();
    disk.write_file("/b", "b").unwrap();
    rename(&disk, "/b", "/a");
    disk.write_file("/a", "new").unwrap();
    assert_eq!(after(&disk, PowerCut::Everything), "/a=new");
    assert_eq!(after(&disk, PowerCut::Nothing), "/a=new /b=b");
}

#[test]
fn corruption_is_in_memory_and_on_the_medium() {
    let disk = SimDisk::new();
    disk.write_file("/a", [0, 0, 0]).unwrap();
    disk.corrupt("/a", 1, 0x81).unwrap();
    assert_eq!(disk.read("/a").unwrap(), [0, 0x81, 0]);
    assert_eq!(disk.corrupt("/a", 3, 1).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(disk.corrupt("/b", 0, 1).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(disk.power_cut(PowerCut::Nothing).read("/a").unwrap(), [0, 0x81, 0]);
}

#[test]
fn real_directory_comes_back_as_it_went_in() {
    let (real, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir_all(real.path().join("h/empty")).unwrap();
    std::fs::write(real.path().join("h/1.bin"), b"x").unwrap();
    std::os::unix::fs::symlink("1.bin", real.path().join("h/link")).unwrap();
    let disk = SimDisk::new();
    disk.import(real.path(), "/r").unwrap();
    assert_eq!(disk.unsynced(), 0);
    assert_eq!(disk.tree()[Path::new("/r/h/link")], Found::Other);
    disk.export("/r", &back.path().join("r")).unwrap();
    let again = SimDisk::new();
    again.import(&back.path().join("r"), "/r").unwrap();
    disk.remove("/r/h/link").unwrap();
    assert_eq!(again.tree(), disk.tree());
    assert_eq!(again.read("/r/h/1.bin").unwrap(), b"x");
}
