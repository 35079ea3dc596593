//! Who goes on at each point of a schedule: drawn from the seed of the case, in one of three ways.

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use treering_tests::SplitMix64;

/// The points among which priorities change: fewer than most schedules have, about as many, or more.
const REACHES: [u64; 4] = [20, 60, 200, 600];

/// One schedule of one case.
pub(crate) struct Choice {
    random: SplitMix64,
    way: Way,
    seed: u64,
    begun: bool,
}

enum Way {
    /// Anybody, each time.
    Anybody,
    /// Mostly whoever runs: another one in so many of 16 cases.
    Mostly(u64),
    /// Whoever is most important, until one of few points at which whoever runs becomes the least important. A schedule
    /// that needs few such points to go wrong is found with a good chance ("probabilistic concurrency testing").
    Priorities(Priorities),
}

/// The higher, the sooner.
struct Priorities {
    of_tasks: Vec<i64>,
    /// Points at which one falls behind all others.
    falls_at: Vec<u64>,
    points: u64,
    lowest: i64,
}

impl Choice {
    pub(crate) fn new(seed: u64) -> Choice {
        // Others draw from the same seed what the threads do.
        let mut random = SplitMix64::new(!seed);
        let way = match random.below(4) {
            0 => Way::Anybody,
            1 => Way::Mostly(1 + random.below(6)),
            _ => Way::Priorities(Priorities::new(&mut random)),
        };
        Choice { random, way, seed, begun: false }
    }
}

impl Scheduler for Choice {
    fn new_execution(&mut self) -> Option<Schedule> {
        let first = !std::mem::replace(&mut self.begun, true);
        first.then(|| Schedule::new(self.seed))
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        _is_yielding: bool,
    ) -> Option<TaskId> {
        let ids: Vec<TaskId> = runnable.iter().map(|task| task.id()).collect();
        if ids.len() < 2 {
            return ids.first().copied();
        }
        let running = current.filter(|current| ids.contains(current));
        match (&mut self.way, running) {
            (Way::Mostly(of_16), Some(running)) if self.random.below(16) >= *of_16 => Some(running),
            (Way::Priorities(priorities), _) => priorities.next(&ids, running, &mut self.random),
            _ => Some(ids[usize::try_from(self.random.below(ids.len() as u64)).unwrap()]),
        }
    }

    fn next_u64(&mut self) -> u64 {
        self.random.next_u64()
    }
}

impl Priorities {
    fn new(random: &mut SplitMix64) -> Priorities {
        let reach = REACHES[usize::try_from(random.below(4)).unwrap()];
        let falls = 1 + random.below(5);
        let falls_at = (0..falls).map(|_| random.below(reach)).collect();
        Priorities { of_tasks: Vec::new(), falls_at, points: 0, lowest: 0 }
    }

    fn next(&mut self, ids: &[TaskId], running: Option<TaskId>, random: &mut SplitMix64) -> Option<TaskId> {
        let number = |id: TaskId| usize::from(id);
        let known = ids.iter().map(|id| number(*id) + 1).max().unwrap_or(0);
        while self.of_tasks.len() < known {
            self.of_tasks.push(i64::try_from(random.below(1 << 40)).unwrap());
        }
        if self.falls_at.contains(&self.points)
            && let Some(running) = running
        {
            self.lowest -= 1;
            self.of_tasks[number(running)] = self.lowest;
        }
        self.points += 1;
        ids.iter().copied().max_by_key(|id| self.of_tasks[number(*id)])
    }
}
