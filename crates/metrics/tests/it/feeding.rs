//! What others get of a store: everything once, in order, through every kind of interruption.

use std::collections::BTreeMap;
use std::fs;

use metrics::{Cursor, Feed, Portion, Samples, Settings, Store};

use crate::place::{DAY, Place, T0, put, scrape, series};

/// What a receiver has: bits by series and time, and how often something came that it had.
#[derive(Default)]
struct Receiver {
    has: BTreeMap<(String, i64), u64>,
    twice: usize,
}

impl Receiver {
    fn take(&mut self, portion: &Portion) {
        let mut count = 0;
        for (labels, values) in &portion.series {
            assert!(values.is_sorted_by(|one, next| one.0 < next.0), "by time");
            for (time, value) in values {
                let before = self.has.insert((labels.to_string(), *time), value.to_bits());
                self.twice += usize::from(before.is_some());
                count += 1;
            }
        }
        assert_eq!(count, portion.samples);
    }

    /// Takes all that there is, in small portions.
    fn drink(&mut self, store: &mut Store, feed: &mut Feed) {
        while let Some(portion) = feed.next(store, 7).expect("it can be read") {
            assert_eq!(portion.lost, None);
            self.take(&portion);
            store.taken(feed, &portion.after).expect("it is remembered");
        }
    }
}

/// What a store has, as a receiver would have it.
fn held(store: &Store) -> BTreeMap<(String, i64), u64> {
    let all = crate::place::all(store).into_iter();
    all.flat_map(|(name, points)| {
        points.into_iter().map(move |point| ((name.clone(), point.time), point.value.to_bits()))
    })
    .collect()
}

fn fill(store: &mut Store, numbers: std::ops::Range<i64>) {
    for n in numbers {
        let end = if n % 9 == 8 { f64::from_bits(metrics::STALE) } else { 3.0 };
        let values = [1.0, n as f64, (n as f64).sin(), f64::from_bits(0x7ff8_0000_0000_1234), end];
        let some = if n % 5 == 3 { 3 } else { 5 };
        scrape(store, T0 + n * 15_000, &values[..some]);
    }
}

#[test]
fn the_past_and_what_arrives_come_once_and_bit_for_bit() {
    let place = Place::new("feed");
    let mut store = place.open();
    fill(&mut store, 0..300);
    store.seal().expect("written");
    fill(&mut store, 300..400);
    let mut feed = store.feed("a", Some(T0 + 30_000)).expect("it begins");
    let mut receiver = Receiver::default();
    receiver.drink(&mut store, &mut feed);
    let mut expected = held(&store);
    expected.retain(|(_, time), _| *time >= T0 + 30_000);
    assert_eq!(receiver.has, expected);
    for part in 0..6 {
        fill(&mut store, 400 + part * 20..420 + part * 20);
        if part % 2 == 0 {
            store.seal().expect("written");
        }
        if part % 3 == 0 {
            receiver.drink(&mut store, &mut feed);
        }
    }
    // Late, by a minute and by hours, in the same request as what is new.
    let late = [(T0 + 1, 0.5), (T0 + 515 * 15_000 + 1, 1.5), (T0 + 520 * 15_000, 2.5)];
    put(&mut store, &series("m", 9), &late).expect("kept");
    receiver.drink(&mut store, &mut feed);
    let mut expected = held(&store);
    expected.retain(|(name, time), _| *time >= T0 + 30_000 || name.contains("n=\"9\""));
    assert_eq!(receiver.has, expected);
    assert_eq!(receiver.twice, 0);
    assert!(place.files("arrived").len() <= 1, "what was read is not kept for long");
    assert!(feed.next(&store, 7).expect("it can be read").is_none());
}

