//! One bit of a file of the reference's is wrong. No checksum notices it, so this says what it can do at most.

use treering_format_json::JsonFormat;
use treering_snapshot::{
    Damage, DecodeError, Decoded, Document, Encoder, Format, Head, Limits, Part, Scratch, Sink, Stop, Take,
};

use crate::build::{Path, Row, decode, document, encode_as, rows};
use crate::fixtures::fixture;
use crate::layout::{Field, Layout};

const LEN_BYTES: usize = 16 << 10;

const STORED: &str = "store/alpha/n000/1700003600.json";

const SHORT: [&str; 7] = [
    "names/0.json",
    "depth/1700000000.json",
    "values/1700000000.json",
    "empty/1700000000.json",
    "empty/1700003600.json",
    "empty/1700007200.json",
    "damaged/unknown-keys.json",
];

/// What a flipped bit has changed.
struct Flip<'a> {
    at: usize,
    rows: &'a [Row],
    layout: &'a Layout,
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
        match self.rows[self.next..].iter().position(|row| row.is(&self.path, head, values)) {
            Some(skipped) => {
                self.lost.extend(self.next..self.next + skipped);
                self.next += skipped + 1;
            }
            None => self.others.push(Row::of(&self.path, head, values)),
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

/// Passes on all but some children of the root.
struct Fewer<'a> {
    encoder: &'a mut dyn Encoder,
    children: usize,
    depth: usize,
}

impl Sink for Fewer<'_> {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        self.encoder.column(head, values)
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        if self.depth == 0 {
            let Some(fewer) = self.children.checked_sub(1) else {
                return Ok(Take::Skip);
            };
            self.children = fewer;
        }
        self.depth += 1;
        self.encoder.enter(level)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.depth -= 1;
        self.encoder.leave()
    }
}

/// A file of the reference's with so many of its children left out that it is of this length.
///
/// What is left is the reference's text: with all children it is its file, byte by byte.
fn shortened(len_bytes: usize) -> Vec<u8> {
    let (_, bytes, _) = fixture(STORED);
    let meta = decode(&bytes, &mut Document::new()).0.meta.unwrap();
    let whole = document(&bytes);
    assert_eq!(encode_as(JsonFormat::one_decimal(), &whole, &meta).0, bytes);
    let with = |children| {
        let mut out = Vec::new();
        let mut encoder = JsonFormat::one_decimal().encoder(&mut out);
        whole.emit(&mut Fewer { encoder: &mut *encoder, children, depth: 0 }).unwrap();
        encoder.finish(&meta).unwrap();
        out
    };
    (0..).map(with).find(|text| text.len() >= len_bytes).unwrap()
}

/// Every bit of 16 KiB and of seven short files.
#[test]
fn matrix_09_flipped_bit_of_a_file_of_the_reference_changes_what_it_belongs_to() {
    let text = shortened(LEN_BYTES);
    assert!(text.len() < LEN_BYTES * 9 / 8 && rows(&text).len() > 30, "{}", text.len());
    let (mut flips, mut unnoticed) = flip_all(STORED, text);
    for name in SHORT {
        let found = flip_all(name, fixture(name).1);
        (flips, unnoticed) = (flips + found.0, unnoticed + found.1);
    }
    println!("{unnoticed} of {flips} flips leave a file that looks sound");
    println!("faults: row 9 from 0 cases {flips} tried {flips} failures 0");
    assert_eq!((flips, unnoticed), (204_352, 78_579));
}

fn flip_all(name: &str, mut bytes: Vec<u8>) -> (usize, usize) {
    let (layout, rows) = (Layout::of(&bytes), rows(&bytes));
    assert_eq!(rows.len(), layout.columns.len());
    let (mut text, mut scratch) = (Vec::new(), Scratch::new());
    let mut unnoticed = 0;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            text.clone_from(&bytes);
            bytes[at] ^= 1 << bit;
            let path = Path::default();
            let mut sink = Changes { rows: &rows, next: 0, path, lost: Vec::new(), others: Vec::new() };
            let mut damage = Vec::new();
            let report = &mut |found| damage.push(found);
            let decoded =
                JsonFormat::exact().decode(&mut text, &mut scratch, &Limits::default(), &mut sink, report);
            assert_eq!(sink.path, Path::default(), "{name}: bit {bit} of {at}: levels do not balance");
            let Changes { next, mut lost, others, .. } = sink;
            lost.extend(next..rows.len());
            let flip = Flip { at, rows: &rows, layout: &layout, decoded, damage, lost, others };
            assert!(flip.fits(), "{name}: bit {bit} of {at}: {}", flip.text());
            unnoticed += usize::from(flip.decoded.end.is_ok());
        }
    }
    (8 * bytes.len(), unnoticed)
}

