//! The JSON snapshots: a checkpoint of the whole store with exact numbers and with one decimal, and opening it again.

use std::fs;

use crate::Result;
use crate::context::{Context, Written, files_below};
use crate::floors::{copy, parse, print};
use crate::measure::in_turns;
use crate::report::{Line, State};
use crate::storage::Without;

use super::bin::{Rewriter, contents, len, open};

pub(super) fn exact(context: &Context) -> Result<Vec<Line>> {
    let mut writer = Rewriter::new(context, "json-exact", Written::Exact, Without::Syncs)?;
    let contents = contents(&writer.checkpoint_and_keep()?)?;
    let floor = || print::run(&context.fritz, context.workers);
    let pair = in_turns(context.rounds, floor, || writer.checkpoint())?;
    Ok(vec![Line::of_pair("json-exact", &pair, print::FLOOR, 1.5, context.fritz.count(), len(&contents))])
}

pub(super) fn one_decimal(context: &Context) -> Result<Vec<Line>> {
    let mut writer = Rewriter::new(context, "json-decimal", Written::OneDecimal, Without::Syncs)?;
    let contents = contents(&writer.checkpoint_and_keep()?)?;
    let floor = || copy::run(&contents, context.workers);
    let pair = in_turns(context.rounds, floor, || writer.checkpoint())?;
    Ok(vec![Line::of_pair("json-decimal", &pair, copy::FLOOR, 0.15, context.fritz.count(), len(&contents))])
}

pub(super) fn load(context: &Context) -> Result<Vec<Line>> {
    // As the reference writes them.
    let dir = context.checkpointed_dir("json-load", Written::OneDecimal)?;
    let files = files_below(&dir)?;
    let texts: Vec<_> =
        files.iter().map(|(path, _)| parse::numbers(&fs::read(path)?)).collect::<Result<_>>()?;
    let floor = || parse::run(&texts, context.workers);
    let pair = in_turns(context.rounds, floor, || open(context, &dir))?;
    let bytes = files.iter().map(|(_, len)| len).sum();
    let target = if context.has_wide_vectors() { 2.0 } else { 1.2 };
    let line = Line::of_pair("json-load", &pair, parse::FLOOR, target, context.fritz.count(), bytes);
    Ok(vec![line.with(State::Reused, State::Fresh)])
}
