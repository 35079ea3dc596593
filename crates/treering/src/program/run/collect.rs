//! This machine's own measurements, every second.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use treering::collect::{Collector, hostname, metrics};
use treering_level::{Metric, Sample, SeriesIndex};
use treering_persist::{Store, StoreHost, Times, WriteError};

use crate::program::exit::{Failure, Outcome, chain};
use crate::program::{say, settings};
use treering::intake::Counts;

const CLUSTER: &str = "local";

/// Measures in a thread of its own until the store is closed.
pub(super) fn start(store: Arc<Store>, counts: Arc<Counts>) -> Result<(), Failure> {
    let mut collector = Collector::new().map_err(|error| Failure::because(Outcome::Unfinished, &error))?;
    for unreadable in collector.unreadable() {
        say(&format!("warning: {unreadable}"));
    }
    for collected in metrics() {
        let metric = Metric {
            interval_s: collected.interval_s,
            aggregation: settings::aggregation(collected.aggregation),
        };
        // A configuration that names the metric knows better.
        if store.tree().metrics().configured_interval_s(collected.name).is_none() {
            store
                .add_metric(collected.name, metric)
                .map_err(|error| Failure::because(Outcome::Unfinished, &error))?;
        }
    }
    let name = hostname();
    let host = store.host(CLUSTER, &name).map_err(|error| Failure::because(Outcome::Unfinished, &error))?;
    say(&format!("measuring this machine every second as {CLUSTER}/{name}"));
    let collect = move || {
        let mut series = HashMap::new();
        loop {
            std::thread::sleep(until_next_second());
            if !collect_once(&store, &host, &mut collector, &mut series, &counts) {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("collect".to_owned())
        .spawn(collect)
        .map(|_| ())
        .map_err(|error| Failure::new(Outcome::Unfinished, format!("cannot start a thread: {error}")))
}

fn collect_once(
    store: &Store,
    host: &StoreHost,
    collector: &mut Collector,
    known: &mut HashMap<(Option<String>, &'static str), SeriesIndex>,
    counts: &Counts,
) -> bool {
    let time_s = store.now_s();
    let mut samples = Vec::new();
    collector.sample(Instant::now(), &mut |measured| {
        let key = (measured.level.map(str::to_owned), measured.metric);
        let series = match known.get(&key) {
            Some(series) => Ok(*series),
            None => store.resolve(host, measured.level.as_slice(), measured.metric),
        };
        match series {
            Ok(series) => {
                known.insert(key, series);
                samples.push(Sample { series, time_s, value: measured.value });
            }
            Err(_) => counts.add_refused("limit", 1),
        }
    });
    let outcome = match store.write_with(host, &samples, Times::Stamped) {
        Ok(outcome) => outcome,
        Err(WriteError::Closed) => return false,
        Err(WriteError::NotLogged(not_logged)) => {
            say(&format!("warning: {}", chain(&not_logged)));
            not_logged.outcome
        }
        Err(error) => {
            say(&format!("warning: {}", chain(&error)));
            return true;
        }
    };
    if outcome.refused.stale > 0 {
        // Retention ended a series that had fallen silent; the next second finds it again.
        known.clear();
    }
    counts.add_stored(outcome.stored);
    counts.add_refusals(outcome.refused);
    true
}

/// Just behind the turn of the wall clock's second, so that no second gets two samples and none is left out.
fn until_next_second() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Duration::from_secs(1) - Duration::from_nanos(u64::from(now.subsec_nanos())) + Duration::from_millis(5)
}
