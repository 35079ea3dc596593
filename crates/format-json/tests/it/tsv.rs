//! The text rows that the fixtures' expectations are written in.

use std::fmt::Write;

use treering_snapshot::{Head, Part, Sink, Stop, Take};

/// Writes `column` and `level` rows.
#[derive(Default)]
pub(crate) struct Tsv {
    pub(crate) text: String,
    path: Vec<String>,
}

impl Sink for Tsv {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let mut native = Vec::new();
        values.iter().for_each(|part| part.append_to(&mut native));
        assert_eq!(native.len(), usize::try_from(head.count).unwrap());
        let text =
            |value: &f32| if value.is_nan() { "nan".to_owned() } else { format!("{:08x}", value.to_bits()) };
        let values = native.iter().map(text).collect::<Vec<_>>().join(" ");
        let Head { metric, interval_s, start_s, count } = head;
        let (path, metric) = (self.path.join("/"), escape(metric));
        writeln!(self.text, "column\t{path}\t{metric}\t{interval_s}\t{start_s}\t{count}\t{values}").unwrap();
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        self.path.push(escape(level));
        writeln!(self.text, "level\t{}", self.path.join("/")).unwrap();
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.path.pop();
        Ok(())
    }
}

fn escape(name: &str) -> String {
    let mut out = String::new();
    for char in name.chars() {
        match char {
            '\0'..='\x1F' | '/' | '%' | '\x7F' => write!(out, "%{:02X}", u32::from(char)).unwrap(),
            _ => out.push(char),
        }
    }
    out
}
