//! Whatever is written together is what each value is written as alone.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const BOTH: [Precision; 2] = [Precision::Exact, Precision::OneDecimal];

/// Each value by itself.
fn plain(values: &[f32], precision: Precision) -> (Vec<u8>, Loss) {
    let (mut out, mut loss) = (Vec::new(), Loss::default());
    for value in values {
        match number::write(&mut out, *value, precision) {
            Written::Kept => {}
            Written::Infinite => loss.infinite += 1,
            Written::Rounded => loss.rounded += 1,
        }
        out.push(b',');
    }
    (out, loss)
}

fn together(part: &Part<'_>, precision: Precision) -> (Vec<u8>, Loss) {
    let (mut out, mut loss) = (Vec::new(), Loss::default());
    write(&mut Memory::default(), &mut out, part, precision, &mut loss);
    (out, loss)
}

#[track_caller]
fn assert_same(values: &[f32]) {
    for precision in BOTH {
        let (text, expected) = (together(&Part::Native(values), precision), plain(values, precision));
        if text != expected {
            let differs =
                |value: &&f32| together(&Part::Native(&[**value]), precision) != plain(&[**value], precision);
            let value = values.iter().find(differs);
            panic!("{precision:?}: {value:?} of {} values, {:?} and {:?}", values.len(), text.1, expected.1);
        }
    }
}

#[test]
fn all_kinds_of_values_are_written_as_each_alone() {
    let mut bits = 0u32;
    let mut values = Vec::new();
    for step in [104_729, 7, 1, 15_485_863].into_iter().cycle().take(1_000_000) {
        bits = bits.wrapping_add(step);
        values.push(f32::from_bits(bits));
    }
    values.chunks(1_000).for_each(assert_same);
}

#[test]
fn tenths_of_all_sizes_are_written_as_each_alone() {
    let tenths = (0..20_000).chain((20_000..110_000_000).step_by(499));
    let values: Vec<_> = tenths.map(|tenths: u32| tenths as f32 / 10.0).collect();
    values.chunks(1_000).for_each(assert_same);
    let negative: Vec<_> = values.iter().step_by(3).map(|value| -value).collect();
    negative.chunks(1_000).for_each(assert_same);
}

/// From here on two tenths may be the same value, and near here eight digits begin and end.
#[test]
fn values_at_the_edges_are_written_as_each_alone() {
    for edge in [
        0.0f32,
        0.05,
        1.0,
        10.0,
        99.95,
        100.0,
        999.95,
        1_000.0,
        1_677_721.6,
        2_097_152.0,
        4_194_304.0,
        8_388_608.0,
        FEW_DIGITS_MAX,
        1e7,
        16_777_216.0,
        1e15,
        1e20,
        f32::MAX,
    ] {
        let near: Vec<_> =
            (0..4_000).map(|n| f32::from_bits(edge.to_bits().wrapping_add(n).wrapping_sub(2_000))).collect();
        near.chunks(997).for_each(assert_same);
    }
}

#[test]
fn columns_of_one_value_are_written_as_each_alone() {
    for value in [0.0, -0.0, 42.0, -1.5, 0.25, 123.456, 1e30, f32::NAN, f32::INFINITY, 9_999_998.0, 1e-45] {
        for count in [1, 2, VALUES - 1, VALUES, VALUES + 1, 3 * VALUES + 5] {
            let mut values = vec![value; count];
            assert_same(&values);
            values.push(7.5);
            assert_same(&values);
        }
    }
}

#[test]
fn the_longest_texts_fit() {
    let longest = -9_999_998.5f32;
    assert!(longest.abs() < FEW_DIGITS_MAX);
    let mut values = vec![longest; VALUES];
    values[VALUES - 1] = -9_999_997.0;
    assert_same(&values);
    assert_eq!(plain(&[longest], Precision::OneDecimal).0.len(), VALUE_BYTES);
}

proptest! {
    #[test]
    fn prop_any_values_in_any_part_are_written_as_each_alone(
        runs in vec((prop_oneof![
            4 => (-20_000_000i32..20_000_000, 0..8u32).prop_map(|(tenths, shift)| (tenths >> (3 * shift)) as f32 / 10.0),
            2 => any::<u32>().prop_map(f32::from_bits),
            1 => prop::sample::select(vec![f32::NAN, f32::INFINITY, -0.0, 0.0, 0.04, -0.04, 0.25]),
        ], prop_oneof![3 => Just(1usize), 1 => 1..200usize]), 0..60),
    ) {
        let values: Vec<f32> = runs.iter().flat_map(|(value, count)| vec![*value; *count]).collect();
        assert_same(&values);
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        for precision in BOTH {
            let (native, bytes) = (Part::Native(&values), Part::LittleEndian(&bytes));
            prop_assert_eq!(together(&native, precision), together(&bytes, precision));
        }
    }
}

#[test]
fn values_of_every_size_are_written_as_each_alone() {
    let all: Vec<_> = (0..=u32::MAX).step_by(3_001).map(f32::from_bits).collect();
    all.chunks(1_000).for_each(assert_same);
}
