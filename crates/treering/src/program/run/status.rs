//! What the running store tells its user.

use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use treering_persist::{CheckpointReport, RecoveryReport, Status, Store};

use super::intake::Counts;
use crate::program::say;

/// On a terminal the status line is renewed this often; elsewhere a line is written only so often.
const SHOW_INTERVAL: Duration = Duration::from_secs(1);
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Shows that something is going on, on a terminal.
pub(super) struct Spinner(Option<ProgressBar>);

/// The line that says how the store is.
pub(super) struct StatusLine {
    bar: Option<ProgressBar>,
    last: Instant,
}

impl Spinner {
    pub(super) fn start(what: String) -> Spinner {
        Spinner(std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner().with_message(what);
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        }))
    }

    pub(super) fn finish(self) {
        if let Some(bar) = self.0 {
            bar.finish_and_clear();
        }
    }
}

impl StatusLine {
    pub(super) fn new() -> StatusLine {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
            ProgressBar::new_spinner().with_style(style)
        });
        StatusLine { bar, last: Instant::now() }
    }

    pub(super) fn show(&mut self, store: &Store, counts: &Counts) {
        let interval = if self.bar.is_some() { SHOW_INTERVAL } else { LOG_INTERVAL };
        if self.last.elapsed() < interval {
            return;
        }
        self.last = Instant::now();
        let line = status(store, counts);
        match &self.bar {
            Some(bar) => bar.set_message(line),
            None => say(&line),
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn status(store: &Store, counts: &Counts) -> String {
    let status = store.status();
    let refused: u64 = counts.refused().values().sum();
    let checkpoint = match status.since_checkpoint {
        Some(since) => format!("last checkpoint {} ago", rounded(since)),
        None => "no checkpoint yet".to_owned(),
    };
    let mut line = format!(
        "{} stored, {} refused · {} hosts, {} series, {} samples in {} · log {}, {} hosts unsynced · {checkpoint}",
        HumanCount(counts.stored()),
        HumanCount(refused),
        HumanCount(status.counts.hosts),
        HumanCount(status.counts.series),
        HumanCount(status.counts.samples),
        HumanBytes(count(status.memory_bytes)),
        HumanBytes(status.log_bytes),
        status.unsynced_hosts,
    );
    if let Some(first) = store.health().degraded.first() {
        line.push_str(&format!(
            " · {} hosts degraded, first {}/{}: {}",
            status.degraded_hosts, first.cluster, first.host, first.why
        ));
    }
    line
}

/// What a start has to say.
pub(super) fn recovery(root: &Path, report: &RecoveryReport, status: &Status) -> Vec<String> {
    let counts = status.counts;
    let mut lines = Vec::new();
    if report.snapshots + report.log_segments == 0 {
        lines.push(format!("{}: nothing stored yet", root.display()));
    } else {
        lines.push(format!(
            "{}: recovered {} samples of {} series on {} hosts in {:.2} s",
            root.display(),
            HumanCount(counts.samples),
            HumanCount(counts.series),
            HumanCount(counts.hosts),
            report.elapsed.as_secs_f64(),
        ));
        lines.push(format!(
            "  {} samples from {} snapshots, {} from {} log segments; {} met another in their slot",
            HumanCount(report.samples_from_snapshots),
            report.snapshots,
            HumanCount(report.samples_from_logs),
            report.log_segments,
            HumanCount(report.merged),
        ));
    }
    // A torn tail is what a crash leaves; the number is enough.
    if report.torn_tails > 0 {
        lines.push(format!("  {} logs end in a torn record, as after a crash", report.torn_tails));
    }
    if status.damaged_files > 0 {
        lines.push(format!(
            "  {} files are damaged, see above; `treering verify {}` says more",
            status.damaged_files,
            root.display()
        ));
    }
    lines
}

/// What a stop has to say.
pub(super) fn stopped(report: &CheckpointReport, counts: &Counts) -> Vec<String> {
    let refused = counts.refused();
    let mut lines = vec![format!(
        "{} samples stored, {} refused",
        HumanCount(counts.stored()),
        HumanCount(refused.values().sum())
    )];
    lines
        .extend(refused.iter().map(|(reason, count)| format!("  refused, {reason}: {}", HumanCount(*count))));
    lines.push(format!(
        "last checkpoint: {} hosts, {} files, {}, {:.2} s",
        report.hosts_written,
        report.files_written,
        HumanBytes(report.bytes),
        report.elapsed.as_secs_f64(),
    ));
    if report.loss.any() {
        lines.push(format!(
            "  the format could not hold all values: {} infinite ones are gone, {} were rounded",
            HumanCount(report.loss.infinite),
            HumanCount(report.loss.rounded),
        ));
    }
    lines
}

fn rounded(since: Duration) -> String {
    let seconds = since.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        _ => format!("{}h{}m", seconds / 3600, seconds % 3600 / 60),
    }
}

fn count(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}
