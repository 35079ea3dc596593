//! Row 3 of the matrix: each operation fails with each error, once or from then on.

use treering_tests::{Errno, Fault, Faults, Mismatch, Row, Rule, SplitMix64, scattered};

use super::replay;
use super::stage::{POLICIES, Stage};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Times {
    Once,
    FromThenOn,
}

#[test]
fn matrix_03_any_error_of_any_operation_is_told_and_loses_nothing_acknowledged() {
    let stages: Vec<Stage> = POLICIES
        .iter()
        .flat_map(|name| [Stage::canonical(name), Stage::after_death(name, 5), Stage::after_death(name, 7)])
        .collect();
    let faults: Vec<(Errno, Times)> =
        Errno::ALL.into_iter().flat_map(|errno| [(errno, Times::Once), (errno, Times::FromThenOn)]).collect();
    let points: Vec<(usize, usize)> =
        (0..stages.len()).flat_map(|stage| (0..stages[stage].trace.len()).map(move |k| (stage, k))).collect();
    let usual = points.len() * faults.len();
    let (ci, replay) = (u64::try_from(usual).unwrap(), replay("matrix_03"));
    // A number that has no divisor in common with that of the faults: each point is met, and each fault.
    let row = Row { number: 3, replay: &replay, usual: ci / 7, ci };
    row.run(|seed| {
        let number = usize::try_from(scattered(seed, ci)).unwrap();
        let ((stage, k), (errno, times)) = (points[number / faults.len()], faults[number % faults.len()]);
        let stage = &stages[stage];
        let place = format!("{}, operation {k}, {}, {errno:?} {times:?}", stage.name, stage.trace[k]);
        fail(stage, k, errno, times, seed).map_err(|mismatch| mismatch.at(place))
    });
}

fn fail(stage: &Stage, k: usize, errno: Errno, times: Times, seed: u64) -> Result<(), Mismatch> {
    let (fault, at) = (Fault::Error(errno), u64::try_from(k).unwrap());
    let rule = if times == Times::Once { Rule::once(at, fault) } else { Rule::from(at, fault) };
    let mut run = stage.start(|disk| disk.set_faults(rule.into()), |disk| Ok(disk.crash()))?;
    let mut random = SplitMix64::new(seed);
    let mut told = false;
    run.go(|run, troubles| {
        let first = !told && !troubles.is_empty();
        told |= first;
        // Before it nothing is different from a run without a fault.
        match run.disk.operations() > at && (first || random.index(8) == 0) {
            true => run.check_ends(),
            false => Ok(()),
        }
    })?;
    if errno == Errno::Eintr
        && times == Times::Once
        && stage.trace[k].starts_with("append ")
        && let Some(trouble) = run.troubles.first()
    {
        return Err(Mismatch::new(format!("an interrupted write is to be tried again: {}", trouble.what)));
    }
    run.disk.set_faults(Faults::none());
    run.heal_and_stop()
}
