//! The program as a process: what it is given, what it says, how it ends. Nothing waits without a deadline.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Far more than anything here takes: a machine that builds at the same time is slow.
const DEADLINE: Duration = Duration::from_secs(60);

/// Which stream a line came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// How the program ended, and all it said.
#[derive(Debug)]
pub(crate) struct Ran {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A program that runs. It is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    heard: Receiver<(Stream, String)>,
    stdout: String,
    stderr: String,
    deadline: Instant,
}

/// The program with nothing of the caller's environment, which may hold a width or a choice of colours.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_treering"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end in the directory `at`, where paths in arguments and messages are relative to.
pub(crate) fn treering(at: &Path, args: &[&str]) -> Ran {
    Running::of(command().current_dir(at).args(args)).end()
}

/// The rows for what lies in `dir`, which must be sound.
pub(crate) fn points(dir: &Path) -> String {
    let ran = dump_tsv(dir, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.stdout
}

/// `dump --format tsv`, with more arguments.
pub(crate) fn dump_tsv(path: &Path, more: &[&str]) -> Ran {
    Running::of(command().args(["dump", "--format", "tsv"]).args(more).arg(path)).end()
}

/// `run` on `dir` with an input that stays open.
pub(crate) fn run_open(dir: &Path, more: &[&str]) -> Running {
    Running::of(
        command().args(["run", "--input", "-", "--acks", "--dir"]).arg(dir).args(more).stdin(Stdio::piped()),
    )
}

/// `run` on `dir` with these lines as the whole input, to a clean stop.
pub(crate) fn run_lines(dir: &Path, lines: &str, more: &[&str]) -> Ran {
    let mut running = run_open(dir, more);
    running.send(lines);
    running.close_input();
    running.end()
}

impl Running {
    pub(crate) fn of(command: &mut Command) -> Running {
        let mut child = command.spawn().unwrap();
        let (tell, heard) = channel();
        listen(Stream::Out, child.stdout.take(), tell.clone());
        listen(Stream::Err, child.stderr.take(), tell);
        let input = child.stdin.take();
        let deadline = Instant::now() + DEADLINE;
        Running { child, input, heard, stdout: String::new(), stderr: String::new(), deadline }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends text to the standard input. That the program is gone is seen by what it says, not here.
    pub(crate) fn send(&mut self, text: &str) {
        let _ = self.input.as_mut().unwrap().write_all(text.as_bytes());
    }

    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    /// The next line of a stream for which `wanted` holds.
    pub(crate) fn wait_for(&mut self, stream: Stream, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            match self.hear() {
                Some((from, line)) if from == stream && wanted(&line) => return line,
                Some(_) => {}
                None => panic!("it ended without the line: {} {}", self.stdout, self.stderr),
            }
        }
    }

    /// The number of the first acknowledgement that covers `lines`.
    pub(crate) fn wait_for_ack(&mut self, lines: u64) -> u64 {
        acked(&self.wait_for(Stream::Out, |line| acked(line) >= lines))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// `kill -9`; what it had said until then.
    pub(crate) fn kill(mut self) -> Ran {
        self.child.kill().unwrap();
        self.end()
    }

    /// Waits until it ends. The input stays as it is: open if it is open.
    pub(crate) fn end(mut self) -> Ran {
        while self.hear().is_some() {}
        let code = self.child.wait().unwrap().code();
        Ran { code, stdout: std::mem::take(&mut self.stdout), stderr: std::mem::take(&mut self.stderr) }
    }

    /// The next line of any stream; `None` when both have ended.
    fn hear(&mut self) -> Option<(Stream, String)> {
        match self.heard.recv_timeout(self.deadline.saturating_duration_since(Instant::now())) {
            Ok((stream, line)) => {
                let said = if stream == Stream::Out { &mut self.stdout } else { &mut self.stderr };
                said.push_str(&line);
                Some((stream, line.trim_end_matches('\n').to_owned()))
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                panic!("nothing more in {DEADLINE:?}; it had said {} {}", self.stdout, self.stderr)
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ran {
    /// The lines of standard error that hold `part`.
    pub(crate) fn said(&self, part: &str) -> Vec<&str> {
        self.stderr.lines().filter(|line| line.contains(part)).collect()
    }
}

/// The number in an acknowledgement.
pub(crate) fn acked(line: &str) -> u64 {
    line.strip_prefix("ack ").unwrap_or_else(|| panic!("no acknowledgement: {line:?}")).parse().unwrap()
}

fn listen(stream: Stream, from: Option<impl Read + Send + 'static>, tell: Sender<(Stream, String)>) {
    let Some(from) = from else { return };
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        loop {
            let mut bytes = Vec::new();
            // Whoever listened is gone, or there is nothing more to hear.
            if from.read_until(b'\n', &mut bytes).unwrap_or(0) == 0 {
                return;
            }
            if tell.send((stream, String::from_utf8(bytes).unwrap())).is_err() {
                return;
            }
        }
    });
}

/// A path as an argument.
pub(crate) fn arg(path: &(impl AsRef<OsStr> + ?Sized)) -> &str {
    path.as_ref().to_str().unwrap()
}
