//! The two ways to read arrays give the same, whatever the text is: events, damage between them, and the end.

use std::cell::RefCell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use treering_format_json::JsonFormat;
use treering_snapshot::{Format, Head, Limits, Part, Scratch, Sink, Stop, Take};

use crate::build::{Noise, encode_as, host, meta, reference_meta};

fn config() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 600;
    }
    config
}

/// Writes down all that happens, in its order, and has enough after some of it.
struct Log<'a> {
    lines: &'a RefCell<Vec<String>>,
    events: usize,
    events_max: usize,
}

impl Log<'_> {
    fn put(&mut self, line: String) -> Result<(), Stop> {
        self.lines.borrow_mut().push(line);
        self.events += 1;
        if self.events > self.events_max { Err(Stop::enough()) } else { Ok(()) }
    }
}

impl Sink for Log<'_> {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let mut native = Vec::new();
        values.iter().for_each(|part| part.append_to(&mut native));
        let bits: Vec<_> = native.iter().map(|value| value.to_bits()).collect();
        self.put(format!("{head:?} in {} parts: {bits:x?}", values.len()))
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        self.put(format!("enter {level:?}"))?;
        Ok(if level == "b" { Take::Skip } else { Take::Yes })
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.put("leave".to_owned())
    }
}

fn log(format: JsonFormat, text: &[u8], scratch: &mut Scratch, events_max: usize) -> Vec<String> {
    let lines = RefCell::new(Vec::new());
    let mut sink = Log { lines: &lines, events: 0, events_max };
    let mut text = text.to_vec();
    let report = &mut |damage| lines.borrow_mut().push(format!("{damage:?}"));
    let decoded = format.decode(&mut text, scratch, &Limits::default(), &mut sink, report);
    lines.borrow_mut().push(format!("{decoded:?}"));
    lines.into_inner()
}

/// Both readers, each with the memory that it had for the texts before.
#[derive(Default)]
struct Twins {
    fast: Scratch,
    plain: Scratch,
}

impl Twins {
    fn agree(&mut self, text: &[u8], events_max: usize) -> Result<usize, String> {
        let format = JsonFormat::exact();
        let fast = log(format, text, &mut self.fast, events_max);
        let plain = log(format.reading_plainly(), text, &mut self.plain, events_max);
        if fast == plain {
            return Ok(fast.len());
        }
        let differs = fast.iter().zip(&plain).find(|(fast, plain)| fast != plain);
        Err(format!("{differs:#?} of {} and {} in {}", fast.len(), plain.len(), text.escape_ascii()))
    }
}

/// Numbers of every kind, and what is none.
fn token() -> impl Strategy<Value = String> {
    let tenths = (any::<i32>(), 0..10u32).prop_map(|(tenths, shift)| {
        let tenths = tenths >> (3 * shift);
        format!(
            "{}{}.{}",
            if tenths < 0 { "-" } else { "" },
            tenths.unsigned_abs() / 10,
            tenths.unsigned_abs() % 10
        )
    });
    let value = any::<u32>().prop_map(|bits| format!("{:?}", f32::from_bits(bits)));
    let double = any::<u64>().prop_map(|bits| format!("{:?}", f64::from_bits(bits)));
    prop_oneof![
        8 => tenths,
        2 => any::<i64>().prop_map(|number| number.to_string()),
        2 => (0..2_000u16).prop_map(|number| number.to_string()),
        2 => value,
        2 => double,
        4 => Just("null".to_owned()),
        4 => "-?(0|[1-9][0-9]{0,7})([.][0-9]{1,8})?",
        1 => "-?(0|[1-9][0-9]{0,24})([.][0-9]{1,30})?([eE][-+]?[0-9]{1,3})?",
        1 => "[-0-9.,eE+nul \\]\\[\"]{0,9}",
        1 => prop::sample::select(vec!["", "-", "00", "01", "-01.5", ".5", "5.", "1.2.3", "-0", "-0.0", "nul", "NaN",
            "1e999", "-1e309", "[]", "{}", "\"1\"", "true", " 1", "1 ", "\u{0}", "\u{FF11}", "12345678", "123456789",
            "16777217", "0.30000001192092896", "9007199254740993", "3.4028236e38"]).prop_map(str::to_owned),
    ]
}

/// Arrays with runs of like numbers, as they are in snapshots.
fn array() -> impl Strategy<Value = String> {
    let run = (token(), prop_oneof![3 => Just(1), 1 => 1..12usize, 1 => 12..70usize]);
    vec(run, 0..12).prop_map(|runs| {
        let tokens: Vec<_> = runs.iter().flat_map(|(token, count)| vec![token.as_str(); *count]).collect();
        format!("[{}]", tokens.join(","))
    })
}

