//! Which key an offset in a JSON text belongs to.
//!
//! serde_json says line and column of an error, not the key; this walks the text up to there.

/// A container that is open at some offset.
enum Open {
    Object { key: Option<String>, wants_key: bool },
    Array { index: usize },
}

/// The path of keys at the `len` first bytes of `text`, such as `metrics.cpu_load.frequency` or `a[0].b`. Where they end
/// with a container's closing bracket, the path is the container's. Only meaningful for text that is JSON so far.
pub(super) fn path_at(text: &[u8], len: usize) -> String {
    let text = &text[..len.min(text.len())];
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let end = if *byte == b'"' { string_end(text, at) } else { at + 1 };
        match (byte, open.last_mut()) {
            (b'{', _) => open.push(Open::Object { key: None, wants_key: true }),
            (b'[', _) => open.push(Open::Array { index: 0 }),
            (b'}' | b']', _) => {
                open.pop();
            }
            (b',', Some(Open::Object { key, wants_key })) => (*key, *wants_key) = (None, true),
            (b',', Some(Open::Array { index })) => *index += 1,
            (b'"', Some(Open::Object { key, wants_key })) if *wants_key => {
                *key = Some(serde_json::from_slice(&text[at..end]).unwrap_or_default());
                *wants_key = false;
            }
            _ => {}
        }
        at = end;
    }
    let mut path = String::new();
    for container in &open {
        match container {
            Open::Object { key: Some(key), .. } => push_key(&mut path, key),
            Open::Object { key: None, .. } => {}
            Open::Array { index } => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

/// The offset in `text` of a line and column as serde_json counts them: bytes taken, the last one in that column.
pub(super) fn offset_of(text: &[u8], line: usize, column: usize) -> usize {
    let line_start = match line.checked_sub(2) {
        None => 0,
        Some(line_feed) => {
            let mut line_feeds = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            line_feeds.nth(line_feed).map_or(text.len(), |(offset, _)| offset + 1)
        }
    };
    (line_start + column).min(text.len())
}

/// Behind the closing quote of the string that begins at `start`, or the end of the text.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match text.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return text.len(),
        }
    }
}

fn push_key(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    if key.is_empty()
        || key.contains(|c: char| matches!(c, '.' | '[' | '"') || c.is_whitespace() || c.is_control())
    {
        path.push_str(&format!("{key:?}"));
    } else {
        path.push_str(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_belongs_to_its_key() {
        let text = br#"{"a": {"b.c": [1, {"d": "x\"}"}], "e": 2}, "f": 3}"#;
        let at = |until: &str| {
            let text = std::str::from_utf8(text).unwrap();
            path_at(text.as_bytes(), text.find(until).unwrap() + until.len())
        };
        assert_eq!(at("{"), "");
        assert_eq!(at("\"a\""), "a");
        assert_eq!(at("[1"), "a.\"b.c\"[0]");
        assert_eq!(at("\"d\""), "a.\"b.c\"[1].d");
        assert_eq!(at("\"x\\\"}\""), "a.\"b.c\"[1].d");
        assert_eq!(at("}\"}"), "a.\"b.c\"[1]");
        assert_eq!(at("2}"), "a");
        assert_eq!(at("3"), "f");
        assert_eq!(at("3}"), "");
    }

    #[test]
    fn any_cut_of_any_bytes_has_a_path() {
        let text = br#"]},{"a\": [,"}:"\"#;
        for len in 0..=text.len() + 1 {
            let _ = path_at(text, len);
        }
    }

    #[test]
    fn lines_and_columns_become_offsets() {
        let text = b"ab\ncd\n";
        assert_eq!(offset_of(text, 1, 0), 0);
        assert_eq!(offset_of(text, 1, 2), 2);
        assert_eq!(offset_of(text, 2, 1), 4);
        assert_eq!(offset_of(text, 3, 0), 6);
        assert_eq!(offset_of(text, 9, 9), 6);
        assert_eq!(offset_of(text, 0, 0), 0);
    }
}
