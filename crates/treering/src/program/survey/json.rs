//! Where things lie in a `.json`. Its decoder says where a damaged piece begins; how far it reaches is found here, and
//! so is what a decoder passes over without a word: members that no snapshot has, and those that a later one replaces.

use std::collections::HashMap;
use std::ops::Range;

use serde::de::IgnoredAny;

use crate::program::words::wide;

/// What was passed over.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PassedOver {
    /// Members of a level or column whose key means nothing.
    pub(super) unknown: Members,
    /// Members that another one of their name follows.
    pub(super) replaced: Members,
}

/// Members of a text, as a sum.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Members {
    pub(super) count: u64,
    pub(super) bytes: u64,
    /// From the first to the last.
    pub(super) range: Range<usize>,
    /// The key of the first.
    pub(super) key: String,
}

/// Behind the first value of a text, if it is JSON.
pub(super) fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_slice(bytes.get(at..)?).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(at + values.byte_offset())
}

/// The member whose name begins here, with its value.
pub(super) fn member_from(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let mut walk = Walk::at(bytes, at);
    walk.member(Walk::skip)?;
    Some(at..walk.at)
}

/// The members of the level at this place whose values are neither an object nor `null`, though they should be.
pub(super) fn unusable_parts(bytes: &[u8], at: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut walk = Walk::at(bytes, at);
    let mut level = |walk: &mut Walk<'_>| {
        walk.object(|walk, _| {
            let begin = walk.at;
            walk.member(|walk| {
                let is_part = matches!(key(walk.text, begin).as_str(), "metrics" | "children");
                let is_usable = matches!(walk.peek(), Some(b'{' | b'n'));
                walk.skip()?;
                if is_part && !is_usable {
                    parts.push(begin..walk.at);
                }
                Some(())
            })
        })
    };
    let _ = if bytes.get(at) == Some(&b'"') { walk.member(level) } else { level(&mut walk) };
    parts
}

/// Behind the last column or level of a text that is whole, where the text cannot be read on from `offset`.
pub(super) fn sound_end(bytes: &[u8], offset: usize) -> usize {
    let (mut in_text, mut escaped, mut behind) = (false, false, 0);
    for (at, byte) in bytes[..offset.min(bytes.len())].iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'}' if !in_text => behind = at + 1,
            _ => {}
        }
    }
    behind
}

/// Looks for what a decoder passes over, as far as the text can be read. What is damaged is not passed over.
pub(super) fn passed_over(bytes: &[u8], is_damaged: &dyn Fn(&Range<usize>) -> bool) -> PassedOver {
    let (mut unknown, mut replaced) = (Vec::new(), Vec::new());
    Levels::new(bytes).run(&mut |member| match member {
        Member::Unknown(range) if !is_damaged(&range) => unknown.push(range),
        Member::Replaced(range) if !is_damaged(&range) => replaced.push(range),
        _ => {}
    });
    // What lies in a member that is replaced goes with it.
    let replaced = outermost(replaced);
    let is_replaced = |range: &Range<usize>| {
        let before = replaced.partition_point(|other| other.start <= range.start);
        before.checked_sub(1).is_some_and(|index| range.end <= replaced[index].end)
    };
    unknown.retain(|range| !is_replaced(range));
    PassedOver { unknown: Members::of(bytes, &unknown), replaced: Members::of(bytes, &replaced) }
}

/// Those that lie in no other. Members overlap only where one lies in the other.
fn outermost(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let mut end = 0;
    ranges.retain(|range| {
        let is_out = range.start >= end;
        end = end.max(range.end);
        is_out
    });
    ranges
}

/// Where the columns lie, by level and metric.
pub(super) fn columns(bytes: &[u8]) -> HashMap<(Vec<String>, String), Range<usize>> {
    let mut columns = HashMap::new();
    Levels::new(bytes).run(&mut |member| {
        if let Member::Column { path, metric, range } = member {
            columns.insert((path.to_vec(), metric), range);
        }
    });
    columns
}

