//! Programs that cargo builds, found by their source.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cargo_metadata::{Artifact, Message};

use crate::call::{Call, CallError};
use crate::workspace::Workspace;

/// By the file with their `main`, from the workspace's root on: `tests/it/main.rs`.
pub(crate) type Programs = BTreeMap<String, PathBuf>;

/// Calls cargo, which has to build something and to run nothing. None if that fails; cargo has said why.
pub(crate) fn programs(workspace: &Workspace, arguments: &str) -> Result<Option<Programs>, CallError> {
    let call = Call::cargo(workspace, &format!("{arguments} --message-format=json-render-diagnostics"));
    let mut programs = Programs::new();
    let built = call.run_reading(|line| programs.extend(program(workspace, line)))?;
    Ok(built.then_some(programs))
}

/// The program that a line of cargo's output names.
fn program(workspace: &Workspace, line: &str) -> Option<(String, PathBuf)> {
    let message = Message::parse_stream(line.as_bytes()).next()?.ok()?;
    let Message::CompilerArtifact(Artifact { target, executable, .. }) = message else { return None };
    Some((workspace.relative(target.src_path.as_std_path()), executable?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_its_source_and_what_is_none_is_left_out() {
        let workspace = Workspace::of_this_source();
        let line = |executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","package_id":"p","manifest_path":"/Cargo.toml","target":{{"kind":
                ["test"],"crate_types":["bin"],"name":"it","src_path":"{}","edition":"2024","doc":false,"doctest":
                false,"test":true}},"profile":{{"opt_level":"1","debuginfo":0,"debug_assertions":true,
                "overflow_checks":true,"test":true}},"features":[],"filenames":["/t/x"],"executable":{executable},
                "fresh":true}}"#,
                workspace.root().join("tests/it/main.rs").display()
            )
            .replace('\n', "")
        };
        let found = Some(("tests/it/main.rs".to_owned(), PathBuf::from("/t/x")));
        assert_eq!(program(&workspace, &line(r#""/t/x""#)), found);
        assert_eq!(program(&workspace, &line("null")), None);
        assert_eq!(program(&workspace, r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(program(&workspace, "what a build script prints"), None);
    }
}
