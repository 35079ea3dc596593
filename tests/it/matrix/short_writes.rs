//! Row 4 of the matrix: each write takes only a part, and then goes on, meets a full disk, or dies. Reads, too, give
//! only a part.

use treering_tests::{
    Errno, Fault, Faults, Mismatch, Operation, PowerCut, Row, Rule, Safety, Short, SimDisk, SplitMix64,
    scattered,
};

use super::recover_and_go_on;
use super::replay;
use super::stage::{POLICIES, Stage};

const SHORTS: [Short; 4] = [Short::Bytes(1), Short::Bytes(7), Short::Half, Short::AllButOne];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    GoesOn,
    IsFull,
    Dies,
}

#[test]
fn matrix_04_short_write_is_gone_on_with_or_told() {
    let stages: Vec<Stage> =
        POLICIES.iter().flat_map(|name| [Stage::canonical(name), Stage::after_death(name, 6)]).collect();
    let mut cases = Vec::new();
    for (number, stage) in stages.iter().enumerate() {
        for short in SHORTS {
            for k in stage.operations(&["append"]) {
                cases.extend([Then::GoesOn, Then::IsFull, Then::Dies].map(|then| (number, k, short, then)));
            }
            cases
                .extend(stage.operations(&["read_at"]).into_iter().map(|k| (number, k, short, Then::GoesOn)));
        }
    }
    let (ci, replay) = (u64::try_from(cases.len()).unwrap(), replay("matrix_04"));
    Row { number: 4, replay: &replay, usual: ci / 7, ci }.run(|seed| {
        let (stage, k, short, then) = cases[usize::try_from(scattered(seed, ci)).unwrap()];
        let stage = &stages[stage];
        let operation = &stage.trace[usize::try_from(k).unwrap()];
        let place = format!("{}, operation {k}, {operation}, {short:?} and {then:?}", stage.name);
        take_a_part(stage, k, short, then, seed).map_err(|mismatch| mismatch.at(place))
    });
}

fn take_a_part(stage: &Stage, k: u64, short: Short, then: Then, seed: u64) -> Result<(), Mismatch> {
    let mut random = SplitMix64::new(seed);
    let once = Rule::once(k, Fault::Short(short));
    let full = |operation, times| Rule::from(0, Fault::Error(Errno::Enospc)).on(operation).times(times);
    let faults = match then {
        Then::GoesOn | Then::Dies => once.into(),
        // The next appends and new files find no room.
        Then::IsFull => {
            let times = 1 + random.below(12);
            let appends = stage.operations(&["append"]).iter().filter(|append| **append <= k).count();
            let creates = stage.operations(&["create"]).iter().filter(|create| **create <= k).count();
            Faults::none()
                .with(once)
                .with(full(Operation::Append, times).after(u64::try_from(appends).unwrap()))
                .with(full(Operation::Create, times).after(u64::try_from(creates).unwrap()))
        }
    };
    let refused = |_: &SimDisk| Err(Mismatch::new("refused over a short write"));
    let mut run = stage.start(
        |disk| {
            disk.set_faults(faults);
            if then == Then::Dies {
                disk.stop_before(k + 1);
            }
        },
        refused,
    )?;
    if then == Then::Dies {
        let (disk, mut oracle) = run.go_to_death()?;
        oracle.expect_torn_logs();
        let cut = PowerCut::Random(random.next_u64());
        let after_cut = disk.power_cut(cut);
        recover_and_go_on(&stage.workload, &after_cut, &mut oracle.clone(), Safety::Durable)
            .map_err(|mismatch| mismatch.at(format!("power cut {cut}")))?;
        return recover_and_go_on(&stage.workload, &disk.crash(), &mut oracle, Safety::Written);
    }
    run.go(|run, troubles| {
        let looks = !troubles.is_empty() || (run.disk.operations() > k && random.index(12) == 0);
        if looks { run.check_ends() } else { Ok(()) }
    })?;
    if let (Then::GoesOn, Some(trouble)) = (then, run.troubles.first()) {
        return Err(Mismatch::new(format!("the rest was not tried: {}", trouble.what)));
    }
    run.disk.set_faults(Faults::none());
    run.heal_and_stop()
}
