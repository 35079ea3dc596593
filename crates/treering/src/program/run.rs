//! `treering run`: the store, its sources, and what it tells while it runs.

mod acks;
mod collect;
mod input;
mod status;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel as channel;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use treering::intake::Counts;
use treering_persist::{LockError, OpenError, Options, OsStorage, Store, Worker};
use treering_snapshot::Format;

use super::cli::RunArgs;
use super::exit::{Failure, Outcome};
use super::{say, settings};

use acks::Acks;
use status::{Spinner, StatusLine};

/// How often acknowledgements that wait and the status are looked after.
const TICK: Duration = Duration::from_millis(500);

/// What ends the run, or has to be told.
enum Event {
    /// The input was read to its end.
    InputEnded,
    /// The input could not be read on.
    InputFailed(io::Error),
    /// A signal asks to stop.
    Signal,
}

/// Runs until the input ends, a signal comes, or the time is up; then stops cleanly.
pub(crate) fn run(args: &RunArgs) -> Result<Outcome, Failure> {
    let (options, formats) = settings::for_run(args)?;
    let input = args.input.as_deref().map(input::open).transpose()?;
    let (events, happened) = channel::unbounded();
    watch_signals(events.clone())?;
    let store = Arc::new(open(options, formats)?);
    let worker = Worker::start(Arc::clone(&store))
        .map_err(|error| Failure::new(Outcome::Unfinished, format!("cannot start a thread: {error}")))?;
    let acks = Arc::new(Acks::new(args.acks));
    let counts = Arc::new(Counts::default());
    if args.collect || input.is_none() {
        collect::start(Arc::clone(&store), Arc::clone(&counts))?;
    }
    if let Some(input) = input {
        input::start(input, Arc::clone(&store), Arc::clone(&acks), Arc::clone(&counts), events)?;
    }
    let deadline =
        args.stop_after.and_then(treering::duration::GoDuration::to_std).map(|time| Instant::now() + time);
    let end = wait(&store, &acks, &counts, deadline, &happened);
    drop(worker);
    stop(&store, &acks, &counts, &end)
}

fn open(options: Options, formats: Vec<Box<dyn Format>>) -> Result<Store, Failure> {
    let root = options.root.clone();
    let spinner = Spinner::start(format!("reading {}", root.display()));
    let opened = Store::open(Arc::new(OsStorage::new()), options, formats);
    spinner.finish();
    let (store, report) = opened.map_err(|error| match &error {
        OpenError::Lock { source: LockError::Held { .. }, .. } => Failure::because(Outcome::Refused, &error)
            .hint("stop that process first, or give another directory with --dir"),
        OpenError::Metrics(_) => Failure::because(Outcome::Usage, &error),
        _ => Failure::because(Outcome::Unfinished, &error).hint("give another directory with --dir"),
    })?;
    for line in status::recovery(&root, &report, &store.status()) {
        say(&line);
    }
    Ok(store)
}

fn wait(
    store: &Store,
    acks: &Acks,
    counts: &Counts,
    deadline: Option<Instant>,
    happened: &channel::Receiver<Event>,
) -> Option<Event> {
    let mut status = StatusLine::new();
    let mut alive = true;
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            status.finish();
            return None;
        }
        let tick = left.map_or(TICK, |left| left.min(TICK));
        match if alive { happened.recv_timeout(tick) } else { Err(wait_only(tick)) } {
            Ok(event) => {
                status.finish();
                return Some(event);
            }
            Err(channel::RecvTimeoutError::Disconnected) => alive = false,
            Err(channel::RecvTimeoutError::Timeout) => {}
        }
        acks.retry(store);
        status.show(store, counts);
    }
}

fn wait_only(tick: Duration) -> channel::RecvTimeoutError {
    std::thread::sleep(tick);
    channel::RecvTimeoutError::Timeout
}

fn stop(store: &Store, acks: &Acks, counts: &Counts, end: &Option<Event>) -> Result<Outcome, Failure> {
    let spinner = Spinner::start("writing the last checkpoint".to_owned());
    let report = store.close();
    spinner.finish();
    for line in status::stopped(&report, counts) {
        say(&line);
    }
    if !report.failed.is_empty() {
        return Err(Failure::new(
            Outcome::Unfinished,
            format!("{} could not be checkpointed", super::words::count_len(report.failed.len(), "host")),
        )
        .hint("their logs are kept: the next start reads them back"));
    }
    acks.all_safe();
    match end {
        Some(Event::InputFailed(error)) => {
            Err(Failure::new(Outcome::Unfinished, format!("cannot read the input on: {error}"))
                .hint("what was read until then is stored"))
        }
        _ => Ok(Outcome::Done),
    }
}

fn watch_signals(events: channel::Sender<Event>) -> Result<(), Failure> {
    let failed =
        |error: io::Error| Failure::new(Outcome::Unfinished, format!("cannot watch for signals: {error}"));
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
    let watch = move || {
        let mut asked = false;
        for signal in &mut signals {
            if asked {
                // Whoever asks twice does not want to wait. Nothing acknowledged is lost: the logs are there.
                say("stopping without a last checkpoint");
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
            asked = true;
            let _ = events.send(Event::Signal);
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(watch).map_err(failed)?;
    Ok(())
}
