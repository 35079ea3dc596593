//! One snapshot: what its decoder says of it, and what a store could not do with what it holds.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Display;
use std::rc::Rc;

use treering_level::TIME_MAX_S;
use treering_snapshot::{
    Damage, DamageKind, DecodeError, Format, Head, Limits, Meta, Ours, Part, Scratch, Sink, Stop, Take,
};

use super::behind::foreign_bytes;
use super::finding::{Finding, Findings};
use crate::program::exit::chain;
use crate::program::place::HostDir;
use crate::program::series::Series;

const NOTHING_LOST: &str = "nothing";
/// A store that starts over such a file does this by itself.
const SET_ASIDE: &str = "the store uses what is sound, writes that anew with its next checkpoint and sets the file aside; a backup may have the rest";
const UNCHECKED: &str = "perhaps: the file was read, but a flipped bit in it would go unnoticed";

/// Where a snapshot lies, if it is one of a host's.
pub(super) struct Home<'a> {
    pub(super) dir: &'a HostDir,
    pub(super) stem: i64,
    pub(super) name: &'a str,
}

/// What is to be known of a snapshot to judge those beside it.
pub(super) struct Checked {
    pub(super) ours: Option<Ours>,
    pub(super) damaged: bool,
    pub(super) columns: u64,
}

/// Where the newest column of each series begins: files come in the order of their stems.
#[derive(Default)]
pub(super) struct Starts {
    of_series: HashMap<Series, Start>,
}

struct Start {
    start_s: i64,
    name: Rc<str>,
}

/// Checks a snapshot. `bytes` are overwritten.
pub(super) fn check(
    format: &dyn Format,
    bytes: &mut [u8],
    scratch: &mut Scratch,
    home: Option<&Home<'_>>,
    starts: &mut Starts,
    findings: &mut Findings,
) -> Checked {
    let extension = format.extension();
    let behind = foreign_bytes(extension, bytes);
    let findings = RefCell::new(findings);
    let name = Rc::from(home.map_or("", |home| home.name));
    let mut sink = ColumnSink {
        extension,
        findings: &findings,
        starts,
        name,
        path: Vec::new(),
        columns: 0,
        unusable: 0,
    };
    let (mut reports, mut damaged) = (0_u64, false);
    let mut report = |damage: Damage| {
        reports += 1;
        damaged |= !matches!(damage.kind, DamageKind::TrailerVersion { .. });
        findings.borrow_mut().add(of_damage(extension, &damage));
    };
    let decoded = format.decode(bytes, scratch, &Limits::default(), &mut sink, &mut report);
    let (columns, unusable) = (sink.columns, sink.unusable);
    let findings = findings.into_inner();
    if let Err(error) = &decoded.end {
        findings.add(of_end(extension, error, columns));
        damaged = true;
    } else if let Some(offset) =
        behind.filter(|_| reports == 0 && trailer_is_elsewhere(extension, &decoded.meta))
    {
        findings.add(
            Finding::note(
                format!("{extension}-foreign-bytes"),
                "bytes behind the tree that belong to nobody known here",
            )
            .at(offset)
            .advice("nothing: they are passed over, as by the reference"),
        );
    }
    if let Some(meta) = &decoded.meta {
        window(meta, home, findings);
    }
    let ours = decoded.meta.and_then(|meta| meta.ours);
    Checked { ours, damaged: damaged || unusable > 0, columns }
}

/// Whether bytes behind the tree cannot be a trailer of ours.
fn trailer_is_elsewhere(extension: &str, meta: &Option<Meta>) -> bool {
    extension != "bin" || meta.as_ref().is_some_and(|meta| meta.ours.is_none())
}

fn window(meta: &Meta, home: Option<&Home<'_>>, findings: &mut Findings) {
    let window = meta.window;
    if window.to_s == 0 {
        findings.add(
            Finding::note(
                "reference-window-end",
                "the window ends at 0: the reference would not see how old this file is, and load it always",
            )
            .advice("nothing"),
        );
    }
    let Some(home) = home else { return };
    if window.from_s != home.stem {
        let what = format!("the name says {}, the window begins at {}", home.stem, window.from_s);
        findings.add(
            Finding::note("name-not-the-window", what)
                .advice("nothing: order goes by the names; somebody has renamed or copied the file"),
        );
    }
    let Some(ours) = &meta.ours else { return };
    if (&ours.cluster, &ours.host) != (&home.dir.cluster, &home.dir.host) {
        let what = format!(
            "written for {:?}/{:?}, found in {:?}/{:?}",
            ours.cluster, ours.host, home.dir.cluster, home.dir.host
        );
        findings.add(
            Finding::note("other-host", what)
                .lost("nothing: its samples are used, what it says of the log is not")
                .advice("move it back if it came here by mistake"),
        );
    }
}

