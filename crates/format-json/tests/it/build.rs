//! Files to test with, and a sink that knows what must come out of them.

use treering_format_json::JsonFormat;
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

/// Encodes a document, exact.
pub(crate) fn encode(document: &Document, meta: &Meta) -> (Vec<u8>, Counts) {
    encode_as(JsonFormat::exact(), document, meta)
}

pub(crate) fn encode_as(format: JsonFormat, document: &Document, meta: &Meta) -> (Vec<u8>, Counts) {
    let mut bytes = Vec::new();
    let mut encoder = format.encoder(&mut bytes);
    document.emit(&mut *encoder).unwrap();
    let counts = encoder.finish(meta).unwrap();
    (bytes, counts)
}

/// Decodes into any sink.
pub(crate) fn decode_with(bytes: &[u8], limits: &Limits, sink: &mut dyn Sink) -> (Decoded, Vec<Damage>) {
    let mut bytes = bytes.to_vec();
    let mut damage = Vec::new();
    let mut scratch = Scratch::new();
    let decoded =
        JsonFormat::exact().decode(&mut bytes, &mut scratch, limits, sink, &mut |found| damage.push(found));
    (decoded, damage)
}

pub(crate) fn decode(bytes: &[u8], sink: &mut dyn Sink) -> (Decoded, Vec<Damage>) {
    decode_with(bytes, &Limits::default(), sink)
}

/// The document of a sound text.
pub(crate) fn document(text: impl AsRef<[u8]>) -> Document {
    let mut document = Document::new();
    let (decoded, damage) = decode(text.as_ref(), &mut document);
    decoded.end.unwrap();
    assert_eq!(damage, []);
    document
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
        let count = noise.below(60);
        let used = 55 + 9 * count;
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
        1..4 => noise.below(1_000) as f32 / 10.0,
        _ => Some(f32::from_bits(noise.next() as u32)).filter(|value| value.is_finite()).unwrap_or(-0.0),
    };
    Column { interval_s: 60, start_s, values: (0..count).map(|_| value(noise)).collect() }
}

/// A column as a sink sees it; values as bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) path: String,
    pub(crate) metric: String,
    pub(crate) interval_s: i64,
    pub(crate) start_s: i64,
    pub(crate) values: Vec<u32>,
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

impl Row {
    pub(crate) fn of(path: &Path, head: Head<'_>, values: &[Part<'_>]) -> Self {
        let mut native = Vec::new();
        values.iter().for_each(|part| part.append_to(&mut native));
        assert_eq!(native.len(), usize::try_from(head.count).unwrap());
        Self {
            path: path.text.clone(),
            metric: head.metric.to_owned(),
            interval_s: head.interval_s,
            start_s: head.start_s,
            values: native.iter().map(|value| value.to_bits()).collect(),
        }
    }

    /// Whether this is the column, bit by bit.
    pub(crate) fn is(&self, path: &Path, head: Head<'_>, values: &[Part<'_>]) -> bool {
        let values = match values {
            [] => &[][..],
            [Part::Native(values)] => values,
            _ => panic!("a decoder hands over what it has read"),
        };
        (self.interval_s, self.start_s) == (head.interval_s, head.start_s)
            && self.metric == head.metric
            && self.values.len() == values.len()
            && self.values.iter().zip(values).all(|(bits, value)| *bits == value.to_bits())
            && self.path == path.text
    }
}

/// Collects columns as rows, in the order in which they come. Panics where the order of events is broken.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    path: Path,
    /// For each open level, the root first, whether a child came.
    children: Vec<bool>,
}

impl Rows {
    fn current(&mut self) -> &mut bool {
        self.children.resize(self.path.above.len() + 1, false);
        self.children.last_mut().unwrap()
    }
}

impl Sink for Rows {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        assert!(!*self.current(), "column {:?} behind a child of {:?}", head.metric, self.path);
        self.rows.push(Row::of(&self.path, head, values));
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        *self.current() = true;
        self.path.enter(level);
        self.current();
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.path.leave();
        self.current();
        Ok(())
    }
}

/// The rows of a sound file.
pub(crate) fn rows(bytes: &[u8]) -> Vec<Row> {
    let mut sink = Rows::default();
    let (decoded, damage) = decode(bytes, &mut sink);
    decoded.end.unwrap();
    assert_eq!(damage, []);
    assert_eq!(sink.path, Path::default(), "levels do not balance");
    sink.rows
}

/// The rows of any file, with how reading it ended and what was reported.
pub(crate) fn salvaged(bytes: &[u8]) -> (Vec<Row>, Decoded, Vec<Damage>) {
    let mut sink = Rows::default();
    let (decoded, damage) = decode(bytes, &mut sink);
    assert_eq!(sink.path, Path::default(), "levels do not balance");
    (sink.rows, decoded, damage)
}
