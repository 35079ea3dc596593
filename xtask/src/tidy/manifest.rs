//! Rules about the manifests of the workspace's packages.

use super::Hit;
use super::source::{Kind, Source};

/// What a package takes from the root manifest.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];
/// What a crate that users see takes from there besides.
const INHERITED_BY_CRATES: [&str; 2] = ["keywords", "categories"];

/// A `key = value` line of a manifest.
#[derive(Debug)]
struct Pair<'a> {
    line: usize,
    section: &'a str,
    key: &'a str,
    value: &'a str,
}

/// Versions stand once, in the root manifest, so that two crates cannot disagree.
pub(super) fn dependencies_are_inherited(source: &Source) -> Vec<Hit> {
    if source.kind != Kind::Manifest {
        return Vec::new();
    }
    let pairs = pairs(&source.text);
    let own = pairs.iter().filter(|pair| is_dependency(pair.section) && !pair.inherits());
    let own = own.map(|pair| {
        let key = pair.key;
        Hit::new(pair.line, format!("`{key}.workspace = true`, with the version in the root manifest"))
    });
    // `[dependencies.name]` would hide its keys from the check above.
    let tables =
        (1..).zip(source.text.lines()).filter(|(_, line)| section(line).is_some_and(is_dependency_table));
    let tables = tables.map(|(line, _)| Hit::new(line, "write a dependency as one line of its section"));
    own.chain(tables).collect()
}

/// Metadata and lints stand once, in the root manifest.
pub(super) fn metadata_is_inherited(source: &Source) -> Vec<Hit> {
    if source.kind != Kind::Manifest {
        return Vec::new();
    }
    let pairs = pairs(&source.text);
    let inherits = |section: &str, key: &str| {
        pairs.iter().any(|pair| pair.section == section && pair.name() == key && pair.inherits())
    };
    let start = (1..).zip(source.text.lines()).find(|(_, line)| section(line) == Some("package"));
    let line = start.map_or(1, |(line, _)| line);
    let of_crates = if source.path.starts_with("crates/") { &INHERITED_BY_CRATES[..] } else { &[] };
    let keys = INHERITED.iter().chain(of_crates).filter(|key| !inherits("package", key));
    let mut hits: Vec<_> =
        keys.map(|key| Hit::new(line, format!("add `{key}.workspace = true` to [package]"))).collect();
    if !pairs.iter().any(|pair| pair.section == "package" && pair.name() == "description") {
        hits.push(Hit::new(line, "add a `description` to [package]"));
    }
    if !inherits("lints", "") {
        hits.push(Hit::new(line, "add `[lints]` with `workspace = true`"));
    }
    hits
}

impl Pair<'_> {
    /// The key without `.workspace`; nothing for a bare `workspace`.
    fn name(&self) -> &str {
        if self.key == "workspace" { "" } else { self.key.trim_end_matches(".workspace") }
    }

    /// `key.workspace = true`, `key = { workspace = true, … }`, or `workspace = true`.
    fn inherits(&self) -> bool {
        let by_key = self.key == "workspace" || self.key.ends_with(".workspace");
        let value: String = self.value.chars().filter(|c| !c.is_whitespace()).collect();
        (by_key && value == "true")
            || value.starts_with("{workspace=true")
            || value.contains(",workspace=true")
    }
}

fn pairs(text: &str) -> Vec<Pair<'_>> {
    let mut pairs = Vec::new();
    let mut within = "";
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.split(" #").next().unwrap_or_default().trim();
        if let Some(section) = section(text) {
            within = section;
        } else if !text.starts_with('#')
            && let Some((key, value)) = text.split_once('=')
        {
            pairs.push(Pair { line, section: within, key: key.trim(), value: value.trim() });
        }
    }
    pairs
}

fn section(line: &str) -> Option<&str> {
    let line = line.trim();
    line.starts_with('[').then(|| line.trim_start_matches('[').trim_end_matches(']'))
}

/// `dependencies`, also of another kind or under a target.
fn is_dependency(section: &str) -> bool {
    section.ends_with("dependencies")
}

fn is_dependency_table(section: &str) -> bool {
    !is_dependency(section) && section.contains("dependencies.")
}

#[cfg(test)]
mod tests {
    use super::super::found;

    const SOUND: &str = "[package]
name = \"treering-x\"
description = \"x\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
keywords.workspace = true
categories.workspace = true
publish.workspace = true

[lints]
workspace = true

[dependencies]
a.workspace = true
b = { workspace = true, features = [\"c\"] }
";

    #[test]
    fn a_sound_manifest_has_no_findings() {
        let files = [("crates/x/Cargo.toml", SOUND)];
        assert_eq!(found("dependency", &files), [""; 0]);
        assert_eq!(found("metadata", &files), [""; 0]);
    }

    #[test]
    fn a_dependency_with_a_version_of_its_own_is_found() {
        let own = "c = \"1\"\nd = { version = \"1\" }\n\n[target.'cfg(unix)'.dev-dependencies]\ne = { path = \"../e\" }\n\
                   \n[build-dependencies.f]\nworkspace = true\n";
        let text = format!("{SOUND}{own}");
        let place = |line: usize| format!("crates/x/Cargo.toml:{line}");
        let expected = [place(18), place(19), place(22), place(24)];
        assert_eq!(found("dependency", &[("crates/x/Cargo.toml", &text)]), expected);
    }

    #[test]
    fn each_missing_line_of_metadata_is_found() {
        let lines =
            SOUND.lines().filter(|line| line.ends_with("workspace = true") || line.starts_with("desc"));
        let mut tried = 0;
        for line in lines.filter(|line| !line.starts_with("a.")) {
            if line.starts_with("b = ") {
                continue;
            }
            let text = SOUND.replacen(&format!("\n{line}\n"), "\n", 1);
            assert_eq!(
                found("metadata", &[("crates/x/Cargo.toml", &text)]),
                ["crates/x/Cargo.toml:1"],
                "{line}"
            );
            tried += 1;
        }
        assert_eq!(tried, 9);
    }

    #[test]
    fn metadata_of_its_own_is_not_inherited() {
        let text = SOUND.replace("license.workspace = true", "license = \"GPL-3.0\"");
        assert_eq!(found("metadata", &[("crates/x/Cargo.toml", &text)]), ["crates/x/Cargo.toml:1"]);
    }

    #[test]
    fn packages_that_no_user_sees_need_no_keywords() {
        let text = SOUND.replace("keywords.workspace = true\ncategories.workspace = true\n", "");
        assert_eq!(found("metadata", &[("xtask/Cargo.toml", &text)]), [""; 0]);
        assert_eq!(found("metadata", &[("crates/x/Cargo.toml", &text)]).len(), 2);
    }
}
