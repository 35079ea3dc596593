//! Defects that rows of the matrix have found, each as the smallest run that shows it.

use std::sync::Arc;
use std::time::Duration;

use treering_level::Sample;
use treering_persist::{Options, Store, SyncPolicy, WriteError};
use treering_tests::{
    Errno, Fault, Faults, Operation, PowerCut, Rule, SeriesName, SimDisk, check_clean_stop, formats, held,
};

/// What the wall clock of a new disk says.
const T: i64 = 1_700_000_000;
const YEAR_H: u64 = 365 * 24;
const ROOT: &str = "/store";

/// A store that keeps samples for so many hours.
fn start_keeping(disk: &SimDisk, sync: SyncPolicy, hours: u64) -> Store {
    let retention = Some(Duration::from_secs(hours * 3600));
    let options = Options { sync, workers: 1, retention, ..Options::new(ROOT) };
    Store::open(Arc::new(disk.clone()), options, formats(sync)).unwrap().0
}

fn start(disk: &SimDisk, sync: SyncPolicy) -> Store {
    start_keeping(disk, sync, 1)
}

fn write(store: &Store, cluster: &str, host: &str, time_s: i64) -> Result<(), WriteError> {
    let host = store.host(cluster, host).unwrap();
    let series = store.resolve(&host, &[], "load").unwrap();
    let outcome = store.write(&host, &[Sample { series, time_s, value: 1.0 }])?;
    assert_eq!(outcome.stored, 1);
    Ok(())
}

/// Samples of each host that a start finds after the power was cut and nothing unsynced came through.
fn left_after_power_cut(disk: &SimDisk) -> Vec<(String, usize)> {
    let store = start(&disk.power_cut(PowerCut::Nothing), SyncPolicy::Always);
    held(&store)
        .into_iter()
        .map(|(name, held)| (format!("{}/{}", name.cluster, name.host), held.samples.len()))
        .collect()
}

fn names(disk: &SimDisk) -> Vec<String> {
    let in_host = |path: &std::path::PathBuf| path.starts_with(format!("{ROOT}/alpha/n1"));
    let paths = disk.tree().into_keys().filter(in_host).skip(1);
    paths.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}

fn fails(errno: Errno, operation: Operation, path: &str) -> Rule {
    Rule::once(0, Fault::Error(errno)).on(operation).path(path)
}

#[test]
fn matrix_03_snapshot_that_was_written_in_part_is_removed() {
    let disk = SimDisk::new();
    let store = start(&disk, SyncPolicy::Always);
    write(&store, "alpha", "n1", T).unwrap();
    disk.set_faults(fails(Errno::Eio, Operation::Append, ".tmp").into());
    assert_eq!(store.checkpoint().failed.len(), 1);
    assert_eq!(names(&disk), ["sealed.1.wal"]);
}

#[test]
fn matrix_03_unfinished_snapshot_that_could_not_be_removed_goes_with_the_next_checkpoint() {
    let disk = SimDisk::new();
    let store = start(&disk, SyncPolicy::Always);
    write(&store, "alpha", "n1", T).unwrap();
    disk.set_faults(Faults::none().with(fails(Errno::Eio, Operation::Append, ".tmp")).with(fails(
        Errno::Eio,
        Operation::Unlink,
        ".tmp",
    )));
    assert_eq!(store.checkpoint().failed.len(), 1);
    // An earlier sample gives the next snapshot another name.
    write(&store, "alpha", "n1", T - 600).unwrap();
    store.close();
    check_clean_stop(&disk, ROOT).unwrap();
}

#[test]
fn matrix_03_unfinished_snapshot_of_an_earlier_life_is_removed_at_the_second_try() {
    let disk = SimDisk::new();
    disk.write_file(format!("{ROOT}/alpha/n1/5.bin.tmp"), "").unwrap();
    let store = start(&disk, SyncPolicy::Always);
    disk.set_faults(fails(Errno::Eio, Operation::Unlink, ".tmp").into());
    assert_eq!(store.checkpoint().failed.len(), 1);
    store.close();
    check_clean_stop(&disk, ROOT).unwrap();
}

#[test]
fn matrix_03_log_that_was_read_and_could_not_be_opened_again_heals() {
    let disk = SimDisk::new();
    write(&start(&disk, SyncPolicy::Always), "alpha", "n1", T).unwrap();
    let disk = disk.crash();
    // The first time it is opened to be read, the second time to be synced.
    disk.set_faults(Rule::once(1, Fault::Error(Errno::Emfile)).on(Operation::Open).into());
    let store = start(&disk, SyncPolicy::Always);
    assert_eq!(store.health().degraded.len(), 1);
    assert!(store.heal().failed.is_empty());
    assert_eq!(store.health().degraded, []);
    assert_eq!(left_after_power_cut(&disk), [("alpha/n1".to_owned(), 1)]);
}

