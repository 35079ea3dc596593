//! Findings for eyes, and as one JSON object a line.

use std::io::{self, Write};

use serde::Serialize;

use super::finding::{Finding, Severity, Tally};
use super::host::Amount;
use crate::program::words::{self, count, on_one_line, shown};

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line<'a> {
    Finding(&'a Finding),
    Summary {
        verdict: &'static str,
        #[serde(flatten)]
        tally: Tally,
        #[serde(flatten)]
        amount: Amount,
    },
}

/// How findings are told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
    Silent,
}

pub(super) fn findings(out: &mut impl Write, form: Form, all: &[Finding]) -> io::Result<()> {
    for finding in all {
        match form {
            Form::Text => text(out, finding)?,
            Form::Json => json(out, &Line::Finding(finding))?,
            Form::Silent => {}
        }
    }
    Ok(())
}

pub(super) fn summary(out: &mut impl Write, form: Form, tally: Tally, amount: Amount) -> io::Result<()> {
    let verdict = match tally {
        Tally { damage: 1.., .. } => "damaged",
        Tally { unread: 1.., .. } => "unread",
        _ if amount.is_nothing() => "nothing",
        _ => "sound",
    };
    match form {
        Form::Silent => Ok(()),
        Form::Json => json(out, &Line::Summary { verdict, tally, amount }),
        Form::Text => writeln!(
            out,
            "{verdict}: {} damage, {} unread, {} in {} with {} and {} with {}, {}",
            tally.damage,
            tally.unread,
            count(tally.notes, "note"),
            count(amount.snapshots, "snapshot"),
            count(amount.columns, "column"),
            count(amount.log_segments, "log segment"),
            count(amount.log_records, "record"),
            count(amount.bytes, "byte"),
        ),
    }
}

fn text(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let severity = match finding.severity {
        Severity::Damage => "damage",
        Severity::Unread => "unread",
        Severity::Note => "note",
    };
    write!(out, "{severity} {}: {}", finding.rule, shown(&finding.file))?;
    if let Some(offset) = finding.offset {
        write!(out, " at byte {offset}")?;
    }
    write!(out, "\n  found: {}", on_one_line(&finding.what))?;
    match words::place(finding.path.as_deref(), finding.metric.as_deref()) {
        place if place.is_empty() => writeln!(out)?,
        place => writeln!(out, ", at {place}")?,
    }
    match (finding.lost != "nothing", finding.bytes) {
        (false, _) => {}
        (true, None) => writeln!(out, "  lost: {}", on_one_line(&finding.lost))?,
        (true, Some((from, to))) => {
            writeln!(out, "  lost: bytes {from} to {to}: {}", on_one_line(&finding.lost))?;
        }
    }
    if finding.advice != "nothing" {
        writeln!(out, "  do: {}", on_one_line(&finding.advice))?;
    }
    Ok(())
}

fn json(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn no_name_breaks_a_line_or_drives_a_terminal() {
        let finding = Finding::note("rule", "one\ntwo").advice("do \u{1b}[31m it");
        let path = Some(vec!["l\n".to_owned()]);
        let finding = Finding { file: "a\n\u{7}b".into(), offset: Some(7), path, ..finding };
        let mut out = Vec::new();
        text(&mut out, &finding).unwrap();
        let expected = "note rule: a\\n\\u{7}b at byte 7\n  found: one\\ntwo, at level \"l\\n\"\n  do: do \\u{1b}[31m it\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
