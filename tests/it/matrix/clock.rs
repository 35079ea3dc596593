//! Row 19 of the matrix: the wall clock is set to another time before any storage operation of the canonical run: before a
//! start, in the middle of a checkpoint, at a stop. Later it is right again, or stays as it is.

use treering_persist::Storage;
use treering_tests::{
    Life, Mismatch, Oracle, Outcome, PowerCut, ROOT, Row, Safety, SimDisk, SplitMix64, Step, Workload,
    check_clean_stop,
};

use super::moments::Moments;
use super::replay;

const DAY_S: i64 = 24 * 3600;
const YEAR_S: i64 = 365 * DAY_S;

/// What the clock says then.
#[derive(Debug, Clone, Copy)]
enum Says {
    /// The time, and so many seconds more.
    Off(i64),
    At(i64),
}

const CLOCKS: [Says; 10] = [
    Says::Off(-1),
    Says::Off(-DAY_S),
    Says::Off(DAY_S),
    Says::At(0),
    Says::At(1 << 31),
    Says::Off(10 * YEAR_S),
    Says::Off(-10 * YEAR_S),
    Says::At(i64::MAX),
    Says::At(i64::MIN),
    Says::Off(0),
];

/// How the life ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Stop,
    /// Before so many more operations, by death or power cut.
    Death(u64),
    PowerCut(u64),
}

#[test]
fn matrix_19_no_clock_loses_what_is_stored_or_moves_files_or_removes_what_is_young() {
    let moments = Moments::new();
    let clocks = u64::try_from(CLOCKS.len()).unwrap();
    let (ci, replay) = (moments.len() * clocks, replay("matrix_19"));
    // A number that has no divisor in common with that of the clocks: each moment is met, and each clock.
    let row = Row { number: 19, replay: &replay, usual: ci / 7, ci };
    row.run(|seed| {
        let moment = moments.get(seed / clocks);
        let says = CLOCKS[usize::try_from(seed % clocks).unwrap()];
        let mut random = SplitMix64::new(seed ^ 0x0019);
        // For a few operations, for a life, or for good.
        let lasts = *random.pick(&[3, 12, 40, u64::MAX]);
        let end = match random.below(3) {
            0 => End::Stop,
            1 => End::Death(random.below(60)),
            _ => End::PowerCut(random.below(60)),
        };
        let workload = moment.workload();
        run(&workload, moment.k(), says, lasts, end, &mut random)
            .map_err(|mismatch| mismatch.at(format!("{moment}: {says:?} for {lasts} operations, {end:?}")))
    });
}

fn run(
    workload: &Workload,
    k: u64,
    says: Says,
    lasts: u64,
    end: End,
    random: &mut SplitMix64,
) -> Result<(), Mismatch> {
    let disk = SimDisk::new();
    if let End::Death(after) | End::PowerCut(after) = end {
        disk.stop_before(k + 1 + after);
    }
    let mut oracle = Oracle::new();
    let finished = live(&disk, workload, k, says, lasts, &mut oracle)?;
    if finished {
        // Whatever the names are that the clock gave, the files load in their order.
        check_clean_stop(&disk, ROOT)?;
    }
    let (next, survived) = match end {
        End::PowerCut(_) => (disk.power_cut(PowerCut::Random(random.next_u64() >> 40)), Safety::Durable),
        End::Stop | End::Death(_) => (disk.crash(), Safety::Written),
    };
    // The next life finds the clock as it is by now. Its samples come from senders whose clocks are right.
    go_on(&next, workload, &mut oracle, survived)?;
    check_clean_stop(&next, ROOT).map_err(|mismatch| mismatch.at("after the next life"))?;
    // Once more with a clock that is right: retention must find all that is young.
    let last = next.power_cut(PowerCut::Nothing);
    last.set_wall_s(true_s(workload));
    go_on(&last, workload, &mut oracle, Safety::Durable).map_err(|mismatch| mismatch.at("the last life"))?;
    check_clean_stop(&last, ROOT).map_err(|mismatch| mismatch.at("after the last life"))
}

/// The canonical run while the clock is set. Whether it came to its end.
fn live(
    disk: &SimDisk,
    workload: &Workload,
    k: u64,
    says: Says,
    lasts: u64,
    oracle: &mut Oracle,
) -> Result<bool, Mismatch> {
    let mut true_s = disk.wall_s();
    let mut clock = Clock { k, back: k.saturating_add(lasts), says };
    clock.plan(disk, true_s);
    let start = Life::start(disk, &workload.options(), &workload.series, oracle, Safety::Written)?;
    let Outcome::Alive(mut life) = start else { return Ok(false) };
    for step in &workload.steps {
        if let Step::Advance(time) = step {
            true_s += i64::try_from(time.as_secs()).unwrap();
        }
        let outcome = life.step(step, oracle);
        if let Outcome::Died = outcome.map_err(|mismatch| mismatch.at(short(step)))? {
            return Ok(false);
        }
        // Where it is to be right again later, that is another time now.
        clock.plan(disk, true_s);
    }
    Ok(true)
}

/// When the clock is set, and when it is right again.
struct Clock {
    k: u64,
    back: u64,
    says: Says,
}

impl Clock {
    fn plan(&mut self, disk: &SimDisk, true_s: i64) {
        let wall_s = match self.says {
            Says::Off(by_s) => true_s.saturating_add(by_s),
            Says::At(wall_s) => wall_s,
        };
        disk.forget_clocks();
        let now = disk.operations();
        if now <= self.k {
            disk.set_wall_before(self.k, wall_s);
        }
        if now <= self.back {
            disk.set_wall_before(self.back, true_s);
        }
    }
}

/// A life that goes on where one ended: samples, a checkpoint, retention, a clean stop.
fn go_on(disk: &SimDisk, workload: &Workload, oracle: &mut Oracle, survived: Safety) -> Result<(), Mismatch> {
    let start = Life::start(disk, &workload.options(), &workload.series, oracle, survived)?;
    let Outcome::Alive(mut life) = start else { return Err(Mismatch::new("died without being told to")) };
    let mut steps = workload.sequel(true_s(workload));
    steps.insert(steps.len() - 1, Step::Retention);
    for step in &steps {
        life.step(step, oracle).map_err(|mismatch| mismatch.at(short(step)))?;
    }
    Ok(())
}

/// The time at the end of the canonical run.
fn true_s(workload: &Workload) -> i64 {
    let advanced = workload.steps.iter().map(|step| match step {
        Step::Advance(time) => i64::try_from(time.as_secs()).unwrap(),
        _ => 0,
    });
    SimDisk::new().wall_s() + advanced.sum::<i64>()
}

fn short(step: &Step) -> String {
    format!("at {step:?}").chars().take(100).collect()
}
