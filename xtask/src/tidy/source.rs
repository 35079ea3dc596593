//! A file's text, and views of it in which what a rule must not see is blanked.
//!
//! A view keeps every line and every offset of the text.

mod blank;

use std::ops::Range;

use self::blank::Blanked;

#[derive(Debug, Clone)]
pub(super) struct Source {
    /// From the workspace's root on, with `/`.
    pub(super) path: String,
    pub(super) kind: Kind,
    pub(super) text: String,
    /// Rust without comments and literals; nothing of other files.
    pub(super) code: String,
    /// What a person wrote for persons or for the compiler: Rust without literals, Markdown without code.
    pub(super) prose: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rust,
    Markdown,
    /// The manifest of a package of the workspace.
    Manifest,
    Other,
}

impl Source {
    pub(super) fn new(path: &str, text: String) -> Self {
        let kind = Kind::of(path);
        let Blanked { code, prose } = match kind {
            Kind::Rust => blank::rust(&text),
            Kind::Markdown => blank::markdown(&text),
            Kind::Manifest | Kind::Other => Blanked { code: String::new(), prose: text.clone() },
        };
        Self { path: path.to_owned(), kind, text, code, prose }
    }

    /// The line of an offset, counted from 1.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        before.filter(|&&byte| byte == b'\n').count() + 1
    }

    /// The file's name without its extension.
    pub(super) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    /// True if what stands at `offset` is compiled into tests only.
    pub(super) fn is_test_code(&self, offset: usize) -> bool {
        let by_path =
            self.path.starts_with("tests/") || self.path.contains("/tests/") || self.stem() == "tests";
        by_path || self.test_items().iter().any(|item| item.contains(&offset))
    }

    /// The names of the modules of this file that `offset` lies in.
    pub(super) fn modules_around(&self, offset: usize) -> impl Iterator<Item = &str> {
        let around = words(&self.code, "mod").filter(move |&at| {
            let item = at..at + item_len(&self.code[at..]);
            item.contains(&offset)
        });
        around.filter_map(|at| self.code[at..].split_whitespace().nth(1))
    }

    /// The items under `#[cfg(test)]`, from the attribute to the closing brace.
    fn test_items(&self) -> Vec<Range<usize>> {
        let starts = self.code.match_indices("#[cfg(test)]").map(|(start, _)| start);
        starts.map(|start| start..start + item_len(&self.code[start..])).collect()
    }
}

impl Kind {
    fn of(path: &str) -> Self {
        let parts: Vec<_> = path.split('/').collect();
        match parts[..] {
            ["crates", _, "Cargo.toml"] | ["bench" | "tests" | "xtask", "Cargo.toml"] => Self::Manifest,
            [.., name] if name.ends_with(".rs") => Self::Rust,
            [.., name] if name.ends_with(".md") => Self::Markdown,
            _ => Self::Other,
        }
    }
}

/// Where `word` stands in `text` as a word of its own.
pub(super) fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let ends_open = word.ends_with(|c: char| !is_part(c));
        !before.is_some_and(is_part) && (ends_open || !after.is_some_and(is_part))
    })
}

/// The length of the bracket group that `text` starts with, or of the whole text if it is not closed.
pub(super) fn group_len(text: &str, open: char, close: char) -> usize {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + c.len_utf8();
            }
        }
    }
    text.len()
}

/// The length of the item that `code` starts with: to its `;`, or to the end of its braces.
fn item_len(code: &str) -> usize {
    match code.find([';', '{']) {
        Some(at) if code[at..].starts_with('{') => at + group_len(&code[at..], '{', '}'),
        Some(at) => at + 1,
        None => code.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_module_ends_at_its_brace() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"}\"; }\n}\nfn c() {}\n";
        let source = Source::new("crates/x/src/y.rs", text.to_owned());
        let at = |what: &str| text.find(what).unwrap();
        assert!(!source.is_test_code(at("fn a")));
        assert!(source.is_test_code(at("fn b")));
        assert!(!source.is_test_code(at("fn c")));
    }

    #[test]
    fn a_test_module_in_a_file_of_its_own_ends_at_its_semicolon() {
        let text = "#[cfg(test)]\nmod tests;\nfn c() {}\n";
        let source = Source::new("crates/x/src/y.rs", text.to_owned());
        assert!(!source.is_test_code(text.find("fn c").unwrap()));
    }

    #[test]
    fn files_of_tests_are_known_by_their_path() {
        let is_test = |path: &str| Source::new(path, "x".to_owned()).is_test_code(0);
        assert!(is_test("tests/it/main.rs"));
        assert!(is_test("crates/x/tests/it/main.rs"));
        assert!(is_test("crates/x/src/y/tests.rs"));
        assert!(!is_test("crates/x/src/latest.rs"));
    }

    #[test]
    fn a_word_is_not_found_inside_another() {
        assert_eq!(words("allow( disallow( x.allow(", "allow(").collect::<Vec<_>>(), [0, 19]);
        assert_eq!(words("mod util; mod utility;", "util").collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn only_manifests_of_members_are_manifests() {
        assert_eq!(Kind::of("crates/x/Cargo.toml"), Kind::Manifest);
        assert_eq!(Kind::of("xtask/Cargo.toml"), Kind::Manifest);
        assert_eq!(Kind::of("Cargo.toml"), Kind::Other);
        assert_eq!(Kind::of("tests/fuzz/Cargo.toml"), Kind::Other);
    }
}
