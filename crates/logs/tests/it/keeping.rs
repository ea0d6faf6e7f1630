//! What is kept, for how long, and in how few files.

use logs::logql::selector;
use logs::{Class, DAY, Settings, Store};

use crate::place::{Place, T0, all, append, stream};

const SECOND: i64 = 1_000_000_000;

fn merge_all(store: &mut Store, now: i64) -> usize {
    let mut count = 0;
    while let Some(merge) = store.merge_due(now) {
        merge.work().expect("it is written");
        store.merge_done(&merge).expect("it is taken");
        count += 1;
    }
    count
}

#[test]
fn lines_that_come_weeks_late_and_twice_are_there_once() {
    let place = Place::new("late");
    let mut store = place.open();
    let now = T0 + 20 * DAY;
    let lines: Vec<(i64, String)> =
        (0..200).map(|n| (T0 + n * DAY / 10, format!("line {n}"))).collect();
    let lines: Vec<(i64, &str)> = lines.iter().map(|(time, line)| (*time, line.as_str())).collect();
    for part in [&lines[100..], &lines[..100], &lines[50..150], &lines[..]] {
        append(&mut store, &stream(0), part, now);
        store.seal().expect("it is written");
        assert!(all(&store).len() >= 100);
    }
    assert_eq!(all(&store).len(), 200);
    let before = place.files("day").len();
    merge_all(&mut store, now + 3 * DAY);
    assert_eq!(place.files("day").len(), 20, "a file a day, of {before}");
    assert_eq!(all(&store).len(), 200);
    drop(store);
    let store = place.open();
    assert_eq!(all(&store).len(), 200);
    assert!(store.damage().is_empty(), "{:?}", store.damage());
}

#[test]
fn each_class_goes_when_it_is_as_old_as_it_may_be() {
    let place = Place::new("classes");
    let matchers = selector("{n=\"1\"}").expect("a selector");
    let class = Class { name: "connections".into(), matchers, days: 3 };
    let settings = Settings { days: 10, classes: vec![class], ..Settings::default() };
    let mut store = Store::open(place.path(), settings).expect("it opens");
    for day in 0..12 {
        let now = T0 + day * DAY + 3600 * SECOND;
        for n in 0..2 {
            append(&mut store, &stream(n), &[(now, "a line")], now);
        }
        store.seal().expect("it is written");
        store.tick(now).expect("it goes");
        merge_all(&mut store, now);
        let left =
            |n: usize| all(&store).iter().filter(|(_, _, labels)| *labels == stream(n)).count();
        let days = usize::try_from(day).expect("few") + 1;
        assert_eq!((left(0), left(1)), (days.min(10), days.min(3)), "day {day}");
    }
    assert_eq!(store.counts().expired, 2 + 9);
    let old = append(&mut store, &stream(1), &[(T0 + 8 * DAY, "x")], T0 + 11 * DAY);
    assert_eq!((old.lines, old.refused), (0, 1), "what is too old does not come in");
    assert!(old.why.is_some_and(|why| why.contains("older than such lines are kept")));
}

#[test]
fn a_clock_that_jumps_ahead_empties_nothing() {
    let place = Place::new("clock");
    let mut store = place.open();
    append(&mut store, &stream(0), &[(T0, "a line")], T0);
    store.seal().expect("it is written");
    for n in 0..100 {
        let now = T0 + 4000 * DAY + n * SECOND;
        store.tick(now).expect("it goes");
        assert_eq!(merge_all(&mut store, now), 0);
    }
    store.tick(T0 + 5).expect("it goes");
    assert_eq!(all(&store).len(), 1);
    // One that ticks on for a day is right after all.
    for n in 0..1500 {
        store.tick(T0 + 4000 * DAY + n * 60 * SECOND).expect("it goes");
    }
    assert_eq!(all(&store).len(), 0);
}

#[test]
fn the_oldest_go_when_there_is_no_room() {
    let place = Place::new("room");
    let settings = Settings { most_bytes: 3000, ..Settings::default() };
    let mut store = Store::open(place.path(), settings).expect("it opens");
    for day in 0..20 {
        let now = T0 + day * DAY;
        append(&mut store, &stream(0), &[(now, "a line that takes some room on the disk")], now);
        store.seal().expect("it is written");
        store.tick(now).expect("it goes");
    }
    let left = all(&store);
    assert!(left.len() < 20 && left.len() > 2, "{}", left.len());
    assert_eq!(left.last().expect("one").0, T0 + 19 * DAY, "the newest stays");
    assert_eq!(store.counts().pushed_out, 20 - left.len() as u64);
    assert!(store.notices().iter().all(|notice| notice.contains("were removed")));
    assert!(store.disk_bytes() <= 3100);
}

#[test]
fn a_question_outlives_the_files_that_it_reads() {
    let place = Place::new("outlives");
    let mut store = place.open();
    for n in 0..10 {
        append(&mut store, &stream(0), &[(T0 + n, "a line")], T0);
        store.seal().expect("it is written");
    }
    let query = logs::logql::parse("{job=\"test\"}").expect("right");
    let ask = crate::place::always();
    let picked = query.pick(&store, &ask);
    assert!(merge_all(&mut store, T0) > 0, "ten small files become one");
    assert_eq!(place.files("day").len(), 1);
    let (answer, _) =
        query.answer(&picked, &ask, &logs::logql::Budget::default()).expect("answered");
    let logs::logql::Answer::Streams(streams) = answer else { panic!("lines are lines") };
    assert_eq!(streams[0].1.len(), 10);
}
