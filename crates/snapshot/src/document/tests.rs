//! What a document keeps, refuses and emits.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn column(values: &[f32]) -> Column {
    Column { interval_s: 60, start_s: 1_700_000_000, values: values.to_vec() }
}

/// Writes down every event, and skips the levels it is told to.
#[derive(Default)]
struct Journal {
    events: Vec<String>,
    skip: Option<&'static str>,
}

impl Sink for Journal {
    fn column(&mut self, head: Head<'_>, values: &[Part<'_>]) -> Result<(), Stop> {
        let count: usize = values.iter().map(Part::count).sum();
        assert_eq!(count, usize::try_from(head.count).unwrap());
        self.events.push(format!("{}:{}", head.metric, head.count));
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        self.events.push(format!("+{level}"));
        Ok(if self.skip == Some(level) { Take::Skip } else { Take::Yes })
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.events.push("-".to_owned());
        Ok(())
    }
}

fn sample() -> Document {
    let mut document = Document::new();
    document.insert(&["core10"], "b", column(&[1.0])).unwrap();
    document.insert(&["core1", "x"], "z", column(&[])).unwrap();
    document.insert(&["core1"], "a", column(&[1.0, f32::NAN])).unwrap();
    document.insert::<&str>(&[], "é", column(&[1.0])).unwrap();
    document.insert::<&str>(&[], "z", column(&[1.0])).unwrap();
    document
}

#[test]
fn emits_columns_before_children_in_the_order_of_bytes() {
    let mut journal = Journal::default();
    sample().emit(&mut journal).unwrap();
    assert_eq!(journal.events, ["z:1", "é:1", "+core1", "a:2", "+x", "z:0", "-", "-", "+core10", "b:1", "-"]);
}

#[test]
fn a_skipped_level_gets_no_event_and_no_leave() {
    let mut journal = Journal { skip: Some("core1"), ..Journal::default() };
    sample().emit(&mut journal).unwrap();
    assert_eq!(journal.events, ["z:1", "é:1", "+core1", "+core10", "b:1", "-"]);
}

#[test]
fn a_document_emitted_into_another_is_the_same_bit_by_bit() {
    let mut document = sample();
    document.insert(&["core1"], "odd", column(&[f32::from_bits(0xFFC0_1234), -0.0])).unwrap();
    let mut copy = Document::new();
    document.emit(&mut copy).unwrap();
    assert_eq!(copy, document);
    copy.insert(&["core1"], "odd", column(&[f32::from_bits(0xFFC0_1234), 0.0])).unwrap();
    assert_ne!(copy, document, "0 and -0 differ in their bits");
}

#[test]
fn counts_agree_with_the_counting_sink() {
    let mut counts = Counts::default();
    sample().emit(&mut counts).unwrap();
    assert_eq!(counts, sample().counts());
    assert_eq!(counts, Counts { levels: 3, columns: 5, values: 5, ..Counts::default() });
}

#[test]
fn the_last_of_two_columns_or_levels_of_one_name_wins() {
    let mut document = Document::new();
    let head = |metric| Head { metric, interval_s: 60, start_s: 0, count: 1 };
    document.column(head("m"), &[Part::Native(&[1.0])]).unwrap();
    document.column(head("m"), &[Part::Native(&[2.0])]).unwrap();
    for metric in ["first", "second"] {
        document.enter("l").unwrap();
        document.column(head(metric), &[Part::Missing(1)]).unwrap();
        document.leave().unwrap();
    }
    assert_eq!(document.root().column("m").unwrap().values, [2.0]);
    let level = document.level(&["l"]).unwrap();
    assert_eq!(level.columns().map(|(name, _)| name).collect::<Vec<_>>(), ["second"]);
}

#[test]
fn depth_is_limited_on_both_ways_in() {
    let mut document = Document::new();
    let path: Vec<String> = (0..=DEPTH_MAX).map(|n| n.to_string()).collect();
    assert_eq!(document.insert(&path[1..], "m", column(&[1.0])), Ok(None));
    let deeper = InsertError::Depth { max: DEPTH_MAX, found: DEPTH_MAX + 1 };
    assert_eq!(document.insert(&path, "m", column(&[1.0])), Err(deeper));
    for name in &path[1..] {
        document.enter(name).unwrap();
    }
    let stop = document.enter("one more").unwrap_err();
    assert_eq!(stop.reason().and_then(|reason| reason.downcast_ref()), Some(&deeper));
}

#[test]
fn leave_without_enter_is_an_error() {
    let stop = Document::new().leave().unwrap_err();
    let reason = stop.into_reason().unwrap();
    assert_eq!(reason.downcast_ref(), Some(&EncodeError::Unbalanced { open: 0 }));
}

#[test]
fn a_column_after_a_replaced_path_lands_where_the_events_say() {
    let mut document = Document::new();
    document.enter("a").unwrap();
    document.enter("b").unwrap();
    let head = Head { metric: "m", interval_s: 1, start_s: 0, count: 0 };
    document.column(head, &[]).unwrap();
    document.leave().unwrap();
    document.leave().unwrap();
    assert!(document.level(&["a", "b"]).unwrap().column("m").is_some());
    assert!(document.level(&["b"]).is_none());
    assert_eq!(document.level(&["a"]).unwrap().children().count(), 1);
}

/// Takes only columns before children, names in ascending order, and balanced levels.
#[derive(Default)]
struct InOrder {
    last_column: Vec<Option<String>>,
    last_child: Vec<Option<String>>,
}

impl InOrder {
    fn new() -> Self {
        Self { last_column: vec![None], last_child: vec![None] }
    }
}

impl Sink for InOrder {
    fn column(&mut self, head: Head<'_>, _: &[Part<'_>]) -> Result<(), Stop> {
        assert_eq!(self.last_child.last(), Some(&None), "a column after a child");
        let before = self.last_column.last_mut().unwrap().replace(head.metric.to_owned());
        assert!(before.is_none_or(|before| before.as_bytes() < head.metric.as_bytes()));
        Ok(())
    }

    fn enter(&mut self, level: &str) -> Result<Take, Stop> {
        let before = self.last_child.last_mut().unwrap().replace(level.to_owned());
        assert!(before.is_none_or(|before| before.as_bytes() < level.as_bytes()));
        self.last_column.push(None);
        self.last_child.push(None);
        Ok(Take::Yes)
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.last_column.pop();
        self.last_child.pop();
        assert!(!self.last_child.is_empty(), "leave without enter");
        Ok(())
    }
}

proptest! {
    #[test]
    fn prop_any_document_emits_itself_in_order_and_whole(
        columns in vec((vec("[a-cA-C\u{e9}]{0,2}", 0..6), "[a-c]{0,2}", vec(any::<u32>(), 0..5)), 0..30),
    ) {
        let mut document = Document::new();
        for (path, metric, bits) in &columns {
            let values: Vec<f32> = bits.iter().map(|bits| f32::from_bits(*bits)).collect();
            document.insert(path, metric.clone(), column(&values)).unwrap();
        }
        let mut order = InOrder::new();
        document.emit(&mut order).unwrap();
        prop_assert_eq!(order.last_child.len(), 1, "every level was left");
        let mut copy = Document::new();
        document.emit(&mut copy).unwrap();
        prop_assert_eq!(&copy, &document);
        for (path, metric, _) in &columns {
            prop_assert!(copy.level(path).is_some_and(|level| level.column(metric).is_some()));
        }
    }
}
