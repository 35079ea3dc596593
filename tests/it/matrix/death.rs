//! Row 1 of the matrix: the process dies before the k-th storage operation of the canonical run, for every k. Row 2: so
//! does the next one, before its j-th.

use treering_tests::{Life, Mismatch, Outcome, Row, Safety, SimDisk, Workload};

use super::moments::Moments;
use super::{recover_and_go_on, replay};

/// Of the operations of a second life each case takes one in so many.
const STRIDE: u64 = 8;

#[test]
fn matrix_01_death_before_any_operation_loses_nothing_that_survives_a_process() {
    let moments = Moments::new();
    Row::new(1, &replay("matrix_01"), moments.len()).run(|seed| {
        let moment = moments.get(seed);
        let workload = moment.workload();
        let Some((disk, mut oracle)) = moment.run(&workload)? else { return Ok(()) };
        recover_and_go_on(&workload, &disk.crash(), &mut oracle, Safety::Written)
            .map_err(|mismatch| mismatch.at(format!("{moment}: death")))
    });
}

#[test]
fn matrix_02_second_death_before_any_operation_loses_nothing_that_survives_a_process() {
    let moments = Moments::new();
    let (ci, replay) = (moments.len(), replay("matrix_02"));
    let row = Row { number: 2, replay: &replay, usual: ci / 8, ci };
    row.run_counting(|seed| -> Result<u64, Mismatch> {
        let moment = moments.get(seed % ci);
        let workload = moment.workload();
        let Some((disk, oracle)) = moment.run(&workload)? else { return Ok(0) };
        let disk = disk.crash();
        // Each round takes other ones, so that so many rounds are all pairs.
        let first = (seed + seed / ci) % STRIDE;
        let mut tried = 0;
        for j in (first..).step_by(usize::try_from(STRIDE).unwrap()) {
            let mut oracle = oracle.clone();
            let Some(next) = die_again(&workload, &disk.fork(), j, &mut oracle)? else { break };
            recover_and_go_on(&workload, &next, &mut oracle, Safety::Written).map_err(|mismatch| {
                mismatch.at(format!("{moment}: death, and before operation {j} of the next life"))
            })?;
            tried += 1;
        }
        Ok(tried)
    });
}

/// A life that starts on what a death left, goes on, and dies before its operation `j`; none if it has fewer.
fn die_again(
    workload: &Workload,
    disk: &SimDisk,
    j: u64,
    oracle: &mut treering_tests::Oracle,
) -> Result<Option<SimDisk>, Mismatch> {
    disk.stop_before(j);
    let options = workload.options();
    let start = Life::start(disk, &options, &workload.series, oracle, Safety::Written)?;
    let Outcome::Alive(mut life) = start else { return Ok(Some(disk.crash())) };
    for step in workload.sequel(treering_persist::Storage::wall_s(disk)) {
        if let Outcome::Died = life.step(&step, oracle)? {
            return Ok(Some(disk.crash()));
        }
    }
    Ok(None)
}
