//! One thing about one file that an operator should know, and how many of them there may be.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::program::survey::{Class, Fault, Faults};
use crate::program::words;

/// So many findings of one file and one severity are given one by one; the others are counted.
const FINDINGS_MAX: u64 = 16;

/// What a finding means for what was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// Bytes are not what was written, or not what a store can use.
    Damage,
    /// It could not be read, so nothing is known of it.
    Unread,
    /// Nothing is wrong with what was stored.
    Note,
}

/// One finding. `file` and `offset` say where; the rest is for reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// A short name that stays what it is.
    pub(super) rule: Cow<'static, str>,
    #[serde(serialize_with = "as_text")]
    pub(super) file: PathBuf,
    /// Bytes from the start of the file, if it is about one place.
    pub(super) offset: Option<u64>,
    /// Bytes of the file that are not used because of it: the first, and the one behind the last.
    pub(super) bytes: Option<(u64, u64)>,
    /// The level below the host, and the metric, if it is about one.
    pub(super) path: Option<Vec<String>>,
    pub(super) metric: Option<String>,
    /// What was expected, and what is there instead.
    pub(super) what: Cow<'static, str>,
    pub(super) lost: Cow<'static, str>,
    /// What to do.
    pub(super) advice: Cow<'static, str>,
}

/// Findings of one severity each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Tally {
    pub(super) damage: u64,
    pub(super) unread: u64,
    pub(super) notes: u64,
}

/// Takes findings file by file, and keeps a bounded number of each.
#[derive(Debug, Default)]
pub(super) struct Findings {
    all: Vec<Finding>,
    file: PathBuf,
    of_file: Tally,
    total: Tally,
}

impl Finding {
    fn new(severity: Severity, rule: Cow<'static, str>, what: Cow<'static, str>) -> Finding {
        let nothing = Cow::Borrowed("nothing");
        let advice = Cow::Borrowed("nothing");
        Finding {
            severity,
            rule,
            file: PathBuf::new(),
            offset: None,
            bytes: None,
            path: None,
            metric: None,
            what,
            lost: nothing,
            advice,
        }
    }

    /// What a look at one file has found.
    pub(super) fn of(fault: Fault) -> Finding {
        let severity = if fault.class.is_damage() { Severity::Damage } else { Severity::Note };
        let bytes = (fault.class != Class::Note && fault.from < fault.to).then_some((fault.from, fault.to));
        Finding {
            offset: Some(fault.at),
            bytes,
            path: fault.path,
            metric: fault.metric,
            ..Finding::new(severity, fault.rule, fault.what).lost(fault.lost).advice(fault.advice)
        }
    }

    pub(super) fn note(rule: impl Into<Cow<'static, str>>, what: impl Into<Cow<'static, str>>) -> Finding {
        Finding::new(Severity::Note, rule.into(), what.into())
    }

    /// Something that cannot be read, or that is nothing to read.
    pub(super) fn unread(error: &std::io::Error) -> Finding {
        let what = Cow::Owned(format!("cannot be read: {error}"));
        let (rule, advice) = match error.kind() {
            std::io::ErrorKind::InvalidInput => ("foreign-entry", "give a regular file"),
            std::io::ErrorKind::FileTooLarge => ("too-large", "no store writes such a file: move it away"),
            _ => ("unreadable", "make it readable for this user, and verify again"),
        };
        Finding::new(Severity::Unread, rule.into(), what)
            .lost("unknown: nothing in it was checked")
            .advice(advice)
    }

    pub(super) fn lost(mut self, lost: impl Into<Cow<'static, str>>) -> Finding {
        self.lost = lost.into();
        self
    }

    pub(super) fn advice(mut self, advice: impl Into<Cow<'static, str>>) -> Finding {
        self.advice = advice.into();
        self
    }
}

impl Tally {
    fn of(&mut self, severity: Severity) -> &mut u64 {
        match severity {
            Severity::Damage => &mut self.damage,
            Severity::Unread => &mut self.unread,
            Severity::Note => &mut self.notes,
        }
    }

    pub(super) fn add(&mut self, other: Tally) {
        self.damage += other.damage;
        self.unread += other.unread;
        self.notes += other.notes;
    }
}

impl Findings {
    /// What follows is about this file.
    pub(super) fn about(&mut self, file: &Path) {
        self.close_file();
        file.clone_into(&mut self.file);
    }

    pub(super) fn add(&mut self, finding: Finding) {
        let of_file = self.count(finding.severity, 1);
        if of_file <= FINDINGS_MAX {
            self.all.push(Finding { file: self.file.clone(), ..finding });
        }
    }

    /// Takes up what a look at the current file has found.
    pub(super) fn add_all(&mut self, faults: Faults) {
        faults.kept.into_iter().for_each(|fault| self.add(Finding::of(fault)));
        self.count(Severity::Damage, faults.more.damage + faults.more.unplaced);
        self.count(Severity::Note, faults.more.others);
    }

    /// All findings, and how many there were.
    pub(super) fn finish(mut self) -> (Vec<Finding>, Tally) {
        self.close_file();
        (self.all, self.total)
    }

    /// Counts findings; returns how many of the current file there are.
    fn count(&mut self, severity: Severity, more: u64) -> u64 {
        *self.total.of(severity) += more;
        let of_file = self.of_file.of(severity);
        *of_file += more;
        *of_file
    }

    fn close_file(&mut self) {
        let mut of_file = std::mem::take(&mut self.of_file);
        for severity in [Severity::Damage, Severity::Unread, Severity::Note] {
            let more = of_file.of(severity).saturating_sub(FINDINGS_MAX);
            if more > 0 {
                let what = format!("{} in this file, not shown", words::count(more, "more finding"));
                let finding = Finding::new(severity, "more".into(), what.into());
                self.all.push(Finding { file: self.file.clone(), ..finding });
            }
        }
    }
}

fn as_text<S: serde::Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_full_of_damage_takes_no_more_words_than_the_limit() {
        let mut findings = Findings::default();
        for file in ["a", "b"] {
            findings.about(Path::new(file));
            for from in 0..100 {
                findings.add(Finding::of(Fault::new(Class::Damage, "rule", (from, from + 1), "what")));
            }
            findings.add(Finding::note("note", "what"));
        }
        let (all, tally) = findings.finish();
        assert_eq!(tally, Tally { damage: 200, unread: 0, notes: 2 });
        assert_eq!(all.len(), 2 * (16 + 1 + 1));
        let last = all.last().map(|finding| (finding.rule.as_ref(), finding.what.as_ref()));
        assert_eq!(last, Some(("more", "84 more findings in this file, not shown")));
        assert!(all[..18].iter().all(|finding| finding.file == Path::new("a")));
        assert_eq!((all[7].offset, all[7].bytes), (Some(7), Some((7, 8))));
    }

    #[test]
    fn what_was_not_even_kept_is_counted() {
        let mut faults = Faults::default();
        for from in 0..5_000 {
            faults.push(Fault::new(Class::Damage, "rule", (from, from + 1), "what"));
        }
        let mut findings = Findings::default();
        findings.about(Path::new("a"));
        findings.add_all(faults);
        let (all, tally) = findings.finish();
        assert_eq!((all.len(), tally.damage), (17, 5_000));
        assert_eq!(all[16].what, "4984 more findings in this file, not shown");
    }
}
