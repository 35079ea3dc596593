//! The edges between the crates, held against the table of crates.
//!
//! The workspace's own edges come from the manifests (each dependency that is declared, for any target
//! and behind any feature). What outside crates pull in comes from `Cargo.lock`, which lists it for all
//! targets and for the union of the features in use; so a crate can only be blamed for too much.
//! Neither needs the network or the sources of a dependency.

mod check;
mod graph;
mod lock;
mod table;

use std::io;

use crate::say;
use crate::workspace::Workspace;

use self::check::check;
use self::graph::Graph;
use self::lock::LockError;

/// Why the edges cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LayersError {
    #[error("`cargo metadata` failed")]
    Metadata(#[source] Box<cargo_metadata::Error>),
    #[error("Cargo.lock cannot be read: `cargo generate-lockfile` writes it")]
    Lock(#[source] io::Error),
    #[error("Cargo.lock is not understood")]
    LockText(#[from] LockError),
}

/// Checks the workspace and prints what is wrong; true if nothing is.
pub(crate) fn run(workspace: &Workspace) -> Result<bool, LayersError> {
    say::line(&"$ cargo metadata --no-deps --format-version 1");
    let graph = Graph::read(workspace)?;
    let violations = check(&graph);
    for violation in &violations {
        say::line(violation);
    }
    if violations.is_empty() {
        let edges: usize = graph.members.iter().map(|member| member.edges.len()).sum();
        say::line(&format_args!("layers: {} packages, {edges} edges, all allowed", graph.members.len()));
    } else {
        say::line(&format_args!("layers: {} findings", violations.len()));
    }
    Ok(violations.is_empty())
}

#[cfg(test)]
mod tests {
    use super::check::Violation;
    use super::*;

    #[test]
    fn this_workspace_keeps_its_layers() {
        let graph = Graph::read(&Workspace::of_this_source()).unwrap();
        assert!(graph.members.len() >= 9, "members: {}", graph.members.len());
        let violations: Vec<_> = check(&graph).iter().map(Violation::to_string).collect();
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    }
}
