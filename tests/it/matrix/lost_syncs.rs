//! Row 5 of the matrix: each sync fails once, what it should have made durable is dropped, and memory still shows it and
//! counts as clean. Or the kernel fails to write back by itself, and the next sync tells.

use treering_tests::{Fault, Faults, Mismatch, PowerCut, Row, Rule, SimDisk, SplitMix64, scattered};

use super::replay;
use super::stage::{POLICIES, Stage};

const SYNCS: [&str; 3] = ["sync", "sync_dir", "sync_file_system"];

#[test]
fn matrix_05_failed_sync_that_drops_data_loses_nothing_acknowledged() {
    let stages: Vec<Stage> = POLICIES
        .iter()
        .flat_map(|name| {
            let early = Stage::after_death(name, 3);
            [Stage::canonical(name), early, Stage::after_death(name, 6), Stage::wide(name)]
        })
        .collect();
    let mut cases = Vec::new();
    for (number, stage) in stages.iter().enumerate() {
        cases.extend(stage.operations(&SYNCS).into_iter().map(|k| (number, k, Fault::SyncDrops)));
        // Where one thing is done to many hosts, not to each.
        let stride = if stage.trace.len() > 400 { 7 } else { 1 };
        let points = (0..u64::try_from(stage.trace.len()).unwrap()).step_by(stride);
        cases.extend(points.map(|k| (number, k, Fault::WriteBackFails)));
    }
    let (ci, replay) = (u64::try_from(cases.len()).unwrap(), replay("matrix_05"));
    Row { number: 5, replay: &replay, usual: ci / 7, ci }.run(|seed| {
        let (stage, k, fault) = cases[usize::try_from(scattered(seed, ci)).unwrap()];
        let stage = &stages[stage];
        let operation = &stage.trace[usize::try_from(k).unwrap()];
        let place = format!("{}, operation {k}, {operation}, {fault:?}", stage.name);
        drop_data(stage, k, fault, seed).map_err(|mismatch| mismatch.at(place))
    });
}

fn drop_data(stage: &Stage, k: u64, fault: Fault, seed: u64) -> Result<(), Mismatch> {
    let mut random = SplitMix64::new(seed);
    // What nobody was able to make durable before the store was refused, the next process cannot know of.
    let reboot = |disk: &SimDisk| Ok(disk.power_cut(PowerCut::Nothing));
    let mut run = stage.start(|disk| disk.set_faults(Rule::once(k, fault).into()), reboot)?;
    let often = if stage.trace.len() > 400 { 40 } else { 8 };
    run.go(|run, troubles| {
        let looks = !troubles.is_empty() || (run.disk.operations() > k && random.index(often) == 0);
        if looks { run.check_ends() } else { Ok(()) }
    })?;
    run.disk.set_faults(Faults::none());
    run.heal_and_stop()
}
