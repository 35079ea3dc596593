//! Row 6 of the matrix: the power is cut before the k-th storage operation of the canonical run, and any part of what
//! was not synced reaches the medium.

use treering_tests::{Mismatch, Oracle, PowerCut, Row, Run, Safety, SimDisk, SplitMix64, Workload};

use super::moments::{Moments, run_until};
use super::stage::POLICIES;
use super::{policy, recover_and_go_on, replay};

/// States that are tried of one moment in one case.
const STATES: usize = 10;

#[test]
fn matrix_06_power_cut_loses_only_what_was_not_promised_to_survive_one() {
    let moments = Moments::new();
    let replay = replay("matrix_06");
    let row = Row { number: 6, replay: &replay, usual: moments.len(), ci: 3 * moments.len() };
    row.run_counting(|seed| -> Result<u64, Mismatch> {
        let moment = moments.get(seed);
        let workload = moment.workload();
        let Some((disk, oracle)) = moment.run(&workload)? else { return Ok(0) };
        let cuts = choose(&disk, seed);
        for cut in &cuts {
            let next = disk.power_cut(*cut);
            recover_and_go_on(&workload, &next, &mut oracle.clone(), Safety::Durable)
                .map_err(|mismatch| mismatch.at(format!("{moment}: power cut {cut}")))?;
        }
        Ok(u64::try_from(cuts.len()).unwrap())
    });
}

/// A checkpoint that covers several segments and makes several files, of samples that were written over others.
#[test]
fn matrix_06_power_cut_among_several_segments_and_files_brings_back_nothing_old() {
    let mut lives = Vec::new();
    for name in POLICIES {
        let [first, second] = Workload::two_lives(policy(name));
        let (disk, mut oracle) = (SimDisk::new(), Oracle::new());
        first.run(&disk, &mut oracle).unwrap();
        let disk = disk.crash();
        let whole = disk.fork();
        second.run(&whole, &mut oracle.clone()).unwrap();
        lives.extend((0..whole.operations()).map(|k| (name, second.clone(), disk.fork(), oracle.clone(), k)));
    }
    let count = u64::try_from(lives.len()).unwrap();
    Row::new(6, &replay("matrix_06"), count).run_counting(|seed| -> Result<u64, Mismatch> {
        let (name, workload, disk, oracle, k) = &lives[usize::try_from(seed % count).unwrap()];
        let (disk, mut oracle) = (disk.fork(), oracle.clone());
        disk.stop_before(*k);
        if let Run::Finished = workload.run(&disk, &mut oracle)? {
            return Ok(0);
        }
        let cuts = choose(&disk, seed);
        for cut in &cuts {
            recover_and_go_on(workload, &disk.power_cut(*cut), &mut oracle.clone(), Safety::Durable)
                .map_err(|mismatch| {
                    mismatch.at(format!("{name}, second life, before operation {k}: power cut {cut}"))
                })?;
        }
        Ok(u64::try_from(cuts.len()).unwrap())
    });
}

#[test]
fn matrix_06_power_cut_spares_what_hosts_synced_together() {
    let workload = Workload::wide(policy("interval"), 60);
    let disk = SimDisk::new();
    workload.run(&disk, &mut Oracle::new()).unwrap();
    let operations = disk.operations();
    for k in (0..operations).rev().step_by(97) {
        for cut in [PowerCut::Nothing, PowerCut::Everything, PowerCut::Zeroed, PowerCut::Random(k)] {
            if let Err(mismatch) = cut_once(&workload, k, cut) {
                panic!("60 hosts, power cut before operation {k}, {cut}:\n{mismatch}");
            }
        }
    }
}

/// Some of all the power cuts of this moment: those that change most always, of the others by lot. Where all is durable
/// there is but one.
fn choose(disk: &SimDisk, seed: u64) -> Vec<PowerCut> {
    if disk.unsynced() == 0 {
        return vec![PowerCut::Nothing];
    }
    let mut random = SplitMix64::new(seed ^ 0x0006);
    let fixed = disk.power_cuts();
    let (whole, single) = fixed.split_at(3);
    let (mut cuts, mut single) = (whole.to_vec(), single.to_vec());
    for kind in 0..STATES - cuts.len() {
        let seed = random.next_u64() >> 40;
        cuts.push(match kind % 5 {
            0 => PowerCut::Torn { block_bytes: [512, 4096][kind / 5 % 2], seed },
            1 | 2 if !single.is_empty() => single.swap_remove(random.index(single.len())),
            _ => PowerCut::Random(seed),
        });
    }
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
