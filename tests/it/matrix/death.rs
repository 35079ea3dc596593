//! Row 1 of the matrix: the process dies before the k-th storage operation of the canonical run, for every k.

use treering_tests::{Safety, Workload};

use super::replay::{command, variable, wants};
use super::{policy, recover_and_go_on, run_until};

#[test]
fn matrix_01_death_before_any_operation_loses_nothing_acknowledged_under_always() {
    die_before_each("always");
}

#[test]
fn matrix_01_death_before_any_operation_loses_nothing_acknowledged_under_interval() {
    die_before_each("interval");
}

#[test]
fn matrix_01_death_before_any_operation_loses_nothing_acknowledged_under_never() {
    die_before_each("never");
}

#[test]
fn matrix_01_death_before_any_operation_loses_nothing_that_a_snapshot_has_without_a_log() {
    die_before_each("unlogged");
}

fn die_before_each(name: &str) {
    if !wants(name) {
        return;
    }
    let workload = Workload::canonical(policy(name));
    let only: Option<u64> = variable("TREERING_K");
    let mut acknowledged = 0;
    for k in only.unwrap_or(0).. {
        let died = run_until(&workload, k).and_then(|died| {
            let Some((disk, mut oracle)) = died else { return Ok(None) };
            let written = oracle.count(Safety::Written);
            recover_and_go_on(&workload, &disk.crash(), &mut oracle, Safety::Written)?;
            Ok(Some(written))
        });
        match died {
            Ok(Some(written)) => acknowledged = acknowledged.max(written),
            Ok(None) => {
                println!("{name}: {k} operations, at most {acknowledged} samples acknowledged");
                assert!(k > 150 && acknowledged > 300, "the run has become too short");
                return;
            }
            Err(mismatch) => {
                let variables = [("TREERING_POLICY", name.to_owned()), ("TREERING_K", k.to_string())];
                panic!(
                    "{name}, death before operation {k}:\n{mismatch}\n{}",
                    command("matrix_01", &variables)
                );
            }
        }
        if only.is_some() {
            return;
        }
    }
}