#[test]
fn a_receiver_that_is_away_for_days_misses_nothing_through_ends_merges_and_other_feeds() {
    let place = Place::new("feed-away");
    let mut store = place.open();
    let (mut one, mut other) = (Receiver::default(), Receiver::default());
    store.feed("one", None).expect("it begins");
    let mut feed = store.feed("other", None).expect("it begins");
    for day in 0..5 {
        for n in 0..40 {
            scrape(&mut store, T0 + day * DAY + n * 15_000, &[1.0, n as f64, day as f64]);
        }
        put(&mut store, &series("late", 0), &[(T0 + day * DAY - 3_600_000, 7.0)]).expect("kept");
        store.tick(T0 + day * DAY + 4 * 3_600_000).expect("it works");
        other.drink(&mut store, &mut feed);
        drop(store);
        store = place.open();
        feed = store.feed("other", None).expect("it goes on");
    }
    assert!(place.files("arrived").len() >= 4, "they wait for the one that is away");
    let mut feed = store.feed("one", None).expect("it goes on");
    one.drink(&mut store, &mut feed);
    assert_eq!((one.twice, other.twice), (0, 0));
    assert_eq!(one.has, held(&store));
    assert_eq!(other.has, one.has);
    assert_eq!(place.files("arrived").len(), 1, "there is a way back to the last one");
}

#[test]
fn whatever_was_not_remembered_comes_again_and_is_the_same() {
    let place = Place::new("feed-again");
    let mut store = place.open();
    fill(&mut store, 0..200);
    store.seal().expect("written");
    let mut feed = store.feed("a", Some(0)).expect("it begins");
    fill(&mut store, 200..260);
    let mut receiver = Receiver::default();
    let mut portions = 0;
    // The answer to every third portion is lost, and this end is killed at every seventh.
    while let Some(portion) = feed.next(&store, 50).expect("it can be read") {
        receiver.take(&portion);
        portions += 1;
        if portions % 3 != 0 {
            store.taken(&mut feed, &portion.after).expect("it is remembered");
        }
        if portions % 7 == 0 {
            drop(store);
            store = place.open();
            feed = store.feed("a", Some(0)).expect("it goes on");
        }
    }
    assert_eq!(receiver.has, held(&store));
    assert!(receiver.twice > 100 && receiver.twice < receiver.has.len(), "{}", receiver.twice);
    let early = Cursor::default();
    assert_ne!(feed.cursor(), &early);
}

#[test]
fn going_back_sends_the_same_again() {
    let place = Place::new("feed-back");
    let mut store = place.open();
    let mut feed = store.feed("a", None).expect("it begins");
    fill(&mut store, 0..10);
    let begin = feed.cursor().clone();
    let first = feed.next(&store, 20).expect("it can be read").expect("there is some");
    store.taken(&mut feed, &first.after).expect("it is remembered");
    let second = feed.next(&store, 20).expect("it can be read").expect("there is some");
    feed.go_on_from(&begin);
    let again = feed.next(&store, 20).expect("it can be read").expect("there is some");
    let bits = |portion: &Portion| {
        let all = portion.series.iter().flat_map(|(_, values)| values);
        all.map(|(time, value)| (*time, value.to_bits())).collect::<Vec<_>>()
    };
    assert_eq!(bits(&again), bits(&first));
    assert_ne!(bits(&second), bits(&first));
}

#[test]
fn a_receiver_that_is_away_for_too_long_is_told_what_it_misses() {
    let place = Place::new("feed-full");
    let settings = Settings { feed_bytes: 4_000, ..Settings::default() };
    let mut store = Store::open(place.path(), settings).expect("it opens");
    let mut feed = store.feed("a", None).expect("it begins");
    for part in 0..20 {
        fill(&mut store, part * 20..part * 20 + 20);
        store.seal().expect("written");
    }
    let kept: u64 =
        place.files("arrived").iter().map(|path| path.metadata().expect("there").len()).sum();
    assert!(kept <= 4_000, "{kept}");
    let portion = feed.next(&store, 7).expect("it can be read").expect("it says so");
    assert!(portion.lost.is_some_and(|why| why.contains("is gone")));
    store.taken(&mut feed, &portion.after).expect("it is remembered");
    let mut receiver = Receiver::default();
    receiver.drink(&mut store, &mut feed);
    assert!(receiver.has.len() > 100 && receiver.twice == 0, "the rest comes");
}

