//! Line protocol from a file or from standard input.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::Sender;
use treering::line::{Lines, Piece};
use treering_persist::{Store, WriteError};

use super::Event;
use super::acks::Acks;
use crate::program::exit::{Failure, Outcome, chain};
use crate::program::say;
use treering::intake::{Counts, Intake, Refused, reasons};

/// Read at once, at most. What has arrived is written and acknowledged before more is read.
const READ_BYTES: usize = 1 << 20;
/// So many refused lines are shown; all are counted.
const SHOWN_MAX: u64 = 20;
const SHOWN_AND_ONE: u64 = SHOWN_MAX + 1;

/// How many refusals were shown.
struct Shown(u64);

/// Opens the input; `-` is standard input.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read + Send>, Failure> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).and_then(|file| {
        // A directory can be opened; only reading it fails.
        if file.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
    });
    let file = file.map_err(|error| {
        Failure::new(Outcome::Usage, format!("cannot open the input {}: {error}", path.display()))
            .hint("give a file of line protocol, or - for standard input")
    })?;
    Ok(Box::new(file))
}

/// Reads the input in a thread of its own, since a read may wait for ever.
pub(super) fn start(
    input: Box<dyn Read + Send>,
    store: Arc<Store>,
    acks: Arc<Acks>,
    counts: Arc<Counts>,
    events: Sender<Event>,
) -> Result<(), Failure> {
    let read = move || {
        let event = match read_all(input, &store, &acks, &counts) {
            Ok(()) => Event::InputEnded,
            Err(error) => Event::InputFailed(error),
        };
        // Nobody listens any more when the run is over already.
        let _ = events.send(event);
    };
    std::thread::Builder::new()
        .name("input".to_owned())
        .spawn(read)
        .map(|_| ())
        .map_err(|error| Failure::new(Outcome::Unfinished, format!("cannot start a thread: {error}")))
}

fn read_all(input: impl Read, store: &Store, acks: &Acks, counts: &Counts) -> io::Result<()> {
    let mut lines = Lines::new(BufReader::with_capacity(READ_BYTES, input));
    let mut intake = Intake::new(store, counts);
    let mut shown = Shown(0);
    loop {
        let first = lines.count() + 1;
        let more = lines.read_chunk(|number, piece| {
            let refused = match piece {
                Piece::Line(line) => intake.take(line).err(),
                Piece::TooLong { len_bytes_max } => {
                    Some(Refused::Line(treering::line::LineError::TooLong { len_bytes_max }))
                }
            };
            if let Some(refused) = refused {
                counts.add_refused(refused.reason(), 1);
                shown.say(|| format!("line {number} refused ({}): {}", refused.reason(), chain(&refused)));
            }
        });
        // What came before an error is stored all the same.
        let written = intake.write();
        let last = lines.count();
        for (reason, count, why) in reasons(intake.take_refused()) {
            if count > 0 {
                // The store counts and does not point: what it says is of all lines that were read at once.
                let lines =
                    if first == last { format!("line {last}") } else { format!("lines {first} to {last}") };
                shown.say(|| format!("{lines}: {count} refused ({reason}): {why}"));
            }
        }
        match &written {
            Ok(()) => {}
            Err(WriteError::Closed) => return Ok(()),
            Err(error) => say(&format!("warning: {}", chain(error))),
        }
        acks.processed(store, last, written.is_ok());
        if !more? {
            return Ok(());
        }
    }
}

impl Shown {
    fn say(&mut self, what: impl FnOnce() -> String) {
        self.0 += 1;
        match self.0 {
            ..=SHOWN_MAX => say(&what()),
            SHOWN_AND_ONE => say("further refused lines are counted, not shown"),
            _ => {}
        }
    }
}
