//! Any sequence of calls against plain maps.

mod plain;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use treering_level::{Bounds, Column, Fill, FrozenSeries, Sample, SeriesIndex, Tree, Values};

use self::plain::{Key, Plain};
use crate::setup::{T0, Told, ask};

const HOSTS: [&str; 2] = ["h1", "h2"];
const PATHS: [&[&str]; 6] = [&[], &["a"], &["a", "b"], &["a", "b", "c"], &["b"], &["b", "a"]];
/// `avg` is configured; `sum` and what is found are taken.
const METRICS: [&str; 2] = ["avg", "sum"];
const BOUNDS: Bounds = Bounds { oldest_s: T0 - 70_000, newest_s: T0 + 70_000 };

#[derive(Clone, Debug)]
enum Step {
    Resolve(Key),
    /// Samples for indices that were given out, whatever became of them.
    Write(Vec<(usize, i64, f32)>),
    Restore(Key, i64, u32, Vec<f32>, bool, bool),
    Replay(usize, i64, f32, bool),
    Free(usize, i64),
    Freeze(usize),
    GiveBack,
    Read(usize, usize, usize, usize, i64, i64),
}

fn key() -> impl Strategy<Value = Key> {
    (0..HOSTS.len(), 0..PATHS.len(), 0..METRICS.len())
}

fn time_s() -> impl Strategy<Value = i64> {
    prop_oneof![4 => -1200..1200_i64, 1 => -75_000..75_000_i64].prop_map(|offset_s| T0 + offset_s)
}

fn value() -> impl Strategy<Value = f32> {
    prop_oneof![5 => (-50..50_i8).prop_map(f32::from), 1 => Just(f32::NAN)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => key().prop_map(Step::Resolve),
        6 => prop::collection::vec((0..30_usize, time_s(), value()), 1..12).prop_map(Step::Write),
        3 => (
            key(),
            time_s(),
            prop::sample::select(vec![7_u32, 10, 60, 90]),
            prop::collection::vec(value(), 0..20),
            any::<bool>(),
            any::<bool>(),
        )
            .prop_map(|(key, start, interval, values, over, dirty)| {
                Step::Restore(key, start, interval, values, over, dirty)
            }),
        2 => (0..30_usize, time_s(), value(), any::<bool>())
            .prop_map(|(series, time_s, value, over)| Step::Replay(series, time_s, value, over)),
        1 => (0..HOSTS.len(), time_s()).prop_map(|(host, limit_s)| Step::Free(host, limit_s)),
        1 => (0..HOSTS.len()).prop_map(Step::Freeze),
        1 => Just(Step::GiveBack),
        4 => (0..=HOSTS.len(), 0..PATHS.len(), 0..4_usize, 0..METRICS.len(), time_s(), 0..4000_i64).prop_map(
            |(host, path, depth, metric, from_s, length_s)| {
                Step::Read(host, path, depth, metric, from_s, from_s + length_s)
            }
        ),
    ]
}

/// The tree, the maps, and the indices given out by the tree.
struct Pair {
    tree: Tree<Told>,
    plain: Plain,
    given: Vec<(SeriesIndex, usize)>,
    frozen: Vec<(usize, Vec<FrozenSeries>)>,
}

impl Pair {
    fn new() -> Self {
        let mut table = treering_level::MetricTable::taking_unknown(plain::SUM);
        table.configure("avg", plain::AVG).unwrap();
        let tree = Tree::new(table, treering_level::Limits::default());
        for host in HOSTS {
            tree.host_or_insert_with("c", host, Told::default).unwrap();
        }
        Self { tree, plain: Plain::default(), given: Vec::new(), frozen: Vec::new() }
    }

    fn host(&self, host: usize) -> std::sync::Arc<treering_level::Host<Told>> {
        self.tree.host("c", HOSTS[host]).unwrap()
    }

    fn given(&self, index: usize) -> Option<(SeriesIndex, usize)> {
        (!self.given.is_empty()).then(|| self.given[index % self.given.len()])
    }

    /// The tree's index and the maps' must be new together.
    fn give(&mut self, index: SeriesIndex, id: usize) -> Result<(), TestCaseError> {
        match self.given.iter().find(|(held, held_id)| *held == index || *held_id == id) {
            Some(held) => prop_assert_eq!(*held, (index, id)),
            None => self.given.push((index, id)),
        }
        Ok(())
    }

