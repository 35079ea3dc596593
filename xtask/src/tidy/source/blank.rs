//! Blanking comments, literals and code blocks: every byte of them but line ends becomes a blank.

use std::ops::Range;

/// Two views of a text, of the same length.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Blanked {
    pub(super) code: String,
    pub(super) prose: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Comment,
    Literal,
}

/// `code`: without comments and literals. `prose`: without literals.
pub(super) fn rust(text: &str) -> Blanked {
    let parts = rust_parts(text);
    let comments = parts.iter().map(|(_, range)| range.clone());
    let literals = parts.iter().filter(|(part, _)| *part == Part::Literal).map(|(_, range)| range.clone());
    Blanked { code: blank(text, comments), prose: blank(text, literals) }
}

/// `code`: nothing. `prose`: without fenced blocks and code in backquotes.
pub(super) fn markdown(text: &str) -> Blanked {
    let mut code = Vec::new();
    let mut fence: Option<&str> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let range = start..start + line.len();
        start = range.end;
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, None) => {
                code.extend(quoted(line).map(|quote| range.start + quote.start..range.start + quote.end));
            }
            (None, Some(_)) => {
                fence = mark;
                code.push(range);
            }
            (Some(_), _) => {
                if mark == fence {
                    fence = None;
                }
                code.push(range);
            }
        }
    }
    Blanked { code: String::new(), prose: blank(text, code.into_iter()) }
}

/// The parts of a line that stand between equally long runs of backquotes.
fn quoted(line: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let open = at + line.get(at..)?.find('`')?;
            let run = line[open..].len() - line[open..].trim_start_matches('`').len();
            let inside = open + run;
            let close = line[inside..].match_indices(&line[open..inside]).next();
            at = inside;
            if let Some((close, _)) = close {
                at = inside + close + run;
                return Some(open..at);
            }
        }
    })
}

fn blank(text: &str, ranges: impl Iterator<Item = Range<usize>>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for byte in ranges.flat_map(|range| bytes_of(range, text.len())) {
        if bytes[byte] != b'\n' {
            bytes[byte] = b' ';
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn bytes_of(range: Range<usize>, len: usize) -> Range<usize> {
    range.start.min(len)..range.end.min(len)
}

fn rust_parts(text: &str) -> Vec<(Part, Range<usize>)> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let part = if rest.starts_with("//") {
            Some((Part::Comment, rest.find('\n').unwrap_or(rest.len())))
        } else if rest.starts_with("/*") {
            Some((Part::Comment, block_comment_len(rest)))
        } else if let Some(len) = raw_string_len(rest) {
            Some((Part::Literal, len))
        } else if c == '"' {
            Some((Part::Literal, string_len(rest)))
        } else if c == '\'' {
            char_len(rest).map(|len| (Part::Literal, len))
        } else {
            None
        };
        let len = part.map_or(c.len_utf8(), |(_, len)| len);
        parts.extend(part.map(|(part, len)| (part, at..at + len)));
        at += len;
    }
    parts
}

/// Block comments nest.
fn block_comment_len(text: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while at < text.len() {
        let (step, opens) = match text.as_bytes().get(at..at + 2) {
            Some(b"/*") => (2, true),
            Some(b"*/") => (2, false),
            _ => {
                at += 1;
                continue;
            }
        };
        at += step;
        depth = if opens { depth + 1 } else { depth.saturating_sub(1) };
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of `r"…"` or `r#"…"#`, if `text` starts with one.
///
/// No name can end right before it: Rust keeps `name"` and `name#` for itself.
fn raw_string_len(text: &str) -> Option<usize> {
    let after = text.strip_prefix('r')?;
    let inside = after.trim_start_matches('#');
    let hashes = &after[..after.len() - inside.len()];
    let inside = inside.strip_prefix('"')?;
    let close = inside.find(&format!("\"{hashes}"));
    let open_len = text.len() - inside.len();
    Some(close.map_or(text.len(), |close| open_len + close + 1 + hashes.len()))
}

fn string_len(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `None` for a lifetime or a label.
fn char_len(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    let (_, first) = chars.next()?;
    let (_, second) = chars.next()?;
    if first != '\\' {
        return (second == '\'').then(|| 2 + first.len_utf8());
    }
    chars.find(|(_, c)| *c == '\'').map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both views, blanks shown as `.`, so that a wrong offset is seen.
    fn seen(text: &str) -> (String, String) {
        let Blanked { code, prose } = rust(text);
        (code.replace(' ', "."), prose.replace(' ', "."))
    }

    #[test]
    fn comments_are_prose_and_no_code() {
        assert_eq!(seen("a //b\nc"), ("a....\nc".to_owned(), "a.//b\nc".to_owned()));
        assert_eq!(seen("a/*b/*c*/\nd*/e").0, "a........\n...e");
        assert_eq!(seen("a/*open").0, "a......");
    }

    #[test]
    fn literals_are_neither() {
        let both = |text: &str, blanked: &str| {
            assert_eq!(seen(text), (blanked.to_owned(), blanked.to_owned()), "{text}");
        };
        both(r#"a("b//",c)"#, "a(.....,c)");
        both(r#"a("\"b",c)"#, "a(.....,c)");
        both(r##"a(r"\",c)"##, "a(....,c)");
        both(r###"a(r#""b"#,c)"###, "a(.......,c)");
        both(r###"a(br#"""#,c)"###, "a(b......,c)");
        both("a('\"',c)", "a(...,c)");
        both("a('\\'',c)", "a(....,c)");
        both("a('\\u{1F}',c)", "a(........,c)");
        both("\"é\"a", "....a");
    }

    #[test]
    fn what_only_looks_like_a_literal_stays() {
        let same = |text: &str| assert_eq!(rust(text).code, text);
        same("fn f<'a>(x:&'a str)");
        same("let r#type = r; let var = x");
        same("'outer: loop { break 'outer }");
    }

    #[test]
    fn code_in_markdown_is_blanked() {
        let prose = |text: &str| markdown(text).prose.replace(' ', ".");
        assert_eq!(prose("a`b`c``d`e``f\n"), "a...c.......f\n");
        assert_eq!(prose("a`b\nc`d\n"), "a`b\nc`d\n");
        assert_eq!(prose("a\n```sh\nb\n~~~\n```\nc\n"), "a\n.....\n.\n...\n...\nc\n");
    }
}
