//! A file that ends too early: what lies before the cut is used, and nobody takes it for a whole one.

use treering_format_json::JsonFormat;
use treering_snapshot::{
    Damage, DamageKind, DecodeError, Decoded, Format, Head, Limits, Meta, Part, Scratch, Sink, Stop, Take,
    Window,
};

use crate::build::{Path, Row, encode, host, meta, reference_meta, rows, salvaged};
use crate::fixtures::fixtures;
use crate::layout::Layout;

const LEN_BYTES: usize = 64 << 10;

/// So often, and around the end of each column and level, all columns of a cut file are compared. In between those
/// of levels that were whole before are passed over: they take most of the time.
const THOROUGH_EVERY: usize = 64;

/// Every cut of a file of ours of 64 KiB.
#[test]
fn matrix_08_cut_file_of_ours_gives_every_column_before_the_cut() {
    let (bytes, counts) = encode(&host(LEN_BYTES / 16 * 15), &meta());
    assert!(bytes.len() > LEN_BYTES, "{}", bytes.len());
    assert!(counts.columns > 100 && counts.levels > 20);
    Text::of(&bytes).cut(0, true);
    let (reference, _) = encode(&host(8 << 10), &reference_meta());
    Text::of(&reference).cut(0, false);
    println!("faults: row 8 from 0 cases {0} tried {0} failures 0", bytes.len() + reference.len());
}

/// Every cut of each file of the reference's up to 64 KiB, which all are, but for those of the store.
#[test]
fn matrix_08_cut_file_of_the_reference_gives_every_column_before_the_cut() {
    assert_eq!(cut_fixtures(|name| !name.starts_with("store/")), 72_390);
}

#[test]
fn matrix_08_cut_file_of_the_reference_gives_every_column_before_the_cut_in_cluster_alpha() {
    assert!(cut_fixtures(|name| name.starts_with("store/alpha/")) > 100_000);
}

#[test]
fn matrix_08_cut_file_of_the_reference_gives_every_column_before_the_cut_in_cluster_beta() {
    assert!(cut_fixtures(|name| name.starts_with("store/beta/")) > 100_000);
}

/// Says how many different texts the cuts have made.
fn cut_fixtures(wanted: impl Fn(&str) -> bool) -> usize {
    let mut done: Vec<Vec<u8>> = Vec::new();
    let mut cuts = 0;
    for (name, bytes, _) in fixtures().into_iter().filter(|(name, ..)| wanted(name)) {
        // What two files begin with is cut once.
        let common = |other: &Vec<u8>| bytes.iter().zip(other).take_while(|(a, b)| a == b).count();
        let first = done.iter().map(common).max().map_or(0, |common| common + 1);
        cuts += bytes.len().saturating_sub(first);
        match name.as_str() {
            "damaged/truncated.json" => assert!(first > bytes.len(), "a part of another file"),
            "damaged/zero.json" => {}
            "damaged/text-number.json" => cut_text_number(&bytes),
            _ => Text::of(&bytes).cut(first, false),
        }
        done.push(bytes);
    }
    println!("faults: row 8 from 0 cases {cuts} tried {cuts} failures 0");
    cuts
}

/// Its only column cannot be used.
fn cut_text_number(bytes: &[u8]) {
    for cut in 0..bytes.len() {
        let (rows, decoded, _) = salvaged(&bytes[..cut]);
        assert_eq!(rows, [], "cut at {cut}");
        assert!(decoded.end.is_err_and(|end| end.offset().is_some()), "cut at {cut}");
    }
}

/// A text, and what must come out of it.
struct Text<'a> {
    bytes: &'a [u8],
    layout: Layout,
    rows: Vec<Row>,
    window: Option<Window>,
    /// Behind the first level that says its window.
    first_level_end: usize,
}

