//! The rows of the fault matrix: what they try, and what runs them.

/// A row, or a part of one, that has a command of its own.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) number: u32,
    /// Which part, if there are several.
    pub(crate) part: Option<&'static str>,
    /// All there is to try is tried each time, so that its cases have no numbers to go on with.
    pub(super) exhaustive: bool,
    pub(super) runner: Runner,
}

/// What runs a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runner {
    /// Tests whose names begin with this, of the program with this source.
    Tests { source: &'static str, filter: &'static str },
    /// Tests that are built with the locks of the schedules' explorer.
    Schedules { tests: &'static str },
    /// Bugs that are planted, and have to be seen by rows of the tests.
    Planted,
    /// A task of its own, because it needs more than this machine may have. Not a part of CI.
    Task(&'static str),
}

const fn simulated(number: u32, filter: &'static str) -> Row {
    let runner = Runner::Tests { source: "tests/it/main.rs", filter };
    Row { number, part: None, exhaustive: false, runner }
}

const fn of_crate(number: u32, part: &'static str, source: &'static str, filter: &'static str) -> Row {
    Row { number, part: Some(part), exhaustive: true, runner: Runner::Tests { source, filter } }
}

const fn program(number: u32, filter: &'static str) -> Row {
    let runner = Runner::Tests { source: "crates/treering/tests/matrix/main.rs", filter };
    Row { number, part: Some("program"), exhaustive: false, runner }
}

pub(crate) const ROWS: &[Row] = &[
    simulated(1, "matrix_01_"),
    program(1, "matrix_01_program_"),
    simulated(2, "matrix_02_"),
    simulated(3, "matrix_03_"),
    program(3, "matrix_03_program_"),
    simulated(4, "matrix_04_"),
    program(4, "matrix_04_program_"),
    simulated(5, "matrix_05_"),
    simulated(6, "matrix_06_"),
    task(7, "powerloss"),
    of_crate(8, "bin", "crates/format-bin/tests/it/main.rs", "matrix_08_"),
    of_crate(8, "json", "crates/format-json/tests/it/main.rs", "matrix_08_"),
    of_crate(8, "wal", "crates/wal/tests/it/main.rs", "matrix_08_"),
    of_crate(9, "bin", "crates/format-bin/tests/it/main.rs", "matrix_09_"),
    of_crate(9, "json", "crates/format-json/tests/it/main.rs", "matrix_09_"),
    of_crate(9, "wal", "crates/wal/tests/it/main.rs", "matrix_09_"),
    simulated(10, "matrix_10_"),
    simulated(11, "matrix_11_"),
    simulated(12, "matrix_12_"),
    simulated(13, "matrix_13_"),
    task(14, "fuzz --smoke"),
    Row {
        number: 15,
        part: None,
        exhaustive: false,
        runner: Runner::Schedules { tests: "-p treering-schedules --test it matrix_15_" },
    },
    program(16, "matrix_16_program_"),
    simulated(17, "matrix_17_"),
    simulated(18, "matrix_18_"),
    simulated(19, "matrix_19_"),
    Row { number: 20, part: None, exhaustive: true, runner: Runner::Planted },
];

const fn task(number: u32, task: &'static str) -> Row {
    Row { number, part: None, exhaustive: false, runner: Runner::Task(task) }
}

/// What a row tries, and what it counts.
pub(crate) fn title(number: u32) -> Option<(&'static str, &'static str)> {
    Some(match number {
        1 => ("the process dies before any operation", "deaths"),
        2 => ("so does the next one", "pairs of deaths"),
        3 => ("any operation fails", "errors"),
        4 => ("any write takes only a part", "writes"),
        5 => ("any sync fails and drops what it was for", "syncs"),
        6 => ("power cut before any operation", "states"),
        7 => ("power cut on a real file system", "images"),
        8 => ("a file is cut at any byte", "cuts"),
        9 => ("any bit of a file is flipped", "flips"),
        10 => ("blocks and files are zeroed, doubled, swapped", "injuries"),
        11 => ("lives one after the other", "sequences"),
        12 => ("the disk is full", "steps"),
        13 => ("a hundred acts in any order", "runs"),
        14 => ("arbitrary input", "executions"),
        15 => ("threads in any order", "schedules"),
        16 => ("the program is killed under load", "kills"),
        17 => ("names", "names"),
        18 => ("two processes on one root", "races"),
        19 => ("the clock jumps", "jumps"),
        20 => ("planted bugs", "bugs"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn every_program_has_its_source_where_the_table_says() {
        let workspace = Workspace::of_this_source();
        for row in ROWS {
            if let Runner::Tests { source, .. } = row.runner {
                assert!(workspace.root().join(source).is_file(), "{row:?}");
            }
        }
    }

    #[test]
    fn every_row_has_a_title_and_every_part_stands_once() {
        let mut seen = Vec::new();
        for row in ROWS {
            assert!(title(row.number).is_some(), "{row:?}");
            assert!(!seen.contains(&(row.number, row.part)), "{row:?}");
            seen.push((row.number, row.part));
        }
    }
}
