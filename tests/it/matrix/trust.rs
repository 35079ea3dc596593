//! What the checks of this folder are worth: they must see what they are there to see.

use treering_tests::{
    Mismatch, Oracle, PowerCut, ROOT, Recovered, Safety, SimDisk, Workload, check_clean_stop, held,
};

use super::moments::run_until;
use super::{policy, recover_and_go_on};

#[test]
fn the_same_run_gives_the_same_operations_each_time() {
    for name in ["always", "interval", "never"] {
        let trace = || {
            let disk = SimDisk::new();
            Workload::canonical(policy(name)).run(&disk, &mut Oracle::new()).unwrap();
            disk.take_trace()
        };
        assert_eq!(trace(), trace(), "{name}");
    }
}

#[test]
fn the_canonical_run_is_what_it_is_said_to_be() {
    let disk = SimDisk::new();
    let mut oracle = Oracle::new();
    Workload::canonical(policy("always")).run(&disk, &mut oracle).unwrap();
    let trace = disk.take_trace();
    assert!(disk.operations() > 150 && oracle.count(Safety::Written) > 300, "the run has become too short");
    let count = |start: &str, end: &str| {
        trace.iter().filter(|line| line.starts_with(start) && line.contains(end)).count()
    };
    assert!(count("unlink", ".bin") >= 3, "retention deletes files");
    assert!(
        count("rename", ".bin.tmp") >= 4 * 4,
        "three checkpoints and a clean stop for most hosts, late files"
    );
    assert!(count("open", ".bin") > 0, "late samples are merged into older files");
    assert_eq!(count("create", "current.wal"), count("unlink", "sealed."), "each segment comes and goes");
}

#[test]
fn a_lost_log_is_seen() {
    let workload = Workload::canonical(policy("always"));
    let (disk, mut oracle) = run_until(&workload, 50).unwrap().unwrap();
    let next = disk.crash();
    next.remove(format!("{ROOT}/alpha/n1/current.wal")).unwrap();
    let mismatch = recover_and_go_on(&workload, &next, &mut oracle, Safety::Written).unwrap_err();
    assert!(mismatch.to_string().contains("lost"), "{mismatch}");
}

#[test]
fn a_changed_value_is_seen() {
    let workload = Workload::canonical(policy("never"));
    let disk = SimDisk::new();
    let mut oracle = Oracle::new();
    workload.run(&disk, &mut oracle).unwrap();
    let (next, mut other) = (disk.power_cut(PowerCut::Nothing), oracle.clone());
    let name = &workload.series[0];
    let time_s = *oracle.times(name).last().unwrap();
    other.begin_batch();
    other.attempt(name, 60, time_s, -1.0);
    other.acknowledge(&name.cluster, &name.host, Safety::Durable);
    let store = |disk: &SimDisk| {
        let formats: Vec<Box<dyn treering_snapshot::Format>> = vec![Box::new(treering_format_bin::BinFormat)];
        treering_persist::Store::open(std::sync::Arc::new(disk.clone()), workload.options(), formats)
            .unwrap()
            .0
    };
    let held = held(&store(&next));
    let found = |_: &_| Recovered::Whole(Safety::Durable);
    oracle.recovered(&held, Safety::Durable, found).unwrap();
    let mismatch: Mismatch = other.recovered(&held, Safety::Durable, found).unwrap_err();
    assert!(mismatch.to_string().contains("although -1.0"), "{mismatch}");
}

#[test]
fn leftovers_and_disorder_are_seen_after_a_clean_stop() {
    let clean = || {
        let disk = SimDisk::new();
        Workload::canonical(policy("always")).run(&disk, &mut Oracle::new()).unwrap();
        disk.crash()
    };
    check_clean_stop(&clean(), ROOT).unwrap();
    for name in ["current.wal", "sealed.3.wal", "9.bin.tmp", "quarantine/x"] {
        let disk = clean();
        disk.write_file(format!("{ROOT}/alpha/n1/{name}"), b"").unwrap();
        assert!(check_clean_stop(&disk, ROOT).is_err(), "{name}");
    }
    let disk = clean();
    let mut files: Vec<_> =
        disk.tree().into_keys().filter(|path| path.starts_with(format!("{ROOT}/alpha/n2"))).skip(1).collect();
    let (newest, oldest) = (files.pop().unwrap(), files.swap_remove(0));
    let (a, b) = (disk.read(&newest).unwrap(), disk.read(&oldest).unwrap());
    disk.write_file(&newest, b).unwrap();
    disk.write_file(&oldest, a).unwrap();
    assert!(check_clean_stop(&disk, ROOT).is_err(), "two files changed places");
}
