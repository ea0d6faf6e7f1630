//! What is put in comes out again: at once, after opening anew, from files, merged, late, twice.

use metrics::{Counts, Limits, STALE, Settings, Store, Sync};

use crate::place::{DAY, Place, T0, all, put, scrape, series};

/// Values as a host has them: constant, counting, decimal, any; with gaps and an end.
fn scrapes(store: &mut Store, from: i64, count: i64) {
    for n in from..from + count {
        let end = if n % 100 == 99 { f64::from_bits(STALE) } else { 7.0 };
        let values = [1.0, n as f64 * 1500.0, (n % 37) as f64 / 100.0, (n as f64).sin(), end];
        let some = if n % 10 == 3 { 3 } else { 5 };
        scrape(store, T0 + n * 15_000, &values[..some]);
    }
}

#[test]
fn what_was_appended_is_there_after_every_kind_of_end() {
    let place = Place::new("kept");
    let mut store = place.open();
    scrapes(&mut store, 0, 300);
    let before = all(&store);
    assert_eq!(before.len(), 5);
    assert_eq!(before[0].1.len(), 300);
    assert_eq!(before[4].1.len(), 270);
    drop(store);
    let mut store = place.open();
    assert_eq!(all(&store), before, "from the log");
    store.seal().expect("it is written");
    assert_eq!(all(&store), before, "from a file");
    drop(store);
    let mut store = place.open();
    assert_eq!(all(&store), before, "from a file that was opened");
    scrapes(&mut store, 300, 100);
    assert_eq!(all(&store)[0].1.len(), 400);
    assert!(store.damage().is_empty());
}

#[test]
fn the_day_is_merged_without_changing_anything() {
    let place = Place::new("merged");
    let mut store = place.open();
    for part in 0..10 {
        scrapes(&mut store, part * 480, 480);
        store.seal().expect("it is written");
    }
    let before = all(&store);
    assert_eq!(place.files("raw").len(), 10);
    store.tick(T0 + DAY + DAY).expect("it is merged");
    assert_eq!(place.files("raw").len(), 1);
    assert_eq!((place.files("5m").len(), place.files("1h").len()), (1, 1));
    assert_eq!(all(&store), before);
    drop(store);
    assert_eq!(all(&place.open()), before);
}

#[test]
fn late_samples_find_their_place_and_the_last_writer_wins() {
    let place = Place::new("late");
    let mut store = place.open();
    let labels = series("m", 0);
    let times: Vec<i64> = (0..100).map(|n| T0 + n * 15_000).collect();
    let even: Vec<(i64, f64)> = times.iter().step_by(2).map(|time| (*time, 1.0)).collect();
    let odd: Vec<(i64, f64)> = times.iter().skip(1).step_by(2).map(|time| (*time, 2.0)).collect();
    put(&mut store, &labels, &even).expect("kept");
    let again = put(&mut store, &labels, &even).expect("kept").counts;
    assert_eq!(again, Counts { known: 50, ..Counts::default() }, "sent twice is kept once");
    let late = put(&mut store, &labels, &odd).expect("kept").counts;
    assert_eq!((late.late, late.added), (49, 1), "the last is later than all");
    store.seal().expect("it is written");
    put(&mut store, &labels, &[(times[7], 9.0)]).expect("kept");
    put(&mut store, &labels, &[(times[8], 8.0)]).expect("kept");
    put(&mut store, &labels, &even[..2]).expect("kept");
    let check = |store: &Store| {
        let points = &all(store)[0].1;
        assert_eq!(points.len(), 100);
        for (n, point) in points.iter().enumerate() {
            let expected = match n {
                7 => 9.0,
                8 => 8.0,
                n if n % 2 == 0 => 1.0,
                _ => 2.0,
            };
            assert_eq!((point.time, point.value), (times[n], expected));
        }
    };
    check(&store);
    drop(store);
    let mut store = place.open();
    check(&store);
    store.tick(T0 + 2 * DAY).expect("it is merged");
    check(&store);
    assert_eq!(place.files("raw").len(), 1);
    put(&mut store, &labels, &[(times[7], 9.0)]).expect("kept");
    store.seal().expect("it is written");
    store.tick(T0 + 2 * DAY).expect("it is merged again");
    check(&store);
    assert_eq!((place.files("raw").len(), place.files("5m").len()), (1, 1));
}

#[test]
fn what_comes_late_does_not_make_many_files() {
    let place = Place::new("trickle");
    let mut store = place.open();
    for n in 0..100 {
        let now = T0 + 5 * DAY + n * 15_000;
        put(&mut store, &series("m", 0), &[(now, 1.0)]).expect("kept");
        let values = [(T0 + n * 15_000, 2.0)];
        let labels = series("m", 1);
        let late = metrics::Samples { labels: labels.bytes(), values: &values };
        store.append(&[late], now).expect("kept");
        store.tick(now).expect("it works");
    }
    assert!(place.files("raw").is_empty());
    store.tick(T0 + 5 * DAY + 3 * 3_600_000).expect("it works");
    assert_eq!(place.files("raw").len(), 2, "one for each day");
    assert_eq!(all(&store).iter().map(|(_, points)| points.len()).sum::<usize>(), 200);
}

