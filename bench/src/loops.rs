//! The hot loops one by one, without files and threads: what is counted here is instructions, and those are the same on
//! any machine.

use std::hint::black_box;

use treering::line::Line;
use treering_format_bin::BinFormat;
use treering_format_json::JsonFormat;
use treering_level::{Aggregation, Bounds, Limits as TreeLimits, Metric, MetricTable, Sample, Tree};
use treering_snapshot::{Column, Document, Format, Limits, Meta, Scratch, Sink, Stop, Take, Window};
use treering_wal::{Batch, Limits as LogLimits, Reader, Template, Writer};

use crate::Result;
use crate::workload::{CLUSTER, Fritz, INTERVAL_S, SERIES};

/// Values of each column.
const VALUES: usize = 240;

/// A loop: how much one turn does, and how it is made ready for turns.
#[derive(Debug, Clone, Copy)]
pub struct Loop {
    /// For the command line and the table.
    pub name: &'static str,
    /// In one line.
    pub what: &'static str,
    /// What is counted for each.
    pub per: &'static str,
    /// Does so many turns; returns how many things of `per` one turn has moved.
    pub run: fn(turns: usize) -> Result<usize>,
}

/// All loops.
pub const LOOPS: &[Loop] = &[
    Loop { name: "append", what: "a batch of a host into memory", per: "sample", run: append },
    Loop {
        name: "bin-encode",
        what: "a host's columns as `.bin`",
        per: "value",
        run: |turns| encode(&BinFormat, turns),
    },
    Loop {
        name: "bin-decode",
        what: "the same read, values not looked at",
        per: "value",
        run: |turns| decode(&BinFormat, turns),
    },
    Loop {
        name: "json-exact-encode",
        what: "a host's columns as JSON, shortest exact numbers",
        per: "value",
        run: |turns| encode(&JsonFormat::exact(), turns),
    },
    Loop {
        name: "json-decimal-encode",
        what: "a host's columns as JSON with one decimal",
        per: "value",
        run: |turns| encode(&JsonFormat::one_decimal(), turns),
    },
    Loop {
        name: "json-decode",
        what: "JSON with one decimal read",
        per: "value",
        run: |turns| decode(&JsonFormat::one_decimal(), turns),
    },
    Loop { name: "log-push", what: "a sample's record into a batch", per: "record", run: push },
    Loop { name: "log-read", what: "a log's records, checksums and all", per: "record", run: read },
    Loop { name: "line-parse", what: "a line whose prefix is expected", per: "line", run: parse },
];

/// The values of a host as a document, gaps included.
fn document() -> Result<Document> {
    let fritz = Fritz::new(1, VALUES);
    let mut document = Document::new();
    for (number, series) in fritz.series().iter().enumerate() {
        let path: Vec<&str> = series.level.as_deref().into_iter().collect();
        let values = fritz.column(0, number).collect();
        let column = Column { interval_s: INTERVAL_S, start_s: 1_700_000_000, values };
        document.insert(&path, series.metric.as_str(), column)?;
    }
    Ok(document)
}

fn encoded(document: &Document, format: &dyn Format, bytes: &mut Vec<u8>) -> Result<()> {
    let mut encoder = format.encoder(bytes);
    document.emit(&mut *encoder)?;
    encoder.finish(&Meta { window: Window { from_s: 1_700_000_000, to_s: 1_700_100_000 }, ours: None })?;
    Ok(())
}

fn encode(format: &dyn Format, turns: usize) -> Result<usize> {
    let (document, mut bytes) = (document()?, Vec::new());
    for _ in 0..turns {
        encoded(&document, format, &mut bytes)?;
        black_box(&bytes);
    }
    Ok(SERIES * VALUES)
}

/// Takes everything and keeps nothing.
struct Nowhere(usize);

