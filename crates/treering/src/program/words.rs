//! Words for eyes: numbers with what they count, names that drive no terminal and fill no screen.

use std::fmt::Display;
use std::path::Path;

/// So many characters of a name are shown.
const NAME_CHARS_MAX: usize = 64;

/// A number and what it counts, one or many: `1 host`, `2 hosts`.
pub(crate) fn count(number: impl Into<u64>, one: &str) -> String {
    let number = number.into();
    match (number, one) {
        (1, _) | (_, "series" | "damage") => format!("{number} {one}"),
        (_, "entry") => format!("{number} entries"),
        _ => format!("{number} {one}s"),
    }
}

/// The same for what is counted as a length.
pub(crate) fn count_len(number: usize, one: &str) -> String {
    count(wide(number), one)
}

/// The same with commas in long numbers.
pub(crate) fn grouped(number: u64, one: &str) -> String {
    let counted = count(number, one);
    let word = counted.split_once(' ').map_or("", |(_, word)| word);
    format!("{} {word}", indicatif::HumanCount(number))
}

/// A length as it stands in reports.
pub(crate) fn wide(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// A text that can hold anything, as a part of one line.
pub(crate) fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if moves_the_cursor(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// The same for a text of several lines.
pub(crate) fn on_its_lines(text: &str) -> String {
    text.split('\n').map(on_one_line).collect::<Vec<_>>().join("\n")
}

/// A path whose names can hold anything.
pub(crate) fn shown(path: &Path) -> String {
    on_one_line(&path.display().to_string())
}

/// A name from a file, cut if it is very long.
pub(crate) fn brief(name: &str) -> String {
    match name.char_indices().nth(NAME_CHARS_MAX) {
        None => on_one_line(name),
        Some((at, _)) => format!("{}...", on_one_line(&name[..at])),
    }
}

/// A level and a metric in it, as a message names them.
pub(crate) fn place(path: Option<&[impl AsRef<str>]>, metric: Option<&str>) -> String {
    let mut place = path.map(|path| level(path).to_string()).unwrap_or_default();
    if let Some(metric) = metric {
        let comma = if place.is_empty() { "" } else { ", " };
        place += &format!("{comma}metric \"{}\"", brief(metric));
    }
    place
}

/// A level below a host, or the host itself.
pub(crate) fn level(path: &[impl AsRef<str>]) -> impl Display {
    if path.is_empty() {
        return "the host itself".to_owned();
    }
    let path = path.iter().map(AsRef::as_ref).collect::<Vec<_>>().join("/");
    format!("level \"{}\"", brief(&path))
}

/// Controls, line separators, and what turns the direction of writing.
fn moves_the_cursor(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_everything_else_is_many() {
        let all = [0_u32, 1, 2].map(|number| {
            [count(number, "file"), count(number, "series"), count(number, "entry")].join(", ")
        });
        assert_eq!(
            all,
            ["0 files, 0 series, 0 entries", "1 file, 1 series, 1 entry", "2 files, 2 series, 2 entries"]
        );
    }

    #[test]
    fn long_numbers_have_commas() {
        assert_eq!([grouped(1, "host"), grouped(12_345, "host")], ["1 host", "12,345 hosts"]);
    }

    #[test]
    fn no_name_drives_a_terminal_or_fills_a_screen() {
        assert_eq!(brief("a\u{1b}[31m\n\u{202e}"), "a\\u{1b}[31m\\n\\u{202e}");
        assert_eq!(brief(&"é".repeat(64)), "é".repeat(64));
        assert_eq!(brief(&"é".repeat(65)), format!("{}...", "é".repeat(64)));
        assert_eq!(on_its_lines("one\n\ttwo"), "one\n\\ttwo");
    }

    #[test]
    fn a_place_is_a_level_a_metric_or_both() {
        let (none, host): (Option<&[&str]>, [&str; 0]) = (None, []);
        assert_eq!(place(Some(&["a", "b"]), Some("m")), "level \"a/b\", metric \"m\"");
        assert_eq!(place(Some(&host), None), "the host itself");
        assert_eq!(place(none, Some("m")), "metric \"m\"");
        assert_eq!(place(none, None), "");
    }
}
