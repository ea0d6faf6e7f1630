//! Samples that come weeks late, in any order and twice, under a clock that jumps: in the end the
//! store is as if all had come in time.

use metrics::wire::json;
use metrics::{Labels, Samples, Settings, Store};

use crate::place::{DAY, Place, T0, all, series};

const DAYS: i64 = 65;
const EVERY: i64 = 3_600_000 / 2;

/// A month and more of samples stay.
fn open(place: &Place) -> Store {
    let settings = Settings { keep_raw_ms: 100 * DAY, ..Settings::default() };
    Store::open(place.path(), settings).expect("it opens")
}

/// A counter that falls now and then, a gauge, and one that never moves.
fn value(number: usize, time: i64) -> f64 {
    let n = (time - T0) / EVERY;
    match number {
        0 => ((n * 37) % 1009) as f64,
        1 => (n as f64 / 9.0).sin(),
        _ => 4.0,
    }
}

fn labels(number: usize) -> Labels {
    series(["hits_total", "load", "size"][number], number)
}

fn send(store: &mut Store, times: &[i64], now: i64) {
    for number in 0..3 {
        let values: Vec<(i64, f64)> =
            times.iter().map(|time| (*time, value(number, *time))).collect();
        let labels = labels(number);
        let samples = Samples { labels: labels.bytes(), values: &values };
        let said = store.append(&[samples], now).expect("kept");
        assert_eq!(said.refused, 0, "{:?}", said.why);
    }
}

fn times(day: i64) -> Vec<i64> {
    (0..DAY / EVERY).map(|n| T0 + day * DAY + n * EVERY + 1_000).collect()
}

/// What is answered about all of the time, from samples and from rollups.
fn answers(store: &Store) -> Vec<String> {
    let questions = [
        "increase(hits_total[6h])",
        "max_over_time(load[6h])",
        "min_over_time(load[6h])",
        "avg_over_time(load[6h])",
        "count_over_time(size[6h])",
        "hits_total",
    ];
    let ask = |question: &&str| {
        let range = (T0 + DAY, T0 + DAYS * DAY);
        json::answer(&store.query_range(question, range, 6 * 3_600_000))
    };
    questions.iter().map(ask).collect()
}

fn end(store: &mut Store) {
    store.seal().expect("written");
    store.tick(T0 + (DAYS + 3) * DAY).expect("merged");
}

#[test]
fn weeks_late_and_twice_is_as_good_as_in_time() {
    let (in_time, late) = (Place::new("in-time"), Place::new("weeks-late"));
    let mut expected = open(&in_time);
    for day in 0..DAYS {
        send(&mut expected, &times(day), T0 + (day + 1) * DAY);
        expected.tick(T0 + (day + 1) * DAY).expect("it works");
    }
    end(&mut expected);
    let mut store = open(&late);
    // Every other sample of each third day is away for weeks.
    let is_late = |time: &i64| ((time - T0) / DAY) % 3 == 1 && ((time - T0) / EVERY) % 2 == 0;
    for day in 0..DAYS {
        let (held, sent): (Vec<i64>, Vec<i64>) = times(day).into_iter().partition(is_late);
        assert_eq!(held.is_empty(), day % 3 != 1);
        send(&mut store, &sent, T0 + (day + 1) * DAY);
        store.tick(T0 + (day + 1) * DAY).expect("it works");
    }
    end(&mut store);
    assert_ne!(all(&store), all(&expected), "something is away");
    let now = T0 + DAYS * DAY;
    for twice in 0..2 {
        for day in (0..DAYS).rev() {
            let held: Vec<i64> = times(day).into_iter().filter(is_late).collect();
            send(&mut store, &held, now);
        }
        if twice == 0 {
            end(&mut store);
            drop(store);
            store = open(&late);
        }
    }
    end(&mut store);
    assert_eq!(all(&store), all(&expected));
    assert_eq!(answers(&store), answers(&expected));
    let day =
        |path: &std::path::PathBuf| path.to_string_lossy().split('_').nth(1).map(str::to_owned);
    let days: Vec<_> = late.files("raw").iter().map(day).collect();
    let mut once = days.clone();
    once.dedup();
    assert_eq!(days, once, "one file for each day");
    assert_eq!(late.files("1h").len(), in_time.files("1h").len());
}

#[test]
fn a_clock_that_jumps_there_and_back_keeps_everything_and_goes_on_writing() {
    let place = Place::new("jumps");
    let mut store = open(&place);
    let mut sent = 0;
    for (n, jump) in [0, -90, 0, 4000, 0, -1, 1, 0, 20, 0].into_iter().enumerate() {
        // The sender's clock is right, or jumps with this one.
        let time = T0 + n as i64 * 4 * 3_600_000 + jump.min(0) * DAY;
        send(&mut store, &[time, time + 1_000], time);
        sent += 6;
        store.tick(time + jump * DAY).expect("it works");
        store.tick(time + jump * DAY + 3 * 3_600_000).expect("it works");
        let count = all(&store).iter().map(|(_, points)| points.len()).sum::<usize>();
        assert_eq!(count, sent, "after a jump of {jump} days");
    }
    assert!(place.files("raw").len() >= 3, "it was written");
    drop(store);
    let store = open(&place);
    assert_eq!(all(&store).iter().map(|(_, points)| points.len()).sum::<usize>(), sent);
}
