//! The fault matrix: where the canonical run and random ones are cut short, and what must be there afterwards.

mod moments;
mod stage;

mod clock;
mod damage;
mod death;
mod errors;
mod found;
mod full_disk;
mod lost_syncs;
mod machine;
mod names;
mod power_cut;
mod races;
mod sequences;
mod short_writes;
mod trust;

use std::time::Duration;

use treering_persist::{Options, SyncPolicy};
use treering_tests::{
    Life, Mismatch, Oracle, Outcome, PowerCut, ROOT, Safety, SimDisk, Step, Workload, check_clean_stop,
};

/// Starts on what an end left, goes on, stops cleanly, and starts once more after a power cut that spares nothing
/// that is not durable.
fn recover_and_go_on(
    workload: &Workload,
    disk: &SimDisk,
    oracle: &mut Oracle,
    survived: Safety,
) -> Result<(), Mismatch> {
    let options = workload.options();
    let steps = workload.sequel(treering_persist::Storage::wall_s(disk));
    go_on(disk, &options, workload, &steps, oracle, survived)?;
    check_clean_stop(disk, ROOT)?;
    let next = disk.power_cut(PowerCut::Nothing);
    go_on(&next, &options, workload, &[], oracle, Safety::Durable)
}

fn go_on(
    disk: &SimDisk,
    options: &Options,
    workload: &Workload,
    steps: &[Step],
    oracle: &mut Oracle,
    survived: Safety,
) -> Result<(), Mismatch> {
    let Outcome::Alive(mut life) = Life::start(disk, options, &workload.series, oracle, survived)? else {
        return Err(Mismatch::new("died without being told to"));
    };
    for step in steps {
        life.step(step, oracle).map_err(|mismatch| Mismatch::new(format!("at {step:?}: {mismatch}")))?;
    }
    Ok(())
}

/// What runs a case of a row of this package again.
fn replay(test: &str) -> String {
    format!("cargo test -p treering-tests --test it {test}")
}

fn policy(name: &str) -> SyncPolicy {
    match name {
        "always" => SyncPolicy::Always,
        "interval" => SyncPolicy::Interval(Duration::from_secs(1)),
        "never" => SyncPolicy::Never,
        "unlogged" => SyncPolicy::Unlogged,
        other => panic!("no such policy: {other}"),
    }
}