impl Sink for Nowhere {
    fn column(
        &mut self,
        head: treering_snapshot::Head<'_>,
        values: &[treering_snapshot::Part<'_>],
    ) -> std::result::Result<(), Stop> {
        black_box((head, values));
        self.0 += values.iter().map(treering_snapshot::Part::count).sum::<usize>();
        Ok(())
    }

    fn enter(&mut self, _level: &str) -> std::result::Result<Take, Stop> {
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> std::result::Result<(), Stop> {
        Ok(())
    }
}

fn decode(format: &dyn Format, turns: usize) -> Result<usize> {
    let mut bytes = Vec::new();
    encoded(&document()?, format, &mut bytes)?;
    let (mut copy, mut scratch) = (Vec::new(), Scratch::new());
    for _ in 0..turns {
        // A decoder may write over its input.
        copy.clear();
        copy.extend_from_slice(&bytes);
        let mut sink = Nowhere(0);
        let decoded = format.decode(&mut copy, &mut scratch, &Limits::default(), &mut sink, &mut |_| {});
        decoded.end?;
        if sink.0 != SERIES * VALUES {
            return Err(format!("{} values instead of {}", sink.0, SERIES * VALUES).into());
        }
    }
    Ok(SERIES * VALUES)
}

fn append(turns: usize) -> Result<usize> {
    let metric = Metric { interval_s: 60, aggregation: Aggregation::Avg };
    let tree: Tree<()> = Tree::new(MetricTable::taking_unknown(metric), TreeLimits::default());
    let host = tree.host_or_insert_with(CLUSTER, "f0000", || ())?;
    let fritz = Fritz::new(1, 1);
    let mut batch = Vec::with_capacity(SERIES);
    for series in fritz.series() {
        let path: Vec<&str> = series.level.as_deref().into_iter().collect();
        let series = host.lock().resolve(&path, &series.metric)?;
        batch.push(Sample { series, time_s: 0, value: 1.5 });
    }
    for turn in 0..turns {
        let time_s = 1_700_000_000 + i64::try_from(turn)? * INTERVAL_S;
        batch.iter_mut().for_each(|sample| sample.time_s = time_s);
        black_box(host.lock().write(&batch, Bounds::NONE));
    }
    Ok(SERIES)
}

fn batch_of(fritz: &Fritz, round: usize) -> Result<Batch> {
    let mut batch = Batch::new();
    let time_s = 1_700_000_000 + INTERVAL_S * i64::try_from(round)?;
    for (series, value) in fritz.series().iter().zip(fritz.row(0, round)) {
        let template = Template::new(&series.metric, series.level.as_slice())?;
        batch.push(&template, time_s, *value);
    }
    Ok(batch)
}

fn push(turns: usize) -> Result<usize> {
    let fritz = Fritz::new(1, 1);
    let templates =
        fritz.series().iter().map(|series| Template::new(&series.metric, series.level.as_slice()));
    let templates = templates.collect::<std::result::Result<Vec<_>, _>>()?;
    let mut batch = Batch::new();
    for turn in 0..turns {
        batch.clear();
        for (template, value) in templates.iter().zip(fritz.row(0, 0)) {
            batch.push(template, 1_700_000_000 + i64::try_from(turn)?, *value);
        }
        black_box(batch.bytes());
    }
    Ok(SERIES)
}

fn read(turns: usize) -> Result<usize> {
    // Most logs are longer than a round: what repeats costs less.
    const ROUNDS: usize = 16;
    let fritz = Fritz::new(1, ROUNDS);
    let mut writer = Writer::create(Vec::new());
    for round in 0..ROUNDS {
        writer.append(&batch_of(&fritz, round)?)?;
    }
    let bytes = writer.into_file();
    for _ in 0..turns {
        let records = Reader::new(&bytes, &LogLimits::default())?.map(black_box).count();
        if records != ROUNDS * SERIES {
            return Err(format!("{records} records instead of {}", ROUNDS * SERIES).into());
        }
    }
    Ok(ROUNDS * SERIES)
}

fn parse(turns: usize) -> Result<usize> {
    let prefix = b"core_metric_1,cluster=fritz,hostname=f0000,type=core,type-id=17";
    let lines: Vec<Vec<u8>> = ["42", "17.3", "473.98877", "0", "8812.4"]
        .map(|value| [&prefix[..], b" value=", value.as_bytes(), b" 1700000000"].concat())
        .to_vec();
    for _ in 0..turns {
        for line in &lines {
            match Line::parse_after(line, prefix) {
                Some(parsed) => black_box(parsed?),
                None => return Err("the line begins otherwise".into()),
            };
        }
    }
    Ok(lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loop_turns() {
        for each in LOOPS {
            assert!((each.run)(2).unwrap() > 0, "{}", each.name);
        }
    }
}