#[test]
fn matrix_05_log_stays_while_the_name_of_the_snapshot_that_covers_it_may_be_lost() {
    let disk = SimDisk::new();
    let store = start(&disk, SyncPolicy::Always);
    write(&store, "alpha", "n1", T).unwrap();
    // The process dies when the snapshot has its name, but not for good.
    disk.set_faults(Rule::from(1, Fault::Error(Errno::Eio)).on(Operation::SyncDir).into());
    assert_eq!(store.checkpoint().failed.len(), 1);
    assert!(names(&disk).iter().any(|name| name.ends_with(".bin")));
    let disk = disk.crash();
    disk.set_faults(Rule::once(0, Fault::SyncDrops).on(Operation::SyncDir).path("n1").into());
    let store = start(&disk, SyncPolicy::Always);
    store.checkpoint();
    assert!(write(&store, "alpha", "n1", T + 60).is_err());
    assert_eq!(left_after_power_cut(&disk), [("alpha/n1".to_owned(), 1)]);
}

#[test]
fn matrix_05_directory_whose_sync_failed_for_one_host_is_trusted_by_no_other() {
    let disk = SimDisk::new();
    let store = start(&disk, SyncPolicy::Always);
    write(&store, "beta", "n1", T).unwrap();
    disk.set_faults(Rule::once(0, Fault::SyncDrops).on(Operation::SyncDir).path(ROOT).into());
    assert!(write(&store, "alpha", "n1", T).is_err());
    let second = write(&store, "alpha", "n2", T);
    // What was durable before is not touched by it.
    write(&store, "beta", "n1", T + 60).unwrap();
    write(&store, "beta", "n2", T).unwrap();
    let left = left_after_power_cut(&disk);
    assert_eq!(left, [("beta/n1".to_owned(), 2), ("beta/n2".to_owned(), 1)]);
    assert!(second.is_err());
}

#[test]
fn matrix_05_segment_is_not_trusted_after_retention_failed_to_sync_its_directory() {
    let interval = SyncPolicy::Interval(Duration::from_secs(1));
    let disk = SimDisk::new();
    let store = start(&disk, interval);
    write(&store, "alpha", "n1", T).unwrap();
    store.checkpoint();
    disk.advance(Duration::from_secs(2 * 3600));
    write(&store, "alpha", "n1", T + 7200).unwrap();
    disk.set_faults(Rule::once(0, Fault::SyncDrops).on(Operation::SyncDir).into());
    assert_eq!(store.apply_retention().files_deleted, 1);
    assert!(store.sync().is_err() || !store.health().degraded.is_empty());
    assert!(store.heal().failed.is_empty());
    // The one that was to be deleted is there again, too.
    assert_eq!(left_after_power_cut(&disk), [("alpha/n1".to_owned(), 2)]);
}

/// A snapshot of two metrics at this time, with a flipped bit in the values of the second.
fn with_damaged_snapshot(time_s: i64) -> SimDisk {
    let disk = SimDisk::new();
    let store = start_keeping(&disk, SyncPolicy::Always, YEAR_H);
    for metric in ["load", "mem"] {
        put(&store, metric, time_s, 1.0).unwrap();
    }
    assert!(store.checkpoint().failed.is_empty());
    let path = format!("{ROOT}/alpha/n1/{time_s}.bin");
    let bytes = disk.read(&path).unwrap();
    let values: Vec<usize> =
        (0..bytes.len() - 4).filter(|at| bytes[*at..*at + 4] == 1.0_f32.to_le_bytes()).collect();
    disk.corrupt(&path, u64::try_from(values[1]).unwrap(), 1).unwrap();
    // A newer one, which is sound.
    put(&store, "load", T + 60, 2.0).unwrap();
    assert!(store.checkpoint().failed.is_empty());
    disk.crash()
}

fn put(store: &Store, metric: &str, time_s: i64, value: f32) -> Result<(), WriteError> {
    let host = store.host("alpha", "n1").unwrap();
    let series = store.resolve(&host, &[], metric).unwrap();
    store.write(&host, &[Sample { series, time_s, value }]).map(|_| ())
}

fn loads(store: &Store) -> Vec<(i64, f32)> {
    let held = held(store).remove(&SeriesName::new("alpha", "n1", &[], "load")).unwrap_or_default();
    held.samples.into_iter().map(|(time_s, bits)| (time_s, f32::from_bits(bits))).collect()
}

#[test]
fn matrix_13_what_was_written_over_a_sample_of_a_damaged_snapshot_stays() {
    // So long ago that no sound snapshot takes it up.
    let old_s = T - 60 * 300_000;
    for k in 0..60 {
        let disk = with_damaged_snapshot(old_s);
        let store = start_keeping(&disk, SyncPolicy::Always, YEAR_H);
        put(&store, "load", old_s, 3.0).unwrap();
        disk.stop_before(disk.operations() + k);
        store.checkpoint();
        drop(store);
        let store = start_keeping(&disk.crash(), SyncPolicy::Always, YEAR_H);
        assert_eq!(
            loads(&store),
            [(old_s, 3.0), (T + 60, 2.0)],
            "death before operation {k} of the checkpoint"
        );
    }
}

#[test]
fn matrix_13_series_of_a_damaged_snapshot_keeps_its_grid() {
    let disk = with_damaged_snapshot(T);
    let store = start(&disk, SyncPolicy::Always);
    disk.advance(Duration::from_secs(5 * 3600));
    let now_s = T + 5 * 3600;
    put(&store, "mem", now_s, 2.0).unwrap();
    store.apply_retention();
    put(&store, "load", now_s + 20, 3.0).unwrap();
    let before = loads(&store);
    drop(store);
    let after = loads(&start(&disk.crash(), SyncPolicy::Always));
    assert_eq!(after.last(), before.last());
}
