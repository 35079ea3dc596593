//! Any sequence of operations gives the answers of a plain map.

use std::collections::BTreeMap;
use std::ops::Range;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use treering_buffer::{
    Bounds, Column, Fill, Frozen, Grid, ReadError, Ring, Slot, SlotRanges, Stored, TIME_MAX_S, Values,
};

use crate::model::{Model, Ranges};
use crate::{START_S, dirty, file_bytes};

type Checked = Result<(), TestCaseError>;

#[derive(Clone, Debug)]
enum Step {
    Write { time_s: i64, value: f32, bounds: Bounds },
    Append { count: u16, stride: u8, value: f32 },
    Restore { start_s: i64, interval_s: u32, pieces: Vec<Piece>, fill: Fill, dirty: bool },
    TakeDirty,
    Confirm(usize),
    GiveBack(usize),
    Freeze(Slot, Slot),
    Slice(usize, Slot, Slot),
    Free(i64),
    Read { from_s: i64, to_s: i64 },
}

#[derive(Clone, Debug)]
enum Piece {
    Native(Vec<f32>),
    LittleEndian(Vec<f32>),
    Missing(u32),
}

/// Most slots that a read asks for.
const READ_SLOTS_MAX: u64 = 5_000;

fn value() -> impl Strategy<Value = f32> {
    prop_oneof![
        12 => (-100_i8..100).prop_map(f32::from),
        4 => Just(f32::NAN),
        1 => Just(f32::from_bits(0xFFC0_0001)),
        1 => prop::sample::select(vec![f32::INFINITY, f32::NEG_INFINITY, -0.0, f32::MIN_POSITIVE / 2.0]),
    ]
}

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![
        20 => START_S - 300..START_S + 2_000,
        4 => START_S - 20_000..START_S + 20_000,
        1 => START_S - 400 * 86_400..START_S + 400 * 86_400,
        1 => prop::sample::select(vec![
            i64::MIN, -TIME_MAX_S - 1, -TIME_MAX_S, TIME_MAX_S - 3, TIME_MAX_S, TIME_MAX_S + 1, i64::MAX,
        ]),
    ]
}

fn slot() -> impl Strategy<Value = Slot> {
    prop_oneof![10 => -600_i64..1_500, 2 => Just(Slot::MIN), 2 => Just(Slot::MAX), 1 => any::<Slot>()]
}

fn bounds() -> impl Strategy<Value = Bounds> {
    let narrow = (START_S - 100..START_S, START_S..START_S + 1_000);
    prop_oneof![
        4 => Just(Bounds::NONE),
        1 => narrow.prop_map(|(oldest_s, newest_s)| Bounds { oldest_s, newest_s }),
    ]
}

fn piece() -> impl Strategy<Value = Piece> {
    let values = prop_oneof![
        prop::collection::vec(value(), 0..20),
        (0_usize..1_200, value()).prop_map(|(count, value)| vec![value; count]),
    ];
    prop_oneof![
        values.clone().prop_map(Piece::Native),
        values.prop_map(Piece::LittleEndian),
        prop_oneof![0_u32..10, 0_u32..1_500].prop_map(Piece::Missing),
    ]
}

fn interval() -> impl Strategy<Value = u32> {
    prop::sample::select(vec![1, 2, 7, 10, 60])
}

