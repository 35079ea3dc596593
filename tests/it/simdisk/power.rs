//! What a power cut may leave of what was not synced.

use std::collections::BTreeSet;
use std::path::Path;

use treering_persist::Storage;
use treering_tests::{PowerCut, SimDisk};

use super::{after, rename, sync_dir, write};

/// A checkpoint that forgot to sync: the new snapshot is renamed into place and the segment that it covers
/// unlinked.
fn unsynced_checkpoint() -> SimDisk {
    let disk = SimDisk::new();
    disk.write_file("/sealed.1.wal", "log").unwrap();
    write(&disk, "/1.bin.tmp", b"snapshot");
    rename(&disk, "/1.bin.tmp", "/1.bin");
    disk.unlink(Path::new("/sealed.1.wal")).unwrap();
    assert_eq!(
        disk.unsynced_operations(),
        ["link /1.bin.tmp", "append /1.bin 0..8", "rename /1.bin.tmp -> /1.bin", "unlink /sealed.1.wal"]
    );
    disk
}

/// A file of `durable` bytes `d`, and appends of `lens` bytes `a`, `b`, ...
fn appended(durable: usize, lens: &[usize]) -> SimDisk {
    let disk = SimDisk::new();
    let file = write(&disk, "/f", &vec![b'd'; durable]);
    disk.sync_file_system(Path::new("/")).unwrap();
    for (letter, len) in (b'a'..).zip(lens) {
        file.append(&vec![letter; *len]).unwrap();
    }
    disk
}

/// The content of `/f` after a power cut in runs, as in `60d 452. 10b`; a dot stands for a zero.
fn runs(disk: &SimDisk, choice: PowerCut) -> String {
    let bytes = disk.fork().power_cut(choice).read("/f").unwrap();
    let letter = |byte: u8| if byte == 0 { '.' } else { char::from(byte) };
    let runs = bytes.chunk_by(|a, b| a == b).map(|run| format!("{}{}", run.len(), letter(run[0])));
    runs.collect::<Vec<_>>().join(" ")
}

#[test]
fn rename_without_file_sync_can_leave_an_empty_file() {
    assert_eq!(after(&unsynced_checkpoint(), PowerCut::Only(2)), "/1.bin= /sealed.1.wal=log");
}

#[test]
fn rename_without_file_sync_can_leave_a_file_of_zeros() {
    assert_eq!(after(&unsynced_checkpoint(), PowerCut::Zeroed), "/1.bin=\0\0\0\0\0\0\0\0");
}

#[test]
fn unlink_may_survive_while_the_rename_before_it_is_lost() {
    let disk = unsynced_checkpoint();
    assert_eq!(after(&disk, PowerCut::AllBut(2)), "/1.bin.tmp=snapshot");
    assert_eq!(after(&disk, PowerCut::Only(3)), "");
}

#[test]
fn rename_may_survive_while_the_creation_before_it_is_lost() {
    assert_eq!(after(&unsynced_checkpoint(), PowerCut::AllBut(0)), "/1.bin=snapshot");
}

#[test]
fn numbers_past_the_end_mean_nothing_and_everything() {
    let disk = unsynced_checkpoint();
    assert_eq!(disk.unsynced(), 4);
    assert_eq!(after(&disk, PowerCut::Only(4)), after(&disk, PowerCut::Nothing));
    assert_eq!(after(&disk, PowerCut::AllBut(4)), after(&disk, PowerCut::Everything));
    assert_ne!(after(&disk, PowerCut::Nothing), after(&disk, PowerCut::Everything));
}

#[test]
fn listed_power_cuts_are_all_that_take_no_seed() {
    let disk = unsynced_checkpoint();
    let cuts = disk.power_cuts();
    assert_eq!(cuts.len(), 3 + 2 * 4);
    assert!(cuts.contains(&PowerCut::Only(3)) && cuts.contains(&PowerCut::AllBut(0)));
    let states: BTreeSet<String> = cuts.into_iter().map(|cut| after(&disk, cut)).collect();
    assert!(states.len() > 7, "{states:?}");
}

