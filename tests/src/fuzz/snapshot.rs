//! Decoding and encoding as the targets of both formats do it.

use treering_snapshot::{Counts, Damage, DecodeError, Document, Format, Level, Limits, Meta, Scratch, Sink};

use super::broken;
use super::events::{Events, RootOnly};

/// What is used from input to input.
#[derive(Default)]
pub(super) struct Buffers {
    scratch: Scratch,
    text: Vec<u8>,
    /// What was written last.
    pub(super) written: Vec<u8>,
}

/// What a decoder made of an input.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) document: Document,
    pub(super) meta: Option<Meta>,
    pub(super) end: Result<(), DecodeError>,
    pub(super) damage_count: usize,
    /// Whether samples of the file did not reach the document.
    pub(super) lost: bool,
}

impl Read {
    /// Whether two decoders made the same of it, the bits of all values included.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let end = |read: &Self| format!("{:?}", read.end);
        (&self.document, &self.meta, self.damage_count, self.lost)
            == (&other.document, &other.meta, other.damage_count, other.lost)
            && end(self) == end(other)
    }
}

impl Buffers {
    /// Decodes three times: for the memory that it takes, at most `memory_factor` times the input and 64 KiB; for its
    /// events; and without the levels, which must not change the root.
    pub(super) fn decode(&mut self, format: &dyn Format, bytes: &[u8], memory_factor: u64) -> Read {
        let Self { scratch, text, .. } = self;
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let mut counts = Counts::default();
        refill(text, bytes);
        // With memory of its own: that which is used again would hide what this input takes.
        let memory = allocation_counter::measure(|| {
            let limits = Limits::default();
            drop(format.decode(text, &mut Scratch::new(), &limits, &mut counts, &mut |damage| drop(damage)));
        });
        let allowed = memory_factor * len + (64 << 10);
        assert!(memory.bytes_max <= allowed, "{} bytes of memory for {len}", memory.bytes_max);

        let mut events = Events::new();
        let (mut damage_count, mut lost) = (0, false);
        refill(text, bytes);
        let decoded = decode(format, text, scratch, &mut events, |damage| {
            assert!(damage.offset <= len, "{damage} in {len} bytes");
            assert!(!damage.to_string().contains('\n'), "{damage}");
            damage_count += 1;
            lost |= damage.kind.loses_samples();
        });
        let document = events.into_document();
        assert!(document.counts() == counts, "{:?} and {counts:?}", document.counts());
        let offset = decoded.end.as_ref().err().and_then(DecodeError::offset);
        assert!(offset.is_none_or(|offset| offset <= len), "{:?} in {len} bytes", decoded.end);

        let mut root = RootOnly::default();
        refill(text, bytes);
        decode(format, text, scratch, &mut root, |_| {});
        let columns = document.root().columns().count();
        assert!(u64::try_from(columns) == Ok(root.counts.columns), "{columns} and {:?}", root.counts);
        Read { document, meta: decoded.meta, end: decoded.end, damage_count, lost }
    }

    /// Decodes what must be sound: what was written before, if it is not said otherwise.
    pub(super) fn decode_written(&mut self, format: &dyn Format) -> (Document, Option<Meta>) {
        let mut document = Document::new();
        refill(&mut self.text, &self.written);
        let damaged = |damage| broken(format_args!("{damage}"));
        let decoded = decode(format, &mut self.text, &mut self.scratch, &mut document, damaged);
        assert!(decoded.end.is_ok(), "{:?} in what was written", decoded.end);
        (document, decoded.meta)
    }

    /// Encodes a document into `written`.
    pub(super) fn encode(&mut self, format: &dyn Format, document: &Document, meta: &Meta) -> Counts {
        let mut encoder = format.encoder(&mut self.written);
        let emitted = document.emit(&mut *encoder);
        assert!(emitted.is_ok(), "{emitted:?}");
        let counts = encoder.finish(meta);
        assert!(counts.is_ok(), "{counts:?}");
        counts.unwrap_or_default()
    }
}

/// Calls for each column of both documents at the same place; false if there is one in `part` that is not in `whole`.
pub(super) fn all_within(
    part: &Level,
    whole: &Level,
    same: &impl Fn(&treering_snapshot::Column, &treering_snapshot::Column) -> bool,
) -> bool {
    let columns =
        part.columns().all(|(metric, column)| whole.column(metric).is_some_and(|whole| same(column, whole)));
    columns
        && part
            .children()
            .all(|(name, level)| whole.child(name).is_some_and(|whole| all_within(level, whole, same)))
}

fn decode(
    format: &dyn Format,
    text: &mut [u8],
    scratch: &mut Scratch,
    sink: &mut dyn Sink,
    mut damage: impl FnMut(Damage),
) -> treering_snapshot::Decoded {
    format.decode(text, scratch, &Limits::default(), sink, &mut damage)
}

fn refill(text: &mut Vec<u8>, bytes: &[u8]) {
    text.clear();
    text.extend_from_slice(bytes);
}
