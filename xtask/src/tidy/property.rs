//! Rules about property tests.

use super::Hit;
use super::source::{Source, group_len, words};
use crate::property::FILTER;

/// A fixed number of cases would make `cargo xtask proptest --cases` a promise that is not kept: proptest
/// reads PROPTEST_CASES for its default only.
pub(super) fn cases_can_be_raised(source: &Source) -> Vec<Hit> {
    let value_at = |at: usize| source.code[at..].trim_start().chars().next().unwrap_or_default();
    let calls = words(&source.code, "with_cases(").filter(|at| {
        let value = value_at(at + "with_cases(".len());
        value.is_ascii_digit() || value.is_ascii_uppercase()
    });
    // A field of another struct names a type here, or the file knows no ProptestConfig.
    let fields = words(&source.code, "cases:").filter(|at| {
        value_at(at + "cases:".len()).is_ascii_digit() && source.code.contains("ProptestConfig")
    });
    let message =
        "PROPTEST_CASES cannot raise a fixed number: take it from a function that looks there first";
    let mut hits: Vec<_> = calls.chain(fields).map(|at| Hit::new(source.line_of(at), message)).collect();
    hits.sort_by_key(|hit| hit.line);
    hits
}

/// A property test whose path does not hold the filter would be left out of `cargo xtask proptest`, unseen.
pub(super) fn properties_are_found_by_name(source: &Source) -> Vec<Hit> {
    // A file's name is part of its tests' paths.
    if source.path.contains(FILTER) {
        return Vec::new();
    }
    let message =
        format!("put `{FILTER}` into the test's name or its module's: `cargo xtask proptest` looks for it");
    let named = |at: usize| {
        let module = source.modules_around(at).any(|name| name.contains(FILTER));
        module || first_name(&source.code[at..], "fn").is_some_and(|name| name.contains(FILTER))
    };
    let unnamed = properties(&source.code).into_iter().filter(|&at| !named(at));
    unnamed.map(|at| Hit::new(source.line_of(at), message.clone())).collect()
}

/// Where the `fn` of each property test stands.
fn properties(code: &str) -> Vec<usize> {
    let mut tests = Vec::new();
    for at in words(code, "proptest!") {
        let Some(open) = code[at..].find(['{', '(']).map(|open| at + open) else { continue };
        let closed = if code[open..].starts_with('{') { ('{', '}') } else { ('(', ')') };
        let block = &code[open..open + group_len(&code[open..], closed.0, closed.1)];
        let inside: Vec<_> = block.match_indices("#[test]").map(|(test, _)| open + test).collect();
        if inside.is_empty() {
            // Called with a closure: the property is the function around it.
            tests.extend(words(&code[..at], "fn").last());
        } else {
            let functions = inside.iter().filter_map(|&test| Some(test + words(&code[test..], "fn").next()?));
            tests.extend(functions);
        }
    }
    tests
}

/// The name behind the first `keyword` in `code`.
fn first_name<'a>(code: &'a str, keyword: &'a str) -> Option<&'a str> {
    let after = code[words(code, keyword).next()? + keyword.len()..].trim_start();
    after.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

#[cfg(test)]
mod tests {
    use super::super::found;

    #[test]
    fn a_fixed_number_of_cases_is_found() {
        let text = "//! A.
#![proptest_config(ProptestConfig::with_cases(64))]
#![proptest_config(ProptestConfig::with_cases(CASES))]
#![proptest_config(ProptestConfig::with_cases(cases()))]
fn f() { ProptestConfig { cases: 64, ..d }; ProptestConfig { cases: cases(), ..d } }
struct S { cases: Vec<u32> }
";
        assert_eq!(found("cases", &[("a.rs", text)]), ["a.rs:2", "a.rs:3", "a.rs:5"]);
    }

    #[test]
    fn a_property_that_its_filter_does_not_find_is_found() {
        let text = "//! A.
proptest! {
    #![proptest_config(config())]
    #[test]
    fn any_order_agrees(a in 0..9) {}

    #[test]
    fn prop_any_order_agrees(a in prop::any()) {}
}
mod props {
    proptest! { #[test] fn any_order_agrees(a in 0..9) {} }
}
#[test]
fn a_closure() {
    proptest!(|(a in 0..9)| {});
}
#[test]
fn no_property() {}
";
        let files = [("crates/a/src/b.rs", text), ("crates/a/src/props.rs", text)];
        assert_eq!(found("property-name", &files), ["crates/a/src/b.rs:5", "crates/a/src/b.rs:14"]);
    }
}
