//! Two readers of one text agree: ours, and one that knows nothing of it.

use proptest::prelude::*;

use crate::build::{Noise, decode};
use crate::oracle::{self, Said, Verdict};

fn config() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 400;
    }
    config
}

/// Writes snapshots as nobody would, but might: any order, any case, anything besides.
struct Writer {
    noise: Noise,
    text: String,
}

impl Writer {
    fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.noise.below(of.len())]
    }

    fn put_one_of(&mut self, of: &[&str]) {
        let one = self.one_of(of);
        self.text.push_str(one);
    }

    fn space(&mut self) {
        if self.noise.below(6) == 0 {
            self.put_one_of(&[" ", "\n", "\t", "\r\n  "]);
        }
    }

    fn token(&mut self, token: &str) {
        self.space();
        self.text.push_str(token);
        self.space();
    }

    /// A string, with letters in any case and any of them escaped.
    fn key(&mut self, key: &str) {
        self.space();
        self.text.push('"');
        let (any_case, escaped) = (self.noise.below(4) == 0, self.noise.below(8) == 0);
        for letter in key.chars() {
            let upper = any_case && self.noise.below(2) == 0;
            let letter = if upper { letter.to_ascii_uppercase() } else { letter };
            match letter {
                's' if any_case && self.noise.below(3) == 0 => self.text.push('ſ'),
                _ if escaped && self.noise.below(2) == 0 => {
                    self.text.push_str(&format!("\\u{:04X}", u32::from(letter)));
                }
                _ => self.text.push(letter),
            }
        }
        self.text.push('"');
        self.token(":");
    }

    fn name(&mut self) {
        self.space();
        let name = self.one_of(&[
            "cpu",
            "mem",
            "a",
            "b",
            "c",
            "",
            "é",
            "\\u00e9",
            "x\\\"\\\\\\/y",
            "\\ud83d\\ude00",
            "😀",
        ]);
        self.text.push_str(&format!("\"{name}\""));
        self.token(":");
    }

    fn number(&mut self) {
        match self.noise.below(9) {
            0 => self.put_one_of(&["0", "-0", "-0.0", "0e5", "1E+2", "1e-50", "-1.5e-7", "4e38", "1e300"]),
            1 => self.put_one_of(&["16777217", "33554435", "9007199254740993", "18446744073709551616"]),
            2 => {
                let bits = f32::from_bits(self.noise.next() as u32);
                self.text.push_str(&format!("{:e}", if bits.is_finite() { bits } else { 1.0 }));
            }
            3 => {
                let bits = f64::from_bits(self.noise.next());
                self.text.push_str(&format!("{}", if bits.is_finite() { bits } else { 1.0 }));
            }
            4 => {
                let digits = self.noise.below(40) + 1;
                let digits: String =
                    (0..digits).map(|_| char::from(b'1' + self.noise.below(9) as u8)).collect();
                let point = self.noise.below(digits.len()) + 1;
                self.text.push_str(&digits[..point]);
                if point < digits.len() {
                    self.text.push('.');
                    self.text.push_str(&digits[point..]);
                }
            }
            _ => {
                let tenths = self.noise.below(10_000);
                self.text.push_str(&format!("{}.{}", tenths / 10, tenths % 10));
            }
        }
    }

    fn integer(&mut self) {
        self.put_one_of(&[
            "60",
            "0",
            "-7",
            "1700000000",
            "null",
            "9223372036854775807",
            "-9223372036854775808",
        ]);
        // Now and then one that is none.
        if self.noise.below(150) == 0 {
            self.put_one_of(&["000", ".5", "e3"]);
        }
    }

    fn list(&mut self, open: &str, close: &str, count: usize, mut element: impl FnMut(&mut Self)) {
        self.token(open);
        for at in 0..count {
            if at > 0 {
                self.token(",");
            }
            element(self);
        }
        self.token(close);
    }

    fn anything(&mut self, depth: usize) {
        match self.noise.below(if depth == 0 { 5 } else { 7 }) {
            0 => self.put_one_of(&["true", "false", "null", "\"\"", "\"}]{[\""]),
            1..5 => self.number(),
            5 => {
                let count = self.noise.below(3);
                self.list("[", "]", count, |writer| writer.anything(depth - 1));
            }
            _ => {
                let count = self.noise.below(3);
                self.list("{", "}", count, |writer| {
                    writer.name();
                    writer.anything(depth - 1);
                });
            }
        }
    }

    fn column(&mut self) {
        let count = self.noise.below(6);
        self.list("{", "}", count, |writer| match writer.noise.below(7) {
            0 | 1 => {
                writer.key("frequency");
                writer.integer();
            }
            2 => {
                writer.key("start");
                writer.integer();
            }
            3 => {
                writer.key("unit");
                writer.anything(2);
            }
            _ => {
                writer.key("data");
                let count = writer.noise.below(8);
                writer.list("[", "]", count, |writer| match writer.noise.below(40) {
                    0 => writer.anything(1),
                    1..8 => writer.text.push_str("null"),
                    _ => writer.number(),
                });
            }
        });
    }

    fn level(&mut self, depth: usize) {
        let count = self.noise.below(6);
        self.list("{", "}", count, |writer| match writer.noise.below(if depth == 0 { 5 } else { 7 }) {
            0 => {
                let key = writer.one_of(&["from", "to"]);
                writer.key(key);
                writer.integer();
            }
            1 => {
                writer.name();
                writer.anything(2);
            }
            2..5 => {
                writer.key("metrics");
                let count = writer.noise.below(4);
                writer.list("{", "}", count, |writer| {
                    writer.name();
                    writer.column();
                });
            }
            _ => {
                writer.key("children");
                let count = writer.noise.below(4);
                writer.list("{", "}", count, |writer| {
                    writer.name();
                    writer.level(depth - 1);
                });
            }
        });
    }
}

