//! The reader: what the scan found, sent on in the order that a sink wants.

use treering_snapshot::{
    Damage, DamageKind, DecodeError, Decoded, Head, Limits, Meta, Part, Sink, Stop, Take, Window,
};

use crate::cursor::{Fault, FaultKind, NESTING_MAX, Span, index, mark, wide};
use crate::name;
use crate::numbers::Values;
use crate::parse::Parser;
use crate::scan::{self, Column, Level, Outline, Source, Unusable};
use crate::seal::{self, Found};

/// Working memory of a decode.
#[derive(Default)]
pub(crate) struct Memory {
    outline: Outline,
    parser: Parser,
    values: Values,
    column: Vec<f32>,
    name: String,
}

/// How arrays of values are read. What is read is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Where they are as a store writes them, with the structure around them.
    #[default]
    AtOnce,
    /// Each behind it, by the parser that takes all of them.
    Plain,
}

/// Reads a text and drives `sink`.
pub(crate) fn decode(
    text: &mut [u8],
    memory: &mut Memory,
    limits: &Limits,
    reading: Reading,
    sink: &mut dyn Sink,
    damage: &mut dyn FnMut(Damage),
) -> Decoded {
    memory.values.clear();
    let values = (reading == Reading::AtOnce).then_some(&mut memory.values);
    let scanned = scan::scan(text, limits.depth_max, &mut memory.outline, values);
    let outline = &memory.outline;
    let ours = match seal::find(text, scanned.ok(), outline.ours) {
        Found::Sound(ours) => Some(ours),
        Found::Broken { kind, offset } => {
            damage(Damage { kind, offset, path: None, metric: None });
            None
        }
        Found::None => None,
    };
    let meta = window(outline, scanned.is_ok()).map(|window| Meta { window, ours });
    let Memory { outline, parser, values, column, name } = memory;
    let refused = outline.refused;
    let mut to = To { text, limits, sink, damage, parser, values, column, name, path: Vec::new(), refused };
    let end = to.levels(outline).map_err(DecodeError::from);
    let end = end.and_then(|()| scanned.map_err(|fault| error(to.text, fault)));
    let end = end.and_then(|_| match to.refused {
        Some((at, expected)) => Err(malformed(to.text, index(at), expected)),
        None => Ok(()),
    });
    Decoded { meta, end }
}

/// The times that the text is about. All its levels repeat them: where the root's are cut off, another's stand in.
fn window(outline: &Outline, whole: bool) -> Option<Window> {
    if whole {
        // What is absent is 0.
        return Some(outline.root_window.unwrap_or_default());
    }
    outline.level_window.or(outline.root_window)
}

fn error(text: &[u8], fault: Fault) -> DecodeError {
    match fault.kind {
        FaultKind::Nesting => DecodeError::Limit {
            offset: wide(fault.at),
            expected: "objects and arrays inside each other",
            max: wide(NESTING_MAX),
            found: wide(NESTING_MAX) + 1,
        },
        FaultKind::Expected(expected) if fault.at >= text.len() => {
            DecodeError::Truncated { offset: wide(fault.at), expected, needed: 1, left: 0 }
        }
        FaultKind::Expected(expected) => malformed(text, fault.at, expected),
    }
}

fn malformed(text: &[u8], at: usize, expected: &'static str) -> DecodeError {
    let found = match text.get(at) {
        Some(byte @ 0x21..0x7F) => format!("`{}`", char::from(*byte)),
        Some(byte) => format!("byte {byte:#04x}"),
        None => "nothing".to_owned(),
    };
    DecodeError::Malformed { offset: wide(at), expected, found }
}

/// Where everything that is read goes to.
struct To<'a> {
    text: &'a mut [u8],
    limits: &'a Limits,
    sink: &'a mut dyn Sink,
    damage: &'a mut dyn FnMut(Damage),
    parser: &'a mut Parser,
    /// What was read by the scan.
    values: &'a Values,
    /// The values of the current column, if they were not.
    column: &'a mut Vec<f32>,
    name: &'a mut String,
    /// The names of the open levels below the root.
    path: Vec<Span>,
    /// The first place that is JSON, but not what this format asks for.
    refused: Option<(u32, &'static str)>,
}

