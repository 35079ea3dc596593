//! All tools on one store, one after the other, each with little memory and little time.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::process::{Ran, Running, command};

/// Far less than the files that are looked at, far more than the program.
pub(super) const MEMORY_KIB: u32 = 600_000;

/// A machine that builds at the same time is slow; nothing here takes seconds by itself.
const TIME_MAX: Duration = Duration::from_secs(40);

/// What a tool is asked, its exit code, and what it says, on whichever stream.
pub(super) type Asked<'a> = (&'a str, i32, &'a str);

/// Runs with little memory: an allocation beyond it fails.
pub(super) fn with_little_memory(at: &Path, args: &str) -> Ran {
    let program = command().get_program().to_str().unwrap().to_owned();
    let mut shell = Command::new("/bin/sh");
    let script = format!("ulimit -v {MEMORY_KIB} && exec {program} {args}");
    shell.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Running::of(shell.current_dir(at).args(["-c", &script])).end()
}

/// Asks one tool after the other, in the directory `at`. Each must end as it is said here, in words, not by a signal.
pub(super) fn ask(at: &Path, all: &[Asked<'_>]) {
    for (args, code, part) in all {
        let began = Instant::now();
        let ran = with_little_memory(at, args);
        assert_eq!(ran.code, Some(*code), "{args}: {ran:?}");
        assert!(ran.stdout.contains(part) || ran.stderr.contains(part), "{args}: {part:?}: {ran:?}");
        assert!(!ran.stderr.contains("panicked"), "{args}: {ran:?}");
        assert!(began.elapsed() < TIME_MAX, "{args}: {:?}", began.elapsed());
    }
}
