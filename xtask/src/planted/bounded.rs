//! A program that may run wild: it gets so much time and memory, and no more.

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Address space of the program, in KiB: far more than the tests need, less than would hurt the machine.
const MEMORY_KIB: u64 = 8 << 20;
/// How often it is looked whether the program has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ran {
    Passed,
    Failed {
        /// The first case that it said had failed.
        case: Option<u64>,
    },
    TooLong,
}

/// Runs a test program within bounds, and reads which case failed.
pub(super) fn bounded(
    program: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
    time: Duration,
) -> io::Result<Ran> {
    // The shell gives its place to the program, so that its process is the program's.
    let limited = format!("ulimit -v {MEMORY_KIB}; exec \"$0\" \"$@\" 2>&1");
    let mut child = Command::new("sh")
        .args(["-c", &limited])
        .arg(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let (sender, receiver) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        // Ends with the program.
        std::thread::spawn(move || sender.send(first_case(BufReader::new(output))));
    }
    let deadline = Instant::now() + time;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            return Ok(Ran::TooLong);
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let case = receiver.recv().ok().flatten();
    Ok(if status.success() { Ran::Passed } else { Ran::Failed { case } })
}

/// Reads all there is; the number in the first line `case N: …`.
fn first_case(mut output: impl BufRead) -> Option<u64> {
    let mut case = None;
    let mut bytes = Vec::new();
    while output.read_until(b'\n', &mut bytes).is_ok_and(|len| len > 0) {
        case = case.or_else(|| case_of(&String::from_utf8_lossy(&bytes)));
        bytes.clear();
    }
    case
}

fn case_of(line: &str) -> Option<u64> {
    line.strip_prefix("case ")?.split_once(':')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, time: Duration) -> Ran {
        bounded(Path::new("sh"), &["-c", script], &[("SAID", "case 7: so")], time).unwrap()
    }

    #[test]
    fn the_case_that_failed_is_read_from_either_output() {
        let minute = Duration::from_secs(60);
        assert_eq!(shell("true", minute), Ran::Passed);
        assert_eq!(shell("echo \"$SAID\"; echo case 9: x; exit 1", minute), Ran::Failed { case: Some(7) });
        assert_eq!(
            shell("echo no case 9: x; echo case 8: y >&2; exit 1", minute),
            Ran::Failed { case: Some(8) }
        );
        assert_eq!(shell("echo case x: y; exit 101", minute), Ran::Failed { case: None });
    }

    #[test]
    fn whoever_takes_too_long_or_too_much_is_stopped() {
        assert_eq!(shell("exec sleep 600", Duration::from_millis(50)), Ran::TooLong);
        let limit = format!("test $(ulimit -v) -le {MEMORY_KIB}");
        assert_eq!(shell(&limit, Duration::from_secs(60)), Ran::Passed);
    }
}
