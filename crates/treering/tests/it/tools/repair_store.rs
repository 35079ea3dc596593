//! `repair` of the reference's store, every file of which was damaged in another way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::{Range, RangeInclusive};
use std::path::Path;

use serde_json::Value;

use super::injury::{Injury, columns, records};
use crate::program::files::{self, listing};
use crate::program::process::{dump_tsv, points, treering};

/// A file, what was done to it, and how much of it must come back.
struct Case {
    file: &'static str,
    injury: Injury,
    parts: RangeInclusive<u64>,
    state: &'static str,
}

fn case(file: &'static str, injury: Injury, parts: RangeInclusive<u64>, state: &'static str) -> Case {
    Case { file, injury, parts, state }
}

/// Columns of a snapshot that lie wholly before a place.
fn before(columns: &[Range<usize>], at: usize) -> u64 {
    columns.iter().filter(|column| column.end <= at).count() as u64
}

/// Records of a log that keep clear of some bytes.
fn beside(records: &[Range<usize>], hurt: &Range<usize>) -> u64 {
    records.iter().filter(|record| record.end <= hurt.start || hurt.end <= record.start).count() as u64
}

fn snapshots(store: &Path) -> Vec<Case> {
    let read = |file: &str| fs::read(store.join(file)).unwrap();
    let bin = |file: &str| columns(&read(file));
    let cut = bin("alpha/n000/1700007200.bin");
    let zeros = bin("alpha/n001/1700003600.bin");
    let count = bin("alpha/n002/1700007200.bin");
    let name = bin("beta/n001/1700000000.bin");
    assert!([&cut, &zeros, &count, &name].iter().all(|all| all.len() == 75));
    // The most significant byte of a count stands behind name, interval and start.
    let name_len = usize::from(read("alpha/n002/1700007200.bin")[count[40].start]);
    let count_at = count[40].start + 2 + name_len + 16 + 3;
    let json = |file: &str, part: &str, skip: usize| {
        let text = String::from_utf8(read(file)).unwrap();
        skip + text[skip..].find(part).unwrap()
    };
    let number = json("alpha/n001/1700000000.json", "\"data\":[", 9000) + 8;
    let bracket = json("beta/n001/1700003600.json", "[", 20_000);
    let nulled = json("beta/n002/1700007200.json", "{\"frequency\"", 5000);
    let nulled = nulled..nulled + json("beta/n002/1700007200.json", "}", nulled) - nulled + 1;
    vec![
        case("alpha/n000/1700000000.bin", Injury::Magic, 0..=0, "damaged"),
        case("alpha/n000/1700003600.json", Injury::Cut(17_323), 30..=40, "damaged"),
        case(
            "alpha/n000/1700007200.bin",
            Injury::Cut(14_618),
            before(&cut, 14_618)..=before(&cut, 14_618),
            "damaged",
        ),
        case("alpha/n001/1700000000.json", Injury::Flip(number, 0x10), 10..=20, "damaged"),
        // Zeros are values and counts, too. What they make of the file behind them cannot be: so the column in which
        // they begin is not believed either.
        case(
            "alpha/n001/1700003600.bin",
            Injury::Zero(10_000..10_512),
            before(&zeros, 10_000)..=before(&zeros, 10_000),
            "damaged",
        ),
        case("alpha/n001/1700007200.json", Injury::Tail(b"garbage"), 75..=75, "sound"),
        case("alpha/n002/1700000000.bin", Injury::Tail(b"garbage in the end"), 75..=75, "sound"),
        case("alpha/n002/1700003600.json", Injury::Zero(10_000..10_512), 15..=25, "damaged"),
        case("alpha/n002/1700007200.bin", Injury::Flip(count_at, 0x7f), 39..=40, "damaged"),
        case("beta/n000/1700000000.json", Injury::Magic, 0..=0, "damaged"),
        case("beta/n000/1700003600.bin", Injury::Cut(3), 0..=0, "damaged"),
        case("beta/n000/1700007200.json", Injury::Cut(34_000), 70..=75, "damaged"),
        case("beta/n001/1700000000.bin", Injury::Flip(name[20].start + 1, 0xff), 19..=20, "damaged"),
        case("beta/n001/1700003600.json", Injury::Flip(bracket, 0x20), 40..=50, "damaged"),
        case("beta/n001/1700007200.bin", Injury::Zero(0..64), 0..=0, "damaged"),
        case("beta/n002/1700000000.json", Injury::Zero(33_000..34_384), 65..=75, "damaged"),
        case("beta/n002/1700003600.bin", Injury::Cut(0), 0..=0, "damaged"),
        case("beta/n002/1700007200.json", Injury::Null(nulled), 74..=74, "damaged"),
    ]
}

