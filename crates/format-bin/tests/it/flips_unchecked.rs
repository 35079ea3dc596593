//! One bit of a file of the reference's is wrong. No checksum notices it, so this says what it can do at most.

use treering_format_bin::BinFormat;
use treering_snapshot::{
    Damage, DamageKind, DecodeError, Decoded, Format, Head, Limits, Part, Scratch, Sink, Stop, Take,
};

use crate::build::{Path, Row, rows};
use crate::fixtures::fixture;
use crate::layout::{Field, Layout};

/// The longest file has 21,927 bytes.
const FILES: [&str; 7] = [
    "store/alpha/n000/1700000000.bin",
    "names/0.bin",
    "depth/1700000000.bin",
    "values/1700000000.bin",
    "empty/1700000000.bin",
    "empty/1700003600.bin",
    "empty/1700007200.bin",
];

/// What a flipped bit has changed.
struct Flip<'a> {
    at: usize,
    bit: usize,
    rows: &'a [Row],
    decoded: Decoded,
    damage: Vec<Damage>,
    /// Indices of columns that did not arrive as they were.
    lost: Vec<usize>,
    /// Columns that arrived and were never written.
    others: Vec<Row>,
}

/// Tells columns that arrive as they were from others.
struct Changes<'a> {
    rows: &'a [Row],
    next: usize,
    path: Path,
    lost: Vec<usize>,
    others: Vec<Row>,
}

impl Sink for Changes<'_> {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let values = match values {
            [Part::LittleEndian(bytes)] => bytes,
            _ => &[][..],
        };
        let Head { metric, interval_s, start_s, .. } = head;
        let is = |row: &Row| {
            (row.interval_s, row.start_s) == (interval_s, start_s)
                && row.metric == metric
                && row.values == values
                && row.path == self.path.text
        };
        match self.rows[self.next..].iter().position(is) {
            Some(skipped) => {
                self.lost.extend(self.next..self.next + skipped);
                self.next += skipped + 1;
            }
            None => self.others.push(Row {
                path: self.path.text.clone(),
                metric: metric.to_owned(),
                interval_s,
                start_s,
                values: values.to_vec(),
            }),
        }
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        self.path.enter(level);
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.path.leave();
        Ok(())
    }
}

/// Flips that hit a count or a length.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    lengths: usize,
    /// Those after which the file passes for a sound one.
    unnoticed: usize,
    /// Those after which a column arrives that was never written, noticed or not.
    inventing: usize,
}

/// Every bit of seven files.
#[test]
fn matrix_09_flipped_bit_of_a_file_of_the_reference_changes_what_it_belongs_to() {
    let mut tally = Tally::default();
    let mut flips = 0;
    for name in FILES {
        let (_, mut bytes, _) = fixture(name);
        flips += bytes.len() * 8;
        let (layout, rows) = (Layout::of(&bytes), rows(&bytes));
        let mut scratch = Scratch::new();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                bytes[at] ^= 1 << bit;
                let path = Path::default();
                let mut sink = Changes { rows: &rows, next: 0, path, lost: Vec::new(), others: Vec::new() };
                let mut damage = Vec::new();
                let report = &mut |found| damage.push(found);
                let decoded =
                    BinFormat.decode(&mut bytes, &mut scratch, &Limits::default(), &mut sink, report);
                bytes[at] ^= 1 << bit;
                assert_eq!(sink.path, Path::default(), "{name}: bit {bit} of {at}: levels do not balance");
                let Changes { next, mut lost, others, .. } = sink;
                lost.extend(next..rows.len());
                let flip = Flip { at, bit, rows: &rows, decoded, damage, lost, others };
                assert!(flip.fits(&layout, &mut tally), "{name}: bit {bit} of {at}: {}", flip.text());
            }
        }
    }
    println!("{tally:?}");
    println!("faults: row 9 from 0 cases {flips} tried {flips} failures 0");
    assert_eq!(tally, Tally { lengths: 10_496, unnoticed: 3, inventing: 53 });
}

