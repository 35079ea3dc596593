//! What is done with a store: the canonical run, what follows a recovery, and random runs.

use std::time::Duration;

use treering_persist::{Options, SyncPolicy};

use crate::disk::Disk;
use crate::held::SeriesName;
use crate::life::{Life, METRICS, Outcome, Planned, RETENTION, Step, interval_of, options};
use crate::oracle::{Mismatch, Oracle, Safety};
use crate::simdisk::SplitMix64;

/// What the wall clock of a new disk says.
const BEGIN_S: i64 = 1_700_000_000;
const HOUR: Duration = Duration::from_secs(3600);
const HOUR_S: i64 = 3600;
/// The seed of the canonical run: what it draws is part of it.
const CANONICAL_SEED: u64 = 20;

/// Steps, and the series that they are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// All series; those of one host lie together.
    pub series: Vec<SeriesName>,
    /// The steps, the last of which is a clean stop.
    pub steps: Vec<Step>,
    sync: SyncPolicy,
    retention: Option<Duration>,
}

/// How a run of a workload ended.
#[derive(Debug)]
pub enum Run {
    /// All steps were done.
    Finished,
    /// The process died on the way.
    Died,
}

impl Workload {
    /// The canonical run: 4 hosts, 3 metrics, 2 levels, 3 checkpoints, late samples, one retention that deletes
    /// files, a clean stop.
    #[must_use]
    pub fn canonical(sync: SyncPolicy) -> Workload {
        Workload::like_canonical(sync, CANONICAL_SEED)
    }

    /// The same steps with other samples.
    #[must_use]
    pub fn like_canonical(sync: SyncPolicy, seed: u64) -> Workload {
        let series = series_of(&[("alpha", "n1"), ("alpha", "n2"), ("beta", "n1"), ("beta", "n2")]);
        let mut draft = Draft::new(&series, sync, seed);
        let all = [0, 1, 2, 3];
        draft.fill(&all, 20);
        draft.sync();
        // Before the first sample that each series got, and between.
        draft.late(&all, 3, HOUR_S);
        draft.fill(&all[..2], 6);
        draft.steps.push(Step::Checkpoint);

        // The last host has nothing for the next checkpoint.
        draft.advance(HOUR);
        draft.fill(&all[..3], 15);
        draft.sync();
        draft.late(&all[..3], 4, 2 * HOUR_S);
        draft.refused(0);
        draft.steps.push(Step::Checkpoint);
        draft.late(&all[1..], 3, 2 * HOUR_S);

        // What came first is out of retention, what came next is not.
        draft.advance(HOUR * 11 / 2);
        draft.fill(&all, 4);
        draft.steps.push(Step::Retention);
        draft.late(&all[1..3], 4, 5 * HOUR_S);
        draft.sync();
        draft.steps.push(Step::Checkpoint);
        draft.fill(&all[2..], 5);
        draft.late(&all[3..], 2, 5 * HOUR_S);
        draft.steps.push(Step::Close);
        Workload { steps: draft.steps, sync, retention: Some(RETENTION), series }
    }

    /// One life of many hosts and few samples, so that syncs are shared between hosts.
    #[must_use]
    pub fn wide(sync: SyncPolicy, hosts: usize) -> Workload {
        let names: Vec<String> = (0..hosts).map(|host| format!("n{host:03}")).collect();
        let series: Vec<SeriesName> =
            names.iter().map(|host| SeriesName::new("alpha", host, &[], METRICS[0].0)).collect();
        let mut draft = Draft::new(&series, sync, CANONICAL_SEED);
        let all: Vec<usize> = (0..hosts).collect();
        draft.fill(&all, 2);
        draft.sync();
        draft.steps.push(Step::Checkpoint);
        draft.fill(&all, 1);
        draft.steps.push(Step::Close);
        Workload { steps: draft.steps, sync, retention: Some(RETENTION), series }
    }

