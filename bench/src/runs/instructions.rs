//! Instructions of the hot loops, counted by valgrind: a change that makes one of them worse is seen on any machine.

use std::fmt::Write as _;
use std::process::Command;

use crate::Result;
use crate::loops::{LOOPS, Loop};
use crate::page::Page;

/// Two runs of different lengths: what they do once cancels out.
const TURNS: [usize; 2] = [8, 24];
/// Another compiler of the same version, another linker: so much is no change.
const NOISE: f64 = 0.03;

/// What one loop costs.
#[derive(Debug)]
pub struct Counted {
    /// The loop.
    pub of: Loop,
    /// Instructions for each thing that it moves.
    pub instructions: f64,
}

/// Counts all loops, and prints them; `record` writes them into the page.
///
/// Returns whether none costs more than the page says.
///
/// # Errors
/// If valgrind is not there, or cannot run a loop.
pub fn run(page: &Page, record: bool) -> Result<bool> {
    let mut counted = Vec::new();
    for each in LOOPS {
        let instructions = count(each)?;
        println!("{:<20} {instructions:>8.1} instructions a {} ({})", each.name, each.per, each.what);
        counted.push(Counted { of: *each, instructions });
    }
    if record {
        page.fill_in("instructions", &table(&counted))?;
        return Ok(true);
    }
    let held = page.section("instructions")?;
    let mut worse = false;
    for each in &counted {
        match noted(&held, each.of.name) {
            Some(noted) if each.instructions > noted * (1.0 + NOISE) => {
                println!("{}: {:.1} instead of {noted}", each.of.name, each.instructions);
                worse = true;
            }
            Some(_) => {}
            None => println!("{}: nothing is noted in the page", each.of.name),
        }
    }
    Ok(!worse)
}

fn table(counted: &[Counted]) -> String {
    let mut text = "| loop | what | instructions |\n|---|---|---|\n".to_owned();
    for Counted { of, instructions } in counted {
        // A string takes it all.
        let _ = writeln!(text, "| `{}` | {} | {instructions:.1} a {} |", of.name, of.what, of.per);
    }
    text
}

/// What a table says of a loop.
fn noted(table: &str, name: &str) -> Option<f64> {
    let line = table.lines().find(|line| line.starts_with(&format!("| `{name}` |")))?;
    line.split('|').nth(3)?.trim().split(' ').next()?.parse().ok()
}

fn count(each: &Loop) -> Result<f64> {
    let [few, many] = TURNS;
    let things = (each.run)(1)?;
    let more = instructions(each, many)?.saturating_sub(instructions(each, few)?);
    Ok(more as f64 / ((many - few) * things) as f64)
}

/// What a process of its own takes for so many turns.
fn instructions(each: &Loop, turns: usize) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["turn", each.name, &turns.to_string()])
        .output()
        .map_err(|error| format!("valgrind does not start: {error}; install it, for example with apt"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    match collected.filter(|_| output.status.success()) {
        Some((_, number)) => Ok(number.trim().parse()?),
        None => Err(format!("{} under valgrind: {said}", each.name).into()),
    }
}

/// One loop, so many turns: what valgrind watches.
///
/// # Errors
/// If there is no such loop, or it fails.
pub fn turn(name: &str, turns: usize) -> Result<()> {
    let each = LOOPS.iter().find(|each| each.name == name).ok_or("there is no such loop")?;
    (each.run)(turns).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_table_says_is_what_was_put_in() {
        let counted: Vec<_> = LOOPS
            .iter()
            .zip(1..)
            .map(|(of, n)| Counted { of: *of, instructions: f64::from(n) + 0.5 })
            .collect();
        let table = table(&counted);
        for each in &counted {
            assert_eq!(noted(&table, each.of.name), Some(each.instructions), "{}", each.of.name);
        }
        assert_eq!(noted(&table, "nothing"), None);
    }
}
