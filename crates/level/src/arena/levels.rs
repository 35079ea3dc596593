//! The levels of one host, in an array; children and metrics of each sorted by the bytes of their names.

use std::mem::{replace, size_of, take};

use super::intern::{Path, Pool};
use super::series::SeriesTable;
use super::{at, make_room};
use crate::sync::Arc;

/// The first allocation of a level's list of children or metrics has room for so many.
const ROOM_MIN: usize = 4;

/// Where a level is in the array. Numbers of pruned levels are used again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LevelIndex(u32);

#[derive(Debug)]
struct Level {
    name: Arc<str>,
    parent: LevelIndex,
    /// Held only if the level has metrics: so deep levels cost no more than the names that made them.
    path: Option<Path>,
    children: Vec<LevelIndex>,
    /// Numbers of series.
    metrics: Vec<u32>,
}

/// The levels of a host. The first is the host itself.
#[derive(Debug)]
pub(crate) struct Levels {
    levels: Vec<Level>,
    free: Vec<LevelIndex>,
}

/// What [`Levels::prune`] took out.
#[derive(Debug, Default)]
pub(crate) struct Pruned {
    /// Names of the levels.
    pub(crate) names: Vec<Arc<str>>,
    /// Paths that are needed no more.
    pub(crate) paths: Vec<Path>,
}

/// Levels in path order: a level, then its children by the bytes of their names, depth first.
pub(crate) struct Walk<'a> {
    levels: &'a Levels,
    first: Option<LevelIndex>,
    /// The levels above, each with the number of children visited.
    above: Vec<(LevelIndex, usize)>,
}

impl Levels {
    pub(crate) const HOST: LevelIndex = LevelIndex(0);

    pub(crate) fn new() -> Self {
        Self { levels: vec![Level::new("".into(), Self::HOST)], free: Vec::new() }
    }

    /// Levels below the host.
    pub(crate) fn count(&self) -> usize {
        self.levels.len() - 1 - self.free.len()
    }

    /// The names from the host to a level that has metrics.
    pub(crate) fn path(&self, level: LevelIndex) -> &[Arc<str>] {
        self.get(level).path.as_deref().unwrap_or_default()
    }

    /// The same, to keep.
    pub(crate) fn shared_path(&self, level: LevelIndex) -> Path {
        self.get(level).path.clone().unwrap_or_default()
    }

    /// The child of this name, or where it would have to be put in.
    pub(crate) fn child(&self, level: LevelIndex, name: &str) -> Result<LevelIndex, usize> {
        let children = &self.get(level).children;
        let found = children.binary_search_by(|child| (*self.get(*child).name).cmp(name));
        found.map(|position| children[position])
    }

    pub(crate) fn children(&self, level: LevelIndex) -> &[LevelIndex] {
        &self.get(level).children
    }

    /// The deepest level that the path leads to, and how many of its names led there.
    pub(crate) fn descend(&self, path: &[&str]) -> (LevelIndex, usize) {
        let mut level = Self::HOST;
        for (depth, name) in path.iter().enumerate() {
            match self.child(level, name) {
                Ok(child) => level = child,
                Err(_) => return (level, depth),
            }
        }
        (level, path.len())
    }

    /// Puts a level below `parent`, which has none of its name yet. `None` if numbers ran out.
    pub(crate) fn add(&mut self, parent: LevelIndex, name: Arc<str>) -> Option<LevelIndex> {
        let position = match self.child(parent, &name) {
            Ok(held) => return Some(held),
            Err(position) => position,
        };
        let level = Level::new(name, parent);
        let index = match self.free.pop() {
            Some(index) => {
                self.levels[at(index.0)] = level;
                index
            }
            None => {
                let index = LevelIndex(u32::try_from(self.levels.len()).ok()?);
                make_room(&mut self.levels, ROOM_MIN);
                self.levels.push(level);
                index
            }
        };
        let children = &mut self.levels[at(parent.0)].children;
        make_room(children, ROOM_MIN);
        children.insert(position, index);
        Some(index)
    }

