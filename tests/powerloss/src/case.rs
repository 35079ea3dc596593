//! The runs that are interrupted, and what the oracle knows at each of their moments.

use std::time::Duration;

use treering_persist::{Storage, SyncPolicy};
use treering_tests::{Oracle, Run, SimDisk, Workload};

use crate::error::Failure;
use crate::mounted_disk::Operation;

/// Names of operations that change something, as the simulated disk writes them.
const CHANGES: [&str; 9] =
    ["append", "create", "make_dir", "rename", "sync", "sync_dir", "sync_file_system", "truncate", "unlink"];
/// Enough that one sync of the file system takes the place of many.
const MANY_HOSTS: usize = 60;

/// A run with a name.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) workload: Workload,
}

/// What a run does on a simulated disk, where it can be stopped before any operation.
pub(crate) struct Script {
    /// Of each operation that changes something: its number among all, and what it is.
    changes: Vec<(u64, String)>,
}

/// A moment of a run: what the oracle knows, and what the wall clock says.
pub(crate) struct Moment {
    pub(crate) oracle: Oracle,
    pub(crate) wall_s: i64,
}

impl Case {
    pub(crate) fn all() -> Vec<Case> {
        let interval = SyncPolicy::Interval(Duration::from_secs(1));
        vec![
            Case { name: "always", workload: Workload::canonical(SyncPolicy::Always) },
            Case { name: "interval", workload: Workload::canonical(interval) },
            Case { name: "never", workload: Workload::canonical(SyncPolicy::Never) },
            Case { name: "unlogged", workload: Workload::canonical(SyncPolicy::Unlogged) },
            Case { name: "many-hosts", workload: Workload::wide(interval, MANY_HOSTS) },
        ]
    }

    /// Runs it on a simulated disk, undisturbed.
    pub(crate) fn script(&self) -> Result<Script, Failure> {
        let disk = SimDisk::new();
        self.workload.run(&disk, &mut Oracle::new()).map_err(Failure::Run)?;
        let changes = (0..).zip(disk.take_trace()).filter_map(|(k, line)| Some((k, change(&line)?)));
        Ok(Script { changes: changes.collect() })
    }

    /// The moment after so many operations that change something, before the next one has done anything.
    pub(crate) fn moment(&self, script: &Script, done: usize) -> Result<Moment, Failure> {
        let disk = SimDisk::new();
        if let Some((k, _)) = script.changes.get(done) {
            disk.stop_before(*k);
        }
        let mut oracle = Oracle::new();
        match self.workload.run(&disk, &mut oracle).map_err(Failure::Run)? {
            Run::Died | Run::Finished => Ok(Moment { oracle, wall_s: disk.wall_s() }),
        }
    }
}

impl Script {
    /// The same was done on another disk: only then the oracle knows its moments.
    pub(crate) fn compare(&self, operations: &[Operation]) -> Result<(), Failure> {
        let count = self.changes.len().max(operations.len());
        for number in 0..count {
            let expected = self.changes.get(number).map(|(_, what)| what);
            let done = operations.get(number).map(|operation| &operation.what);
            if expected != done {
                let text = format!("operation {number} is {done:?} instead of {expected:?}");
                return Err(Failure::OtherOperations(text));
            }
        }
        Ok(())
    }
}

/// How many operations are done when the disk has seen so many requests: all that ended by then. One that has begun and
/// not ended may or may not have happened, but nobody was told yet.
pub(crate) fn done_at(operations: &[Operation], position: usize) -> usize {
    operations.iter().take_while(|operation| operation.end <= position).count()
}

/// A line of the simulated disk's trace in the words of [`Operation::what`]; nothing for one that changes nothing.
fn change(line: &str) -> Option<String> {
    let (name, rest) = line.split_once(' ')?;
    if !CHANGES.contains(&name) {
        return None;
    }
    Some(match name {
        // A file that was renamed has another path there than it was opened with.
        "sync" => name.to_owned(),
        "append" | "truncate" => format!("{name} {}", rest.rsplit(' ').next().unwrap_or_default()),
        _ => line.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(what: &str, begin: usize, end: usize) -> Operation {
        Operation { what: what.to_owned(), begin, end }
    }

    #[test]
    fn an_operation_is_done_when_the_disk_has_seen_its_last_request() {
        let operations = [operation("append 3", 0, 0), operation("sync", 0, 4), operation("append 3", 4, 4)];
        let done: Vec<_> = (0..6).map(|position| done_at(&operations, position)).collect();
        assert_eq!(done, [1, 1, 1, 1, 3, 3]);
    }

    #[test]
    fn what_changes_nothing_is_in_no_script() {
        assert_eq!(change("read_at /a 7 at 0"), None);
        assert_eq!(change("append /a b 60").as_deref(), Some("append 60"));
        assert_eq!(change("sync /a").as_deref(), Some("sync"));
        assert_eq!(change("rename /a -> /b").as_deref(), Some("rename /a -> /b"));
    }

    #[test]
    fn another_order_of_operations_is_noticed() {
        let case = &Case::all()[0];
        let script = case.script().unwrap();
        let mut operations: Vec<_> = script.changes.iter().map(|(_, what)| operation(what, 0, 0)).collect();
        script.compare(&operations).unwrap();
        operations.swap(3, 4);
        script.compare(&operations).unwrap_err();
        operations.swap(3, 4);
        operations.pop();
        script.compare(&operations).unwrap_err();
    }

    #[test]
    fn the_oracle_knows_more_at_each_moment() {
        let case = &Case::all()[0];
        let script = case.script().unwrap();
        let durable = |done| {
            let moment = case.moment(&script, done).unwrap();
            moment.oracle.count(treering_tests::Safety::Durable)
        };
        let counts: Vec<_> = (0..=script.changes.len()).step_by(20).map(durable).collect();
        assert_eq!(counts[0], 0);
        assert!(counts.last() > counts.first() && durable(script.changes.len()) > 100, "{counts:?}");
    }
}