fn restore() -> impl Strategy<Value = Step> {
    let interval_s = prop_oneof![20 => interval(), 1 => Just(0), 1 => Just(u32::MAX)];
    let fill = prop_oneof![Just(Fill::EmptySlots), Just(Fill::Overwrite)];
    let pieces = prop::collection::vec(piece(), 0..5);
    (time(), interval_s, pieces, fill, any::<bool>()).prop_map(
        |(start_s, interval_s, pieces, fill, dirty)| Step::Restore {
            start_s,
            interval_s,
            pieces,
            fill,
            dirty,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (time(), value(), bounds()).prop_map(|(time_s, value, bounds)| Step::Write { time_s, value, bounds }),
        4 => (1_u16..700, 1_u8..4, value())
            .prop_map(|(count, stride, value)| Step::Append { count, stride, value }),
        6 => restore(),
        2 => Just(Step::TakeDirty),
        1 => any::<usize>().prop_map(Step::Confirm),
        2 => any::<usize>().prop_map(Step::GiveBack),
        3 => (slot(), slot()).prop_map(|(start, end)| Step::Freeze(start, end)),
        2 => (any::<usize>(), slot(), slot()).prop_map(|(at, start, end)| Step::Slice(at, start, end)),
        2 => time().prop_map(Step::Free),
        4 => (time(), time()).prop_map(|(from_s, to_s)| Step::Read { from_s, to_s }),
    ]
}

/// A ring, its model, and what was taken from both.
struct Pair {
    ring: Ring,
    model: Model,
    taken: Vec<(SlotRanges, Ranges)>,
    frozen: Vec<(Frozen, BTreeMap<Slot, u32>)>,
}

impl Pair {
    fn new(interval_s: u32) -> Self {
        let (ring, model) = (Ring::new(interval_s), Model::new(interval_s));
        Self { ring, model, taken: Vec::new(), frozen: Vec::new() }
    }

    fn run(&mut self, step: Step) -> Checked {
        match step {
            Step::Write { time_s, value, bounds } => self.write(time_s, value, bounds)?,
            Step::Append { count, stride, value } => self.append(count, stride, value)?,
            Step::Restore { start_s, interval_s, pieces, fill, dirty } => {
                self.restore(start_s, interval_s, &pieces, fill, dirty)?;
            }
            Step::TakeDirty => self.take_dirty(),
            Step::Confirm(at) => drop(pick(&mut self.taken, at)),
            Step::GiveBack(at) => {
                if let Some((ranges, plain)) = pick(&mut self.taken, at) {
                    self.ring.give_back(&ranges);
                    self.model.give_back(&plain);
                }
            }
            Step::Freeze(start, end) => self.freeze(start..end),
            Step::Slice(at, start, end) => self.slice(at, start..end),
            Step::Free(limit_s) => self.free(limit_s)?,
            Step::Read { from_s, to_s } => self.read(from_s, to_s)?,
        }
        self.check()
    }

    fn write(&mut self, time_s: i64, value: f32, bounds: Bounds) -> Checked {
        prop_assert_eq!(self.ring.write(time_s, value, bounds), self.model.write(time_s, value, bounds));
        Ok(())
    }

    /// Samples behind the newest, as a series usually gets them.
    fn append(&mut self, count: u16, stride: u8, value: f32) -> Checked {
        let newest_s = self.ring.latest().map_or(START_S, |(time_s, _)| time_s);
        for k in 1..=i64::from(count) {
            self.write(newest_s + k * i64::from(stride) * self.model.interval_s, value, Bounds::NONE)?;
        }
        Ok(())
    }

    fn restore(
        &mut self,
        start_s: i64,
        interval_s: u32,
        pieces: &[Piece],
        fill: Fill,
        dirty: bool,
    ) -> Checked {
        let bytes: Vec<_> = pieces.iter().map(Piece::bytes).collect();
        let values: Vec<_> = pieces.iter().zip(&bytes).map(|(piece, bytes)| piece.values(bytes)).collect();
        let plain: Vec<f32> = pieces.iter().flat_map(Piece::plain).collect();
        let restored = self.ring.restore(Column { start_s, interval_s, values: &values }, fill, dirty);
        prop_assert_eq!(restored.ok(), self.model.restore(start_s, interval_s, &plain, fill, dirty));
        Ok(())
    }

    fn take_dirty(&mut self) {
        self.taken.push((self.ring.take_dirty(), std::mem::take(&mut self.model.dirty)));
    }

    fn freeze(&mut self, range: Range<Slot>) {
        self.frozen.push((self.ring.freeze(range.clone()), self.model.freeze(range)));
    }

    fn slice(&mut self, at: usize, range: Range<Slot>) {
        if let Some((column, samples)) = pick(&mut self.frozen, at) {
            let mut sliced = samples.clone();
            sliced.retain(|slot, _| range.contains(slot));
            self.frozen.push((column.slice(range).into_owned(), sliced));
            self.frozen.push((column, samples));
        }
    }

    fn free(&mut self, limit_s: i64) -> Checked {
        let before = self.ring.memory_bytes();
        let freed = self.ring.free_before(limit_s);
        prop_assert_eq!(freed.samples, self.model.free_before(limit_s));
        prop_assert_eq!(freed.bytes, before - self.ring.memory_bytes());
        Ok(())
    }

    fn read(&self, from_s: i64, to_s: i64) -> Checked {
        let mut out = vec![-7.0];
        let answer = self.ring.read(from_s, to_s, READ_SLOTS_MAX, &mut out);
        prop_assert_eq!(out.remove(0), -7.0);
        if self.model.origin_s.is_none() {
            prop_assert_eq!(answer, Ok(None));
            return Ok(());
        }
        let range = self.model.slots_in(from_s, to_s);
        let slots = u64::try_from(range.end - range.start).unwrap_or(0);
        if slots > READ_SLOTS_MAX {
            prop_assert_eq!(answer, Err(ReadError::RangeTooLarge { slots, limit: READ_SLOTS_MAX }));
            prop_assert!(out.is_empty());
            return Ok(());
        }
        prop_assert_eq!(answer, Ok((slots > 0).then(|| self.model.time_of(range.start))));
        let held = range.map(|slot| self.model.held.get(&slot).copied().unwrap_or(f32::NAN.to_bits()));
        prop_assert!(out.iter().map(|value| value.to_bits()).eq(held));
        Ok(())
    }

    /// What must hold after every step.
    fn check(&self) -> Checked {
        let (ring, model) = (&self.ring, &self.model);
        prop_assert_eq!(ring.grid().map(Grid::origin_s), model.origin_s);
        prop_assert_eq!(ring.samples(), u64::try_from(model.held.len()).unwrap());
        prop_assert_eq!(ring.is_empty(), model.held.is_empty());
        prop_assert_eq!(ring.span(), Some(model.span()).filter(|span| !span.is_empty()));
        let latest = model.held.last_key_value().map(|(slot, bits)| (model.time_of(*slot), *bits));
        prop_assert_eq!(ring.latest().map(|(time_s, value)| (time_s, value.to_bits())), latest);
        prop_assert_eq!(dirty(ring), &model.dirty.0[..]);
        let values_bytes = usize::try_from(ring.samples()).unwrap() * size_of::<f32>();
        prop_assert!(ring.memory_bytes() >= size_of::<Ring>() + values_bytes);
        Ok(())
    }

    /// What is held, and what was frozen on the way there.
    fn check_all(&mut self) -> Checked {
        self.freeze(Slot::MIN..Slot::MAX);
        for (column, samples) in &self.frozen {
            check_column(column, samples)?;
        }
        for (slot, bits) in &self.model.held {
            prop_assert_eq!(self.ring.value_at(*slot).map(f32::to_bits), Some(*bits));
            for near in [slot - 1, slot + 1] {
                let value = self.ring.value_at(near).map(f32::to_bits);
                prop_assert_eq!(value, self.model.held.get(&near).copied());
            }
        }
        Ok(())
    }
}

impl Piece {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Piece::LittleEndian(values) => file_bytes(values),
            Piece::Native(_) | Piece::Missing(_) => Vec::new(),
        }
    }

    fn values<'a>(&'a self, bytes: &'a [u8]) -> Values<'a> {
        match self {
            Piece::Native(values) => Values::Native(values),
            Piece::LittleEndian(_) => Values::LittleEndian(bytes),
            Piece::Missing(count) => Values::Missing(*count),
        }
    }

    fn plain(&self) -> Vec<f32> {
        match self {
            Piece::Native(values) | Piece::LittleEndian(values) => values.clone(),
            Piece::Missing(count) => vec![f32::NAN; usize::try_from(*count).unwrap()],
        }
    }
}

