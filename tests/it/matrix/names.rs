//! Row 17 of the matrix: names, in each of the four places where a sample brings one. Those that are taken come back with the
//! same bytes from a log, from `.bin` and from `.json`; those that are refused leave no trace; none leads out of the root.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use treering_level::{Aggregation, Metric, Sample, Unknown};
use treering_persist::{Options, Storage, Store, SyncPolicy};
use treering_tests::{
    Found, Held, Mismatch, PowerCut, ROOT, Row, SeriesName, SimDisk, check_clean_stop, formats, held, options,
};

use super::replay;

/// Names that are tried together, so that they could get into each other's way.
const TOGETHER: usize = 256;
/// A file beside the root that is nobody's business.
const OUTSIDE: &str = "/var/other";

/// Where a name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Cluster,
    Host,
    Level,
    Metric,
}

const PLACES: [Place; 4] = [Place::Cluster, Place::Host, Place::Level, Place::Metric];
/// Files are `.bin` behind a log, or `.json`.
const POLICIES: [SyncPolicy; 2] = [SyncPolicy::Always, SyncPolicy::Unlogged];

#[test]
fn matrix_17_every_name_that_is_taken_comes_back_and_every_other_leaves_no_trace() {
    let names = names();
    let groups: Vec<&[String]> = names.chunks(TOGETHER).collect();
    let ci = u64::try_from(groups.len() * PLACES.len() * POLICIES.len()).unwrap();
    let row = Row { number: 17, replay: &replay("matrix_17"), usual: ci / 7, ci };
    row.run_counting(|seed| -> Result<u64, Mismatch> {
        let number = usize::try_from(seed).unwrap();
        let place = PLACES[number % PLACES.len()];
        let sync = POLICIES[number / PLACES.len() % POLICIES.len()];
        // The last group has what is special: it comes first.
        let group = groups.len() - 1 - number / PLACES.len() / POLICIES.len() % groups.len();
        try_names(place, sync, groups[group])
            .map_err(|mismatch| mismatch.at(format!("{place:?}, {sync:?}, from {:?}", groups[group][0])))?;
        Ok(u64::try_from(groups[group].len()).unwrap())
    });
}

/// Every name of one or two bytes, and those that mean something to somebody.
fn names() -> Vec<String> {
    let ascii = || (0..128).map(char::from_u32).map(Option::unwrap);
    let mut names: Vec<String> = ascii().map(String::from).collect();
    names.extend(ascii().flat_map(|a| ascii().map(move |b| [a, b].iter().collect())));
    names.extend((0x80..0x800).map(|c| char::from_u32(c).unwrap().to_string()));
    let special = names.len().next_multiple_of(TOGETHER) - names.len();
    // Up to the next whole group with what does no harm.
    names.extend((0..special).map(|number| format!("filler {number}")));
    let like_files = [
        "quarantine",
        "current.wal",
        "sealed.1.wal",
        "1.bin",
        "1.json",
        "1.bin.tmp",
        "-1.bin",
        "0",
        "..bin",
        ".tmp",
    ];
    let like_paths =
        ["", ".", "..", "...", "a/../b", "../x", "/", "/etc", "a/", "./a", "a\\b", "~", "C:", "NUL"];
    let with_nul = ["\0", "a\0", "\0a", "a\0b", "a\nb", "\u{7f}", "\u{85}", "\u{9f}x"];
    // One letter, and what some file systems would take for it.
    let alike = [
        "host", "HOST", "Host", "\u{e9}", "e\u{301}", "\u{212b}", "\u{c5}", "A\u{30a}", "\u{fb01}", "fi",
        "ss", "\u{df}",
    ];
    let odd = [
        " ",
        "a ",
        " a",
        "a.",
        "\u{feff}",
        "\u{202e}x",
        "\u{10ffff}",
        "\u{fffd}",
        "#",
        "%2e%2e",
        "{}",
        "\"",
        "'",
        "a:b",
        "_",
        "treering",
    ];
    for list in [&like_files[..], &like_paths, &with_nul, &alike, &odd] {
        names.extend(list.iter().map(|name| (*name).to_owned()));
    }
    names.push(treering_wal::CONTROL_METRIC.to_owned());
    for len in [254, 255, 256, 257, 65_534, 65_535, 65_536] {
        names.push("n".repeat(len));
    }
    names.extend([127, 128].map(|count| "\u{e4}".repeat(count)));
    names
}

