//! Do a host's snapshots follow each other, and what of its log do they hold?

use std::path::{Path, PathBuf};

use super::finding::{Finding, Findings};

/// What a host's snapshots say of its log, in the order of their stems.
#[derive(Default)]
pub(super) struct Chain {
    links: Vec<Link>,
    /// Stems of snapshots that are damaged or were set aside: they are known not to say anything.
    broken: Vec<i64>,
}

struct Link {
    stem: i64,
    path: PathBuf,
    covers: u64,
    previous: u64,
}

impl Chain {
    /// A snapshot of this host. One that covers nothing was written beside another, or was the reference's.
    pub(super) fn push(&mut self, stem: i64, path: &Path, covers: u64, previous: u64) {
        if covers > 0 {
            self.links.push(Link { stem, path: path.to_owned(), covers, previous });
        }
    }

    pub(super) fn push_broken(&mut self, stem: i64) {
        self.broken.push(stem);
    }

    /// All segments up to this generation are in snapshots.
    pub(super) fn covers(&self) -> u64 {
        self.links.iter().map(|link| link.covers).max().unwrap_or(0)
    }

    /// Retention removes the oldest snapshots, so that only a hole in the middle says something.
    pub(super) fn check(&self, findings: &mut Findings) {
        for pair in self.links.windows(2) {
            let [older, newer] = pair else { continue };
            let explained = self.broken.iter().any(|stem| (older.stem..newer.stem).contains(stem));
            let (covers, previous) = (older.covers, newer.previous);
            if previous > covers && !explained {
                findings.about(&newer.path);
                let what = format!(
                    "the snapshot before it covered the log up to {previous}, {} covers it up to {covers}: one between them is missing",
                    older.path.file_name().unwrap_or_default().display()
                );
                findings.add(
                    Finding::note("chain-hole", what)
                        .lost("what the missing snapshot held: the log of it was dropped when it was written")
                        .advice("put it back if it was moved away; a backup may have it"),
                );
            } else if newer.covers < covers {
                findings.about(&newer.path);
                let what = format!(
                    "covers the log up to {}, {} before it up to {covers}",
                    newer.covers,
                    older.path.file_name().unwrap_or_default().display()
                );
                findings.add(
                    Finding::note("chain-order", what)
                        .advice("look whether the files were renamed or come from two stores: newer values have the higher number"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(links: &[(u64, u64)], broken: &[i64]) -> Vec<String> {
        let mut chain = Chain::default();
        for (stem, (covers, previous)) in (0..).step_by(10).zip(links) {
            chain.push(stem, &PathBuf::from(format!("{stem}.bin")), *covers, *previous);
        }
        broken.iter().for_each(|stem| chain.push_broken(*stem));
        let mut findings = Findings::default();
        chain.check(&mut findings);
        findings
            .finish()
            .0
            .into_iter()
            .map(|finding| format!("{} {}", finding.file.display(), finding.rule))
            .collect()
    }

    #[test]
    fn only_a_hole_in_the_middle_is_told() {
        assert!(rules(&[(3, 2), (5, 3), (5, 5), (6, 5)], &[]).is_empty());
        assert_eq!(rules(&[(3, 2), (6, 5), (7, 6)], &[]), ["10.bin chain-hole"]);
        // Late samples make files that cover nothing.
        assert!(rules(&[(3, 2), (0, 3), (0, 0), (5, 3)], &[]).is_empty());
    }

    #[test]
    fn a_damaged_file_explains_a_hole() {
        assert!(rules(&[(3, 2), (6, 5)], &[4]).is_empty());
        assert_eq!(rules(&[(3, 2), (6, 5)], &[12]), ["10.bin chain-hole"]);
    }

    #[test]
    fn files_of_two_stores_are_out_of_order() {
        assert_eq!(rules(&[(30, 29), (2, 1)], &[]), ["10.bin chain-order"]);
    }
}
