//! Any document, and what the formats make of it.

use proptest::collection::vec;
use proptest::prelude::*;
use treering_snapshot::{
    Column, Counts, Document, Encoder, Format, Limits, Loss, MISSING_BITS, Meta, Ours, Part, Scratch, Sink,
    Stop, Take, Window,
};

/// Encodes a document.
pub(super) fn encode(format: &dyn Format, document: &Document, meta: &Meta) -> (Vec<u8>, Counts) {
    let mut bytes = Vec::new();
    let mut encoder = format.encoder(&mut bytes);
    document.emit(&mut *encoder).unwrap();
    let counts = encoder.finish(meta).unwrap();
    (bytes, counts)
}

/// Decodes a sound file.
pub(super) fn decode(format: &dyn Format, bytes: &[u8]) -> (Document, Meta) {
    let mut document = Document::new();
    let meta = decode_into(format, bytes, &mut document);
    (document, meta)
}

/// Decodes a sound file straight into the other format's encoder.
pub(super) fn convert(from: &dyn Format, bytes: &[u8], to: &dyn Format) -> (Vec<u8>, Counts) {
    let mut out = Vec::new();
    let mut encoder: Box<dyn Encoder + '_> = to.encoder(&mut out);
    let meta = decode_into(from, bytes, &mut *encoder);
    let counts = encoder.finish(&meta).unwrap();
    (out, counts)
}

fn decode_into(format: &dyn Format, bytes: &[u8], sink: &mut dyn Sink) -> Meta {
    let report = &mut |damage| panic!("{damage}");
    let (limits, mut scratch) = (Limits::default(), Scratch::new());
    let decoded = format.decode(&mut bytes.to_vec(), &mut scratch, &limits, sink, report);
    decoded.end.unwrap();
    decoded.meta.unwrap()
}

/// Changes each value on its way.
struct Map<F> {
    document: Document,
    value: F,
}

impl<F: FnMut(f32) -> f32> Sink for Map<F> {
    fn column(&mut self, head: treering_snapshot::Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let mut native = Vec::new();
        values.iter().for_each(|part| part.append_to(&mut native));
        let native: Vec<f32> = native.into_iter().map(&mut self.value).collect();
        self.document.column(head, &[Part::Native(&native)])
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        self.document.enter(level)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.document.leave()
    }
}

fn map(document: &Document, value: impl FnMut(f32) -> f32) -> Document {
    let mut map = Map { document: Document::new(), value };
    document.emit(&mut map).unwrap();
    map.document
}

const MISSING: f32 = f32::from_bits(MISSING_BITS);

/// The same with one NaN for all: whatever its bits, it says that there is no sample.
pub(super) fn with_one_nan(document: &Document) -> Document {
    map(document, |value| if value.is_nan() { MISSING } else { value })
}

/// What exact JSON holds of a document, and what is lost.
pub(super) fn as_exact_json(document: &Document) -> (Document, Loss) {
    let mut loss = Loss::default();
    let held = map(document, |value| {
        loss.infinite += u64::from(value.is_infinite());
        if value.is_finite() { value } else { MISSING }
    });
    (held, loss)
}

/// What JSON with one decimal holds of a document, and what is lost: by way of the standard library's rounding.
pub(super) fn as_one_decimal(document: &Document) -> (Document, Loss) {
    let (held, mut loss) = as_exact_json(document);
    let held = map(&held, |value| {
        let rounded = if value.is_nan() { value } else { format!("{value:.1}").parse().unwrap() };
        loss.rounded += u64::from(rounded.to_bits() != value.to_bits());
        rounded
    });
    (held, loss)
}

/// Any bits, with those that are special more often.
fn value() -> impl Strategy<Value = f32> {
    let special = [MISSING_BITS, 0x7F80_0001, 0xFFC1_2345, 0x7F80_0000, 0xFF80_0000, 0x8000_0000, 0, 1];
    let tenths = (-100_000i32..100_000).prop_map(|tenths| (tenths as f32 / 10.0).to_bits());
    let quarters = (-4_000i16..4_000).prop_map(|quarters| (f32::from(quarters) / 4.0).to_bits());
    let bits = prop_oneof![any::<u32>(), proptest::sample::select(special.to_vec()), tenths, quarters];
    bits.prop_map(f32::from_bits)
}

fn column() -> impl Strategy<Value = Column> {
    (any::<i64>(), any::<i64>(), vec(value(), 0..40)).prop_map(|(interval_s, start_s, values)| Column {
        interval_s,
        start_s,
        values,
    })
}

fn name() -> impl Strategy<Value = String> {
    let sharp = "[<>&\"\\\\/%\u{0}-\u{1f}\u{7f}\u{2028}\u{2029}\u{FFFD}eé€😀]{0,6}";
    let longest = prop_oneof![Just("x".repeat(65_535)), Just("é".repeat(32_767))];
    prop_oneof![40 => "[a-c]{1,2}", 10 => any::<String>(), 10 => sharp, 1 => longest]
}

fn path() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![20 => vec(name(), 0..5), 1 => vec("[a-b]", 5..=64)]
}

/// Any tree, levels without anything in them among it.
pub(super) fn document() -> impl Strategy<Value = Document> {
    (vec(path(), 0..4), vec((path(), name(), column()), 0..20)).prop_map(|(empty, columns)| {
        let mut document = Document::new();
        for path in empty {
            path.iter().for_each(|level| assert_eq!(document.enter(level).unwrap(), Take::Yes));
            path.iter().for_each(|_| document.leave().unwrap());
        }
        for (path, metric, column) in columns {
            document.insert(&path, metric, column).unwrap();
        }
        document
    })
}

prop_compose! {
    pub(super) fn meta()(
        from_s in any::<i64>(),
        to_s in any::<i64>(),
        ours in proptest::option::of((name(), name(), any::<u64>(), any::<u64>())),
    ) -> Meta {
        let ours = ours.map(|(cluster, host, covers, previous)| Ours { cluster, host, covers, previous });
        Meta { window: Window { from_s, to_s }, ours }
    }
}
