//! Passing over pieces of a text.

/// A place in a text that is JSON, as far as it is passed.
pub(super) struct Walk<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn at(text: &'a [u8], at: usize) -> Walk<'a> {
        Walk { text, at }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Passes a member's name and the colon, up to its value.
    pub(super) fn name(&mut self) -> Option<String> {
        let begin = self.at;
        if self.peek()? != b'"' {
            return None;
        }
        self.skip()?;
        self.space();
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        self.space();
        Some(string(self.text, begin))
    }

    pub(super) fn member(&mut self, mut value: impl FnMut(&mut Walk<'a>) -> Option<()>) -> Option<()> {
        self.name()?;
        value(self)
    }

    /// Passes an object; `member` is at each name and passes it and its value.
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&mut Walk<'a>, String) -> Option<()>,
    ) -> Option<()> {
        if self.peek()? != b'{' {
            return None;
        }
        self.at += 1;
        loop {
            self.space();
            match self.peek()? {
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                b'"' => {
                    let name = string(self.text, self.at);
                    member(self, name)?;
                }
                _ => return None,
            }
        }
    }

    /// Passes a value of any kind, however deep it is nested.
    pub(super) fn skip(&mut self) -> Option<()> {
        let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
        while let Some(byte) = self.peek() {
            let was_in_text = in_text;
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_text => escaped = true,
                b'"' => in_text = !in_text,
                _ if in_text => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 0 => return Some(()),
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return Some(());
                    }
                }
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return Some(()),
                _ => {}
            }
            self.at += 1;
            if was_in_text && !in_text && depth == 0 {
                return Some(());
            }
        }
        None
    }
}

/// The key of the member that begins here, as the format compares keys.
pub(super) fn key(text: &[u8], at: usize) -> String {
    folded(&string(text, at))
}

/// A name without its case; one letter beyond ASCII counts as one of ASCII.
pub(super) fn folded(name: &str) -> String {
    name.chars().map(|letter| if letter == '\u{17F}' { 's' } else { letter.to_ascii_lowercase() }).collect()
}

/// The text of the string that begins here.
pub(super) fn string(text: &[u8], at: usize) -> String {
    let mut walk = Walk::at(text, at);
    if walk.skip().is_none() {
        return String::new();
    }
    let raw = &text[at..walk.at];
    serde_json::from_slice(raw).unwrap_or_else(|_| {
        // Halves of surrogate pairs, bytes that are not UTF-8: as good as it gets.
        String::from_utf8_lossy(raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default()).into_owned()
    })
}