/// The documented rule, once more.
fn is_taken(place: Place, name: &str) -> bool {
    let bytes_max = if place == Place::Metric { 65_535 } else { 255 };
    let is_directory = matches!(place, Place::Cluster | Place::Host);
    let control = |c: char| c < ' ' || ('\u{7f}'..='\u{9f}').contains(&c);
    (1..=bytes_max).contains(&name.len())
        && !name.chars().any(control)
        && !(is_directory && (name.contains('/') || name == "." || name == ".."))
        && !(place == Place::Metric && name == treering_wal::CONTROL_METRIC)
}

fn series(place: Place, name: &str) -> SeriesName {
    match place {
        Place::Cluster => SeriesName::new(name, "h", &["l"], "m"),
        Place::Host => SeriesName::new("c", name, &["l"], "m"),
        Place::Level => SeriesName::new("c", "h", &["l", name], "m"),
        Place::Metric => SeriesName::new("c", "h", &["l"], name),
    }
}

fn try_names(place: Place, sync: SyncPolicy, names: &[String]) -> Result<(), Mismatch> {
    let any = Metric { interval_s: 60, aggregation: Aggregation::Avg };
    let options = Options { unknown: Unknown::Take(any), ..options(sync, None) };
    let disk = SimDisk::new();
    disk.write_file(OUTSIDE, "not ours").map_err(|error| Mismatch::new(error.to_string()))?;
    let mut expected = BTreeMap::new();
    let mut store = open(&disk, &options)?;
    let now_s = disk.wall_s();
    for (number, name) in (0..).zip(names) {
        write(&store, &disk, place, name, now_s, number as f32, &mut expected)?;
    }
    stays_inside(&disk, &expected)?;
    let mut disk = disk;
    if sync != SyncPolicy::Unlogged {
        // From the log, twice, and after a checkpoint that dies on its way.
        for after in [None, Some(40)] {
            drop(store);
            disk = disk.crash();
            store = open(&disk, &options)?;
            same(&store, &expected).map_err(|mismatch| mismatch.at("from the log"))?;
            if let Some(after) = after {
                disk.stop_before(disk.operations() + after);
                store.checkpoint();
            }
        }
        drop(store);
        disk = disk.crash();
        store = open(&disk, &options)?;
        same(&store, &expected).map_err(|mismatch| mismatch.at("after a death in a checkpoint"))?;
    }
    // Another sample of each, so that some are in a file and a log.
    store.checkpoint();
    for (number, name) in (10_000..).zip(names).filter(|(_, name)| is_taken(place, name)) {
        write(&store, &disk, place, name, now_s + 60, number as f32, &mut expected)?;
    }
    let report = store.close();
    if let Some(failed) = report.failed.first() {
        return Err(Mismatch::new(format!("{}/{}: {}", failed.cluster, failed.host, failed.error)));
    }
    drop(store);
    stays_inside(&disk, &expected)?;
    let disk = disk.power_cut(PowerCut::Nothing);
    check_clean_stop(&disk, ROOT)?;
    same(&open(&disk, &options)?, &expected).map_err(|mismatch| mismatch.at("from snapshots"))
}