#[test]
fn rename_in_one_directory_leaves_exactly_one_of_both_names() {
    let disk = SimDisk::new();
    disk.write_file("/a", "x").unwrap();
    write(&disk, "/noise", b"");
    rename(&disk, "/a", "/b");
    disk.unlink(Path::new("/noise")).unwrap();
    for seed in 0..200 {
        let disk = disk.fork().power_cut(PowerCut::Random(seed));
        assert!(disk.read("/a").is_some() != disk.read("/b").is_some(), "seed {seed}");
    }
}

#[test]
fn replacing_rename_leaves_the_old_or_the_new_file_under_the_name() {
    let disk = SimDisk::new();
    disk.write_file("/1.bin", "old").unwrap();
    write(&disk, "/1.bin.tmp", b"new").sync().unwrap();
    sync_dir(&disk, "/");
    rename(&disk, "/1.bin.tmp", "/1.bin");
    assert_eq!(after(&disk, PowerCut::Nothing), "/1.bin=old /1.bin.tmp=new");
    assert_eq!(after(&disk, PowerCut::Everything), "/1.bin=new");
}

#[test]
fn name_that_was_given_away_and_used_again_unsynced_can_lose_its_file() {
    let disk = SimDisk::new();
    disk.write_file("/current.wal", "old").unwrap();
    rename(&disk, "/current.wal", "/sealed.1.wal");
    write(&disk, "/current.wal", b"");
    assert_eq!(after(&disk, PowerCut::AllBut(0)), "/current.wal=");

    let disk = SimDisk::new();
    disk.write_file("/current.wal", "old").unwrap();
    rename(&disk, "/current.wal", "/sealed.1.wal");
    sync_dir(&disk, "/");
    write(&disk, "/current.wal", b"");
    assert_eq!(after(&disk, PowerCut::Nothing), "/sealed.1.wal=old");
}

#[test]
fn rename_between_directories_is_atomic_until_one_of_them_is_synced() {
    let disk = SimDisk::new();
    disk.write_file("/h/1.bin", "x").unwrap();
    disk.write_dir("/h/q").unwrap();
    rename(&disk, "/h/1.bin", "/h/q/1.bin");
    assert_eq!(disk.unsynced_operations(), ["rename /h/1.bin -> /h/q/1.bin"]);
    assert_eq!(after(&disk, PowerCut::Nothing), "/h/1.bin=x");
    assert_eq!(after(&disk, PowerCut::Everything), "/h/q/1.bin=x");

    let target_first = disk.fork();
    sync_dir(&target_first, "/h/q");
    assert_eq!(target_first.unsynced_operations(), ["unlink /h/1.bin"]);
    assert_eq!(after(&target_first, PowerCut::Nothing), "/h/1.bin=x /h/q/1.bin=x");

    sync_dir(&disk, "/h");
    assert_eq!(disk.unsynced_operations(), ["link /h/q/1.bin"]);
    assert_eq!(after(&disk, PowerCut::Nothing), "");
}

#[test]
fn lost_append_before_one_that_arrived_leaves_zeros_up_to_its_sector() {
    let disk = appended(60, &[1000, 1000]);
    assert_eq!(disk.unsynced(), 2);
    // The second begins at 1,060: its first sector, from 1,024 on, holds the end of the first, too.
    assert_eq!(runs(&disk, PowerCut::Only(1)), "60d 964. 36a 1000b");
    assert_eq!(runs(&disk, PowerCut::Only(0)), "60d 1000a");
}

#[test]
fn appends_that_share_a_sector_are_not_torn_apart() {
    let disk = appended(60, &[60, 60]);
    assert_eq!(runs(&disk, PowerCut::Only(1)), "60d 60a 60b");
    assert_eq!(runs(&disk, PowerCut::AllBut(0)), "60d 60a 60b");
}

#[test]
fn length_can_arrive_without_the_data() {
    assert_eq!(runs(&appended(60, &[60, 600]), PowerCut::Zeroed), "60d 660.");
}

