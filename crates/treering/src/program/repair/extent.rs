//! How far damage reaches: where in a snapshot a piece ends that its decoder has left out.
//!
//! Decoders say where a damaged piece begins. Where it ends is found here, along the lengths that the formats'
//! descriptions tell of. What comes out is for the report only.

use serde::de::IgnoredAny;

use super::report::LossKind;

/// A column's entry in the trailer of a `.bin`.
const COLUMN_ENTRY_BYTES: usize = 24;
/// What the trailer ends with.
const TAIL_BYTES: usize = 16;
/// Offset of the count of columns in the trailer.
const COLUMN_COUNT_AT: usize = 56;

/// Where the column or level that begins at `offset` ends.
pub(super) fn end(extension: &str, bytes: &[u8], offset: u64, kind: LossKind) -> Option<u64> {
    let at = usize::try_from(offset).ok()?;
    match (extension, kind) {
        ("bin", LossKind::DamagedColumn) => {
            column_in_trailer(bytes, offset).or_else(|| wide(column_in_tree(bytes, at)?))
        }
        ("json", _) => member_end(bytes, at),
        _ => None,
    }
}

/// Where what begins with a broken trailer ends: with the file, or with the value of its key.
pub(super) fn trailer_end(extension: &str, bytes: &[u8], offset: u64) -> Option<u64> {
    match extension {
        "json" => value_end(bytes, usize::try_from(offset).ok()?),
        _ => wide(bytes.len()),
    }
}

/// Behind the last column or level of a text that is whole, where the text cannot be read on from `offset`.
pub(super) fn sound_end(extension: &str, bytes: &[u8], offset: Option<u64>) -> Option<u64> {
    if extension != "json" {
        return None;
    }
    let end = usize::try_from(offset?).ok()?.min(bytes.len());
    let (mut in_text, mut escaped, mut behind) = (false, false, 0);
    for (at, byte) in bytes[..end].iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'}' if !in_text => behind = at + 1,
            _ => {}
        }
    }
    wide(behind)
}

/// Behind the first value of a text, and the white space that follows.
pub(super) fn json_end(bytes: &[u8]) -> Option<u64> {
    let end = usize::try_from(value_end(bytes, 0)?).ok()?;
    let space = bytes[end..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    wide(end + space)
}

/// By the table that names each column with its offset and length.
fn column_in_trailer(bytes: &[u8], offset: u64) -> Option<u64> {
    let tail = bytes.len().checked_sub(TAIL_BYTES)?;
    let trailer_len = usize::try_from(u32_at(bytes, tail)?).ok()?;
    let trailer = bytes.len().checked_sub(trailer_len)?;
    let columns = usize::try_from(u32_at(bytes, trailer.checked_add(COLUMN_COUNT_AT)?)?).ok()?;
    let table = bytes.get(tail.checked_sub(columns.checked_mul(COLUMN_ENTRY_BYTES)?)?..tail)?;
    let (entries, _) = table.as_chunks::<COLUMN_ENTRY_BYTES>();
    let number = |field: &[u8]| field.first_chunk().map(|field| u64::from_le_bytes(*field));
    let entry = entries.iter().find(|entry| number(&entry[..8]) == Some(offset))?;
    offset.checked_add(number(&entry[8..])?)
}

/// By the lengths that stand in the column.
fn column_in_tree(bytes: &[u8], at: usize) -> Option<usize> {
    let name: [u8; 2] = *bytes.get(at..)?.first_chunk()?;
    let count_at = at.checked_add(2 + usize::from(u16::from_le_bytes(name)) + 16)?;
    let count = usize::try_from(u32_at(bytes, count_at)?).ok()?;
    let end = count_at.checked_add(4)?.checked_add(count.checked_mul(4)?)?;
    (end <= bytes.len()).then_some(end)
}

/// Behind the value of the member whose name begins at `at`.
fn member_end(bytes: &[u8], at: usize) -> Option<u64> {
    // The place may be that of the name's quotation mark, or of what is behind it.
    let at = if bytes.get(at) == Some(&b'"') { at } else { at.checked_sub(1)? };
    let name_end = usize::try_from(value_end(bytes, at)?).ok()?;
    let rest = bytes.get(name_end..)?;
    let colon =
        rest.iter().position(|byte| !byte.is_ascii_whitespace()).filter(|colon| rest[*colon] == b':')?;
    value_end(bytes, name_end + colon + 1)
}

fn value_end(bytes: &[u8], at: usize) -> Option<u64> {
    let mut values = serde_json::Deserializer::from_slice(bytes.get(at..)?).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    wide(at + values.byte_offset())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn wide(at: usize) -> Option<u64> {
    u64::try_from(at).ok()
}
