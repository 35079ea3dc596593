//! Row 4 of the matrix with the program itself: each write to a file is short, and then goes on, or the disk is full, or
//! the process dies.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::row::Row;
use crate::stage::Stage;
use crate::store::{held, in_memory, start_and_stop};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/matrix/short_write.c");
/// More than any run has.
const WRITES_MAX: u64 = 40;
const PARTS: [char; 4] = ['1', '7', 'h', 'l'];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    GoesOn,
    Full,
    Dies,
}

#[test]
fn matrix_04_program_whose_writes_are_short_loses_nothing_acknowledged() {
    let at = in_memory();
    let replay = "cargo test -p treering --test matrix matrix_04_";
    let library = match build(at.path()) {
        Ok(library) => library,
        Err(why) => {
            println!("there is no C compiler, so nothing was tried: {why}");
            return Row::new(4, replay, 0).report(0, 0, 0, 0);
        }
    };
    let stages = Stage::all();
    let ways: Vec<(char, Then)> = PARTS
        .into_iter()
        .flat_map(|part| [Then::GoesOn, Then::Full, Then::Dies].map(|then| (part, then)))
        .collect();
    let per_stage = WRITES_MAX * u64::try_from(ways.len()).unwrap();
    let ci = per_stage * u64::try_from(stages.len()).unwrap();
    let row = Row { number: 4, replay, usual: ci / 7, ci };
    row.run_counting(|seed| {
        let number = seed % ci;
        let stage = &stages[usize::try_from(number / per_stage).unwrap()];
        let number = number % per_stage;
        let (part, then) = ways[usize::try_from(number / WRITES_MAX).unwrap()];
        let write = number % WRITES_MAX + 1;
        shorten(stage, &library, write, part, then)
            .map_err(|error| format!("{}, write {write}, {part}, {then:?}: {error}", stage.name()))
    });
}

fn shorten(stage: &Stage, library: &Path, write: u64, part: char, then: Then) -> Result<u64, String> {
    let mut place = stage.place();
    let mark = place.beside("struck");
    let code = match then {
        Then::GoesOn => 'g',
        Then::Full => 'f',
        Then::Dies => 'd',
    };
    let ended = stage.run_as(&place, |program| {
        let mut command = Command::new("env");
        command.arg(format!("LD_PRELOAD={}", library.display()));
        command.arg(format!("SHORT_WRITE={write} {part} {code} {}", mark.display()));
        command.arg(program.get_program()).args(program.get_args());
        command
    });
    let struck = mark.exists();
    if !struck || then == Then::GoesOn {
        // What a write did not take goes into the next one.
        ended.is_clean(stage.lines())?;
    } else if then == Then::Dies {
        ended.says_no_error()?;
    } else if ended.status.code() != Some(3) || !ended.stderr.contains("No space left on device") {
        return Err(format!("it ends with {}: {}", ended.status, ended.stderr));
    }
    if (struck && then == Then::Dies) != ended.was_killed() {
        return Err(format!("it ends with {}", ended.status));
    }
    place.book.look(held(&place.dir)?, ended.acked, ended.begun)?;
    start_and_stop(&place.dir, &place.config, &mut place.book)?;
    Ok(u64::from(struck))
}

fn build(at: &Path) -> Result<PathBuf, String> {
    let library = at.join("short_write.so");
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(SOURCE);
    match command.output() {
        Err(error) => Err(error.to_string()),
        Ok(ran) if !ran.status.success() => Err(String::from_utf8_lossy(&ran.stderr).into_owned()),
        Ok(_) => Ok(library),
    }
}
