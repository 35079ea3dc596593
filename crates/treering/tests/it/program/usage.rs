//! Exit codes of what cannot be done: 2 is for the caller to change, 3 for the machine's owner.

use std::fs;
use std::path::Path;

use super::process::{Ran, treering};

const CONFIG: &str = r#"{"metrics":{},"metric-store":{"retention-in-memory":"1h","memory-cap":0}}"#;

/// Refused before anything was made, with nothing on standard output, and `part` among what it says.
fn check(at: &Path, args: &[&str], code: i32, part: &str) -> Ran {
    let ran = treering(at, args);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{args:?}: {ran:?}");
    assert!(ran.stderr.contains(part), "{args:?}: {ran:?}");
    assert!(!at.join("var").exists(), "{args:?}");
    ran
}

#[test]
fn wrong_arguments_are_2() {
    let dir = tempfile::tempdir().unwrap();
    for (args, part) in [
        (&[][..], "Usage: treering"),
        (&["frobnicate"], "frobnicate"),
        (&["run", "--frobnicate"], "--frobnicate"),
        (&["run", "--acks"], "--input"),
        (&["run", "--for", "5"], "no unit"),
        (&["run", "--for=-5s"], "below 0"),
        (&["run", "--retention", "1d"], "a day is 24h"),
        (&["run", "--checkpoint-interval", "often"], "--checkpoint-interval"),
        (&["run", "--sync", "sometimes"], "always, interval, never"),
        (&["run", "--default-interval", "0"], "whole seconds"),
        (&["run", "--default-interval", "1.5"], "whole seconds"),
        (&["dump"], "PATH"),
        (&["dump", "a", "b"], "unexpected argument 'b'"),
        (&["dump", "--format", "csv", "."], "text, tsv, json"),
        (&["dump", "--format", "tsv", "--json", "."], "cannot be used with"),
    ] {
        check(dir.path(), args, 2, part);
    }
}

#[test]
fn a_configuration_that_cannot_be_used_is_2_and_names_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let write = |text: &str| fs::write(dir.path().join("config.json"), text).unwrap();
    let run = ["run", "--config", "config.json"];
    check(dir.path(), &run, 2, "config.json");
    for (from, to, part) in [
        ("\"memory-cap\":0", "\"memory-cap\":0,\"colour\":1", "metric-store.colour"),
        ("\"1h\"", "\"1 hour\"", "metric-store.retention-in-memory"),
        ("\"metrics\":{}", "\"metrics\":{\"a\":{\"frequency\":0}}", "metrics.a.frequency"),
        ("{\"metrics\"", "", "not JSON"),
        // The name of a metric that only the store itself may write.
        ("{}", "{\"treering.control\":{\"frequency\":1,\"aggregation\":null}}", "treering.control"),
    ] {
        write(&CONFIG.replacen(from, to, 1));
        check(dir.path(), &run, 2, part);
    }
    write("{}");
    check(dir.path(), &["dump", "--config", "config.json", "."], 2, "missing key `metrics`");
}

/// A file without an end is not read until the memory is full.
#[test]
fn a_configuration_beyond_16_mib_is_2_and_the_limit_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.json");
    let padded = |len: usize| format!("{CONFIG}{}", " ".repeat(len - CONFIG.len()));
    fs::write(&config, padded((16 << 20) + 1)).unwrap();
    for args in [["run", "--config", "config.json"].as_slice(), &["dump", "--config", "config.json", "."]] {
        check(dir.path(), args, 2, "configuration config.json: longer than 16 MiB, which is the limit");
    }
    fs::write(&config, padded(16 << 20)).unwrap();
    check(dir.path(), &["dump", "--config", "config.json", "nothing"], 2, "nothing: ");
    if cfg!(target_os = "linux") {
        check(dir.path(), &["run", "--config", "/dev/zero"], 2, "/dev/zero: longer than 16 MiB");
    }
}

#[test]
fn an_input_that_is_not_there_is_2() {
    let dir = tempfile::tempdir().unwrap();
    check(dir.path(), &["run", "--input", "batch.lp"], 2, "batch.lp");
    check(dir.path(), &["run", "--input", "."], 2, "directory");
    check(dir.path(), &["dump", "store"], 2, "store");
    fs::write(dir.path().join("file"), "").unwrap();
    check(dir.path(), &["dump", "file/store"], 2, "file/store");
}

#[test]
fn a_directory_that_cannot_be_used_is_3() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    fs::write(dir.path().join("batch.lp"), "m,cluster=c,host=h value=1\n").unwrap();
    for store in ["file", "file/store"] {
        let ran = check(dir.path(), &["run", "--input", "batch.lp", "--dir", store], 3, store);
        assert_eq!(ran.said("--dir").len(), 1, "{ran:?}");
        assert!(ran.said("process").is_empty(), "nobody has it: {ran:?}");
    }
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"");
    if cfg!(target_os = "linux") {
        // Nobody can make a directory there, whoever runs this.
        check(dir.path(), &["run", "--input", "batch.lp", "--dir", "/proc/store"], 3, "/proc/store");
    }
}
