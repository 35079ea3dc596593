//! Row 7: no content of any file stops a start, costs another host anything, or is thrown away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use treering_persist::{FindingKind, Options, RecoveryReport, Storage, Store, SyncPolicy};
use treering_tests::{
    Errno, Fault, Faults, Held, Operation, PowerCut, Rule, SeriesName, SimDisk, SplitMix64, WatchedDisk,
    formats, held,
};

use super::{HOST, HOUR_S, ROOT, T, checkpoint, files, got, kill, options, put, snapshot};

/// So many samples of each life, one after the other.
const OF_A_LIFE: i64 = 20;
const HOSTS: [(&str, &str); 3] = [("alpha", "n1"), ("alpha", "n2"), ("beta", "n1")];

/// Reads both formats; writes JSON if there is no log.
fn open(storage: impl Storage + 'static, options: &Options) -> (Store, RecoveryReport) {
    Store::open(Arc::new(storage), options.clone(), formats(options.sync)).unwrap()
}

fn with(sync: SyncPolicy) -> Options {
    Options { sync, ..options() }
}

fn times_of(life: i64) -> impl Iterator<Item = i64> {
    (life * OF_A_LIFE..(life + 1) * OF_A_LIFE).map(|index| T - 10_000 + 10 * index)
}

fn write_life(store: &Store, life: i64) {
    for (cluster, host) in HOSTS {
        let host = store.host(cluster, host).unwrap();
        let series = store.resolve(&host, &["socket0"], "mem").unwrap();
        let samples: Vec<_> = times_of(life)
            .map(|time_s| treering_level::Sample { series, time_s, value: (time_s % 977) as f32 })
            .collect();
        assert_eq!(store.write(&host, &samples).unwrap().refused.total(), 0);
    }
}

/// Four lives, each of which leaves its samples in a file of another kind: `.bin`, `.json`, a sealed segment and
/// `current.wal`; by life, the file of `alpha/n1`.
fn all_kinds() -> (SimDisk, Vec<PathBuf>) {
    let mut disk = SimDisk::new();
    for (life, sync) in [SyncPolicy::Never, SyncPolicy::Unlogged, SyncPolicy::Never, SyncPolicy::Never]
        .into_iter()
        .enumerate()
    {
        let (store, report) = open(disk.clone(), &with(sync));
        assert_eq!(report.findings, []);
        write_life(&store, i64::try_from(life).unwrap());
        if life < 2 {
            checkpoint(&store);
        }
        disk = kill(&disk, store);
    }
    let ends = [".bin", ".json", ".wal"];
    let names: Vec<String> = ends.iter().flat_map(|end| files(&disk, end).into_iter().rev()).collect();
    assert!(names.len() == 4 && names[2].starts_with("sealed.") && names[3] == "current.wal", "{names:?}");
    let found = names.iter().map(|name| Path::new(HOST).join(name)).collect();
    (disk, found)
}

/// What a store that starts on a copy of the disk holds.
fn held_on(disk: &SimDisk) -> BTreeMap<SeriesName, Held> {
    held(&open(disk.fork(), &with(SyncPolicy::Never)).0)
}

/// What may stand in a file instead of `sound`.
fn replacements(sound: &[u8], others: &[Vec<u8>]) -> Vec<(String, Vec<u8>)> {
    let mut random = SplitMix64::new(7);
    let mut all = vec![
        ("nothing".to_owned(), Vec::new()),
        ("zeros".to_owned(), vec![0; sound.len()]),
        ("ones".to_owned(), vec![0xff; sound.len()]),
        ("brackets".to_owned(), vec![b'['; 100_000]),
        ("braces".to_owned(), b"{\"metrics\":{\"a\":".repeat(5_000)),
        ("text".to_owned(), b"this is not a file of a store\n".repeat(100)),
        ("it twice".to_owned(), sound.repeat(2)),
    ];
    for _ in 0..20 {
        let noise = (0..sound.len()).map(|_| random.next_u64().to_le_bytes()[0]).collect();
        all.push(("noise".to_owned(), noise));
        let cut = usize::try_from(random.below(u64::try_from(sound.len()).unwrap())).unwrap();
        all.push((format!("its first {cut} bytes"), sound[..cut].to_vec()));
        let mut holed = sound.to_vec();
        holed[cut..(cut + 64).min(sound.len())].fill(0);
        all.push((format!("it with a hole at {cut}"), holed));
    }
    for (index, other) in others.iter().enumerate() {
        all.push((format!("file {index} of the host"), other.clone()));
    }
    all
}

