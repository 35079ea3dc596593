//! The store against a plain map, with samples that come in any order, checkpoints and restarts anywhere between.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use treering_format_bin::BinFormat;
use treering_level::{Aggregation, Metric, Sample};
use treering_persist::{Options, Store, SyncPolicy};
use treering_tests::{PowerCut, SeriesName, SimDisk, check_clean_stop, held};

const ROOT: &str = "/store";
/// What the wall clock of a new disk says.
const NOW_S: i64 = 1_700_000_000;
const SPAN_S: i64 = 3 * 24 * 3600;
/// Metric and interval. One interval is odd, one is a chunk of the others.
const METRICS: [(&str, u32); 4] = [("a", 1), ("b", 7), ("c", 60), ("d", 3600)];

#[derive(Debug, Clone)]
enum Act {
    /// Samples of one series: how long ago each is, in seconds.
    Write(usize, Vec<i64>),
    Checkpoint,
    Kill,
    Stop,
}

/// The rule of slots, and what replaces what.
#[derive(Default)]
struct Plain {
    origin_s: Option<i64>,
    samples: BTreeMap<i64, u32>,
}

impl Plain {
    fn write(&mut self, interval_s: u32, time_s: i64, value: f32) {
        let interval_s = i64::from(interval_s);
        let origin_s = *self.origin_s.get_or_insert(time_s);
        let slot = (time_s - origin_s + interval_s / 2).div_euclid(interval_s);
        self.samples.insert(origin_s + slot * interval_s, value.to_bits());
    }
}

fn act() -> impl Strategy<Value = Act> {
    let anywhere = 0..SPAN_S;
    // Close to each other, so that some meet in one slot.
    let nearby = (0..SPAN_S).prop_flat_map(|age_s| age_s..age_s + 300);
    let ages = proptest::collection::vec(prop_oneof![anywhere, nearby, 0..600_i64], 1..12);
    prop_oneof![
        8 => (0..METRICS.len(), ages).prop_map(|(series, ages_s)| Act::Write(series, ages_s)),
        3 => Just(Act::Checkpoint),
        1 => Just(Act::Kill),
        1 => Just(Act::Stop),
    ]
}

fn start(disk: &SimDisk) -> Store {
    let metric = |interval_s| Metric { interval_s, aggregation: Aggregation::None };
    let metrics = METRICS.map(|(name, interval_s)| (name.to_owned(), metric(interval_s))).to_vec();
    let sync = SyncPolicy::Never;
    let options = Options { metrics, sync, retention: None, workers: 1, ..Options::new(ROOT) };
    let (store, report) = Store::open(Arc::new(disk.clone()), options, vec![Box::new(BinFormat)]).unwrap();
    assert_eq!(report.findings, []);
    store
}

fn run(acts: &[Act]) -> Result<(), TestCaseError> {
    let mut disk = SimDisk::new();
    let mut store = start(&disk);
    let mut plain: BTreeMap<usize, Plain> = BTreeMap::new();
    let mut value = 0.0;
    // Whatever was done, a clean stop comes last.
    for act in acts.iter().chain([&Act::Stop]) {
        match act {
            Act::Write(series, ages_s) => {
                let (metric, interval_s) = METRICS[*series];
                let host = store.host("alpha", "n1").unwrap();
                let index = store.resolve(&host, &["socket0"], metric).unwrap();
                let mut batch = Vec::new();
                for age_s in ages_s {
                    value += 1.0;
                    batch.push(Sample { series: index, time_s: NOW_S - age_s, value });
                    plain.entry(*series).or_default().write(interval_s, NOW_S - age_s, value);
                }
                let outcome = store.write(&host, &batch).unwrap();
                prop_assert_eq!(outcome.refused.total(), 0);
            }
            Act::Checkpoint => prop_assert!(store.checkpoint().failed.is_empty()),
            Act::Kill => {
                drop(store);
                disk = disk.crash();
                store = start(&disk);
            }
            Act::Stop => {
                prop_assert!(store.close().failed.is_empty());
                drop(store);
                let left = check_clean_stop(&disk, ROOT);
                prop_assert!(left.is_ok(), "{}", left.unwrap_err());
                disk = disk.power_cut(PowerCut::Nothing);
                store = start(&disk);
            }
        }
        let held = held(&store);
        for (series, plain) in &plain {
            let name = SeriesName::new("alpha", "n1", &["socket0"], METRICS[*series].0);
            prop_assert_eq!(&held[&name].samples, &plain.samples, "{} after {:?}", name, act);
        }
        prop_assert_eq!(held.len(), plain.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(128),
        ..ProptestConfig::default()
    })]

    #[test]
    fn prop_samples_of_any_order_are_those_of_a_plain_map(acts in proptest::collection::vec(act(), 1..40)) {
        run(&acts)?;
    }
}
