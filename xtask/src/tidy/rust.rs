//! Rules about Rust files.

use super::Hit;
use super::source::{Kind, Source, group_len, words};

/// Aim under 400 lines; more than this is two ideas in one file.
const LINES_MAX: usize = 500;
/// Names that say nothing about what is inside, so that anything ends up there.
const EMPTY_NAMES: [&str; 7] = ["base", "common", "helper", "helpers", "misc", "util", "utils"];

/// The root of every library and program forbids unsafe code.
///
/// Roots of tests are not held to it: a counting allocator, for one, cannot be written without. There the
/// workspace's lint still asks for an exception with a reason.
pub(super) fn forbids_unsafe(source: &Source) -> Vec<Hit> {
    let is_root = ["src/lib.rs", "src/main.rs"].iter().any(|root| source.path.ends_with(root))
        || (source.path.contains("/src/bin/") && source.path.ends_with(".rs"));
    if !is_root || source.code.contains("#![forbid(unsafe_code)]") {
        return Vec::new();
    }
    vec![Hit::new(1, "add `#![forbid(unsafe_code)]` below the `//!` lines")]
}

/// Every file starts with a line that says what it holds.
pub(super) fn says_what_it_holds(source: &Source) -> Vec<Hit> {
    if source.kind != Kind::Rust || source.text.starts_with("//! ") {
        return Vec::new();
    }
    vec![Hit::new(1, "start with a `//!` line that says what the file holds")]
}

/// No file is longer than a reader keeps in mind.
pub(super) fn is_not_too_long(source: &Source) -> Vec<Hit> {
    let lines = source.text.lines().count();
    if source.kind != Kind::Rust || lines <= LINES_MAX {
        return Vec::new();
    }
    vec![Hit::new(LINES_MAX + 1, format!("{lines} lines, {LINES_MAX} are the limit: split it by idea"))]
}

/// No module has a name that says nothing.
pub(super) fn module_names_say_something(source: &Source) -> Vec<Hit> {
    let mut hits = Vec::new();
    if source.kind != Kind::Rust {
        return hits;
    }
    let message = |name: &str| format!("`{name}` says nothing: name the module after what it holds");
    let mut parts = source.path.trim_end_matches(".rs").split('/');
    if let Some(name) = parts.find(|part| EMPTY_NAMES.contains(part)) {
        hits.push(Hit::new(1, message(name)));
    }
    for at in words(&source.code, "mod") {
        let after = source.code[at + "mod".len()..].trim_start();
        let name = after.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        if EMPTY_NAMES.contains(&name) {
            hits.push(Hit::new(source.line_of(at), message(name)));
        }
    }
    hits
}

/// Every exception from a lint says why.
pub(super) fn lint_exceptions_have_reasons(source: &Source) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (at, _) in source.code.match_indices('#') {
        let open = at + 1 + usize::from(source.code[at + 1..].starts_with('!'));
        if !source.code[open..].starts_with('[') {
            continue;
        }
        let attribute = &source.code[open..open + group_len(&source.code[open..], '[', ']')];
        let excepts = ["allow(", "expect("].iter().any(|word| words(attribute, word).next().is_some());
        if excepts && words(attribute, "reason").next().is_none() {
            hits.push(Hit::new(source.line_of(at), "say why: add `reason = \"...\"` to the exception"));
        }
    }
    hits
}

/// A test that does not run protects nothing.
pub(super) fn no_test_is_ignored(source: &Source) -> Vec<Hit> {
    let hits = source.code.match_indices("#[ignore").map(|(at, _)| at);
    hits.map(|at| Hit::new(source.line_of(at), "an ignored test protects nothing: run it or delete it"))
        .collect()
}

