//! The program itself, run on copies of the workspace into which something was planted.
#![forbid(unsafe_code)]

mod project;

use crate::project::{Project, xtask_in};

#[test]
fn layers_passes_on_an_unchanged_copy() {
    let (code, output) = Project::of_this_workspace().xtask(&["layers"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("$ cargo metadata --no-deps"), "{output}");
    assert!(output.contains("all allowed"), "{output}");
}

#[test]
fn layers_fails_on_a_planted_edge_between_members() {
    let copy = Project::of_this_workspace();
    copy.append("crates/snapshot/Cargo.toml", "\n[build-dependencies]\ntreering-buffer.workspace = true\n");
    let (code, output) = copy.xtask(&["layers"]);
    assert_eq!(code, 1, "{output}");
    let edge = "crates/snapshot/Cargo.toml: treering-snapshot -> treering-buffer in [build-dependencies]";
    assert!(output.contains(edge), "{output}");
    assert!(output.contains("instead: "), "{output}");
}

#[test]
fn layers_fails_on_a_planted_edge_behind_a_feature_and_a_target_and_another_name() {
    let copy = Project::of_this_workspace();
    let dependency = "tree = { package = \"treering-level\", path = \"../level\", optional = true }";
    let section = "target.'cfg(windows)'.dependencies";
    copy.append("crates/wal/Cargo.toml", &format!("\n[{section}]\n{dependency}\n"));
    let (code, output) = copy.xtask(&["layers"]);
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("treering-wal -> treering-level in [dependencies]"), "{output}");
}

#[test]
fn layers_lets_persist_name_a_format_in_dev_dependencies_only() {
    let copy = Project::of_this_workspace();
    copy.append(
        "crates/persist/Cargo.toml",
        "\n[build-dependencies]\ntreering-format-bin.workspace = true\n",
    );
    let (code, output) = copy.xtask(&["layers"]);
    assert_eq!(code, 1, "{output}");
    let findings = output.lines().filter(|line| line.starts_with("crates/"));
    let edge = "crates/persist/Cargo.toml: treering-persist -> treering-format-bin in [build-dependencies] is no edge";
    assert!(findings.eq([format!("{edge} of the table")]), "{output}");
}

#[test]
fn layers_fails_on_a_planted_outside_crate_that_is_locked_deep_down() {
    let copy = Project::of_this_workspace();
    copy.change("Cargo.lock", "name = \"arc-swap\"", "name = \"arc-swap-before\"");
    copy.append(
        "Cargo.lock",
        "\n[[package]]\nname = \"arc-swap\"\nversion = \"1.9.5\"\ndependencies = [\n \"tokio\",\n]\n\n\
         [[package]]\nname = \"tokio\"\nversion = \"1.0.0\"\n",
    );
    let (code, output) = copy.xtask(&["layers"]);
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("treering-level -> arc-swap -> tokio brings in an async runtime"), "{output}");
    assert!(
        output.contains("treering-persist -> treering-level -> arc-swap -> tokio brings in an async runtime"),
        "{output}"
    );
}

#[test]
fn layers_fails_on_an_unknown_member() {
    let copy = Project::of_this_workspace();
    let manifest = "[package]\nname = \"treering-new\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    copy.write("crates/new/Cargo.toml", manifest);
    copy.write("crates/new/src/lib.rs", "");
    let (code, output) = copy.xtask(&["layers"]);
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("crates/new/Cargo.toml: `treering-new` is in no row"), "{output}");
}

#[test]
fn layers_without_a_lock_file_cannot_finish() {
    let copy = Project::of_this_workspace();
    copy.remove("Cargo.lock");
    let (code, output) = copy.xtask(&["layers"]);
    assert_eq!(code, 3, "{output}");
    assert!(output.contains("error: Cargo.lock cannot be read"), "{output}");
}

#[test]
fn tidy_names_file_line_and_rule_of_what_was_planted() {
    let copy = Project::of_this_workspace();
    copy.write("crates/wal/src/frame.rs", "//! Frames.\n\nfn f() {\n    todo!()\n}\n");
    let (code, output) = copy.xtask(&["tidy"]);
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("crates/wal/src/frame.rs:4: marker: "), "{output}");
}

#[test]
fn proptest_hands_the_cases_over_and_runs_properties_only() {
    let tests = "mod props {
        #[test] fn a() { assert_eq!(std::env::var(\"PROPTEST_CASES\").unwrap(), \"77\") }
    }
    #[test] fn prop_b() {}
    #[test] fn other() { panic!() }";
    let (code, output) = Project::of_one_package(tests).xtask(&["proptest", "--cases", "77"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("$ PROPTEST_CASES=77 cargo test --workspace"), "{output}");
    assert!(output.contains("2 tests passed, each property with 77 cases"), "{output}");
}

#[test]
fn proptest_fails_where_a_property_fails_and_where_there_is_none() {
    let (code, output) = Project::of_one_package("#[test] fn prop_a() { panic!() }").xtask(&["proptest"]);
    assert_eq!(code, 1, "{output}");
    let (code, output) = Project::of_one_package("#[test] fn other() {}").xtask(&["proptest"]);
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("nothing was tried"), "{output}");
}

#[test]
fn a_workspace_is_needed() {
    let outside = tempfile::tempdir().unwrap();
    let (code, output) = xtask_in(outside.path(), &["tidy"]);
    assert_eq!(code, 3, "{output}");
    assert!(output.contains("no workspace manifest"), "{output}");
}

#[test]
fn every_task_has_help_with_an_example() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for task in ["layers", "tidy", "proptest", "ci"] {
        let (code, output) = xtask_in(here, &[task, "--help"]);
        assert_eq!(code, 0, "{output}");
        assert!(output.contains(&format!("Example:\n  cargo xtask {task}")), "{output}");
    }
    assert_eq!(xtask_in(here, &["no-such-task"]).0, 2);
    assert_eq!(xtask_in(here, &["proptest", "--cases", "0"]).0, 2);
}
