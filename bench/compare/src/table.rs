//! What was measured, as a table in Markdown.

use std::fmt::Write as _;

use treering_bench::context::Context;
use treering_bench::machine::Machine;
use treering_bench::measure::Spread;

/// What ours is called.
pub(crate) const OURS: &str = "treering";

/// One thing with one library.
#[derive(Debug)]
pub(crate) struct Row {
    /// What was done.
    pub(crate) row: &'static str,
    /// With what.
    pub(crate) with: &'static str,
    /// How long it took.
    pub(crate) spread: Spread,
    /// Bytes that were made of it.
    pub(crate) bytes: u64,
}

pub(crate) fn text(context: &Context, rows: &[Row]) -> String {
    let machine = Machine::here(context);
    let mut text = format!(
        "{}, {} cores, {}, Linux {}; {} hosts x 460 series x {} samples, one thread, medians of {} rounds.\n\n\
         | row | with | median | million samples/s | bytes a sample | times treering's |\n\
         |---|---|---|---|---|---|\n",
        machine.cpu,
        machine.cores,
        machine.vectors,
        machine.kernel,
        machine.hosts,
        machine.samples,
        machine.rounds
    );
    let samples = context.fritz.count() as f64;
    for Row { row, with, spread, bytes } in rows {
        let ours = rows.iter().find(|ours| ours.row == *row && ours.with == OURS);
        let seconds = spread.median().as_secs_f64();
        let times = ours.map_or(1.0, |ours| seconds / ours.spread.median().as_secs_f64().max(1e-9));
        // A string takes it all.
        let _ = writeln!(
            text,
            "| `{row}` | {with} | {:.1} ms | {:.1} | {:.2} | {times:.1} |",
            seconds * 1e3,
            samples / seconds.max(1e-9) / 1e6,
            *bytes as f64 / samples
        );
    }
    text
}
