//! What can go wrong, and the plan that says at which operation it does.

use std::error::Error;
use std::fmt;
use std::io;

/// An operation of the medium, named like the method that does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the method of `Storage` or `StorageFile` of that name")]
pub enum Operation {
    Open,
    Create,
    Rename,
    Unlink,
    List,
    MakeDir,
    SyncDir,
    SyncFileSystem,
    Lock,
    Append,
    ReadAt,
    LenBytes,
    Truncate,
    Sync,
}

/// The error of every operation after the process has died; found by [`Died::is`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Died;

/// An error number of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Errno {
    /// The medium failed.
    Eio,
    /// No space, or no inode.
    Enospc,
    /// Too many open files.
    Emfile,
    /// No permission.
    Eacces,
    /// Mounted for reading only.
    Erofs,
    /// Interrupted by a signal before anything was done.
    Eintr,
}

/// What goes wrong with an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It fails and has done nothing. A sync that fails so leaves everything as unsynced as it was.
    Error(Errno),
    /// An append or a read takes fewer bytes than it could. Other operations are not affected.
    Short(Short),
    /// A sync fails with `EIO`, and what it should have made durable never will be: memory still shows it and
    /// counts as clean. Other operations are not affected.
    SyncDrops,
    /// Just before it the kernel has tried to write all files back and failed: what was unsynced of their content never
    /// reaches the medium, memory still shows it, and the next sync of each descriptor says so once. The operation
    /// itself goes well, unless it is such a sync.
    WriteBackFails,
}

/// How many bytes an append or a read takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Short {
    /// At most so many.
    Bytes(usize),
    /// Half of what was asked for, rounded down.
    Half,
    /// All but the last.
    AllButOne,
}

/// One thing that goes wrong, and when: of the operations that it is about, some pass first, then some are
/// hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    fault: Fault,
    skip: u64,
    times: u64,
    operation: Option<Operation>,
    fragment: Option<String>,
}

/// The plan: every rule counts every operation that it is about, and the first that is due strikes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    rules: Vec<Rule>,
}

/// What is left of a fault for the operation itself to carry out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Effect {
    None,
    Short(Short),
    SyncDrops,
}

impl Operation {
    /// All of them.
    pub const ALL: [Operation; 14] = [
        Operation::Open,
        Operation::Create,
        Operation::Rename,
        Operation::Unlink,
        Operation::List,
        Operation::MakeDir,
        Operation::SyncDir,
        Operation::SyncFileSystem,
        Operation::Lock,
        Operation::Append,
        Operation::ReadAt,
        Operation::LenBytes,
        Operation::Truncate,
        Operation::Sync,
    ];
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Open => "open",
            Operation::Create => "create",
            Operation::Rename => "rename",
            Operation::Unlink => "unlink",
            Operation::List => "list",
            Operation::MakeDir => "make_dir",
            Operation::SyncDir => "sync_dir",
            Operation::SyncFileSystem => "sync_file_system",
            Operation::Lock => "lock",
            Operation::Append => "append",
            Operation::ReadAt => "read_at",
            Operation::LenBytes => "len_bytes",
            Operation::Truncate => "truncate",
            Operation::Sync => "sync",
        })
    }
}

impl Died {
    /// Whether an error is this one, at the end of its chain of sources or before.
    #[must_use]
    pub fn is(error: &(dyn Error + 'static)) -> bool {
        let mut next = Some(error);
        while let Some(error) = next {
            let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            if error.is::<Died>() || inside.is_some_and(|inside| Died::is(inside)) {
                return true;
            }
            next = error.source();
        }
        false
    }

    pub(super) fn error() -> io::Error {
        io::Error::other(Died)
    }
}

impl fmt::Display for Died {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the process died")
    }
}

impl Error for Died {}

impl Errno {
    /// All of them.
    pub const ALL: [Errno; 6] =
        [Errno::Eio, Errno::Enospc, Errno::Emfile, Errno::Eacces, Errno::Erofs, Errno::Eintr];

    /// As the system would report it. The numbers are the same on Linux, macOS and the BSDs.
    #[must_use]
    pub fn error(self) -> io::Error {
        io::Error::from_raw_os_error(match self {
            Errno::Eio => 5,
            Errno::Enospc => 28,
            Errno::Emfile => 24,
            Errno::Eacces => 13,
            Errno::Erofs => 30,
            Errno::Eintr => 4,
        })
    }
}

impl Short {
    /// How many of `len` bytes.
    #[must_use]
    pub fn of(self, len: usize) -> usize {
        match self {
            Short::Bytes(bytes) => bytes.min(len),
            Short::Half => len / 2,
            Short::AllButOne => len.saturating_sub(1),
        }
    }
}

impl Rule {
    /// Operation number `k`, counted from 0, is hit.
    #[must_use]
    pub fn once(k: u64, fault: Fault) -> Rule {
        Rule { times: 1, ..Rule::from(k, fault) }
    }

    /// Operation number `k`, counted from 0, and all after it are hit.
    #[must_use]
    pub fn from(k: u64, fault: Fault) -> Rule {
        Rule { fault, skip: k, times: u64::MAX, operation: None, fragment: None }
    }

    /// At most so many are hit.
    #[must_use]
    pub fn times(self, times: u64) -> Rule {
        Rule { times, ..self }
    }

    /// So many that it is about pass first.
    #[must_use]
    pub fn after(self, skip: u64) -> Rule {
        Rule { skip, ..self }
    }

    /// It is only about operations of this kind, and only those count.
    #[must_use]
    pub fn on(self, operation: Operation) -> Rule {
        Rule { operation: Some(operation), ..self }
    }

    /// It is only about operations whose line in the trace has `fragment` behind the method's name, and only
    /// those count.
    #[must_use]
    pub fn path(self, fragment: impl Into<String>) -> Rule {
        Rule { fragment: Some(fragment.into()), ..self }
    }

    fn is_about(&self, operation: Operation, what: &str) -> bool {
        self.operation.is_none_or(|wanted| wanted == operation)
            && self.fragment.as_ref().is_none_or(|fragment| what.contains(fragment))
    }

    /// Counts one operation that it is about; whether that one is hit.
    fn strikes(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        let strikes = self.times > 0;
        self.times = self.times.saturating_sub(1);
        strikes
    }
}

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub fn none() -> Faults {
        Faults::default()
    }

    /// Adds a rule behind those that are there.
    #[must_use]
    pub fn with(mut self, rule: Rule) -> Faults {
        self.rules.push(rule);
        self
    }

    pub(super) fn consult(&mut self, operation: Operation, what: &str) -> Option<Fault> {
        let mut due = None;
        for rule in self.rules.iter_mut().filter(|rule| rule.is_about(operation, what)) {
            if rule.strikes() {
                due = due.or(Some(rule.fault));
            }
        }
        due
    }
}

impl From<Rule> for Faults {
    fn from(rule: Rule) -> Self {
        Faults::none().with(rule)
    }
}

/// A short name of an error for the trace.
pub(super) fn name(error: &io::Error) -> String {
    let number = error.raw_os_error();
    let errno =
        Errno::ALL.into_iter().find(|errno| number.is_some() && errno.error().raw_os_error() == number);
    errno.map_or_else(|| format!("{:?}", error.kind()), |errno| format!("{errno:?}").to_uppercase())
}
