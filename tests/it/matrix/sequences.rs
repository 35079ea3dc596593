//! Row 11 of the matrix: lives one after the other, each with late samples, each ended by a death, a power cut or a
//! clean stop.

use treering_persist::{Options, Storage, SyncPolicy};
use treering_tests::{
    Checked, Life, Mismatch, Oracle, Outcome, PowerCut, RETENTION, ROOT, Safety, SeriesName, SimDisk,
    SplitMix64, Step, Workload, check_by_the_reference, check_clean_stop, held, options, series_of,
};

use super::policy;
use super::replay::{command, count, variable};

/// Sequences, unless `TREERING_SEQUENCES` says otherwise.
const SEQUENCES: u64 = 400;
/// One in so many is also shown to the independent reader, where there is one.
const SHOWN: u64 = 40;

#[test]
fn matrix_11_no_sequence_of_lives_loses_what_was_acknowledged() {
    let seeds = match variable::<u64>("TREERING_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..count("TREERING_SEQUENCES", SEQUENCES),
    };
    let mut unread = 0;
    for seed in seeds {
        match Sequence::new(seed).run() {
            Ok(checked) => unread += u64::from(checked == Some(Checked::NoReader)),
            Err(mismatch) => {
                let replay = command("matrix_11", &[("TREERING_SEED", seed.to_string())]);
                panic!("sequence {seed}:\n{mismatch}\n{replay}");
            }
        }
    }
    if unread > 0 {
        println!(
            "{unread} directories were not shown to the reference's reader: there is none beside the project"
        );
    }
}

/// A random sequence of lives: all of it follows from the seed.
struct Sequence {
    seed: u64,
    random: SplitMix64,
    series: Vec<SeriesName>,
    options: Options,
    /// How late samples may be.
    reach_s: i64,
    oracle: Oracle,
    /// The weakest end since the last start that succeeded.
    survived: Safety,
    log: Vec<String>,
}

impl Sequence {
    fn new(seed: u64) -> Sequence {
        let mut random = SplitMix64::new(seed);
        let sync = policy(["always", "interval", "never"][draw(&mut random, 3)]);
        let retention = (draw(&mut random, 4) > 0).then_some(RETENTION);
        // Without retention some samples come from so long ago that they get a file of their own.
        let hours = if retention.is_some() { 5 } else { [1, 5, 24, 24 * 25][draw(&mut random, 4)] };
        Sequence {
            seed,
            series: series_of(&[("alpha", "n1"), ("beta", "n1")]),
            options: options(sync, retention),
            reach_s: hours * 3600,
            random,
            oracle: Oracle::new(),
            survived: Safety::Written,
            log: vec![format!("{sync:?}, retention {retention:?}, late by up to {hours} h")],
        }
    }

    fn run(mut self) -> Result<Option<Checked>, Mismatch> {
        let result = self.lives();
        result.map_err(|mismatch| Mismatch::new(format!("{mismatch}\nlives: {}", self.log.join("; "))))
    }

    fn lives(&mut self) -> Result<Option<Checked>, Mismatch> {
        let mut disk = SimDisk::new();
        for _ in 0..1 + self.random.below(5) {
            disk = self.life(&disk)?;
        }
        // A last life that is stopped cleanly.
        let steps = self.steps(&disk, true);
        self.live(&disk, &steps)?;
        check_clean_stop(&disk, ROOT)?;
        let next = disk.power_cut(PowerCut::Nothing);
        let Outcome::Alive(life) =
            Life::start(&next, &self.options, &self.series, &mut self.oracle, Safety::Durable)?
        else {
            return Err(Mismatch::new("died without being told to"));
        };
        if !self.seed.is_multiple_of(SHOWN) {
            return Ok(None);
        }
        check_by_the_reference(&next, ROOT, &held(life.store())).map(Some)
    }

    /// One life and its end: gives the disk of the next one.
    fn life(&mut self, disk: &SimDisk) -> Result<SimDisk, Mismatch> {
        let stops = draw(&mut self.random, 4) == 0;
        let steps = self.steps(disk, stops);
        if draw(&mut self.random, 3) > 0 {
            let k = self.random.below(150);
            disk.stop_before(k);
            self.log.push(format!("death before operation {k}"));
        }
        let finished = self.live(disk, &steps)?;
        let cuts = draw(&mut self.random, 2) == 0;
        if finished && stops && !cuts {
            check_clean_stop(disk, ROOT)?;
        }
        if !cuts {
            self.log.push("crash".to_owned());
            return Ok(disk.crash());
        }
        let fixed = disk.power_cuts();
        let cut = match draw(&mut self.random, 3) {
            0 => fixed[draw(&mut self.random, fixed.len())],
            1 => PowerCut::Torn { block_bytes: 512, seed: self.random.next_u64() },
            _ => PowerCut::Random(self.random.next_u64()),
        };
        self.log.push(format!("power cut {cut}"));
        self.survived = Safety::Durable;
        Ok(disk.power_cut(cut))
    }

    fn steps(&mut self, disk: &SimDisk, stops: bool) -> Vec<Step> {
        let mut steps = Workload::random_life(&self.series, disk.wall_s(), self.reach_s, &mut self.random);
        if self.options.sync == SyncPolicy::Never {
            steps.retain(|step| *step != Step::Sync);
        }
        steps.extend(stops.then_some(Step::Close));
        steps
    }

    /// Whether all steps were done.
    fn live(&mut self, disk: &SimDisk, steps: &[Step]) -> Result<bool, Mismatch> {
        let start = Life::start(disk, &self.options, &self.series, &mut self.oracle, self.survived)?;
        let Outcome::Alive(mut life) = start else {
            self.log.push("died while it started".to_owned());
            return Ok(false);
        };
        self.survived = Safety::Written;
        for step in steps {
            self.log.push(name(step));
            let outcome = life.step(step, &mut self.oracle);
            if let Outcome::Died =
                outcome.map_err(|mismatch| Mismatch::new(format!("at {}: {mismatch}", name(step))))?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn name(step: &Step) -> String {
    match step {
        Step::Write(batch) => format!("write {}", batch.len()),
        Step::Advance(time) => format!("advance {time:?}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn draw(random: &mut SplitMix64, end: usize) -> usize {
    usize::try_from(random.below(u64::try_from(end).unwrap())).unwrap()
}
