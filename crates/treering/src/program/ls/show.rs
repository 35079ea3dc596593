//! What was seen, as tables for eyes and as one JSON document.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::host::{FileRow, HostRow};
use super::span::Span;
use crate::program::entry::HostEntry;
use crate::program::table::{Table, or_dash};
use crate::program::words::{brief, count, count_len, on_one_line};

#[derive(Serialize)]
struct Document<'a> {
    directory: String,
    hosts: Vec<Host<'a>>,
    totals: Totals,
}

#[derive(Serialize)]
struct Host<'a> {
    cluster: &'a str,
    host: &'a str,
    newest_snapshot: Option<i64>,
    snapshots: u64,
    log_segments: u64,
    log_records: u64,
    first_s: Option<i64>,
    last_s: Option<i64>,
    series: usize,
    bytes: u64,
    damaged_files: u64,
    unread_files: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<File<'a>>>,
}

#[derive(Serialize)]
struct File<'a> {
    name: &'a str,
    kind: &'static str,
    stem: Option<i64>,
    generation: Option<u64>,
    from_s: Option<i64>,
    to_s: Option<i64>,
    first_s: Option<i64>,
    last_s: Option<i64>,
    columns: Option<u64>,
    records: Option<u64>,
    bytes: Option<u64>,
    covers: Option<u64>,
    damaged: bool,
}

#[derive(Serialize)]
struct Totals {
    clusters: usize,
    hosts: usize,
    snapshots: u64,
    log_segments: u64,
    log_records: u64,
    first_s: Option<i64>,
    last_s: Option<i64>,
    series: usize,
    bytes: u64,
    damaged_files: u64,
    unread_files: usize,
}

