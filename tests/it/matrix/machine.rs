//! Row 13 of the matrix: everything that may happen to a store, in any order, against a model of what it promised.

mod act;
mod shrink;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use treering_persist::Options;
use treering_tests::{
    Found, Injury, Life, Mismatch, Oracle, Outcome, Planned, PowerCut, RETENTION, ROOT, Row, Safety,
    SeriesName, SimDisk, SplitMix64, Start, Step, check_clean_stop, check_clean_stop_of_damaged, held,
    interval_of, options, series_of,
};

use super::policy;
use super::replay;
use super::stage::POLICIES;

use act::{Act, When, acts};
use shrink::shrunk;

/// Acts of one run.
const ACTS: usize = 100;
/// What the wall clock of a new disk says.
const BEGIN_S: i64 = 1_700_000_000;

#[test]
fn matrix_13_whatever_happens_in_any_order_what_was_promised_is_kept() {
    Row::new(13, &replay("matrix_13"), 1000).run(|seed| {
        let acts = acts(seed, ACTS);
        let Err(mismatch) = run(seed, &acts) else { return Ok(()) };
        let (acts, mismatch) = shrunk(acts, mismatch, |acts| run(seed, acts).err());
        let lines: Vec<String> = acts.iter().map(|act| format!("  {act:?}")).collect();
        Err(mismatch.at(format!("{} acts are enough:\n{}", acts.len(), lines.join("\n"))))
    });
}

/// Does all acts, and stops cleanly.
fn run(seed: u64, acts: &[Act]) -> Result<(), Mismatch> {
    let series = series_of(&[("alpha", "n1"), ("alpha", "n2"), ("beta", "n1")]);
    let mut machine = Machine::new(seed, &series);
    for (number, act) in acts.iter().enumerate() {
        machine.act(act).map_err(|mismatch| mismatch.at(format!("act {number}, {act:?}")))?;
    }
    machine.end().map_err(|mismatch| mismatch.at("at the end"))
}

/// A store, the disk below it, and what it has promised.
struct Machine<'a> {
    series: &'a [SeriesName],
    disk: SimDisk,
    oracle: Oracle,
    life: Option<Life<'a>>,
    options: Options,
    /// The weakest end since the last start that succeeded.
    survived: Safety,
    /// The time by the clocks of those who send samples.
    now_s: i64,
    is_full: bool,
    /// Files that were damaged and still lie where they did: each only once, so that checksums are not hit with what they
    /// are about.
    damaged: BTreeSet<PathBuf>,
}

