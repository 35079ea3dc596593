//! Rules about any text.

use super::Hit;
use super::source::{Kind, Source, words};
use super::tree::Tree;

/// Words that say that something is not done.
const MARKERS: [&str; 3] = ["TODO", "FIXME", "XXX"];
const MARKER_MACROS: [&str; 2] = ["todo!", "unimplemented!"];
/// Where developers' machines keep their files.
const MACHINE_PATHS: [&str; 4] = ["/work/", "/root/", "/home/", "/Users/"];
/// A folder that lies beside some checkouts and not beside a user's.
const SHARED: &str = "../shared";

/// What is not done belongs into the tracker, where it is seen.
pub(super) fn no_markers(source: &Source) -> Vec<Hit> {
    let in_prose = MARKERS.iter().flat_map(|marker| words(&source.prose, marker));
    let in_code = MARKER_MACROS.iter().flat_map(|marker| words(&source.code, marker));
    let message = "do it, or write it into the tracker: nobody reads a marker again";
    in_prose.chain(in_code).map(|at| Hit::new(source.line_of(at), message)).collect()
}

/// A path of somebody's machine means nothing on another.
pub(super) fn no_paths_of_a_machine(source: &Source) -> Vec<Hit> {
    // Inside a longer path it is no path of a machine: `level/work/socket`.
    let is_absolute = |at: usize| {
        let before = source.text[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-~*/}".contains(c))
    };
    let paths = MACHINE_PATHS.iter().flat_map(|path| source.text.match_indices(path));
    let paths = paths.filter(|(at, _)| is_absolute(*at));
    let message = |path: &str| format!("`{path}` is somebody's machine: say it relative to the project");
    paths.map(|(at, path)| Hit::new(source.line_of(at), message(path))).collect()
}

/// Lines end where their text ends, and the last one ends.
pub(super) fn no_stray_space(source: &Source) -> Vec<Hit> {
    let lines = (1..).zip(source.text.split('\n'));
    let stray = lines.filter(|(_, line)| line.ends_with(char::is_whitespace));
    let mut hits: Vec<_> =
        stray.map(|(line, _)| Hit::new(line, "remove the space at the line's end")).collect();
    let lines = source.text.lines().count();
    if !source.text.is_empty() && !source.text.ends_with('\n') {
        hits.push(Hit::new(lines, "end the last line"));
    } else if source.text.ends_with("\n\n") {
        hits.push(Hit::new(lines, "remove the empty lines at the end"));
    }
    hits
}

/// A clone has nothing beside it. One module of `tests` may look there, for checks that are made only where
/// the folder is.
pub(super) fn no_file_outside_is_needed(tree: &Tree) -> Vec<(String, Hit)> {
    let may_look = |source: &&Source| source.kind == Kind::Rust && source.path.starts_with("tests/");
    let the_one = tree.sources.iter().filter(may_look).find(|source| source.text.contains(SHARED));
    let others = tree.sources.iter().filter(|source| the_one.is_none_or(|one| one.path != source.path));
    let message = "a clone has nothing beside it; only one module of `tests` may look there";
    others
        .flat_map(|source| {
            let places = source.text.match_indices(SHARED);
            places.map(|(at, _)| (source.path.clone(), Hit::new(source.line_of(at), message)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::found;

    #[test]
    fn markers_are_found_in_comments_and_code_but_not_in_literals() {
        let rust = "//! A.\n// TODO: more\nfn f() { todo!() }\nfn g() { unimplemented!(\"x\") }\n/* FIXME */\n\
                    const S: &str = \"TODO\";\n// todo list: XXXL\n";
        let markdown = "Later (XXX).\n\n`TODO`\n";
        let manifest = "# FIXME: pin\n";
        let files = [("a.md", markdown), ("b.rs", rust), ("c.toml", manifest)];
        assert_eq!(found("marker", &files), ["a.md:1", "b.rs:2", "b.rs:3", "b.rs:4", "b.rs:5", "c.toml:1"]);
    }

    #[test]
    fn a_path_of_a_machine_is_found_also_in_literals_and_code_blocks() {
        let rust = "//! A.\nconst A: &str = \"/home/me/x\";\nconst B: &str = \"level/work/socket\";\n";
        let markdown = "Text.\n\n```\n$ cd /work/main\n$ ls ~/root/\n```\nIn /root/x.\n";
        let files = [("a.rs", rust), ("b.md", markdown), (".ci/run", "x=/Users/me\n")];
        assert_eq!(found("machine-path", &files), [".ci/run:1", "a.rs:2", "b.md:4", "b.md:7"]);
    }

    #[test]
    fn space_at_the_end_of_a_line_or_file_is_found() {
        let files = [
            ("a.md", "one\ntwo \nthree\t\n"),
            ("b.toml", "one"),
            ("c.rs", "one\r\n"),
            ("d.rs", "one\n\n\n"),
            ("e.rs", "one\n\ntwo\n"),
            ("f.rs", ""),
        ];
        assert_eq!(found("space", &files), ["a.md:2", "a.md:3", "b.toml:1", "c.rs:1", "d.rs:3"]);
    }

    #[test]
    fn one_module_of_the_tests_may_look_outside_and_nothing_else() {
        let text = "//! A.\nconst A: &str = \"../../shared\";\nconst B: &str = \"../shared/x\";\n";
        let one = [("tests/it/main.rs", "//! A.\n"), ("tests/it/outside.rs", text)];
        assert_eq!(found("shared-path", &one), [""; 0]);
        let more = [
            ("README.md", "See ../shared.\n"),
            ("crates/a/tests/it/main.rs", text),
            ("tests/it/outside.rs", text),
            ("tests/src/lib.rs", text),
        ];
        let expected = ["README.md:1", "crates/a/tests/it/main.rs:2", "crates/a/tests/it/main.rs:3"];
        let found = found("shared-path", &more);
        assert_eq!(found[..3], expected);
        assert_eq!(found[3..], ["tests/src/lib.rs:2", "tests/src/lib.rs:3"]);
    }
}
