//! Errors, short writes, full disks, and syncs that fail.

use std::io::{self, ErrorKind};
use std::path::Path;

use treering_persist::{Replace, Storage, StorageFile};
use treering_tests::{Errno, Fault, Faults, Full, Operation, PowerCut, Rule, Short, SimDisk};

use super::{after, sync_dir, write};

fn errno(result: io::Result<impl Sized>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

fn eio() -> Option<i32> {
    Errno::Eio.error().raw_os_error()
}

#[test]
fn error_strikes_once_or_from_then_on_and_the_operation_does_nothing() {
    for fault in Errno::ALL {
        let disk = SimDisk::new();
        let file = write(&disk, "/a", b"x");
        disk.set_faults(Rule::once(1, Fault::Error(fault)).into());
        assert_eq!(file.append(b"1").unwrap(), 1);
        assert_eq!(errno(file.append(b"2")), fault.error().raw_os_error());
        assert_eq!(file.append(b"3").unwrap(), 1);
        assert_eq!(disk.read("/a").unwrap(), b"x13");

        disk.set_faults(Rule::from(0, Fault::Error(fault)).into());
        for _ in 0..3 {
            assert_eq!(errno(disk.unlink(Path::new("/a"))), fault.error().raw_os_error());
        }
        assert_eq!(disk.read("/a").unwrap(), b"x13");
    }
}

#[test]
fn errors_are_of_the_kind_that_the_system_gives() {
    assert_eq!(Errno::Enospc.error().kind(), ErrorKind::StorageFull);
    assert_eq!(Errno::Eacces.error().kind(), ErrorKind::PermissionDenied);
    assert_eq!(Errno::Erofs.error().kind(), ErrorKind::ReadOnlyFilesystem);
    assert_eq!(Errno::Eintr.error().kind(), ErrorKind::Interrupted);
}

#[test]
fn every_kind_of_operation_can_fail() {
    let run = |disk: &SimDisk, operation| {
        disk.write_file("/a", "x").unwrap();
        let (root, a, b) = (Path::new("/"), Path::new("/a"), Path::new("/b"));
        let (read, append) = (disk.open(a).unwrap(), disk.create(b).unwrap());
        disk.set_faults(Rule::from(0, Fault::Error(Errno::Eio)).on(operation).into());
        [
            disk.open(a).err(),
            disk.create(Path::new("/c")).err(),
            disk.rename(b, Path::new("/d"), Replace::No).err(),
            disk.unlink(a).err(),
            disk.list(root).err(),
            disk.make_dir(Path::new("/e")).err(),
            disk.sync_dir(root).err(),
            disk.sync_file_system(root).err(),
            disk.lock(root).err().map(io::Error::other),
            append.append(b"y").err(),
            read.read_at(0, &mut [0]).err(),
            read.len_bytes().err(),
            append.truncate(0).err(),
            append.sync().err(),
        ]
    };
    for (k, operation) in Operation::ALL.into_iter().enumerate() {
        let failed = run(&SimDisk::new(), operation).map(|error| error.is_some());
        assert_eq!(failed.iter().filter(|failed| **failed).count(), 1, "{operation}");
        assert!(failed[k], "{operation}");
    }
}

#[test]
fn rule_counts_only_the_operations_that_it_is_about() {
    let disk = SimDisk::new();
    let (a, b) = (write(&disk, "/a", b""), write(&disk, "/b", b""));
    disk.set_faults(Rule::once(1, Fault::Error(Errno::Eio)).on(Operation::Sync).path("/b").into());
    a.sync().unwrap();
    b.sync().unwrap();
    b.append(b"x").unwrap();
    a.sync().unwrap();
    assert_eq!(errno(b.sync()), eio());
    b.sync().unwrap();
}

#[test]
fn first_rule_that_is_due_wins_and_the_others_go_on_counting() {
    let disk = SimDisk::new();
    let file = write(&disk, "/a", b"");
    disk.set_faults(
        Faults::none()
            .with(Rule::once(0, Fault::Short(Short::Bytes(1))))
            .with(Rule::from(0, Fault::Error(Errno::Enospc)).times(2)),
    );
    assert_eq!(file.append(b"abc").unwrap(), 1);
    assert_eq!(errno(file.append(b"bc")), Errno::Enospc.error().raw_os_error());
    assert_eq!(file.append(b"bc").unwrap(), 2);
}

#[test]
fn short_appends_and_reads_take_what_they_say() {
    for (short, taken) in
        [(Short::Bytes(1), 1), (Short::Bytes(7), 7), (Short::Half, 5), (Short::AllButOne, 9)]
    {
        let disk = SimDisk::new();
        let file = write(&disk, "/a", b"");
        disk.set_faults(Rule::once(0, Fault::Short(short)).into());
        assert_eq!(file.append(b"0123456789").unwrap(), taken);
        assert_eq!(disk.read("/a").unwrap(), &b"0123456789"[..taken]);
        assert_eq!(disk.take_trace().last().unwrap(), &format!("append /a 10, took {taken}"));
    }
    let disk = SimDisk::new();
    disk.write_file("/a", "0123456789").unwrap();
    disk.set_faults(Rule::from(0, Fault::Short(Short::Half)).on(Operation::ReadAt).into());
    let mut out = [b'.'; 10];
    assert_eq!(disk.open(Path::new("/a")).unwrap().read_at(0, &mut out).unwrap(), 5);
    assert_eq!(&out, b"01234.....");
}

#[test]
fn failed_operations_are_traced_with_their_error() {
    let disk = SimDisk::new();
    disk.set_faults(Rule::once(1, Fault::Error(Errno::Enospc)).into());
    assert!(disk.open(Path::new("/a")).is_err());
    assert!(disk.create(Path::new("/a")).is_err());
    assert_eq!(disk.take_trace(), ["open /a: NotFound", "create /a: ENOSPC"]);
    assert_eq!(disk.operations(), 2);
}

#[test]
fn sync_that_fails_without_dropping_leaves_the_data_unsynced() {
    let disk = SimDisk::new();
    let file = write(&disk, "/a", b"x");
    sync_dir(&disk, "/");
    disk.set_faults(Rule::once(0, Fault::Error(Errno::Eio)).into());
    assert_eq!(errno(file.sync()), eio());
    assert_eq!(
        (after(&disk, PowerCut::Nothing), after(&disk, PowerCut::Everything)),
        ("/a=".into(), "/a=x".into())
    );
}

/// A file `/a` that holds `old`, durably, and then `lost`, which a failed sync dropped.
fn dropped() -> (SimDisk, std::sync::Arc<dyn StorageFile>) {
    let disk = SimDisk::new();
    let file = write(&disk, "/a", b"old");
    disk.sync_file_system(Path::new("/")).unwrap();
    file.append(b"lost").unwrap();
    disk.set_faults(Rule::once(0, Fault::SyncDrops).on(Operation::Sync).into());
    assert_eq!(errno(file.sync()), eio());
    (disk, file)
}

#[test]
fn second_sync_after_a_failed_one_says_ok_and_the_data_is_gone() {
    let (disk, file) = dropped();
    file.sync().unwrap();
    disk.open(Path::new("/a")).unwrap().sync().unwrap();
    assert_eq!(disk.unsynced(), 0);
    assert_eq!(disk.read("/a").unwrap(), b"oldlost");
    assert_eq!(disk.crash().read("/a").unwrap(), b"oldlost");
    assert_eq!(after(&disk, PowerCut::Everything), "/a=old");
}

#[test]
fn append_in_the_sector_of_dropped_data_brings_it_back() {
    let (disk, file) = dropped();
    file.append(b"new").unwrap();
    file.sync().unwrap();
    assert_eq!(after(&disk, PowerCut::Nothing), "/a=oldlostnew");
}

#[test]
fn append_behind_dropped_data_leaves_a_hole_in_a_file_that_synced_well() {
    let disk = SimDisk::new();
    let file = write(&disk, "/a", &[b'l'; 1024]);
    sync_dir(&disk, "/");
    disk.set_faults(Rule::once(0, Fault::SyncDrops).into());
    assert_eq!(errno(file.sync()), eio());
    file.append(b"n").unwrap();
    file.sync().unwrap();
    let bytes = disk.power_cut(PowerCut::Everything).read("/a").unwrap();
    assert_eq!((bytes[..1024].iter().all(|byte| *byte == 0), bytes[1024]), (true, b'n'));
}

#[test]
fn failed_sync_is_told_to_every_open_descriptor_once() {
    let disk = SimDisk::new();
    let first = write(&disk, "/a", b"x");
    let second = disk.open(Path::new("/a")).unwrap();
    disk.set_faults(Rule::once(0, Fault::SyncDrops).into());
    assert_eq!(errno(first.sync()), eio());
    first.sync().unwrap();
    assert_eq!(errno(second.sync()), eio());
    second.sync().unwrap();
    disk.open(Path::new("/a")).unwrap().sync().unwrap();
}

#[test]
fn failed_write_back_shows_at_the_next_syncs_of_the_file_and_of_the_file_system() {
    let disk = SimDisk::new();
    let (a, b) = (write(&disk, "/a", b"x"), write(&disk, "/b", b"y"));
    disk.fail_write_back("/a");
    let root = Path::new("/");
    assert_eq!(errno(disk.sync_file_system(root)), eio());
    disk.sync_file_system(root).unwrap();
    b.sync().unwrap();
    assert_eq!(errno(a.sync()), eio());
    a.sync().unwrap();
    disk.fail_write_back("/a");
    disk.sync_file_system(root).unwrap();
    assert_eq!(after(&disk, PowerCut::Everything), "/a= /b=y");
}

#[test]
fn failed_file_system_sync_loses_everything_and_each_dirty_file_says_so() {
    let disk = SimDisk::new();
    disk.write_file("/c", "z").unwrap();
    let (a, clean) = (write(&disk, "/a", b"x"), disk.open(Path::new("/c")).unwrap());
    disk.set_faults(Rule::once(0, Fault::SyncDrops).into());
    assert_eq!(errno(disk.sync_file_system(Path::new("/"))), eio());
    disk.sync_file_system(Path::new("/")).unwrap();
    assert_eq!(errno(a.sync()), eio());
    clean.sync().unwrap();
    assert_eq!(disk.read("/a").unwrap(), b"x");
    assert_eq!(after(&disk, PowerCut::Everything), "/c=z");
}

#[test]
fn failed_directory_sync_loses_the_entries_of_that_directory() {
    let disk = SimDisk::new();
    disk.write_dir("/d").unwrap();
    write(&disk, "/d/a", b"").sync().unwrap();
    write(&disk, "/b", b"").sync().unwrap();
    disk.set_faults(Rule::once(0, Fault::SyncDrops).into());
    assert_eq!(errno(disk.sync_dir(Path::new("/d"))), eio());
    sync_dir(&disk, "/d");
    sync_dir(&disk, "/");
    assert_eq!(disk.read("/d/a").unwrap(), b"");
    assert_eq!(after(&disk, PowerCut::Everything), "/b=");
}

#[test]
fn sync_fault_leaves_other_operations_alone() {
    let disk = SimDisk::new();
    disk.set_faults(Rule::from(0, Fault::SyncDrops).into());
    let file = write(&disk, "/a", b"x");
    assert_eq!(file.len_bytes().unwrap(), 1);
    assert_eq!(errno(file.sync()), eio());
}

#[test]
fn full_disk_takes_what_fits_and_then_nothing_until_there_is_space() {
    let disk = SimDisk::new();
    disk.write_file("/old", "12345").unwrap();
    disk.limit_bytes(Some(8));
    let file = disk.create(Path::new("/a")).unwrap();
    assert_eq!(file.append(b"abcde").unwrap(), 3);
    assert_eq!(errno(file.append(b"de")), Errno::Enospc.error().raw_os_error());
    assert_eq!(file.append(b"").unwrap(), 0);

    let disk = disk.crash();
    assert_eq!(disk.read("/a").unwrap(), b"abc");
    let file = disk.create(Path::new("/b")).unwrap();
    assert_eq!(
        errno(file.append(b"de")),
        Errno::Enospc.error().raw_os_error(),
        "still full in the next life"
    );
    disk.unlink(Path::new("/old")).unwrap();
    assert_eq!(file.append(b"de").unwrap(), 2);
    disk.limit_bytes(None);
    assert_eq!(file.append(&[0; 100]).unwrap(), 100);
}

#[test]
fn disk_without_inodes_makes_no_file_and_no_directory() {
    let disk = SimDisk::new();
    disk.limit_inodes(Some(2));
    let file = disk.create(Path::new("/a")).unwrap();
    assert_eq!(errno(disk.create(Path::new("/b"))), Errno::Enospc.error().raw_os_error());
    assert_eq!(errno(disk.make_dir(Path::new("/b"))), Errno::Enospc.error().raw_os_error());
    assert_eq!(disk.make_dir(Path::new("/a")).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(file.append(b"x").unwrap(), 1);
    disk.unlink(Path::new("/a")).unwrap();
    disk.make_dir(Path::new("/b")).unwrap();
}

#[test]
fn disk_fills_before_the_operation_that_it_was_told() {
    let disk = SimDisk::new();
    let file = write(&disk, "/a", b"x");
    disk.fill_before(3, Full::Bytes(2));
    assert_eq!(file.append(b"123").unwrap(), 3);
    assert_eq!(file.append(b"456").unwrap(), 2);
    assert_eq!(errno(file.append(b"6")), Errno::Enospc.error().raw_os_error());
    disk.limit_bytes(None);
    assert_eq!(file.append(b"6").unwrap(), 1);

    disk.fill_before(disk.operations() + 1, Full::Inodes(1));
    disk.create(Path::new("/b")).unwrap();
    disk.create(Path::new("/c")).unwrap();
    assert_eq!(errno(disk.create(Path::new("/d"))), Errno::Enospc.error().raw_os_error());
}

#[test]
fn kernel_that_fails_to_write_back_spares_names_and_tells_each_dirty_file_once() {
    let disk = SimDisk::new();
    let (a, b) = (write(&disk, "/a", b"x"), write(&disk, "/b", b"y"));
    b.sync().unwrap();
    disk.set_faults(Rule::once(0, Fault::WriteBackFails).into());
    sync_dir(&disk, "/");
    b.sync().unwrap();
    assert_eq!(errno(a.sync()), eio());
    a.sync().unwrap();
    assert_eq!(disk.read("/a").unwrap(), b"x");
    assert_eq!(after(&disk, PowerCut::Everything), "/a= /b=y");
}
