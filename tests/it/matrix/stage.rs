//! Where faults strike: a run of some steps on a disk, from a start on.

use std::path::Path;

use treering_persist::Options;
use treering_tests::{
    Life, Mismatch, Oracle, Outcome, PowerCut, ROOT, Safety, SimDisk, Start, Step, Trouble, Workload,
    check_clean_stop, held,
};

use super::moments::run_until;
use super::{go_on, policy};

/// All sync policies.
pub(super) const POLICIES: [&str; 4] = ["always", "interval", "never", "unlogged"];

/// Steps to be done with a store, on a disk that is forked for each run.
pub(super) struct Stage {
    pub(super) name: String,
    pub(super) workload: Workload,
    pub(super) options: Options,
    disk: SimDisk,
    oracle: Oracle,
    steps: Vec<Step>,
    /// What the disk is asked to do in an undisturbed run, one line for each operation.
    pub(super) trace: Vec<String>,
}

/// A run on a disk that fails.
pub(super) struct Troubled<'a> {
    stage: &'a Stage,
    pub(super) disk: SimDisk,
    pub(super) oracle: Oracle,
    life: Life<'a>,
    /// What the store said that it could not do, with the step.
    pub(super) troubles: Vec<Trouble>,
}

impl Stage {
    /// The canonical run, without its clean stop.
    pub(super) fn canonical(name: &str) -> Stage {
        let workload = Workload::canonical(policy(name));
        let steps = workload.steps[..workload.steps.len() - 1].to_vec();
        Stage::new(format!("{name}, canonical run"), workload, SimDisk::new(), Oracle::new(), steps)
    }

    /// A start on what the canonical run leaves that dies before a share of its operations, in 8ths, and what follows.
    pub(super) fn after_death(name: &str, eighths: u64) -> Stage {
        let workload = Workload::canonical(policy(name));
        let whole = SimDisk::new();
        workload.run(&whole, &mut Oracle::new()).unwrap();
        let k = whole.operations() * eighths / 8;
        let (disk, oracle) = run_until(&workload, k).unwrap().expect("the run is longer");
        let disk = disk.crash();
        let mut steps = workload.sequel(treering_persist::Storage::wall_s(&disk));
        steps.pop();
        Stage::new(format!("{name}, after a death before operation {k}"), workload, disk, oracle, steps)
    }

    /// Many hosts, so that they are synced together.
    pub(super) fn wide(name: &str) -> Stage {
        let workload = Workload::wide(policy(name), 60);
        let steps = workload.steps[..workload.steps.len() - 1].to_vec();
        Stage::new(format!("{name}, 60 hosts"), workload, SimDisk::new(), Oracle::new(), steps)
    }

    fn new(name: String, workload: Workload, disk: SimDisk, oracle: Oracle, steps: Vec<Step>) -> Stage {
        let options = workload.options();
        let mut stage = Stage { name, workload, options, disk, oracle, steps, trace: Vec::new() };
        let mut run = stage.start(|_| {}, |_| Err(Mismatch::new("refused"))).unwrap();
        for step in &stage.steps {
            assert_eq!(run.step(step).unwrap(), [], "nothing fails here");
        }
        let trace = run.disk.take_trace();
        drop(run);
        stage.trace = trace;
        stage
    }

    /// The numbers of the operations whose name is one of these.
    pub(super) fn operations(&self, names: &[&str]) -> Vec<u64> {
        let named = |line: &str| names.contains(&line.split(' ').next().unwrap_or_default());
        (0..).zip(&self.trace).filter(|(_, line)| named(line)).map(|(k, _)| k).collect()
    }

    /// Starts on a disk that `prepare` was told of. If the store cannot be opened, `mend` gives the disk on which it has
    /// to open then.
    pub(super) fn start(
        &self,
        prepare: impl FnOnce(&SimDisk),
        mend: impl FnOnce(&SimDisk) -> Result<SimDisk, Mismatch>,
    ) -> Result<Troubled<'_>, Mismatch> {
        let (mut disk, mut oracle) = (self.disk.fork(), self.oracle.clone());
        prepare(&disk);
        let series = &self.workload.series;
        let mut start = Life::start_in_trouble(&disk, &self.options, series, &mut oracle, Safety::Written)?;
        if let Start::Refused(error) = start {
            typed(&error)?;
            disk = mend(&disk)?;
            start = Life::start_in_trouble(&disk, &self.options, series, &mut oracle, Safety::Written)?;
        }
        match start {
            Start::Alive(life) => Ok(Troubled { stage: self, disk, oracle, life, troubles: Vec::new() }),
            Start::Died => Err(Mismatch::new("died without being told to")),
            Start::Refused(error) => Err(Mismatch::new(format!("refused on a sound disk: {error}"))),
        }
    }
}

