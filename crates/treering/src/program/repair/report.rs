//! What `repair` tells: for each file what is used of it, and each range of bytes that is not.

use std::io::{self, Write};

use serde::Serialize;

use crate::program::table::Table;

/// All of it, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) from: String,
    pub(super) to: String,
    /// `null` for a plan.
    pub(super) written: Option<Written>,
    pub(super) hosts: Vec<HostReport>,
    /// What lies where only directories of clusters and hosts are expected.
    pub(super) outside: Vec<FileReport>,
    pub(super) totals: Totals,
}

/// What was made.
#[derive(Debug, Serialize)]
pub(super) struct Written {
    pub(super) snapshots: u64,
    pub(super) bytes: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct HostReport {
    pub(super) cluster: String,
    pub(super) host: String,
    /// Series and samples that the new store has of this host.
    pub(super) series: u64,
    pub(super) samples: u64,
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
    /// First byte.
    pub(super) from: u64,
    /// Behind the last byte; `null` if that cannot be told.
    pub(super) to: Option<u64>,
    pub(super) kind: LossKind,
    pub(super) what: String,
}

/// Why bytes do not make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LossKind {
    /// A damaged column of a snapshot.
    DamagedColumn,
    /// A damaged level of a snapshot.
    DamagedLevel,
    /// Checksums and tables of a snapshot; no sample is in them.
    DamagedTrailer,
    /// Header, counts or names of a snapshot, which exist twice, or a checksum that cannot say where.
    Unchecked,
    /// From here on a snapshot cannot be read.
    CutOff,
    /// Behind the end of a snapshot.
    BehindTheEnd,
    /// A log's last record, cut short.
    TornTail,
    /// Damage in a log, with sound records behind it.
    CorruptRecord,
    /// Sound, but nothing that a series can hold.
    Unplaced,
    /// A file that no store writes.
    ForeignFile,
    /// A snapshot that was never finished.
    UnfinishedFile,
    /// A directory that no store reads.
    Directory,
    /// The system cannot read it.
    Unread,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Totals {
    pub(super) hosts: u64,
    pub(super) series: u64,
    pub(super) samples: u64,
    /// Samples that met another one in their slot: one of the two is left.
    pub(super) merged: u64,
    pub(super) files: u64,
    pub(super) files_sound: u64,
    pub(super) files_damaged: u64,
    pub(super) files_not_used: u64,
    pub(super) bytes: u64,
    /// Bytes of damaged parts, torn tails and what cannot be read or placed.
    pub(super) bytes_lost: u64,
    /// Bytes of what no store reads.
    pub(super) bytes_not_used: u64,
}

impl Totals {
    pub(super) fn add(&mut self, file: &FileReport) {
        self.files += 1;
        self.bytes += file.bytes;
        match file.state {
            State::Sound | State::Torn => self.files_sound += 1,
            State::Damaged | State::Unplaced | State::Unread => self.files_damaged += 1,
            State::NotUsed => self.files_not_used += 1,
        }
        for lost in &file.lost {
            // Of a range without an end only the place is known.
            let bytes = lost.to.unwrap_or(lost.from).saturating_sub(lost.from);
            match lost.kind {
                LossKind::ForeignFile | LossKind::UnfinishedFile | LossKind::Directory => {
                    self.bytes_not_used += bytes;
                }
                LossKind::Unchecked => {}
                _ => self.bytes_lost += bytes,
            }
        }
    }
}

impl FileReport {
    /// A file of which nothing is used.
    pub(super) fn not_used(name: String, bytes: u64, kind: LossKind, what: impl Into<String>) -> FileReport {
        let state = if kind == LossKind::Unread { State::Unread } else { State::NotUsed };
        let lost = vec![Lost { from: 0, to: Some(bytes), kind, what: what.into() }];
        FileReport { name, bytes, state, parts: 0, samples: 0, lost }
    }
}

impl Report {
    /// The same for eyes.
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let mut table = Table::new(2, &["file", "state", "bytes", "parts", "samples"]);
        for host in &self.hosts {
            let HostReport { cluster, host, series, samples, files } = host;
            table.title(format!("{cluster}/{host}: {samples} samples of {series} series"));
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
        writeln!(out)?;
        writeln!(out, "{} samples of {} series on {} hosts", all.samples, all.series, all.hosts)?;
        if all.merged > 0 {
            writeln!(
                out,
                "  {} more met another one in their slot: if these are many, say with --config or --default-interval how often metrics are measured",
                all.merged
            )?;
        }
        writeln!(
            out,
            "{} files: {} sound, {} damaged, {} not used",
            all.files, all.files_sound, all.files_damaged, all.files_not_used
        )?;
        writeln!(
            out,
            "of {} bytes {} are lost, and {} are of files that no store reads",
            all.bytes, all.bytes_lost, all.bytes_not_used
        )?;
        match &self.written {
            None if all.samples == 0 => writeln!(out, "nothing was written"),
            None => writeln!(out, "nothing was written: this is the plan for {}; --write makes it", self.to),
            Some(Written { snapshots, bytes }) => writeln!(
                out,
                "{}: {snapshots} snapshots, {bytes} bytes, exactly the samples above; {} is as it was",
                self.to, self.from
            ),
        }
    }
}

impl FileReport {
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
            format!("  {}", self.name.escape_debug()),
            state.to_owned(),
            self.bytes.to_string(),
            self.parts.to_string(),
            self.samples.to_string(),
        ]);
        for lost in &self.lost {
            let to = lost.to.map_or_else(|| "?".to_owned(), |to| to.to_string());
            table.title(format!("    bytes {} to {to}: {}", lost.from, lost.what));
        }
    }
}
