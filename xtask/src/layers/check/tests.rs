//! Planted edges: what the table forbids is found, what it allows is not.

use super::super::lock::Lock;
use super::*;

/// The table once more, by hand: the package, its edges, and what its tests may take besides.
const EXPECTED: [(&str, &[&str], &[&str]); 8] = [
    ("treering-buffer", &[], &[]),
    ("treering-level", &["treering-buffer"], &[]),
    ("treering-snapshot", &[], &["treering-snapshot"]),
    ("treering-format-json", &["treering-snapshot"], &[]),
    ("treering-format-bin", &["treering-snapshot"], &[]),
    ("treering-wal", &[], &[]),
    (
        "treering-persist",
        &["treering-buffer", "treering-level", "treering-snapshot", "treering-wal"],
        &["treering-format-json", "treering-format-bin"],
    ),
    (
        "treering",
        &[
            "treering-buffer",
            "treering-level",
            "treering-snapshot",
            "treering-format-json",
            "treering-format-bin",
            "treering-wal",
            "treering-persist",
        ],
        &[],
    ),
];
const UNBOUND: [&str; 4] = ["treering-bench", "treering-tests", "treering-schedules", "xtask"];

fn manifest(name: &str) -> String {
    format!("crates/{}/Cargo.toml", name.trim_start_matches("treering-"))
}

/// Every package of the table, with no edges.
fn bare() -> Graph {
    let names = EXPECTED.iter().map(|(name, ..)| *name).chain(UNBOUND);
    let member = |name: &str| Member { name: name.to_owned(), manifest: manifest(name), edges: Vec::new() };
    Graph { members: names.map(member).collect(), lock: Lock::default() }
}

fn with_edge(from: &str, to: &str, kind: Kind) -> Graph {
    let mut graph = bare();
    plant(&mut graph, from, to, kind);
    graph
}

fn plant(graph: &mut Graph, from: &str, to: &str, kind: Kind) {
    let member = graph.members.iter_mut().find(|member| member.name == from).unwrap();
    member.edges.push(Edge { to: to.to_owned(), kind });
}

/// A lock file with these packages, each with what it needs.
fn lock(packages: &[(&str, &[&str])]) -> Lock {
    let mut text = String::from("version = 4\n");
    for (name, needs) in packages {
        text.push_str(&format!("\n[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n"));
        text.push_str("dependencies = [\n");
        needs.iter().for_each(|need| text.push_str(&format!(" \"{need}\",\n")));
        text.push_str("]\n");
    }
    Lock::parse(&text).unwrap()
}

fn texts(graph: &Graph) -> Vec<String> {
    check(graph).iter().map(Violation::to_string).collect()
}

#[test]
fn the_packages_alone_are_fine() {
    assert_eq!(check(&bare()), []);
}

#[test]
fn every_edge_of_the_table_is_allowed_and_every_other_is_found() {
    let names: Vec<&str> = EXPECTED.iter().map(|(name, ..)| *name).chain(UNBOUND).collect();
    let mut found = 0;
    for (from, edges, dev_edges) in EXPECTED {
        for &to in names.iter().filter(|&&to| to != from) {
            for kind in [Kind::Normal, Kind::Build, Kind::Dev] {
                let allowed = edges.contains(&to) || (kind == Kind::Dev && dev_edges.contains(&to));
                let violations = check(&with_edge(from, to, kind));
                if allowed {
                    assert_eq!(violations, [], "{from} -> {to} {kind}");
                    continue;
                }
                let what = What::Edge { from: from.to_owned(), to: to.to_owned(), kind };
                assert_eq!(violations.len(), 1, "{from} -> {to} {kind}: {violations:?}");
                assert_eq!((&violations[0].what, &violations[0].manifest), (&what, &manifest(from)));
                assert!(!violations[0].instead.is_empty());
                found += 1;
            }
        }
    }
    // 8 rows with 11 others each, in 3 kinds, without the 14 edges in 3 kinds and the 2 of tests.
    assert_eq!(found, 8 * 11 * 3 - 14 * 3 - 2);
}

#[test]
fn tests_and_xtask_may_depend_on_anything() {
    for from in UNBOUND {
        for (to, ..) in EXPECTED {
            assert_eq!(check(&with_edge(from, to, Kind::Normal)), []);
        }
    }
}

#[test]
fn a_finding_says_the_edge_the_manifest_and_what_to_do() {
    assert_eq!(
        texts(&with_edge("treering-buffer", "treering-level", Kind::Build)),
        [
            "crates/buffer/Cargo.toml: treering-buffer -> treering-level in [build-dependencies] is no edge of the \
          table\n  instead: it is one series and knows no locks, clock, files or names: let the caller hand it values"
        ]
    );
    let [up] = &texts(&with_edge("treering-persist", "treering", Kind::Dev))[..] else {
        panic!("one finding")
    };
    assert!(up.contains("no crate depends on `treering`"), "{up}");
}

#[test]
fn a_package_without_a_row_is_found() {
    let mut graph = bare();
    let (name, manifest) = ("treering-new".to_owned(), "crates/new/Cargo.toml".to_owned());
    graph.members.push(Member { name: name.clone(), manifest: manifest.clone(), edges: Vec::new() });
    let violations = check(&graph);
    assert_eq!(violations.len(), 1);
    assert_eq!((&violations[0].what, &violations[0].manifest), (&What::UnknownMember { name }, &manifest));
    // An edge to it is none of the table either.
    plant(&mut graph, "treering-level", "treering-new", Kind::Normal);
    assert_eq!(check(&graph).len(), 2);
}

