//! Where a snapshot's tree ends, to see what stands behind it. Decoders pass over that, as the reference does.

/// Bytes of a file that end its tree, and of the bytes behind it the first that means something; none if there is
/// nothing behind it, or the format is none of those known here.
///
/// `bytes` is a file that was found sound and to have no trailer of ours.
pub(super) fn foreign_bytes(extension: &str, bytes: &[u8]) -> Option<u64> {
    let behind = match extension {
        "bin" => end_of_bin(bytes)?,
        "json" => {
            let end = end_of_json(bytes)?;
            end + bytes[end..].iter().position(|byte| !b" \t\n\r".contains(byte))?
        }
        _ => return None,
    };
    (behind < bytes.len()).then(|| u64::try_from(behind).unwrap_or(u64::MAX))
}

/// Walks over header and levels without looking at more than lengths and counts.
fn end_of_bin(bytes: &[u8]) -> Option<usize> {
    let mut walk = Walk { bytes, at: 20 };
    let mut children_left = vec![1_u32];
    while let Some(left) = children_left.last_mut() {
        let Some(fewer) = left.checked_sub(1) else {
            children_left.pop();
            continue;
        };
        *left = fewer;
        // The root stands under no name.
        if children_left.len() > 1 {
            walk.name()?;
        }
        for _ in 0..walk.count()? {
            walk.name()?;
            walk.skip(16)?;
            let values = usize::try_from(walk.count()?).ok()?;
            walk.skip(values.checked_mul(4)?)?;
        }
        children_left.push(walk.count()?);
    }
    Some(walk.at)
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    fn skip(&mut self, len: usize) -> Option<()> {
        self.at = self.at.checked_add(len).filter(|at| *at <= self.bytes.len())?;
        Some(())
    }

    fn count(&mut self) -> Option<u32> {
        let field = self.bytes.get(self.at..)?.first_chunk()?;
        self.at += field.len();
        Some(u32::from_le_bytes(*field))
    }

    fn name(&mut self) -> Option<()> {
        let field = self.bytes.get(self.at..)?.first_chunk()?;
        self.skip(field.len() + usize::from(u16::from_le_bytes(*field)))
    }
}

/// Behind the brace that closes the first object.
fn end_of_json(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_behind_a_tree_is_found() {
        let mut tree = vec![0; 20];
        // One column of two values, and a child without any.
        tree.extend([1, 0, 0, 0, 1, 0, b'm']);
        tree.extend([0; 16]);
        tree.extend([2, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9]);
        tree.extend([1, 0, 0, 0, 1, 0, b'c', 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(foreign_bytes("bin", &tree), None);
        let end = u64::try_from(tree.len()).ok();
        for byte in [0, 1, 255] {
            let longer = [&tree[..], &[byte]].concat();
            assert_eq!(foreign_bytes("bin", &longer), end, "{byte}");
        }
        for cut in 0..tree.len() {
            assert_eq!(foreign_bytes("bin", &tree[..cut]), None);
        }
    }

    #[test]
    fn braces_in_text_do_not_end_a_document() {
        let text = br#" {"a}\"}":[{"b":"\\"}],"c":1} "#;
        assert_eq!(foreign_bytes("json", text), None);
        assert_eq!(foreign_bytes("json", &[&text[..], b"\n x"].concat()), Some(32));
        assert_eq!(foreign_bytes("json", b"{} {}"), Some(3));
        assert_eq!(foreign_bytes("json", b"}{"), None);
    }
}
