//! The program under `strace`, which counts its system calls, kills before one of them, or makes it fail.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The calls by which the program meets the system, threads and pipes included. What one system does not know is
/// passed over.
const CALLS: [&str; 31] = [
    "open",
    "openat",
    "close",
    "read",
    "pread64",
    "write",
    "pwrite64",
    "writev",
    "lseek",
    "fsync",
    "fdatasync",
    "syncfs",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "ftruncate",
    "getdents64",
    "statx",
    "fstat",
    "newfstatat",
    "flock",
    "fstatfs",
    "fcntl",
    "socketpair",
    "clone3",
];

/// Which calls count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All: those of the loader, of the standard library, and on the three standard streams, too.
    All,
    /// Those on the store's directories and on files in it whose names are known before.
    Store,
}

/// What happens to the calls that are meant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Death,
    /// An error in the place of the call, which is not made.
    Error(&'static str, Times),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Times {
    Once,
    /// A few in a row: the standard library tries an interrupted call again for as long as it is interrupted.
    Four,
    FromThenOn,
}

/// The `number`-th call of this name in any one thread, counted from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) scope: Scope,
    pub(crate) call: &'static str,
    pub(crate) number: u64,
}

/// Why it cannot be used here, if it cannot.
pub(crate) fn is_missing() -> Option<String> {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", "inject=close:error=EIO:when=1000", "true"]);
    match command.stdin(Stdio::null()).output() {
        Err(error) => Some(error.to_string()),
        Ok(ran) if !ran.status.success() => Some(String::from_utf8_lossy(&ran.stderr).into_owned()),
        Ok(_) => None,
    }
}

/// The program, traced, with the log of what happened in `log`.
pub(crate) fn traced(
    program: &Command,
    scope: Scope,
    dir: &Path,
    log: &Path,
    fault: Option<(Point, Fault)>,
) -> Command {
    let mut command = Command::new("strace");
    // Not by --seccomp-bpf, which is quicker: a signal that is injected under it is lost now and then.
    command.args(["-f", "-qq", "-o"]).arg(log);
    match fault {
        None => command.arg("-e").arg(format!("trace={}", CALLS.map(|call| format!("?{call}")).join(","))),
        Some((point, fault)) => command
            .arg("-e")
            .arg(format!("trace={}", point.call))
            .arg("-e")
            .arg(format!("inject={}:{}", point.call, fault.at(point.number))),
    };
    if scope == Scope::Store {
        for path in known(dir) {
            command.arg("-P").arg(path);
        }
    }
    command.arg(program.get_program()).args(program.get_args());
    command
}

/// Every call of a run without a fault, from its log, and one behind the last of each name.
pub(crate) fn points(scope: Scope, log: &Path) -> Vec<Point> {
    let mut counts: BTreeMap<&'static str, BTreeMap<&str, u64>> = BTreeMap::new();
    let text = fs::read_to_string(log).unwrap();
    for line in text.lines() {
        // `1234 close(5) = 0`; the second half of a call that another thread interrupted begins with `<...`.
        let Some((thread, what)) = line.split_once(' ') else { continue };
        let name = what.trim_start().split('(').next();
        if let Some(call) = CALLS.iter().find(|call| Some(**call) == name) {
            *counts.entry(call).or_default().entry(thread).or_default() += 1;
        }
    }
    let last = |(call, threads): (&'static str, BTreeMap<&str, u64>)| {
        (call, threads.into_values().max().unwrap_or(0))
    };
    let all = |(call, count)| (1..=count + 1).map(move |number| Point { scope, call, number });
    counts.into_iter().map(last).flat_map(all).collect()
}

/// Whether the fault struck, and where: the last line of the log that tells.
pub(crate) fn struck(log: &Path, fault: Fault) -> Option<String> {
    let text = fs::read_to_string(log).unwrap_or_default();
    let mut lines = text.lines().rev();
    match fault {
        Fault::Death if text.contains("+++ killed by SIGKILL +++") => {
            Some(lines.find(|line| line.contains('(')).unwrap_or_default().to_owned())
        }
        Fault::Death => None,
        Fault::Error(..) => text.lines().find(|line| line.ends_with("(INJECTED)")).map(str::to_owned),
    }
}

impl Fault {
    fn at(self, number: u64) -> String {
        match self {
            Fault::Death => format!("signal=KILL:when={number}"),
            Fault::Error(error, Times::Once) => format!("error={error}:when={number}"),
            Fault::Error(error, Times::Four) => format!("error={error}:when={number}..{}", number + 3),
            Fault::Error(error, Times::FromThenOn) => format!("error={error}:when={number}+"),
        }
    }
}

fn known(dir: &Path) -> Vec<PathBuf> {
    let mut paths = vec![dir.to_owned(), dir.parent().unwrap().to_owned()];
    for cluster in ["alpha", "beta"] {
        paths.push(dir.join(cluster));
        for host in ["n1", "n2"] {
            let host = dir.join(cluster).join(host);
            paths.push(host.join("current.wal"));
            paths.extend((1..8).map(|generation| host.join(format!("sealed.{generation}.wal"))));
            paths.push(host);
        }
    }
    paths
}
