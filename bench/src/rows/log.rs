//! The log: batches into memory and log, and opening a store of logs.

use std::fs;

use treering_persist::SyncPolicy;

use super::bin::{len, open};
use crate::Result;
use crate::context::{Context, files_below};
use crate::floors::{records, replay};
use crate::measure::in_turns;
use crate::report::{Line, State};

pub(super) fn append(context: &Context) -> Result<Vec<Line>> {
    let (logs, batches) = logs(context)?;
    let floor_dir = context.empty_dir("floor")?;
    let floor = || records::run(&floor_dir, &logs, &batches);
    let pair = in_turns(context.rounds, floor, || context.ingest("log-append", SyncPolicy::Never))?;
    let samples = context.fritz.count();
    Ok(vec![Line::of_pair("log-append", &pair, records::FLOOR, 0.5, samples, len(&logs))])
}

pub(super) fn replay(context: &Context) -> Result<Vec<Line>> {
    context.ingest("log-replay", SyncPolicy::Never)?;
    let dir = context.dir.join("log-replay");
    let files = files_below(&dir)?;
    let floor = || replay::run(&files, context.workers, context.fritz.samples());
    let pair = in_turns(context.rounds, floor, || open(context, &dir))?;
    let bytes = files.iter().map(|(_, len)| len).sum();
    let line = Line::of_pair("log-replay", &pair, replay::FLOOR, 0.4, context.fritz.count(), bytes);
    Ok(vec![line.with(State::Reused, State::Fresh)])
}

/// The logs of all hosts, and how long each was behind each batch.
type Logs = (Vec<Vec<u8>>, Vec<Vec<usize>>);

/// What the store writes.
fn logs(context: &Context) -> Result<Logs> {
    context.ingest("log-append", SyncPolicy::Never)?;
    let files = files_below(&context.dir.join("log-append"))?;
    let logs = files.iter().map(|(path, _)| fs::read(path)).collect::<std::io::Result<Vec<_>>>()?;
    let ends = |(number, log): (usize, &Vec<u8>)| ends_of_batches(context, number, log);
    let batches = logs.iter().enumerate().map(ends).collect();
    Ok((logs, batches))
}

/// All records of a host and time have the same length but for gaps: what a batch takes follows from its samples.
fn ends_of_batches(context: &Context, host: usize, log: &[u8]) -> Vec<usize> {
    let rows = context.fritz.samples();
    let held = |row| context.fritz.row(host, row).iter().filter(|value| !value.is_nan()).count();
    let all: usize = (0..rows).map(held).sum();
    let mut samples = 0;
    let mut ends = Vec::with_capacity(rows);
    for row in 0..rows {
        samples += held(row);
        ends.push(log.len() * samples / all.max(1));
    }
    ends
}