#[test]
fn samples_of_one_scrape_may_come_in_several_requests() {
    let place = Place::new("shards");
    let mut store = place.open();
    for n in 0..50 {
        put(&mut store, &series("m", 0), &[(T0 + n * 1000, 1.0)]).expect("kept");
    }
    for n in 0..50 {
        let counts =
            put(&mut store, &series("m", 1), &[(T0 + n * 1000, 2.0)]).expect("kept").counts;
        assert_eq!(counts.added, 1, "the row is there, the column is behind: nothing is late");
    }
    let twice = [(T0 + 99_000, 1.0), (T0 + 98_000, 2.0), (T0 + 99_000, 3.0)];
    put(&mut store, &series("m", 2), &twice).expect("kept");
    let all = all(&store);
    assert_eq!(all.iter().map(|(_, points)| points.len()).collect::<Vec<_>>(), [50, 50, 2]);
    assert_eq!(all[2].1[1].value, 3.0, "of two the later counts");
}

#[test]
fn what_is_too_much_is_refused_with_a_reason_and_the_rest_is_kept() {
    let place = Place::new("limits");
    let mut limits = Limits { series: 3, ..Settings::default().limits };
    (limits.labels.count, limits.labels.value_bytes) = (5, 20);
    let settings = Settings { limits, sync: Sync::Append, ..Settings::default() };
    let mut store = Store::open(place.path(), settings).expect("it opens");
    let why = |store: &mut Store, labels: &metrics::Labels, time: i64| {
        let values = [(time, 1.0)];
        let samples = metrics::Samples { labels: labels.bytes(), values: &values };
        let said = store.append(&[samples], T0).expect("not malformed");
        assert_eq!(said.refused, 1);
        said.why.expect("a reason")
    };
    let good = series("m", 0);
    assert!(why(&mut store, &good, T0 + 700_000).contains("700 s ahead of the clock"));
    assert!(why(&mut store, &good, T0 - 31 * DAY).contains("31 days old"));
    assert!(why(&mut store, &good, i64::MIN).contains("older than samples are kept"));
    assert!(why(&mut store, &good, i64::MAX).contains("ahead of the clock"));
    assert!(
        why(&mut store, &good.with("a", "1").with("b", "2"), T0).contains("more than 5 labels")
    );
    assert!(why(&mut store, &good.with("a", &"x".repeat(21)), T0).contains("too long"));
    assert!(why(&mut store, &good.with("a-b", "x"), T0).contains("no proper label name"));
    assert!(why(&mut store, &good.without(&["__name__"]), T0).contains("no proper metric name"));
    for n in 0..3 {
        put(&mut store, &series("m", n), &[(T0, 1.0)]).expect("kept");
    }
    assert!(why(&mut store, &series("m", 3), T0).contains("3 series already"));
    assert_eq!(all(&store).len(), 3);
}

/// A store that keeps little.
fn forgetful(place: &Place) -> Store {
    let (keep_raw_ms, keep_five_minutes_ms, keep_hours_ms) = (5 * DAY, 8 * DAY, 10 * DAY);
    let settings =
        Settings { keep_raw_ms, keep_five_minutes_ms, keep_hours_ms, ..Settings::default() };
    Store::open(place.path(), settings).expect("it opens")
}

#[test]
fn what_is_past_its_time_goes_and_its_series_with_it() {
    let place = Place::new("expired");
    let mut store = forgetful(&place);
    put(&mut store, &series("old", 0), &[(T0, 1.0), (T0 + 15_000, 2.0)]).expect("kept");
    let live = |store: &mut Store, days: std::ops::Range<i64>| {
        for day in days {
            let values = [(T0 + day * DAY + 60_000, day as f64)];
            put(store, &series("m", 0), &values).expect("kept");
            store.tick(T0 + (day + 1) * DAY).expect("it works");
        }
    };
    live(&mut store, 0..15);
    assert_eq!(store.series_count(), 2, "the rollups still have the old one");
    assert_eq!(place.files("raw").len(), 7);
    assert_eq!(all(&store)[0].1.len(), 15, "what is gone as samples is there as rollups");
    live(&mut store, 15..55);
    assert_eq!(store.series_count(), 1);
    assert_eq!((place.files("raw").len(), all(&store)[0].1.len()), (7, 24));
}

#[test]
fn a_clock_that_jumps_ahead_removes_nothing_whatever_is_written_meanwhile() {
    let place = Place::new("jump");
    let mut store = forgetful(&place);
    for day in 0..6 {
        put(&mut store, &series("m", 0), &[(T0 + day * DAY, day as f64)]).expect("kept");
        store.tick(T0 + day * DAY + DAY / 2).expect("it works");
    }
    let before = all(&store)[0].clone();
    assert_eq!((before.1.len(), place.files("raw").len()), (6, 6));
    for times in 1..4 {
        // Who keeps measurements of itself writes them by the same clock.
        let wrong = T0 + 400 * DAY + times * 60_000;
        put(&mut store, &series("own", 0), &[(wrong, 1.0)]).expect("kept");
        store.tick(wrong).expect("it works");
        store.tick(wrong + DAY / 8).expect("it is written");
        store.tick(wrong + 2 * DAY).expect("it is merged");
        drop(store);
        store = forgetful(&place);
        store.tick(T0 + 6 * DAY - 60_000).expect("it works");
        assert_eq!(all(&store)[0], before);
        assert_eq!(place.files("raw").len(), 7, "after {times} jumps");
    }
}

#[test]
fn one_store_is_opened_once() {
    let place = Place::new("twice");
    let _store = place.open();
    let again = Store::open(place.path(), Settings::default());
    assert!(again.is_err_and(|error| error.to_string().contains("held by another process")));
}