/// A test that sleeps is slow where it passes and fails where the machine is slow.
pub(super) fn no_test_sleeps(source: &Source) -> Vec<Hit> {
    let sleeps = words(&source.code, "thread::sleep").filter(|&at| source.is_test_code(at));
    let message =
        "tests do not sleep: hand time in, or wait for the event itself (a channel, a line of output)";
    sleeps.map(|at| Hit::new(source.line_of(at), message)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::found;

    #[test]
    fn a_root_without_the_ban_on_unsafe_is_found() {
        let files = [
            ("crates/a/src/lib.rs", "//! A.\n#![forbid(unsafe_code)]\n"),
            ("crates/b/src/lib.rs", "//! B.\n// #![forbid(unsafe_code)]\n"),
            ("crates/b/src/main.rs", "//! B.\n"),
            ("crates/b/src/bin/b.rs", "//! B.\n"),
            ("crates/b/src/other.rs", "//! B.\n"),
        ];
        let expected = ["crates/b/src/bin/b.rs:1", "crates/b/src/lib.rs:1", "crates/b/src/main.rs:1"];
        assert_eq!(found("forbid-unsafe", &files), expected);
    }

    #[test]
    fn a_file_that_does_not_say_what_it_holds_is_found() {
        let files = [
            ("crates/a/src/lib.rs", "//! A.\n"),
            ("crates/a/src/b.rs", "use std::io;\n//! B.\n"),
            ("crates/a/src/c.rs", ""),
            ("crates/a/README.md", "# A\n"),
        ];
        assert_eq!(found("first-line", &files), ["crates/a/src/b.rs:1", "crates/a/src/c.rs:1"]);
    }

    #[test]
    fn the_first_line_too_many_is_found() {
        let files = [
            ("crates/a/src/b.rs", &*"//\n".repeat(500)),
            ("crates/a/src/c.rs", &*"//\n".repeat(501)),
            ("docs/long.md", &*"a\n".repeat(900)),
        ];
        assert_eq!(found("length", &files), ["crates/a/src/c.rs:501"]);
    }

    #[test]
    fn a_module_whose_name_says_nothing_is_found() {
        let files = [
            ("crates/a/src/helpers.rs", "//! A.\n"),
            ("crates/a/tests/it/common/mod.rs", "//! A.\n"),
            (
                "crates/a/src/lib.rs",
                "//! A.\nmod utility;\n// mod util;\n\npub(crate) mod  util {}\nmod base;\n",
            ),
            ("crates/a/src/database.rs", "//! A.\n"),
        ];
        let expected = [
            "crates/a/src/helpers.rs:1",
            "crates/a/src/lib.rs:5",
            "crates/a/src/lib.rs:6",
            "crates/a/tests/it/common/mod.rs:1",
        ];
        assert_eq!(found("module-name", &files), expected);
    }

    #[test]
    fn a_lint_exception_without_a_reason_is_found() {
        let text = "//! A.
#![allow(dead_code)]
#[expect(dead_code, reason = \"for later\")]
#[allow(
    dead_code,
    reason = \"for later\"
)]
#[cfg_attr(test, expect(dead_code))]
// #[allow(dead_code)]
fn f() { x.expect(\"#[allow(dead_code)]\"); }
#[derive(Debug)] struct S { #[expect(dead_code)] reason: u32 }
";
        let places = ["a.rs:2", "a.rs:8", "a.rs:11"];
        assert_eq!(found("lint-reason", &[("a.rs", text)]), places);
    }

    #[test]
    fn an_ignored_test_is_found() {
        let text = "//! A.\n#[test]\n#[ignore = \"slow\"]\nfn f() {}\n#[ignore]\n// #[ignore]\n";
        assert_eq!(found("ignored-test", &[("a.rs", text)]), ["a.rs:3", "a.rs:5"]);
    }

    #[test]
    fn a_test_that_sleeps_is_found_and_a_program_may() {
        let text = "//! A.\nfn f() { std::thread::sleep(d) }\n#[cfg(test)]\nmod tests {\n    fn g() {\n        thread::sleep(d)\n    }\n}\n";
        let files =
            [("crates/a/src/b.rs", text), ("crates/a/tests/it/main.rs", "//! A.\nuse std::thread::sleep;\n")];
        assert_eq!(found("sleep", &files), ["crates/a/src/b.rs:6", "crates/a/tests/it/main.rs:2"]);
    }
}
