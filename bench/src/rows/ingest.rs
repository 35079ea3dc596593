//! Resolved host batches into memory, without a log.

use treering_persist::SyncPolicy;

use crate::Result;
use crate::context::Context;
use crate::floors::append::{FLOOR, Vectors};
use crate::measure::in_turns;
use crate::report::{Line, State};

pub(super) fn run(context: &Context) -> Result<Vec<Line>> {
    let mut vectors = Vectors::new(&context.fritz);
    let subject = || context.ingest("ingest", SyncPolicy::Unlogged);
    let pair = in_turns(context.rounds, || vectors.run(&context.fritz), subject)?;
    let samples = context.fritz.count();
    let line = Line::of_pair("ingest", &pair, FLOOR, 0.5, samples, samples * 4);
    Ok(vec![line.with(State::Fresh, State::Reused)])
}
