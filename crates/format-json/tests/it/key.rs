//! The key that only a file of ours has: believed as it was written, and not otherwise.

use treering_snapshot::{DamageKind, Ours};

use crate::build::{document, encode, meta, salvaged};

/// The reference passes over our key; so do we where the file is another's and has one of that name.
#[test]
fn a_key_of_ours_without_its_checksum_is_no_claim() {
    let (sound, _) = encode(&crate::build::host(3 << 10), &meta());
    let text = String::from_utf8(sound.clone()).unwrap();
    for (other, detected) in [
        (text.replace("\"covers\":12", "\"covers\":13"), true),
        (text.replace("\"treering\":{", "\"treerinG\":{"), true),
        (text.replace(",\"crc32\":", ",\"crc33\":"), true),
        (text.replace("}}\n", "} }\n"), true),
        (text.strip_suffix('\n').unwrap().to_owned(), true),
        (text.clone() + "foreign bytes", false),
        (text.clone() + "\n", false),
    ] {
        let (rows, decoded, damage) = salvaged(other.as_bytes());
        decoded.end.unwrap();
        assert_eq!(rows.len(), crate::build::rows(&sound).len());
        assert_eq!(damage.len(), usize::from(detected));
        assert_eq!(decoded.meta.unwrap().ours, meta().ours.filter(|_| !detected));
        assert!(damage.iter().all(|damage| damage.kind.leaves_unchecked()));
    }
}

/// Blocks have changed places: what comes first is a whole value, of which the rest is not a part.
#[test]
fn a_key_of_ours_behind_the_first_value_is_told() {
    let (sound, _) = encode(&crate::build::host(3 << 10), &meta());
    let sound = String::from_utf8(sound).unwrap();
    let nested = sound.rfind(",\"from\"").unwrap();
    for other in [
        format!("null,{sound}"),
        format!("{{}},{sound}"),
        format!("{}}}{}", &sound[..nested], &sound[nested..]),
        format!("null,{sound}foreign bytes"),
    ] {
        let (_, decoded, damage) = salvaged(other.as_bytes());
        decoded.end.unwrap();
        assert!(matches!(damage[..], [ref one] if matches!(one.kind, DamageKind::TrailerBroken { .. })));
        assert_eq!(decoded.meta.unwrap().ours, None);
    }
    // In another's file it is a text like any other.
    let (_, _, damage) = salvaged(b"{\"metrics\":{}} \"treering\"");
    assert_eq!(damage, []);
}

#[test]
fn a_key_of_another_version_is_told() {
    let (sound, _) = encode(&crate::build::host(1 << 10), &meta());
    let resealed = |from: &str, to: &str| {
        let text = String::from_utf8(sound.clone()).unwrap().replace(from, to);
        let start = text[..text.rfind("\"crc32\":").unwrap()].to_owned();
        let crc32 = crc32fast::hash(start.as_bytes());
        let text = format!("{start}\"crc32\":\"{crc32:08x}\"}}}}\n");
        let (_, decoded, damage) = salvaged(text.as_bytes());
        decoded.end.unwrap();
        (decoded.meta.unwrap().ours, damage.first().map(|damage| damage.kind))
    };
    let newer = resealed("\"version\":1", "\"version\":2");
    assert_eq!(newer, (None, Some(DamageKind::TrailerVersion { expected: 1, found: 2 })));
    for (from, to) in [
        ("\"version\":1,", ""),
        ("\"version\":1,", "\"version\":\"1\","),
        ("\"covers\":12", "\"covers\":-12"),
        ("\"previous\":11", "\"previous\":1.5"),
        ("\"host\":\"n000\"", "\"host\":null"),
        ("\"treering\":{", "\"treerinG\":{"),
    ] {
        let (ours, damage) = resealed(from, to);
        assert_eq!(ours, None, "{to}");
        assert!(matches!(damage, Some(DamageKind::TrailerBroken { .. })), "{to}: {damage:?}");
    }
    let more = resealed("\"version\":1,", "\"version\":1,\"more\":[{}],");
    assert_eq!(more, (meta().ours, None), "a later writer may add to version 1");
    let other = Ours { covers: u64::MAX, ..meta().ours.unwrap() };
    assert_eq!(resealed("\"covers\":12", "\"covers\":18446744073709551615"), (Some(other), None));
    assert_eq!(document(&sound), crate::build::host(1 << 10));
}