    /// Two lives. The second one writes other values for the times of the first, and samples so far apart that its
    /// checkpoints, which cover the segments of both, make several files.
    #[must_use]
    pub fn two_lives(sync: SyncPolicy) -> [Workload; 2] {
        let series = series_of(&[("alpha", "n1")]);
        let mut draft = Draft::new(&series, sync, CANONICAL_SEED);
        let all = [0];
        draft.fill(&all, 4);
        draft.sync();
        let first = std::mem::take(&mut draft.steps);
        (0..6).for_each(|_| draft.again(0));
        draft.far(&all, &[60, 30]);
        draft.sync();
        draft.steps.push(Step::Checkpoint);
        // Other values for what is in the newest file, in another file than what comes long after it.
        (0..4).for_each(|_| draft.again(0));
        draft.advance(40 * 24 * HOUR);
        draft.fill(&all, 2);
        draft.sync();
        draft.steps.push(Step::Checkpoint);
        draft.steps.push(Step::Close);
        [first, draft.steps].map(|steps| Workload { steps, sync, retention: None, series: series.clone() })
    }

    /// What is done with any store of the canonical run after a recovery: more samples, late ones too, a checkpoint,
    /// a few more, a clean stop.
    #[must_use]
    pub fn sequel(&self, now_s: i64) -> Vec<Step> {
        let mut draft = Draft::new(&self.series, self.sync, 7);
        draft.now_s = now_s;
        let hosts: Vec<usize> = (0..draft.hosts.len()).collect();
        draft.advance(Duration::from_secs(60));
        draft.late(&hosts[..1], 3, HOUR_S);
        draft.fill(&hosts, 1);
        draft.steps.push(Step::Checkpoint);
        draft.late(&hosts[..1], 1, HOUR_S);
        draft.steps.push(Step::Close);
        draft.steps
    }

    /// One life of a random run, up to and without its end. `reach_s` is how late samples may be.
    #[must_use]
    pub fn random_life(
        series: &[SeriesName],
        now_s: i64,
        reach_s: i64,
        random: &mut SplitMix64,
    ) -> Vec<Step> {
        let mut draft = Draft::new(series, SyncPolicy::Interval(HOUR), random.next_u64());
        draft.now_s = now_s;
        draft.reach_s = reach_s;
        for _ in 0..4 + random.below(12) {
            let host = usize::try_from(random.below(2)).unwrap_or(0);
            match random.below(16) {
                0..=5 => draft.fill(&[host], 1 + random.below(6)),
                6..=8 => draft.late(&[host], 1 + random.below(3), draft.reach_s),
                9 => draft.again(host),
                10 | 11 => draft.sync(),
                12 | 13 => draft.steps.push(Step::Checkpoint),
                14 => {
                    // Now and then so far that all that is there goes out of retention.
                    let end_s = if random.below(4) == 0 { 8 * 3600 } else { 7200 };
                    draft.advance(Duration::from_secs(random.below(end_s)));
                }
                _ => draft.steps.push(Step::Retention),
            }
        }
        draft.steps
    }

    /// The options that the workload runs with.
    #[must_use]
    pub fn options(&self) -> Options {
        options(self.sync, self.retention)
    }

