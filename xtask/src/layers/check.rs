//! The check itself: a pure function from a graph to what is wrong with it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use super::graph::{Edge, Graph, Kind, Member};
use super::lock::Package;
use super::table::{Edges, Group, Row, row};

const OUTERMOST: [&str; 5] = ["treering", "treering-bench", "treering-tests", "treering-schedules", "xtask"];

/// Something that the table does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) manifest: String,
    pub(super) what: What,
    pub(super) instead: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A package of the workspace that has no row in the table.
    UnknownMember { name: String },
    /// An edge inside the workspace that is not in the table.
    Edge { from: String, to: String, kind: Kind },
    /// A way to an outside crate that may not come in: first the member, last that crate.
    Denied { way: Vec<String>, group: Group },
    /// A dependency that the lock file does not hold, so nobody knows what comes in with it.
    NotLocked { way: Vec<String> },
}

/// Holds the graph against the table.
pub(super) fn check(graph: &Graph) -> Vec<Violation> {
    graph.members.iter().flat_map(|member| check_member(graph, member)).collect()
}

fn check_member(graph: &Graph, member: &Member) -> Vec<Violation> {
    let Some(row) = row(&member.name) else {
        let what = What::UnknownMember { name: member.name.clone() };
        let instead = "give it a row in xtask/src/layers/table.rs and in the table of docs/architecture.md";
        return vec![Violation { manifest: member.manifest.clone(), what, instead: instead.to_owned() }];
    };
    let inside = member.edges.iter().filter_map(|edge| check_edge(graph, member, row, edge));
    inside.chain(check_outside(graph, member, row)).collect()
}

/// An edge inside the workspace.
fn check_edge(graph: &Graph, member: &Member, row: &Row, edge: &Edge) -> Option<Violation> {
    let Edges::Only(allowed) = row.edges else { return None };
    // A crate that the table knows is ours, whether or not it is a member yet.
    if graph.member(&edge.to).is_none() && super::table::row(&edge.to).is_none() {
        return None;
    }
    let to = edge.to.as_str();
    if allowed.contains(&to) || (edge.kind == Kind::Dev && row.dev_edges.contains(&to)) {
        return None;
    }
    let instead = if OUTERMOST.contains(&to) {
        format!("no crate depends on `{to}`: move what both need into a library below both")
    } else {
        row.instead.to_owned()
    };
    let what = What::Edge { from: member.name.clone(), to: edge.to.clone(), kind: edge.kind };
    Some(Violation { manifest: member.manifest.clone(), what, instead })
}

/// What comes in from outside, by any way that is not a dev-dependency.
fn check_outside(graph: &Graph, member: &Member, row: &Row) -> Vec<Violation> {
    if row.denied.is_empty() {
        return Vec::new();
    }
    let mut violations = Vec::new();
    let mut came_from: BTreeMap<Package, Package> = BTreeMap::new();
    let start = Package::any_version(&member.name);
    let mut queue = VecDeque::from([start.clone()]);
    while let Some(package) = queue.pop_front() {
        let group = row.denied.iter().find(|group| group.holds(&package.name));
        if let Some(&group) = group {
            let what = What::Denied { way: way(&came_from, &package), group };
            let instead = row.instead.to_owned();
            violations.push(Violation { manifest: member.manifest.clone(), what, instead });
            // What lies behind it comes in with it: one finding is enough.
            continue;
        }
        let Some(needs) = needs(graph, &package) else {
            let what = What::NotLocked { way: way(&came_from, &package) };
            let instead = "let cargo write Cargo.lock (`cargo check`), then check again".to_owned();
            violations.push(Violation { manifest: member.manifest.clone(), what, instead });
            continue;
        };
        for next in needs {
            if next != start && !came_from.contains_key(&next) {
                came_from.insert(next.clone(), package.clone());
                queue.push_back(next);
            }
        }
    }
    violations
}

/// What a package needs outside of its own tests; `None` if nobody knows.
fn needs(graph: &Graph, package: &Package) -> Option<Vec<Package>> {
    let Some(member) = graph.member(&package.name) else {
        let needs = graph.lock.needs(package)?;
        return Some(needs.into_iter().cloned().collect());
    };
    // The lock mixes a member's dev-dependencies in: take from it only the version of what is declared.
    let locked = graph.lock.needs(package).unwrap_or_default();
    let declared = member.edges.iter().filter(|edge| edge.kind != Kind::Dev);
    let mut needs = Vec::new();
    for edge in declared {
        let versions = locked.iter().filter(|locked| locked.name == edge.to);
        let before = needs.len();
        needs.extend(versions.map(|&locked| locked.clone()));
        if needs.len() == before {
            needs.push(Package::any_version(&edge.to));
        }
    }
    Some(needs)
}

fn way(came_from: &BTreeMap<Package, Package>, to: &Package) -> Vec<String> {
    let mut way = vec![to.name.clone()];
    let mut at = to;
    while let Some(before) = came_from.get(at) {
        way.push(before.name.clone());
        at = before;
    }
    way.reverse();
    way
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.manifest)?;
        match &self.what {
            What::UnknownMember { name } => write!(f, "`{name}` is in no row of the table of crates")?,
            What::Edge { from, to, kind } => write!(f, "{from} -> {to} in [{kind}] is no edge of the table")?,
            What::Denied { way, group } => {
                write!(f, "{} brings in {group}, which it may not have", way.join(" -> "))?;
            }
            What::NotLocked { way } => {
                write!(f, "{}: Cargo.lock does not hold the last one", way.join(" -> "))?;
            }
        }
        write!(f, "\n  instead: {}", self.instead)
    }
}

#[cfg(test)]
mod tests;
