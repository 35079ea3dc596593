//! Row 12 of the matrix: the disk is full in the middle of every step, of bytes or of inodes, and has space again later.

use treering_tests::{Full, Mismatch, Row, SplitMix64, scattered};

use super::replay;
use super::stage::{POLICIES, Stage};

#[derive(Debug, Clone, Copy)]
enum What {
    Bytes,
    Inodes,
}

#[test]
fn matrix_12_full_disk_costs_nothing_acknowledged_and_heals_without_a_restart() {
    let stages: Vec<Stage> =
        POLICIES.iter().flat_map(|name| [Stage::canonical(name), Stage::after_death(name, 6)]).collect();
    let mut cases = Vec::new();
    for (number, stage) in stages.iter().enumerate() {
        for k in 0..u64::try_from(stage.trace.len()).unwrap() {
            cases.extend([(number, k, What::Bytes), (number, k, What::Inodes)]);
        }
    }
    let (ci, replay) = (u64::try_from(cases.len()).unwrap(), replay("matrix_12"));
    Row { number: 12, replay: &replay, usual: ci / 7, ci }.run(|seed| {
        let (stage, k, what) = cases[usize::try_from(scattered(seed, ci)).unwrap()];
        let stage = &stages[stage];
        let mut random = SplitMix64::new(seed);
        let operation = &stage.trace[usize::try_from(k).unwrap()];
        let full = match what {
            // In the middle of the write that is next, or of one of those behind it.
            What::Bytes => Full::Bytes(match appended_bytes(operation) {
                Some(bytes) => *random.pick(&[0, 1, bytes / 2, bytes.saturating_sub(1)]),
                None => *random.pick(&[0, 30, 300, 3000]),
            }),
            What::Inodes => Full::Inodes(*random.pick(&[0, 0, 1, 2])),
        };
        let steps = random.index(12);
        let place = format!("{}, {full:?} from operation {k}, {operation}, for {steps} steps", stage.name);
        fill(stage, k, full, steps, &mut random).map_err(|mismatch| mismatch.at(place))
    });
}

fn fill(stage: &Stage, k: u64, full: Full, steps: usize, random: &mut SplitMix64) -> Result<(), Mismatch> {
    let mut run = stage.start(
        |disk| disk.fill_before(k, full),
        |disk| {
            disk.limit_bytes(None);
            disk.limit_inodes(None);
            Ok(disk.crash())
        },
    )?;
    let mut left = steps;
    run.go(|run, troubles| {
        if run.disk.operations() <= k {
            return Ok(());
        }
        if left == 0 {
            run.disk.limit_bytes(None);
            run.disk.limit_inodes(None);
        } else {
            left -= 1;
            // Reads go on.
            run.check_memory()?;
        }
        let looks = (!troubles.is_empty() && random.index(3) == 0) || random.index(12) == 0;
        if looks { run.check_ends() } else { Ok(()) }
    })?;
    run.disk.limit_bytes(None);
    run.disk.limit_inodes(None);
    run.heal_and_stop()
}

/// How many bytes an operation of the trace appends.
fn appended_bytes(operation: &str) -> Option<u64> {
    operation.strip_prefix("append ")?.split(' ').nth(1)?.trim_end_matches(',').parse().ok()
}
