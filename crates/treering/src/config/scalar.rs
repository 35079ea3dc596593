//! The values that keys can have, each with what is said when another one is found.
//!
//! They are visitors rather than checks afterwards, because only then the error has the value's line and column.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};

use super::{Aggregation, CleanupMode, FileFormat};
use crate::duration::GoDuration;

/// A whole number, 0 or more.
pub(super) struct Whole(pub(super) u64);

/// A whole number of 32 bits, 0 or more.
pub(super) struct Small(pub(super) u32);

/// An interval in seconds.
pub(super) struct Interval(pub(super) NonZeroU32);

/// A Go duration above 0.
pub(super) struct Positive(pub(super) Duration);

/// `"sum"`, `"avg"` or `null`.
pub(super) struct HowToAggregate(pub(super) Aggregation);

/// One of a few words.
pub(super) struct OneOf<T>(pub(super) T);

/// What [`OneOf`] can be.
pub(super) trait Word: Copy + 'static {
    /// The words, and what each means.
    const WORDS: [(&'static str, Self); 2];
}

impl Word for FileFormat {
    const WORDS: [(&'static str, Self); 2] = [("wal", Self::Wal), ("json", Self::Json)];
}

impl Word for CleanupMode {
    const WORDS: [(&'static str, Self); 2] = [("delete", Self::Delete), ("archive", Self::Archive)];
}

/// An object. serde alone would take an array for one, its elements for the keys in the order of the struct.
pub(super) struct Object<T>(pub(super) T);

/// Metrics by name, each once.
pub(super) struct ByName<T>(pub(super) BTreeMap<String, T>);

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, 0 or more")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_u64(WholeVisitor).map(Self)
    }
}

struct SmallVisitor;

impl Visitor<'_> for SmallVisitor {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, 0 to 4294967295")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u32, E> {
        u32::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
}

impl<'de> Deserialize<'de> for Small {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_u32(SmallVisitor).map(Self)
    }
}

struct IntervalVisitor;

impl Visitor<'_> for IntervalVisitor {
    type Value = NonZeroU32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the interval in whole seconds, 1 to 4294967295")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<NonZeroU32, E> {
        let interval = u32::try_from(number).ok().and_then(NonZeroU32::new);
        interval.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_u32(IntervalVisitor).map(Self)
    }
}

struct PositiveVisitor;

impl Visitor<'_> for PositiveVisitor {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration in quotes, such as \"48h\" or \"1h30m\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
        let duration: GoDuration =
            text.parse().map_err(|error| E::custom(format_args!("{text:?} is no duration: {error}")))?;
        match duration.to_std() {
            Some(duration) if !duration.is_zero() => Ok(duration),
            _ => Err(E::custom(format_args!("{text:?} is too short: it must be longer than 0s"))),
        }
    }
}

impl<'de> Deserialize<'de> for Positive {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(PositiveVisitor).map(Self)
    }
}

struct AggregationVisitor;

impl Visitor<'_> for AggregationVisitor {
    type Value = Aggregation;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"sum\", \"avg\" or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Aggregation, E> {
        Ok(Aggregation::None)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Aggregation, E> {
        match text {
            "sum" => Ok(Aggregation::Sum),
            "avg" => Ok(Aggregation::Avg),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

impl<'de> Deserialize<'de> for HowToAggregate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AggregationVisitor).map(Self)
    }
}

struct WordVisitor<T>(PhantomData<T>);

impl<T: Word> Visitor<'_> for WordVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [(first, _), (second, _)] = T::WORDS;
        write!(f, "{first:?} or {second:?}")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        let known = T::WORDS.into_iter().find(|(word, _)| *word == text);
        known.map(|(_, value)| value).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl<'de, T: Word> Deserialize<'de> for OneOf<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(WordVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ByNameVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ByNameVisitor<T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of metrics by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut by_name = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if by_name.contains_key(&name) {
                return Err(A::Error::custom(format_args!("duplicate key `{name}`")));
            }
            if name == treering_wal::CONTROL_METRIC {
                return Err(A::Error::custom("the name is reserved for the log, choose another one"));
            }
            let value = map.next_value()?;
            by_name.insert(name, value);
        }
        Ok(by_name)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByName<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ByNameVisitor(PhantomData)).map(Self)
    }
}
