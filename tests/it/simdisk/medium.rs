//! What a sync makes durable, and what it does not.

use std::io::ErrorKind;
use std::path::Path;

use treering_persist::{Entry, EntryKind, Replace, Storage};
use treering_tests::{PowerCut, SimDisk};

use super::{after, rename, sync_dir, write};

#[test]
fn file_sync_does_not_make_the_entry_durable() {
    let disk = SimDisk::new();
    write(&disk, "/a", b"x").sync().unwrap();
    assert_eq!(after(&disk, PowerCut::Nothing), "");
    sync_dir(&disk, "/");
    assert_eq!(after(&disk, PowerCut::Nothing), "/a=x");
}

#[test]
fn directory_sync_does_not_make_the_content_durable() {
    let disk = SimDisk::new();
    let file = write(&disk, "/a", b"x");
    sync_dir(&disk, "/");
    assert_eq!(after(&disk, PowerCut::Nothing), "/a=");
    file.sync().unwrap();
    assert_eq!(after(&disk, PowerCut::Nothing), "/a=x");
}

#[test]
fn sync_covers_what_was_appended_before_it_and_no_more() {
    let disk = SimDisk::new();
    let file = write(&disk, "/a", b"old");
    sync_dir(&disk, "/");
    file.sync().unwrap();
    file.append(b"new").unwrap();
    assert_eq!(after(&disk, PowerCut::Nothing), "/a=old");
    assert_eq!(after(&disk, PowerCut::Everything), "/a=oldnew");
}

#[test]
fn new_directory_is_lost_with_its_synced_files_until_its_parent_is_synced() {
    let disk = SimDisk::new();
    disk.make_dir(Path::new("/d")).unwrap();
    write(&disk, "/d/a", b"x").sync().unwrap();
    sync_dir(&disk, "/d");
    assert!(disk.fork().power_cut(PowerCut::Nothing).tree().is_empty());
    sync_dir(&disk, "/");
    assert_eq!(after(&disk, PowerCut::Nothing), "/d/a=x");
}

#[test]
fn parent_sync_does_not_make_the_entries_of_a_new_directory_durable() {
    let disk = SimDisk::new();
    disk.make_dir(Path::new("/d")).unwrap();
    write(&disk, "/d/a", b"x").sync().unwrap();
    sync_dir(&disk, "/");
    let disk = disk.power_cut(PowerCut::Nothing);
    assert_eq!(disk.tree().into_keys().collect::<Vec<_>>(), [Path::new("/d")]);
}

#[test]
fn file_system_sync_makes_all_files_and_entries_durable() {
    let disk = SimDisk::new();
    disk.make_dir(Path::new("/d")).unwrap();
    write(&disk, "/d/a", b"x");
    write(&disk, "/b", b"y");
    rename(&disk, "/b", "/c");
    disk.sync_file_system(Path::new("/d")).unwrap();
    assert_eq!(disk.unsynced(), 0);
    assert_eq!(after(&disk, PowerCut::Nothing), "/c=y /d/a=x");
}

#[test]
fn truncation_is_not_durable_before_a_sync() {
    let disk = SimDisk::new();
    let file = write(&disk, "/a", b"torn");
    disk.sync_file_system(Path::new("/")).unwrap();
    file.truncate(2).unwrap();
    assert_eq!(disk.read("/a").unwrap(), b"to");
    assert_eq!(after(&disk, PowerCut::Nothing), "/a=torn");
    file.sync().unwrap();
    assert_eq!(after(&disk, PowerCut::Nothing), "/a=to");
}

#[test]
fn appends_after_a_truncation_are_synced_over_what_was_cut() {
    let disk = SimDisk::new();
    let file = write(&disk, "/a", b"abcdef");
    disk.sync_file_system(Path::new("/")).unwrap();
    file.truncate(2).unwrap();
    file.append(b"XY").unwrap();
    assert_eq!(after(&disk, PowerCut::Only(1)), "/a=abXY");
    file.sync().unwrap();
    assert_eq!(after(&disk, PowerCut::Nothing), "/a=abXY");
}

#[test]
fn unlinked_file_stays_readable_and_writable_while_open() {
    let disk = SimDisk::new();
    let file = write(&disk, "/a", b"abc");
    disk.unlink(Path::new("/a")).unwrap();
    file.append(b"d").unwrap();
    let mut out = [0; 8];
    assert_eq!(file.read_at(1, &mut out).unwrap(), 3);
    assert_eq!(&out[..3], b"bcd");
    assert_eq!(disk.read("/a"), None);
    assert_eq!(disk.open(Path::new("/a")).err().unwrap().kind(), ErrorKind::NotFound);
}

#[test]
fn unlink_is_not_durable_before_the_directory_is_synced() {
    let disk = SimDisk::new();
    disk.write_file("/a", "x").unwrap();
    disk.unlink(Path::new("/a")).unwrap();
    assert_eq!(after(&disk, PowerCut::Nothing), "/a=x");
    sync_dir(&disk, "/");
    assert_eq!(after(&disk, PowerCut::Everything), "");
    assert_eq!(after(&disk, PowerCut::Nothing), "");
}

#[test]
fn content_that_no_name_leads_to_any_more_is_no_unsynced_operation() {
    let disk = SimDisk::new();
    write(&disk, "/a", b"x");
    disk.unlink(Path::new("/a")).unwrap();
    assert_eq!(disk.unsynced_operations(), ["link /a", "append /a 0..1", "unlink /a"]);
    sync_dir(&disk, "/");
    assert_eq!(disk.unsynced(), 0);
}

