//! How much may be brought or asked for: more is refused or written out before it is in memory.

use metrics::wire::remote_write::request;
use metrics::{Metadata, Settings, Store};

use crate::place::{Place, T0, put, series};

/// Many series of which each has one value only.
#[test]
fn a_question_whose_answer_grows_on_its_way_is_refused() {
    let place = Place::new("grows");
    let store = place.open();
    let is_refused = |question: &str, steps: i64| {
        let answer = store.query_range(question, (T0, T0 + steps * 1000), 1000);
        answer.is_err_and(|wrong| wrong.to_string().contains("more than 50000000 values"))
    };
    let counted = |label: &str| format!("count_values(\"{label}\", vector(time()))");
    assert!(is_refused(&counted("v"), 7200));
    assert!(is_refused(&format!("{} + on() group_left() {}", counted("v"), counted("w")), 400));
    assert!(store.query_range(&counted("v"), (T0, T0 + 400_000), 1000).is_ok());
}

#[test]
fn what_is_told_of_metrics_has_limits_too() {
    let place = Place::new("told");
    let mut store = place.open();
    let long = || "ü".repeat(2000);
    let metadata = Metadata { kind: "gauge".into(), help: long(), unit: long() };
    store.describe("degrees", metadata.clone());
    store.describe("no name", metadata.clone());
    store.describe(&"a".repeat(3000), metadata);
    let told: Vec<_> = store.metadata().iter().collect();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].1.help.len(), told[0].1.unit.len()), (2048, 2048));
}

#[test]
fn a_head_that_is_full_is_written_without_waiting_for_the_clock() {
    let place = Place::new("full-head");
    let settings = Settings { head_bytes: 60_000, ..Settings::default() };
    let mut store = Store::open(place.path(), settings).expect("it opens");
    for n in 0..5000 {
        put(&mut store, &series("constant", 0), &[(T0 + n * 1000, 7.0)]).expect("kept");
    }
    assert!(place.files("raw").is_empty());
    for n in 5000..9000 {
        put(&mut store, &series("constant", 0), &[(T0 + n * 1000, 7.0)]).expect("kept");
    }
    assert_eq!(place.files("raw").len(), 1, "times take memory too");
    let read = crate::place::all(&store);
    assert_eq!(read[0].1.len(), 9000);
}

#[test]
fn a_request_of_too_many_samples_is_refused_whole() {
    let place = Place::new("too-many");
    let mut store = place.open();
    let values = vec![(T0, 1.0); 1_000_001];
    let labels = series("m", 0);
    let body = request([(&labels, values.as_slice())]);
    let why = store.remote_write(&body, T0).expect_err("too many").to_string();
    assert!(why.contains("more than 1000000 samples"), "{why}");
    assert_eq!(store.series_count(), 0);
    let body = request([(&labels, &values[1..])]);
    assert_eq!(store.remote_write(&body, T0).expect("as many as may be").counts.added, 1);
}

#[test]
fn a_full_head_that_cannot_be_written_keeps_what_was_sent() {
    let place = Place::new("stuck-head");
    let settings = Settings { head_bytes: 10_000, ..Settings::default() };
    let mut store = Store::open(place.path(), settings).expect("it opens");
    let stones: Vec<_> = (2..100).map(|n| place.path().join(format!("log-{n}"))).collect();
    stones.iter().try_for_each(std::fs::create_dir).expect("they are made");
    for n in 0..4000 {
        put(&mut store, &series("constant", 0), &[(T0 + n * 1000, 7.0)]).expect("kept");
    }
    assert!(place.files("raw").is_empty());
    stones.iter().try_for_each(std::fs::remove_dir).expect("they are removed");
    store.tick(T0 + 4_000_000).expect("now it works");
    assert_eq!(place.files("raw").len(), 1);
    assert_eq!(crate::place::all(&store)[0].1.len(), 4000);
}
