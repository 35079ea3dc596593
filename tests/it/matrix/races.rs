//! Row 18 of the matrix: several openers race for one root on the real file system. Locks belong to descriptors, so that
//! threads are to each other what processes are; `behaviour/lock.rs` has a second process.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};
use std::{fs, thread};

use treering_format_bin::BinFormat;
use treering_level::Sample;
use treering_persist::{LockError, OpenError, Options, OsStorage, Storage, Store, SyncPolicy};
use treering_tests::{Mismatch, Row, SeriesName, SplitMix64, held, options};

use super::replay;

const RACES: u64 = 1000;
const OPENERS: usize = 3;
/// Whoever is refused is told at once.
const AT_ONCE: Duration = Duration::from_secs(1);
const T: i64 = 1_700_000_000;
/// A lock is free at the latest so long after its store is dropped: until then a child that another test of this process
/// has just started, and that has not begun its own program yet, has a copy of the descriptor.
const FREE_AFTER: Duration = Duration::from_secs(5);
/// So often a lock is asked for while the directory is being replaced, before that must have been noticed once.
const LOCKS_MAX: u32 = 1_000_000;

#[test]
fn matrix_18_of_openers_that_race_for_one_root_never_two_have_it_and_nothing_is_lost() {
    let row = Row { number: 18, replay: &replay("matrix_18"), usual: RACES / 10, ci: RACES };
    row.run(|seed| {
        let dir = tempfile::tempdir().unwrap();
        // Every other race begins with a root that is not there yet.
        let root = dir.path().join("store");
        if seed % 2 == 0 {
            fs::create_dir(&root).unwrap();
        }
        race(&root, seed)
    });
}

/// One race: all openers begin at once, each has a few tries; whoever gets in writes a sample.
fn race(root: &Path, seed: u64) -> Result<(), Mismatch> {
    let barrier = Barrier::new(OPENERS);
    let inside = AtomicBool::new(false);
    let entered = AtomicU64::new(0);
    let opener = |number: usize| -> Result<BTreeSet<i64>, Mismatch> {
        let mut random = SplitMix64::new(seed ^ (u64::try_from(number).unwrap() << 32));
        let mut written = BTreeSet::new();
        barrier.wait();
        for _ in 0..3 {
            let began = Instant::now();
            let opened = open(root);
            let waited = began.elapsed();
            match opened {
                Ok(store) => {
                    if inside.swap(true, Ordering::SeqCst) {
                        return Err(Mismatch::new("two are in one store"));
                    }
                    let time_s = T + 60 * i64::try_from(entered.fetch_add(1, Ordering::SeqCst)).unwrap();
                    write(&store, time_s)?;
                    written.insert(time_s);
                    if random.index(2) == 0 {
                        store.close();
                    }
                    inside.store(false, Ordering::SeqCst);
                    drop(store);
                }
                Err(OpenError::Lock { source: LockError::Held { holder }, .. }) if waited < AT_ONCE => {
                    let me = std::process::id().to_string();
                    // It may have gone again before somebody looked who it was.
                    if holder.is_some_and(|holder| !holder.contains(&me)) {
                        return Err(Mismatch::new("another process is said to hold it"));
                    }
                }
                Err(error) => {
                    return Err(Mismatch::new(format!("refused after {waited:?}: {error:?}")));
                }
            }
            (0..random.index(200)).for_each(|_| std::hint::spin_loop());
        }
        Ok(written)
    };
    let results: Vec<Result<BTreeSet<i64>, Mismatch>> = thread::scope(|scope| {
        let opener = &opener;
        let threads: Vec<_> = (0..OPENERS).map(|number| scope.spawn(move || opener(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut expected = BTreeSet::new();
    for result in results {
        expected.extend(result?);
    }
    if expected.is_empty() {
        return Err(Mismatch::new("nobody got in"));
    }
    let store = open_when_free(root).map_err(|error| Mismatch::new(format!("afterwards: {error:?}")))?;
    let held = held(&store).remove(&SeriesName::new("alpha", "n1", &[], "load")).unwrap_or_default();
    let found: BTreeSet<i64> = held.samples.into_keys().collect();
    if found != expected {
        return Err(Mismatch::new(format!("{found:?} are there instead of {expected:?}")));
    }
    Ok(())
}

/// Whoever has locked a directory that is no longer the root has nothing: another one may have the root itself.
#[test]
fn matrix_18_root_that_is_replaced_while_it_is_being_locked_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("store");
    let others: [PathBuf; 2] = [0, 1].map(|number| dir.path().join(format!("other-{number}")));
    fs::create_dir(&root).unwrap();
    fs::create_dir(&others[0]).unwrap();
    let done = AtomicBool::new(false);
    // Nothing panics while the directories change places: the thread that changes them would not end then.
    let ended = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                fs::rename(&root, &others[1]).unwrap();
                fs::rename(&others[0], &root).unwrap();
                fs::rename(&others[1], &others[0]).unwrap();
            }
        });
        // Whoever looks at the descriptors of this process holds up their closing, and so the lock of a round ago.
        let goes_on = |error: &LockError| match error {
            LockError::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
            LockError::Held { .. } => true,
            _ => false,
        };
        let mut failed = (0..LOCKS_MAX).filter_map(|_| OsStorage::new().lock(&root).err());
        let ended = failed.find(|error| !goes_on(error));
        done.store(true, Ordering::Relaxed);
        ended
    });
    assert!(
        matches!(ended, Some(LockError::Replaced)),
        "case 0: of {LOCKS_MAX} locks none noticed that the root was replaced, but {ended:?}"
    );
}

fn open(root: &Path) -> Result<Store, OpenError> {
    let options = Options { root: root.to_owned(), ..options(SyncPolicy::Never, None) };
    Ok(Store::open(Arc::new(OsStorage::new()), options, vec![Box::new(BinFormat)])?.0)
}

fn open_when_free(root: &Path) -> Result<Store, OpenError> {
    let began = Instant::now();
    loop {
        match open(root) {
            Err(OpenError::Lock { source: LockError::Held { .. }, .. }) if began.elapsed() < FREE_AFTER => {}
            opened => return opened,
        }
    }
}

fn write(store: &Store, time_s: i64) -> Result<(), Mismatch> {
    let failed = |error: &dyn std::fmt::Display| Mismatch::new(format!("write: {error}"));
    let host = store.host("alpha", "n1").map_err(|error| failed(&error))?;
    let series = store.resolve(&host, &[], "load").map_err(|error| failed(&error))?;
    store.write(&host, &[Sample { series, time_s, value: 1.0 }]).map_err(|error| failed(&error))?;
    Ok(())
}
