//! Names where samples enter, and names from files.

use treering_level::{
    Bounds, Counts, HostError, Limits, MetricError, MetricTable, NameError, NameKind, ResolveError, Sample,
    Tree,
};

use crate::setup::{T0, Told, ask, host, metric, points, restore, taking_tree};

const SUM: treering_level::Metric = metric(60, treering_level::Aggregation::Sum);

fn name_of_host_error(result: Result<impl Sized, HostError>) -> Option<NameError> {
    match result {
        Ok(_) => None,
        Err(HostError::Name(error)) => Some(error),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn rows_14_and_20_every_name_is_judged_by_what_it_is_for_and_leaves_no_trace_if_refused() {
    let mut names: Vec<String> = (0..=127_u8).map(|byte| char::from(byte).to_string()).collect();
    names.extend(["", ".", "..", "a/../b", "a\0b", "\u{85}", "\u{e4}", "current.wal"].map(str::to_owned));
    names.extend([255, 256, 65_535, 65_536].map(|bytes| "n".repeat(bytes)));
    for name in names {
        let tree = taking_tree();
        let as_cluster = name_of_host_error(tree.host_or_insert_with(&name, "h", Told::default));
        assert_eq!(as_cluster, NameKind::Cluster.check(&name).err());
        let as_host = name_of_host_error(tree.host_or_insert_with("c", &name, Told::default));
        assert_eq!(as_host, NameKind::Host.check(&name).err());
        let hosts = u64::from(as_cluster.is_none()) + u64::from(as_host.is_none());
        assert_eq!(tree.counts(), Counts { hosts, ..Counts::default() }, "{:?}", &name[..name.len().min(20)]);

        let tree = taking_tree();
        let host = host(&tree);
        let as_metric = host.lock().resolve(&["a"], &name).err();
        assert_eq!(as_metric, NameKind::Metric.check(&name).err().map(ResolveError::Name));
        let made = u64::from(as_metric.is_none());
        assert_eq!(tree.counts(), Counts { hosts: 1, levels: made, series: made, samples: 0 });

        let tree = taking_tree();
        let host = crate::setup::host(&tree);
        let as_level = host.lock().resolve(&["a", &name, "b"], "m").err();
        assert_eq!(as_level, NameKind::Level.check(&name).err().map(ResolveError::Name));
        let made = u64::from(as_level.is_none());
        assert_eq!(tree.counts(), Counts { hosts: 1, levels: 3 * made, series: made, samples: 0 });
    }
}

#[test]
fn a_reserved_name_is_refused_as_a_metric_in_every_way() {
    let mut table = MetricTable::taking_unknown(SUM);
    table.reserve("own");
    let tree: Tree<Told> = Tree::new(table, Limits::default());
    let host = host(&tree);
    let refused = host.lock().resolve(&[], "own").unwrap_err();
    assert!(matches!(refused, ResolveError::Name(NameError::Reserved { .. })), "{refused}");
    assert_eq!(refused.to_string(), "metric name \"own\" is reserved, any other is allowed");
    let refused = tree.add_metric("own", SUM).unwrap_err();
    assert!(matches!(refused, MetricError::Name(NameError::Reserved { .. })), "{refused}");
    // A file may hold it all the same.
    let series = restore(&host, &[], "own", T0, 60, &[1.0]);
    let outcome = host.lock().write(&[Sample { series, time_s: T0 + 60, value: 2.0 }], Bounds::NONE);
    assert_eq!((outcome.stored, outcome.refused.name), (0, 1));
    assert!(host.lock().resolve(&["own"], "m").is_ok(), "only metrics are reserved");
}

#[test]
fn names_from_files_are_taken_as_they_are_but_take_no_new_samples() {
    let tree = taking_tree();
    let host = host(&tree);
    let long = "l".repeat(300);
    for (level, name) in [("a\nb", "m"), ("a", "m\0"), (&*long, "m"), ("", "m"), ("a", "")] {
        let series = restore(&host, &[level], name, T0, 60, &[1.0]);
        assert_eq!(points(&ask(&tree, &["c", "h", level], name, (T0, T0 + 60)).unwrap()), [(T0, 1.0)]);
        assert!(matches!(host.lock().resolve(&[level], name), Err(ResolveError::Name(_))));
        let sample = Sample { series, time_s: T0 + 60, value: 2.0 };
        let outcome = host.lock().write(&[sample], Bounds::NONE);
        assert_eq!((outcome.stored, outcome.refused.name), (0, 1));
        assert_eq!(host.lock().find(&[level], name), Some(series), "it can still be found");
    }
    assert_eq!(host.lock().journal().0, []);
    assert_eq!(host.lock().samples(), 5);
}

#[test]
fn the_directories_of_a_store_are_checked_like_any_host() {
    let tree = taking_tree();
    for (cluster, host) in [("c", "a\u{7f}"), ("..", "h"), ("c", "")] {
        assert!(matches!(
            tree.host_or_insert_with(cluster, host, || panic!("made")),
            Err(HostError::Name(_))
        ));
    }
    assert!(tree.hosts().is_empty());
}
