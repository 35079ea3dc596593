//! `repair` of the reference's store, every file of which was damaged in another way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::{Range, RangeInclusive};
use std::path::Path;

use insta::assert_snapshot;
use serde_json::Value;

use super::injury::{Injury, arrays, columns, records};
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
        // Zeros are values and counts, too. The column in which they begin is not believed either.
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

/// The stretches of a file that are not used. None overlaps another, and none leaves the file.
fn ranges(file: &Value) -> Vec<Range<usize>> {
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let lost = file["lost"].as_array().unwrap().iter();
    let lost: Vec<Range<usize>> = lost.map(|lost| number(&lost["from"])..number(&lost["to"])).collect();
    assert!(lost.iter().all(|lost| lost.start <= lost.end), "{file}");
    assert!(lost.windows(2).all(|pair| pair[0].end <= pair[1].start), "{file}");
    assert!(lost.last().is_none_or(|last| last.end <= number(&file["bytes"])), "{file}");
    lost
}

/// Columns or records of the sound file that are in the damaged one, and in no stretch of it that is not used.
fn used(original: &Path, damaged: &Path, lost: &[Range<usize>]) -> u64 {
    let (bytes, damaged) = (fs::read(original).unwrap(), fs::read(damaged).unwrap());
    let parts = match original.extension().unwrap().to_str().unwrap() {
        "bin" => columns(&bytes),
        "json" => arrays(&bytes),
        _ => records(&bytes),
    };
    let is_used = |part: &&Range<usize>| {
        // Of an array that was overwritten with nothing, nothing is left to be used or not.
        let is_there =
            part.end <= damaged.len() && !damaged[part.start..part.end].iter().all(|byte| *byte == b' ');
        is_there && !lost.iter().any(|lost| lost.start < part.end && part.start < lost.end)
    };
    parts.iter().filter(is_used).count() as u64
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
    let (mut unused, mut bytes) = (0, 0);
    for (case, hurt) in cases.iter().zip(&hurt) {
        let file = &files[case.file];
        assert_eq!(file["state"], case.state, "{file}");
        let parts = file["parts"].as_u64().unwrap();
        assert!(case.parts.contains(&parts), "{:?}: {file}", case.parts);
        let len = usize::try_from(fs::metadata(store.join(case.file)).unwrap().len()).unwrap();
        assert_eq!(file["bytes"], len);
        let (lost, original) = (ranges(file), files::input().join("store").join(case.file));
        // Byte by byte: whatever is in no stretch is used, and nothing that is in one.
        assert_eq!(parts, used(&original, &store.join(case.file), &lost), "{file}");
        // What was cut off is not there to be named, but what it has left of its part is.
        let is_named = |lost: &Range<usize>| {
            lost.start < hurt.end && hurt.start < lost.end || hurt.start == len && lost.end == len
        };
        assert!(len == 0 || lost.iter().any(is_named), "{hurt:?}: {file}");
        unused += lost.iter().map(ExactSizeIterator::len).sum::<usize>();
        bytes += len;
    }
    let totals = &report["totals"];
    let number = |key: &str| usize::try_from(totals[key].as_u64().unwrap()).unwrap();
    assert_eq!(files.len(), 26);
    assert_eq!(number("bytes"), bytes + 7, "an unfinished file, and a directory");
    assert_eq!(number("bytes_lost") + number("bytes_not_used"), unused + 7);

    let rows = points(&at.join("new"));
    assert!(dump_tsv(&store, &[]).stdout == rows);
    assert_eq!(number("samples"), rows.lines().count());
    // Every value was there before.
    let all = values(&sound);
    assert!(values(&rows).is_subset(&all));
    assert!(rows.lines().count() > 30_000);
}

