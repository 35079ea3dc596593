//! What `repair` tells: for each file what is used of it, and each range of bytes that is not.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::program::exit::Outcome;
use crate::program::survey::{Class, Fault, Faults};
use crate::program::table::Table;
use crate::program::words::{count, on_one_line};

/// All of it, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    from: String,
    to: String,
    /// `null` for a plan.
    pub(super) written: Option<Written>,
    hosts: Vec<HostReport>,
    /// What lies where only directories of clusters and hosts are expected.
    outside: Vec<FileReport>,
    totals: Totals,
}

/// What was made.
#[derive(Debug, Default, Serialize)]
pub(super) struct Written {
    pub(super) snapshots: u64,
    pub(super) bytes: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct HostReport {
    cluster: String,
    host: String,
    /// Series and samples that the new store has of this host.
    pub(super) series: u64,
    pub(super) samples: u64,
    /// Samples that met another one in their slot: one of the two is left.
    pub(super) merged: u64,
    pub(super) files: Vec<FileReport>,
}

#[derive(Debug, Serialize)]
pub(super) struct FileReport {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) state: State,
    /// Columns of a snapshot, records of a log.
    pub(super) parts: u64,
    /// Values in them that are samples.
    pub(super) samples: u64,
    pub(super) lost: Vec<Lost>,
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// All of it is used.
    Sound,
    /// A log whose last record was cut short, as a crash leaves it; the others are used.
    Torn,
    /// What is sound in it is used.
    Damaged,
    /// Sound, but not all of it can be held by a series.
    Unplaced,
    /// The system cannot read it.
    Unread,
    /// Nothing that a store reads.
    NotUsed,
}

/// Bytes that do not make it into the new store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Lost {
    /// The first one, and the one behind the last.
    from: u64,
    to: u64,
    /// How many of those in between.
    bytes: u64,
    /// The name under which `verify` tells of it.
    rule: Cow<'static, str>,
    what: String,
    #[serde(skip)]
    pub(super) class: Option<Class>,
}

#[derive(Debug, Default, Serialize)]
struct Totals {
    hosts: u64,
    series: u64,
    samples: u64,
    merged: u64,
    files: u64,
    files_sound: u64,
    files_damaged: u64,
    files_unread: u64,
    files_not_used: u64,
    bytes: u64,
    /// Bytes of damaged parts, torn tails, and what cannot be read or placed.
    bytes_lost: u64,
    /// Bytes that no store reads.
    bytes_not_used: u64,
}

impl Report {
    pub(super) fn new(from: &Path, to: &Path) -> Report {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let (hosts, outside, totals) = (Vec::new(), Vec::new(), Totals::default());
        Report { from: text(from), to: text(to), written: None, hosts, outside, totals }
    }

    pub(super) fn host(&mut self, host: HostReport) {
        self.totals.hosts += u64::from(host.samples > 0);
        self.totals.series += host.series;
        self.totals.samples += host.samples;
        self.totals.merged += host.merged;
        host.files.iter().for_each(|file| self.totals.add(file));
        self.hosts.push(host);
    }

    pub(super) fn outside(&mut self, file: FileReport) {
        self.totals.add(&file);
        self.outside.push(file);
    }

    /// Whether there is nothing to make a new store of.
    pub(super) fn is_empty(&self) -> bool {
        self.totals.samples == 0
    }

    /// Whether samples are lost that were stored; unread files say nothing of that.
    pub(super) fn outcome(&self) -> Outcome {
        match &self.totals {
            all if all.files_damaged > 0 => Outcome::No,
            all if all.files_unread > 0 => Outcome::Unfinished,
            _ if self.is_empty() => Outcome::No,
            _ => Outcome::Done,
        }
    }

    /// The same for eyes.
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let mut table = Table::new(2, &["file", "state", "bytes", "parts", "samples"]);
        for host in &self.hosts {
            let HostReport { cluster, host, series, samples, files, .. } = host;
            let (samples, series) = (count(*samples, "sample"), count(*series, "series"));
            table.title(on_one_line(&format!("{cluster}/{host}: {samples} of {series}")));
            files.iter().for_each(|file| file.rows(&mut table));
        }
        if !self.outside.is_empty() {
            table.title("outside of all hosts".to_owned());
            self.outside.iter().for_each(|file| file.rows(&mut table));
        }
        table.print(out)?;
        self.totals(out)
    }

    fn totals(&self, out: &mut impl Write) -> io::Result<()> {
        let all = &self.totals;
        let samples = count(all.samples, "sample");
        writeln!(out)?;
        writeln!(out, "{samples} of {} on {}", count(all.series, "series"), count(all.hosts, "host"))?;
        if all.merged > 0 {
            writeln!(
                out,
                "  {} more met another one in their slot: if these are many, say with --config or --default-interval how often metrics are measured",
                all.merged
            )?;
        }
        writeln!(
            out,
            "{}: {} sound, {} damaged, {} unread, {} not used",
            count(all.files, "file"),
            all.files_sound,
            all.files_damaged,
            all.files_unread,
            all.files_not_used
        )?;
        writeln!(
            out,
            "{}: {} used, {} lost, {} that no store reads",
            count(all.bytes, "byte"),
            all.bytes.saturating_sub(all.bytes_lost).saturating_sub(all.bytes_not_used),
            all.bytes_lost,
            all.bytes_not_used
        )?;
        let (from, to) = (on_one_line(&self.from), on_one_line(&self.to));
        match &self.written {
            None if all.samples == 0 => writeln!(out, "nothing was written"),
            None => writeln!(out, "nothing was written: this is the plan for {to}; --write makes it"),
            Some(Written { snapshots, bytes }) => writeln!(
                out,
                "{to}: {}, {}, exactly the samples above; {from} is as it was",
                count(*snapshots, "snapshot"),
                count(*bytes, "byte"),
            ),
        }
    }
}

