//! The moments of the canonical run: under each policy before each of its storage operations.

use treering_tests::{Mismatch, Oracle, Run, SimDisk, Workload};

use super::policy;
use super::stage::POLICIES;

/// All moments, by number.
pub(super) struct Moments(Vec<(&'static str, u64)>);

/// One of them.
pub(super) struct Moment {
    policy: &'static str,
    k: u64,
    /// What the samples of the run are drawn from; none for the canonical ones.
    seed: Option<u64>,
}

impl Moments {
    pub(super) fn new() -> Moments {
        let of_policy = |name: &'static str| {
            let disk = SimDisk::new();
            Workload::canonical(policy(name)).run(&disk, &mut Oracle::new()).unwrap();
            (0..disk.operations()).map(move |k| (name, k))
        };
        Moments(POLICIES.into_iter().flat_map(of_policy).collect())
    }

    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap()
    }

    /// Those of the canonical run first; behind them, as often as one likes, the same with other samples.
    pub(super) fn get(&self, number: u64) -> Moment {
        let (policy, k) = self.0[usize::try_from(number % self.len()).unwrap()];
        let round = number / self.len();
        Moment { policy, k, seed: (round > 0).then_some(round) }
    }
}

impl Moment {
    pub(super) fn workload(&self) -> Workload {
        let sync = policy(self.policy);
        self.seed.map_or_else(|| Workload::canonical(sync), |seed| Workload::like_canonical(sync, seed))
    }

    /// The number of the operation.
    pub(super) fn k(&self) -> u64 {
        self.k
    }

    /// The run up to the death in this moment. A run with other samples may have ended before.
    pub(super) fn run(&self, workload: &Workload) -> Result<Option<(SimDisk, Oracle)>, Mismatch> {
        run_until(workload, self.k)
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, before operation {}", self.policy, self.k)
    }
}

/// The run up to the death before operation number `k`; `None` if it has fewer.
pub(super) fn run_until(workload: &Workload, k: u64) -> Result<Option<(SimDisk, Oracle)>, Mismatch> {
    let disk = SimDisk::new();
    disk.stop_before(k);
    let mut oracle = Oracle::new();
    match workload.run(&disk, &mut oracle)? {
        Run::Died => Ok(Some((disk, oracle))),
        Run::Finished => Ok(None),
    }
}
