//! Resolved host batches into memory, without a log.

use treering_persist::{Store, SyncPolicy};

use crate::Result;
use crate::context::{Context, Resolved, Written};
use crate::floors::append::{FLOOR, Vectors};
use crate::measure::{in_turns, timed};
use crate::report::{Line, State};
use crate::storage::Without;
use crate::workload::SERIES;

pub(super) fn run(context: &Context) -> Result<Vec<Line>> {
    let mut vectors = Vectors::new(&context.fritz);
    let subject = || {
        let dir = context.empty_dir("ingest")?;
        let store = context.open(&dir, SyncPolicy::Unlogged, Written::Bin, Without::Syncs)?;
        let resolved = context.resolve(&store)?;
        let mut stored = 0;
        let took = timed(|| {
            stored = write_all(context, &store, &resolved)?;
            Ok(())
        })?;
        context.check_count("stored", stored)?;
        Ok(took)
    };
    let pair = in_turns(context.rounds, || vectors.run(&context.fritz), subject)?;
    let samples = context.fritz.count();
    let line = Line::of_pair("ingest", &pair, FLOOR, 0.5, samples, samples * 4);
    Ok(vec![line.with(State::Fresh, State::Reused)])
}

/// All rows of the workload through the store's front door; returns how many samples were stored.
pub(super) fn write_all(context: &Context, store: &Store, resolved: &[Resolved]) -> Result<u64> {
    let mut batch = Vec::with_capacity(SERIES);
    let mut stored = 0;
    for row in 0..context.fritz.samples() {
        for (number, resolved) in resolved.iter().enumerate() {
            context.batch(number, row, &resolved.series, &mut batch);
            stored += store.write(&resolved.host, &batch)?.stored;
        }
    }
    Ok(stored)
}
