//! What goes on while files are written: samples come, questions are answered, the end comes.

use std::fs;

use metrics::{Point, Store};

use crate::place::{DAY, Place, T0, all, put, scrape, series};

const HOUR: i64 = 3_600_000;

/// Two hours of scrapes, and the seal that is due then.
fn sealing(store: &mut Store) -> metrics::Seal {
    store.tick(T0).expect("nothing is due");
    for n in 0..8 {
        scrape(store, T0 + n * 900_000, &[n as f64, 1.0, 2.5]);
    }
    assert!(store.seal_due(T0 + HOUR).expect("it works").is_none(), "it is not time yet");
    store.seal_due(T0 + 3 * HOUR).expect("a log begins").expect("it is time")
}

#[test]
fn samples_come_and_are_read_while_the_head_is_written() {
    let place = Place::new("meanwhile-seal");
    let mut store = place.open();
    let mut seal = sealing(&mut store);
    scrape(&mut store, T0 + 3 * HOUR, &[100.0, 1.0]);
    put(&mut store, &series("m", 0), &[(T0 + 900_000, -1.0)]).expect("late, and kept");
    put(&mut store, &series("new", 0), &[(T0 + 1, 7.0)]).expect("kept");
    let before = all(&store);
    assert_eq!(before.iter().map(|(_, points)| points.len()).collect::<Vec<_>>(), [9, 9, 8, 1]);
    let changed = Point { time: T0 + 900_000, value: -1.0 };
    assert_eq!(before[0].1[1], changed, "the last writer wins");
    seal.work();
    assert_eq!(all(&store), before, "nothing is there twice");
    scrape(&mut store, T0 + 4 * HOUR, &[0.0]);
    let before = all(&store);
    store.seal_done(seal).expect("it is opened");
    assert_eq!(all(&store), before);
    assert_eq!((place.files("raw").len(), place.files("log").len()), (1, 1));
    drop(store);
    assert_eq!(all(&place.open()), before);
}

#[test]
fn whenever_the_end_comes_nothing_is_lost() {
    for step in 0..3 {
        let place = Place::new("meanwhile-end");
        let mut store = place.open();
        let mut seal = sealing(&mut store);
        scrape(&mut store, T0 + 3 * HOUR, &[100.0, 1.0]);
        let before = all(&store);
        if step > 0 {
            seal.work();
        }
        if step > 1 {
            store.seal_done(seal).expect("it is opened");
        } else {
            drop(seal);
        }
        drop(store);
        let store = place.open();
        assert_eq!(all(&store), before, "after step {step}");
        assert!(store.damage().is_empty());
        assert_eq!(place.files("log").len(), 1, "what was set apart is in files");
    }
}

#[test]
fn what_cannot_be_written_stays_in_memory_and_in_its_log() {
    let place = Place::new("meanwhile-full");
    let mut store = place.open();
    let stone = |n: u64| place.path().join(format!("raw_20000+1_{n:010}.chunk.new"));
    (0..50).for_each(|n| fs::create_dir(stone(n)).expect("it is made"));
    let mut seal = sealing(&mut store);
    seal.work();
    store.seal_done(seal).expect_err("there is no place for the file");
    scrape(&mut store, T0 + 3 * HOUR, &[100.0, 1.0]);
    store.tick(T0 + 3 * HOUR).expect_err("there is none yet");
    let before = all(&store);
    assert_eq!(before.iter().map(|(_, points)| points.len()).sum::<usize>(), 26);
    assert_eq!((place.files("raw").len(), place.files("log").len()), (50, 2));
    (0..50).for_each(|n| fs::remove_dir(stone(n)).expect("it is removed"));
    drop(store);
    let mut store = place.open();
    assert_eq!(all(&store), before, "it was in its log");
    store.tick(T0 + 3 * HOUR).expect("now it works");
    assert_eq!((place.files("raw").len(), place.files("log").len()), (1, 1));
    assert_eq!(all(&store), before);
}

#[test]
fn a_feed_reads_what_is_being_written_to_files() {
    let place = Place::new("meanwhile-feed");
    let mut store = place.open();
    let mut feed = store.feed("other", None).expect("it begins");
    let mut seal = sealing(&mut store);
    scrape(&mut store, T0 + 3 * HOUR, &[100.0, 1.0]);
    let mut count = 0;
    for step in 0..4 {
        while let Some(portion) = feed.next(&store, 5).expect("it is read") {
            assert_eq!(portion.lost, None, "in step {step}");
            count += portion.samples;
            let after = portion.after.clone();
            store.taken(&mut feed, &after).expect("it is remembered");
            if step == 0 {
                break;
            }
        }
        if step == 1 {
            seal.work();
        }
    }
    assert_eq!(count, 26);
    store.seal_done(seal).expect("it is opened");
    assert!(feed.next(&store, 5).expect("it is read").is_none(), "nothing is sent twice");
}

#[test]
fn late_samples_come_while_their_day_is_merged() {
    let place = Place::new("meanwhile-merge");
    let mut store = place.open();
    for n in 0..3 {
        scrape(&mut store, T0 + n * 900_000, &[1.0, 2.0, n as f64]);
        store.seal().expect("written");
    }
    let now = T0 + 2 * DAY;
    let mut merge = store.merge_due(now).expect("the day is over");
    put(&mut store, &series("m", 2), &[(T0 + 900_000, 50.0), (T0 + 1, 3.0)]).expect("late");
    store.seal().expect("written");
    let before = all(&store);
    merge.work();
    assert_eq!(all(&store), before, "nothing is there twice");
    store.merge_done(merge).expect("it is opened");
    assert_eq!(all(&store), before, "what came meanwhile counts");
    assert_eq!(place.files("raw").len(), 2);
    let mut merge = store.merge_due(now).expect("the day is due once more");
    merge.work();
    store.merge_done(merge).expect("it is opened");
    assert!(store.merge_due(now).is_none(), "that was all");
    assert_eq!(all(&store), before);
    let files = ["raw", "5m", "1h"].map(|tier| place.files(tier).len());
    assert_eq!(files, [1, 1, 1]);
}
