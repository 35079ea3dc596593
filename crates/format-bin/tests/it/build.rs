//! Files to test with, and a sink that knows what must come out of them.

use treering_format_bin::BinFormat;
use treering_snapshot::{
    Column, Counts, Damage, Decoded, Document, Format, Head, Limits, Meta, Ours, Part, Scratch, Sink, Stop,
    Take, Window,
};

pub(crate) const WINDOW: Window = Window { from_s: 1_700_000_000, to_s: 1_700_043_200 };

/// What a file of ours says about itself.
pub(crate) fn meta() -> Meta {
    let ours = Ours { cluster: "alpha".to_owned(), host: "n000".to_owned(), covers: 12, previous: 11 };
    Meta { window: WINDOW, ours: Some(ours) }
}

/// What a file of the reference's says.
pub(crate) fn reference_meta() -> Meta {
    Meta { window: WINDOW, ours: None }
}

/// Encodes a document.
pub(crate) fn encode(document: &Document, meta: &Meta) -> (Vec<u8>, Counts) {
    let mut bytes = Vec::new();
    let mut encoder = BinFormat.encoder(&mut bytes);
    document.emit(&mut *encoder).unwrap();
    let counts = encoder.finish(meta).unwrap();
    (bytes, counts)
}

/// Decodes into any sink.
pub(crate) fn decode_with(bytes: &[u8], limits: &Limits, sink: &mut dyn Sink) -> (Decoded, Vec<Damage>) {
    let mut bytes = bytes.to_vec();
    let mut damage = Vec::new();
    let decoded =
        BinFormat.decode(&mut bytes, &mut Scratch::new(), limits, sink, &mut |found| damage.push(found));
    (decoded, damage)
}

pub(crate) fn decode(bytes: &[u8], sink: &mut dyn Sink) -> (Decoded, Vec<Damage>) {
    decode_with(bytes, &Limits::default(), sink)
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }
}

/// A host with columns on itself, on its sockets and cores, on a level below a core, and with an empty level;
/// about `len_bytes` as a file.
pub(crate) fn host(len_bytes: usize) -> Document {
    let mut noise = Noise::new(7);
    let mut document = Document::new();
    let mut left = len_bytes;
    document.enter("empty").unwrap();
    document.leave().unwrap();
    for index in 0.. {
        let count = noise.below(120);
        let used = 60 + 4 * count;
        if left < used {
            break;
        }
        left -= used;
        let core = format!("core{}", index / 4 % 16);
        let path: Vec<&str> = match index % 7 {
            0 => vec![],
            1 => vec!["socket0"],
            2 => vec![&core, "deep"],
            _ => vec![&core],
        };
        document.insert(&path, format!("metric_{index}"), column(&mut noise, count)).unwrap();
    }
    document
}

fn column(noise: &mut Noise, count: usize) -> Column {
    let start_s = WINDOW.from_s + i64::try_from(noise.below(60)).unwrap();
    let value = |noise: &mut Noise| match noise.below(10) {
        0 => f32::NAN,
        _ => f32::from_bits(u32::try_from(noise.next() >> 32).unwrap()),
    };
    Column { interval_s: 60, start_s, values: (0..count).map(|_| value(noise)).collect() }
}

/// A column as a sink sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) path: String,
    pub(crate) metric: String,
    pub(crate) interval_s: i64,
    pub(crate) start_s: i64,
    pub(crate) values: Vec<u8>,
}

/// Collects columns as rows, in the order in which they come.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    path: Vec<String>,
}

impl Sink for Rows {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let mut bytes = Vec::new();
        for part in values {
            match part {
                Part::LittleEndian(part) => bytes.extend_from_slice(part),
                _ => panic!("a decoder hands over the file's bytes"),
            }
        }
        assert_eq!(bytes.len(), 4 * usize::try_from(head.count).unwrap());
        self.rows.push(Row {
            path: self.path.join("/"),
            metric: head.metric.to_owned(),
            interval_s: head.interval_s,
            start_s: head.start_s,
            values: bytes,
        });
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        self.path.push(level.to_owned());
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.path.pop().map(|_| ()).ok_or_else(Stop::enough)
    }
}

/// The rows of a sound file.
pub(crate) fn rows(bytes: &[u8]) -> Vec<Row> {
    let mut sink = Rows::default();
    let (decoded, damage) = decode(bytes, &mut sink);
    decoded.end.unwrap();
    assert_eq!(damage, []);
    sink.rows
}

/// The levels below the root that are open, as rows have them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) text: String,
    /// For each level the length of what is above it: there may be a `/` in a name.
    above: Vec<usize>,
}

impl Path {
    pub(crate) fn enter(&mut self, level: &str) {
        self.above.push(self.text.len());
        if self.above.len() > 1 {
            self.text.push('/');
        }
        self.text.push_str(level);
    }

    pub(crate) fn leave(&mut self) {
        self.text.truncate(self.above.pop().expect("leave without enter"));
    }
}

/// Accepts the expected columns, in their order, bit by bit, with some left out; panics on any other.
pub(crate) struct Expect<'a> {
    rows: &'a [Row],
    next: usize,
    path: Path,
    /// Indices of the rows that did not come.
    pub(crate) lost: Vec<usize>,
}

impl<'a> Expect<'a> {
    pub(crate) fn new(rows: &'a [Row]) -> Self {
        Self { rows, next: 0, path: Path::default(), lost: Vec::new() }
    }

    /// Every level was closed; the rows that did not come.
    pub(crate) fn finish(mut self) -> Vec<usize> {
        assert_eq!(self.path, Path::default(), "levels do not balance");
        self.lost.extend(self.next..self.rows.len());
        self.lost
    }
}

impl Sink for Expect<'_> {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let is = |row: &Row| {
            let bytes = match values {
                [] => &[][..],
                [Part::LittleEndian(bytes)] => bytes,
                _ => return false,
            };
            row.path == self.path.text
                && row.metric == head.metric
                && row.interval_s == head.interval_s
                && row.start_s == head.start_s
                && row.values == bytes
        };
        let Some(skipped) = self.rows[self.next..].iter().position(is) else {
            panic!("{:?} of {:?} was never written like this, or not here", head.metric, self.path.text);
        };
        self.lost.extend(self.next..self.next + skipped);
        self.next += skipped + 1;
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
