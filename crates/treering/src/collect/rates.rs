//! From one reading and the one before to values.

use std::collections::BTreeMap;

use super::Measured;
use super::counters::{Counters, Ticks};

/// Hands out what `now` says, and what changed since `before`, `elapsed_s` seconds earlier.
pub(super) fn measure(before: Option<(&Counters, f64)>, now: &Counters, each: &mut dyn FnMut(Measured<'_>)) {
    let mut host = |metric, value| each(Measured { level: None, metric, value });
    if let Some(load) = now.load {
        host("cpu_load", load);
    }
    if let Some(memory) = now.memory {
        host("mem_total", to_f32(memory.total_bytes as f64));
        host("mem_free", to_f32(memory.free_bytes as f64));
        host("mem_used", to_f32(memory.used_bytes as f64));
    }
    let Some((before, elapsed_s)) = before else { return };
    if elapsed_s > 0.0 {
        let mut rate = |metrics: [&'static str; 2], before: &Option<_>, now: &Option<_>| {
            if let (Some(before), Some(now)) = (before, now) {
                for (side, metric) in metrics.into_iter().enumerate() {
                    if let Some(bytes) = growth(before, now, side) {
                        host(metric, to_f32(bytes as f64 / elapsed_s));
                    }
                }
            }
        };
        rate(["net_bytes_in", "net_bytes_out"], &before.network, &now.network);
        rate(["disk_bytes_read", "disk_bytes_written"], &before.disks, &now.disks);
    }
    if let (Some(before), Some(now)) = (&before.threads, &now.threads) {
        for (number, ticks) in now {
            let shares = before.get(number).and_then(|before| shares(before, ticks));
            let Some(shares) = shares else { continue };
            let level = format!("hwthread{number}");
            for (metric, value) in ["cpu_user", "cpu_system", "cpu_idle"].into_iter().zip(shares) {
                each(Measured { level: Some(&level), metric, value });
            }
        }
    }
}

/// How much the counters of one side grew together, of those that both readings have. `None` if there is none, or if one
/// of them went back.
fn growth(before: &BTreeMap<String, [u64; 2]>, now: &BTreeMap<String, [u64; 2]>, side: usize) -> Option<u64> {
    let mut total = None;
    for (name, counters) in now {
        if let Some(earlier) = before.get(name) {
            let grown = counters[side].checked_sub(earlier[side])?;
            total = Some(total.unwrap_or(0u64).saturating_add(grown));
        }
    }
    total
}

/// User, system and idle in percent of all ticks. `None` if there were none, or if one of the counters went back.
fn shares(before: &Ticks, now: &Ticks) -> Option<[f32; 3]> {
    let user = now.user.checked_sub(before.user)?;
    let system = now.system.checked_sub(before.system)?;
    let idle = now.idle.checked_sub(before.idle)?;
    let stolen = now.stolen.checked_sub(before.stolen)?;
    let total = user as f64 + system as f64 + idle as f64 + stolen as f64;
    (total > 0.0).then(|| [user, system, idle].map(|ticks| to_f32(100.0 * ticks as f64 / total)))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a sample is the nearest f32; no counter exceeds its range"
)]
fn to_f32(wide: f64) -> f32 {
    wide as f32
}

#[cfg(test)]
mod tests {
    use super::super::counters::Memory;
    use super::*;

    fn measured(before: Option<(&Counters, f64)>, now: &Counters) -> Vec<(String, &'static str, f32)> {
        let mut all = Vec::new();
        measure(before, now, &mut |m| all.push((m.level.unwrap_or_default().to_owned(), m.metric, m.value)));
        all
    }

    fn bytes(counters: &[(&str, [u64; 2])]) -> Option<BTreeMap<String, [u64; 2]>> {
        Some(counters.iter().map(|(name, sides)| ((*name).to_owned(), *sides)).collect())
    }