impl Members {
    fn of(bytes: &[u8], ranges: &[Range<usize>]) -> Members {
        let Some(first) = ranges.iter().min_by_key(|range| range.start) else { return Members::default() };
        let end = ranges.iter().map(|range| range.end).max().unwrap_or(first.end);
        Members {
            count: wide(ranges.len()),
            bytes: ranges.iter().map(|range| wide(range.len())).sum(),
            range: first.start..end,
            key: string(bytes, first.start),
        }
    }
}

/// What is met on the way through a text.
enum Member<'p> {
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
struct Levels<'a> {
    walk: Walk<'a>,
    open: Vec<Open>,
    path: Vec<String>,
}

impl<'a> Levels<'a> {
    fn new(text: &'a [u8]) -> Levels<'a> {
        Levels { walk: Walk::at(text, 0), open: Vec::new(), path: Vec::new() }
    }

    /// Goes as far as the text can be read.
    fn run(&mut self, visit: &mut dyn FnMut(Member<'_>)) {
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

/// A place in a text that is JSON, as far as it is passed.
struct Walk<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    fn at(text: &'a [u8], at: usize) -> Walk<'a> {
        Walk { text, at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Passes a member's name and the colon, up to its value.
    fn name(&mut self) -> Option<String> {
        let begin = self.at;
        if self.peek()? != b'"' {
            return None;
        }
        self.skip()?;
        self.space();
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        self.space();
        Some(string(self.text, begin))
    }

    fn member(&mut self, mut value: impl FnMut(&mut Walk<'a>) -> Option<()>) -> Option<()> {
        self.name()?;
        value(self)
    }

    /// Passes an object; `member` is at each name and passes it and its value.
    fn object(&mut self, mut member: impl FnMut(&mut Walk<'a>, String) -> Option<()>) -> Option<()> {
        if self.peek()? != b'{' {
            return None;
        }
        self.at += 1;
        loop {
            self.space();
            match self.peek()? {
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                b'"' => {
                    let name = string(self.text, self.at);
                    member(self, name)?;
                }
                _ => return None,
            }
        }
    }

    /// Passes a value of any kind, however deep it is nested.
    fn skip(&mut self) -> Option<()> {
        let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
        while let Some(byte) = self.peek() {
            let was_in_text = in_text;
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_text => escaped = true,
                b'"' => in_text = !in_text,
                _ if in_text => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 0 => return Some(()),
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return Some(());
                    }
                }
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return Some(()),
                _ => {}
            }
            self.at += 1;
            if was_in_text && !in_text && depth == 0 {
                return Some(());
            }
        }
        None
    }
}

/// The key of the member that begins here, as the format compares keys.
fn key(text: &[u8], at: usize) -> String {
    folded(&string(text, at))
}

/// A name without its case; one letter beyond ASCII counts as one of ASCII.
fn folded(name: &str) -> String {
    name.chars().map(|letter| if letter == '\u{17F}' { 's' } else { letter.to_ascii_lowercase() }).collect()
}

/// The text of the string that begins here.
fn string(text: &[u8], at: usize) -> String {
    let mut walk = Walk::at(text, at);
    if walk.skip().is_none() {
        return String::new();
    }
    let raw = &text[at..walk.at];
    serde_json::from_slice(raw).unwrap_or_else(|_| {
        // Halves of surrogate pairs, bytes that are not UTF-8: as good as it gets.
        String::from_utf8_lossy(raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default()).into_owned()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn passed_over(bytes: &[u8]) -> PassedOver {
        super::passed_over(bytes, &|_| false)
    }

    fn text_of<'a>(text: &'a str, members: &Members) -> &'a str {
        &text[members.range.clone()]
    }

    #[test]
    fn braces_in_text_do_not_end_a_value() {
        let text = r#" {"a}\"}":[{"b":"\\"}],"c":1} "#.as_bytes();
        assert_eq!(value_end(text, 0), Some(text.len() - 1));
        assert_eq!(member_from(text, 2), Some(2..22));
        assert_eq!(member_from(text, 23), Some(23..28));
        assert_eq!(member_from(text, 3), None);
        for cut in 0..28 {
            assert_eq!((value_end(&text[..cut], 0), member_from(&text[..cut.min(21)], 2)), (None, None));
        }
        assert_eq!((sound_end(text, 20), sound_end(text, 21)), (0, 21));
        assert_eq!(sound_end(text, text.len()), 29);
    }

    #[test]
    fn members_that_mean_nothing_are_found_at_every_level() {
        let text = r#"{"UNIT":"W","metrics":{"unit":{"unit":{"a":1},"Data":[1],"ſtart":5}},"treering":{},
            "children":{"unit":{"children":{},"treering":0}},"from":1,"To":2}"#;
        let unknown = passed_over(text.as_bytes()).unknown;
        assert_eq!((unknown.count, unknown.key.as_str()), (3, "UNIT"));
        assert!(
            text_of(text, &unknown).starts_with("\"UNIT\"")
                && text_of(text, &unknown).ends_with("\"treering\":0")
        );
        assert_eq!(unknown.bytes, 10 + 14 + 12);
    }

    #[test]
    fn members_that_a_later_one_replaces_are_found() {
        for (text, count, replaced) in [
            (r#"{"metrics":{"a":{},"b":{},"a":{"start":1}}}"#, 1, r#""a":{}"#),
            (r#"{"metrics":{"a":{}},"metrics":{"\u0061":{}}}"#, 1, r#""a":{}"#),
            (r#"{"metrics":{"a":{},"b":{}},"metrics":null}"#, 2, r#""a":{},"b":{}"#),
            (r#"{"metrics":null,"metrics":{"a":{}}}"#, 0, ""),
            (r#"{"metrics":{"a":{"data":[1],"start":2,"DATA":[]}}}"#, 1, r#""data":[1]"#),
            (r#"{"children":{"a":{"children":{"a":{}}},"a":{}}}"#, 1, r#""a":{"children":{"a":{}}}"#),
            (
                r#"{"children":{"a":{"x":1,"children":{"a":{},"a":{}}},"a":{}}}"#,
                1,
                r#""a":{"x":1,"children":{"a":{},"a":{}}}"#,
            ),
            (r#"{"children":{"a":{},"b":{"metrics":{"a":{}}}},"metrics":{"a":{}}}"#, 0, ""),
        ] {
            let found = passed_over(text.as_bytes());
            assert_eq!((found.replaced.count, text_of(text, &found.replaced)), (count, replaced), "{text}");
            assert_eq!(found.unknown.count, 0, "{text}");
        }
    }

    #[test]
    fn columns_are_found_by_level_and_metric() {
        let text = r#"{"children":{"a":{"metrics":{"m":{"data":[]}}}},"metrics":{"m":{}}}"#;
        let columns = columns(text.as_bytes());
        let of = |path: &[&str]| {
            let path = path.iter().map(|level| (*level).to_owned()).collect();
            &text[columns[&(path, "m".to_owned())].clone()]
        };
        assert_eq!((of(&["a"]), of(&[])), (r#""m":{"data":[]}"#, r#""m":{}"#));
        assert_eq!(columns.len(), 2);
    }

    #[test]
    fn parts_of_a_level_that_are_no_objects_are_found() {
        let text = r#"{"metrics":5,"children":{"a":{"metrics":null,"Children":[1,2],"x":[]}}}"#;
        let found = |at: usize| {
            let parts = unusable_parts(text.as_bytes(), at);
            parts.into_iter().map(|part| &text[part]).collect::<Vec<_>>()
        };
        assert_eq!(found(0), ["\"metrics\":5"]);
        assert_eq!(found(text.find("\"a\"").unwrap()), ["\"Children\":[1,2]"]);
    }

    #[test]
    fn nothing_of_a_text_that_is_none_makes_it_stumble() {
        for text in
            ["", "{", "}{", "[", "{\"", "{\"a", "{\"a\":", "{,,}", "{\"metrics\":{\"a\"", "5", "\u{0}"]
        {
            assert_eq!(passed_over(text.as_bytes()), PassedOver::default(), "{text}");
            assert!(columns(text.as_bytes()).is_empty());
        }
        let deep = "{\"children\":{\"l\":".repeat(100_000);
        assert_eq!(passed_over(deep.as_bytes()), PassedOver::default());
        let deep = [b"{\"x\":".to_vec(), vec![b'['; 1 << 20]].concat();
        assert_eq!(passed_over(&deep), PassedOver::default());
    }
}