fn of_host(all: &BTreeMap<SeriesName, Held>, cluster: &str, host: &str) -> BTreeMap<SeriesName, Held> {
    all.iter()
        .filter(|(name, _)| name.is_of(cluster, host))
        .map(|(name, held)| (name.clone(), held.clone()))
        .collect()
}

/// Starts on a disk where `path`, of life `life`, has other content; `sound` is what all hosts held before.
fn start_on_replaced(disk: &SimDisk, path: &Path, life: usize, sound: &BTreeMap<SeriesName, Held>) {
    let (store, _) = open(disk.clone(), &with(SyncPolicy::Never));
    let now = held(&store);
    for (cluster, host) in &HOSTS[1..] {
        assert_eq!(of_host(&now, cluster, host), of_host(sound, cluster, host));
    }
    let samples: BTreeMap<i64, f32> = got(&store, "mem").into_iter().collect();
    for other in (0..4).filter(|other| *other != life) {
        for time_s in times_of(i64::try_from(other).unwrap()) {
            assert_eq!(samples.get(&time_s), Some(&((time_s % 977) as f32)), "{time_s} of life {other}");
        }
    }
    // Everything that was damaged is named, and put aside as it is once what was sound in it is safe.
    let damaged = store.health().damaged;
    let unlike = samples.iter().find(|(time_s, value)| **value != (*time_s % 977) as f32);
    // A binary snapshot whose checksums are damaged is read as the reference's, which has none.
    let unchecked = damaged.len() == 1 && path.extension().is_some_and(|extension| extension == "bin");
    assert!(unlike.is_none() || unchecked, "{unlike:?}");
    assert!(damaged.iter().all(|file| file.path == path && file.set_aside.is_none()), "{damaged:?}");
    let content = disk.read(path).unwrap();
    let before = got(&store, "mem");
    assert!(store.close().failed.is_empty());
    drop(store);
    let after = disk.power_cut(PowerCut::Nothing);
    let (store, report) = open(after.clone(), &with(SyncPolicy::Never));
    assert_eq!((got(&store, "mem"), report.has_damage()), (before, false), "{report:?}");
    if !damaged.is_empty() {
        let quarantined =
            after.tree().into_keys().filter(|path| path.starts_with(format!("{HOST}/quarantine")));
        let contents: Vec<_> = quarantined.filter_map(|path| after.read(&path)).collect();
        assert_eq!(contents, [content]);
    }
}

#[test]
fn row_07_no_bytes_in_place_of_any_file_stop_a_start_or_cost_another_host_anything() {
    let (disk, kinds) = all_kinds();
    let sound = held_on(&disk);
    let contents: Vec<Vec<u8>> = kinds.iter().map(|path| disk.read(path).unwrap()).collect();
    for (life, path) in kinds.iter().enumerate() {
        for (what, bytes) in replacements(&contents[life], &contents) {
            println!("{what} in {}", path.display());
            let disk = disk.crash();
            disk.write_file(path, bytes).unwrap();
            start_on_replaced(&disk, path, life, &sound);
        }
    }
}

