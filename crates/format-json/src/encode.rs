//! The writer: events to bytes.

use std::io::Write;

use treering_snapshot::{Counts, EncodeError, Encoder, Head, Meta, Part, Sink, Stop, Take, Window};

use crate::column;
use crate::cursor::{NESTING_MAX, wide};
use crate::name;
use crate::number::Precision;
use crate::seal;

/// Levels below each other that can be written: a column's values lie in two objects for each, and in four more.
const LEVELS_MAX: usize = (NESTING_MAX - 4) / 2;

/// Text that a value takes, about.
const VALUE_BYTES: usize = 8;

/// Writes a snapshot as JSON.
#[derive(Debug)]
pub(crate) struct JsonEncoder<'a> {
    out: &'a mut Vec<u8>,
    precision: Precision,
    open: Vec<Open>,
    /// Where the levels end that are closed. The window is known when all are, and then put there.
    ends: Vec<usize>,
    counts: Counts,
    memory: column::Memory,
}

/// A level that is being written; the first one is the root.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    columns: bool,
    children: bool,
}

impl<'a> JsonEncoder<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, precision: Precision) -> Self {
        out.clear();
        out.extend_from_slice(b"{\"metrics\":{");
        let open = vec![Open::default()];
        let (ends, counts, memory) = <_>::default();
        Self { out, precision, open, ends, counts, memory }
    }

    fn current(&mut self) -> Result<&mut Open, EncodeError> {
        // The root is only closed by `finish`, which takes the encoder.
        self.open.last_mut().ok_or(EncodeError::Unbalanced { open: 0 })
    }

    fn values(&mut self, parts: &[Part<'_>]) {
        let start = self.out.len();
        for part in parts {
            self.out.reserve(part.count().saturating_mul(VALUE_BYTES));
            column::write(&mut self.memory, self.out, part, self.precision, &mut self.counts.loss);
        }
        // The comma behind the last one.
        if self.out.len() > start {
            self.out.pop();
        }
    }

    /// Puts the window where levels end, and moves what lies behind by what that takes: each byte once.
    fn put(&mut self, window: &[u8]) {
        let (mut from, grown) = (self.out.len(), self.ends.len() * window.len());
        self.out.resize(from + grown, 0);
        let mut to = self.out.len();
        for end in self.ends.iter().rev() {
            self.out.copy_within(*end..from, to - (from - end));
            to -= from - end + window.len();
            self.out[to..to + window.len()].copy_from_slice(window);
            from = *end;
        }
    }
}

impl Sink for JsonEncoder<'_> {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let open = self.current()?;
        check(*open, head, values)?;
        let separated = std::mem::replace(&mut open.columns, true);
        if separated {
            self.out.push(b',');
        }
        name::write(self.out, head.metric);
        write!(self.out, ":{{\"frequency\":{},\"start\":{},\"data\":[", head.interval_s, head.start_s)?;
        self.values(values);
        self.out.extend_from_slice(b"]}");
        self.counts.columns += 1;
        self.counts.values += u64::from(head.count);
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        if self.open.len() > LEVELS_MAX {
            return Err(Stop::from(EncodeError::TooLarge {
                what: "levels below each other",
                max: wide(LEVELS_MAX),
                found: wide(self.open.len()),
            }));
        }
        let parent = self.current()?;
        let separated = std::mem::replace(&mut parent.children, true);
        self.out.extend_from_slice(if separated { b"," } else { b"},\"children\":{" });
        name::write(self.out, level);
        self.out.extend_from_slice(b":{\"metrics\":{");
        self.open.push(Open::default());
        self.counts.levels += 1;
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        if self.open.len() < 2 {
            return Err(EncodeError::Unbalanced { open: 0 }.into());
        }
        if let Some(level) = self.open.pop() {
            level.end(self.out);
            self.ends.push(self.out.len());
            self.out.push(b'}');
        }
        Ok(())
    }
}

impl Encoder for JsonEncoder<'_> {
    fn finish(mut self: Box<Self>, meta: &Meta) -> Result<Counts, EncodeError> {
        let open = wide(self.open.len()).saturating_sub(1);
        if open > 0 {
            return Err(EncodeError::Unbalanced { open });
        }
        if let Some(root) = self.open.pop() {
            root.end(self.out);
        }
        self.ends.push(self.out.len());
        let Window { from_s, to_s } = meta.window;
        self.put(format!(",\"from\":{from_s},\"to\":{to_s}").as_bytes());
        match &meta.ours {
            Some(ours) => seal::write(self.out, ours),
            None => self.out.extend_from_slice(b"}\n"),
        }
        Ok(Counts { len_bytes: wide(self.out.len()), ..self.counts })
    }
}

impl Open {
    /// What closes the metrics and the children.
    fn end(self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.children { b"}" } else { b"},\"children\":{}" });
    }
}

fn check(open: Open, head: Head<'_>, values: &[Part<'_>]) -> Result<(), EncodeError> {
    let found = values.iter().map(|part| wide(part.count())).sum();
    if found != u64::from(head.count) {
        let metric = head.metric.to_owned();
        return Err(EncodeError::Count { metric, expected: head.count.into(), found });
    }
    if open.children {
        return Err(EncodeError::OutOfOrder { metric: head.metric.to_owned() });
    }
    Ok(())
}
