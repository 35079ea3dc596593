//! A way through the levels of a text.

use std::collections::HashMap;
use std::ops::Range;

use super::walk::{Walk, folded};

/// What is met on the way through a text.
pub(super) enum Member<'p> {
    Column { path: &'p [String], metric: String, range: Range<usize> },
    Unknown(Range<usize>),
    Replaced(Range<usize>),
}

/// The objects that are open, and where their members that can be replaced lie.
enum Open {
    Level { metrics: HashMap<String, Range<usize>>, children: HashMap<String, Range<usize>>, begin: usize },
    Metrics,
    Children,
}

/// A way through the levels of a text, no call of which goes deeper than one column.
pub(super) struct Levels<'a> {
    walk: Walk<'a>,
    open: Vec<Open>,
    path: Vec<String>,
}

impl<'a> Levels<'a> {
    pub(super) fn new(text: &'a [u8]) -> Levels<'a> {
        Levels { walk: Walk::at(text, 0), open: Vec::new(), path: Vec::new() }
    }

    /// Goes as far as the text can be read.
    pub(super) fn run(&mut self, visit: &mut dyn FnMut(Member<'_>)) {
        self.walk.space();
        if self.walk.peek() == Some(b'{') {
            self.begin_level(0);
            while !self.open.is_empty() && self.step(visit).is_some() {}
        }
    }

    fn begin_level(&mut self, begin: usize) {
        self.walk.at += 1;
        self.open.push(Open::Level { metrics: HashMap::new(), children: HashMap::new(), begin });
    }

    fn step(&mut self, visit: &mut dyn FnMut(Member<'_>)) -> Option<()> {
        self.walk.space();
        if self.walk.peek()? == b',' {
            self.walk.at += 1;
            self.walk.space();
        }
        if self.walk.peek()? == b'}' {
            self.walk.at += 1;
            return self.close(visit);
        }
        let begin = self.walk.at;
        let name = self.walk.name()?;
        match self.open.last()? {
            Open::Level { .. } => self.level_member(begin, &name, visit),
            Open::Metrics => self.column(begin, name, visit),
            Open::Children => self.child(begin, name, visit),
        }
    }

    fn close(&mut self, visit: &mut dyn FnMut(Member<'_>)) -> Option<()> {
        if let Open::Level { begin, .. } = self.open.pop()? {
            let range = begin..self.walk.at;
            if let Some(name) = self.path.pop() {
                let earlier = self.siblings(false)?.insert(name, range);
                earlier.map(Member::Replaced).map(visit);
            }
        }
        Some(())
    }

    fn level_member(&mut self, begin: usize, name: &str, visit: &mut dyn FnMut(Member<'_>)) -> Option<()> {
        let part = match folded(name).as_str() {
            "metrics" => Open::Metrics,
            "children" => Open::Children,
            known => {
                let is_known = matches!(known, "from" | "to") || (self.open.len() == 1 && name == "treering");
                self.walk.skip()?;
                if !is_known {
                    visit(Member::Unknown(begin..self.walk.at));
                }
                return Some(());
            }
        };
        match self.walk.peek()? {
            b'{' => {
                self.walk.at += 1;
                self.open.push(part);
            }
            b'n' => {
                self.walk.skip()?;
                // What came before is dropped.
                let Open::Level { metrics, children, .. } = self.open.last_mut()? else { return None };
                let dropped = if matches!(part, Open::Metrics) { metrics } else { children };
                dropped.drain().for_each(|(_, range)| visit(Member::Replaced(range)));
            }
            _ => self.walk.skip()?,
        }
        Some(())
    }

    fn column(&mut self, begin: usize, metric: String, visit: &mut dyn FnMut(Member<'_>)) -> Option<()> {
        if self.walk.peek()? != b'{' {
            return self.walk.skip();
        }
        let mut seen: [Option<Range<usize>>; 3] = [const { None }; 3];
        let mut members = Vec::new();
        self.walk.object(|walk, name| {
            let begin = walk.at;
            walk.member(Walk::skip)?;
            let number = ["frequency", "start", "data"].iter().position(|known| *known == folded(&name));
            match number {
                None => members.push(Member::Unknown(begin..walk.at)),
                Some(number) => {
                    let earlier = seen[number].replace(begin..walk.at);
                    members.extend(earlier.map(Member::Replaced));
                }
            }
            Some(())
        })?;
        members.into_iter().for_each(&mut *visit);
        let range = begin..self.walk.at;
        visit(Member::Column { path: &self.path, metric: metric.clone(), range: range.clone() });
        let earlier = self.siblings(true)?.insert(metric, range);
        earlier.map(Member::Replaced).map(visit);
        Some(())
    }

    fn child(&mut self, begin: usize, name: String, _: &mut dyn FnMut(Member<'_>)) -> Option<()> {
        if self.walk.peek()? != b'{' {
            return self.walk.skip();
        }
        self.path.push(name);
        self.begin_level(begin);
        Some(())
    }

    /// The columns, or the children, of the level whose part is open, or was.
    fn siblings(&mut self, of_columns: bool) -> Option<&mut HashMap<String, Range<usize>>> {
        let level = self.open.iter_mut().rev().find_map(|open| match open {
            Open::Level { metrics, children, .. } => Some((metrics, children)),
            _ => None,
        });
        level.map(|(metrics, children)| if of_columns { metrics } else { children })
    }
}