    /// Runs all steps from a start on.
    ///
    /// # Errors
    /// As [`Life::start`] and [`Life::step`].
    pub fn run(&self, disk: &(impl Disk + Clone + 'static), oracle: &mut Oracle) -> Result<Run, Mismatch> {
        run(disk, &self.options(), &self.series, &self.steps, oracle, Safety::Written)
    }
}

/// A start and some steps.
///
/// # Errors
/// As [`Life::start`] and [`Life::step`].
pub fn run(
    disk: &(impl Disk + Clone + 'static),
    options: &Options,
    series: &[SeriesName],
    steps: &[Step],
    oracle: &mut Oracle,
    survived: Safety,
) -> Result<Run, Mismatch> {
    let mut life = match Life::start(disk, options, series, oracle, survived)? {
        Outcome::Alive(life) => life,
        Outcome::Died => return Ok(Run::Died),
    };
    for step in steps {
        if let Outcome::Died = life.step(step, oracle)? {
            return Ok(Run::Died);
        }
    }
    Ok(Run::Finished)
}

/// Three metrics on two levels, in some of the places where they could be.
#[must_use]
pub fn series_of(hosts: &[(&str, &str)]) -> Vec<SeriesName> {
    let places: [(&[&str], &str); 4] =
        [(&[], "load"), (&["socket0"], "mem"), (&["socket0", "core1"], "flops"), (&["socket0"], "flops")];
    let of_host = |(cluster, host): &(&str, &str)| {
        places.map(|(path, metric)| SeriesName::new(cluster, host, path, metric))
    };
    hosts.iter().flat_map(of_host).collect()
}

/// Steps in the making.
struct Draft<'a> {
    series: &'a [SeriesName],
    /// Of each host, where its series lie.
    hosts: Vec<Vec<usize>>,
    steps: Vec<Step>,
    random: SplitMix64,
    sync: SyncPolicy,
    /// What the wall clock will say.
    now_s: i64,
    /// How long ago a sample may be that is written again.
    reach_s: i64,
    /// Times that were used, by series.
    times: Vec<Vec<i64>>,
}

impl<'a> Draft<'a> {
    fn new(series: &'a [SeriesName], sync: SyncPolicy, seed: u64) -> Draft<'a> {
        let mut hosts: Vec<Vec<usize>> = Vec::new();
        for (index, name) in series.iter().enumerate() {
            match hosts.last_mut() {
                Some(host) if series[host[0]].is_of(&name.cluster, &name.host) => host.push(index),
                _ => hosts.push(vec![index]),
            }
        }
        let times = vec![Vec::new(); series.len()];
        let random = SplitMix64::new(seed);
        Draft { series, hosts, steps: Vec::new(), random, sync, now_s: BEGIN_S, reach_s: HOUR_S, times }
    }

    fn advance(&mut self, time: Duration) {
        self.now_s += i64::try_from(time.as_secs()).unwrap_or(0);
        self.steps.push(Step::Advance(time));
    }

    /// Only one of the policies has somebody who syncs from time to time.
    fn sync(&mut self) {
        if matches!(self.sync, SyncPolicy::Interval(_)) {
            self.steps.push(Step::Sync);
        }
    }

    /// The last samples of each series of these hosts, one an interval, each some seconds off, the newest now.
    fn fill(&mut self, hosts: &[usize], count: u64) {
        for host in hosts {
            let mut batch = Vec::new();
            for series in self.hosts[*host].clone() {
                let interval_s = i64::from(interval_of(&self.series[series].metric));
                for back in (0..i64::try_from(count).unwrap_or(0)).rev() {
                    let off_s = if back == 0 { 0 } else { self.below(interval_s / 2) };
                    batch.push(self.plan(series, self.now_s - back * interval_s - off_s));
                }
            }
            self.steps.push(Step::Write(batch));
        }
    }

    /// Samples at any time up to `reach_s` back, for some series of these hosts.
    fn late(&mut self, hosts: &[usize], count: u64, reach_s: i64) {
        for host in hosts {
            let mut batch = Vec::new();
            for _ in 0..count {
                let of_host = self.hosts[*host].len();
                let at = self.index(of_host);
                let series = self.hosts[*host][at];
                let back_s = self.below(reach_s);
                batch.push(self.plan(series, self.now_s - back_s));
            }
            self.steps.push(Step::Write(batch));
        }
    }

    /// One sample of each series of these hosts so many days ago.
    fn far(&mut self, hosts: &[usize], days: &[i64]) {
        for host in hosts {
            let mut batch = Vec::new();
            for series in self.hosts[*host].clone() {
                for days in days {
                    batch.push(self.plan(series, self.now_s - days * 24 * HOUR_S));
                }
            }
            self.steps.push(Step::Write(batch));
        }
    }

    /// Other values for times that were used before.
    fn again(&mut self, host: usize) {
        let mut batch = Vec::new();
        for series in self.hosts[host].clone() {
            let used = self.times[series].len();
            let at = self.index(used);
            if let Some(time_s) =
                self.times[series].get(at).filter(|time_s| self.now_s - **time_s < self.reach_s)
            {
                batch.push(self.plan(series, *time_s));
            }
        }
        self.steps.push(Step::Write(batch));
    }

    /// One sample that is too old, one that is too far ahead, and one that is neither.
    fn refused(&mut self, host: usize) {
        let series = self.hosts[host][0];
        let year_s = 365 * 24 * HOUR_S;
        let refused = |time_s| Planned { series, time_s };
        let batch =
            vec![refused(self.now_s - year_s), self.plan(series, self.now_s), refused(self.now_s + year_s)];
        self.steps.push(Step::Write(batch));
    }

    fn plan(&mut self, series: usize, time_s: i64) -> Planned {
        self.times[series].push(time_s);
        Planned { series, time_s }
    }

    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.random.below(u64::try_from(len).unwrap_or(0))).unwrap_or(0)
    }

    fn below(&mut self, end: i64) -> i64 {
        i64::try_from(self.random.below(u64::try_from(end).unwrap_or(0))).unwrap_or(0)
    }
}