    /// The series of this metric, or where it would have to be put in.
    pub(crate) fn metric(&self, level: LevelIndex, name: &str, series: &SeriesTable) -> Result<u32, usize> {
        let metrics = &self.get(level).metrics;
        let found = metrics.binary_search_by(|number| series.metric(*number).cmp(name));
        found.map(|position| metrics[position])
    }

    pub(crate) fn metrics(&self, level: LevelIndex) -> &[u32] {
        &self.get(level).metrics
    }

    /// Puts a series where [`Levels::metric`] said.
    pub(crate) fn add_metric(&mut self, level: LevelIndex, position: usize, number: u32, pool: &Pool) {
        if self.get(level).path.is_none() {
            let names = self.names_to(level);
            self.levels[at(level.0)].path = Some(pool.path(names));
        }
        let metrics = &mut self.levels[at(level.0)].metrics;
        make_room(metrics, ROOM_MIN);
        metrics.insert(position, number);
    }

    /// The level and all below it, in path order.
    pub(crate) fn walk(&self, first: LevelIndex) -> Walk<'_> {
        Walk { levels: self, first: Some(first), above: Vec::new() }
    }

    /// Takes out the series that `gone` says, then the levels that hold nothing any more.
    pub(crate) fn prune(&mut self, gone: impl Fn(u32) -> bool) -> Pruned {
        let order: Vec<LevelIndex> = self.walk(Self::HOST).collect();
        let mut pruned = Pruned::default();
        // From the last to the first, children come before the level above them.
        for index in order.into_iter().rev() {
            let mut children = take(&mut self.levels[at(index.0)].children);
            children.retain(|child| !self.get(*child).is_empty());
            shrink(&mut children);
            let level = &mut self.levels[at(index.0)];
            level.children = children;
            level.metrics.retain(|number| !gone(*number));
            shrink(&mut level.metrics);
            if level.metrics.is_empty() {
                pruned.paths.extend(level.path.take());
            }
            if index != Self::HOST && level.is_empty() {
                pruned.names.push(replace(&mut level.name, "".into()));
                self.free.push(index);
            }
        }
        if self.count() == 0 {
            self.levels.truncate(1);
            self.levels.shrink_to_fit();
            self.free = Vec::new();
        }
        pruned
    }

    /// Bytes on the heap; names and paths belong to the pool.
    pub(crate) fn heap_bytes(&self) -> usize {
        let lists: usize =
            self.levels.iter().map(|level| level.children.capacity() + level.metrics.capacity()).sum();
        self.levels.capacity() * size_of::<Level>() + (lists + self.free.capacity()) * size_of::<LevelIndex>()
    }

    fn get(&self, index: LevelIndex) -> &Level {
        &self.levels[at(index.0)]
    }

    fn names_to(&self, mut level: LevelIndex) -> Path {
        let mut names = Vec::new();
        while level != Self::HOST {
            names.push(Arc::clone(&self.get(level).name));
            level = self.get(level).parent;
        }
        names.reverse();
        names.into()
    }
}

impl Level {
    fn new(name: Arc<str>, parent: LevelIndex) -> Self {
        Self { name, parent, path: None, children: Vec::new(), metrics: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.children.is_empty() && self.metrics.is_empty()
    }
}

impl Iterator for Walk<'_> {
    type Item = LevelIndex;

    fn next(&mut self) -> Option<LevelIndex> {
        if let Some(first) = self.first.take() {
            self.above.push((first, 0));
            return Some(first);
        }
        loop {
            let (level, visited) = self.above.last_mut()?;
            if let Some(child) = self.levels.children(*level).get(*visited).copied() {
                *visited += 1;
                self.above.push((child, 0));
                return Some(child);
            }
            self.above.pop();
        }
    }
}

fn shrink<T>(items: &mut Vec<T>) {
    if items.capacity() > ROOM_MIN.max(2 * items.len()) {
        items.shrink_to_fit();
    }
}
