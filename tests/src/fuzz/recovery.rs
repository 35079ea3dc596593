//! A whole store that is opened from any files.
//!
//! ```text
//! input = options (1 byte), then files
//! file  = place (1 byte), [name length (1 byte), name,] length (2 bytes, little endian), content
//! ```
//!
//! The last content may be shorter than it says. A place is an index into `PLACES`, modulo their number.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use treering_level::{Query, Sample, Selector};
use treering_persist::{CheckpointError, Options, RecoveryReport, Store, SyncPolicy, WriteError};

use super::memory::Memory;
use super::{broken, number};
use crate::held::{Held, SeriesName, held};
use crate::life::{formats, options};

/// What time it is.
const NOW_S: i64 = 1_700_010_000;
/// Where the store is, and the host that is written to.
const ROOT: &str = "/s";
const HOST: &str = "/s/c/h";
const METRIC: &str = "load";
/// What is written.
const VALUE: f32 = 1.5;
/// A longer input is cut into no more files than this.
const FILES_MAX: usize = 16;

/// Where a file of the input goes.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Into the host's directory, by this name.
    Named(&'static str),
    /// Into the host's directory, by the name that follows.
    Host,
    /// Into the directory of another host, as `current.wal`; the host's name follows.
    OtherHost,
    /// Into the root, by the path that follows, which may lead anywhere below.
    Root,
    /// A directory in the host's directory, by the name that follows; it has no content.
    Directory,
    /// A link, pipe or device in the host's directory, by the name that follows; it has no content.
    Other,
}

const PLACES: [Place; 16] = [
    Place::Named("current.wal"),
    Place::Named("sealed.1.wal"),
    Place::Named("sealed.2.wal"),
    Place::Named("sealed.9.wal"),
    Place::Named("1700000000.bin"),
    Place::Named("1700003600.bin"),
    Place::Named("1700007200.bin"),
    Place::Named("1700000000.json"),
    Place::Named("1700003600.json"),
    Place::Named("1700007200.json"),
    Place::Named("1700007200.bin.tmp"),
    Place::Host,
    Place::OtherHost,
    Place::Root,
    Place::Directory,
    Place::Other,
];

type All = BTreeMap<SeriesName, Held>;

/// Properties:
/// - the store starts, and a second start finds the same;
/// - a sample is stored, is answered, and changes nothing else;
/// - a checkpoint changes nothing in memory;
/// - after a clean stop the next start finds the same samples, bit by bit, and so does one after another clean stop.
///   Only where a stop says that a host could not be written, and there is no log, is it not so.
///   A series keeps its grid, unless a file is damaged: its newest column may then be another one, of another phase.
///
/// # Panics
/// If one of them does not hold.
pub fn check(input: &[u8]) {
    let (sync, files) = match input.split_first() {
        Some((first, files)) => (policy(*first), files),
        None => return,
    };
    let options = Options { root: PathBuf::from(ROOT), ..options(sync, None) };
    let storage = Memory::new(NOW_S);
    storage.put_dir(Path::new(HOST));
    lay(&storage, files);

    let (mut store, report) = open(&storage, &options);
    assert!(report.findings.iter().all(|finding| !finding.what.contains('\n')), "{:?}", report.findings);
    // Each start costs as much as all the rest: an input is tried in one of these ways.
    let way = number(input) % 4;
    if way == 0 {
        let found = held(&store);
        drop(store);
        (store, _) = open(&storage, &options);
        same(&held(&store), &found, "a second start", sync);
    }

    let has_no_log = storage.is_obstructed(&Path::new(HOST).join("current.wal"));
    write(&store, has_no_log);
    let mut written = held(&store);
    is_answered(&store);
    if way == 1 {
        store.checkpoint();
        same(&held(&store), &written, "a checkpoint", sync);
    }
    let kept = close(&store, &storage);
    drop(store);
    if !kept && (has_no_log || sync == SyncPolicy::Unlogged) {
        return;
    }

    let (store, _) = open(&storage, &options);
    let mut again = held(&store);
    if report.has_damage() {
        let found = again.clone();
        again.retain(|name, held| written.get(name).is_none_or(|written| has_grid_of(held, written)));
        written.retain(|name, held| found.get(name).is_none_or(|found| has_grid_of(held, found)));
    }
    same(&again, &written, "a clean stop", sync);
    if way == 2 {
        let written = held(&store);
        close(&store, &storage);
        drop(store);
        let (store, _) = open(&storage, &options);
        same(&held(&store), &written, "another clean stop", sync);
    }
}

fn policy(byte: u8) -> SyncPolicy {
    match byte % 4 {
        0 | 1 => SyncPolicy::Never,
        2 => SyncPolicy::Always,
        _ => SyncPolicy::Unlogged,
    }
}