/// What can be done to a text.
#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Cut(Index),
    Insert(Index, &'static str),
    /// Twice what stands between two places.
    Repeat(Index, Index),
    Drop(Index, Index),
    /// The first two members after this place that are numbers or arrays change places.
    Swap(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let inserted = [
        " ",
        "\n",
        ",",
        ",1",
        "\"",
        "\\",
        "[",
        "]",
        "{",
        "}",
        ":",
        "-",
        "0",
        "9",
        ".",
        "e",
        "null,",
        "null",
        "1e9,",
        "[],",
        "\u{0}",
        "\u{e9}",
        "\"data\":[1,2],",
        "\"data\":null,",
        "\"start\":null,",
        "\"metrics\":null,",
        "\"children\":{\"a\":{}},",
        "\"\":[[{}],[]],",
        "99999999999999999999,",
        "-0,",
        "00,",
    ];
    prop_oneof![
        4 => (any::<Index>(), 0..8u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        1 => any::<Index>().prop_map(Change::Cut),
        4 => (any::<Index>(), prop::sample::select(inserted.to_vec())).prop_map(|(at, what)| Change::Insert(at, what)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Repeat(from, to)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Drop(from, to)),
        2 => any::<Index>().prop_map(Change::Swap),
    ]
}

impl Change {
    fn apply(&self, text: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let range = |from: &Index, to: &Index, len| {
            let (from, to) = (from.index(len), to.index(len));
            from.min(to)..from.max(to)
        };
        match self {
            Self::Flip(at, bit) => {
                let at = at.index(text.len());
                text[at] ^= 1 << bit;
            }
            Self::Cut(at) => text.truncate(at.index(text.len())),
            Self::Insert(at, what) => {
                let at = at.index(text.len());
                text.splice(at..at, what.bytes());
            }
            Self::Repeat(from, to) => {
                let range = range(from, to, text.len());
                let again = text[range.clone()].to_vec();
                text.splice(range.end..range.end, again);
            }
            Self::Drop(from, to) => {
                text.drain(range(from, to, text.len()));
            }
            Self::Swap(at) => swap(text, at.index(text.len())),
        }
    }
}

/// `"start":1,"data":[2]` becomes `"data":[2],"start":1`.
fn swap(text: &mut Vec<u8>, at: usize) {
    let find = |from: usize, what: &[u8]| {
        text[from..].windows(what.len()).position(|bytes| bytes == what).map(|at| from + at)
    };
    let Some(start) = find(at, b"\"start\":") else { return };
    let (Some(data), Some(close)) = (find(start, b",\"data\":"), find(start, b"}")) else { return };
    if data < close {
        let swapped = [&text[data + 1..close], b",", &text[start..data]].concat();
        text.splice(start..close, swapped);
    }
}

fn sound(exact: bool, ours: bool, len_bytes: usize) -> Vec<u8> {
    let format = if exact { JsonFormat::exact() } else { JsonFormat::one_decimal() };
    encode_as(format, &host(len_bytes), &if ours { meta() } else { reference_meta() }).0
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn prop_both_read_the_same_in_any_array(arrays in vec(array(), 1..5)) {
        let columns: Vec<_> =
            arrays.iter().enumerate().map(|(n, array)| format!("\"{n}\":{{\"data\":{array}}}")).collect();
        let text = format!("{{\"metrics\":{{{}}}}}", columns.join(","));
        Twins::default().agree(text.as_bytes(), usize::MAX).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn prop_both_read_the_same_in_any_changed_snapshot(
        (exact, ours) in any::<(bool, bool)>(),
        changes in vec(change(), 0..4),
        enough in prop_oneof![4 => Just(usize::MAX), 1 => 0..60usize],
    ) {
        let mut text = sound(exact, ours, 3 << 10);
        changes.iter().for_each(|change| change.apply(&mut text));
        Twins::default().agree(&text, enough).map_err(TestCaseError::fail)?;
    }
}

/// Values are kept in the text's order, and sent in another one; the memory holds those of other texts, too.
#[test]
fn both_read_the_same_in_texts_one_after_the_other() {
    let (mut twins, mut noise, mut lines) = (Twins::default(), Noise::new(5), 0);
    for n in 0..1_500 {
        let mut text = sound(n % 2 == 0, n % 3 == 0, 1_500);
        for _ in 0..noise.below(3) {
            let at = noise.below(text.len());
            text[at] = b"{}[]\",:0e-\\n. 1"[noise.below(15)];
        }
        lines += twins.agree(&text, usize::MAX).unwrap_or_else(|differs| panic!("{differs}"));
    }
    assert!(lines > 10_000, "{lines}");
}

#[test]
fn both_read_the_same_in_texts_that_no_writer_makes() {
    let mut twins = Twins::default();
    for (what, text) in crate::crafted::all(20 << 10) {
        twins.agree(&text, usize::MAX).unwrap_or_else(|differs| panic!("{what}: {differs}"));
    }
}