impl<'a> Machine<'a> {
    fn new(seed: u64, series: &'a [SeriesName]) -> Machine<'a> {
        let mut random = SplitMix64::new(seed);
        let sync = policy(POLICIES[random.index(POLICIES.len())]);
        let retention = (random.index(4) > 0).then_some(RETENTION);
        // A log at its limit is a checkpoint that nobody asked for.
        let log_bytes_max = if random.index(4) == 0 { 2000 } else { 0 };
        Machine {
            series,
            disk: SimDisk::new(),
            oracle: Oracle::new(),
            life: None,
            options: Options { log_bytes_max, ..options(sync, retention) },
            survived: Safety::Written,
            now_s: BEGIN_S,
            is_full: false,
            damaged: BTreeSet::new(),
        }
    }

    fn act(&mut self, act: &Act) -> Result<(), Mismatch> {
        if self.life.is_none() {
            self.start()?;
        }
        match *act {
            Act::Write { host, when, count, seed } => {
                let batch = self.batch(host, when, count, seed);
                self.step(&Step::Write(batch))
            }
            Act::Sync => self.step(&Step::Sync),
            Act::Checkpoint => self.step(&Step::Checkpoint),
            Act::Heal => self.heal(),
            Act::Retention => self.step(&Step::Retention),
            Act::Advance(seconds) => {
                self.now_s += i64::try_from(seconds).unwrap();
                self.step(&Step::Advance(Duration::from_secs(seconds)))
            }
            Act::Clock(clock) => {
                self.disk.set_wall_s(clock.wall_s(self.now_s));
                Ok(())
            }
            Act::Full(full) => {
                self.is_full = true;
                self.disk.fill_before(self.disk.operations(), full);
                Ok(())
            }
            Act::Space => {
                self.make_room();
                Ok(())
            }
            Act::DieIn(operations) => {
                self.disk.stop_before(self.disk.operations() + operations);
                Ok(())
            }
            Act::Crash => {
                self.crash();
                Ok(())
            }
            Act::PowerCut { kind, seed } => {
                self.cut_power(kind, seed);
                Ok(())
            }
            Act::Stop => self.stop(),
            Act::Damage { seed } => self.damage(seed),
            Act::Policy(number) => {
                self.options.sync = policy(POLICIES[number % POLICIES.len()]);
                Ok(())
            }
        }
    }

    fn end(mut self) -> Result<(), Mismatch> {
        self.make_room();
        if self.life.is_none() || self.disk.died() {
            self.crash();
            self.start()?;
        }
        // Whoever was told to die soon shall not die now.
        self.disk.stop_before(u64::MAX);
        self.heal()?;
        self.stop()?;
        self.disk = self.disk.power_cut(PowerCut::Nothing);
        self.survived = Safety::Durable;
        self.start()
    }

    /// Starts, again if the process dies on the way.
    fn start(&mut self) -> Result<(), Mismatch> {
        loop {
            let start = Life::start_in_trouble(
                &self.disk,
                &self.options,
                self.series,
                &mut self.oracle,
                self.survived,
            )?;
            match start {
                Start::Alive(life) => {
                    self.survived = Safety::Written;
                    self.life = Some(life);
                    let there = self.disk.tree();
                    self.damaged.retain(|path| there.contains_key(path));
                    return Ok(());
                }
                Start::Died => self.crash(),
                Start::Refused(error) if self.is_full && !self.disk.tree().contains_key(Path::new(ROOT)) => {
                    drop(error);
                    self.make_room();
                    self.disk = self.disk.crash();
                }
                Start::Refused(error) => return Err(Mismatch::new(format!("refused: {error}"))),
            }
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), Mismatch> {
        let Some(life) = &mut self.life else { return Ok(()) };
        match life.step_in_trouble(step, &mut self.oracle)? {
            Outcome::Died => {
                self.crash();
                Ok(())
            }
            Outcome::Alive(troubles) => match troubles.first().filter(|_| !self.is_full) {
                Some(trouble) => Err(Mismatch::new(format!("on a sound disk: {}", trouble.what))),
                None => self.oracle.check_running(&held(life.store())),
            },
        }
    }

    fn heal(&mut self) -> Result<(), Mismatch> {
        self.step(&Step::Heal)?;
        let Some(life) = self.life.as_ref().filter(|_| !self.is_full) else { return Ok(()) };
        match life.degraded().first() {
            Some((cluster, host)) => Err(Mismatch::new(format!("{cluster}/{host} does not heal"))),
            None => Ok(()),
        }
    }

    fn stop(&mut self) -> Result<(), Mismatch> {
        self.step(&Step::Close)?;
        if self.life.take().is_none() {
            return Ok(());
        }
        self.disk = self.disk.crash();
        let any_damage = self.series.iter().any(|name| self.oracle.expects_damage(&name.cluster, &name.host));
        match any_damage {
            _ if self.is_full => Ok(()),
            true => check_clean_stop_of_damaged(&self.disk, ROOT),
            false => check_clean_stop(&self.disk, ROOT),
        }
    }

    fn crash(&mut self) {
        if self.is_full {
            // It may have died before it was able to cut off half a record.
            self.oracle.expect_torn_logs();
        }
        self.life = None;
        self.disk = self.disk.crash();
    }

    fn cut_power(&mut self, kind: usize, seed: u64) {
        let fixed = self.disk.power_cuts();
        let mut random = SplitMix64::new(seed);
        let cut = match kind % 4 {
            0 => fixed[random.index(fixed.len())],
            1 => PowerCut::Torn { block_bytes: [512, 4096][random.index(2)], seed },
            2 => PowerCut::Nothing,
            _ => PowerCut::Random(seed),
        };
        self.life = None;
        self.disk = self.disk.power_cut(cut);
        self.survived = Safety::Durable;
    }

    fn make_room(&mut self) {
        self.is_full = false;
        self.disk.limit_bytes(None);
        self.disk.limit_inodes(None);
    }

    /// The process dies, and a file of one of the hosts is not what it was when the next one comes.
    fn damage(&mut self, seed: u64) -> Result<(), Mismatch> {
        let mut random = SplitMix64::new(seed);
        self.crash();
        let is_file = |(path, found): (PathBuf, Found)| match found {
            Found::File(len) if len > 0 && !path.to_string_lossy().contains("quarantine") => Some(path),
            _ => None,
        };
        let files: Vec<PathBuf> = self
            .disk
            .tree()
            .into_iter()
            .filter_map(is_file)
            .filter(|path| !self.damaged.contains(path))
            .collect();
        if files.is_empty() {
            return Ok(());
        }
        let path = &files[random.index(files.len())];
        let mut bytes = self.disk.read(path).unwrap_or_default();
        // JSON is damaged as a whole: what can still be read of it is used unchecked, so that a flipped bit may be another
        // digit. What stands before a cut is as it was.
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        let injury = match Injury::small(&mut random, bytes.len()) {
            Injury::Flip { bit } if is_json => Injury::Cut { len_bytes: usize::try_from(bit / 8).unwrap() },
            injury => injury,
        };
        injury.apply(&mut bytes);
        self.disk.write_file(path, bytes).map_err(|error| Mismatch::new(error.to_string()))?;
        let names: Vec<_> = path.iter().filter_map(|name| name.to_str()).collect();
        self.oracle.expect_damage(names[3], names[4]);
        self.damaged.insert(path.clone());
        Ok(())
    }

    fn batch(&self, host: usize, when: When, count: u64, seed: u64) -> Vec<Planned> {
        let mut random = SplitMix64::new(seed);
        let of_host = self.series.len() / 3;
        let plan = |random: &mut SplitMix64, back: u64| {
            let series = host * of_host + random.index(of_host);
            let name = &self.series[series];
            let interval_s = i64::from(interval_of(&name.metric));
            let below = |random: &mut SplitMix64, end: i64| {
                i64::try_from(random.below(u64::try_from(end).unwrap())).unwrap()
            };
            let time_s = match when {
                When::Now => self.now_s - i64::try_from(back).unwrap() * interval_s,
                When::Late => self.now_s - below(random, 5 * 3600),
                When::LongAgo => self.now_s - below(random, 60 * 24 * 3600),
                When::Again => {
                    let times = self.oracle.times(name);
                    times.get(random.index(times.len())).copied().unwrap_or(self.now_s)
                }
                When::Future => self.now_s + below(random, 1200),
                When::FarFuture => self.now_s + below(random, 12 * 365 * 24 * 3600),
            };
            Planned { series, time_s }
        };
        (0..count).rev().map(|back| plan(&mut random, back)).collect()
    }
}