#[test]
fn row_07_damaged_file_is_in_place_until_a_durable_snapshot_has_what_was_sound_in_it() {
    let (disk, kinds) = all_kinds();
    for path in &kinds {
        let mut bytes = disk.read(path).unwrap();
        // In the middle of a log, where sound records follow; in the trailer of a snapshot, or its last column.
        let is_log = path.extension().is_some_and(|extension| extension == "wal");
        let hole = if is_log { bytes.len() / 2 } else { bytes.len() - 40 };
        bytes[hole..hole + 10].fill(0);
        let disk = disk.crash();
        disk.write_file(path, bytes.clone()).unwrap();
        let (store, report) = open(disk.fork(), &with(SyncPolicy::Never));
        let (salvaged, damaged) = (got(&store, "mem"), report.has_damage());
        assert!(damaged, "{}", path.display());
        drop(store);
        for k in 0.. {
            let disk = disk.crash();
            let (store, _) = open(disk.clone(), &with(SyncPolicy::Never));
            disk.stop_before(disk.operations() + k);
            store.checkpoint();
            let (health, finished) = (store.health(), !disk.died());
            drop(store);
            for cut in [PowerCut::Nothing, PowerCut::Everything, PowerCut::Zeroed, PowerCut::Random(k)] {
                let disk = disk.power_cut(cut);
                let kept =
                    disk.tree().into_keys().any(|path| disk.read(path).is_some_and(|kept| kept == bytes));
                let (store, _) = open(disk, &with(SyncPolicy::Never));
                let when = format!("{}, {cut} before operation {k}", path.display());
                assert_eq!((got(&store, "mem"), kept), (salvaged.clone(), true), "{when}");
            }
            if finished {
                assert!(health.damaged.iter().all(|file| file.set_aside.is_some()), "{health:?}");
                break;
            }
        }
    }
}

#[test]
fn row_07_file_that_cannot_be_read_is_told_stays_and_costs_nothing_once_it_can() {
    let (disk, kinds) = all_kinds();
    let sound = held_on(&disk);
    for path in &kinds {
        let (disk, content) = (disk.crash(), disk.read(path).unwrap());
        let name = path.file_name().unwrap().to_str().unwrap();
        let failing =
            Rule::from(0, Fault::Error(Errno::Eio)).on(Operation::ReadAt).path(path.to_str().unwrap());
        disk.set_faults(Faults::none().with(failing));
        let (store, report) = open(disk.clone(), &with(SyncPolicy::Never));
        let [finding] = &report.findings[..] else { panic!("{name}: {:?}", report.findings) };
        assert_eq!((finding.kind, &finding.path), (FindingKind::Unreadable, path));
        assert!(!report.has_damage());
        let degraded = store.health().degraded;
        assert!(
            matches!(&degraded[..], [host] if host.host == "n1" && host.why.contains(name)),
            "{degraded:?}"
        );
        assert!(held(&store).iter().filter(|(name, _)| !name.is_of("alpha", "n1")).count() > 0);
        store.checkpoint();
        store.close();
        drop(store);
        disk.set_faults(Faults::none());
        assert!(disk.tree().into_keys().any(|path| disk.read(&path).as_ref() == Some(&content)), "{name}");
        let (store, report) = open(disk.clone(), &with(SyncPolicy::Never));
        assert_eq!((report.findings, held(&store) == sound), (vec![], true), "{name}");
    }
}

/// The snapshot covers the first segments, and nobody knew when the new one got its number: wherever a checkpoint ends, that
/// must not be one that is covered.
#[test]
fn row_07_what_is_written_while_a_snapshot_cannot_be_read_counts_when_it_can() {
    let disk = SimDisk::new();
    let (store, _) = open(disk.clone(), &with(SyncPolicy::Never));
    put(&store, "mem", &[(T, 1.0)]);
    checkpoint(&store);
    let before = kill(&disk, store);
    for k in 0.. {
        let disk = before.crash();
        let failing = Rule::from(0, Fault::Error(Errno::Eio)).on(Operation::ReadAt).path(".bin");
        disk.set_faults(Faults::none().with(failing));
        let (store, _) = open(disk.clone(), &with(SyncPolicy::Never));
        put(&store, "mem", &[(T, 2.0)]);
        disk.stop_before(disk.operations() + k);
        store.checkpoint();
        let finished = !disk.died();
        let disk = kill(&disk, store);
        disk.set_faults(Faults::none());
        let (store, _) = open(disk, &with(SyncPolicy::Never));
        assert_eq!(got(&store, "mem"), [(T, 2.0)], "before operation {k}");
        if finished {
            assert!(k > 3, "{k}");
            break;
        }
    }
}

