//! A host's columns as bytes, and back into memory.

use std::hint::black_box;
use std::io::Write;

use treering_bench::Result;
use treering_bench::context::Context;
use treering_bench::measure::{Spread, timed};
use treering_bench::workload::{Fritz, INTERVAL_S, SERIES};
use treering_format_bin::BinFormat;
use treering_format_json::JsonFormat;
use treering_snapshot::{Column, Document, Format, Limits, Meta, Scratch, Window};

use crate::model::Level;
use crate::table::{OURS, Row};

/// A way to write a host and to read it back.
trait Codec {
    /// Appends a host to `out`.
    fn write(&self, host: usize, out: &mut Vec<u8>) -> Result<()>;
    /// Reads a host into a tree in memory; how many values it has.
    fn read(&mut self, bytes: &[u8]) -> Result<usize>;
}

/// One of ours.
struct Ours {
    format: Box<dyn Format>,
    hosts: Vec<Document>,
    scratch: Scratch,
    copy: Vec<u8>,
}

impl Ours {
    fn new(format: impl Format + 'static, fritz: &Fritz) -> Result<Self> {
        let hosts = (0..fritz.hosts()).map(|host| document(fritz, host)).collect::<Result<_>>()?;
        Ok(Self { format: Box::new(format), hosts, scratch: Scratch::new(), copy: Vec::new() })
    }
}

impl Codec for Ours {
    fn write(&self, host: usize, out: &mut Vec<u8>) -> Result<()> {
        let mut encoder = self.format.encoder(out);
        self.hosts[host].emit(&mut *encoder)?;
        encoder.finish(&Meta { window: Window { from_s: 0, to_s: 1 }, ours: None })?;
        Ok(())
    }

    fn read(&mut self, bytes: &[u8]) -> Result<usize> {
        // A decoder may write over its input.
        self.copy.clear();
        self.copy.extend_from_slice(bytes);
        let mut document = Document::new();
        let limits = Limits::default();
        let decoded =
            self.format.decode(&mut self.copy, &mut self.scratch, &limits, &mut document, &mut |_| ());
        decoded.end?;
        Ok(usize::try_from(black_box(document).counts().values)?)
    }
}

/// One of the others, by two functions.
struct Other<V> {
    hosts: Vec<Level<V>>,
    write: fn(&Level<V>, &mut Vec<u8>) -> Result<()>,
    read: fn(&[u8]) -> Result<Level<V>>,
}

impl<V> Codec for Other<V> {
    fn write(&self, host: usize, out: &mut Vec<u8>) -> Result<()> {
        (self.write)(&self.hosts[host], out)
    }

    fn read(&mut self, bytes: &[u8]) -> Result<usize> {
        Ok(black_box((self.read)(bytes)?).values())
    }
}

fn levels<V>(fritz: &Fritz, value: impl Fn(f32) -> V) -> Vec<Level<V>> {
    (0..fritz.hosts()).map(|host| Level::of_host(fritz, host, &value)).collect()
}

fn document(fritz: &Fritz, host: usize) -> Result<Document> {
    let mut document = Document::new();
    for (number, series) in fritz.series().iter().enumerate() {
        let path: Vec<&str> = series.level.as_deref().into_iter().collect();
        let values = fritz.column(host, number).collect();
        let column = Column { interval_s: INTERVAL_S, start_s: fritz.time_s(0), values };
        document.insert(&path, series.metric.as_str(), column)?;
    }
    Ok(document)
}

/// JSON has no NaN.
fn optional(value: f32) -> Option<f32> {
    Some(value).filter(|value| !value.is_nan())
}

/// What they are called, and how they work.
type Codecs = Vec<(&'static str, Box<dyn Codec>)>;

/// JSON is compared with JSON, binary with binary.
fn codecs(fritz: &Fritz) -> Result<[Codecs; 2]> {
    let serde_json = Other {
        hosts: levels(fritz, optional),
        write: |host, out| Ok(serde_json::to_writer(out, host)?),
        read: |bytes| Ok(serde_json::from_slice(bytes)?),
    };
    let sonic = Other {
        hosts: levels(fritz, optional),
        write: |host, out| Ok(out.write_all(&sonic_rs::to_vec(host)?)?),
        read: |bytes| Ok(sonic_rs::from_slice(bytes)?),
    };
    let bitcode = Other {
        hosts: levels(fritz, |value| value),
        write: |host, out| Ok(out.write_all(&bitcode::serialize(host)?)?),
        read: |bytes| Ok(bitcode::deserialize(bytes)?),
    };
    let postcard = Other {
        hosts: levels(fritz, |value| value),
        write: |host, out| {
            *out = postcard::to_extend(host, std::mem::take(out))?;
            Ok(())
        },
        read: |bytes| Ok(postcard::from_bytes(bytes)?),
    };
    Ok([
        vec![
            (OURS, Box::new(Ours::new(JsonFormat::exact(), fritz)?)),
            ("serde_json", Box::new(serde_json)),
            ("sonic-rs", Box::new(sonic)),
        ],
        vec![
            (OURS, Box::new(Ours::new(BinFormat, fritz)?)),
            ("bitcode", Box::new(bitcode)),
            ("postcard", Box::new(postcard)),
        ],
    ])
}

/// Both kinds, written and read.
pub(crate) fn run(context: &Context) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (names, mut codecs) in
        [["json-write", "json-read"], ["bin-write", "bin-read"]].into_iter().zip(codecs(&context.fritz)?)
    {
        let mut written = Vec::new();
        let mut times = vec![(Vec::new(), Vec::new()); codecs.len()];
        let mut bytes = vec![0; codecs.len()];
        for round in 0..=context.rounds {
            for (number, (_, codec)) in codecs.iter_mut().enumerate() {
                let (write, read, len) = round_of(context, &mut **codec, &mut written)?;
                bytes[number] = len;
                // The first round warms up.
                if round > 0 {
                    times[number].0.push(write);
                    times[number].1.push(read);
                }
            }
        }
        let (writes, reads): (Vec<_>, Vec<_>) = times.into_iter().unzip();
        for (row, times) in names.into_iter().zip([writes, reads]) {
            for (number, times) in times.into_iter().enumerate() {
                let with = codecs[number].0;
                rows.push(Row { row, with, spread: Spread::new(times), bytes: bytes[number] });
            }
        }
    }
    Ok(rows)
}

/// All hosts written, each into the memory of the one before, and read back; how long both took, and how many bytes it is.
fn round_of(
    context: &Context,
    codec: &mut dyn Codec,
    written: &mut Vec<Vec<u8>>,
) -> Result<(std::time::Duration, std::time::Duration, u64)> {
    let hosts = context.fritz.hosts();
    written.resize_with(hosts, Vec::new);
    let write = timed(|| {
        for (host, out) in written.iter_mut().enumerate() {
            out.clear();
            codec.write(host, out)?;
        }
        Ok(())
    })?;
    let mut values = 0;
    let read = timed(|| {
        for bytes in written.iter() {
            values += codec.read(bytes)?;
        }
        Ok(())
    })?;
    let expected = hosts * SERIES * context.fritz.samples();
    if values != expected {
        return Err(format!("{values} values came back instead of {expected}").into());
    }
    let len: usize = written.iter().map(Vec::len).sum();
    Ok((write, read, u64::try_from(len)?))
}