    fn ticks(user: u64, system: u64, idle: u64, stolen: u64) -> Ticks {
        Ticks { user, system, idle, stolen }
    }

    fn network(
        before: &[(&str, [u64; 2])],
        now: &[(&str, [u64; 2])],
        elapsed_s: f64,
    ) -> Vec<(String, &'static str, f32)> {
        let before = Counters { network: bytes(before), ..Counters::default() };
        measured(Some((&before, elapsed_s)), &Counters { network: bytes(now), ..Counters::default() })
    }

    fn thread(before: Ticks, now: Ticks) -> Vec<(String, &'static str, f32)> {
        let counters = |ticks| Counters { threads: Some([(3, ticks)].into()), ..Counters::default() };
        measured(Some((&counters(before), 1.0)), &counters(now))
    }

    #[test]
    fn the_first_reading_gives_levels_and_no_rates() {
        let now = Counters {
            load: Some(0.5),
            memory: Some(Memory { total_bytes: 1024, free_bytes: 256, used_bytes: 512 }),
            network: bytes(&[("eth0", [1, 2])]),
            disks: bytes(&[("sda", [1, 2])]),
            threads: Some([(0, ticks(1, 2, 3, 4))].into()),
        };
        let host = |metric, value| (String::new(), metric, value);
        let expected = [
            host("cpu_load", 0.5),
            host("mem_total", 1024.0),
            host("mem_free", 256.0),
            host("mem_used", 512.0),
        ];
        assert_eq!(measured(None, &now), expected);
    }

    #[test]
    fn rates_are_per_second_over_all_interfaces_and_disks() {
        let before = [("eth0", [100, 1000]), ("eth1", [7, 7])];
        let now = [("eth0", [300, 1000]), ("eth1", [107, 8])];
        let host = |metric, value| (String::new(), metric, value);
        assert_eq!(network(&before, &now, 2.0), [host("net_bytes_in", 150.0), host("net_bytes_out", 0.5)]);

        let counters = |disks| Counters { disks: bytes(disks), ..Counters::default() };
        let disks = measured(Some((&counters(&[("sda", [0, 512])]), 0.5)), &counters(&[("sda", [512, 512])]));
        assert_eq!(disks, [host("disk_bytes_read", 1024.0), host("disk_bytes_written", 0.0)]);
    }

    #[test]
    fn a_counter_that_went_back_gives_no_rate() {
        let out =
            network(&[("eth0", [100, 1]), ("eth1", [1, 1])], &[("eth0", [99, 3]), ("eth1", [9, 1])], 1.0);
        assert_eq!(out, [(String::new(), "net_bytes_out", 2.0)]);
        assert_eq!(thread(ticks(5, 5, 5, 5), ticks(6, 6, 4, 6)), []);
    }

    #[test]
    fn only_what_both_readings_have_counts() {
        let out = network(
            &[("gone", [500, 500]), ("eth0", [1, 1])],
            &[("eth0", [2, 3]), ("new", [9999, 9999])],
            1.0,
        );
        assert_eq!(out, [(String::new(), "net_bytes_in", 1.0), (String::new(), "net_bytes_out", 2.0)]);
        assert_eq!(network(&[("a", [1, 1])], &[("b", [2, 2])], 1.0), []);
    }

    #[test]
    fn no_time_between_two_readings_gives_no_rate() {
        assert_eq!(network(&[("eth0", [1, 1])], &[("eth0", [2, 2])], 0.0), []);
        assert_eq!(thread(ticks(1, 1, 1, 1), ticks(1, 1, 1, 1)), []);
    }

    #[test]
    fn shares_are_percent_of_all_ticks_at_the_threads_level() {
        let level = |metric, value| ("hwthread3".to_owned(), metric, value);
        let expected = [level("cpu_user", 50.0), level("cpu_system", 25.0), level("cpu_idle", 15.0)];
        assert_eq!(thread(ticks(100, 100, 100, 100), ticks(150, 125, 115, 110)), expected);
    }
}