pub(super) fn json(out: &mut impl Write, dir: &Path, hosts: &[HostRow], files: bool) -> io::Result<()> {
    let document = Document {
        directory: dir.display().to_string(),
        hosts: hosts.iter().map(|host| Host::of(host, files)).collect(),
        totals: Totals::of(hosts),
    };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

/// One row per host, and their totals.
pub(super) fn hosts(out: &mut impl Write, hosts: &[HostRow]) -> io::Result<()> {
    let head = [
        "cluster",
        "host",
        "newest snapshot",
        "snapshots",
        "log records",
        "first",
        "last",
        "series",
        "bytes",
    ];
    let mut table = Table::new(2, &head);
    for host in hosts {
        table.row([
            brief(&host.cluster),
            brief(&host.host),
            or_dash(host.newest_stem),
            host.snapshots.to_string(),
            host.log_records.to_string(),
            or_dash(host.span.first_s()),
            or_dash(host.span.last_s()),
            host.series.to_string(),
            host.bytes.to_string(),
        ]);
    }
    let totals = Totals::of(hosts);
    table.row([
        count_len(totals.clusters, "cluster"),
        count_len(totals.hosts, "host"),
        String::new(),
        totals.snapshots.to_string(),
        totals.log_records.to_string(),
        or_dash(totals.first_s),
        or_dash(totals.last_s),
        totals.series.to_string(),
        totals.bytes.to_string(),
    ]);
    table.print(out)
}

/// One row per file below a line per host, and the totals.
pub(super) fn files(out: &mut impl Write, hosts: &[HostRow]) -> io::Result<()> {
    let head = ["file", "kind", "from", "to", "columns", "records", "bytes", "covers"];
    let mut table = Table::new(2, &head);
    for host in hosts {
        table.title(format!("{}/{}", brief(&host.cluster), brief(&host.host)));
        for file in &host.files {
            let file = File::of(file);
            let kind = file.kind.replace('_', " ");
            table.row([
                format!("  {}", on_one_line(file.name)),
                if file.damaged { kind + ", damaged" } else { kind },
                or_dash(file.from_s.or(file.first_s)),
                or_dash(file.to_s.or(file.last_s)),
                or_dash(file.columns),
                or_dash(file.records),
                or_dash(file.bytes),
                or_dash(file.covers),
            ]);
        }
    }
    let totals = Totals::of(hosts);
    table.title(format!(
        "{}, {}, {}, {} with {}, {}, {}",
        count_len(totals.clusters, "cluster"),
        count_len(totals.hosts, "host"),
        count(totals.snapshots, "snapshot"),
        count(totals.log_segments, "log segment"),
        count(totals.log_records, "record"),
        count_len(totals.series, "series"),
        count(totals.bytes, "byte"),
    ));
    table.print(out)
}

impl Span {
    fn first_s(self) -> Option<i64> {
        self.0.map(|(first, _)| first)
    }

    fn last_s(self) -> Option<i64> {
        self.0.map(|(_, last)| last)
    }
}

impl<'a> Host<'a> {
    fn of(row: &'a HostRow, files: bool) -> Host<'a> {
        Host {
            cluster: &row.cluster,
            host: &row.host,
            newest_snapshot: row.newest_stem,
            snapshots: row.snapshots,
            log_segments: row.logs,
            log_records: row.log_records,
            first_s: row.span.first_s(),
            last_s: row.span.last_s(),
            series: row.series,
            bytes: row.bytes,
            damaged_files: row.damaged,
            unread_files: row.unread.len(),
            files: files.then(|| row.files.iter().map(File::of).collect()),
        }
    }
}

impl<'a> File<'a> {
    fn of(row: &'a FileRow) -> File<'a> {
        let (kind, stem, generation) = match row.entry {
            HostEntry::Snapshot { stem, format: Some(_) } => ("snapshot", Some(stem), None),
            HostEntry::Snapshot { stem, format: None } => ("unread_snapshot", Some(stem), None),
            HostEntry::SealedLog { generation } => ("sealed_log", None, Some(generation)),
            HostEntry::CurrentLog => ("log", None, None),
            HostEntry::Temporary => ("unfinished", None, None),
            HostEntry::Quarantine => ("quarantine", None, None),
            HostEntry::Directory => ("directory", None, None),
            HostEntry::NotANumber | HostEntry::Foreign | HostEntry::Special => ("foreign", None, None),
        };
        let content = row.content.as_ref();
        let meta = content.and_then(|content| content.meta.as_ref());
        let is_log = matches!(row.entry, HostEntry::SealedLog { .. } | HostEntry::CurrentLog);
        File {
            name: &row.name,
            kind,
            stem,
            generation,
            from_s: meta.map(|meta| meta.window.from_s),
            to_s: meta.map(|meta| meta.window.to_s),
            first_s: content.and_then(|content| content.span.first_s()),
            last_s: content.and_then(|content| content.span.last_s()),
            columns: content.filter(|_| !is_log).map(|content| content.columns),
            records: content.filter(|_| is_log).map(|content| content.records),
            bytes: row.bytes,
            covers: meta.and_then(|meta| meta.ours.as_ref()).map(|ours| ours.covers),
            damaged: content.is_some_and(|content| content.damaged),
        }
    }
}

impl Totals {
    /// Hosts are in the order of their clusters.
    fn of(hosts: &[HostRow]) -> Totals {
        let mut clusters: Vec<&str> = hosts.iter().map(|host| host.cluster.as_str()).collect();
        clusters.dedup();
        let mut span = Span::default();
        hosts.iter().for_each(|host| span.join(host.span));
        let sum = |of: fn(&HostRow) -> u64| hosts.iter().map(of).sum();
        Totals {
            clusters: clusters.len(),
            hosts: hosts.len(),
            snapshots: sum(|host| host.snapshots),
            log_segments: sum(|host| host.logs),
            log_records: sum(|host| host.log_records),
            first_s: span.first_s(),
            last_s: span.last_s(),
            series: hosts.iter().map(|host| host.series).sum(),
            bytes: sum(|host| host.bytes),
            damaged_files: sum(|host| host.damaged),
            unread_files: hosts.iter().map(|host| host.unread.len()).sum(),
        }
    }
}