fn text(seed: u64) -> String {
    let mut writer = Writer { noise: Noise::new(seed), text: String::new() };
    writer.level(4);
    writer.text
}

/// What the oracle thought of the text.
fn agree(text: &[u8]) -> Result<&'static str, TestCaseError> {
    let shown = String::from_utf8_lossy(text);
    let mut found = Said::default();
    let (decoded, damage) = decode(text, &mut found);
    match oracle::read(text) {
        Verdict::Unknown => Ok("unknown"),
        Verdict::Refused => {
            prop_assert!(decoded.end.is_err(), "must be refused: {}", shown);
            Ok("refused")
        }
        Verdict::Sound(said) => {
            prop_assert!(decoded.end.is_ok(), "{:?}: {}", decoded.end, shown);
            prop_assert_eq!(damage, vec![], "{}", shown);
            found.window = decoded.meta.unwrap_or_default().window;
            prop_assert_eq!(found, said, "{}", shown);
            Ok("sound")
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn prop_both_readers_agree_about_any_text(seed in any::<u64>()) {
        agree(text(seed).as_bytes())?;
    }

    #[test]
    fn prop_both_readers_agree_about_changed_texts(
        seed in any::<u64>(),
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u16>(), 0..3u8), 1..4),
    ) {
        const TOKENS: &[u8] = b"{}[],:\"\\0123456789.eE+-ntfu \n\xFF\x01";
        let mut text = text(seed).into_bytes();
        for (at, token, how) in edits {
            let (at, token) = (at.index(text.len()), TOKENS[usize::from(token) % TOKENS.len()]);
            match how {
                0 => text[at] = token,
                1 => text.insert(at, token),
                _ if text.len() > 1 => { text.remove(at); }
                _ => {}
            }
        }
        agree(&text)?;
    }

    #[test]
    fn prop_both_readers_agree_about_any_bytes(text in "[\\[\\]{}\",:0-9a-f\\\\ \\-.]{0,40}") {
        agree(text.as_bytes())?;
    }
}

/// The properties above would hold of a writer whose texts all mean nothing.
#[test]
fn the_texts_mean_something() {
    let (mut sound, mut refused, mut columns) = (0, 0, 0);
    for seed in 0..400 {
        let text = text(seed);
        match agree(text.as_bytes()).unwrap() {
            "sound" => sound += 1,
            "refused" => refused += 1,
            _ => {}
        }
        columns += text.to_lowercase().matches("data\"").count();
    }
    println!("{sound} sound, {refused} refused, {columns} arrays");
    assert!(sound > 200 && refused > 10 && columns > 300);
}
