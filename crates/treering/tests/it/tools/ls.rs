//! `ls`: what lies in a store, against what the reference sees in the same files.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::Value;

use super::made::{Snapshot, log};
use crate::program::files;
use crate::program::process::{arg, treering};

fn listed(at: &Path, args: &[&str]) -> Value {
    let ran = treering(at, &[&["ls", "--json"], args].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    serde_json::from_str(&ran.stdout).unwrap()
}

fn table(args: &[&str]) -> String {
    let ran = treering(&files::input(), &[&["ls"], args].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    ran.stdout
}

#[test]
fn a_store_is_a_row_per_host_and_one_for_all() {
    assert_snapshot!(table(&["store"]), @"
    cluster     host     newest snapshot  snapshots  log records       first        last  series   bytes
    alpha       n000          1700007200          3           90  1700000000  1700012540      75   81864
    alpha       n001          1700007200          3           90  1700000000  1700012540      75   94384
    alpha       n002          1700007200          3           90  1700000000  1700012540      75   81581
    beta        n000          1700007200          3           90  1700000000  1700012540      75   94281
    beta        n001          1700007200          3           90  1700000000  1700012540      75   81980
    beta        n002          1700007200          3           90  1700000000  1700012540      75   94127
    2 clusters  6 hosts                          18          540  1700000000  1700012540     450  528217
    ");
}

#[test]
fn each_file_is_a_row_on_demand() {
    let rows = table(&["store", "--files"]);
    // Of one host without anything special, of one with, and the totals.
    let wanted = |host: &str| -> Vec<&str> {
        let mut from = rows.lines().skip_while(|row| !row.starts_with(host));
        from.next().into_iter().chain(from.take_while(|row| row.starts_with(' '))).collect()
    };
    let (first, last) = (rows.lines().next().unwrap(), rows.lines().last().unwrap());
    let shown = [vec![first], wanted("beta/n000"), wanted("beta/n001"), vec![last]].concat();
    assert_snapshot!(shown.join("\n"), @"
    file                  kind              from          to  columns  records  bytes  covers
    beta/n000
      1700000000.json     snapshot    1700000000  1700003600       75        -  34399       -
      1700003600.bin      snapshot    1700003600  1700007200       75        -  21927       -
      1700007200.json     snapshot    1700007200  1700010800       75        -  34591       -
      current.wal         log         1700010800  1700012540        -       90   3364       -
      legacy-avro-60      directory            -           -        -        -      -       -
    beta/n001
      1700000000.bin      snapshot    1700000000  1700003600       75        -  21927       -
      1700003600.json     snapshot    1700003600  1700007200       75        -  34758       -
      1700007200.bin      snapshot    1700007200  1700010800       75        -  21927       -
      current.wal         log         1700010800  1700012540        -       90   3364       -
      1700010800.bin.tmp  unfinished           -           -        -        -      4       -
    2 clusters, 6 hosts, 18 snapshots, 6 log segments with 540 records, 450 series, 528217 bytes
    ");
}

#[test]
fn the_numbers_are_those_of_the_reference_s_decoders() {
    let all = listed(&files::input(), &["store"]);
    let (mut hosts, mut records) = (0, 0);
    for host in all["hosts"].as_array().unwrap() {
        let dir =
            Path::new("store").join(host["cluster"].as_str().unwrap()).join(host["host"].as_str().unwrap());
        let (mut times, mut series, mut log_records, mut bytes) = (BTreeSet::new(), BTreeSet::new(), 0, 0);
        for file in files::files_below(&files::input().join(&dir)) {
            // Files in directories of somebody else are nobody's here.
            if file.components().count() == 1 {
                bytes += fs::metadata(files::input().join(&dir).join(&file)).unwrap().len();
            }
            if !["bin", "json", "wal"].iter().any(|extension| files::is(&file, extension)) {
                continue;
            }
            for row in files::expected_rows(&dir.join(&file)).lines() {
                let fields: Vec<&str> = row.split('\t').collect();
                match fields[..] {
                    ["column", path, metric, interval_s, start_s, _, values] => {
                        let (interval_s, start_s): (i64, i64) =
                            (interval_s.parse().unwrap(), start_s.parse().unwrap());
                        let samples = (0..).zip(values.split(' ')).filter(|(_, value)| *value != "nan");
                        times.extend(samples.map(|(index, _): (i64, _)| start_s + index * interval_s));
                        series.insert((path.to_owned(), metric.to_owned()));
                    }
                    ["record", time_s, metric, path, _] => {
                        times.insert(time_s.parse().unwrap());
                        series.insert((path.to_owned(), metric.to_owned()));
                        log_records += 1;
                    }
                    _ => {}
                }
            }
        }
        assert_eq!(host["first_s"].as_i64(), times.first().copied(), "{host}");
        assert_eq!(host["last_s"].as_i64(), times.last().copied(), "{host}");
        assert_eq!(host["series"], series.len(), "{host}");
        assert_eq!(host["log_records"], log_records, "{host}");
        assert_eq!(host["bytes"], bytes, "{host}");
        assert_eq!(
            (&host["snapshots"], &host["newest_snapshot"]),
            (&3.into(), &1_700_007_200.into()),
            "{host}"
        );
        hosts += 1;
        records += log_records;
    }
    assert_eq!((hosts, &all["totals"]["hosts"]), (6, &6.into()));
    assert_eq!(all["totals"]["log_records"], records);
}

#[test]
fn the_document_for_programs_has_the_same_keys_always() {
    let dir = tempfile::tempdir().unwrap();
    let host = dir.path().join("c/h");
    Snapshot::new(1_000, 3, 2).write(&host);
    fs::write(host.join("sealed.4.wal"), log(Some(4), &[2_000, 3_000])).unwrap();
    fs::write(host.join("5000.avro"), b"12345").unwrap();
    let ran = treering(dir.path(), &["ls", ".", "--files", "--json"]);
    let pretty: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_snapshot!(serde_json::to_string_pretty(&pretty).unwrap(), @r#"
    {
      "directory": ".",
      "hosts": [
        {
          "bytes": 325,
          "cluster": "c",
          "damaged_files": 0,
          "files": [
            {
              "bytes": 191,
              "columns": 1,
              "covers": 3,
              "damaged": false,
              "first_s": 1000,
              "from_s": 1000,
              "generation": null,
              "kind": "snapshot",
              "last_s": 1120,
              "name": "1000.bin",
              "records": null,
              "stem": 1000,
              "to_s": 1180
            },
            {
              "bytes": 5,
              "columns": null,
              "covers": null,
              "damaged": false,
              "first_s": null,
              "from_s": null,
              "generation": null,
              "kind": "unread_snapshot",
              "last_s": null,
              "name": "5000.avro",
              "records": null,
              "stem": 5000,
              "to_s": null
            },
            {
              "bytes": 129,
              "columns": null,
              "covers": null,
              "damaged": false,
              "first_s": 2000,
              "from_s": null,
              "generation": 4,
              "kind": "sealed_log",
              "last_s": 3000,
              "name": "sealed.4.wal",
              "records": 2,
              "stem": null,
              "to_s": null
            }
          ],
          "first_s": 1000,
          "host": "h",
          "last_s": 3000,
          "log_records": 2,
          "log_segments": 1,
          "newest_snapshot": 1000,
          "series": 1,
          "snapshots": 1,
          "unread_files": 0
        }
      ],
      "totals": {
        "bytes": 325,
        "clusters": 1,
        "damaged_files": 0,
        "first_s": 1000,
        "hosts": 1,
        "last_s": 3000,
        "log_records": 2,
        "log_segments": 1,
        "series": 1,
        "snapshots": 1,
        "unread_files": 0
      }
    }
    "#);
    // Files only if they were asked for.
    assert!(listed(dir.path(), &["."])["hosts"][0].get("files").is_none());
}

#[test]
fn one_cluster_or_one_host_can_be_listed() {
    let store = files::input().join("store");
    let of = |path: &str| {
        let document = listed(&store, &[path]);
        let name = |host: &Value| {
            format!("{}/{}", host["cluster"].as_str().unwrap(), host["host"].as_str().unwrap())
        };
        document["hosts"].as_array().unwrap().iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(of("beta"), ["beta/n000", "beta/n001", "beta/n002"]);
    assert_eq!(of("beta/n001"), ["beta/n001"]);
}

#[test]
fn nothing_stored_is_an_answer_and_a_missing_directory_a_mistake() {
    let dir = tempfile::tempdir().unwrap();
    let ran = treering(dir.path(), &["ls"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(1), "", "./var/checkpoints: nothing is stored here\n")
    );
    fs::create_dir_all(dir.path().join("store/c/h")).unwrap();
    let ran = treering(dir.path(), &["ls", "store"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), "store: nothing is stored here\n"));
    for path in ["missing", arg(&files::input().join("wal/current.wal"))] {
        let ran = treering(dir.path(), &["ls", path]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{path}");
        assert!(ran.stderr.contains("give the directory of a store"), "{ran:?}");
    }
}

#[test]
fn damage_is_told_and_what_is_sound_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let host = dir.path().join("c/h");
    fs::create_dir_all(&host).unwrap();
    fs::copy(files::input().join("damaged/truncated.bin"), host.join("1.bin")).unwrap();
    fs::copy(files::input().join("wal-flipped/current.wal"), host.join("current.wal")).unwrap();
    let ran = treering(dir.path(), &["ls", ".", "--files"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stderr, "2 files are damaged: treering verify says how\n");
    assert_snapshot!(ran.stdout, @r"
    file           kind                     from          to  columns  records  bytes  covers
    c/h
      1.bin        snapshot, damaged  1700000000  1700007200       48        -  27578       -
      current.wal  log, damaged               -1  1700002940        -      204   9212       -
    1 cluster, 1 host, 1 snapshot, 1 log segment with 204 records, 53 series, 36790 bytes
    ");
    // A torn tail is what a crash leaves.
    fs::remove_file(host.join("1.bin")).unwrap();
    fs::copy(files::input().join("wal-torn/current.wal"), host.join("current.wal")).unwrap();
    assert_eq!(treering(dir.path(), &["ls", "."]).code, Some(0));
}

#[test]
fn help_of_ls() {
    let ran = treering(&files::input(), &["ls", "--help"]);
    assert_eq!(ran.code, Some(0));
    assert_snapshot!(ran.stdout.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"), @r"
    Lists what lies in a store, host by host

    Usage: treering ls [OPTIONS] [DIR]

    Arguments:
      [DIR]  Directory of a store, or of a cluster or host in it [default: ./var/checkpoints]

    Options:
          --files  One row for each file
          --json   One JSON document
      -h, --help   Print help

    Nothing is locked or changed, so the store may be in use. Times are Unix seconds.

    Exit codes:
      0  listed
      1  listed, but some files are damaged; or nothing is stored
      3  something could not be read

    Examples:
      treering ls                         the store in ./var/checkpoints
      treering ls /srv/store --files      its files, too
      treering ls --json | jq .totals     for programs
    ");
}
