//! Rows 14 and 20: which names samples may come with.

use treering_level::{Host, Limits, Sample};
use treering_persist::{AddressError, FindingKind, Options, Store};
use treering_snapshot::{Column, Document, Format, Meta, Ours, Window};
use treering_tests::{SimDisk, held};

use super::{HOST, ROOT, T, encode, got, kill, options, put, start, start_on, stop};

/// Everything is taken, so that only names are a reason to refuse.
fn open_to_all() -> Options {
    let any = treering_level::Metric { interval_s: 60, aggregation: treering_level::Aggregation::Avg };
    Options { unknown: treering_level::Unknown::Take(any), ..options() }
}

/// Tries to write one sample under these names.
fn write(store: &Store, cluster: &str, host: &str, path: &[&str], metric: &str) -> Result<(), AddressError> {
    let host = store.host(cluster, host)?;
    let series = store.resolve(&host, path, metric)?;
    assert_eq!(store.write(&host, &[Sample { series, time_s: T, value: 1.0 }]).unwrap().stored, 1);
    Ok(())
}

#[test]
fn row_14_overlong_name_is_a_typed_error_and_nothing_is_written() {
    let disk = SimDisk::new();
    let store = start(&disk, &open_to_all());
    let (level, metric) = ("l".repeat(256), "m".repeat(65_536));
    assert!(matches!(write(&store, "a", "h", &[&level], "m"), Err(AddressError::Series(_))));
    assert!(matches!(write(&store, "a", "h", &["l", &level], "m"), Err(AddressError::Series(_))));
    assert!(matches!(write(&store, "a", "h", &[], &metric), Err(AddressError::Series(_))));
    assert!(matches!(write(&store, &level, "h", &[], "m"), Err(AddressError::Host(_))));
    assert!(matches!(write(&store, "a", &level, &[], "m"), Err(AddressError::Host(_))));
    let left: Vec<_> = disk.tree().into_keys().filter(|path| !path.ends_with("store")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn row_14_longest_names_come_back_and_hide_nothing_behind_them() {
    let disk = SimDisk::new();
    let store = start(&disk, &open_to_all());
    let (level, metric) = ("\u{e4}".repeat(127), "m".repeat(65_535));
    let deep: Vec<&str> = vec![&level; Limits::default().depth_max];
    write(&store, &level, &level, &deep, &metric).unwrap();
    write(&store, &level, &level, &[], "after").unwrap();
    let before = held(&store);
    assert_eq!(before.len(), 2);
    // Once from the log, once from the snapshot.
    let disk = kill(&disk, store);
    let store = start(&disk, &open_to_all());
    assert_eq!(held(&store), before);
    assert_eq!(held(&start(&stop(&disk, store), &open_to_all())), before);
}

#[test]
fn row_20_names_that_make_no_directory_are_refused_where_samples_enter() {
    let long = "n".repeat(256);
    for name in ["", ".", "..", "a/b", "/", "a/../b", "a\0", "a\n", "\u{7f}", "\u{85}", &long] {
        let disk = SimDisk::new();
        let store = start(&disk, &open_to_all());
        assert!(matches!(write(&store, name, "h", &[], "m"), Err(AddressError::Host(_))), "cluster {name:?}");
        assert!(matches!(write(&store, "c", name, &[], "m"), Err(AddressError::Host(_))), "host {name:?}");
        // The sample after it is stored under its own names.
        write(&store, "c", "h", &[], "m").unwrap();
        let store = start(&stop(&disk, store), &open_to_all());
        let names: Vec<String> = held(&store).keys().map(ToString::to_string).collect();
        assert_eq!(names, ["c/h m"], "{name:?}");
    }
}

#[test]
fn row_20_names_of_levels_and_metrics_are_refused_only_for_length_control_characters_and_depth() {
    let disk = SimDisk::new();
    let store = start(&disk, &open_to_all());
    for bad in ["", "a\tb", "\u{9f}"] {
        assert!(
            matches!(write(&store, "c", "h", &[bad], "m"), Err(AddressError::Series(_))),
            "level {bad:?}"
        );
        assert!(
            matches!(write(&store, "c", "h", &["l"], bad), Err(AddressError::Series(_))),
            "metric {bad:?}"
        );
    }
    assert!(matches!(write(&store, "c", "h", &["l"; 65], "m"), Err(AddressError::Series(_))));
    assert!(matches!(write(&store, "c", "h", &["l"], "treering.control"), Err(AddressError::Series(_))));
    for fine in
        ["/mnt/scratch", ".", "..", "current.wal", "1.bin", "quarantine", "a b", "accelerator0:49:00.0"]
    {
        write(&store, "c", "h", &[fine], fine).unwrap();
        if !fine.contains('/') && !fine.starts_with('.') {
            write(&store, fine, fine, &[], "m").unwrap();
        }
    }
    let before = held(&store);
    assert_eq!(before.len(), 13);
    let store = start(&stop(&disk, store), &open_to_all());
    assert_eq!(held(&store), before);
}

#[test]
fn row_20_names_that_are_read_from_files_are_taken_as_they_are() {
    let disk = SimDisk::new();
    let mut document = Document::new();
    let column = || Column { interval_s: 60, start_s: T, values: vec![1.0] };
    document.insert(&["tab\there", ""], "line\nend", column()).unwrap();
    let mut bytes = Vec::new();
    let mut encoder = treering_format_bin::BinFormat.encoder(&mut bytes);
    document.emit(&mut *encoder).unwrap();
    encoder.finish(&Meta { window: Window { from_s: T, to_s: T + 60 }, ours: None }).unwrap();
    disk.write_file(format!("{ROOT}/alpha/n1/{T}.bin"), bytes).unwrap();

    let store = start(&disk, &open_to_all());
    let names = || held(&store).keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(), ["alpha/n1/tab\there/ line\nend"]);
    assert_eq!(store.tree().hosts().iter().map(|host| Host::name(host)).collect::<Vec<_>>(), ["n1"]);
}

#[test]
fn row_20_names_in_a_trailer_are_told_on_one_line() {
    let ours = Ours { cluster: "al\npha".to_owned(), host: "n1".to_owned(), covers: 0, previous: 0 };
    let meta = Meta { window: Window { from_s: T, to_s: T + 60 }, ours: Some(ours) };
    let disk = SimDisk::new();
    disk.write_file(format!("{HOST}/{T}.bin"), encode(&meta, &[("load", 60, T, &[1.0])])).unwrap();
    let (store, report) = start_on(disk, &options());
    assert_eq!(got(&store, "load"), [(T, 1.0)]);
    let [finding] = &report.findings[..] else { panic!("{report:?}") };
    assert!(
        finding.kind == FindingKind::Foreign && finding.what.contains(r#""al\npha"/"n1""#),
        "{finding:?}"
    );
}

#[test]
fn row_20_plain_file_or_odd_directory_where_hosts_are_does_not_stop_a_start() {
    let disk = SimDisk::new();
    let store = start(&disk, &options());
    put(&store, "load", &[(T, 1.0)]);
    let disk = stop(&disk, store);
    disk.write_file(format!("{ROOT}/current.wal"), b"x").unwrap();
    disk.write_file(format!("{ROOT}/alpha/current.wal"), b"x").unwrap();
    disk.write_other(format!("{ROOT}/alpha/link")).unwrap();
    let (store, report) = start_on(disk.clone(), &options());
    let kinds: Vec<_> = report.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [FindingKind::Foreign; 3], "{report:?}");
    assert_eq!((store.status().counts.hosts, got(&store, "load")), (1, vec![(T, 1.0)]));
}
