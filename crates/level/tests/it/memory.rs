//! What things cost, and that the tree says so truly.

use treering_level::{Aggregation, Bounds, Limits, MetricTable, Sample, Tree};

use crate::setup::{T0, metric};

/// A node as the benchmarks have it: 20 metrics on the host, 4 on each of 2 sockets, 6 on each of 72 cores.
fn add_node(tree: &Tree<()>, name: &str, slots: i64) {
    let host = tree.host_or_insert_with("fritz", name, || ()).unwrap();
    let mut guard = host.lock();
    let mut batch = Vec::with_capacity(460);
    let mut add = |path: &[&str], metrics: usize| {
        for number in 0..metrics {
            let series = guard.resolve(path, &format!("metric_{number}")).unwrap();
            batch.push(Sample { series, time_s: T0, value: 1.0 });
        }
    };
    add(&[], 20);
    for socket in 0..2 {
        add(&[&format!("socket{socket}")], 4);
    }
    for core in 0..72 {
        add(&[&format!("core{core}")], 6);
    }
    for slot in 0..slots {
        batch.iter_mut().for_each(|sample| sample.time_s = T0 + 60 * slot);
        assert_eq!(guard.write(&batch, Bounds::NONE).stored, 460);
    }
}

fn empty_tree() -> Tree<()> {
    let table = MetricTable::taking_unknown(metric(60, Aggregation::Avg));
    Tree::new(table, Limits::default())
}

fn held_bytes(run: impl FnOnce()) -> usize {
    usize::try_from(allocation_counter::measure(run).bytes_current).unwrap()
}

#[test]
fn a_node_of_460_series_costs_little_more_than_its_rings() {
    let tree = empty_tree();
    add_node(&tree, "first", 0);
    let before = tree.memory_bytes();
    let held = held_bytes(|| add_node(&tree, "second", 0));
    let said = tree.memory_bytes() - before;
    let rings = 460 * size_of::<treering_level::Ring>();
    println!("a node with 460 empty series: {held} bytes, of which rings {rings}; said {said}");
    // What a series has beside its ring takes a cache line, too.
    assert!(held < rings + 460 * 100, "{held}");
    assert!(held.abs_diff(said) <= 512, "held {held}, said {said}");
}

#[test]
fn what_the_tree_says_it_takes_is_what_it_holds() {
    for slots in [1, 100, 720] {
        let mut made = None;
        let held = held_bytes(|| {
            let tree = empty_tree();
            for node in 0..4 {
                add_node(&tree, &format!("f{node:04}"), slots);
            }
            made = Some(tree);
        });
        let tree = made.unwrap();
        let said = tree.memory_bytes();
        let samples = tree.counts().samples;
        println!(
            "{slots} slots: held {held}, said {said}, {:.3} bytes a sample",
            held as f64 / samples as f64
        );
        assert!(held.abs_diff(said) * 100 <= held, "held {held}, said {said}");
        // 4 bytes are the value itself.
        assert!(slots < 720 || held as f64 / (samples as f64) < 4.6, "{held}");
    }
}

#[test]
fn what_is_freed_goes_back_to_the_allocator() {
    let tree = empty_tree();
    add_node(&tree, "f0", 0);
    let host = tree.host("fritz", "f0").unwrap();
    host.lock().free_before(T0);
    drop(host);
    let before = tree.memory_bytes();
    let left = held_bytes(|| {
        add_node(&tree, "f0", 100);
        let host = tree.host("fritz", "f0").unwrap();
        let freed = host.lock().free_before(T0 + 60 * 100);
        assert_eq!((freed.samples, freed.series, freed.levels), (46_000, 460, 74));
    });
    // The numbers of the series are not used again: 4 bytes each.
    assert!(left <= 4 * 460 * 9 / 8 + 64, "{left} bytes are left");
    assert!(tree.memory_bytes() - before <= left, "{} said", tree.memory_bytes() - before);
}

#[test]
fn long_paths_cost_a_small_multiple_of_the_names_that_made_them() {
    let tree = empty_tree();
    let host = tree.host_or_insert_with("c", "h", || ()).unwrap();
    let names: Vec<String> = (0..64).map(|level| format!("{level:03}").repeat(85)).collect();
    let mut path: Vec<&str> = names.iter().map(String::as_str).collect();
    let deep = held_bytes(|| {
        host.lock().resolve(&path, "m").unwrap();
    });
    assert!(deep < 3 * 64 * 255, "{deep} bytes");
    // What others have in common with it is not held again.
    let leaves: Vec<String> = (0..1000).map(|leaf| format!("leaf{leaf}")).collect();
    let wide = held_bytes(|| {
        for leaf in &leaves {
            path[63] = leaf;
            host.lock().resolve(&path, "m").unwrap();
        }
    });
    assert!(wide < 1000 * 1800, "{wide} bytes");
    println!(
        "one path of 64 long names: {deep} bytes; each of 1000 leaves below 63 of them: {}",
        wide / 1000
    );
}