#[test]
fn an_edge_to_a_crate_of_the_table_that_is_no_member_yet_is_found() {
    let mut graph = with_edge("treering-persist", "treering-format-json", Kind::Normal);
    graph.members.retain(|member| member.name != "treering-format-json");
    graph.lock = lock(&[("treering-format-json", &[])]);
    assert_eq!(check(&graph).len(), 1);
}

#[test]
fn below_persist_nothing_of_each_denied_kind_comes_in() {
    let below =
        ["treering-buffer", "treering-level", "treering-snapshot", "treering-format-bin", "treering-wal"];
    let denied = [
        "tokio",
        "async-std",
        "smol",
        "futures-executor",
        "rayon",
        "crossbeam-channel",
        "flume",
        "threadpool",
        "clap",
        "serde_json",
        "rustix",
    ];
    for from in below {
        for to in denied {
            let mut graph = with_edge(from, to, Kind::Normal);
            graph.lock = lock(&[(to, &[])]);
            let violations = check(&graph);
            let [Violation { what: What::Denied { way, .. }, .. }] = &violations[..] else {
                panic!("{from} -> {to}: {violations:?}");
            };
            assert_eq!(way, &[from, to]);
            // Cargo may not have locked it yet.
            graph.lock = Lock::default();
            assert_eq!(check(&graph), violations);
        }
    }
}

#[test]
fn json_may_read_text_and_no_other_below_persist() {
    for to in ["serde_json", "simd-json"] {
        let mut graph = with_edge("treering-format-json", to, Kind::Normal);
        graph.lock = lock(&[(to, &[])]);
        assert_eq!(check(&graph), []);
    }
    let mut graph = with_edge("treering-format-json", "tokio", Kind::Normal);
    graph.lock = lock(&[("tokio", &[])]);
    assert_eq!(check(&graph).len(), 1);
}

#[test]
fn persist_may_have_threads_and_files_but_no_runtime_command_line_or_text_format() {
    for to in ["crossbeam-channel", "rustix", "procfs"] {
        let mut graph = with_edge("treering-persist", to, Kind::Normal);
        graph.lock = lock(&[(to, &[])]);
        assert_eq!(check(&graph), [], "{to}");
    }
    for to in ["tokio", "smol", "clap", "indicatif", "serde_json", "simd-json"] {
        let mut graph = with_edge("treering-persist", to, Kind::Normal);
        graph.lock = lock(&[(to, &[])]);
        assert_eq!(check(&graph).len(), 1, "{to}");
    }
}

#[test]
fn what_comes_in_with_something_else_is_found_with_its_way() {
    let mut graph = with_edge("treering-wal", "harmless", Kind::Build);
    graph.lock = lock(&[("harmless", &["between"]), ("between", &["tokio"]), ("tokio", &["mio"])]);
    let [text] = &texts(&graph)[..] else { panic!("one finding") };
    assert!(
        text.starts_with(
            "crates/wal/Cargo.toml: treering-wal -> harmless -> between -> tokio brings in an async runtime"
        ),
        "{text}"
    );
}

#[test]
fn what_comes_in_with_another_member_is_found() {
    let mut graph = with_edge("treering-level", "treering-buffer", Kind::Normal);
    plant(&mut graph, "treering-buffer", "harmless", Kind::Normal);
    graph.lock = lock(&[("harmless", &["rayon"]), ("rayon", &[])]);
    let ways: Vec<_> = check(&graph)
        .into_iter()
        .map(|violation| match violation.what {
            What::Denied { way, .. } => way.join(" "),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ways, ["treering-buffer harmless rayon", "treering-level treering-buffer harmless rayon"]);
}

#[test]
fn dev_dependencies_bring_nothing_in() {
    let mut graph = with_edge("treering-buffer", "proptest", Kind::Dev);
    plant(&mut graph, "treering-level", "treering-buffer", Kind::Normal);
    // The lock file of a member does not tell dev-dependencies from others.
    graph.lock = lock(&[("treering-buffer", &["proptest"]), ("proptest", &["rayon"]), ("rayon", &[])]);
    assert_eq!(check(&graph), []);
}

#[test]
fn a_stale_lock_is_found_and_not_taken_for_an_empty_one() {
    let [text] = &texts(&with_edge("treering-buffer", "harmless", Kind::Normal))[..] else {
        panic!("one finding")
    };
    assert!(text.contains("treering-buffer -> harmless: Cargo.lock does not hold the last one"), "{text}");
}

#[test]
fn the_locked_version_is_the_one_that_is_followed() {
    let mut graph = with_edge("treering-buffer", "two", Kind::Normal);
    let text = |version: &str| {
        format!(
            "version = 4\n\n[[package]]\nname = \"treering-buffer\"\nversion = \"0.1.0\"\ndependencies = [\n \"two \
             {version}\",\n]\n\n[[package]]\nname = \"two\"\nversion = \"1.0.0\"\ndependencies = [\n \"tokio\",\n]\n\n\
             [[package]]\nname = \"two\"\nversion = \"2.0.0\"\n\n[[package]]\nname = \"tokio\"\nversion = \"1.0.0\"\n"
        )
    };
    graph.lock = Lock::parse(&text("2.0.0")).unwrap();
    assert_eq!(check(&graph), []);
    graph.lock = Lock::parse(&text("1.0.0")).unwrap();
    assert_eq!(check(&graph).len(), 1);
}
