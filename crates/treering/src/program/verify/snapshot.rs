//! One snapshot among those of its host: what it says of itself, and how it follows the ones before.

use std::collections::HashMap;
use std::rc::Rc;

use treering_snapshot::{Format, Head, Meta, Ours, Scratch};

use super::finding::{Finding, Findings};
use crate::program::place::HostDir;
use crate::program::series::Series;
use crate::program::survey;
use crate::program::words;

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
pub(super) struct Starts(HashMap<Series, Start>);

struct Start {
    start_s: i64,
    name: Rc<str>,
}

/// Checks a snapshot of `len` bytes, of which `bytes` are all, or its two ends. They are overwritten.
pub(super) fn check(
    format: &dyn Format,
    (bytes, len): (&mut [u8], u64),
    scratch: &mut Scratch,
    home: Option<&Home<'_>>,
    starts: &mut Starts,
    findings: &mut Findings,
) -> Checked {
    let name = Rc::from(home.map_or("", |home| home.name));
    let (mut early, mut first) = (0_u64, None);
    let seen = survey::snapshot(format, bytes, len, scratch, &mut |taken| {
        if let Some(what) = starts.follow(taken.path, &taken.head, &name) {
            early += 1;
            first.get_or_insert(what);
        }
    });
    let damaged = seen.faults.lose_samples();
    findings.add_all(seen.faults);
    if let Some(first) = first {
        let columns = words::count(early, "column");
        let begins = if early == 1 { "begins" } else { "begin" };
        let what = format!(
            "the reference would refuse this directory because {columns} of this file {begins} too early, the first: {first}"
        );
        findings.add(Finding::note("order-of-starts", what).advice(
            "nothing for this store; before going back to the reference, move one of the two files away",
        ));
    }
    if let Some(meta) = &seen.meta {
        window(meta, home, findings);
    }
    Checked { ours: seen.meta.and_then(|meta| meta.ours), damaged, columns: seen.columns }
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

impl Starts {
    /// The reference asks that a column never begins before the same column of the file before. Tells where it does.
    fn follow(&mut self, path: &[String], head: &Head<'_>, name: &Rc<str>) -> Option<String> {
        let new = Start { start_s: head.start_s, name: Rc::clone(name) };
        let key = Series::new(path, head.metric);
        let Some(before) = self.0.get_mut(&key) else {
            self.0.insert(key, new);
            return None;
        };
        if head.start_s >= before.start_s {
            *before = new;
            return None;
        }
        let column = words::place(Some(path), Some(head.metric));
        Some(format!("{column} at {}, in {} at {}", head.start_s, before.name, before.start_s))
    }
}
