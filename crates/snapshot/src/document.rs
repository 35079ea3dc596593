//! A snapshot's tree, owned: for those who want one.

#[cfg(feature = "serde")]
mod serialize;

use std::collections::BTreeMap;
use std::collections::btree_map;

use crate::{Counts, DEPTH_MAX, EncodeError, Head, Part, Sink, Stop, Take};

/// One metric's values at one level.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Seconds between two values.
    pub interval_s: i64,
    /// Time of the first value, Unix seconds.
    pub start_s: i64,
    /// The values; NaN where there is no sample.
    pub values: Vec<f32>,
}

/// A level: its columns and its children, each in the order of the names' bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Level {
    columns: BTreeMap<String, Column>,
    children: BTreeMap<String, Level>,
}

/// A snapshot's tree: the root is the host.
///
/// It is a [`Sink`], so it can be decoded into, and emits itself in the order of the names' bytes, so that equal
/// documents give equal files. No level lies deeper than the limit it was made with; so neither dropping nor
/// comparing it can exhaust the stack.
#[derive(Clone, Debug)]
pub struct Document {
    root: Level,
    depth_max: usize,
    // Where the next event belongs.
    path: Vec<String>,
}

/// Why a column cannot be put into a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InsertError {
    /// The path is too long.
    #[error("path of {found} levels: at most {max} are held")]
    Depth {
        /// The document's limit.
        max: usize,
        /// Levels in the path.
        found: usize,
    },
}

impl PartialEq for Column {
    /// Bit by bit: two documents are equal if their files are, so a NaN equals the same NaN, and 0 is not -0.
    fn eq(&self, other: &Self) -> bool {
        self.interval_s == other.interval_s
            && self.start_s == other.start_s
            && self.values.len() == other.values.len()
            && self.values.iter().zip(&other.values).all(|(a, b)| a.to_bits() == b.to_bits())
    }
}

impl Eq for Column {}

impl Level {
    /// The column of this metric, here, not below.
    #[must_use]
    pub fn column(&self, metric: &str) -> Option<&Column> {
        self.columns.get(metric)
    }

    /// The child of this name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Level> {
        self.children.get(name)
    }

    /// All columns, in the order of the metrics' bytes.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.columns.iter().map(|(metric, column)| (metric.as_str(), column))
    }

    /// All children, in the order of their names' bytes.
    pub fn children(&self) -> impl Iterator<Item = (&str, &Level)> {
        self.children.iter().map(|(name, level)| (name.as_str(), level))
    }

    fn emit_columns(&self, sink: &mut dyn Sink) -> Result<(), Stop> {
        for (metric, column) in &self.columns {
            let count = u32::try_from(column.values.len()).map_err(|_| EncodeError::TooLarge {
                what: "values of a column",
                max: u64::from(u32::MAX),
                found: u64::try_from(column.values.len()).unwrap_or(u64::MAX),
            })?;
            let head = Head { metric, interval_s: column.interval_s, start_s: column.start_s, count };
            sink.column(head, &[Part::Native(&column.values)])?;
        }
        Ok(())
    }
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Document {
    /// The trees are equal, values bit by bit.
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

impl Eq for Document {}

impl Document {
    /// An empty document that takes [`DEPTH_MAX`] levels below the root.
    #[must_use]
    pub fn new() -> Self {
        Self::with_depth_max(DEPTH_MAX)
    }

    /// An empty document that takes `depth_max` levels below the root. Dropping, cloning and comparing it go
    /// `depth_max` calls deep.
    #[must_use]
    pub fn with_depth_max(depth_max: usize) -> Self {
        Self { root: Level::default(), depth_max, path: Vec::new() }
    }

    /// The root level: the host.
    #[must_use]
    pub fn root(&self) -> &Level {
        &self.root
    }

    /// The level at this path below the root; the root itself for an empty path.
    #[must_use]
    pub fn level<S: AsRef<str>>(&self, path: &[S]) -> Option<&Level> {
        path.iter().try_fold(&self.root, |level, name| level.child(name.as_ref()))
    }

    /// Puts a column at a path, makes the levels that are missing, and returns what it replaces.
    ///
    /// # Errors
    /// [`InsertError::Depth`] if the path is longer than the document's limit.
    pub fn insert<S: AsRef<str>>(
        &mut self,
        path: &[S],
        metric: impl Into<String>,
        column: Column,
    ) -> Result<Option<Column>, InsertError> {
        if path.len() > self.depth_max {
            return Err(InsertError::Depth { max: self.depth_max, found: path.len() });
        }
        let mut level = &mut self.root;
        for name in path {
            level = level.children.entry(name.as_ref().to_owned()).or_default();
        }
        Ok(level.columns.insert(metric.into(), column))
    }

    /// How much it holds; `len_bytes` is 0.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        let mut open = vec![&self.root];
        while let Some(level) = open.pop() {
            for column in level.columns.values() {
                counts.columns += 1;
                counts.values += u64::try_from(column.values.len()).unwrap_or(u64::MAX);
            }
            for child in level.children.values() {
                counts.levels += 1;
                open.push(child);
            }
        }
        counts
    }

    /// Sends the whole tree to `sink`, in the order of the names' bytes.
    ///
    /// # Errors
    /// What the sink answers, and [`EncodeError::TooLarge`] for a column of more than 2^32 - 1 values.
    pub fn emit(&self, sink: &mut dyn Sink) -> Result<(), Stop> {
        self.root.emit_columns(sink)?;
        let mut open: Vec<btree_map::Iter<'_, String, Level>> = vec![self.root.children.iter()];
        while let Some(children) = open.last_mut() {
            let Some((name, level)) = children.next() else {
                open.pop();
                if !open.is_empty() {
                    sink.leave()?;
                }
                continue;
            };
            if sink.enter(name)? == Take::Yes {
                level.emit_columns(sink)?;
                open.push(level.children.iter());
            }
        }
        Ok(())
    }

    /// Where the next event belongs. The path was made by `enter`; whatever else was inserted or replaced since
    /// then, the level is there again.
    fn current(&mut self) -> &mut Level {
        let mut level = &mut self.root;
        for name in &self.path {
            level = level.children.entry(name.clone()).or_default();
        }
        level
    }
}

impl Sink for Document {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let count = values.iter().map(Part::count).sum();
        let mut column =
            Column { interval_s: head.interval_s, start_s: head.start_s, values: Vec::with_capacity(count) };
        for part in values {
            part.append_to(&mut column.values);
        }
        self.current().columns.insert(head.metric.to_owned(), column);
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        if self.path.len() >= self.depth_max {
            return Err(Stop::because(InsertError::Depth {
                max: self.depth_max,
                found: self.path.len() + 1,
            }));
        }
        // A level that comes twice: the last one wins, with all that is in it.
        self.current().children.insert(level.to_owned(), Level::default());
        self.path.push(level.to_owned());
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        match self.path.pop() {
            Some(_) => Ok(()),
            None => Err(Stop::from(EncodeError::Unbalanced { open: 0 })),
        }
    }
}

#[cfg(test)]
mod tests;
