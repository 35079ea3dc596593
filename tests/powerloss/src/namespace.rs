//! A mount namespace of our own: what is mounted in it is gone with the last process in it, however that ends.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::error::Failure;
use crate::file_system;

/// Set where this program has started itself again.
const ENTERED: &str = "TREERING_POWERLOSS_NAMESPACE";

/// Starts this program once more in a namespace of its own, and there mounts a file system in memory at `work`: returns
/// where disks and mount points go.
pub(crate) fn enter(work: &Path) -> Result<PathBuf, Failure> {
    if std::env::var_os(ENTERED).is_none() {
        let program = std::env::current_exe().map_err(Failure::io("cannot tell which program this is"))?;
        let mut again = Command::new("unshare");
        again.args(["--mount", "--propagation", "private", "--"]).arg(program);
        again.args(std::env::args_os().skip(1)).env(ENTERED, "1");
        return Err(Failure::io("`unshare` did not start")(again.exec()));
    }
    let memory = work.join("memory");
    fs::create_dir_all(&memory).map_err(Failure::io(format!("cannot make {}", memory.display())))?;
    file_system::run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=4g", "tmpfs"]).arg(&memory))?;
    Ok(memory)
}

/// Ends the process if it takes so long: a mount or a request that hangs would never come back.
pub(crate) fn give_up_after(minutes: u64) {
    let limit = Duration::from_secs(minutes.saturating_mul(60));
    thread::spawn(move || {
        // Nobody sends anything: the sender is kept, so that this waits.
        let (_sender, receiver) = mpsc::channel::<()>();
        if receiver.recv_timeout(limit).is_err() {
            crate::say(&format_args!("error: not done after {minutes} minutes"));
            std::process::exit(3);
        }
    });
}
