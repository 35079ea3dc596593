//! Many threads on one tree.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use treering_level::{Bounds, Host, Sample, SeriesIndex};

use crate::setup::{T0, Told, ask, put, taking_tree};

const WRITERS: usize = 3;
const ROUNDS: i64 = 300;

/// One thread's part: its own series on its own host and on one that all share.
fn write_rounds(host: &Host<Told>, name: &str) -> u64 {
    let mut stored = 0;
    for round in 0..ROUNDS {
        // A sample a round, and a late one; each in a slot of its own.
        let times = [T0 + 60 * round, T0 - 60 * (round + 1)];
        let mut guard = host.lock();
        let series = guard.resolve(&[name], "m").unwrap();
        let batch = times.map(|time_s| Sample { series, time_s, value: 1.0 });
        stored += guard.write(&batch, Bounds::NONE).stored;
    }
    stored
}

#[test]
fn totals_agree_and_no_sample_escapes_the_checkpoints_while_threads_write_read_and_freeze() {
    let tree = taking_tree();
    for host in ["shared", "own0", "own1", "own2"] {
        tree.host_or_insert_with("c", host, Told::default).unwrap();
    }
    let done = AtomicBool::new(false);
    let saved: Mutex<BTreeMap<(String, SeriesIndex, i64), f32>> = Mutex::default();
    let checkpoint = |give_back: bool| {
        for host in tree.hosts() {
            let frozen = host.lock().freeze_dirty(|_, ring| ring.dirty().span().unwrap_or_default());
            if give_back {
                host.lock().give_back(&frozen);
                continue;
            }
            let mut saved = saved.lock().unwrap();
            for series in frozen {
                for slot in series.dirty.iter().flatten() {
                    if let Some(value) = series.column.value_at(slot) {
                        saved.insert((host.name().to_owned(), series.index, slot), value);
                    }
                }
            }
        }
    };
    let stored: u64 = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let tree = &tree;
                scope.spawn(move || {
                    let shared = tree.host("c", "shared").unwrap();
                    let own = tree.host("c", &format!("own{writer}")).unwrap();
                    let name = format!("core{writer}");
                    write_rounds(&shared, &name) + write_rounds(&own, &name)
                })
            })
            .collect();
        scope.spawn(|| {
            for turn in 0.. {
                checkpoint(turn % 3 == 1);
                if done.load(Ordering::Acquire) {
                    break;
                }
            }
        });
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                if let Ok(answer) = ask(&tree, &["c"], "m", (T0 - 6000, T0 + 6000)) {
                    assert!(answer.series <= 2 * 3);
                    let all = answer.series as f32;
                    assert!(answer.values.iter().all(|value| value.is_nan() || *value == all));
                }
                let _ = (tree.counts(), tree.memory_bytes());
            }
        });
        let stored = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
        done.store(true, Ordering::Release);
        stored
    });
    checkpoint(false);
    let expected = 2 * 2 * u64::try_from(ROUNDS).unwrap() * u64::try_from(WRITERS).unwrap();
    assert_eq!(stored, expected);
    assert_eq!(tree.counts().samples, expected);
    assert_eq!(u64::try_from(saved.into_inner().unwrap().len()).unwrap(), expected);
    let told: usize = tree.hosts().iter().map(|host| host.lock().journal().0.len()).sum();
    assert_eq!(u64::try_from(told).unwrap(), expected);
    let answer = ask(&tree, &["c"], "m", (T0, T0 + 60)).unwrap();
    assert_eq!((answer.series, answer.values), (6, vec![6.0]));
}

#[test]
fn the_journal_hears_samples_in_the_order_in_which_they_took_effect() {
    let tree = taking_tree();
    let host = tree.host_or_insert_with("c", "h", Told::default).unwrap();
    thread::scope(|scope| {
        for writer in 0..4_u8 {
            let host = Arc::clone(&host);
            scope.spawn(move || {
                for round in 0..200_u8 {
                    let mut guard = host.lock();
                    let series = guard.resolve(&[], "m").unwrap();
                    let value = f32::from(writer) * 1000.0 + f32::from(round);
                    guard.write(&[Sample { series, time_s: T0, value }], Bounds::NONE);
                }
            });
        }
    });
    let last = host.lock().journal().0.last().unwrap().2;
    assert_eq!(host.lock().journal().0.len(), 800);
    assert_eq!(ask(&tree, &["c", "h"], "m", (T0, T0 + 60)).unwrap().values, [last]);
}

#[test]
fn threads_that_make_the_same_host_and_series_get_the_same() {
    const THREADS: usize = 4;
    const HOSTS: usize = 2000;
    let tree = taking_tree();
    let (made, start) = (Mutex::new(0), Barrier::new(THREADS));
    let make_all = || -> Vec<(Arc<Host<Told>>, SeriesIndex)> {
        let make = || {
            *made.lock().unwrap() += 1;
            Told::default()
        };
        let resolve = |number: usize| {
            start.wait();
            let host = tree.host_or_insert_with("c", &format!("h{number}"), make).unwrap();
            let series = host.lock().resolve(&["a", "b"], "m").unwrap();
            (host, series)
        };
        (0..HOSTS).map(resolve).collect()
    };
    let got: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(make_all)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for of_thread in &got {
        let pairs = of_thread.iter().zip(&got[0]);
        assert!(pairs.into_iter().all(|(a, b)| Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1));
    }
    let counts = tree.counts();
    assert_eq!((*made.lock().unwrap(), tree.hosts().len()), (HOSTS, HOSTS));
    assert_eq!((counts.series, counts.levels), (2000, 4000));
}

#[test]
fn what_is_stored_less_what_is_freed_is_what_is_held_while_both_go_on() {
    let tree = taking_tree();
    let freed_total = Mutex::new(0);
    let stored: u64 = thread::scope(|scope| {
        let writers: Vec<_> = ["a", "b"]
            .map(|level| {
                let tree = &tree;
                scope.spawn(move || {
                    (0..2000)
                        .map(|slot| put(tree, &["c", "h", level], "m", &[(T0 + 60 * slot, 1.0)]).stored)
                        .sum::<u64>()
                })
            })
            .into_iter()
            .collect();
        scope.spawn(|| {
            for slot in (0..2000).step_by(7) {
                for host in tree.hosts() {
                    *freed_total.lock().unwrap() += host.lock().free_before(T0 + 60 * slot).samples;
                }
                thread::yield_now();
            }
        });
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert_eq!(stored, 4000);
    assert_eq!(stored - freed_total.into_inner().unwrap(), tree.counts().samples);
    let held: u64 = tree.hosts()[0].lock().series().map(|series| series.ring().samples()).sum();
    assert_eq!(held, tree.counts().samples);
}

#[test]
fn a_host_whose_user_panicked_can_be_used_on() {
    let tree = taking_tree();
    put(&tree, &["c", "h"], "m", &[(T0, 1.0)]);
    let host = tree.host("c", "h").unwrap();
    let panicked = thread::scope(|scope| {
        let user = scope.spawn(|| {
            let _guard = host.lock();
            panic!("on purpose");
        });
        user.join().is_err()
    });
    assert!(panicked);
    assert_eq!(put(&tree, &["c", "h"], "m", &[(T0 + 60, 1.0)]).stored, 1);
    assert_eq!(tree.counts().samples, 2);
}
