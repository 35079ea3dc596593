//! What a clean stop must leave behind: whole snapshots in an order that the reference accepts, and nothing else.

use std::collections::BTreeMap;
use std::path::Path;

use treering_persist::SyncPolicy;
use treering_snapshot::{Document, Format, Level, Limits, Scratch};

use crate::disk::Disk;
use crate::life::formats;
use crate::oracle::Mismatch;
use crate::simdisk::Found;

/// Path and metric of a column, and when it begins.
type Starts = BTreeMap<(String, String), i64>;
/// By stem: the format and the bytes of a snapshot.
type Snapshots<'a> = BTreeMap<i64, (&'a dyn Format, Vec<u8>)>;

/// Looks at all files of the store in `root` after a clean stop.
///
/// In a host's directory there are snapshots and nothing else but logs with holes in the quarantine: no log, no sealed
/// segment, no unfinished file. Each
/// decodes without damage, is called after the start of its window, says when its last value ends, and has no column
/// without a value. And the files load where they came from: per series, over the files in ascending order, no
/// column begins before the one in the last earlier file that has one.
///
/// # Errors
/// What is not so.
pub fn check_clean_stop(disk: &dyn Disk, root: impl AsRef<Path>) -> Result<(), Mismatch> {
    check(disk, root.as_ref(), true, is_log_set_aside)
}

/// The same where somebody has damaged files: all kinds of them may have been set aside, and one that lost exactly its
/// trailer looks like one of the reference's.
///
/// # Errors
/// What is not so.
pub fn check_clean_stop_of_damaged(disk: &dyn Disk, root: impl AsRef<Path>) -> Result<(), Mismatch> {
    check(disk, root.as_ref(), false, |below| below.parent().is_some_and(|dir| dir.ends_with("quarantine")))
}

/// The same where the store found files of the reference's: these have no trailer, and columns of any shape.
///
/// # Errors
/// What is not so.
pub fn check_clean_stop_of_mixed(disk: &dyn Disk, root: impl AsRef<Path>) -> Result<(), Mismatch> {
    check(disk, root.as_ref(), false, is_log_set_aside)
}

fn check(
    disk: &dyn Disk,
    root: &Path,
    all_ours: bool,
    may_be_set_aside: impl Fn(&Path) -> bool,
) -> Result<(), Mismatch> {
    let formats = formats(SyncPolicy::Never);
    let mut hosts: BTreeMap<String, Snapshots<'_>> = BTreeMap::new();
    for (path, found) in disk.tree() {
        let Ok(below) = path.strip_prefix(root) else { continue };
        let depth = below.components().count();
        match (depth, found) {
            (0..=2, Found::Directory) => {}
            // A power cut can leave a hole in the middle of a log. Such a log is set aside, not dropped.
            (3, Found::Directory) if below.ends_with("quarantine") => {}
            (4, Found::File(_)) if may_be_set_aside(below) => {}
            (3, Found::File(_)) => {
                let stem =
                    below.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
                let extension = below.extension().unwrap_or_default();
                let format = formats.iter().find(|format| extension == format.extension());
                let (Some(stem), Some(format)) = (stem, format) else {
                    return Err(Mismatch::new(format!("{} is left after a clean stop", path.display())));
                };
                let host = below.parent().map(|host| host.display().to_string()).unwrap_or_default();
                let bytes = disk.content(&path).unwrap_or_default();
                hosts.entry(host).or_default().insert(stem, (&**format, bytes));
            }
            _ => return Err(Mismatch::new(format!("{} is left after a clean stop", path.display()))),
        }
    }
    for (host, files) in hosts {
        let mut newest = Starts::new();
        for (stem, (format, bytes)) in files {
            check_file(format, &host, stem, bytes, &mut newest, all_ours)
                .map_err(|what| Mismatch::new(format!("{host}/{stem}.{}: {what}", format.extension())))?;
        }
    }
    Ok(())
}

fn check_file(
    format: &dyn Format,
    host: &str,
    stem: i64,
    mut bytes: Vec<u8>,
    newest: &mut Starts,
    all_ours: bool,
) -> Result<(), String> {
    let mut document = Document::new();
    let mut damage = Vec::new();
    let report = &mut |found: treering_snapshot::Damage| damage.push(found.to_string());
    let decoded = format.decode(&mut bytes, &mut Scratch::new(), &Limits::default(), &mut document, report);
    decoded.end.map_err(|error| error.to_string())?;
    if let Some(damage) = damage.first() {
        return Err(damage.clone());
    }
    let meta = decoded.meta.ok_or("it says nothing of itself")?;
    let is_ours = match &meta.ours {
        Some(ours) if format!("{}/{}", ours.cluster, ours.host) != host => {
            return Err(format!("it says that it belongs to {}/{}", ours.cluster, ours.host));
        }
        None if all_ours => return Err("it has no trailer".to_owned()),
        ours => ours.is_some(),
    };
    if meta.window.from_s != stem {
        return Err(format!("its window begins at {}", meta.window.from_s));
    }
    let mut end_s = None;
    check_level(document.root(), "", newest, &mut end_s, is_ours && all_ours)?;
    match end_s {
        Some(end_s) if meta.window.to_s < end_s => {
            Err(format!("its window ends at {}, its values at {end_s}", meta.window.to_s))
        }
        _ if meta.window.to_s == 0 => Err("its window has no end".to_owned()),
        _ => Ok(()),
    }
}

fn check_level(
    level: &Level,
    path: &str,
    newest: &mut Starts,
    end_s: &mut Option<i64>,
    trimmed: bool,
) -> Result<(), String> {
    for (metric, column) in level.columns() {
        let ends = [column.values.first(), column.values.last()];
        if trimmed && ends.iter().any(|value| value.is_none_or(|value| value.is_nan())) {
            return Err(format!("{path} {metric}: the column does not begin and end with a value"));
        }
        let count = i64::try_from(column.values.len()).unwrap_or(i64::MAX);
        *end_s = (*end_s).max(Some(column.start_s + column.interval_s * count));
        let before = newest.insert((path.to_owned(), metric.to_owned()), column.start_s);
        if let Some(before_s) = before.filter(|before_s| *before_s > column.start_s) {
            let start_s = column.start_s;
            return Err(format!(
                "{path} {metric}: it begins at {start_s}, before the file before, at {before_s}"
            ));
        }
    }
    for (name, child) in level.children() {
        check_level(child, &format!("{path}/{name}"), newest, end_s, trimmed)?;
    }
    Ok(())
}

fn is_log_set_aside(below: &Path) -> bool {
    let name = below.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    below.parent().is_some_and(|dir| dir.ends_with("quarantine")) && name.starts_with("sealed.")
}
