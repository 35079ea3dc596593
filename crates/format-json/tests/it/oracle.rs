//! Another reader of the same texts, slow and simple, by way of `serde_json`: what must come out of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::de::{Deserializer, StreamDeserializer};
use treering_snapshot::{Column, Head, Part, Sink, Stop, Take, Window};

/// A JSON value that keeps the order and the duplicates of its members. `serde_json` is told to be exact by a feature
/// of this package's tests.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Null,
    Float(f64),
    Integer(i128),
    /// Text or a truth value, which mean nothing anywhere.
    Other,
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// What a text says. As a sink it collects what a reader of it says, and accepts no name twice.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) window: Window,
    levels: BTreeSet<Vec<String>>,
    columns: BTreeMap<(Vec<String>, String), Column>,
    path: Vec<String>,
    /// No column or level stood in the place of an earlier one of its name. Only this reader tells.
    pub(crate) nothing_twice: bool,
}

impl PartialEq for Said {
    fn eq(&self, other: &Self) -> bool {
        (self.window, &self.levels, &self.columns) == (other.window, &other.levels, &other.columns)
    }
}

impl Sink for Said {
    fn column(&mut self, head: Head<'_>, parts: &[Part<'_>]) -> Result<(), Stop> {
        let mut values = Vec::new();
        parts.iter().for_each(|part| part.append_to(&mut values));
        let column = Column { interval_s: head.interval_s, start_s: head.start_s, values };
        let before = self.columns.insert((self.path.clone(), head.metric.to_owned()), column);
        assert!(before.is_none(), "{:?} came twice", head.metric);
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        self.path.push(level.to_owned());
        assert!(self.levels.insert(self.path.clone()), "{:?} came twice", self.path);
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.path.pop();
        Ok(())
    }
}

/// Whether the two readers must agree about a text, and what it says if so.
#[derive(Debug)]
pub(crate) enum Verdict {
    Sound(Said),
    Refused,
    /// `serde_json` reads it otherwise than the reference: lone surrogates, texts that are not UTF-8, numbers beyond
    /// double precision where nobody looks, more levels than it likes, something right behind a `null` that is all.
    Unknown,
}

pub(crate) fn read(text: &[u8]) -> Verdict {
    let Ok(text) = str::from_utf8(text) else {
        return Verdict::Unknown;
    };
    let mut values: StreamDeserializer<'_, _, Node> = Deserializer::from_str(text).into_iter();
    let root = match values.next() {
        None => return Verdict::Refused,
        Some(Ok(root)) => root,
        Some(Err(err)) => {
            let said = err.to_string();
            let other = ["surrogate", "recursion", "out of range", "hex escape", "trailing characters"];
            return if other.iter().any(|other| said.contains(other)) {
                Verdict::Unknown
            } else {
                Verdict::Refused
            };
        }
    };
    let mut said = Said { nothing_twice: true, ..Said::default() };
    let mut reader = Reader { said: &mut said, odd: false, seen: BTreeSet::new() };
    let taken = match &root {
        Node::Null => Some(()),
        root => reader.level(root, &[]),
    };
    match (reader.odd, taken) {
        (true, _) => Verdict::Unknown,
        (_, Some(())) => Verdict::Sound(said),
        (_, None) => Verdict::Refused,
    }
}

struct Reader<'a> {
    said: &'a mut Said,
    /// Something that this reader cannot decide.
    odd: bool,
    /// Every level that there was.
    seen: BTreeSet<Vec<String>>,
}

impl Reader<'_> {
    /// `None` where the reference would refuse the file.
    fn level(&mut self, level: &Node, path: &[String]) -> Option<()> {
        let Node::Object(members) = level else { return None };
        let (mut metrics, mut children) = (Vec::new(), Vec::new());
        let mut window = Window::default();
        for (key, value) in members {
            match (key.to_lowercase().replace('ſ', "s").as_str(), value) {
                // What was there before was read, and perhaps refused.
                ("metrics", Node::Null) => self.odd |= !metrics.is_empty(),
                ("children", Node::Null) => self.odd |= !children.is_empty(),
                ("metrics", Node::Object(members)) => metrics.extend(members),
                ("children", Node::Object(members)) => children.extend(members),
                ("metrics" | "children", _) => return None,
                ("from", value) => self.integer(value, &mut window.from_s)?,
                ("to", value) => self.integer(value, &mut window.to_s)?,
                _ => {}
            }
        }
        for (name, column) in &metrics {
            // The reference crashes.
            self.odd |= matches!(column, Node::Null);
            let column = self.column(column)?;
            let before = self.said.columns.insert((path.to_vec(), name.clone()), column);
            self.said.nothing_twice &= before.is_none();
        }
        for (name, level) in &children {
            self.odd |= matches!(level, Node::Null);
            let mut path = path.to_vec();
            path.push(name.clone());
            // One of the same name goes with all that is in it.
            self.said.levels.retain(|level| !level.starts_with(&path));
            self.said.columns.retain(|(level, _), _| !level.starts_with(&path));
            // Its columns may come before those of the level that it takes the place of.
            self.said.nothing_twice &= self.seen.insert(path.clone());
            self.said.levels.insert(path.clone());
            self.level(level, &path)?;
        }
        if path.is_empty() {
            self.said.window = window;
        }
        Some(())
    }

    fn column(&mut self, column: &Node) -> Option<Column> {
        let Node::Object(members) = column else { return None };
        let mut read = Column::default();
        for (key, value) in members {
            match (key.to_lowercase().replace('ſ', "s").as_str(), value) {
                ("frequency", value) => self.integer(value, &mut read.interval_s)?,
                ("start", value) => self.integer(value, &mut read.start_s)?,
                ("data", Node::Null) => read.values.clear(),
                ("data", Node::Array(values)) => {
                    read.values = values.iter().map(value_of).collect::<Option<_>>()?;
                }
                ("data", _) => return None,
                _ => {}
            }
        }
        Some(read)
    }

    fn integer(&mut self, value: &Node, field: &mut i64) -> Option<()> {
        match value {
            Node::Null => {}
            Node::Integer(number) => *field = i64::try_from(*number).ok()?,
            // `-0` is an integer, `-0.0` is none, and here they look the same.
            Node::Float(number) if *number == 0.0 => self.odd = true,
            _ => return None,
        }
        Some(())
    }
}

fn value_of(value: &Node) -> Option<f32> {
    match value {
        Node::Null => Some(f32::from_bits(0x7FC0_0000)),
        Node::Float(number) => Some(*number as f32),
        Node::Integer(number) => Some(*number as f64 as f32),
        _ => None,
    }
}

impl<'de> serde::Deserialize<'de> for Node {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Null)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
                Ok(Node::Other)
            }

            fn visit_str<E>(self, _: &str) -> Result<Node, E> {
                Ok(Node::Other)
            }

            fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
                Ok(Node::Integer(number.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
                Ok(Node::Integer(number.into()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
                Ok(Node::Float(number))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut from: A) -> Result<Node, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = from.next_element()? {
                    elements.push(element);
                }
                Ok(Node::Array(elements))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut from: A) -> Result<Node, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = from.next_entry()? {
                    members.push(member);
                }
                Ok(Node::Object(members))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