#[test]
fn open_file_stays_on_its_inode_when_its_name_is_given_to_another() {
    let disk = SimDisk::new();
    let old = write(&disk, "/current.wal", b"old");
    rename(&disk, "/current.wal", "/sealed.1.wal");
    let new = write(&disk, "/current.wal", b"new");
    old.append(b"!").unwrap();
    new.append(b"?").unwrap();
    assert_eq!(after(&disk, PowerCut::Everything), "/current.wal=new? /sealed.1.wal=old!");
}

#[test]
fn rename_replaces_only_when_told() {
    let disk = SimDisk::new();
    disk.write_file("/a", "a").unwrap();
    disk.write_file("/b", "b").unwrap();
    let (a, b) = (Path::new("/a"), Path::new("/b"));
    assert_eq!(disk.rename(a, b, Replace::No).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(disk.rename(Path::new("/c"), b, Replace::Yes).unwrap_err().kind(), ErrorKind::NotFound);
    disk.rename(a, b, Replace::Yes).unwrap();
    assert_eq!(after(&disk, PowerCut::Everything), "/b=a");
}

#[test]
fn create_and_make_dir_refuse_any_name_that_is_taken() {
    let disk = SimDisk::new();
    disk.write_file("/a", "a").unwrap();
    disk.write_dir("/d").unwrap();
    disk.write_other("/pipe").unwrap();
    for path in ["/a", "/d", "/pipe"] {
        assert_eq!(disk.create(Path::new(path)).err().unwrap().kind(), ErrorKind::AlreadyExists);
        assert_eq!(disk.make_dir(Path::new(path)).unwrap_err().kind(), ErrorKind::AlreadyExists);
    }
    assert_eq!(disk.create(Path::new("/x/a")).err().unwrap().kind(), ErrorKind::NotFound);
    assert_eq!(disk.create(Path::new("/a/a")).err().unwrap().kind(), ErrorKind::NotADirectory);
    assert_eq!(disk.make_dir(Path::new("/a/a")).unwrap_err().kind(), ErrorKind::NotADirectory);
    assert_eq!(disk.unsynced(), 0);
}

#[test]
fn only_regular_files_are_opened_and_directories_are_not_unlinked() {
    let disk = SimDisk::new();
    disk.write_dir("/d").unwrap();
    disk.write_other("/pipe").unwrap();
    assert_eq!(disk.open(Path::new("/d")).err().unwrap().kind(), ErrorKind::InvalidInput);
    assert_eq!(disk.open(Path::new("/pipe")).err().unwrap().kind(), ErrorKind::InvalidInput);
    assert_eq!(disk.unlink(Path::new("/d")).unwrap_err().kind(), ErrorKind::IsADirectory);
    assert_eq!(disk.unlink(Path::new("/none")).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn names_that_no_system_takes_are_refused() {
    let disk = SimDisk::new();
    let long = format!("/{}", "n".repeat(255));
    disk.create(Path::new(&long)).unwrap();
    let longer = format!("/{}", "n".repeat(256));
    assert_eq!(disk.create(Path::new(&longer)).err().unwrap().kind(), ErrorKind::InvalidFilename);
    assert_eq!(disk.create(Path::new("/a\0b")).err().unwrap().kind(), ErrorKind::InvalidInput);
}

#[test]
fn opened_file_is_for_reading_only() {
    let disk = SimDisk::new();
    disk.write_file("/a", "abc").unwrap();
    let file = disk.open(Path::new("/a")).unwrap();
    assert!(file.append(b"d").is_err());
    assert!(file.truncate(1).is_err());
    assert_eq!(file.len_bytes().unwrap(), 3);
    assert_eq!(file.read_at(3, &mut [0; 4]).unwrap(), 0);
    assert_eq!(file.read_at(u64::MAX, &mut [0; 4]).unwrap(), 0);
    file.sync().unwrap();
    assert_eq!(disk.read("/a").unwrap(), b"abc");
}

#[test]
fn list_gives_names_with_kinds_and_not_in_order() {
    let disk = SimDisk::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        disk.write_file(format!("/r/{name}"), "").unwrap();
    }
    disk.write_dir("/r/dir").unwrap();
    disk.write_other("/r/pipe").unwrap();
    let listed = disk.list(Path::new("/r")).unwrap();
    let mut sorted = listed.clone();
    sorted.sort();
    assert_ne!(listed, sorted);
    assert_eq!(sorted.len(), 8);
    assert!(sorted.contains(&Entry { name: "a".into(), kind: EntryKind::File }));
    assert!(sorted.contains(&Entry { name: "dir".into(), kind: EntryKind::Directory }));
    assert!(sorted.contains(&Entry { name: "pipe".into(), kind: EntryKind::Other }));
    assert_eq!(disk.list(Path::new("/r/a")).unwrap_err().kind(), ErrorKind::NotADirectory);
}

#[test]
fn relative_paths_start_at_the_root() {
    let disk = SimDisk::new();
    disk.make_dir(Path::new("d")).unwrap();
    write(&disk, "d/./a", b"x");
    disk.sync_dir(Path::new(".")).unwrap();
    disk.sync_dir(Path::new("d")).unwrap();
    assert_eq!(after(&disk, PowerCut::Nothing), "/d/a=");
    assert_eq!(disk.read("/d/../d/a").unwrap(), b"x");
}