/// Cuts the input into files, and puts them where they say.
fn lay(storage: &Memory, files: &[u8]) {
    let mut rest = files;
    for _ in 0..FILES_MAX {
        let Some((place, behind)) = rest.split_first() else { return };
        rest = behind;
        let place = PLACES[usize::from(*place) % PLACES.len()];
        let name = match place {
            Place::Named(name) => OsStr::new(name),
            _ => name(&mut rest),
        };
        let host = Path::new(HOST);
        match place {
            Place::Named(_) => storage.put(&host.join(name), content(&mut rest)),
            Place::Host => storage.put(&host.join(one_name(name)), content(&mut rest)),
            Place::OtherHost => {
                let path = Path::new(ROOT).join("c").join(one_name(name)).join("current.wal");
                storage.put(&path, content(&mut rest));
            }
            Place::Root => storage.put(&below_root(name), content(&mut rest)),
            Place::Directory => storage.put_dir(&host.join(one_name(name))),
            Place::Other => storage.put_other(&host.join(one_name(name))),
        }
    }
}

fn name<'a>(rest: &mut &'a [u8]) -> &'a OsStr {
    let Some((len, behind)) = rest.split_first() else { return OsStr::new("x") };
    let (name, behind) = behind.split_at(usize::from(*len).min(behind.len()));
    *rest = behind;
    OsStr::from_bytes(name)
}

fn content<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let Some((len, behind)) = rest.split_first_chunk::<2>() else { return std::mem::take(rest) };
    let (content, behind) = behind.split_at(usize::from(u16::from_le_bytes(*len)).min(behind.len()));
    *rest = behind;
    content
}

/// What a directory can hold: a name that is none becomes another one.
fn one_name(name: &OsStr) -> &OsStr {
    let is_one = Path::new(name).components().count() == 1 && Path::new(name).file_name() == Some(name);
    let fits = name.len() <= 255 && !name.as_bytes().contains(&0);
    if is_one && fits { name } else { OsStr::new("x") }
}

fn below_root(path: &OsStr) -> PathBuf {
    let names = path.as_bytes().split(|byte| *byte == b'/');
    names.fold(PathBuf::from(ROOT), |path, name| path.join(one_name(OsStr::from_bytes(name))))
}

fn open(storage: &Memory, options: &Options) -> (Store, RecoveryReport) {
    let opened = Store::open(Arc::new(storage.clone()), options.clone(), formats(options.sync));
    match opened {
        Ok(opened) => opened,
        Err(error) => broken(format_args!("no content may stop a start: {error}")),
    }
}

/// Where no log can be made the sample is stored all the same, and whoever wrote it is told.
fn write(store: &Store, has_no_log: bool) {
    let host = store.host("c", "h").unwrap_or_else(|error| broken(format_args!("{error}")));
    let series = store.resolve(&host, &[], METRIC).unwrap_or_else(|error| broken(format_args!("{error}")));
    let outcome = store.write(&host, &[Sample { series, time_s: NOW_S, value: VALUE }]);
    match outcome {
        Ok(outcome) => assert!(outcome.stored == 1, "{outcome:?}"),
        Err(WriteError::NotLogged(not)) if has_no_log => assert!(not.outcome.stored == 1, "{not:?}"),
        Err(error) => broken(format_args!("{error:?}")),
    }
}

/// A clean stop. False if some host could not be written, and why it cannot is one of the reasons that there may be:
/// no number is left for a snapshot, or damaged files can go nowhere.
fn close(store: &Store, storage: &Memory) -> bool {
    let failed = store.close().failed;
    for host in &failed {
        let no_stem_left = matches!(host.error, CheckpointError::NoStemLeft { .. });
        let quarantine = Path::new(ROOT).join(&host.cluster).join(&host.host).join("quarantine");
        assert!(no_stem_left || storage.is_no_directory(&quarantine), "{:?}", host.error);
    }
    failed.is_empty()
}

fn is_answered(store: &Store) {
    let path = vec![Selector::Exact("c".to_owned()), Selector::Exact("h".to_owned())];
    let query = Query { path, metric: METRIC.to_owned(), from_s: NOW_S - 3600, to_s: NOW_S + 3600 };
    let answer = store.read(&query);
    let is_there = |values: &[f32]| values.iter().any(|value| value.to_bits() == VALUE.to_bits());
    assert!(answer.as_ref().is_ok_and(|answer| is_there(&answer.values)), "{answer:?}");
    // Whatever this answers: it may combine anything.
    let _ = store.read(&Query { path: vec![Selector::Any, Selector::Any], ..query });
}

fn has_grid_of(held: &Held, other: &Held) -> bool {
    (held.interval_s, held.grid_s) == (other.interval_s, other.grid_s)
}

/// JSON has no infinite values: a store that writes only that loses them, and says so. An older file may have another
/// value of that time.
fn same(found: &All, expected: &All, after: &str, sync: SyncPolicy) {
    if found == expected {
        return;
    }
    let may_lose = |name: &SeriesName, time_s: &i64| {
        let bits = |all: &All| all.get(name).and_then(|held| held.samples.get(time_s)).copied();
        let is_infinite = |bits: u32| f32::from_bits(bits).is_infinite();
        sync == SyncPolicy::Unlogged && [found, expected].into_iter().filter_map(bits).any(is_infinite)
    };
    let without = |all: &All| {
        let mut all = all.clone();
        for (name, held) in &mut all {
            held.samples.retain(|time_s, _| !may_lose(name, time_s));
        }
        all.retain(|_, held| !held.samples.is_empty());
        all
    };
    let (found, expected) = (without(found), without(expected));
    assert!(found == expected, "after {after}: {found:?} instead of {expected:?}");
}