impl Flip<'_> {
    fn text(&self) -> String {
        let Self { at, decoded, damage, lost, others, layout, .. } = self;
        format!("{:?}, {decoded:?} {damage:?}, lost {lost:?}, others {others:?}", layout.field_of(*at))
    }

    fn fits(&self) -> bool {
        self.damage.is_empty()
            && match &self.decoded.end {
                Ok(()) => self.fits_where_nothing_is_noticed(),
                Err(error) => self.fits_where_it_is_noticed(error),
            }
    }

    /// As if the text were cut there: what ends before the flip arrives, and nothing else.
    fn fits_where_it_is_noticed(&self, error: &DecodeError) -> bool {
        let arrived = self.layout.columns_before(self.at);
        let cut = self.lost.iter().copied().eq(arrived..self.rows.len());
        let told = match error {
            DecodeError::Truncated { offset, .. } => cut && *offset as usize > self.at,
            // A window that is no integer any more is told by where its number begins, and costs no column.
            DecodeError::Malformed { offset, expected: "an integer", .. } => {
                let number = self.at.saturating_sub(19)..=self.at;
                *self.layout.field_of(self.at) == Field::Aside
                    && number.contains(&(*offset as usize))
                    && self.lost.is_empty()
            }
            DecodeError::Malformed { offset, .. } => cut && *offset as usize >= self.at,
            _ => false,
        };
        told && self.others.is_empty()
    }

    fn fits_where_nothing_is_noticed(&self) -> bool {
        if self.lost.is_empty() && self.others.is_empty() {
            // A letter of a key in another case, a digit that single precision does not tell from another, the
            // window, or what means nothing.
            return *self.layout.field_of(self.at) != Field::Structure || self.rows.len() == 1;
        }
        match self.layout.field_of(self.at) {
            Field::Structure | Field::Aside | Field::Behind => false,
            Field::Metric(column) => self.fits_metric(*column),
            Field::ColumnKey(column) | Field::Times(column) => self.only(*column, |row, other| {
                let heads = (row.interval_s, row.start_s) != (other.interval_s, other.start_s);
                heads && row.values == other.values || other.values.is_empty()
            }),
            Field::Values(column) => self.only(*column, |row, other| {
                (row.interval_s, row.start_s) == (other.interval_s, other.start_s) && is_one_value(row, other)
            }),
            Field::LevelName(columns) => self.fits_level(columns),
            // As if they were not there.
            Field::Part(columns) => self.others.is_empty() && self.lost.iter().copied().eq(columns.clone()),
        }
    }

    /// This column is changed, and nothing else.
    fn only(&self, column: usize, fits: impl Fn(&Row, &Row) -> bool) -> bool {
        let row = &self.rows[column];
        let same = |other: &Row| (&row.path, &row.metric) == (&other.path, &other.metric);
        self.lost == [column] && matches!(&self.others[..], [other] if same(other) && fits(row, other))
    }

    /// The column has another name. If that is the name of one beside it, the last one of the two counts.
    fn fits_metric(&self, column: usize) -> bool {
        let row = &self.rows[column];
        let renamed = |other: &Row| Row { metric: row.metric.clone(), ..other.clone() } == *row;
        let beside = |lost: &usize| *lost == column || self.rows[*lost].path == row.path;
        self.others.iter().all(renamed)
            && self.lost.iter().all(beside)
            && match self.lost.len() {
                1 => self.others.len() == usize::from(self.lost == [column]),
                count => count == 2 && self.others.len() == 1,
            }
    }

    /// The level has another name. If that is the name of one beside it, the last one of the two counts.
    fn fits_level(&self, columns: &std::ops::Range<usize>) -> bool {
        let below = |other: &Row| {
            let moved = |row: &Row| Row { path: other.path.clone(), ..row.clone() } == *other;
            self.rows[columns.clone()].iter().any(moved)
        };
        let renamed = self.lost.iter().copied().eq(columns.clone()) && self.others.len() == columns.len();
        // One of the two is left out with all that is in it; the other one has the name of both.
        let twice = self.lost.len() > self.others.len() || self.lost.len() > columns.len();
        self.others.iter().all(below) && (renamed || twice)
    }
}

/// One value is another one; or a point has become a comma, and there is one more.
fn is_one_value(row: &Row, other: &Row) -> bool {
    let same = row.values.iter().zip(&other.values).take_while(|(a, b)| a == b).count();
    let behind = |values: &[u32], at| values.get(at..).unwrap_or_default().to_vec();
    match other.values.len().checked_sub(row.values.len()) {
        Some(more @ 0..=1) => behind(&row.values, same + 1) == behind(&other.values, same + 1 + more),
        _ => false,
    }
}
