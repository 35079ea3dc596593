//! `dump` of whole stores: what a start would recover, computed here from what the reference sees in the files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::files;
use super::process::{arg, dump_tsv, points, run_lines, treering};
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
fn a_store_in_both_formats_gives_the_points_that_an_independent_reader_sees() {
    let dir = tempfile::tempdir().unwrap();
    files::copy(&files::input().join("store"), dir.path(), |_| true);
    let all = points(dir.path());
    let is_kept = |row: &&str| {
        let path = row.split('\t').nth(1).unwrap();
        path.matches('/').count() == 1 || path.ends_with("/core3") || path.ends_with("/socket0")
    };
    let kept: String = all.lines().filter(is_kept).map(|row| format!("{row}\n")).collect();
    assert!(kept == fs::read_to_string(files::expected().join("store.points.tsv")).unwrap());
    // A cluster and a host have the rows of theirs, with the same names.
    for part in ["alpha", "beta/n001"] {
        let wanted = |row: &&str| {
            let path = row.split('\t').nth(1).unwrap();
            path == part || path.starts_with(&format!("{part}/"))
        };
        let expected: String = all.lines().filter(wanted).map(|row| format!("{row}\n")).collect();
        assert!(points(&dir.path().join(part)) == expected, "{part}");
        // Named from within.
        let ran = treering(&dir.path().join(part), &["dump", ".", "--format", "tsv"]);
        assert!(ran.stdout == expected, "{part}");
    }
}

#[test]
fn rows_are_in_the_order_of_their_paths_whatever_hosts_are_called() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["n", "n-1", "n.x", "n0", "n 2", "m", "n-1-ib", "%"];
    let lines: String = names
        .iter()
        .flat_map(|name| ["", ",type=core,type-id=0"].map(|level| (name.replace(' ', "\\ "), level)))
        .map(|(name, level)| format!("load,cluster=c,hostname={name}{level} value=1 60\n"))
        .collect();
    assert_eq!(run_lines(dir.path(), &lines, &["--retention", "0"]).code, Some(0));
    let rows = points(dir.path());
    let mut sorted: Vec<&str> = rows.lines().collect();
    sorted.sort_by_key(|row| row.split('\t').nth(1).unwrap().to_owned());
    assert_eq!(rows.lines().collect::<Vec<_>>(), sorted);
    assert_eq!(sorted.len(), 2 * names.len());
}

#[test]
fn lines_for_programs_say_the_same_as_the_rows() {
    let dir = tempfile::tempdir().unwrap();
    files::copy(&files::input().join("store"), dir.path(), |_| true);
    let ran = treering(dir.path(), &["dump", "alpha", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let (mut rows, mut series) = (Vec::new(), 0);
    for line in ran.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["kind"], "series");
        let path: Vec<&str> =
            line["path"].as_array().unwrap().iter().map(|level| level.as_str().unwrap()).collect();
        let samples = line["samples"].as_array().unwrap();
        let interval_s = line["interval_s"].as_i64().unwrap();
        let (first, last) = (samples[0][0].as_i64().unwrap(), samples.last().unwrap()[0].as_i64().unwrap());
        assert_eq!(line["start_s"], first);
        assert_eq!(line["count"], (last - first) / interval_s + 1);
        assert_eq!(line["gaps"], (last - first) / interval_s + 1 - i64::try_from(samples.len()).unwrap());
        let value = |value: &Value| value.as_f64().unwrap() as f32;
        let values: Vec<f32> = samples.iter().map(|sample| value(&sample[1])).collect();
        assert_eq!(value(&line["minimum"]), values.iter().copied().fold(f32::INFINITY, f32::min));
        assert_eq!(value(&line["maximum"]), values.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        assert_eq!(value(&line["last"]).to_bits(), values.last().unwrap().to_bits());
        for (sample, value) in samples.iter().zip(&values) {
            let metric = line["metric"].as_str().unwrap();
            let (path, bits) = (path.join("/"), value.to_bits());
            rows.push(format!("point\t{path}\t{metric}\t{}\t{bits:08x}", sample[0]));
        }
        series += 1;
    }
    let mut expected: Vec<String> = points(&dir.path().join("alpha")).lines().map(str::to_owned).collect();
    rows.sort();
    expected.sort();
    assert_eq!(series, 225);
    assert!(rows == expected);
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
