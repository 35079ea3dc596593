//! The examples that are run, not only built: those of the crate that a library user starts with.

use std::path::PathBuf;

use cargo_metadata::{Artifact, Message};

use crate::call::{Call, CallError};
use crate::workspace::Workspace;

/// Where these examples lie, from the workspace's root on.
const FOLDER: &str = "crates/persist/examples/";

/// Why the examples cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ExamplesError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("{FOLDER} holds no example: the library's example belongs there")]
    None,
}

/// Runs them; true if all succeeded.
pub(crate) fn run(workspace: &Workspace) -> Result<bool, ExamplesError> {
    // For the whole workspace, as the tests are built: for one package features differ, and cargo would
    // build half of the dependencies again.
    let build = "build --workspace --examples --locked --message-format=json-render-diagnostics";
    let mut programs = Vec::new();
    if !Call::cargo(workspace, build).run_reading(|line| programs.extend(program(workspace, line)))? {
        return Ok(false);
    }
    if programs.is_empty() {
        return Err(ExamplesError::None);
    }
    programs.sort();
    for program in &programs {
        if !Call::program(workspace, program).run()? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The example's program, if a line of cargo's output names one.
fn program(workspace: &Workspace, line: &str) -> Option<PathBuf> {
    let message = Message::parse_stream(line.as_bytes()).next()?.ok()?;
    let Message::CompilerArtifact(Artifact { target, executable, .. }) = message else { return None };
    let source = workspace.relative(target.src_path.as_std_path());
    let is_ours = target.is_example() && source.starts_with(FOLDER);
    executable.filter(|_| is_ours).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(workspace: &Workspace, kind: &str, source: &str) -> String {
        let source = workspace.root().join(source);
        format!(
            r#"{{"reason":"compiler-artifact","package_id":"p","manifest_path":"/Cargo.toml","target":{{"kind":
            ["{kind}"],"crate_types":["bin"],"name":"x","src_path":"{}","edition":"2024","doc":false,"doctest":false,
            "test":false}},"profile":{{"opt_level":"1","debuginfo":0,"debug_assertions":true,"overflow_checks":true,
            "test":false}},"features":[],"filenames":["/t/x"],"executable":"/t/x","fresh":true}}"#,
            source.display()
        )
        .replace('\n', "")
    }

    #[test]
    fn only_the_programs_of_the_library_s_examples_are_run() {
        let workspace = Workspace::of_this_source();
        let of = |kind: &str, source: &str| program(&workspace, &artifact(&workspace, kind, source));
        assert_eq!(of("example", "crates/persist/examples/x.rs"), Some(PathBuf::from("/t/x")));
        assert_eq!(of("example", "crates/wal/examples/x.rs"), None);
        assert_eq!(of("bin", "crates/persist/examples/x.rs"), None);
        assert_eq!(program(&workspace, r#"{"reason":"build-finished","success":true}"#), None);
    }
}
