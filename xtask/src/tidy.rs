//! The house rules that a program can hold: each is a small function from a file to what it finds there.
//!
//! What rustfmt, rustc and clippy hold already is not repeated here.

mod exceptions;
mod manifest;
mod markdown;
mod property;
mod rust;
mod source;
mod text;
mod tree;

use std::fmt;

use crate::say;
use crate::workspace::Workspace;

use self::exceptions::{EXCEPTIONS, Exception};
use self::source::Source;
use self::tree::{Tree, TreeError};

/// A rule that needs one file at a time.
#[derive(Clone, Copy)]
struct Rule {
    name: &'static str,
    check: fn(&Source) -> Vec<Hit>,
}

/// A rule that needs the whole tree.
#[derive(Clone, Copy)]
struct TreeRule {
    name: &'static str,
    check: fn(&Tree) -> Vec<(String, Hit)>,
}

/// A place in a file that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hit {
    /// Counted from 1.
    line: usize,
    message: String,
}

/// A broken rule, as it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    message: String,
}

const RULES: [Rule; 14] = [
    Rule { name: "forbid-unsafe", check: rust::forbids_unsafe },
    Rule { name: "first-line", check: rust::says_what_it_holds },
    Rule { name: "length", check: rust::is_not_too_long },
    Rule { name: "module-name", check: rust::module_names_say_something },
    Rule { name: "lint-reason", check: rust::lint_exceptions_have_reasons },
    Rule { name: "ignored-test", check: rust::no_test_is_ignored },
    Rule { name: "sleep", check: rust::no_test_sleeps },
    Rule { name: "cases", check: property::cases_can_be_raised },
    Rule { name: "property-name", check: property::properties_are_found_by_name },
    Rule { name: "marker", check: text::no_markers },
    Rule { name: "machine-path", check: text::no_paths_of_a_machine },
    Rule { name: "space", check: text::no_stray_space },
    Rule { name: "dependency", check: manifest::dependencies_are_inherited },
    Rule { name: "metadata", check: manifest::metadata_is_inherited },
];

const TREE_RULES: [TreeRule; 2] = [
    TreeRule { name: "link", check: markdown::links_lead_somewhere },
    TreeRule { name: "shared-path", check: text::no_file_outside_is_needed },
];

/// Checks the tree and prints what is wrong; true if nothing is.
pub(crate) fn run(workspace: &Workspace) -> Result<bool, TreeError> {
    let tree = Tree::read(workspace)?;
    let findings = findings(&tree, EXCEPTIONS);
    for finding in &findings {
        say::line(finding);
    }
    if findings.is_empty() {
        let rules = RULES.len() + TREE_RULES.len();
        say::line(&format_args!("tidy: {} files, {rules} rules, nothing found", tree.sources.len()));
    } else {
        say::line(&format_args!("tidy: {} findings; CONTRIBUTING.md gives the reasons", findings.len()));
    }
    Ok(findings.is_empty())
}

/// All findings but the excepted, and the exceptions that nothing needs any more.
fn findings(tree: &Tree, exceptions: &[Exception]) -> Vec<Finding> {
    let mut findings = all_findings(tree);
    for exception in exceptions {
        let before = findings.len();
        findings.retain(|finding| !exception.covers(finding.rule, &finding.path));
        if findings.len() == before {
            findings.push(exception.stale());
        }
    }
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    findings
}

fn all_findings(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        for source in &tree.sources {
            let hits = (rule.check)(source).into_iter();
            findings.extend(hits.map(|hit| Finding::new(rule.name, source.path.clone(), hit)));
        }
    }
    for rule in TREE_RULES {
        let hits = (rule.check)(tree).into_iter();
        findings.extend(hits.map(|(path, hit)| Finding::new(rule.name, path, hit)));
    }
    findings
}

impl Hit {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

impl Finding {
    fn new(rule: &'static str, path: String, hit: Hit) -> Self {
        Self { path, line: hit.line, rule, message: hit.message }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.message)
    }
}

/// The places, as `path:line`, where one rule finds something in files with these paths and texts.
#[cfg(test)]
fn found(rule: &str, files: &[(&str, &str)]) -> Vec<String> {
    let known = RULES.iter().map(|rule| rule.name).chain(TREE_RULES.iter().map(|rule| rule.name));
    assert!(known.into_iter().any(|name| name == rule), "no rule `{rule}`");
    let mut tree = Tree::default();
    files.iter().for_each(|(path, text)| tree.add(path, Some((*text).to_owned())));
    let findings = findings(&tree, &[]);
    let findings = findings.iter().filter(|finding| finding.rule == rule);
    findings.map(|finding| format!("{}:{}", finding.path, finding.line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_tree_keeps_the_house_rules() {
        let tree = Tree::read(&Workspace::of_this_source()).unwrap();
        assert!(tree.sources.len() > 20, "files: {}", tree.sources.len());
        let findings: Vec<_> = findings(&tree, EXCEPTIONS).iter().map(Finding::to_string).collect();
        assert!(findings.is_empty(), "\n{}", findings.join("\n"));
    }

    #[test]
    fn an_exception_covers_its_rule_in_its_file_only() {
        let mut tree = Tree::default();
        let long = format!("//! Long.\n{}", "// line\n".repeat(600));
        tree.add("crates/a/src/long.rs", Some(long.clone()));
        tree.add("crates/a/src/other.rs", Some(long));
        let exception = Exception { rule: "length", path: "crates/a/src/long.rs", reason: "a table" };
        let findings: Vec<_> = findings(&tree, &[exception]).iter().map(Finding::to_string).collect();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].starts_with("crates/a/src/other.rs:501: length: "), "{findings:?}");
    }

    #[test]
    fn an_exception_that_nothing_needs_is_found() {
        let exception = Exception { rule: "length", path: "crates/a/src/long.rs", reason: "a table" };
        let findings = findings(&Tree::default(), &[exception]);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].message.contains("crates/a/src/long.rs"), "{findings:?}");
    }

    #[test]
    fn every_exception_names_a_rule_and_gives_a_reason() {
        for exception in EXCEPTIONS {
            let names = RULES.iter().map(|rule| rule.name).chain(TREE_RULES.iter().map(|rule| rule.name));
            assert!(names.into_iter().any(|name| name == exception.rule), "{exception:?}");
            assert!(exception.reason.len() > 10, "{exception:?}");
        }
    }
}
