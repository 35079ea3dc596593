//! What may happen, and how often.

use treering_tests::{Full, SplitMix64};

const DAY_S: i64 = 24 * 3600;

/// One thing that happens. What it has to choose follows from its own seed, so that others can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Write {
        host: usize,
        when: When,
        count: u64,
        seed: u64,
    },
    Sync,
    Checkpoint,
    Heal,
    Retention,
    /// Seconds go by.
    Advance(u64),
    /// The wall clock of the store's machine is set.
    Clock(Clock),
    Full(Full),
    Space,
    /// The process will die before so many more operations are done.
    DieIn(u64),
    Crash,
    PowerCut {
        kind: usize,
        seed: u64,
    },
    Stop,
    Damage {
        seed: u64,
    },
    /// The next start is with another sync policy.
    Policy(usize),
}

/// The times of the samples of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Now,
    Late,
    LongAgo,
    /// Times that were used before.
    Again,
    Future,
    FarFuture,
}

/// What the wall clock says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// The time, and so many seconds more.
    Off(i64),
    At(i64),
}

impl Clock {
    pub(super) fn wall_s(self, now_s: i64) -> i64 {
        match self {
            Clock::Off(by_s) => now_s + by_s,
            Clock::At(wall_s) => wall_s,
        }
    }
}

/// So many acts; all of them follow from the seed.
pub(super) fn acts(seed: u64, count: usize) -> Vec<Act> {
    let mut random = SplitMix64::new(seed ^ 0x0013);
    (0..count).map(|_| act(&mut random)).collect()
}

fn act(random: &mut SplitMix64) -> Act {
    match random.below(100) {
        0..=44 => Act::Write {
            host: random.index(3),
            when: when(random),
            count: 1 + random.below(5),
            seed: random.next_u64(),
        },
        45..=51 => Act::Sync,
        52..=61 => Act::Checkpoint,
        62..=64 => Act::Heal,
        65..=67 => Act::Retention,
        68..=73 => {
            // Now and then so far that all that is there goes out of retention.
            let end_s = if random.below(5) == 0 { 9 * 3600 } else { 3600 };
            Act::Advance(random.below(end_s))
        }
        74..=76 => Act::Clock(clock(random)),
        77..=79 => Act::Full(match random.below(2) {
            0 => Full::Bytes(*random.pick(&[0, 1, 40, 200, 1000, 5000])),
            _ => Full::Inodes(random.below(3)),
        }),
        80..=82 => Act::Space,
        83..=85 => Act::DieIn(random.below(40)),
        86..=88 => Act::Crash,
        89..=92 => Act::PowerCut { kind: random.index(4), seed: random.next_u64() },
        93..=95 => Act::Stop,
        96..=97 => Act::Damage { seed: random.next_u64() },
        _ => Act::Policy(random.index(8)),
    }
}

fn when(random: &mut SplitMix64) -> When {
    match random.below(20) {
        0..=8 => When::Now,
        9..=13 => When::Late,
        14 => When::LongAgo,
        15..=17 => When::Again,
        18 => When::Future,
        _ => When::FarFuture,
    }
}

fn clock(random: &mut SplitMix64) -> Clock {
    match random.below(10) {
        0..=4 => Clock::Off(0),
        5 => Clock::Off(-1),
        6 => Clock::Off(-DAY_S),
        7 => Clock::At(0),
        8 => Clock::At(i64::from(i32::MAX)),
        _ => Clock::Off(10 * 365 * DAY_S),
    }
}