impl To<'_> {
    fn levels(&mut self, outline: &Outline) -> Result<(), Stop> {
        let mut columns = outline.columns.as_slice();
        // Below this depth nothing is wanted until a level that is not deeper comes.
        let mut skipped_depth = usize::MAX;
        for (number, level) in outline.levels.iter().enumerate() {
            let of_level = columns.iter().take_while(|column| index(column.level) == number).count();
            let (here, behind) = columns.split_at(of_level);
            columns = behind;
            let depth = usize::from(level.depth);
            if number > 0 {
                if depth > skipped_depth {
                    continue;
                }
                skipped_depth = usize::MAX;
                while self.path.len() >= depth {
                    self.leave()?;
                }
                let parent = &outline.levels[index(level.parent)];
                let stands = !level.replaced && parent.has_child_at(level.at);
                if !stands || self.enter(level)? == Take::Skip {
                    skipped_depth = depth;
                    continue;
                }
            }
            if level.unusable == Some(Unusable::PartOfLevel) {
                self.report(kind_of_level(Unusable::PartOfLevel), level.at, None);
            }
            for column in here.iter().filter(|column| !column.replaced && level.has_column_at(column.at)) {
                self.column(column)?;
            }
        }
        while !self.path.is_empty() {
            self.leave()?;
        }
        Ok(())
    }

    fn enter(&mut self, level: &Level) -> Result<Take, Stop> {
        let kind = match level.unusable {
            None | Some(Unusable::PartOfLevel) => self.read_name(level.name),
            Some(Unusable::TooDeep) => Some(DamageKind::Depth { max: wide(self.limits.depth_max) }),
            Some(unusable) => Some(kind_of_level(unusable)),
        };
        if let Some(kind) = kind {
            self.path.push(level.name);
            self.report(kind, level.at, None);
            self.path.pop();
            return Ok(Take::Skip);
        }
        let take = self.sink.enter(self.name)?;
        if take == Take::Yes {
            self.path.push(level.name);
        }
        Ok(take)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.path.pop();
        self.sink.leave()
    }

    fn column(&mut self, column: &Column) -> Result<(), Stop> {
        let too_long = self.read_name(column.name);
        let kind =
            too_long.or_else(|| column.unusable.map(kind_of_column)).or_else(|| self.read_values(column));
        if let Some(kind) = kind {
            self.report(kind, column.at, Some(column.name));
            return Ok(());
        }
        let head = Head {
            metric: self.name,
            interval_s: column.interval_s,
            start_s: column.start_s,
            count: column.count,
        };
        let values = match column.source {
            Source::Values => self.values.get(index(column.data.start), index(column.data.end)),
            _ => self.column,
        };
        let whole = [Part::Native(values)];
        self.sink.column(head, if values.is_empty() { &[] } else { &whole })
    }

    /// Puts a name into `self.name`, and tells if it is too long.
    fn read_name(&mut self, name: Span) -> Option<DamageKind> {
        name::read(name.of(self.text), self.name);
        let (max, found) = (self.limits.name_bytes_max, self.name.len());
        (found > max).then_some(DamageKind::NameLength { max: wide(max), found: wide(found) })
    }

    /// Puts a column's values into `self.column` if they are not read yet, and tells if they cannot be used.
    fn read_values(&mut self, column: &Column) -> Option<DamageKind> {
        self.column.clear();
        if column.source == Source::Values || column.data == Span::default() {
            return None;
        }
        self.column.reserve_exact(index(column.count));
        let array = column.data.of_mut(self.text);
        let minus_zero = column.source == Source::TextWithMinusZero;
        let beyond = self.parser.values(array, minus_zero, self.column).err()?;
        let at = column.data.start.saturating_add(mark(beyond.at));
        let expected = "a number of double precision";
        if self.refused.is_none_or(|(first, _)| at < first) {
            self.refused = Some((at, expected));
        }
        Some(DamageKind::ColumnUnusable { expected })
    }

    /// Reports damage of the current level.
    fn report(&mut self, kind: DamageKind, at: u32, metric: Option<Span>) {
        let text = |name: &Span| name::text(name.of(self.text));
        let (path, metric) = (self.path.iter().map(text).collect(), metric.as_ref().map(text));
        (self.damage)(Damage { kind, offset: at.into(), path: Some(path), metric });
    }
}

fn kind_of_level(unusable: Unusable) -> DamageKind {
    let expected = match unusable {
        Unusable::PartOfLevel => "an object as its metrics, and one as its children,",
        _ => "an object",
    };
    DamageKind::LevelUnusable { expected }
}

fn kind_of_column(unusable: Unusable) -> DamageKind {
    let expected = match unusable {
        Unusable::Head => "an integer as its interval and as its start",
        Unusable::NoArray => "an array as its data",
        Unusable::NoNumber => "a number or null as each of its values",
        _ => "an object",
    };
    DamageKind::ColumnUnusable { expected }
}
