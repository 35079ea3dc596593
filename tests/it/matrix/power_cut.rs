//! Row 6 of the matrix: the power is cut before the k-th storage operation of the canonical run, and any part of what
//! was not synced reaches the medium.

use treering_tests::{Mismatch, PowerCut, Safety, SimDisk, SplitMix64, Workload};

use super::replay::{command, count, variable, wants};
use super::{policy, recover_and_go_on, run_until};

/// States for each policy, unless `TREERING_POWER_CUTS` says otherwise.
const STATES: u64 = 3000;

#[test]
fn matrix_06_power_cut_loses_nothing_acknowledged_under_always() {
    cut_power("always", &Workload::canonical(policy("always")));
}

#[test]
fn matrix_06_power_cut_loses_only_what_came_after_the_last_sync_under_interval() {
    cut_power("interval", &Workload::canonical(policy("interval")));
}

#[test]
fn matrix_06_power_cut_loses_only_what_came_after_the_last_checkpoint_under_never() {
    cut_power("never", &Workload::canonical(policy("never")));
}

#[test]
fn matrix_06_power_cut_loses_only_what_came_after_the_last_checkpoint_without_a_log() {
    cut_power("unlogged", &Workload::canonical(policy("unlogged")));
}

#[test]
fn matrix_06_power_cut_spares_what_hosts_synced_together() {
    let workload = Workload::wide(policy("interval"), 60);
    let operations = operations(&workload);
    for k in (0..operations).rev().step_by(97) {
        for cut in [PowerCut::Nothing, PowerCut::Everything, PowerCut::Zeroed, PowerCut::Random(k)] {
            if let Err(mismatch) = cut_once(&workload, k, cut) {
                panic!("60 hosts, power cut before operation {k}, {cut}:\n{mismatch}");
            }
        }
    }
}

fn cut_power(name: &str, workload: &Workload) {
    if !wants(name) {
        return;
    }
    let only_cut: Option<PowerCut> = variable("TREERING_CUT");
    let fail = |k: u64, cut: PowerCut, mismatch: Mismatch| {
        let variables = [
            ("TREERING_POLICY", name.to_owned()),
            ("TREERING_K", k.to_string()),
            ("TREERING_CUT", cut.to_string()),
        ];
        panic!(
            "{name}, power cut before operation {k}, {cut}:\n{mismatch}\n{}",
            command("matrix_06", &variables)
        );
    };
    if let (Some(k), Some(cut)) = (variable("TREERING_K"), only_cut) {
        return cut_once(workload, k, cut).unwrap_or_else(|mismatch| fail(k, cut, mismatch));
    }
    let operations = operations(workload);
    let mut random = SplitMix64::new(6);
    let mut tried = 0;
    for k in 0..operations {
        let Some((disk, oracle)) = run_until(workload, k).unwrap_or_else(|mismatch| panic!("{mismatch}"))
        else {
            panic!("operation {k} of {operations} was not reached");
        };
        let share = count("TREERING_POWER_CUTS", STATES) / operations + 1;
        for cut in choose(&disk, share, &mut random) {
            let next = disk.power_cut(cut);
            let outcome = recover_and_go_on(workload, &next, &mut oracle.clone(), Safety::Durable);
            tried += 1;
            if let Err(mismatch) = outcome {
                fail(k, cut, mismatch);
            }
        }
    }
    println!("{name}: {operations} operations, {tried} states");
}

/// So many of all the power cuts of this moment: those that change most always, of the others by lot.
fn choose(disk: &SimDisk, share: u64, random: &mut SplitMix64) -> Vec<PowerCut> {
    let fixed = disk.power_cuts();
    let share = usize::try_from(share).unwrap();
    let (whole, single) = fixed.split_at(3);
    let mut cuts = whole.to_vec();
    let mut single = single.to_vec();
    for kind in 0..share.saturating_sub(cuts.len()) {
        let seed = random.next_u64() >> 40;
        cuts.push(match kind % 5 {
            0 => PowerCut::Torn { block_bytes: [512, 4096][kind / 5 % 2], seed },
            1 | 2 if !single.is_empty() => {
                let at = random.below(u64::try_from(single.len()).unwrap());
                single.swap_remove(usize::try_from(at).unwrap())
            }
            _ => PowerCut::Random(seed),
        });
    }
    cuts.truncate(share.max(1));
    cuts
}

fn cut_once(workload: &Workload, k: u64, cut: PowerCut) -> Result<(), Mismatch> {
    match run_until(workload, k)? {
        Some((disk, mut oracle)) => {
            recover_and_go_on(workload, &disk.power_cut(cut), &mut oracle, Safety::Durable)
        }
        None => Ok(()),
    }
}

/// How many operations the whole run takes.
fn operations(workload: &Workload) -> u64 {
    let disk = SimDisk::new();
    workload.run(&disk, &mut treering_tests::Oracle::new()).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    disk.operations()
}
