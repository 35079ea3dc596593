//! What the running store tells its user.

use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use treering_persist::{CheckpointReport, RecoveryReport, Status, Store};

use crate::program::say;
use crate::program::words::grouped;
use treering::intake::Counts;

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
        "{} stored, {} refused · {}, {}, {} in {} · log {}, {} unsynced · {checkpoint}",
        HumanCount(counts.stored()),
        HumanCount(refused),
        grouped(status.counts.hosts, "host"),
        grouped(status.counts.series, "series"),
        grouped(status.counts.samples, "sample"),
        HumanBytes(count(status.memory_bytes)),
        HumanBytes(status.log_bytes),
        grouped(count(status.unsynced_hosts), "host"),
    );
    if let Some(first) = store.health().degraded.first() {
        line.push_str(&format!(
            " · {} degraded, first {}/{}: {}",
            grouped(status.degraded_hosts, "host"),
            first.cluster,
            first.host,
            first.why
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
            "{}: recovered {} of {} on {} in {:.2} s",
            root.display(),
            grouped(counts.samples, "sample"),
            grouped(counts.series, "series"),
            grouped(counts.hosts, "host"),
            report.elapsed.as_secs_f64(),
        ));
        lines.push(format!(
            "  {} from {}, {} from {}; {} met another in their slot",
            grouped(report.samples_from_snapshots, "sample"),
            grouped(report.snapshots, "snapshot"),
            HumanCount(report.samples_from_logs),
            grouped(report.log_segments, "log segment"),
            HumanCount(report.merged),
        ));
    }
    // A torn tail is what a crash leaves; the number is enough.
    if report.torn_tails > 0 {
        let ends = if report.torn_tails == 1 { "ends" } else { "end" };
        lines.push(format!(
            "  {} {ends} in a torn record, as after a crash",
            grouped(report.torn_tails, "log")
        ));
    }
    if status.damaged_files > 0 {
        lines.push(format!(
            "  {} damaged, see above; `treering verify {}` says more",
            grouped(status.damaged_files, "file"),
            root.display()
        ));
    }
    lines
}

/// What a stop has to say.
pub(super) fn stopped(report: &CheckpointReport, counts: &Counts) -> Vec<String> {
    let refused = counts.refused();
    let mut lines = vec![format!(
        "{} stored, {} refused",
        grouped(counts.stored(), "sample"),
        HumanCount(refused.values().sum())
    )];
    lines
        .extend(refused.iter().map(|(reason, count)| format!("  refused, {reason}: {}", HumanCount(*count))));
    lines.push(format!(
        "last checkpoint: {}, {}, {}, {:.2} s",
        grouped(report.hosts_written, "host"),
        grouped(report.files_written, "file"),
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
