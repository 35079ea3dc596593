//! `run --config`: what it refuses, what it warns of, and who wins.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::process::{Ran, points, treering};

/// With `known` at 10 s and the store in `configured`; `more` goes into the object of the store.
fn write_config(at: &Path, retention: &str, more: &str) {
    let text = format!(
        r#"{{"metrics":{{"known":{{"frequency":10,"aggregation":"sum"}}}},
            "metric-store":{{"retention-in-memory":"{retention}","memory-cap":0,
                "checkpoints":{{"directory":"configured","file-format":"wal"}}{more}}}}}"#
    );
    fs::write(at.join("config.json"), text).unwrap();
}

fn run(at: &Path, lines: &str, more: &[&str]) -> Ran {
    fs::write(at.join("batch.lp"), lines).unwrap();
    treering(at, &[&["run", "--config", "config.json", "--input", "batch.lp"], more].concat())
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Path, metric and time of each row.
fn held(dir: &Path) -> Vec<(String, u64)> {
    let rows = points(dir);
    let fields = rows.lines().map(|row| row.split('\t').collect::<Vec<_>>());
    fields.map(|fields| (fields[2].to_owned(), fields[3].parse().unwrap())).collect()
}

#[test]
fn metrics_that_are_not_configured_are_refused_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    write_config(dir.path(), "1h", "");
    let now_s = now_s();
    let lines = format!(
        "known,cluster=c,host=h value=1 {now_s}\nunknown,cluster=c,host=h value=1 {now_s}\n\
         unknown,cluster=c,host=h value=2 {now_s}\nknown,cluster=c,host=h value=3 {}\n",
        now_s + 10
    );
    let ran = run(dir.path(), &lines, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert_eq!(ran.said("line 2 refused (unknown_metric)").len(), 1, "{ran:?}");
    assert_eq!(ran.said("line 3 refused (unknown_metric)").len(), 1, "{ran:?}");
    assert_eq!(ran.said("  refused, unknown_metric: 2").len(), 1, "{ran:?}");
    assert_eq!(ran.said("2 samples stored, 2 refused").len(), 1, "{ran:?}");
    // In the configured directory, relative to where it was started, at the configured interval.
    let expected = [("known".to_owned(), now_s), ("known".to_owned(), now_s + 10)];
    assert_eq!(held(&dir.path().join("configured")), expected);
}

#[test]
fn arguments_win_over_the_file() {
    let dir = tempfile::tempdir().unwrap();
    write_config(dir.path(), "1h", "");
    let now_s = now_s();
    // Retention counts back from the newest sample.
    let lines =
        format!("known,cluster=c,host=h value=1 {now_s}\nknown,cluster=c,host=h value=1 {}\n", now_s - 7_200);
    let ran = run(dir.path(), &lines, &[]);
    assert_eq!((ran.code, ran.said("  refused, too_old: 1").len()), (Some(0), 1), "{ran:?}");
    for retention in ["3h", "0"] {
        let ran = run(dir.path(), &lines, &["--retention", retention, "--dir", "argued"]);
        assert_eq!((ran.code, ran.said("2 samples stored, 0 refused").len()), (Some(0), 1), "{ran:?}");
        assert_eq!(held(&dir.path().join("argued")).len(), 2);
    }
    assert_eq!(held(&dir.path().join("configured")).len(), 1);
}

#[test]
fn a_metric_on_disk_that_is_configured_no_more_stays_readable_and_takes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let now_s = now_s();
    let line = |metric: &str, time_s: u64| format!("{metric},cluster=c,host=h value=1 {time_s}\n");
    let store = dir.path().join("configured");
    fs::write(dir.path().join("first.lp"), line("left", now_s - 30) + &line("left", now_s - 23)).unwrap();
    let first = ["run", "--dir", "configured", "--input", "first.lp", "--default-interval", "7"];
    assert_eq!(treering(dir.path(), &first).code, Some(0));
    write_config(dir.path(), "1h", "");
    for _ in 0..2 {
        let ran = run(dir.path(), &(line("left", now_s) + &line("known", now_s)), &[]);
        assert_eq!(ran.said("line 1 refused (unknown_metric)").len(), 1, "{ran:?}");
        let left = |time_s| ("left".to_owned(), time_s);
        assert_eq!(held(&store), [("known".to_owned(), now_s), left(now_s - 30), left(now_s - 23)]);
    }
    // Without a configuration it is taken again, at the interval that it has.
    fs::write(dir.path().join("last.lp"), line("left", now_s - 16)).unwrap();
    assert_eq!(treering(dir.path(), &["run", "--dir", "configured", "--input", "last.lp"]).code, Some(0));
    assert_eq!(held(&store).last(), Some(&("left".to_owned(), now_s - 16)));
}

#[test]
fn what_has_no_effect_yet_is_said_once() {
    let dir = tempfile::tempdir().unwrap();
    let more = r#","cleanup":{"mode":"archive","directory":"old"},
        "nats-subscriptions":[{"subscribe-to":"a"},{"subscribe-to":"b"}]"#;
    write_config(dir.path(), "1h", more);
    let config = fs::read_to_string(dir.path().join("config.json")).unwrap();
    let config = config.replacen('{', r#"{"main":{"addr":"x","user":"y"},"nats":{"address":"z"},"#, 1);
    let config = config.replace("\"memory-cap\":0", "\"memory-cap\":3");
    fs::write(dir.path().join("config.json"), config).unwrap();
    let ran = run(dir.path(), "known,cluster=c,host=h value=1\n", &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ran.said("configuration ").join("\n"), @"
    configuration config.json: without effect in this version: main.addr, main.user, metric-store.memory-cap, metric-store.cleanup.directory, metric-store.nats-subscriptions, nats.address
    configuration config.json: metric-store.cleanup.mode is archive, which this version cannot do yet: old files are kept (use delete to have them removed)
    ");
}