impl Flip<'_> {
    fn text(&self) -> String {
        let Self { decoded, damage, lost, others, .. } = self;
        format!("{decoded:?} {damage:?}, lost {lost:?}, others {others:?}")
    }

    fn is_unnoticed(&self) -> bool {
        self.decoded.end.is_ok() && self.damage.is_empty()
    }

    fn fits(&self, layout: &Layout, tally: &mut Tally) -> bool {
        match layout.field_of(self.at) {
            Field::Magic => {
                self.others.is_empty()
                    && self.lost.len() == self.rows.len()
                    && self.decoded.meta.is_none()
                    && matches!(self.decoded.end, Err(DecodeError::Magic { offset: 0, .. }))
            }
            Field::Window => {
                self.is_unnoticed()
                    && self.lost.is_empty()
                    && self.others.is_empty()
                    && self.decoded.meta.is_some()
            }
            Field::Values(column) => {
                let offset = layout.columns[*column].end - self.at;
                self.only(*column, |row| {
                    let at = row.values.len() - offset;
                    row.values[at] ^= 1 << self.bit;
                })
            }
            Field::Times(column) => self.only(*column, |row| {
                let at = self.at + 20 + row.values.len() - layout.columns[*column].end;
                let flipped = |time: i64, byte: usize| time ^ 1 << (8 * byte + self.bit);
                match at {
                    0..8 => row.interval_s = flipped(row.interval_s, at),
                    _ => row.start_s = flipped(row.start_s, at - 8),
                }
            }),
            Field::Metric(column) => self.fits_metric(*column),
            Field::LevelName(columns) => self.fits_level(columns),
            Field::ChildCount => {
                // Levels lie somewhere else in the tree, or are not reached: noticed in any case.
                self.others.iter().all(|other| self.is_moved(other)) && self.decoded.end.is_err()
            }
            Field::Length => {
                tally.lengths += 1;
                tally.unnoticed += usize::from(self.is_unnoticed());
                tally.inventing += usize::from(!self.others.is_empty());
                self.fits_length(layout)
            }
        }
    }

    /// This column is as it was but for the change; nothing notices it, and nothing else has changed.
    fn only(&self, column: usize, change: impl Fn(&mut Row)) -> bool {
        let mut changed = self.rows[column].clone();
        change(&mut changed);
        self.is_unnoticed() && self.lost == [column] && self.others == [changed]
    }

    /// The column has another name. If that is the name of one beside it, the last one of the two counts.
    fn fits_metric(&self, column: usize) -> bool {
        let renamed = |other: &Row| {
            let row = &self.rows[column];
            let (a, b) =
                ((other.interval_s, other.start_s, &other.path), (row.interval_s, row.start_s, &row.path));
            a == b && other.values == row.values && other.metric != row.metric
        };
        let beside = |lost: &usize| *lost == column || self.rows[*lost].path == self.rows[column].path;
        match &self.damage[..] {
            [] => self.lost == [column] && matches!(&self.others[..], [other] if renamed(other)),
            [Damage { kind: DamageKind::ColumnUnusable { .. }, .. }] => {
                self.lost.len() <= 2 && self.lost.iter().all(beside) && self.others.iter().all(renamed)
            }
            _ => false,
        }
    }

    /// The level has another name. If that is the name of one beside it, the last one of the two counts.
    fn fits_level(&self, columns: &std::ops::Range<usize>) -> bool {
        let below = |other: &Row| {
            self.rows[columns.clone()].iter().any(|row| {
                (row.interval_s, row.start_s, &row.metric) == (other.interval_s, other.start_s, &other.metric)
                    && row.values == other.values
                    && row.path != other.path
            })
        };
        let all = self.lost.iter().copied().eq(columns.clone()) && self.others.len() == columns.len();
        let twice = matches!(&self.damage[..], [Damage { kind: DamageKind::LevelUnusable { .. }, .. }]);
        self.decoded.end.is_ok()
            && self.others.iter().all(below)
            && if self.damage.is_empty() { all } else { twice }
    }

    /// A column that was written, at another path.
    fn is_moved(&self, other: &Row) -> bool {
        let same = |row: &Row| Row { path: other.path.clone(), ..row.clone() } == *other;
        self.rows.iter().any(same)
    }

    /// What ends before the length arrives, but for one column: it may be that one's length that is wrong.
    fn fits_length(&self, layout: &Layout) -> bool {
        let sound = layout.columns_before(self.at).saturating_sub(1);
        let told = match &self.decoded.end {
            Ok(()) => true,
            Err(error) => error.offset().is_some_and(|offset| offset as usize + 2 >= self.at),
        };
        told && self.others.len() <= 2 && self.lost.first().is_none_or(|lost| *lost >= sound)
    }
}
