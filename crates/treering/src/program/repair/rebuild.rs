//! A new store that holds what was recovered from the old one.

use std::path::Path;
use std::sync::Arc;

use treering_level::{Column, Fill, Frozen, Host, HostGuard, Ring, SeriesView, Tree, Values};
use treering_persist::{CheckpointReport, OpenError, Options, OsStorage, Store, StoreHost};

use crate::program::exit::{Failure, Outcome, chain};
use crate::program::settings;

/// Writes all series into a new store in `root`, by the way that every sample goes: into memory, dirty, and by a
/// checkpoint onto the disk.
pub(super) fn write(tree: &Tree<()>, root: &Path) -> Result<CheckpointReport, Failure> {
    let failed = |what: String| Failure::new(Outcome::Unfinished, what);
    let mut options = Options::new(root);
    options.retention = None;
    let opened = Store::open(Arc::new(OsStorage::new()), options, settings::formats());
    let (store, _) = opened.map_err(|error: OpenError| Failure::because(Outcome::Unfinished, &error))?;
    for host in tree.hosts().iter().filter(|host| host.lock().samples() > 0) {
        let to = store.host(host.cluster(), host.name()).map_err(|error| failed(chain(&error)))?;
        copy(host, &to).map_err(|why| failed(format!("{}/{}: {why}", host.cluster(), host.name())))?;
    }
    let report = store.close();
    match report.failed.first() {
        None => Ok(report),
        Some(first) => Err(failed(format!("{}/{}: {}", first.cluster, first.host, chain(&first.error)))
            .hint("nothing is left of the new store")),
    }
}

fn copy(from: &Host<()>, to: &StoreHost) -> Result<(), String> {
    let from = from.lock();
    let mut to = to.lock();
    for series in from.series() {
        let frozen = all_of(&series);
        let mut start = frozen.first_slot();
        let path: Vec<&str> = series.path().iter().map(|level| &**level).collect();
        // Chunk by chunk: a gap of years between two of them is not to be filled.
        for part in frozen.parts() {
            let start_s = frozen.grid().time_of(start);
            start = start.saturating_add(i64::try_from(part.slots()).unwrap_or(i64::MAX));
            if matches!(part, Values::Missing(_)) {
                continue;
            }
            let column = Column { start_s, interval_s: series.interval_s(), values: &[part] };
            to.restore(&path, series.metric(), column, Fill::EmptySlots, true)
                .map_err(|error| chain(&error))?;
        }
    }
    Ok(())
}

/// Whether two stores hold the same samples at the same times, bit by bit.
///
/// # Errors
/// What is different, the first of all differences.
pub(super) fn must_be_equal(old: &Tree<()>, new: &Tree<()>) -> Result<(), String> {
    let (held, found) = (old.counts().samples, new.counts().samples);
    if held != found {
        return Err(format!("it has {found} samples instead of {held}"));
    }
    for host in old.hosts() {
        let (cluster, name) = (host.cluster(), host.name());
        let held = host.lock();
        let Some(other) = new.host(cluster, name) else {
            if held.samples() == 0 {
                continue;
            }
            return Err(format!("{cluster}/{name} is missing"));
        };
        same_host(&held, &other.lock()).map_err(|what| format!("{cluster}/{name}: {what}"))?;
    }
    Ok(())
}

fn same_host(old: &HostGuard<'_, ()>, new: &HostGuard<'_, ()>) -> Result<(), String> {
    for series in old.series().filter(|series| !series.ring().is_empty()) {
        let path: Vec<&str> = series.path().iter().map(|level| &**level).collect();
        let found = new.find(&path, series.metric()).and_then(|index| new.series_view(index));
        let same = found.is_some_and(|found| {
            let (old, new) = (all_of(&series), all_of(&found));
            samples(&old).eq(samples(&new))
        });
        if !same {
            return Err(format!("level {:?}, metric {:?} is different", path.join("/"), series.metric()));
        }
    }
    Ok(())
}

fn all_of(series: &SeriesView<'_>) -> Frozen {
    let ring: &Ring = series.ring();
    ring.freeze(ring.span().unwrap_or(0..0))
}

/// Times and bits in the order of time.
fn samples(frozen: &Frozen) -> impl Iterator<Item = (i64, u32)> + '_ {
    let mut slot = frozen.first_slot();
    frozen.parts().flat_map(move |part| {
        let first = slot;
        slot = slot.saturating_add(i64::try_from(part.slots()).unwrap_or(i64::MAX));
        let values: &[f32] = match part {
            Values::Native(values) => values,
            _ => &[],
        };
        let held = (first..).zip(values).filter(|(_, value)| !value.is_nan());
        held.map(|(slot, value)| (frozen.grid().time_of(slot), value.to_bits()))
    })
}
