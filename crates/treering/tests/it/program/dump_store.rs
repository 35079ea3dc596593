//! `dump` of whole stores: what a start would recover, computed here from what the reference sees in the files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::files;
use super::process::{arg, dump_tsv, points, treering};
use super::samples::Samples;

/// The interval of a metric of which only a log is left.
const DEFAULT_INTERVAL_S: i64 = 60;

/// What the files of `store` say, by the reference's rows for them: snapshots from the newest on, then the log.
fn recovered(store: &Path, default_interval_s: i64) -> Samples {
    let mut hosts: BTreeMap<String, (BTreeMap<i64, String>, String)> = BTreeMap::new();
    for file in files::files_below(store) {
        let host = hosts.entry(arg(file.parent().unwrap()).to_owned()).or_default();
        if files::is(&file, "bin") {
            let stem = file.file_stem().unwrap().to_str().unwrap().parse().unwrap();
            host.0.insert(stem, files::expected_rows(&Path::new("store").join(&file)));
        } else if files::is(&file, "wal") {
            host.1 = files::expected_rows(&Path::new("store").join(&file));
        }
    }
    let mut samples = Samples::default();
    for (host, (snapshots, log)) in &hosts {
        let path = |below: &str| if below.is_empty() { host.clone() } else { format!("{host}/{below}") };
        for row in snapshots.values().rev().flat_map(|rows| rows.lines()) {
            let fields: Vec<&str> = row.split('\t').collect();
            if let ["column", below, metric, interval_s, start_s, _, values] = fields[..] {
                let (interval_s, start_s) = (interval_s.parse().unwrap(), start_s.parse().unwrap());
                samples.fill(&path(below), metric, interval_s, start_s, values.split(' ').map(bits));
            }
        }
        for row in log.lines() {
            let fields: Vec<&str> = row.split('\t').collect();
            if let ["record", time_s, metric, below, value] = fields[..] {
                let time_s = time_s.parse().unwrap();
                samples.put(&path(below), metric, default_interval_s, time_s, bits(value).unwrap());
            }
        }
    }
    samples
}

fn bits(text: &str) -> Option<u32> {
    (text != "nan").then(|| u32::from_str_radix(text, 16).unwrap())
}

fn store_without_json(to: &Path) {
    files::copy(&files::input().join("store"), to, |file| files::is(file, "bin") || files::is(file, "wal"));
}

#[test]
fn a_store_of_the_reference_gives_the_samples_of_the_one_grid_rule() {
    let dir = tempfile::tempdir().unwrap();
    store_without_json(dir.path());
    let expected = recovered(dir.path(), DEFAULT_INTERVAL_S);
    assert_eq!(expected.count(), 44_088);
    assert!(points(dir.path()) == expected.rows());
}

#[test]
fn a_log_has_its_intervals_from_the_configuration_else_the_default() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    files::copy(&files::input().join("store"), &store, |file| files::is(file, "wal"));
    let config = dir.path().join("config.json");
    // Only logs: the default counts, and the first record sets the grid.
    for interval_s in [60, 600] {
        let ran = dump_tsv(&store, &["--default-interval", &interval_s.to_string()]);
        assert!(ran.stdout == recovered(&store, interval_s).rows(), "{interval_s}");
    }
    // A configuration knows better than the default.
    let metrics: BTreeSet<String> = recovered(&store, 60).metrics();
    let metrics: Vec<_> =
        metrics.iter().map(|name| format!(r#""{name}":{{"frequency":600,"aggregation":null}}"#)).collect();
    let store_keys = r#""metric-store":{"retention-in-memory":"1h","memory-cap":0}"#;
    fs::write(&config, format!(r#"{{"metrics":{{{}}},{store_keys}}}"#, metrics.join(","))).unwrap();
    let ran = dump_tsv(&store, &["--config", arg(&config), "--default-interval", "60"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout == recovered(&store, 600).rows());
}

#[test]
fn a_directory_without_samples_is_not_found_to_hold_any() {
    let dir = tempfile::tempdir().unwrap();
    let ran = treering(dir.path(), &["dump", "--format", "tsv", "."]);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(1), "", ".: nothing is stored here\n")
    );
}

#[test]
fn damage_in_a_store_is_named_and_the_rest_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    store_without_json(dir.path());
    let sound = points(dir.path());
    let host = dir.path().join("alpha").join("n000");
    fs::copy(files::input().join("damaged/truncated.bin"), host.join("1600000000.bin")).unwrap();
    fs::write(dir.path().join("stray"), "").unwrap();
    let ran = dump_tsv(dir.path(), &[]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.said("damaged snapshot: ").len(), 1, "{}", ran.stderr);
    assert_eq!(ran.said("foreign entry: ").len(), 1, "{}", ran.stderr);
    let beta = |rows: &str| {
        rows.lines().filter(|row| row.contains("\tbeta/")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(beta(&ran.stdout), beta(&sound));
    assert!(ran.stdout.len() > sound.len());
}

#[test]
fn a_torn_tail_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let host = dir.path().join("c").join("h");
    fs::create_dir_all(&host).unwrap();
    fs::copy(files::input().join("wal-torn/current.wal"), host.join("current.wal")).unwrap();
    let ran = dump_tsv(dir.path(), &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout.lines().count() > 50);
}
