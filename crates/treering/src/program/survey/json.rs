//! Where things lie in a `.json`. Its decoder says where a damaged piece begins; how far it reaches is found here, and
//! so is what a decoder passes over without a word: members that no snapshot has, and those that a later one replaces.

mod levels;
mod walk;

use std::collections::HashMap;
use std::ops::Range;

use serde::de::IgnoredAny;

use crate::program::words::wide;

use levels::{Levels, Member};
use walk::{Walk, key, string};

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