impl<'a> Text<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let layout = Layout::of(bytes);
        let (rows, decoded, _) = salvaged(bytes);
        assert_eq!(rows.len(), layout.columns.len());
        let window = decoded.meta.map(|meta| meta.window);
        let levels = layout.levels.iter().map(|level| level.end);
        let first_level_end = levels.chain([layout.value_end]).min().unwrap();
        Self { bytes, layout, rows, window, first_level_end }
    }

    fn cut(&self, first: usize, ours: bool) {
        let mut thorough: Vec<bool> = (0..self.bytes.len()).map(|cut| cut % THOROUGH_EVERY == 0).collect();
        let ends = self.layout.columns.iter().map(|column| column.end);
        for end in ends.chain(self.layout.levels.iter().map(|level| level.end)) {
            thorough[end - 2..end + 2].fill(true);
        }
        let (mut bytes, mut scratch) = (Vec::new(), Scratch::new());
        for (cut, thorough) in thorough.into_iter().enumerate().skip(first) {
            bytes.clear();
            bytes.extend_from_slice(&self.bytes[..cut]);
            let path = Path::default();
            let mut sink = Prefix { text: self, cut, thorough, column: 0, level: 0, path };
            let mut damage = Vec::new();
            let report = &mut |found| damage.push(found);
            let decoded =
                JsonFormat::exact().decode(&mut bytes, &mut scratch, &Limits::default(), &mut sink, report);
            assert_eq!(sink.path, Path::default(), "cut at {cut}: levels do not balance");
            assert_eq!(sink.column, self.layout.columns_before(cut), "cut at {cut}");
            self.check_end(cut, ours, &decoded, &damage);
        }
    }

    fn check_end(&self, cut: usize, ours: bool, decoded: &Decoded, damage: &[Damage]) {
        if cut >= self.layout.value_end {
            // Only the end of the line, or what is foreign, is missing: in a file of the reference's no loss.
            assert!(decoded.end.is_ok(), "cut at {cut}: {:?}", decoded.end);
            let broken = damage.iter().filter(|found| matches!(found.kind, DamageKind::TrailerBroken { .. }));
            assert_eq!((damage.len(), broken.count()), (usize::from(ours), usize::from(ours)));
            assert_eq!(decoded.meta, self.window.map(|window| Meta { window, ours: None }));
            return;
        }
        let Err(DecodeError::Truncated { offset, needed: 1, left: 0, .. }) = decoded.end else {
            panic!("cut at {cut}: {:?}", decoded.end);
        };
        assert_eq!(offset, cut as u64);
        assert_eq!(damage, [], "cut at {cut}");
        assert!(decoded.meta.as_ref().is_none_or(|meta| meta.ours.is_none()), "cut at {cut}");
        // One level has said it by then; in some files of the reference's each says another one.
        let said = ours && cut >= self.first_level_end;
        assert!(!said || decoded.meta.as_ref().map(|meta| meta.window) == self.window, "cut at {cut}");
    }
}

/// Takes the columns before the cut, in their order and bit by bit; panics on any other.
struct Prefix<'a> {
    text: &'a Text<'a>,
    cut: usize,
    thorough: bool,
    /// The next column and level.
    column: usize,
    level: usize,
    path: Path,
}

impl Sink for Prefix<'_> {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let row = &self.text.rows[self.column];
        assert!(row.is(&self.path, head, values), "cut at {}: another column than {row:?}", self.cut);
        self.column += 1;
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        let here = &self.text.layout.levels[self.level];
        if !self.thorough && here.end <= self.cut {
            assert_eq!(self.column, here.columns.start, "cut at {}", self.cut);
            (self.column, self.level) = (here.columns.end, here.next);
            return Ok(Take::Skip);
        }
        self.level += 1;
        self.path.enter(level);
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.path.leave();
        Ok(())
    }
}

/// A disk that lost the end of a file in the crash can give it back as zeros.
#[test]
fn a_file_with_a_zeroed_end_is_noticed() {
    let (bytes, _) = encode(&host(8 << 10), &meta());
    let (layout, rows) = (Layout::of(&bytes), rows(&bytes));
    for start in (0..bytes.len()).step_by(7).chain(bytes.len() - 30..bytes.len()) {
        let mut zeroed = bytes.clone();
        zeroed[start..].fill(0);
        let (found, decoded, damage) = salvaged(&zeroed);
        assert_eq!(found[..], rows[..layout.columns_before(start)]);
        let malformed =
            matches!(decoded.end, Err(DecodeError::Malformed { offset, .. }) if offset == start as u64);
        assert!(malformed || damage.len() == 1, "zeros from {start}: {:?}", decoded.end);
        assert!(decoded.meta.is_none_or(|meta| meta.ours.is_none()), "zeros from {start}");
    }
}

/// What stands before a token that is none arrives, as before a cut.
#[test]
fn a_broken_token_in_the_middle_costs_what_is_behind_it() {
    let (bytes, _) = encode(&host(8 << 10), &reference_meta());
    let (layout, rows) = (Layout::of(&bytes), rows(&bytes));
    for at in (1..bytes.len() - 1).step_by(5) {
        let mut broken = bytes.clone();
        broken[at] = 0x01;
        let (found, decoded, damage) = salvaged(&broken);
        assert_eq!(found[..], rows[..layout.columns_before(at)], "at {at}");
        let Err(DecodeError::Malformed { offset, .. }) = decoded.end else {
            panic!("at {at}: {:?}", decoded.end);
        };
        assert_eq!(offset, at as u64);
        assert_eq!(damage, []);
    }
}
