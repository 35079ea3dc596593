//! One life of the program: what it is sent and how fast, when it is killed, what it acknowledged.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// Far more than anything here takes: what is not over by then hangs.
const DEADLINE: Duration = Duration::from_secs(60);
/// An acknowledgement that has not come by then is not waited for, nor is any behind it: a fault holds it up.
const PATIENCE: Duration = Duration::from_millis(300);

/// What is sent, and how fast.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// Texts of whole lines, each handed over at once.
    pub(crate) batches: Vec<String>,
    /// No more is sent while more lines than these wait for their acknowledgement.
    pub(crate) window: u64,
    /// Whether the input ends behind the last of them. Then the program stops.
    pub(crate) ends: bool,
}

/// When the program is killed: some time after something has happened.
///
/// What happens is a matter of the plan, what the program does just then is not: two runs of one case die at two places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) after: Event,
    pub(crate) then: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Started,
    /// So many batches were handed over.
    Sent(u64),
    /// So many lines are acknowledged.
    Acked(u64),
    /// The input has ended.
    InputEnded,
}

/// How a life ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// The highest acknowledgement that was read.
    pub(crate) acked: u64,
    /// Lines that the program can have seen.
    pub(crate) begun: u64,
    pub(crate) stderr: String,
    /// It had to be killed because it did not end.
    pub(crate) hung: bool,
}

impl Load {
    /// An input that ends at once.
    pub(crate) fn nothing() -> Load {
        Load { batches: Vec::new(), window: 0, ends: true }
    }

    pub(crate) fn lines(&self) -> u64 {
        self.batches.iter().map(|batch| lines(batch)).sum()
    }
}

impl Moment {
    fn has_come(self, event: Event) -> bool {
        match (self.after, event) {
            (Event::Sent(wanted), Event::Sent(count)) | (Event::Acked(wanted), Event::Acked(count)) => {
                count >= wanted
            }
            (wanted, event) => wanted == event,
        }
    }
}

impl Ended {
    pub(crate) fn was_killed(&self) -> bool {
        self.status.signal() == Some(9) && !self.hung
    }

    /// It ended by itself, without a fault, and acknowledged all `lines`.
    pub(crate) fn is_clean(&self, lines: u64) -> Result<(), String> {
        self.says_no_error()?;
        if self.status.code() != Some(0) || self.acked != lines {
            return Err(format!(
                "it ends with {}, {} of {lines} lines acknowledged: {}",
                self.status, self.acked, self.stderr
            ));
        }
        Ok(())
    }

    /// A death is no error: neither the one who dies nor the one who comes after it speaks of one.
    pub(crate) fn says_no_error(&self) -> Result<(), String> {
        let is_error = |line: &&str| {
            ["ERROR", "WARN", "error", "warning", "panick"].iter().any(|word| line.contains(word))
        };
        match self.stderr.lines().find(is_error) {
            Some(line) => Err(format!("it says: {line}")),
            None if self.hung => Err(format!("it does not end: {}", self.stderr)),
            None => Ok(()),
        }
    }
}

/// `run` with acknowledgements, a store of any age, and more arguments.
pub(crate) fn program(dir: &Path, config: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_treering"));
    command.args(arguments(dir, config)).args(more);
    command
}

/// The arguments of that.
pub(crate) fn arguments<'a>(dir: &'a Path, config: &'a Path) -> [&'a OsStr; 10] {
    let [run, input, from, acks, retention, ever, at, configured] =
        ["run", "--input", "-", "--acks", "--retention", "0", "--dir", "--config"].map(OsStr::new);
    [run, input, from, acks, retention, ever, at, dir.as_os_str(), configured, config.as_os_str()]
}

/// Starts it, sends what is to be sent, and waits for its end, at the latest by a kill at that moment.
pub(crate) fn live(command: &mut Command, load: &Load, moment: Option<Moment>) -> Ended {
    command.env_clear().process_group(0);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (tell, happened) = channel();
    let (tell_writer, acks) = channel();
    let begun = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let told_by_writer = tell.clone();
        // What it returns is an input that stays open until the program is dead.
        let writer = scope.spawn(|| write_all(stdin.unwrap(), load, acks, told_by_writer, &begun));
        let reader = scope.spawn(|| read_acks(stdout.unwrap(), tell, tell_writer));
        let listener = scope.spawn(|| {
            let mut bytes = Vec::new();
            stderr.unwrap().read_to_end(&mut bytes).map(|_| String::from_utf8_lossy(&bytes).into_owned())
        });
        let hung = !wait(&child, moment, &happened);
        let acked = reader.join().unwrap();
        let stderr = listener.join().unwrap().unwrap();
        let status = child.wait().unwrap();
        drop(writer.join().unwrap());
        Ended { status, acked, begun: begun.load(Ordering::SeqCst), stderr, hung }
    })
}

/// Waits until the output ends, and kills at the moment; false if it had to kill at the deadline.
fn wait(child: &Child, moment: Option<Moment>, happened: &Receiver<Event>) -> bool {
    let deadline = Instant::now() + DEADLINE;
    let mut kill_at = None;
    let mut note = |event| {
        if let Some(moment) = moment
            && kill_at.is_none()
            && moment.has_come(event)
        {
            kill_at = Some(Instant::now() + moment.then);
        }
        kill_at
    };
    let mut next = note(Event::Started);
    let mut killed = false;
    loop {
        let until = next.filter(|_| !killed).unwrap_or(deadline);
        match happened.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(event) => next = note(event),
            Err(RecvTimeoutError::Disconnected) => return true,
            Err(RecvTimeoutError::Timeout) => {
                // The whole group: whoever traces the program goes with it.
                let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
                if Instant::now() >= deadline {
                    return false;
                }
                killed = true;
            }
        }
    }
}

/// That the program is gone is seen by how it ended, not here.
fn write_all(
    mut input: ChildStdin,
    load: &Load,
    acks: Receiver<u64>,
    tell: Sender<Event>,
    begun: &AtomicU64,
) -> Option<ChildStdin> {
    let (mut sent, mut acked) = (0, 0);
    let mut window = load.window;
    for (number, batch) in (1..).zip(&load.batches) {
        while sent - acked > window {
            match acks.recv_timeout(PATIENCE) {
                Ok(number) => acked = number,
                Err(RecvTimeoutError::Timeout) => window = u64::MAX,
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        sent += lines(batch);
        begun.store(sent, Ordering::SeqCst);
        input.write_all(batch.as_bytes()).ok()?;
        let _ = tell.send(Event::Sent(number));
    }
    if !load.ends {
        return Some(input);
    }
    drop(input);
    let _ = tell.send(Event::InputEnded);
    None
}

/// The highest acknowledgement. One that was cut off is none.
fn read_acks(out: impl Read, tell: Sender<Event>, tell_writer: Sender<u64>) -> u64 {
    let mut acked = 0;
    let mut out = BufReader::new(out);
    let mut line = String::new();
    while out.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
        let number = line.trim_end().strip_prefix("ack ").and_then(|number| number.parse().ok());
        acked = number.unwrap_or_else(|| panic!("no acknowledgement: {line:?}"));
        let _ = tell_writer.send(acked);
        let _ = tell.send(Event::Acked(acked));
        line.clear();
    }
    acked
}

fn lines(text: &str) -> u64 {
    u64::try_from(text.lines().count()).unwrap()
}
