//! The rows of the table of targets, one file each.

mod bin;
mod ingest;
mod json;
mod line;
mod log;
mod memory;
mod stall;

use crate::Result;
use crate::context::Context;
use crate::report::Line;

/// A row: some figures that are measured together.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// For the command line.
    pub name: &'static str,
    /// In one line.
    pub what: &'static str,
    /// Measures it.
    pub run: fn(&Context) -> Result<Vec<Line>>,
}

/// All rows, in the order of the table.
pub const ROWS: &[Row] = &[
    Row { name: "ingest", what: "resolved host batches into memory, without a log", run: ingest::run },
    Row { name: "line", what: "line protocol text to stored samples, without a log", run: line::run },
    Row { name: "bin-write", what: ".bin checkpoint of the whole store, not synced", run: bin::write },
    Row { name: "bin-durable", what: ".bin checkpoint of the whole store, durable", run: bin::durable },
    Row { name: "bin-load", what: "opening a store of .bin files", run: bin::load },
    Row { name: "json-exact", what: "JSON checkpoint, shortest exact numbers, not synced", run: json::exact },
    Row {
        name: "json-decimal",
        what: "JSON checkpoint with one decimal, not synced",
        run: json::one_decimal,
    },
    Row { name: "json-load", what: "opening a store of JSON files", run: json::load },
    Row {
        name: "log-append",
        what: "resolved host batches into memory and log, not synced",
        run: log::append,
    },
    Row { name: "log-replay", what: "opening a store of logs", run: log::replay },
    Row {
        name: "memory",
        what: "resident bytes per sample after a load, in processes of their own",
        run: memory::run,
    },
    Row { name: "stall", what: "what a checkpoint, queries and retention cost a writer", run: stall::run },
];