fn check_column(column: &Frozen, samples: &BTreeMap<Slot, u32>) -> Checked {
    let Some((first, _)) = samples.first_key_value() else {
        prop_assert!(column.is_empty() && column.slots() == 0 && column.parts().next().is_none());
        return Ok(());
    };
    let last = *samples.last_key_value().unwrap().0;
    prop_assert_eq!(column.span(), *first..last + 1);
    prop_assert_eq!(column.start_s(), column.grid().time_of(*first));
    let mut held = samples.iter().map(|(slot, bits)| (*slot, *bits));
    prop_assert!(
        crate::samples(column).into_iter().map(|(slot, value)| (slot, value.to_bits())).eq(&mut held)
    );
    for slot in [first - 1, *first, first + 1, last, last + 1] {
        prop_assert_eq!(column.value_at(slot).map(f32::to_bits), samples.get(&slot).copied());
    }
    let gaps = column.parts().filter(|part| matches!(part, Values::Native(values) if values.is_empty()));
    prop_assert_eq!(gaps.count(), 0);
    Ok(())
}

/// Takes one of a list.
fn pick<T>(list: &mut Vec<T>, at: usize) -> Option<T> {
    let at = at.checked_rem(list.len())?;
    Some(list.swap_remove(at))
}

proptest! {
    #[test]
    fn prop_any_sequence_gives_the_answers_of_a_plain_map(
        interval_s in interval(),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut pair = Pair::new(interval_s);
        for step in steps {
            pair.run(step)?;
        }
        pair.check_all()?;
    }
}

#[test]
fn the_model_itself_bridges_and_frees() {
    // A model that is wrong in the same way as the ring would hide it: its rules once by hand.
    let mut model = Model::new(10);
    assert_eq!(model.write(100, 1.0, Bounds::NONE), Ok(Stored::New));
    assert_eq!(model.write(104, 2.0, Bounds::NONE), Ok(Stored::Replaced));
    assert_eq!(model.write(10_000, 3.0, Bounds::NONE), Ok(Stored::New));
    assert_eq!(model.dirty.0, [(0, 991)]);
    assert_eq!(model.slots_in(95, 121), 0..3);
    assert_eq!(model.free_before(101), 1);
    assert_eq!((model.span(), model.dirty.0), (990..991, vec![(990, 991)]));
}