#[test]
fn row_07_stray_entries_and_odd_names_on_every_level_are_reported_and_left_alone() {
    let (disk, _) = all_kinds();
    let sound = held_on(&disk);
    let strays = [
        "stray",
        "alpha/stray.bin",
        "alpha/n1/x.bin",
        "alpha/n1/.bin",
        "alpha/n1/1.bin~",
        "alpha/n1/1e9.json",
    ];
    let links = ["alpha/n1/5.bin", "alpha/n1/link", "alpha/link"];
    for stray in strays {
        disk.write_file(format!("{ROOT}/{stray}"), b"\xff\x00".repeat(50)).unwrap();
    }
    for link in links {
        disk.write_other(format!("{ROOT}/{link}")).unwrap();
    }
    disk.make_dir(format!("{ROOT}/alpha/n1/7.bin").as_ref()).unwrap();
    let (store, report) = open(disk.clone(), &with(SyncPolicy::Never));
    assert_eq!(held(&store), sound);
    let foreign = report.findings.iter().filter(|finding| finding.kind == FindingKind::Foreign).count();
    assert_eq!((foreign, report.findings.len()), (strays.len() + links.len(), strays.len() + links.len()));
    assert!(store.health().is_good());
    put(&store, "mem", &[(T, 1.0)]);
    checkpoint(&store);
    for stray in strays {
        assert_eq!(disk.read(format!("{ROOT}/{stray}")), Some(b"\xff\x00".repeat(50)), "{stray}");
    }
}

#[test]
fn row_07_every_file_is_replaced_whole() {
    for sync in [SyncPolicy::Never, SyncPolicy::Unlogged] {
        let disk = SimDisk::new();
        let written: Arc<Mutex<Vec<String>>> = Arc::default();
        let watched = {
            let written = Arc::clone(&written);
            WatchedDisk::new(&disk, move |operation, path| {
                if matches!(operation, Operation::Append | Operation::Create | Operation::Truncate) {
                    written.lock().unwrap().push(path.to_owned());
                }
            })
        };
        let (store, _) = open(watched, &with(sync));
        for life in [3, 2, 0, 1] {
            // The later ones are late samples: files that are there are written anew.
            write_life(&store, life);
            checkpoint(&store);
        }
        let written = written.lock().unwrap();
        let snapshots: Vec<_> = written.iter().filter(|path| !path.ends_with("current.wal")).collect();
        assert!(snapshots.len() > 12 && snapshots.iter().all(|path| path.ends_with(".tmp")), "{snapshots:?}");
    }
}

/// A file of the reference's has no checksums: an interval may be anything, and a file that is rewritten is as long as
/// its columns reach.
#[test]
fn row_07_column_that_a_damaged_interval_spreads_over_the_ages_is_set_aside_with_its_file() {
    let disk = SimDisk::new();
    let (first_s, next_s) = (T - 2 * HOUR_S, T - HOUR_S);
    let spread = ("load", 60 + (0xb2 << 24), first_s, &[1.0, 2.0, 3.0][..]);
    let sound = ("mem", 10, first_s, &[4.0][..]);
    let bytes = snapshot(first_s, next_s, &[spread, sound]);
    disk.write_file(format!("{HOST}/{first_s}.bin"), &bytes).unwrap();
    let newer = snapshot(next_s, T, &[("load", 60, next_s, &[7.0])]);
    disk.write_file(format!("{HOST}/{next_s}.bin"), newer).unwrap();

    let (store, report) = open(disk.clone(), &options());
    assert!(report.findings[0].what.contains("3 values at 2986344508 s"), "{report:?}");
    put(&store, "load", &[(next_s - 600, 8.0)]);
    put(&store, "mem", &[(first_s - 10, 9.0)]);
    checkpoint(&store);
    let disk = kill(&disk, store);
    assert_eq!(disk.read(format!("{HOST}/quarantine/{first_s}.bin")).unwrap(), bytes);
    assert!(
        files(&disk, ".bin")
            .iter()
            .all(|name| disk.read(format!("{HOST}/{name}")).unwrap_or_default().len() < 1 << 20)
    );

    let (store, report) = open(disk, &options());
    assert_eq!(report.findings, []);
    assert_eq!(got(&store, "load"), [(next_s - 600, 8.0), (next_s, 7.0)]);
    assert_eq!(got(&store, "mem"), [(first_s - 10, 9.0), (first_s, 4.0)]);
}