#[test]
fn torn_data_is_lost_in_blocks_at_their_boundaries() {
    for block_bytes in [512, 4096] {
        let disk = appended(100, &[20_000]);
        let mut seen = BTreeSet::new();
        for seed in 0..50 {
            let disk = disk.fork().power_cut(PowerCut::Torn { block_bytes, seed });
            let bytes = disk.read("/f").unwrap();
            assert_eq!(bytes.len(), 20_100);
            assert!(bytes[..100].iter().all(|byte| *byte == b'd'));
            for (block, chunk) in bytes.chunks(block_bytes).enumerate() {
                let appended = if block == 0 { &chunk[100..] } else { chunk };
                assert!(appended.iter().all(|byte| *byte == appended[0]), "seed {seed}, block {block}");
                seen.insert((block, appended[0]));
            }
        }
        assert_eq!(
            seen.len(),
            2 * 20_100_usize.div_ceil(block_bytes),
            "each block is lost now and kept then"
        );
    }
}

#[test]
fn lost_truncation_brings_back_the_old_tail() {
    let disk = SimDisk::new();
    let file = write(&disk, "/f", &[b'd'; 2000]);
    disk.sync_file_system(Path::new("/")).unwrap();
    file.truncate(100).unwrap();
    file.append(&[b'a'; 60]).unwrap();
    assert_eq!(runs(&disk, PowerCut::Nothing), "2000d");
    assert_eq!(runs(&disk, PowerCut::Only(0)), "100d");
    assert_eq!(runs(&disk, PowerCut::Only(1)), "100d 60a");
}

#[test]
fn durable_bytes_survive_every_cut_after_appends() {
    let disk = appended(700, &[10, 600, 5000, 1, 9000]);
    for seed in 0..500 {
        let bytes = disk.fork().power_cut(PowerCut::Random(seed)).read("/f").unwrap();
        assert!(bytes.len() >= 700 && bytes[..700].iter().all(|byte| *byte == b'd'), "seed {seed}");
    }
}

#[test]
fn random_cuts_reach_torn_short_zeroed_whole_and_lost_files() {
    let disk = appended(0, &[10_000]);
    let (mut lost, mut zeroed, mut short, mut holes, mut whole) = (0, 0, 0, 0, 0);
    for seed in 0..400 {
        let bytes = disk.fork().power_cut(PowerCut::Random(seed)).read("/f").unwrap();
        let kept = bytes.iter().filter(|byte| **byte == b'a').count();
        match (bytes.len(), kept) {
            (0, _) => lost += 1,
            (10_000, 0) => zeroed += 1,
            (10_000, 10_000) => whole += 1,
            (10_000, _) => holes += 1,
            (len, kept) => {
                assert_eq!(len % 512, 0);
                assert_eq!(kept, len);
                short += 1;
            }
        }
    }
    assert!([lost, zeroed, short, holes, whole].iter().all(|count| *count > 10));
}

#[test]
fn random_cuts_reach_every_subset_of_entry_operations() {
    let disk = SimDisk::new();
    for name in ["/a", "/b", "/c", "/d"] {
        write(&disk, name, b"");
    }
    let subsets: BTreeSet<String> = (0..400).map(|seed| after(&disk, PowerCut::Random(seed))).collect();
    assert_eq!(subsets.len(), 16);
}

#[test]
fn same_seed_gives_the_same_disk() {
    let disk = appended(10, &[9000, 100, 20_000]);
    let states: BTreeSet<String> = (0..50).map(|seed| runs(&disk, PowerCut::Random(seed))).collect();
    assert!(states.len() > 10);
    for seed in 0..50 {
        assert_eq!(runs(&disk, PowerCut::Random(seed)), runs(&disk, PowerCut::Random(seed)));
    }
}

#[test]
fn all_that_comes_up_after_a_power_cut_is_durable() {
    let disk = unsynced_checkpoint().power_cut(PowerCut::Everything);
    assert_eq!(disk.unsynced(), 0);
    assert_eq!(after(&disk, PowerCut::Nothing), "/1.bin=snapshot");
    disk.open(Path::new("/1.bin")).unwrap();
    assert_eq!(disk.take_trace(), ["open /1.bin"]);
}
