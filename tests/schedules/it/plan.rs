//! What writers will write, drawn before they start.

use treering_tests::SplitMix64;

/// The interval of all series.
const INTERVAL_S: i64 = 60;
/// Times of writers begin so long ago: none is in the future.
const BEGIN_AGO_S: i64 = 3600;
/// Late samples begin so much earlier: before what is in the first snapshot, and within the retention.
const LATE_S: i64 = 4 * 3600;

/// The series of every host: levels below it, and the metric.
pub(crate) const SERIES: [(&[&str], &str); 2] = [(&[], "load"), (&["socket0"], "mem")];

/// Samples of one host in one call: series by their place in [`SERIES`], and times in Unix seconds.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) host: usize,
    pub(crate) samples: Vec<(usize, i64)>,
}

/// Whose slots are whose: of so many writers each has every so manieth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    pub(crate) writer: u64,
    pub(crate) writers: u64,
}

/// How much a writer writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) hosts: usize,
    pub(crate) batches: u64,
    /// Samples of a batch, at most.
    pub(crate) samples_max: u64,
}

/// The batches of a writer: new slots, late ones, and some of his own again.
pub(crate) fn plan(random: &mut SplitMix64, now_s: i64, share: Share, size: Size) -> Vec<Batch> {
    let mut used = 0;
    let mut times: Vec<i64> = Vec::new();
    let mut batches = Vec::new();
    for _ in 0..size.batches {
        let host = draw(random, size.hosts);
        let mut samples = Vec::new();
        for _ in 0..1 + random.below(size.samples_max) {
            let time_s = match random.below(4) {
                0 if !times.is_empty() => times[draw(random, times.len())],
                kind => {
                    used += 1;
                    let late_s = if kind == 1 { LATE_S } else { 0 };
                    let slot = i64::try_from(used * share.writers + share.writer).unwrap();
                    now_s - BEGIN_AGO_S - late_s + slot * INTERVAL_S
                }
            };
            times.push(time_s);
            samples.push((draw(random, SERIES.len()), time_s));
        }
        batches.push(Batch { host, samples });
    }
    batches
}

/// A number from 0 up to but not including `end`.
pub(crate) fn draw(random: &mut SplitMix64, end: usize) -> usize {
    usize::try_from(random.below(u64::try_from(end).unwrap())).unwrap()
}
