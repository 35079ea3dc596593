//! One bit of a file of ours is wrong: it is always noticed, and nothing of the file passes for checked.

use treering_format_json::JsonFormat;
use treering_snapshot::{Damage, DamageKind, Decoded, Format, Head, Limits, Part, Scratch, Sink, Stop, Take};

use crate::build::{encode, host, meta};

const LEN_BYTES: usize = 16 << 10;

/// Wants the columns of the root only: what is below it is checked with all else, and reading it takes time.
#[derive(Default)]
struct OfRoot {
    columns: usize,
}

impl Sink for OfRoot {
    fn column(&mut self, _: Head<'_>, _: &[Part<'_>]) -> Result<(), Stop> {
        self.columns += 1;
        Ok(())
    }

    fn enter(&mut self, _: &str) -> Result<Take, Stop> {
        Ok(Take::Skip)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        panic!("no level was entered");
    }
}

/// Every bit of a file of 16 KiB.
#[test]
fn matrix_09_flipped_bit_of_a_file_of_ours_is_noticed() {
    let (mut bytes, counts) = encode(&host(LEN_BYTES / 16 * 14), &meta());
    assert!(bytes.len() > LEN_BYTES, "{}", bytes.len());
    assert!(counts.columns > 40 && counts.levels > 15);
    let end_at = bytes.len() - r#""crc32":"01234567"}}_"#.len();
    let (mut text, mut scratch) = (Vec::new(), Scratch::new());
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            text.clone_from(&bytes);
            bytes[at] ^= 1 << bit;
            let (mut sink, mut damage) = (OfRoot::default(), Vec::new());
            let report = &mut |found| damage.push(found);
            let decoded =
                JsonFormat::exact().decode(&mut text, &mut scratch, &Limits::default(), &mut sink, report);
            let columns = sink.columns as u64;
            assert!(columns <= counts.columns, "bit {bit} of {at}");
            assert!(is_noticed(&decoded, &damage, at < end_at), "bit {bit} of {at}: {decoded:?} {damage:?}");
        }
    }
    println!("faults: row 9 from 0 cases {0} tried {0} failures 0", bytes.len() * 8);
}

/// Before its last member each flip makes the checksum a wrong one, whatever else it does to the text.
fn is_noticed(decoded: &Decoded, damage: &[Damage], checked: bool) -> bool {
    let of_file = damage.iter().filter(|damage| damage.kind.leaves_unchecked()).count();
    let ours = decoded.meta.as_ref().is_some_and(|meta| meta.ours.is_some());
    let offset = decoded.end.as_ref().err().is_none_or(|end| end.offset().is_some());
    let wrong = matches!(damage, [Damage { kind: DamageKind::FileChecksum { .. }, .. }, ..]);
    let told = if checked { of_file == 1 && wrong } else { of_file == 1 || decoded.end.is_err() };
    told && !ours && offset
}