/// One report of a decoder.
fn of_damage(extension: &str, damage: &Damage) -> Finding {
    let (suffix, lost, advice) = match damage.kind {
        DamageKind::ColumnChecksum { .. } => ("column-checksum", None, SET_ASIDE),
        DamageKind::ColumnMalformed { .. } => ("column-malformed", None, SET_ASIDE),
        DamageKind::ColumnUnusable { .. } => ("column-unusable", None, SET_ASIDE),
        DamageKind::LevelUnusable { .. } => ("level-unusable", None, SET_ASIDE),
        DamageKind::StructureChecksum { .. } => ("structure-checksum", Some(NOTHING_LOST), SET_ASIDE),
        DamageKind::FileChecksum { .. } => ("file-checksum", Some(UNCHECKED), SET_ASIDE),
        DamageKind::TrailerChecksum { .. } => ("trailer-checksum", Some(UNCHECKED), SET_ASIDE),
        DamageKind::TrailerBroken { .. } => ("trailer-broken", Some(UNCHECKED), SET_ASIDE),
        DamageKind::TrailerVersion { .. } => {
            ("trailer-version", Some(UNCHECKED), "verify it with the version that wrote it")
        }
        DamageKind::Depth { .. } => ("depth", None, SET_ASIDE),
        DamageKind::NameLength { .. } => ("name-length", None, SET_ASIDE),
        _ => ("damage", None, SET_ASIDE),
    };
    let lost =
        lost.map_or_else(|| samples_of(damage.path.as_deref(), damage.metric.as_deref()), str::to_owned);
    let rule = format!("{extension}-{suffix}");
    let what = damage.kind.to_string();
    let finding = match damage.kind {
        DamageKind::TrailerVersion { .. } => Finding::note(rule, what),
        _ => Finding::damage(rule, what),
    };
    finding.at(damage.offset).lost(lost).advice(advice)
}

/// Why a decode ended early.
fn of_end(extension: &str, error: &DecodeError, columns: u64) -> Finding {
    let suffix = match error {
        DecodeError::Truncated { .. } => "truncated",
        DecodeError::Magic { .. } => "magic",
        DecodeError::Checksum { .. } => "checksum",
        DecodeError::Limit { .. } => "limit",
        DecodeError::Malformed { .. } => "malformed",
        _ => "damage",
    };
    let finding = Finding::damage(format!("{extension}-{suffix}"), chain(error));
    let finding = match columns {
        0 => finding.lost("all of the file's samples that no log and no other snapshot has"),
        _ => finding.lost(format!(
            "what follows the {columns} columns that were read, as far as nothing else has it"
        )),
    };
    let finding = finding.advice(SET_ASIDE);
    match error.offset() {
        Some(offset) => finding.at(offset),
        None => finding,
    }
}

fn samples_of(path: Option<&[String]>, metric: Option<&str>) -> String {
    let mut lost = "this file's samples".to_owned();
    if let Some(path) = path {
        lost += &format!(" of {}", level(path));
    }
    if let Some(metric) = metric {
        lost += &format!(", metric {metric:?}");
    }
    lost + ", as far as no log and no other snapshot has them"
}

fn level(path: &[impl AsRef<str>]) -> impl Display {
    let names: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
    if names.is_empty() { "the host itself".to_owned() } else { format!("level {:?}", names.join("/")) }
}

struct ColumnSink<'a, 'f> {
    extension: &'static str,
    findings: &'a RefCell<&'f mut Findings>,
    starts: &'a mut Starts,
    name: Rc<str>,
    path: Vec<String>,
    columns: u64,
    /// Columns that no series can hold.
    unusable: u64,
}

impl ColumnSink<'_, '_> {
    fn add(&self, finding: Finding) {
        self.findings.borrow_mut().add(finding);
    }

    /// Intervals and times that a store leaves out.
    fn usable(&mut self, head: &Head<'_>) {
        let (suffix, what) = if u32::try_from(head.interval_s).map_or(true, |interval_s| interval_s == 0) {
            ("column-interval", format!("an interval of {} s, 1 to {} expected", head.interval_s, u32::MAX))
        } else {
            let slots = i64::from(head.count.saturating_sub(1));
            let last_s = head.start_s.saturating_add(head.interval_s.saturating_mul(slots));
            let times = -TIME_MAX_S..=TIME_MAX_S;
            if times.contains(&head.start_s) && times.contains(&last_s) {
                return;
            }
            let what = format!("times {} to {last_s}, nothing beyond {TIME_MAX_S} expected", head.start_s);
            ("column-time", what)
        };
        self.unusable += 1;
        let lost = samples_of(Some(&self.path), Some(head.metric));
        let rule = format!("{}-{suffix}", self.extension);
        let advice = "the store leaves the column out and the file in its place";
        self.add(
            Finding::damage(rule, format!("{what}, at {}, metric {:?}", level(&self.path), head.metric))
                .lost(lost)
                .advice(advice),
        );
    }

    /// The reference asks that a column never begins before the same column of the file before.
    fn in_order(&mut self, head: &Head<'_>) {
        let new = Start { start_s: head.start_s, name: Rc::clone(&self.name) };
        let key = Series::new(&self.path, head.metric);
        let Some(before) = self.starts.of_series.get_mut(&key) else {
            self.starts.of_series.insert(key, new);
            return;
        };
        if head.start_s >= before.start_s {
            *before = new;
            return;
        }
        let column = format!("{}, metric {:?}", level(&self.path), head.metric);
        let what = format!(
            "the reference would refuse this directory because {column} begins at {}, before its begin at {} in {}",
            head.start_s, before.start_s, before.name
        );
        let finding = Finding::note("order-of-starts", what).advice(
            "nothing for this store; before going back to the reference, move one of the two files away",
        );
        self.findings.borrow_mut().add(finding);
    }
}

impl Sink for ColumnSink<'_, '_> {
    fn column(&mut self, head: Head<'_>, _values: &[Part<'_>]) -> Result<(), Stop> {
        self.columns += 1;
        self.usable(&head);
        self.in_order(&head);
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        self.path.push(level.to_owned());
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.path.pop();
        Ok(())
    }
}
