//! A format: bytes to events and back, and what a file says beside its tree.

use std::any::Any;
use std::fmt;

use crate::{Counts, Damage, DecodeError, EncodeError, Limits, Sink};

/// The times that a snapshot is about: `[from_s, to_s)`, Unix seconds.
///
/// As the file has them: nothing says that `from_s <= to_s`, or that no value lies outside. The reference takes a
/// `to_s` of 0 for "do not check the age of this file".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Window {
    /// Start, which is also the number in the file's name.
    pub from_s: i64,
    /// End.
    pub to_s: i64,
}

/// What only a snapshot of ours says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ours {
    /// The cluster that the snapshot belongs to.
    pub cluster: String,
    /// The host that the snapshot belongs to.
    pub host: String,
    /// Every log segment up to this generation is held by this snapshot and the ones before it.
    pub covers: u64,
    /// `covers` of the host's snapshot before this one; 0 if there was none.
    pub previous: u64,
}

/// What a snapshot says beside its tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Meta {
    /// The times it is about.
    pub window: Window,
    /// `None` in a file of the reference's.
    pub ours: Option<Ours>,
}

/// How a decode went.
#[derive(Debug)]
pub struct Decoded {
    /// What the file says beside its tree, as far as it could be read.
    pub meta: Option<Meta>,
    /// `Ok` if the file was read to its end, even if [`Damage`] was reported on the way.
    ///
    /// With an `Err` all that was sound before it has reached the sink.
    pub end: Result<(), DecodeError>,
}

/// A sink that writes a file.
///
/// An event that is answered with an `Err` leaves no trace in the bytes, so the caller may leave that column or
/// level out and go on. The error's reason is an [`EncodeError`].
pub trait Encoder: Sink {
    /// Completes the bytes: what can only be known at the end (counts, window, checksums) is filled in.
    ///
    /// An encoder that is dropped without this leaves bytes that no reader takes for a snapshot.
    ///
    /// A value that the format cannot hold is no error: it is written as near as can be, and counted in
    /// [`Counts::loss`].
    ///
    /// # Errors
    /// [`EncodeError`] if a level is still open, or if something is too large for the format.
    fn finish(self: Box<Self>, meta: &Meta) -> Result<Counts, EncodeError>;
}

/// A file format of snapshots.
///
/// Encoding is a pure function of the events: equal streams give equal bytes.
pub trait Format: Send + Sync {
    /// The file name's extension, without the dot.
    fn extension(&self) -> &'static str;

    /// The longest file in bytes that [`Format::decode`] looks at: a longer one it answers with
    /// [`DecodeError::TooLong`], so nothing of it has to be read.
    fn len_bytes_max(&self, limits: &Limits) -> u64 {
        let _ = limits;
        u64::MAX
    }

    /// Begins a file in `out`. What `out` held is dropped, its capacity is reused.
    fn encoder<'a>(&self, out: &'a mut Vec<u8>) -> Box<dyn Encoder + 'a>;

    /// Reads `bytes` and drives `sink`.
    ///
    /// No input makes this panic, or allocate more than a fixed multiple of its length plus 64 KiB: 4 times for a
    /// binary format, 40 times for a text, which [`Limits::text_bytes_max`] bounds (what the sink does is the sink's
    /// affair). `bytes` may be overwritten. Everything that is damaged and can be stepped over goes to `damage`, at
    /// most once per column or level; a caller that keeps these reports bounds them.
    fn decode(
        &self,
        bytes: &mut [u8],
        scratch: &mut Scratch,
        limits: &Limits,
        sink: &mut dyn Sink,
        damage: &mut dyn FnMut(Damage),
    ) -> Decoded;
}

/// Working memory that one thread passes from decode to decode, so that it is allocated once.
///
/// Each format keeps a type of its own in here; nothing in it carries over from one file to the next but capacity.
#[derive(Default)]
pub struct Scratch {
    slots: Vec<Box<dyn Any + Send>>,
}

impl Scratch {
    /// An empty one; allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The memory of type `T`, made on first use.
    pub fn slot<T: Any + Send + Default>(&mut self) -> &mut T {
        let index = self.slots.iter().position(|slot| slot.is::<T>()).unwrap_or(self.slots.len());
        if index == self.slots.len() {
            self.slots.push(Box::<T>::default());
        }
        self.slots[index].downcast_mut().unwrap_or_else(|| unreachable!("found or made with this very type"))
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("slots", &self.slots.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scratch_keeps_one_value_per_type() {
        let mut scratch = Scratch::new();
        scratch.slot::<Vec<u8>>().push(7);
        scratch.slot::<String>().push('x');
        assert_eq!(scratch.slot::<Vec<u8>>(), &[7]);
        assert_eq!(scratch.slot::<String>(), "x");
        assert_eq!(format!("{scratch:?}"), "Scratch { slots: 2 }");
    }

    #[test]
    fn formats_can_be_handed_over_as_objects() {
        fn object(_: &dyn Format) {}
        fn shared<T: Send + Sync + ?Sized>() {}
        let _ = object;
        shared::<dyn Format>();
    }

    #[test]
    fn a_format_looks_at_files_of_any_length_unless_it_says_otherwise() {
        struct Plain;
        impl Format for Plain {
            fn extension(&self) -> &'static str {
                "plain"
            }
            fn encoder<'a>(&self, _: &'a mut Vec<u8>) -> Box<dyn Encoder + 'a> {
                unreachable!("nobody writes")
            }
            fn decode(
                &self,
                _: &mut [u8],
                _: &mut Scratch,
                _: &Limits,
                _: &mut dyn Sink,
                _: &mut dyn FnMut(Damage),
            ) -> Decoded {
                unreachable!("nobody reads")
            }
        }
        assert_eq!(Plain.len_bytes_max(&Limits::default()), u64::MAX);
    }
}
