//! What is answered from rollups is what the samples would have answered.

use metrics::promql::Answer;
use metrics::{Point, STALE, Store};

use crate::place::{DAY, Place, T0, put, series};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A sample each minute from midnight on.
fn minutes(days: i64, value: impl Fn(i64) -> f64) -> Vec<(i64, f64)> {
    (0..days * DAY / MINUTE).map(|n| (T0 + n * MINUTE, value(n))).collect()
}

/// The days that are over are merged, and the samples of the first one are gone.
fn rolled(place: &Place, mut store: Store, now: i64) -> Store {
    store.seal().expect("written");
    store.tick(now).expect("merged");
    drop(store);
    place.open_without_first_samples()
}

/// What one series is worth in steps of an hour.
fn asked(store: &Store, question: &str, (start, end): (i64, i64)) -> Vec<Point> {
    match store.query_range(question, (start, end), HOUR) {
        Ok(Answer::Matrix(mut series)) if series.len() == 1 => series.remove(0).points,
        other => unreachable!("{question}: {other:?}"),
    }
}

/// Rises by one each minute, and begins at zero with each restart.
fn counter(restarts: &[i64], days: i64) -> Vec<(i64, f64)> {
    let begun = |n: i64| restarts.iter().copied().filter(|restart| *restart <= n).max();
    minutes(days, |n| begun(n).map_or(10_000 + n, |begun| n - begun) as f64)
}

#[test]
fn a_counter_may_restart_wherever_it_likes() {
    let place = Place::new("restarts");
    let mut store = place.open();
    let in_days = |days: &[f64]| days.iter().map(|day| (day * 1440.0) as i64).collect::<Vec<_>>();
    // Within days, at midnight, shortly after midnight once more, and on a day that is not merged.
    let restarts = [
        in_days(&[0.4, 1.5, 3.1]),
        in_days(&[0.4, 2.0]),
        in_days(&[2.0, 3.0, 3.002]),
        in_days(&[1.0, 1.001, 3.2, 3.3]),
    ];
    for (n, restarts) in restarts.iter().enumerate() {
        let mut samples = counter(restarts, 4);
        // It ends before it starts again, and senders say so.
        let end = restarts[restarts.len() - 1] as usize - 2;
        samples[end].1 = f64::from_bits(STALE);
        put(&mut store, &series("r_total", n), &samples).expect("kept");
    }
    let store = rolled(&place, store, T0 + 3 * DAY + 3 * HOUR);
    assert_eq!((place.files("raw").len(), place.files("5m").len()), (3, 3), "the last day is not");
    for n in 0..restarts.len() {
        for hours in [2, 12, 48, 72] {
            let question = format!("increase(r_total{{n=\"{n}\"}}[{hours}h])");
            let times = (T0 + hours * HOUR, T0 + 4 * DAY - HOUR);
            for Point { time, value } in asked(&store, &question, times) {
                let expected = (hours * 60) as f64;
                let hour = (time - T0) / HOUR;
                // As exact as the buckets at its edges, and a few samples were away.
                let near = (value - expected).abs() <= 12.0;
                assert!(near, "{question} after {hour} hours: {value}, not {expected}");
            }
        }
    }
}

/// Asks of two hours before each hour, and compares with what the samples of that time say.
fn compare(store: &Store, samples: &[(i64, f64)], of: fn(&[f64]) -> f64, question: &str) {
    let answer = asked(store, question, (T0 + 2 * HOUR, T0 + 2 * DAY - HOUR));
    assert_eq!(answer.len(), 46, "{question}");
    for Point { time, value } in answer {
        let within = |at: &i64| (time - 2 * HOUR..time).contains(at);
        let within = samples.iter().filter(|(at, _)| within(at)).map(|(_, value)| *value);
        let expected = of(&within.collect::<Vec<f64>>());
        let hour = (time - T0) / HOUR;
        let near = (value - expected).abs() <= expected.abs() * 1e-9;
        assert!(
            near || value.is_nan() && expected.is_nan(),
            "{question} after {hour} hours: {value}, not {expected}"
        );
    }
}

fn sum(values: &[f64]) -> f64 {
    values.iter().sum()
}

fn average(values: &[f64]) -> f64 {
    sum(values) / values.len() as f64
}

fn greatest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

#[test]
fn a_gauge_by_the_name_of_a_counter_keeps_its_extremes() {
    let place = Place::new("misnamed");
    let mut store = place.open();
    let samples = minutes(2, |n| ((n * 37) % 1009) as f64);
    put(&mut store, &series("activity_count", 0), &samples).expect("kept");
    let store = rolled(&place, store, T0 + 3 * DAY);
    compare(&store, &samples, greatest, "max_over_time(activity_count[2h])");
    compare(&store, &samples, least, "min_over_time(activity_count[2h])");
    compare(&store, &samples, sum, "sum_over_time(activity_count[2h])");
    compare(&store, &samples, average, "avg_over_time(activity_count[2h])");
}

#[test]
fn what_is_not_a_number_stays_that() {
    let place = Place::new("not-a-number");
    let mut store = place.open();
    // Neither the first nor the last of five minutes.
    let samples = minutes(2, |n| if n % 10 == 3 { f64::NAN } else { 1.0 });
    put(&mut store, &series("odd", 0), &samples).expect("kept");
    let store = rolled(&place, store, T0 + 3 * DAY);
    compare(&store, &samples, average, "avg_over_time(odd[2h])");
    compare(&store, &samples, sum, "sum_over_time(odd[2h])");
    compare(&store, &samples, greatest, "max_over_time(odd[2h])");
    compare(&store, &samples, least, "min_over_time(odd[2h])");
}

#[test]
fn one_sample_in_ten_minutes_is_seen() {
    let place = Place::new("sparse");
    let mut store = place.open();
    let mut samples = minutes(2, |n| n as f64);
    samples.retain(|(time, _)| time % (10 * MINUTE) == 3 * MINUTE);
    put(&mut store, &series("sparse", 0), &samples).expect("kept");
    let store = rolled(&place, store, T0 + 3 * DAY);
    // A minute after it, when its five minutes are not over.
    let points = asked(&store, "sparse", (T0 + HOUR + 4 * MINUTE, T0 + 2 * DAY));
    assert_eq!(points.len(), 47);
}

#[test]
fn where_samples_are_kept_they_answer() {
    let place = Place::new("kept-samples");
    let mut store = place.open();
    let flaps = minutes(2, |n| f64::from(n % 7 == 3));
    put(&mut store, &series("flaps", 0), &flaps).expect("kept");
    store.seal().expect("written");
    store.tick(T0 + 3 * DAY).expect("merged");
    assert_eq!((place.files("raw").len(), place.files("5m").len()), (2, 2));
    let questions = ["flaps", "avg_over_time(flaps[1h])", "count_over_time(flaps[1h])"];
    for question in questions {
        for Point { time, value } in asked(&store, question, (T0 + HOUR + 11, T0 + 2 * DAY)) {
            match store.query(question, time) {
                Ok(Answer::Vector(series)) => assert_eq!(series[0].points[0].value, value),
                other => unreachable!("{question}: {other:?}"),
            }
        }
    }
}
