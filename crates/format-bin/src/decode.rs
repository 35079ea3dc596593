//! The reader's two ways: by the trailer's tables, and along the tree.

mod tables;
mod tree;

mod behind;
mod check;
mod twice;

use treering_snapshot::{Damage, DamageKind, Decoded, Limits, Sink, Stop};

use crate::column::Record;
use crate::cursor::wide;
use crate::name;
use crate::trailer::{self, Found};

/// Reads a file and drives `sink`.
pub(crate) fn decode(
    bytes: &[u8],
    limits: &Limits,
    sink: &mut dyn Sink,
    damage: &mut dyn FnMut(Damage),
) -> Decoded {
    let mut to = To { limits, sink, damage, path: Vec::new() };
    match trailer::find(bytes) {
        Found::Sound(trailer) => tables::decode(bytes, &trailer, &mut to),
        Found::Broken { kind, offset } => {
            to.report(kind, offset);
            tree::decode(bytes, true, &mut to).decoded
        }
        Found::None => {
            let read = tree::decode(bytes, false, &mut to);
            if trailer::begins(read.behind_root) {
                let offset = wide(bytes.len() - read.behind_root.len());
                to.report(DamageKind::TrailerBroken { expected: "the end magic" }, offset);
            }
            read.decoded
        }
    }
}

/// Where everything that is read goes to.
struct To<'a, 'b> {
    limits: &'a Limits,
    sink: &'a mut dyn Sink,
    damage: &'a mut dyn FnMut(Damage),
    /// The names of the open levels below the root.
    path: Vec<&'b [u8]>,
}

impl<'b> To<'_, 'b> {
    /// Reports damage that is about no level.
    fn report(&mut self, kind: DamageKind, offset: u64) {
        (self.damage)(Damage { kind, offset, path: None, metric: None });
    }

    /// What makes a child of this name of the current level unacceptable.
    fn level_beyond_limits(&self, name: &[u8]) -> Option<DamageKind> {
        if self.path.len() >= self.limits.depth_max {
            return Some(DamageKind::Depth { max: wide(self.limits.depth_max) });
        }
        self.name_beyond_limits(name)
    }

    fn name_beyond_limits(&self, name: &[u8]) -> Option<DamageKind> {
        let (max, found) = (self.limits.name_bytes_max, name.len());
        (found > max).then_some(DamageKind::NameLength { max: wide(max), found: wide(found) })
    }

    /// Sends a column to the sink if its name is acceptable.
    fn column(&mut self, record: &Record<'_>, offset: u64) -> Result<(), Stop> {
        match self.name_beyond_limits(record.name) {
            Some(kind) => {
                self.report_here(kind, offset, Some(record.name));
                Ok(())
            }
            None => record.send(self.sink),
        }
    }

    /// Reports damage of a child of the current level.
    fn report_level(&mut self, kind: DamageKind, offset: u64, name: &'b [u8]) {
        self.path.push(name);
        self.report_here(kind, offset, None);
        self.path.pop();
    }

    /// Reports damage of the current level.
    fn report_here(&mut self, kind: DamageKind, offset: u64, metric: Option<&[u8]>) {
        let path = self.path.iter().map(|level| name::text(level).into_owned()).collect();
        let metric = metric.map(|metric| name::text(metric).into_owned());
        (self.damage)(Damage { kind, offset, path: Some(path), metric });
    }
}