impl HostReport {
    pub(super) fn new(cluster: String, host: String) -> HostReport {
        HostReport { cluster, host, series: 0, samples: 0, merged: 0, files: Vec::new() }
    }
}

impl FileReport {
    /// A file that no store reads.
    pub(super) fn not_used(name: String, bytes: u64, rule: &'static str, what: String) -> FileReport {
        FileReport::without_use(name, bytes, State::NotUsed, rule, what)
    }

    /// A file that the system does not read.
    pub(super) fn unread(name: String, bytes: u64, error: &io::Error) -> FileReport {
        let what = format!("cannot be read: {error}");
        FileReport::without_use(name, bytes, State::Unread, "unreadable", what)
    }

    fn without_use(name: String, bytes: u64, state: State, rule: &'static str, what: String) -> FileReport {
        let lost = vec![Lost { from: 0, to: bytes, bytes, rule: rule.into(), what, class: None }];
        FileReport { name, bytes, state, parts: 0, samples: 0, lost }
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.state == State::Damaged
    }

    fn rows(&self, table: &mut Table) {
        let state = match self.state {
            State::Sound => "sound",
            State::Torn => "torn",
            State::Damaged => "damaged",
            State::Unplaced => "not placed",
            State::Unread => "unread",
            State::NotUsed => "not used",
        };
        table.row([
            format!("  {}", on_one_line(&self.name)),
            state.to_owned(),
            self.bytes.to_string(),
            self.parts.to_string(),
            self.samples.to_string(),
        ]);
        for Lost { from, to, bytes, what, .. } in &self.lost {
            let of_these = if *bytes == to - from { String::new() } else { format!(" ({bytes} of these)") };
            let what = on_one_line(what);
            table.title(match from == to {
                true => format!("    byte {from}: {what}"),
                false => format!("    bytes {from} to {to}{of_these}: {what}"),
            });
        }
    }
}

impl Lost {
    /// All bytes of a file that are not used.
    pub(super) fn of(faults: Faults) -> Vec<Lost> {
        let more = faults.more;
        let mut lost: Vec<Lost> =
            faults.kept.into_iter().filter(|fault| fault.class != Class::Note).map(Lost::by).collect();
        if more.count() > 0 {
            let what = format!("{}, not named one by one", count(more.count(), "more place"));
            let class = if more.damage > 0 { Class::Damage } else { Class::Unplaced };
            let class = Some(if more.damage + more.unplaced > 0 { class } else { Class::Foreign });
            lost.push(Lost {
                from: more.from,
                to: more.to,
                bytes: more.bytes,
                rule: "more".into(),
                what,
                class,
            });
        }
        lost
    }

    pub(super) fn beyond_limits(at: u64, what: String) -> Lost {
        let class = Some(Class::Unplaced);
        Lost { from: at, to: at, bytes: 0, rule: "beyond-limits".into(), what, class }
    }

    fn by(fault: Fault) -> Lost {
        let bytes = fault.unused_bytes();
        let what = fault.described();
        Lost { from: fault.from, to: fault.to, bytes, rule: fault.rule, what, class: Some(fault.class) }
    }
}

impl Totals {
    fn add(&mut self, file: &FileReport) {
        self.files += 1;
        self.bytes += file.bytes;
        match file.state {
            State::Sound | State::Torn => self.files_sound += 1,
            State::Damaged | State::Unplaced => self.files_damaged += 1,
            State::Unread => self.files_unread += 1,
            State::NotUsed => self.files_not_used += 1,
        }
        for lost in &file.lost {
            let is_foreign = lost.class == Some(Class::Foreign) || file.state == State::NotUsed;
            *(if is_foreign { &mut self.bytes_not_used } else { &mut self.bytes_lost }) += lost.bytes;
        }
    }
}
