//! Rows 1 and 3 of the matrix with the program itself: it dies before, or is refused, each of its system calls.

use crate::row::Row;
use crate::stage::{End, Stage};
use crate::store::{held, start_and_stop};
use crate::strace::{Fault, Point, Scope, Times, is_missing};

const ERRORS: [&str; 6] = ["EIO", "ENOSPC", "EMFILE", "EACCES", "EROFS", "EINTR"];
/// What a write may be told. Not before a kill does it show that nobody listened.
const WRITTEN: [&str; 2] = ["EIO", "ENOSPC"];
/// A prime, so that cases in a row are spread over all points, and each point is met.
const STEP: u64 = 1_000_003;

/// A run, a point of it, and what happens there.
type Case<'a> = (&'a Stage, Point, (Fault, End));

#[test]
fn matrix_01_program_that_dies_before_any_system_call_loses_nothing_acknowledged() {
    let row = |cases| Row {
        number: 1,
        replay: "cargo test -p treering --test matrix matrix_01_",
        usual: 240,
        ci: cases,
    };
    run(row, &[(Fault::Death, End::Stop)], |(stage, point, (fault, end))| {
        let mut place = stage.place();
        let (ended, struck) = stage.run(&place, point, fault, end);
        let Some(at) = struck else { return ended.is_clean(stage.lines()).map(|()| 0) };
        let there = |error: String| format!("before {at}: {error}");
        if !ended.was_killed() {
            return Err(there(format!("it ends with {}", ended.status)));
        }
        ended.says_no_error().map_err(there)?;
        held(&place.dir)
            .and_then(|now| place.book.look(now, ended.acked, ended.begun))
            .and_then(|()| start_and_stop(&place.dir, &place.config, &mut place.book))
            .map_err(there)?;
        Ok(1)
    });
}

#[test]
fn matrix_03_program_that_is_refused_any_system_call_says_so_and_loses_nothing_acknowledged() {
    let row = |cases| Row {
        number: 3,
        replay: "cargo test -p treering --test matrix matrix_03_",
        usual: 400,
        // Each takes the life of a process under a tracer: about two errors at each point, and all in a deep run.
        ci: cases / 8,
    };
    let ends =
        |error: &str| if WRITTEN.contains(&error) { vec![End::Stop, End::Kill] } else { vec![End::Stop] };
    let mut faults = Vec::new();
    for error in ERRORS {
        let more = if error == "EINTR" { Times::Four } else { Times::FromThenOn };
        for times in [Times::Once, more] {
            faults.extend(ends(error).into_iter().map(|end| (Fault::Error(error, times), end)));
        }
    }
    run(row, &faults, |(stage, point, (fault, end))| {
        let mut place = stage.place();
        let (ended, struck) = stage.run(&place, point, fault, end);
        let Some(at) = struck else {
            let as_asked =
                if end == End::Kill { ended.says_no_error() } else { ended.is_clean(stage.lines()) };
            return as_asked.map(|()| 0);
        };
        let there = |error: String| format!("at {at}: {error}\nit said: {}", ended.stderr);
        let code = ended.status.code();
        if is_impossible(&ended.stderr) {
            return Ok(0);
        }
        if ended.hung || ended.stderr.contains("panicked") {
            return Err(there("it hangs or panics".to_owned()));
        }
        match code {
            None if end == End::Kill && ended.was_killed() => {}
            // All lines are stored, whatever was said of them on the way.
            Some(0) => {}
            // The configuration cannot be read, it could not be finished, or the lock cannot be had.
            Some(2..=4) if ended.stderr.contains("error: ") || is_mute(point) => {}
            // Without its libraries it is no program yet.
            Some(127) if ended.stderr.contains("while loading shared libraries") => {}
            _ => return Err(there(format!("it ends with {}", ended.status))),
        }
        let acked = if code == Some(0) { stage.lines() } else { ended.acked };
        held(&place.dir)
            .and_then(|now| place.book.look(now, acked, ended.begun))
            .and_then(|()| start_and_stop(&place.dir, &place.config, &mut place.book))
            .map_err(there)?;
        Ok(1)
    });
}

/// The end of a listing has nothing to write back, so that no system refuses it, and the standard library takes that
/// for granted.
fn is_impossible(stderr: &str) -> bool {
    stderr.contains("unexpected error during closedir")
}

/// Who cannot write cannot speak.
fn is_mute(point: Point) -> bool {
    point.scope == Scope::All && point.call == "write"
}

/// Runs the cases of a row: all points of all runs, with all faults.
fn run(
    row: impl FnOnce(u64) -> Row<'static>,
    faults: &[(Fault, End)],
    case: impl Fn(Case<'_>) -> Result<u64, String> + Sync,
) {
    if let Some(why) = is_missing() {
        println!("strace cannot be used here, so nothing was tried: {why}");
        return row(0).report(0, 0, 0, 0);
    }
    let stages = Stage::all();
    let points: Vec<(&Stage, Point)> = stages
        .iter()
        .flat_map(|stage| [Scope::All, Scope::Store].map(|scope| (stage, stage.points(scope))))
        .flat_map(|(stage, points)| points.into_iter().map(move |point| (stage, point)))
        .collect();
    let count = points.len() * faults.len();
    println!("{} points, {count} cases", points.len());
    row(u64::try_from(count).unwrap()).run_counting(|seed| {
        let number = u128::from(seed) * u128::from(STEP) % u128::try_from(count).unwrap();
        let number = usize::try_from(number).unwrap();
        // Shifted from point to point, so that cases at equal distances meet all faults.
        let (at, shift) = (number / faults.len(), number % faults.len());
        let ((stage, point), fault) = (points[at], faults[(at + shift) % faults.len()]);
        case((stage, point, fault))
            .map_err(|error| format!("{}, {point:?}, {fault:?}, {error}", stage.name()))
    });
}