fn logs(store: &Path) -> Vec<Case> {
    let all = |host: &str| records(&fs::read(store.join(host).join("current.wal")).unwrap());
    assert!(["alpha/n000", "beta/n002"].iter().all(|host| all(host).len() == 90));
    let left = |host: &str, hurt: Range<usize>| {
        let left = beside(&all(host), &hurt);
        left..=left
    };
    vec![
        case("alpha/n000/current.wal", Injury::Flip(1700, 1), left("alpha/n000", 1700..1701), "damaged"),
        case("alpha/n001/current.wal", Injury::Cut(1700), left("alpha/n001", 1700..3364), "torn"),
        case("alpha/n002/current.wal", Injury::Magic, 90..=90, "damaged"),
        case("beta/n000/current.wal", Injury::Zero(800..1100), left("beta/n000", 800..1100), "damaged"),
        case("beta/n001/current.wal", Injury::Tail(b"\xa1\xa7\x1d\xcc"), 90..=90, "torn"),
        case("beta/n002/current.wal", Injury::Zero(3000..3364), left("beta/n002", 3000..3364), "torn"),
    ]
}

/// The files of a report, by their paths below the root.
fn reported(report: &Value) -> BTreeMap<String, Value> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let hosts = report["hosts"].as_array().unwrap();
    let files = hosts.iter().flat_map(|host| {
        let dir = format!("{}/{}", text(&host["cluster"]), text(&host["host"]));
        let files = host["files"].as_array().unwrap().iter();
        files.map(move |file| (format!("{dir}/{}", text(&file["name"])), file.clone()))
    });
    files.collect()
}

fn ranges(file: &Value) -> Vec<Range<u64>> {
    let lost = file["lost"].as_array().unwrap().iter();
    lost.map(|lost| lost["from"].as_u64().unwrap()..lost["to"].as_u64().unwrap()).collect()
}

/// Path, metric and value of each sample, without its time: it may move with the grid, whose first column is gone.
fn values(rows: &str) -> BTreeSet<[String; 3]> {
    let value = |row: &str| {
        let fields: Vec<&str> = row.split('\t').collect();
        let [_, path, metric, _, bits] = fields[..] else { panic!("{row}") };
        [path, metric, bits].map(str::to_owned)
    };
    rows.lines().map(value).collect()
}

#[test]
fn all_that_is_sound_comes_back_and_the_rest_is_accounted_for() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let store = at.join("store");
    files::copy(&files::input().join("store"), &store, |_| true);
    let sound = points(&store);
    let cases: Vec<_> = snapshots(&store).into_iter().chain(logs(&store)).collect();
    assert_eq!(cases.len(), 24, "every snapshot and every log");
    let hurt: Vec<_> = cases.iter().map(|case| case.injury.inflict(&store.join(case.file))).collect();
    let before = listing(&store);

    let ran = treering(at, &["repair", "store", "--out", "new", "--write", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    assert!(listing(&store) == before);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let files = reported(&report);
    let mut bytes_lost = 0;
    for (case, hurt) in cases.iter().zip(&hurt) {
        let file = &files[case.file];
        assert_eq!(file["state"], case.state, "{file}");
        assert!(case.parts.contains(&file["parts"].as_u64().unwrap()), "{:?}: {file}", case.parts);
        let len = fs::metadata(store.join(case.file)).unwrap().len();
        assert_eq!(file["bytes"].as_u64(), Some(len));
        let (start, end) = (hurt.start as u64, hurt.end as u64);
        let lost = ranges(file);
        assert!(lost.iter().all(|lost| lost.start <= lost.end && lost.end <= len), "{file}");
        // What was cut off is not there to be named, but what it has left of its part is.
        let is_named =
            |lost: &Range<u64>| lost.start < end && start < lost.end || start == len && lost.end == len;
        assert!(len == 0 || lost.iter().any(is_named), "{hurt:?}: {file}");
        bytes_lost += lost.iter().map(|lost| lost.end - lost.start).sum::<u64>();
    }
    assert_eq!(report["totals"]["bytes_lost"].as_u64(), Some(bytes_lost));
    assert_eq!(report["totals"]["bytes_not_used"].as_u64(), Some(7), "an unfinished file, and a directory");
    assert_eq!(files.len(), 26);

    let rows = points(&at.join("new"));
    assert!(dump_tsv(&store, &[]).stdout == rows);
    assert_eq!(report["totals"]["samples"].as_u64(), Some(rows.lines().count() as u64));
    // Every value was there before.
    let all = values(&sound);
    let invented: Vec<_> = values(&rows).into_iter().filter(|value| !all.contains(value)).collect();
    assert_eq!(invented, [[""; 3]; 0]);
    assert!(rows.lines().count() > 30_000);
}