impl Troubled<'_> {
    /// Does all steps; `between` is asked after each.
    pub(super) fn go(
        &mut self,
        mut between: impl FnMut(&Self, &[Trouble]) -> Result<(), Mismatch>,
    ) -> Result<(), Mismatch> {
        for (number, step) in (0..).zip(&self.stage.steps) {
            let place = || format!("step {number}, {step:?}").chars().take(200).collect::<String>();
            let troubles = self.step(step).map_err(|mismatch| mismatch.at(place()))?;
            self.tell(&place(), &troubles);
            between(self, &troubles).map_err(|mismatch| mismatch.at(format!("after {}", place())))?;
            self.troubles.extend(troubles);
        }
        Ok(())
    }

    /// With `TREERING_TRACE` set, what was done on the disk.
    fn tell(&self, place: &str, troubles: &[Trouble]) {
        if std::env::var_os("TREERING_TRACE").is_some() {
            let first = self.disk.operations();
            let trace = self.disk.take_trace();
            println!("== {place}");
            let first = first - u64::try_from(trace.len()).unwrap();
            (first..).zip(trace).for_each(|(k, line)| println!("{k} {line}"));
            troubles.iter().for_each(|trouble| println!("! {}", trouble.what));
        }
    }

    /// Does all steps up to the death that the disk was told.
    pub(super) fn go_to_death(mut self) -> Result<(SimDisk, Oracle), Mismatch> {
        for step in &self.stage.steps {
            if let Outcome::Died = self.life.step_in_trouble(step, &mut self.oracle)? {
                return Ok((self.disk, self.oracle));
            }
        }
        Err(Mismatch::new("did not die"))
    }

    pub(super) fn step(&mut self, step: &Step) -> Result<Vec<Trouble>, Mismatch> {
        match self.life.step_in_trouble(step, &mut self.oracle)? {
            Outcome::Alive(troubles) => Ok(troubles),
            Outcome::Died => Err(Mismatch::new("died without being told to")),
        }
    }

    /// If the process died now, or the power were cut and nothing came through, what was promised would be there.
    pub(super) fn check_ends(&self) -> Result<(), Mismatch> {
        self.check_end(&self.disk.fork(), Safety::Written).map_err(|mismatch| mismatch.at("a death"))?;
        let cut = self.disk.fork().power_cut(PowerCut::Nothing);
        self.check_end(&cut, Safety::Durable).map_err(|mismatch| mismatch.at("a power cut"))
    }

    fn check_end(&self, disk: &SimDisk, survived: Safety) -> Result<(), Mismatch> {
        let mut oracle = self.oracle.clone();
        go_on(disk, &self.stage.options, &self.stage.workload, &[], &mut oracle, survived)
    }

    /// Memory shows all that it was given.
    pub(super) fn check_memory(&self) -> Result<(), Mismatch> {
        self.oracle.check_running(&held(self.life.store()))
    }

    /// The disk is sound again: the store heals by itself, but for hosts that only another start can make whole; what is
    /// in memory is durable then; and it goes on and stops like any other.
    pub(super) fn heal_and_stop(mut self) -> Result<(), Mismatch> {
        self.check_memory()?;
        let troubles = self.step(&Step::Heal)?;
        self.tell("healing", &troubles);
        let stuck = self.life.degraded();
        let may_be_stuck = |(cluster, host): &(String, String)| {
            self.life.is_in_part(cluster, host) || self.is_cut_off(cluster, host)
        };
        if let Some(trouble) =
            troubles.iter().find(|trouble| !trouble.host.as_ref().is_some_and(may_be_stuck))
        {
            return Err(Mismatch::new(format!("does not heal: {}", trouble.what)));
        }
        if let Some((cluster, host)) = stuck.iter().find(|host| !may_be_stuck(host)) {
            return Err(Mismatch::new(format!("{cluster}/{host} stays degraded")));
        }
        self.check_memory()?;
        self.check_ends().map_err(|mismatch| mismatch.at("after healing"))?;
        let steps = self.stage.workload.sequel(treering_persist::Storage::wall_s(&self.disk));
        for step in steps {
            let owed = self.disk.owes_an_error();
            let mut troubles = self.step(&step).map_err(|mismatch| mismatch.at(format!("then {step:?}")))?;
            self.tell(&format!("then {step:?}"), &troubles);
            if owed && !self.disk.owes_an_error() {
                // What was lost long ago was told to the wrong one, who cannot know that. Once.
                troubles = self.step(&Step::Heal)?;
            }
            let expected = |trouble: &&Trouble| {
                trouble.host.as_ref().map_or(!stuck.is_empty(), |host| stuck.contains(host))
            };
            if let Some(trouble) = troubles.iter().find(|trouble| !expected(trouble)) {
                return Err(Mismatch::new(format!("on a sound disk {step:?}: {}", trouble.what)));
            }
        }
        if stuck.is_empty() {
            check_clean_stop(&self.disk, ROOT)?;
            self.check_ends().map_err(|mismatch| mismatch.at("after a clean stop"))
        } else {
            self.check_end(&self.disk.fork(), Safety::Written).map_err(|mismatch| mismatch.at("after a stop"))
        }
    }

    /// After a failed sync of a directory above a host, or at the start of the host's own, nothing is promised for that
    /// host before the next start.
    fn is_cut_off(&self, cluster: &str, host: &str) -> bool {
        let degraded = self.life.store().health().degraded;
        let Some(host) = degraded.into_iter().find(|other| other.cluster == cluster && other.host == host)
        else {
            return false;
        };
        let dir = format!("{ROOT}/{cluster}/{}", host.host);
        let above: Vec<&Path> = Path::new(&dir).ancestors().skip(1).collect();
        let unsynced = |dir: &&Path| host.why.contains(&format!("cannot sync {}:", dir.display()));
        let at_the_start = host.why.starts_with(&format!("cannot use {dir}: cannot sync {dir}:"));
        at_the_start || above.iter().any(unsynced)
    }
}

/// A store is refused for its root only, by what the system said.
fn typed(error: &treering_persist::OpenError) -> Result<(), Mismatch> {
    use treering_persist::OpenError::{Lock, Root};
    match error {
        Root(_) | Lock { .. } => Ok(()),
        other => Err(Mismatch::new(format!("refused because of {other}"))),
    }
}
