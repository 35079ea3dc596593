//! The names of a tree, each held once: hosts of a cluster have the same levels and metrics.

use std::collections::BTreeSet;
use std::mem::{size_of, size_of_val};

use crate::sync::{Arc, RwLock, read, write};

/// Names that are looked at under one hold of the lock, so that giving back many of them stops nobody for
/// long.
const LOT: usize = 256;

/// Two counters that lie in front of what an `Arc` holds.
pub(crate) const ARC_HEADER_BYTES: usize = 2 * size_of::<usize>();

/// The names of the levels from the host (not named) to a level.
pub(crate) type Path = Arc<[Arc<str>]>;

/// Names and paths that are in use, shared by all hosts of a tree.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    metrics: RwLock<BTreeSet<Arc<str>>>,
    levels: RwLock<BTreeSet<Arc<str>>>,
    paths: RwLock<BTreeSet<Path>>,
}

impl Pool {
    pub(crate) fn metric(&self, name: &str) -> Arc<str> {
        held(&self.metrics, name).unwrap_or_else(|| hold(&self.metrics, name.into()))
    }

    pub(crate) fn level(&self, name: &str) -> Arc<str> {
        held(&self.levels, name).unwrap_or_else(|| hold(&self.levels, name.into()))
    }

    pub(crate) fn path(&self, path: Path) -> Path {
        held(&self.paths, &path).unwrap_or_else(|| hold(&self.paths, path))
    }

    pub(crate) fn holds_metric(&self, name: &str) -> bool {
        read(&self.metrics).contains(name)
    }

    /// Drops the given names, and with each of them the pool's own copy if nobody else holds it.
    pub(crate) fn give_back(&self, metrics: Vec<Arc<str>>, levels: Vec<Arc<str>>, paths: Vec<Path>) {
        give_back(&self.metrics, metrics);
        // Paths hold names of levels, so they go first.
        give_back(&self.paths, paths);
        give_back(&self.levels, levels);
    }

    /// Bytes that the pool takes, the nodes of its maps estimated.
    pub(crate) fn memory_bytes(&self) -> usize {
        let names =
            |names: &RwLock<BTreeSet<Arc<str>>>| -> usize { read(names).iter().map(held_bytes).sum() };
        names(&self.metrics) + names(&self.levels) + read(&self.paths).iter().map(held_bytes).sum::<usize>()
    }
}

fn held<T: ?Sized + Ord>(pool: &RwLock<BTreeSet<Arc<T>>>, name: &T) -> Option<Arc<T>> {
    read(pool).get(name).cloned()
}

/// Puts a name in, or takes the one that another thread put in first.
fn hold<T: ?Sized + Ord>(pool: &RwLock<BTreeSet<Arc<T>>>, name: Arc<T>) -> Arc<T> {
    let mut pool = write(pool);
    if let Some(held) = pool.get(&name) {
        return Arc::clone(held);
    }
    pool.insert(Arc::clone(&name));
    name
}

/// An `Arc` can only be copied by who holds one. Under the write lock the pool gives out none, so if there
/// are two, the pool's and ours, nobody can come by a third.
fn give_back<T: ?Sized + Ord>(pool: &RwLock<BTreeSet<Arc<T>>>, mut names: Vec<Arc<T>>) {
    while !names.is_empty() {
        let mut held = write(pool);
        for name in names.drain(names.len().saturating_sub(LOT)..) {
            if Arc::strong_count(&name) <= 2 {
                held.remove(&name);
            }
            // The name is dropped here, under the lock: whoever comes next sees the true count.
        }
    }
}

/// An entry of the map, and what it points to.
fn held_bytes<T: ?Sized>(held: &Arc<T>) -> usize {
    size_of::<Arc<T>>() + ARC_HEADER_BYTES + size_of_val(&**held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_held_once_and_for_as_long_as_somebody_uses_it() {
        let pool = Pool::default();
        let a = pool.metric("load");
        let b = pool.metric("load");
        assert!(Arc::ptr_eq(&a, &b));
        let level = pool.level("core1");
        let path = pool.path([Arc::clone(&level)].into());
        assert!(Arc::ptr_eq(&path, &pool.path(["core1".into()].into())));
        pool.give_back(vec![a], vec![], vec![]);
        assert!(pool.holds_metric("load"), "b is still out");
        assert!(!pool.holds_metric("core1"), "a level is no metric");
        pool.give_back(vec![b], vec![level], vec![path]);
        assert!(!pool.holds_metric("load"));
        assert_eq!(pool.memory_bytes(), 0);
    }

    #[test]
    fn many_uses_of_one_name_given_back_at_once_free_it() {
        let pool = Pool::default();
        let names: Vec<_> = (0..3 * LOT).map(|_| pool.metric("load")).collect();
        let kept = pool.metric("mem");
        pool.give_back(names, vec![], vec![]);
        assert!(!pool.holds_metric("load"));
        assert!(pool.holds_metric(&kept));
    }
}
