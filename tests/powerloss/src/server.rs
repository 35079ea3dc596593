//! The logged disk in a process of its own, and how the one that records talks to it.
//!
//! A process that waits for a disk that it serves itself cannot be killed: it would have to answer to end its waiting.
//! Like this the server never waits for the disk, so it always ends, and then every request to the disk fails.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::block_log::{LoggedDisk, Request, decode, encode};
use crate::error::Failure;
use crate::fuse;
use crate::image::Image;

/// Set where this program is the server: where its files are.
const SERVES: &str = "TREERING_POWERLOSS_SERVES";
const BASE_FILE: &str = "served.img";
const REQUESTS_FILE: &str = "served.requests";
const MOUNT_POINT: &str = "served";

/// Asks how many requests there were.
const POSITION: u8 = b'p';
/// Asks for the end: unmounted, and all requests in a file.
const END: u8 = b'e';

/// A disk that another process serves.
pub(crate) struct ServedDisk {
    work: PathBuf,
    pipes: Mutex<Pipes>,
    child: Child,
}

struct Pipes {
    questions: ChildStdin,
    answers: ChildStdout,
}

impl ServedDisk {
    /// Starts the server of a disk that holds `base`; it is there when this returns.
    pub(crate) fn start(base: &Image, work: &Path) -> Result<ServedDisk, Failure> {
        base.save(&work.join(BASE_FILE)).map_err(Failure::io("cannot write an image"))?;
        let program = std::env::current_exe().map_err(Failure::io("cannot tell which program this is"))?;
        let mut command = Command::new(program);
        command.env(SERVES, work).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(Failure::io("the server of the disk did not start"))?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::Server);
        };
        let disk =
            ServedDisk { work: work.to_owned(), pipes: Mutex::new(Pipes { questions, answers }), child };
        // It says so when it is there.
        if disk.ask(None) == Some(0) { Ok(disk) } else { Err(Failure::Server) }
    }

    /// The file that the disk is.
    pub(crate) fn file(&self) -> PathBuf {
        self.work.join(MOUNT_POINT).join(fuse::FILE)
    }

    /// How many requests there were. All of them if the server does not answer: then there is no recording either.
    pub(crate) fn position(&self) -> usize {
        self.ask(Some(POSITION)).and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX)
    }

    /// Ends the server, and gives what the disk was asked for.
    pub(crate) fn end(mut self) -> Result<Vec<Request>, Failure> {
        let count = self.ask(Some(END)).ok_or(Failure::Server)?;
        self.child.wait().map_err(Failure::io("the server of the disk did not end"))?;
        let bytes = fs::read(self.work.join(REQUESTS_FILE)).map_err(Failure::io("no requests were kept"))?;
        let requests = decode(&bytes).ok_or(Failure::Server)?;
        if u64::try_from(requests.len()) == Ok(count) { Ok(requests) } else { Err(Failure::Server) }
    }

    fn ask(&self, question: Option<u8>) -> Option<u64> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(question) = question {
            pipes.questions.write_all(&[question]).ok()?;
        }
        let mut answer = [0; 8];
        pipes.answers.read_exact(&mut answer).ok()?;
        Some(u64::from_le_bytes(answer))
    }
}

impl Drop for ServedDisk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves a disk if this process was started for that; false if not.
pub(crate) fn serve_if_asked() -> Result<bool, Failure> {
    let Some(work) = std::env::var_os(SERVES).map(PathBuf::from) else { return Ok(false) };
    // What interrupts the one that records must leave it its disk until it has unmounted.
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))
            .map_err(Failure::io("cannot wait for signals"))?;
    }
    let base = Image::load(&work.join(BASE_FILE)).map_err(Failure::io("cannot read an image"))?;
    let mount_point = work.join(MOUNT_POINT);
    fs::create_dir_all(&mount_point).map_err(Failure::io("cannot make a mount point"))?;
    let disk = LoggedDisk::new(base);
    let session = fuse::serve(&disk, &mount_point).map_err(Failure::io("cannot mount a FUSE file system"))?;
    answer(0)?;
    let mut question = [0];
    // At the end of the questions nobody needs the disk any more.
    while io::stdin().read(&mut question).map_err(Failure::io("no questions"))? > 0 {
        if question[0] == POSITION {
            answer(disk.position())?;
            continue;
        }
        session.umount_and_join().map_err(Failure::io("cannot unmount the FUSE file system"))?;
        let requests = disk.requests();
        let path = work.join(REQUESTS_FILE);
        fs::write(&path, encode(&requests)).map_err(Failure::io("cannot keep the requests"))?;
        answer(requests.len())?;
        return Ok(true);
    }
    // Not by returning: that would wait for the last who has the disk mounted.
    std::process::exit(3);
}

fn answer(number: usize) -> Result<(), Failure> {
    let bytes = u64::try_from(number).unwrap_or(u64::MAX).to_le_bytes();
    let mut out = io::stdout().lock();
    out.write_all(&bytes).and_then(|()| out.flush()).map_err(Failure::io("nobody wants an answer"))
}
