//! The graph that is checked: members with their declared edges, and the locked outside world.

use std::fmt;
use std::fs;

use cargo_metadata::{DependencyKind, MetadataCommand};

use super::LayersError;
use super::lock::Lock;
use crate::workspace::Workspace;

/// The packages of the workspace and what they depend on.
#[derive(Debug, Clone, Default)]
pub(super) struct Graph {
    pub(super) members: Vec<Member>,
    pub(super) lock: Lock,
}

/// A package of the workspace.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: String,
    /// The path of its manifest, from the workspace's root on.
    pub(super) manifest: String,
    pub(super) edges: Vec<Edge>,
}

/// A dependency as its manifest declares it, for any target and behind any feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edge {
    /// The package's own name, also where the manifest renames it.
    pub(super) to: String,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Build,
    Dev,
}

impl Graph {
    /// Asks cargo for the manifests and reads the lock file.
    pub(super) fn read(workspace: &Workspace) -> Result<Self, LayersError> {
        // Without the resolved graph: that one needs the sources of every target's dependencies.
        let metadata = MetadataCommand::new()
            .current_dir(workspace.root())
            .no_deps()
            .exec()
            .map_err(|error| LayersError::Metadata(Box::new(error)))?;
        let text = fs::read_to_string(workspace.root().join("Cargo.lock")).map_err(LayersError::Lock)?;
        let mut members: Vec<_> = metadata
            .workspace_packages()
            .into_iter()
            .map(|package| Member {
                name: package.name.to_string(),
                manifest: workspace.relative(package.manifest_path.as_std_path()),
                edges: package.dependencies.iter().map(Edge::from).collect(),
            })
            .collect();
        members.sort_by(|a, b| a.manifest.cmp(&b.manifest));
        Ok(Self { members, lock: Lock::parse(&text)? })
    }

    pub(super) fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

impl From<&cargo_metadata::Dependency> for Edge {
    fn from(dependency: &cargo_metadata::Dependency) -> Self {
        let kind = match dependency.kind {
            DependencyKind::Development => Kind::Dev,
            DependencyKind::Build => Kind::Build,
            // What cargo may add one day is held to the strictest rule.
            _ => Kind::Normal,
        };
        Self { to: dependency.name.clone(), kind }
    }
}

/// The manifest's section.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Normal => "dependencies",
            Self::Build => "build-dependencies",
            Self::Dev => "dev-dependencies",
        })
    }
}
