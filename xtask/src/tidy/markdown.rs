//! Rules about Markdown files.

use super::Hit;
use super::source::{Kind, Source};
use super::tree::Tree;

/// A link inside the project leads to a file or folder of it.
pub(super) fn links_lead_somewhere(tree: &Tree) -> Vec<(String, Hit)> {
    let documents = tree.sources.iter().filter(|source| source.kind == Kind::Markdown);
    documents
        .flat_map(|source| {
            let links = links(source).into_iter();
            let broken = links.filter_map(|(at, target)| {
                let message = problem(tree, &source.path, target)?;
                Some(Hit::new(source.line_of(at), message))
            });
            broken.map(|hit| (source.path.clone(), hit))
        })
        .collect()
}

/// Where links stand, and their targets: `[text](target)`, and `[name]: target` at a line's start.
fn links(source: &Source) -> Vec<(usize, &str)> {
    let prose = &source.prose;
    let inline = prose.match_indices("](").map(|(at, open)| (at, at + open.len()));
    let inline = inline.filter_map(|(at, start)| Some((at, prose[start..].split_once(')')?.0)));
    let mut start = 0;
    let lines = prose.split_inclusive('\n').map(move |line| {
        start += line.len();
        (start - line.len(), line)
    });
    let defined = lines.filter_map(|(at, line)| Some((at, line.strip_prefix('[')?.split_once("]:")?.1)));
    inline.chain(defined).map(|(at, target)| (at, without_title(target))).collect()
}

/// `<a b> "title"` is `a b`.
fn without_title(target: &str) -> &str {
    let target = target.trim();
    let bracketed = target.strip_prefix('<').and_then(|target| target.split_once('>'));
    bracketed.map_or_else(|| target.split_whitespace().next().unwrap_or_default(), |(target, _)| target)
}

/// What is wrong with a link, if something is.
fn problem(tree: &Tree, path: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") || target.starts_with('#') {
        return None;
    }
    let file = target.split('#').next().unwrap_or_default();
    let Some(resolved) = resolve(path, file) else {
        return Some(format!("`{target}` leads out of the project"));
    };
    // The project itself is the folder without a name.
    let exists = resolved.is_empty() || tree.paths.contains(&resolved);
    (!exists).then(|| format!("`{target}` leads nowhere: there is no {resolved}"))
}

/// The target's path from the root on; `None` if it leaves the project.
fn resolve(path: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<_> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::found;

    #[test]
    fn a_link_to_nothing_is_found() {
        let text = "# A\nSee [b](b.md) and [c](c.md \"title\"), [d](<d e.md>).\n[x]: ../docs/c.md\n\
                    [out](../../x.md) [abs](/etc/passwd) [root](..)\n\n[gone]: gone.md\n";
        let files = [("docs/a.md", text), ("docs/c.md", "# C\n"), ("x.md", "# X\n")];
        let expected = ["docs/a.md:2", "docs/a.md:2", "docs/a.md:4", "docs/a.md:4", "docs/a.md:6"];
        assert_eq!(found("link", &files), expected);
    }

    #[test]
    fn links_to_the_web_to_headings_and_in_code_are_left_alone() {
        let text = "[w](https://example.org/x) [m](mailto:a@b.c) [h](#there) [c](a.md#here)\n`[i](gone.md)`\n\
                    ```\n[f](gone.md)\n```\n- [ ] a box (of text)\n";
        assert_eq!(found("link", &[("a.md", text)]), [""; 0]);
    }
}
