//! Names of any bytes: of clusters, hosts, levels and metrics, and of files.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use treering::line::SeriesName;
use treering_format_bin::BinFormat;
use treering_format_json::JsonFormat;
use treering_level::NameKind;
use treering_persist::{FindingKind, Options, SyncPolicy, inspect, inspect_host};
use treering_snapshot::{Column, Document, Format, Meta, Ours};
use treering_wal::{Batch, End, Limits, Reader, Template};

use super::broken;
use super::line;
use super::memory::Memory;
use super::snapshot::Buffers;
use crate::life::{formats, options};

const KINDS: [NameKind; 4] = [NameKind::Cluster, NameKind::Host, NameKind::Level, NameKind::Metric];
const ROOT: &str = "/s";
const NOW_S: i64 = 1_700_010_000;

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// Properties:
/// - a name is accepted by the rule as it is written here once more, and an error shows it on one short line;
/// - what is accepted as a cluster or host is one directory below its parent, and comes back from there;
/// - what is refused is not taken from a directory either, and is reported;
/// - what is accepted as a level or metric comes back from a log, from both formats, and from a line;
/// - both formats bring back every text, accepted or not;
/// - a file of any name beside others is either taken for one of the store's, or reported, and never both.
///
/// # Panics
/// If one of them does not hold.
pub fn check(input: &[u8]) {
    BUFFERS.with_borrow_mut(|buffers| {
        if let Ok(name) = str::from_utf8(input) {
            KINDS.iter().for_each(|kind| rule(*kind, name));
            if NameKind::Host.check(name).is_ok() {
                directory(name);
            }
            if NameKind::Level.check(name).is_ok() {
                record(name);
            }
            if NameKind::Metric.check(name).is_ok() {
                of_line(name);
            }
            documents(name, buffers);
        }
        if is_entry(input) {
            entry(OsStr::from_bytes(input));
        }
    });
}

fn rule(kind: NameKind, name: &str) {
    let is_directory = matches!(kind, NameKind::Cluster | NameKind::Host);
    let len_max = if kind == NameKind::Metric { 65_535 } else { 255 };
    let is_control = |c: char| matches!(u32::from(c), 0..=0x1F | 0x7F..=0x9F);
    let fits = (1..=len_max).contains(&name.len()) && !name.chars().any(is_control);
    let expected = fits && (!is_directory || !(name.contains('/') || name == "." || name == ".."));
    let found = kind.check(name);
    assert!(found.is_ok() == expected, "{kind} {name:?}: {found:?}");
    if let Err(error) = found {
        let shown = error.to_string();
        // 48 characters of at most 10 bytes each, and the words.
        assert!(shown.len() < 600 && !shown.chars().any(char::is_control), "{shown:?}");
    }
}

fn directory(name: &str) {
    let path = Path::new("/s").join(name);
    let mut components = path.components().skip(2);
    assert!(components.next() == Some(Component::Normal(OsStr::new(name))), "{path:?}");
    assert!(components.next().is_none() && path.parent() == Some(Path::new("/s")), "{path:?}");
    assert!(!name.contains('\0'), "{name:?}");
}

/// Whether a directory can have such an entry.
fn is_entry(name: &[u8]) -> bool {
    let is_name = !name.is_empty() && name.len() <= 255 && name != b"." && name != b"..";
    is_name && !name.contains(&b'/') && !name.contains(&0)
}

/// Above a host and within one.
fn entry(name: &OsStr) {
    let storage = Memory::new(NOW_S);
    let options = Options { root: PathBuf::from(ROOT), ..options(SyncPolicy::Never, None) };
    let formats = formats(SyncPolicy::Never);
    let host = Path::new(ROOT).join(name).join(name);
    storage.put_dir(&host);
    let Ok((tree, report)) = inspect(&storage, &options, &formats) else { broken(format_args!("{name:?}")) };
    let hosts = tree.hosts();
    let accepted = name.to_str().filter(|name| NameKind::Host.check(name).is_ok());
    match (accepted, hosts.as_slice()) {
        (Some(name), [host]) => {
            assert!(host.cluster() == name && host.name() == name && report.findings.is_empty(), "{name:?}");
        }
        (None, []) => assert!(report.findings.len() == 1 && is_foreign(&report), "{name:?} {report:?}"),
        _ => broken(format_args!("{name:?} becomes {} hosts", hosts.len())),
    }

    let dir = Path::new("/h");
    storage.put(&dir.join(name), b"");
    let Ok((_, report)) = inspect_host(&storage, &options, &formats, ("c", "h"), dir) else {
        broken(format_args!("{name:?}"));
    };
    let is_read = report.snapshots + report.log_segments == 1;
    let is_ours = is_read || is_temporary(name);
    // An empty file is no snapshot, so that one that is read is reported as damaged.
    let foreign = report.findings.iter().any(|finding| finding.kind == FindingKind::Foreign);
    assert!(is_ours != foreign, "{name:?}: {report:?}");
    assert!(is_read == is_of_store(name), "{name:?}: {report:?}");
    for finding in &report.findings {
        assert!(finding.path == dir.join(name) && !finding.what.contains('\n'), "{finding}");
    }
}

