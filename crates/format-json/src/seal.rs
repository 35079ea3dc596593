//! The key that only a snapshot of ours has: written last, and checked before it is believed.

use std::io::Write;

use crc32fast::Hasher;
use treering_snapshot::{DamageKind, Ours};

use crate::checksum;
use crate::cursor::{Cursor, Fault, Span, mark};
use crate::name;

/// The version of the key that is written here.
const VERSION: u32 = 1;

/// What the key begins with.
const KEY: &[u8] = b"\"treering\":{\"version\":";

/// What the bytes before the digits of the checksum are.
const CHECKSUM_KEY: &[u8] = b"\"crc32\":\"";

/// What the bytes behind them are, to the end of the file.
const END: &[u8] = b"\"}}\n";

const DIGITS: usize = 8;

/// What a snapshot says that only ours say.
pub(crate) enum Found {
    /// The file is as it was written.
    Sound(Ours),
    /// It is not, or cannot be checked.
    Broken { kind: DamageKind, offset: u64 },
    /// It is not one of ours.
    None,
}

/// Appends the key, what follows it, and the end of the file. `out` is all that comes before it.
pub(crate) fn write(out: &mut Vec<u8>, ours: &Ours) {
    // Writing into memory does not fail.
    let _ = write!(
        out,
        ",\"{}\":{{\"version\":{VERSION},\"covers\":{},\"previous\":{},\"cluster\":",
        name::OURS,
        ours.covers,
        ours.previous
    );
    name::write(out, &ours.cluster);
    out.extend_from_slice(b",\"host\":");
    name::write(out, &ours.host);
    out.push(b',');
    let crc32 = crc32fast::hash(out);
    out.extend_from_slice(CHECKSUM_KEY);
    let _ = write!(out, "{crc32:08x}");
    out.extend_from_slice(END);
}

/// Looks for the key in a text whose first value ends where it is said, if it does, and where `ours` is the value of
/// that key.
pub(crate) fn find(text: &[u8], end: Option<usize>, ours: Option<Span>) -> Found {
    // With the line's end. Behind that may lie what is not ours.
    let file = end.map_or(text, |end| text.get(..=end).unwrap_or(text));
    let Some((checked, expected)) = checksum(file) else {
        // Where the text itself is cut, that is told, and enough.
        let Some(end) = end else { return Found::None };
        return ours.map_or_else(|| behind(text, end), |ours| broken("a checksum at its end", ours));
    };
    let mut hasher = Hasher::new();
    hasher.update(checked);
    let found = hasher.finalize();
    if !checksum::fits(expected, found) {
        return Found::Broken { kind: DamageKind::FileChecksum { expected, found }, offset: 0 };
    }
    let span = ours.unwrap_or_default();
    match read(span.of(text)) {
        Ok(Some(Key { version: Some(VERSION), ours: Some(ours) })) => Found::Sound(ours),
        Ok(Some(Key { version: Some(found), .. })) if found != VERSION => {
            let kind = DamageKind::TrailerVersion { expected: VERSION, found };
            Found::Broken { kind, offset: span.start.into() }
        }
        _ => broken("a version, what is covered, cluster and host", span),
    }
}

/// What stands behind a text that says nothing of whose it is. What is not ours may lie there, but not the end of one of
/// ours: then the first value is only a piece of what was written, and another piece may come first.
fn behind(text: &[u8], end: usize) -> Found {
    let rest = text.get(end..).unwrap_or_default();
    match rest.windows(KEY.len()).position(|bytes| bytes == KEY) {
        Some(at) => {
            broken("a key of ours within the snapshot", Span { start: mark(end + at), end: mark(text.len()) })
        }
        None => Found::None,
    }
}

fn broken(expected: &'static str, ours: Span) -> Found {
    Found::Broken { kind: DamageKind::TrailerBroken { expected }, offset: ours.start.into() }
}

/// The bytes that the checksum at the end is about, and the checksum.
fn checksum(file: &[u8]) -> Option<(&[u8], u32)> {
    let (rest, digits) = file.strip_suffix(END)?.split_last_chunk::<DIGITS>()?;
    let checked = rest.strip_suffix(CHECKSUM_KEY)?;
    // As they are written: one text for one number, so that no flipped bit goes unnoticed.
    let lower = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let digits = str::from_utf8(digits).ok().filter(|_| lower)?;
    Some((checked, u32::from_str_radix(digits, 16).ok()?))
}

#[derive(Default)]
struct Key {
    version: Option<u32>,
    ours: Option<Ours>,
}

/// Reads the value of the key. Keys that are not known are left to later versions.
fn read(value: &[u8]) -> Result<Option<Key>, Fault> {
    let mut cursor = Cursor::new(value);
    if cursor.peek() != Some(b'{') {
        return Ok(None);
    }
    cursor.open()?;
    let (mut version, mut covers, mut previous, mut cluster, mut host) = (None, None, None, None, None);
    let mut first = true;
    while let Some(key) = cursor.key(first)? {
        first = false;
        match (key.of(value), cursor.peek()) {
            (b"version", Some(b'0'..=b'9')) => version = cursor.integer()?,
            (b"covers", Some(b'0'..=b'9')) => covers = cursor.integer()?,
            (b"previous", Some(b'0'..=b'9')) => previous = cursor.integer()?,
            (b"cluster", Some(b'"')) => cluster = Some(name::text(cursor.string()?.of(value))),
            (b"host", Some(b'"')) => host = Some(name::text(cursor.string()?.of(value))),
            _ => cursor.skip()?,
        }
    }
    let ours = match (cluster, host, covers, previous) {
        (Some(cluster), Some(host), Some(covers), Some(previous)) => {
            Some(Ours { cluster, host, covers, previous })
        }
        _ => None,
    };
    Ok(Some(Key { version, ours }))
}