#[test]
fn a_flipped_bit_loses_a_feed_no_more_than_a_log_and_is_told() {
    let place = Place::in_memory("feed-flipped");
    let mut store = place.open();
    store.feed("a", None).expect("it begins");
    fill(&mut store, 0..6);
    store.seal().expect("written");
    fill(&mut store, 6..8);
    let expected = held(&store);
    drop(store);
    let (log, feed_file) = (place.files("arrived")[0].clone(), place.files("feed")[0].clone());
    let (whole, known) = (fs::read(&log).expect("there"), fs::read(&feed_file).expect("there"));
    let ways = (0..whole.len()).flat_map(|at| [(at, true), (at, false)]);
    for (at, flipped) in ways {
        let mut bad = whole.clone();
        if flipped {
            bad[at] ^= 1 << (at % 8);
        } else {
            bad.truncate(at);
        }
        fs::write(&log, &bad).expect("it is written");
        fs::write(&feed_file, &known).expect("it is written");
        let mut store = place.open();
        assert_eq!(held(&store), expected, "byte {at}: the store has it all the same");
        let mut feed = store.feed("a", None).expect("it goes on");
        let (mut receiver, mut lost) = (Receiver::default(), 0);
        while let Some(portion) = feed.next(&store, 1000).expect("it can be read") {
            receiver.take(&portion);
            lost += usize::from(portion.lost.is_some());
            store.taken(&mut feed, &portion.after).expect("it is remembered");
        }
        assert!(
            receiver.has.iter().all(|(key, bits)| expected.get(key) == Some(bits)),
            "byte {at}"
        );
        assert!(receiver.has.len() >= 10, "byte {at}: what is in the other log comes");
        assert!(lost == 1 || !flipped, "byte {at}: it is told");
        fs::write(&log, &whole).expect("it is written");
    }
}

#[test]
fn a_cursor_that_cannot_be_read_is_told_and_begins_anew() {
    let place = Place::new("feed-cursor");
    let mut store = place.open();
    fill(&mut store, 0..3);
    store.feed("a", Some(T0)).expect("it begins");
    drop(store);
    let file = place.files("feed")[0].clone();
    fs::write(&file, b"rubbish").expect("it is written");
    let mut store = place.open();
    assert!(store.damage().join("").contains("feed-a"), "{:?}", store.damage());
    let mut feed = store.feed("a", Some(T0)).expect("it begins anew");
    let mut receiver = Receiver::default();
    receiver.drink(&mut store, &mut feed);
    assert_eq!(receiver.has, held(&store));
    assert!(store.feed("../a", None).is_err(), "a name is no path");
    store.keep_feeds(&[]).expect("forgotten");
    assert!(place.files("feed").is_empty() && place.files("arrived").is_empty());
}

#[test]
fn a_log_that_lost_its_end_does_not_hide_what_comes_then() {
    let place = Place::new("feed-cut");
    let mut store = place.open();
    let mut feed = store.feed("a", None).expect("it begins");
    fill(&mut store, 0..5);
    let mut receiver = Receiver::default();
    receiver.drink(&mut store, &mut feed);
    drop(store);
    // A power cut took what the receiver has already.
    let log = place.files("log")[0].clone();
    let bytes = fs::read(&log).expect("it is there");
    fs::write(&log, &bytes[..bytes.len() - 30]).expect("it is written");
    let mut store = place.open();
    let labels = series("new", 0);
    for n in 5..9 {
        let values = [(T0 + n * 15_000, n as f64)];
        let samples = Samples { labels: labels.bytes(), values: &values };
        store.append(&[samples], T0 + n * 15_000).expect("kept");
    }
    let mut feed = store.feed("a", None).expect("it goes on");
    receiver.drink(&mut store, &mut feed);
    assert_eq!(receiver.has.keys().filter(|(name, _)| name.starts_with("new")).count(), 4);
}
