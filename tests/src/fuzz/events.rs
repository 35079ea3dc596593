//! A sink that holds a decoder to what it promises of its events.

use treering_snapshot::{Counts, Document, Head, Part, Sink, Stop, Take};

/// Collects a snapshot, and checks on the way that levels balance, columns come before children, counts are right, and
/// no name comes twice in a level.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) document: Document,
    path: Vec<String>,
    /// For each open level, the root first, whether a child has begun.
    has_child: Vec<bool>,
}

impl Events {
    pub(super) fn new() -> Self {
        Self { document: Document::new(), path: Vec::new(), has_child: vec![false] }
    }

    /// What came, if all levels have ended.
    pub(super) fn into_document(self) -> Document {
        assert!(self.path.is_empty(), "{:?} was not left", self.path);
        self.document
    }
}

impl Sink for Events {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        assert!(self.has_child.last() == Some(&false), "column {:?} behind a child", head.metric);
        let count: usize = values.iter().map(Part::count).sum();
        assert!(u32::try_from(count) == Ok(head.count), "{head:?} with {count} values");
        let before = self.document.level(&self.path).and_then(|level| level.column(head.metric));
        assert!(before.is_none(), "column {:?} comes twice in {:?}", head.metric, self.path);
        self.document.column(head, values)
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        let before = self.document.level(&self.path).and_then(|parent| parent.child(level));
        assert!(before.is_none(), "level {level:?} comes twice in {:?}", self.path);
        if let Some(has_child) = self.has_child.last_mut() {
            *has_child = true;
        }
        self.has_child.push(false);
        self.path.push(level.to_owned());
        self.document.enter(level)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        assert!(self.path.pop().is_some(), "the root was left");
        self.has_child.pop();
        self.document.leave()
    }
}

/// Passes over every level but the root's own columns.
#[derive(Debug, Default)]
pub(super) struct RootOnly {
    pub(super) counts: Counts,
}

impl Sink for RootOnly {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        self.counts.column(head, values)
    }

    fn enter(&mut self, _: &str) -> Result<Take, Stop> {
        Ok(Take::Skip)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        Err(Stop::because("a level that was not entered was left"))
    }
}