fn is_foreign(report: &treering_persist::RecoveryReport) -> bool {
    report.findings.iter().all(|finding| finding.kind == FindingKind::Foreign)
}

/// The rule for the names of files that are read, once more.
fn is_of_store(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let is_snapshot = |stem: &str| stem.parse::<i64>().is_ok();
    let sealed = |digits: &str| {
        let is_canonical = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_canonical && digits.parse::<u64>().is_ok_and(|number| (1..=u64::MAX / 2).contains(&number))
    };
    name == "current.wal"
        || name.strip_suffix(".bin").or_else(|| name.strip_suffix(".json")).is_some_and(is_snapshot)
        || name.strip_prefix("sealed.").and_then(|rest| rest.strip_suffix(".wal")).is_some_and(sealed)
}

fn is_temporary(name: &OsStr) -> bool {
    name.to_str().and_then(|name| name.strip_suffix(".tmp")).is_some_and(|name| {
        let stem = name.strip_suffix(".bin").or_else(|| name.strip_suffix(".json"));
        stem.is_some_and(|stem| stem.parse::<i64>().is_ok())
    })
}

/// What may be a level may be a metric.
fn record(name: &str) {
    let template = Template::new(name, [name, name]);
    if name == treering_wal::CONTROL_METRIC {
        return assert!(template.is_err(), "{name:?} is reserved");
    }
    let Ok(template) = template else { broken(format_args!("{name:?}: {template:?}")) };
    let mut batch = Batch::new();
    batch.push(&template, NOW_S, 0.5);
    // Without a header it is read as well.
    let mut reader = Reader::salvage(batch.bytes(), &Limits::default());
    let record = reader.next();
    let same =
        record.is_some_and(|record| record.metric() == name && record.levels().all(|level| level == name));
    assert!(same, "{name:?} became {record:?}");
    assert!(reader.next().is_none() && reader.end() == Some(End::Clean));
}

/// A line has no place for a backslash at a name's end, and a comment begins like some metrics.
fn of_line(name: &str) {
    if name.ends_with('\\') {
        return;
    }
    let mut prefix = String::new();
    line::escape(&mut prefix, name);
    for key in ["cluster", "hostname", "type", "stype"] {
        assert!(write!(prefix, ",{key}=").is_ok());
        line::escape(&mut prefix, name);
    }
    let series = SeriesName::parse(prefix.as_bytes());
    let Ok(series) = series else { broken(format_args!("{name:?}: {series:?}")) };
    let is_name = |text: Option<&str>| text == Some(name);
    assert!(series.metric == name && is_name(series.cluster.as_deref()) && is_name(series.host.as_deref()));
    let levels = if name == "node" { 0 } else { 2 };
    assert!(series.levels().count() == levels && series.levels().all(|level| level.kind == name));
}

fn documents(name: &str, buffers: &mut Buffers) {
    let mut document = Document::new();
    let column = Column { interval_s: 60, start_s: NOW_S, values: vec![0.5] };
    let inserted = document.insert(&[name, name], name, column);
    assert!(inserted.is_ok(), "{inserted:?}");
    let ours = Ours { cluster: name.to_owned(), host: name.to_owned(), covers: 1, previous: 0 };
    let meta = Meta { ours: Some(ours), ..Meta::default() };
    let formats: [&dyn Format; 2] = [&BinFormat, &JsonFormat::exact()];
    for format in formats {
        buffers.encode(format, &document, &meta);
        let (copy, copied) = buffers.decode_written(format);
        assert!(copy == document && copied.as_ref() == Some(&meta), "{name:?} became {copy:?} {copied:?}");
    }
}
