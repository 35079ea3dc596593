//! One file: a snapshot or a log.

use std::io::Write;
use std::path::Path;

use treering::tsv::{self, ColumnHead};
use treering_format_bin::BinFormat;
use treering_persist::OsStorage;
use treering_snapshot::{Damage, Document, Format as _, Head, Limits, Meta, Part, Scratch, Sink, Stop, Take};
use treering_wal::{End, Reader, Record};

use super::{Problem, text};
use crate::program::cli::{DumpArgs, Format};
use crate::program::exit::{Failure, Outcome, chain};
use crate::program::file::Source;
use crate::program::{say, settings};

/// What a file is.
enum Kind {
    Snapshot,
    Log,
}

pub(super) fn dump(args: &DumpArgs, out: &mut impl Write) -> Result<Outcome, Problem> {
    let mut bytes = read(&args.path)?;
    match kind(&args.path, &bytes)? {
        Kind::Snapshot => snapshot(args, &mut bytes, out),
        Kind::Log => log(args, &bytes, out),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let formats = settings::formats();
    let format = formats.iter().find(|format| path.extension() == Some(format.extension().as_ref()));
    let mut bytes = Vec::new();
    Source::open(&OsStorage::new(), path)
        .and_then(|source| match format {
            Some(format) => source.read_snapshot(&**format, &mut bytes),
            None => source.read(&mut bytes),
        })
        .map_err(|error| {
            Failure::new(Outcome::Unfinished, format!("cannot read {}: {error}", path.display()))
        })?;
    Ok(bytes)
}

/// By the extension; by the content where there is none that is known.
fn kind(path: &Path, bytes: &[u8]) -> Result<Kind, Failure> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("bin") => Ok(Kind::Snapshot),
        Some("wal") => Ok(Kind::Log),
        Some("json") => Err(Failure::new(
            Outcome::Usage,
            format!("{}: snapshots in JSON cannot be read by this version", path.display()),
        )),
        _ if bytes.starts_with(&treering_wal::FILE_MAGIC.to_le_bytes()) => Ok(Kind::Log),
        _ if bytes.starts_with(&treering_format_bin::FILE_MAGIC.to_le_bytes()) => Ok(Kind::Snapshot),
        _ => Err(Failure::new(Outcome::Usage, format!("{} is neither a snapshot nor a log", path.display()))
            .hint("name it *.bin or *.wal to have it looked at all the same")),
    }
}

fn snapshot(args: &DumpArgs, bytes: &mut [u8], out: &mut impl Write) -> Result<Outcome, Problem> {
    let mut document = Document::new();
    let mut damage: Vec<Damage> = Vec::new();
    let decoded =
        BinFormat.decode(bytes, &mut Scratch::new(), &Limits::default(), &mut document, &mut |found| {
            damage.push(found);
        });
    for found in &damage {
        say(&format!("damage: {}: {found}", args.path.display()));
    }
    match args.format {
        Format::Tsv => {
            if let Some(Meta { window, .. }) = &decoded.meta {
                tsv::snapshot(out, window.from_s, window.to_s)?;
            }
            let mut rows = Rows { out, path: Vec::new(), failed: None };
            // It stops only when the output does, and then `failed` says why.
            let _ = document.emit(&mut rows);
            if let Some(error) = rows.failed {
                return Err(error.into());
            }
            if let Err(error) = &decoded.end {
                tsv::error(out, &chain(error))?;
            }
        }
        Format::Text => text::snapshot(out, decoded.meta.as_ref(), &document)?,
    }
    if let Err(error) = &decoded.end {
        say(&format!("damage: {}: {}", args.path.display(), chain(error)));
    }
    Ok(if decoded.end.is_ok() && damage.is_empty() { Outcome::Done } else { Outcome::No })
}

fn log(args: &DumpArgs, bytes: &[u8], out: &mut impl Write) -> Result<Outcome, Problem> {
    let (mut reader, header) = match Reader::new(bytes, &treering_wal::Limits::default()) {
        Ok(reader) => (reader, None),
        Err(error) => (Reader::salvage(bytes, &treering_wal::Limits::default()), Some(error)),
    };
    let mut damaged = false;
    let mut first_end = None;
    let mut summary = text::LogSummary::default();
    loop {
        for record in reader.by_ref() {
            match args.format {
                Format::Tsv => row(&record, out)?,
                Format::Text => summary.add(&record),
            }
        }
        match reader.end() {
            Some(End::Corrupt { offset, reason, next }) => {
                damaged = true;
                say(&format!(
                    "damage: {}: at byte {offset}: {reason}; sound again from byte {next}",
                    args.path.display()
                ));
                first_end.get_or_insert(format!("at byte {offset}: {reason}"));
            }
            // Behind a bad header nothing was found: the header says it all.
            Some(End::Torn { offset, reason }) if header.is_none() => {
                first_end.get_or_insert(format!("at byte {offset}: {reason}"));
            }
            _ => {}
        }
        if !reader.resume() {
            break;
        }
    }
    match (args.format, &header) {
        (Format::Tsv, Some(error)) => tsv::error(out, error)?,
        (Format::Tsv, None) => {
            tsv::end(out, first_end.as_ref().map(|reason| reason as &dyn std::fmt::Display))?;
        }
        (Format::Text, _) => {
            summary.print(out, header.map(|error| error.to_string()).or(first_end).as_deref())?;
        }
    }
    Ok(if damaged || header.is_some() { Outcome::No } else { Outcome::Done })
}

fn row(record: &Record<'_>, out: &mut impl Write) -> std::io::Result<()> {
    if record.is_control() {
        return Ok(());
    }
    let path: Vec<_> = record.levels().collect();
    tsv::record(out, record.time_s, &record.metric(), &path, record.value)
}

/// Prints a document's events as rows.
struct Rows<'a, W> {
    out: &'a mut W,
    path: Vec<String>,
    failed: Option<std::io::Error>,
}

impl<W: Write> Rows<'_, W> {
    fn stop_on(&mut self, result: std::io::Result<()>) -> Result<(), Stop> {
        result.map_err(|error| {
            self.failed = Some(error);
            Stop::enough()
        })
    }
}

impl<W: Write> Sink for Rows<'_, W> {
    fn column(&mut self, head: Head<'_>, parts: &[Part<'_>]) -> Result<(), Stop> {
        let mut values = Vec::new();
        for part in parts {
            part.append_to(&mut values);
        }
        let Head { metric, interval_s, start_s, count } = head;
        let head = ColumnHead { metric, interval_s, start_s, count: u64::from(count) };
        let written = tsv::column(self.out, &self.path, head, values);
        self.stop_on(written)
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        self.path.push(level.to_owned());
        let written = tsv::level(self.out, &self.path);
        self.stop_on(written).map(|()| Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.path.pop();
        Ok(())
    }
}