    fn run(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Resolve(key) => {
                let index = self.host(key.0).lock().resolve(PATHS[key.1], METRICS[key.2]).unwrap();
                let id = self.plain.resolve(key, None);
                self.give(index, id)?;
            }
            Step::Write(samples) => self.write(&samples)?,
            Step::Restore(key, start_s, interval_s, values, overwrite, dirty) => {
                let parts = [Values::Native(&values)];
                let column = Column { start_s, interval_s, values: &parts };
                let fill = if overwrite { Fill::Overwrite } else { Fill::EmptySlots };
                let host = self.host(key.0);
                let restored = host.lock().restore(PATHS[key.1], METRICS[key.2], column, fill, dirty);
                let (index, restored) = restored.unwrap();
                let id = self.plain.resolve(key, Some(interval_s));
                self.give(index, id)?;
                let expected = self.plain.restore(id, start_s, interval_s, &values, overwrite, dirty);
                prop_assert_eq!((restored.stored, restored.merged), expected);
            }
            Step::Replay(series, time_s, value, overwrite) => {
                let Some((index, id)) = self.given(series) else { return Ok(()) };
                let fill = if overwrite { Fill::Overwrite } else { Fill::EmptySlots };
                let host = self.host(self.plain.host_of(id));
                let restored = host.lock().replay(index, time_s, value, fill).ok();
                let expected = self.plain.replay(id, time_s, value, overwrite);
                prop_assert_eq!(restored.map(|restored| (restored.stored, restored.merged)), expected);
            }
            Step::Free(host, limit_s) => {
                let freed = self.host(host).lock().free_before(limit_s);
                let expected = self.plain.free_before(host, limit_s);
                prop_assert_eq!((freed.samples, freed.series), expected);
            }
            Step::Freeze(host) => self.freeze(host)?,
            Step::GiveBack => {
                if let Some((host, frozen)) = self.frozen.pop() {
                    self.host(host).lock().give_back(&frozen);
                    for series in &frozen {
                        let id = self.given.iter().find(|(index, _)| *index == series.index).unwrap().1;
                        self.plain.give_back(id, &series.dirty);
                    }
                }
            }
            Step::Read(host, path, depth, metric, from_s, to_s) => {
                let below = &PATHS[path][..depth.min(PATHS[path].len())];
                let names: Vec<&str> = match HOSTS.get(host) {
                    Some(host) => ["c", host].into_iter().chain(below.iter().copied()).collect(),
                    None => vec!["c"],
                };
                let answer = ask(&self.tree, &names, METRICS[metric], (from_s, to_s)).ok();
                let answer = answer.map(|a| (a.start_s, a.interval_s, bits(&a.values), a.series));
                let expected = self.plain.read(HOSTS.get(host).map(|_| (host, below)), metric, from_s, to_s);
                let expected = expected.map(|e| (e.0, e.1, bits(&e.2), e.3));
                prop_assert_eq!(answer, expected);
            }
        }
        Ok(())
    }

    fn write(&mut self, samples: &[(usize, i64, f32)]) -> Result<(), TestCaseError> {
        for host in 0..HOSTS.len() {
            // Every host gets the whole batch: what belongs to another one is stale here.
            let batch: Vec<(SeriesIndex, usize, i64, f32)> = samples
                .iter()
                .filter_map(|(series, time_s, value)| {
                    self.given(*series).map(|(index, id)| (index, id, *time_s, *value))
                })
                .collect();
            let samples: Vec<Sample> = batch
                .iter()
                .map(|(series, _, time_s, value)| Sample { series: *series, time_s: *time_s, value: *value })
                .collect();
            let handle = self.host(host);
            let told = handle.lock().journal().0.len();
            let outcome = handle.lock().write(&samples, BOUNDS);
            let accepted: Vec<(i64, f32)> = batch
                .iter()
                .filter(|(_, id, time_s, value)| self.plain.write(host, *id, *time_s, *value, BOUNDS))
                .map(|(_, _, time_s, value)| (*time_s, *value))
                .collect();
            prop_assert_eq!(outcome.stored, accepted.len() as u64);
            prop_assert_eq!(outcome.stored + outcome.refused.total(), batch.len() as u64);
            let guard = &mut handle.lock();
            let told = guard.journal().0[told..].iter().map(|(_, time_s, value)| (*time_s, *value));
            prop_assert!(told.eq(accepted));
        }
        Ok(())
    }

    fn freeze(&mut self, host: usize) -> Result<(), TestCaseError> {
        let frozen = self.host(host).lock().freeze_dirty(|_, ring| ring.dirty().span().unwrap_or_default());
        let names: Vec<(&[_], &str)> = frozen.iter().map(|series| (&*series.path, &*series.metric)).collect();
        prop_assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "path order: {:?}", names);
        let mut left = self.plain.dirty_of(host);
        for series in &frozen {
            let id = self.given.iter().find(|(index, _)| *index == series.index).unwrap().1;
            let dirty = left.remove(&id);
            prop_assert!(dirty.is_some(), "a clean series was frozen");
            for (slot, value) in dirty.unwrap_or_default() {
                prop_assert!(series.dirty.contains(slot));
                prop_assert_eq!(series.column.value_at(slot), Some(value));
            }
            self.plain.clean(id);
        }
        prop_assert!(left.is_empty(), "dirty and not frozen: {:?}", left);
        self.frozen.push((host, frozen));
        Ok(())
    }
}

fn bits(values: &[f32]) -> Vec<Option<u32>> {
    values.iter().map(|value| (!value.is_nan()).then(|| value.to_bits())).collect()
}

/// As many cases as the environment says; what failed once is tried again.
fn config() -> ProptestConfig {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/regressions.txt");
    let failure_persistence = Some(Box::new(FileFailurePersistence::Direct(file)) as _);
    ProptestConfig { failure_persistence, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn prop_any_sequence_of_calls_agrees_with_plain_maps(steps in prop::collection::vec(step(), 1..60)) {
        let mut pair = Pair::new();
        for step in steps {
            pair.run(step)?;
            let counts = pair.tree.counts();
            prop_assert_eq!((counts.series, counts.samples), pair.plain.counts());
        }
    }
}