/// Tries to write one sample under a name.
fn write(
    store: &Store,
    disk: &SimDisk,
    place: Place,
    name: &str,
    time_s: i64,
    value: f32,
    expected: &mut BTreeMap<SeriesName, BTreeMap<i64, u32>>,
) -> Result<(), Mismatch> {
    let names = series(place, name);
    let path: Vec<&str> = names.path.iter().map(String::as_str).collect();
    let taken = is_taken(place, name);
    let trace = || (disk.operations(), if taken { 0 } else { disk.tree().len() });
    let before = trace();
    let addressed = store
        .host(&names.cluster, &names.host)
        .and_then(|host| Ok((store.resolve(&host, &path, &names.metric)?, host)));
    let shown: String = name.chars().take(40).collect();
    match (addressed, taken) {
        (Ok((series, host)), true) => {
            let outcome = store
                .write(&host, &[Sample { series, time_s, value }])
                .map_err(|error| Mismatch::new(format!("{shown:?}: {error}")))?;
            if outcome.stored != 1 {
                return Err(Mismatch::new(format!("{shown:?}: {outcome:?}")));
            }
            expected.entry(names).or_default().insert(time_s, value.to_bits());
            Ok(())
        }
        (Err(_), false) if before == trace() => Ok(()),
        (Err(error), false) => Err(Mismatch::new(format!("{shown:?} left a trace: {error}"))),
        (Ok(_), false) => Err(Mismatch::new(format!("{shown:?} was taken"))),
        (Err(error), true) => Err(Mismatch::new(format!("{shown:?} was refused: {error}"))),
    }
}

fn open(disk: &SimDisk, options: &Options) -> Result<Store, Mismatch> {
    let (store, report) = Store::open(Arc::new(disk.clone()), options.clone(), formats(options.sync))
        .map_err(|error| Mismatch::new(format!("open failed: {error}")))?;
    match report.findings.first() {
        Some(finding) => Err(Mismatch::new(format!("start: {finding}"))),
        None => Ok(store),
    }
}

/// Not a name and not a value more or less, byte for byte.
fn same(store: &Store, expected: &BTreeMap<SeriesName, BTreeMap<i64, u32>>) -> Result<(), Mismatch> {
    let held: BTreeMap<SeriesName, Held> = held(store);
    if let Some(strange) = held.keys().find(|name| !expected.contains_key(name)) {
        return Err(Mismatch::new(format!("{strange:?} was never written")));
    }
    for (name, samples) in expected {
        // Which slot is the first of a grid does not matter here: times within half an interval are one slot.
        let found = held.get(name).map(|held| held.samples.clone()).unwrap_or_default();
        if found != *samples {
            return Err(Mismatch::new(format!("{name:?} has {found:?} instead of {samples:?}")));
        }
    }
    Ok(())
}

/// Directories are where the names say, files only in those of hosts, and nothing beside the root has changed.
fn stays_inside(disk: &SimDisk, expected: &BTreeMap<SeriesName, BTreeMap<i64, u32>>) -> Result<(), Mismatch> {
    let hosts: Vec<PathBuf> =
        expected.keys().map(|name| Path::new(ROOT).join(&name.cluster).join(&name.host)).collect();
    let is_host = |path: &Path| hosts.iter().any(|host| host == path);
    for (path, found) in disk.tree() {
        let place = path.strip_prefix(ROOT).map(|below| below.components().count());
        let fine = match (found, place) {
            (Found::File(_), Ok(3)) => path.parent().is_some_and(is_host),
            (Found::Directory, Ok(2)) => is_host(&path),
            (Found::Directory, Ok(0 | 1)) => true,
            (Found::Directory, Err(_)) => Path::new(ROOT).starts_with(&path),
            _ => path == Path::new(OUTSIDE),
        };
        if !fine {
            return Err(Mismatch::new(format!("{} is not where it should be", path.display())));
        }
    }
    match disk.read(OUTSIDE).as_deref() {
        Some(b"not ours") => Ok(()),
        other => Err(Mismatch::new(format!("{OUTSIDE} holds {other:?} now"))),
    }
}