#[test]
fn the_report_on_a_store_whose_files_are_all_damaged_in_their_own_way() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    files::copy(&files::input().join("store"), &store, |_| true);
    for case in snapshots(&store).into_iter().chain(logs(&store)) {
        case.injury.inflict(&store.join(case.file));
    }
    let ran = treering(dir.path(), &["repair", "store", "--out", "new", "--write"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    assert_snapshot!(ran.stdout, @r#"
    file                  state     bytes  parts  samples
    alpha/n000: 5762 samples of 61 series
      1700000000.bin      damaged   21927      0        0
        bytes 0 to 21927: wrong magic at byte 0: 0xcc5b0001 expected, 0x01005bcc found
      1700003600.json     damaged   17323     35     2449
        bytes 16876 to 17323: cut off at byte 17323: a value takes 1 byte, 0 are left
      1700007200.bin      damaged   14618     48     3226
        bytes 14587 to 14618: cut off at byte 14617: a column's values takes 240 bytes, 1 is left
      current.wal         damaged    3364     89       89
        bytes 1684 to 1719: payload with checksum 0xc799109c, 0x7e62cb74 expected; sound again at byte 1719
    alpha/n001: 8408 samples of 75 series
      1700000000.json     damaged   34559     16     1317
        bytes 9041 to 34559: malformed at byte 9096: a value expected, `~` found
      1700003600.bin      damaged   21927     31     2209
        bytes 9928 to 21927: malformed at byte 10209: a column expected, one of interval 0 and start 0 found
      1700007200.json     sound     34541     75     4839
        bytes 34534 to 34541: bytes behind the end that belong to nobody known here
      current.wal         torn       1700     45       45
        bytes 1684 to 1700: a frame is cut short: 16 bytes are left, 35 expected; nothing sound follows
    alpha/n002: 9181 samples of 75 series
      1700000000.bin      sound     21945     75     4839
        bytes 21927 to 21945: bytes behind the end that belong to nobody known here
      1700003600.json     damaged   34363     19     1499
        bytes 9916 to 34363: malformed at byte 10000: `,` or `]` expected, byte 0x00 found
      1700007200.bin      damaged   21927     40     2754
        bytes 12347 to 21927: cut off at byte 12389: a column's values takes 8522825968 bytes, 9538 are left
      current.wal         damaged    3364     90       90
        bytes 0 to 4: log magic 0xcc1da701 expected, 0x01a71dcc found
    beta/n000: 4790 samples of 73 series
      1700000000.json     damaged   34399      0        0
        bytes 0 to 34399: malformed at byte 0: a value expected, `e` found
      1700003600.bin      damaged       3      0        0
        bytes 0 to 3: cut off at byte 0: the header takes 20 bytes, 3 are left
      1700007200.json     damaged   34000     73     4709
        bytes 33411 to 34000: cut off at byte 34000: `,` or `]` takes 1 byte, 0 are left
      current.wal         damaged    3364     81       81
        bytes 788 to 1124: payload with checksum 0x98b7ac2e, 0x00000000 expected; sound again at byte 1124
      legacy-avro-60      not used      3      0        0
        bytes 0 to 3: a directory that no store reads
    beta/n001: 4447 samples of 51 series
      1700000000.bin      damaged   21927     19     1495
        bytes 6681 to 21927: cut off at byte 6950: a column's name takes 65288 bytes, 14977 are left
      1700003600.json     damaged   34758     42     2865
        bytes 20128 to 34758: malformed at byte 20178: a key or `}` expected, `9` found
      1700007200.bin      damaged   21927      0        0
        bytes 0 to 21927: wrong magic at byte 0: 0xcc5b0001 expected, 0x00000000 found
      1700010800.bin.tmp  not used      4      0        0
        bytes 0 to 4: a snapshot that was never finished
      current.wal         torn       3368     90       90
        bytes 3364 to 3368: a frame's header is cut short: 4 bytes are left, 8 expected; nothing sound follows
    beta/n002: 9513 samples of 75 series
      1700000000.json     damaged   34384     72     4654
        bytes 32800 to 34384: malformed at byte 33000: `,` or `]` expected, byte 0x00 found
      1700003600.bin      damaged       0      0        0
        byte 0: the file is empty
      1700007200.json     damaged   34452     74     4779
        bytes 5354 to 5369: column left out: an object expected, at level "core0", metric "cpu_user"
      current.wal         torn       3364     80       80
        bytes 2986 to 3364: payload with checksum 0xf424fccd, 0x00000000 expected; nothing sound follows

    42101 samples of 410 series on 6 hosts
      8 more met another one in their slot: if these are many, say with --config or --default-interval how often metrics are measured
    26 files: 5 sound, 19 damaged, 0 unread, 2 not used
    457511 bytes: 274364 used, 183115 lost, 32 that no store reads
    new: 6 snapshots, 220987 bytes, exactly the samples above; store is as it was
    "#);
}
