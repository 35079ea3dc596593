//! What a case of row 16 does: everything but the moments at which its kills strike follows from its number.

use std::time::Duration;

use crate::book::{Book, Slot};
use crate::life::{Event, Load, Moment};
use crate::random::SplitMix64;

const INTERVAL_S: i64 = 60;
/// All samples lie on one grid, so that any of them may be the first that survives.
const BEGIN_S: i64 = 28_333_333 * INTERVAL_S;
const HOSTS: [(&str, &str); 4] = [("alpha", "n1"), ("alpha", "n2"), ("beta", "n1"), ("beta", "n2")];
const LEVELS: [(&str, &str); 2] = [("", ""), (",type=core,type-id=3", "/core3")];
const METRICS: [&str; 2] = ["load", "mem"];

/// A directory, and what its lives have in common.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) policy: &'static str,
    pub(crate) checkpoint_interval: String,
    pub(crate) log_bytes_max: u64,
    /// Threads of a checkpoint and of a start; 0 for as many as there are cores.
    pub(crate) workers: u32,
    /// Lives that are killed, before the one that ends cleanly.
    pub(crate) kills: u64,
    /// On the disk a sync takes milliseconds, so that a kill meets it under way; in memory many more kills are made.
    pub(crate) on_disk: bool,
    random: SplitMix64,
    lines: Lines,
}

/// A sender of lines: time goes on from life to life, and no value comes twice.
#[derive(Debug)]
pub(crate) struct Lines {
    hosts: usize,
    now_s: i64,
    values: u32,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Plan {
        let mut random = SplitMix64::new(seed);
        let policy = ["always", "interval", "never"][usize::try_from(seed % 3).unwrap()];
        // From one that is always under way to none but the last.
        let checkpoint_interval = match random.below(4) {
            0 => "0".to_owned(),
            1 => format!("{}us", 100 + random.below(900)),
            _ => format!("{}ms", 1 + random.below(20)),
        };
        let log_bytes_max = match random.below(4) {
            0 => 0,
            1 => 1 + random.below(400),
            _ => 400 + random.below(8_000),
        };
        let workers = *random.pick(&[0, 1, 3]);
        let kills = 2 + random.below(3);
        let on_disk = random.below(4) == 0;
        let lines = Lines { hosts: 1 + random.index(HOSTS.len()), now_s: BEGIN_S, values: 0 };
        Plan { policy, checkpoint_interval, log_bytes_max, workers, kills, on_disk, random, lines }
    }

    /// What a life is sent. Its book gets the lines, too.
    pub(crate) fn load(&mut self, ends: bool, book: &mut Book) -> Load {
        let random = &mut self.random;
        let window = *random.pick(&[0, 0, 20, 200, u64::MAX]);
        let lines_max = *random.pick(&[1, 10, 60, 300]);
        let mut batches = Vec::new();
        for _ in 0..1 + random.below(60) {
            let lines = 1 + random.below(lines_max);
            batches.push((0..lines).map(|_| self.lines.next(random, book)).collect());
        }
        Load { batches, window, ends }
    }

    /// When a life is killed.
    pub(crate) fn moment(&mut self, load: &mut Load) -> Moment {
        let random = &mut self.random;
        let batches = u64::try_from(load.batches.len()).unwrap();
        let after = match random.below(8) {
            0 => Event::Started,
            1 => Event::InputEnded,
            2 | 3 => Event::Sent(1 + random.below(batches)),
            _ => Event::Acked(1 + random.below(load.lines())),
        };
        load.ends = after == Event::InputEnded;
        // As long as a few steps of a checkpoint take here, or a hundred.
        let longest_us = *random.pick(&[1, 300, 3_000, 15_000]);
        Moment { after, then: Duration::from_micros(random.below(longest_us)) }
    }
}

impl Lines {
    pub(crate) fn of_hosts(hosts: usize) -> Lines {
        Lines { hosts, now_s: BEGIN_S, values: 0 }
    }

    /// The next line: most go on where time is, some are late by up to the whole age, some hit a slot again.
    pub(crate) fn next(&mut self, random: &mut SplitMix64, book: &mut Book) -> String {
        let age = (self.now_s - BEGIN_S) / INTERVAL_S;
        let age = u64::try_from(age).unwrap();
        let back = match random.below(16) {
            0 | 1 => random.below(age + 1),
            // Before the first sample of all.
            2 => age + random.below(200),
            3 | 4 => 0,
            // A day without samples.
            5 if random.below(8) == 0 => {
                self.now_s += 86_400;
                0
            }
            _ => {
                self.now_s += INTERVAL_S * i64::from(random.below(3) == 0);
                0
            }
        };
        let time_s = self.now_s - i64::try_from(back).unwrap() * INTERVAL_S;
        self.values += 1;
        let (cluster, host) = HOSTS[random.index(self.hosts)];
        let ((tags, level), metric) = (*random.pick(&LEVELS), *random.pick(&METRICS));
        let value = exact(self.values);
        let slot: Slot = format!("point\t{cluster}/{host}{level}\t{metric}\t{time_s}");
        book.send(slot, value.to_bits());
        format!("{metric},cluster={cluster},hostname={host}{tags} value={value} {time_s}\n")
    }
}

/// A number as a value, in few digits.
fn exact(number: u32) -> f32 {
    let (high, low) = (u16::try_from(number >> 8).unwrap(), u16::try_from(number & 0xff).unwrap());
    (f32::from(high) * 256.0 + f32::from(low)) / 4.0
}
