//! What arrives and leaves: remote write, exposition, federation, questions to rollups.

use metrics::wire::exposition::Target;
use metrics::wire::remote_write::request;
use metrics::{Labels, Matcher, NAME, Op, STALE, promql::Answer};

use crate::place::{DAY, Place, T0, all, live, put, series};

#[test]
fn remote_write_returns_what_was_written() {
    let place = Place::new("remote");
    let mut store = place.open();
    let labels: Vec<Labels> = (0..3).map(|n| series("m", n)).collect();
    let values = [(T0, 1.0), (T0 + 1, f64::from_bits(STALE)), (T0 + 2, -0.0)];
    let body = request(labels.iter().map(|labels| (labels, values.as_slice())));
    assert_eq!(store.remote_write(&body, T0).expect("kept").counts.added, 9);
    assert_eq!(store.remote_write(&body, T0).expect("kept").counts.known, 9, "twice is once");
    assert_eq!(all(&store).iter().map(|(_, points)| points.len()).sum::<usize>(), 9);
    for length in 0..body.len() {
        assert!(store.remote_write(&body[..length], T0).is_err(), "cut to {length}");
    }
    assert!(store.remote_write(b"rubbish", T0).is_err());
    let huge = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
    let why = store.remote_write(&huge, T0).expect_err("too large").to_string();
    assert!(why.contains("64 MiB"), "{why}");
}

#[test]
fn a_series_that_cannot_be_read_is_counted_and_the_others_are_kept() {
    let place = Place::new("inner");
    let mut store = place.open();
    let body = request([(&series("m", 0), [(T0, 1.0)].as_slice())]);
    let mut plain = snap::raw::Decoder::new().decompress_vec(&body).expect("it can be read");
    // A series whose sample is cut in its value.
    plain.extend([0x0a, 4, 0x12, 2, 0x09, 0]);
    let body = snap::raw::Encoder::new().compress_vec(&plain).expect("it can be packed");
    let said = store.remote_write(&body, T0).expect("the rest is kept");
    assert_eq!((said.counts.added, said.refused), (1, 1));
    assert!(said.why.expect("a reason").contains("cannot be read"));
}

#[test]
fn a_comparison_looks_for_one_match_among_those_that_it_keeps() {
    let place = Place::new("comparison");
    let mut store = place.open();
    for (name, n, value) in [("left", 0, 1.0), ("left", 1, 5.0), ("right", 0, 3.0)] {
        put(&mut store, &series(name, n), &[(T0, value)]).expect("kept");
    }
    let ask = |question: &str| store.query(question, T0);
    let Ok(Answer::Vector(kept)) = ask("left > ignoring(n) right") else {
        unreachable!("one is kept")
    };
    assert_eq!(kept.iter().map(|one| one.points[0].value).collect::<Vec<_>>(), [5.0]);
    for question in [
        "left > ignoring(n) right - 9",
        "left > bool ignoring(n) right",
        "left + ignoring(n) right",
    ] {
        let wrong = ask(question).expect_err("two are kept").to_string();
        assert!(wrong.contains("say group_left"), "{question}: {wrong}");
    }
}

#[test]
fn labels_in_any_order_are_the_same_series() {
    let place = Place::new("order");
    let mut store = place.open();
    let ordered = Labels::new([(NAME, "m"), ("a", "1"), ("b", "2")]);
    put(&mut store, &ordered, &[(T0, 1.0)]).expect("kept");
    let pair = |name: &str, value: &str| Labels::new([(name, value)]).bytes().to_vec();
    let other = [pair("b", "2"), pair(NAME, "m"), pair("a", "1")].concat();
    let values = [(T0 + 1, 2.0)];
    let samples = metrics::Samples { labels: &other, values: &values };
    store.append(&[samples], T0).expect("kept");
    assert_eq!(all(&store).len(), 1);
    assert_eq!(store.series_count(), 1);
    let twice = [pair(NAME, "m"), pair("b", "2"), pair("a", "1"), pair("b", "3")].concat();
    let samples = metrics::Samples { labels: &twice, values: &values };
    let said = store.append(&[samples], T0).expect("read");
    assert_eq!(said.refused, 1, "which of the two is meant?");
    assert!(said.why.expect("a reason").contains("the label b of m{"));
    assert_eq!(store.series_count(), 1);
}

#[test]
fn a_target_comes_and_goes_as_in_prometheus() {
    let place = Place::new("target");
    let mut store = place.open();
    let mut target = Target::new(Labels::new([("job", "node"), ("instance", "one:9100")]));
    let both = "# TYPE a gauge\na{job=\"inner\"} 1\nb 2\n";
    target.scraped(&mut store, both, (T0, 0.1)).expect("kept");
    target.scraped(&mut store, "a{job=\"inner\"} 3\n", (T0 + 15_000, 0.1)).expect("kept");
    let now = |store: &metrics::Store, question: &str, at: i64| match store.query(question, at) {
        Ok(Answer::Vector(series)) => series
            .iter()
            .map(|one| (one.labels.to_string(), one.points[0].value))
            .collect::<Vec<_>>(),
        other => unreachable!("{question}: {other:?}"),
    };
    let a = r#"a{exported_job="inner",instance="one:9100",job="node"}"#;
    assert_eq!(now(&store, "a", T0 + 16_000), [(a.to_owned(), 3.0)]);
    assert!(now(&store, "b", T0 + 16_000).is_empty(), "it has ended");
    assert_eq!(now(&store, "b", T0 + 14_000).len(), 1);
    target.scraped(&mut store, "not a sample", (T0 + 30_000, 0.1)).expect_err("refused");
    assert_eq!(now(&store, "up", T0 + 31_000)[0].1, 0.0);
    assert!(now(&store, "a", T0 + 31_000).is_empty(), "a target that is down has no series");
    let any = Matcher::new(NAME, Op::Matches, "a|up").expect("it is right");
    let told = store.federate(&[vec![any]], T0 + 16_000);
    assert_eq!(
        told,
        format!(
            "# TYPE a gauge\n{a} 3 {}\n# TYPE up untyped\nup{{instance=\"one:9100\",job=\"node\"}} 1 {}\n",
            T0 + 15_000,
            T0 + 15_000
        )
    );
    assert_eq!(store.metadata()["a"].kind, "gauge");
}

#[test]
fn lists_of_series_and_labels_are_those_that_have_samples() {
    let place = Place::new("lists");
    let mut store = place.open();
    put(&mut store, &series("m", 0), &[(T0, 1.0)]).expect("kept");
    put(&mut store, &series("m", 1), &[(T0 + DAY, 1.0)]).expect("kept");
    let m = [vec![Matcher::new(NAME, Op::Equal, "m").expect("right")]];
    assert_eq!(store.series(&m, T0, T0 + DAY).len(), 2);
    assert_eq!(store.series(&m, T0 + 1, T0 + DAY), [series("m", 1)]);
    assert_eq!(store.label_names(&[], T0, T0), ["__name__", "instance", "job", "n"]);
    assert_eq!(store.label_values("n", &m, (T0, T0)), ["0"]);
    assert_eq!(store.label_values("n", &[], (T0, T0)), ["0", "1"]);
}

/// A question over a month whose answer from rollups is known.
#[test]
fn long_questions_are_answered_from_rollups() {
    let place = Place::new("rollups");
    let mut store = place.open();
    let (gauge, counter) = (series("degrees", 0), series("bytes_total", 0));
    for day in 0..4 {
        let times = (0..1440).map(|minute| T0 + day * DAY + minute * 60_000 + 1000);
        let gauges: Vec<(i64, f64)> =
            times.clone().enumerate().map(|(n, time)| (time, (n % 60) as f64)).collect();
        // It falls to nothing at 12:30 each day, in the middle of a bucket of an hour.
        let counts: Vec<(i64, f64)> =
            times.enumerate().map(|(n, time)| (time, ((n + 690) % 1440) as f64 * 60.0)).collect();
        put(&mut store, &gauge, &gauges).expect("kept");
        put(&mut store, &counter, &counts).expect("kept");
        store.seal().expect("written");
    }
    let questions = [
        ("max_over_time(degrees[6h])", 59.0),
        ("min_over_time(degrees[6h])", 0.0),
        ("avg_over_time(degrees[6h])", 29.5),
        ("count_over_time(degrees[6h])", 360.0),
        ("sum_over_time(degrees[6h])", 29.5 * 360.0),
        ("rate(bytes_total[12h])", 1.0),
        ("last_over_time(degrees[6h])", 59.0),
    ];
    let ask = |store: &metrics::Store, question: &str| {
        let (start, step) = (T0 + DAY, 6 * 3_600_000);
        match store.query_range(question, (start, T0 + 3 * DAY), step) {
            Ok(Answer::Matrix(series)) => series[0].points.clone(),
            other => unreachable!("{question}: {other:?}"),
        }
    };
    let before: Vec<_> = questions.iter().map(|(question, _)| ask(&store, question)).collect();
    store.tick(T0 + 6 * DAY).expect("merged");
    assert_eq!(place.files("1h").len(), 4);
    drop(store);
    let store = place.open_without_first_samples();
    for ((question, expected), before) in questions.iter().zip(before) {
        let after = ask(&store, question);
        assert_eq!(after.len(), before.len(), "{question}");
        for (point, raw) in after.iter().zip(before) {
            let near = |value: f64| (point.value - value).abs() <= value.abs() * 0.01;
            assert!(near(*expected) && near(raw.value), "{question}: {point:?}, {raw:?}");
        }
    }
}

/// What an hour of a test with a value each minute is asked for, long afterwards.
fn old(name: &str) -> (Place, metrics::Store) {
    let place = Place::new(name);
    let settings = metrics::Settings {
        keep_raw_ms: 10 * DAY,
        keep_five_minutes_ms: 20 * DAY,
        ..metrics::Settings::default()
    };
    let mut store = metrics::Store::open(place.path(), settings).expect("it opens");
    let times = (0..1440).map(|minute| T0 + minute * 60_000 + 1000);
    let counts: Vec<(i64, f64)> =
        times.enumerate().map(|(n, time)| (time, n as f64 * 60.0)).collect();
    put(&mut store, &series("bytes_total", 0), &counts).expect("kept");
    let gauges: Vec<(i64, f64)> = counts.iter().map(|(time, _)| (*time, 7.0)).collect();
    put(&mut store, &series("degrees", 0), &gauges).expect("kept");
    store.seal().expect("written");
    (place, store)
}

/// The questions that a page asks, in steps of a minute: each has to be near what it is worth.
fn ask_old(store: &metrics::Store) {
    let questions = [
        ("degrees", 7.0),
        ("rate(bytes_total[5m])", 1.0),
        ("increase(bytes_total[5m])", 300.0),
        ("delta(bytes_total[5m])", 300.0),
        ("deriv(bytes_total[5m])", 1.0),
        ("max_over_time(degrees[2m])", 7.0),
        ("avg_over_time(degrees[2m])", 7.0),
        ("count_over_time(degrees[2m])", 2.0),
        ("sum_over_time(degrees[2m])", 14.0),
    ];
    let from = T0 + 12 * 3_600_000;
    for (question, expected) in questions {
        let Ok(Answer::Matrix(series)) =
            store.query_range(question, (from, from + 3_600_000), 60_000)
        else {
            unreachable!("{question} is a vector")
        };
        assert_eq!(series.first().map(|one| one.points.len()), Some(61), "{question}");
        for point in &series[0].points {
            assert!((point.value - expected).abs() < 1e-3, "{question}: {point:?}");
        }
        let Ok(Answer::Vector(now)) = store.query(question, from) else {
            unreachable!("{question} is a vector")
        };
        assert!((now[0].points[0].value - expected).abs() < 1e-3, "{question}: {now:?}");
    }
}

#[test]
fn a_narrow_question_about_old_days_is_answered_from_five_minutes() {
    let (place, mut store) = old("old-minutes");
    live(&mut store, 1..15);
    assert_eq!((place.files("raw_20000").len(), place.files("5m_19980").len()), (0, 1));
    ask_old(&store);
    let Ok(Answer::Matrix(series)) = store.query("degrees[5m]", T0 + 3_600_000) else {
        unreachable!("it is a range vector")
    };
    assert_eq!(series[0].points.len(), 1, "no more than was asked for");
}

#[test]
fn a_narrow_question_about_very_old_days_is_answered_from_hours() {
    let (place, mut store) = old("old-hours");
    live(&mut store, 1..15);
    live(&mut store, 15..63);
    assert_eq!((place.files("5m_19980").len(), place.files("1h_19980").len()), (0, 1));
    ask_old(&store);
}

#[test]
fn days_of_samples_minutes_and_hours_are_one_answer() {
    let (_place, mut store) = old("old-and-new");
    for day in [12, 64] {
        live(&mut store, if day == 12 { 1..12 } else { 13..64 });
        let minutes = (0..1440).map(|minute| (T0 + day * DAY + minute * 60_000, 7.0));
        put(&mut store, &series("degrees", 0), &minutes.collect::<Vec<_>>()).expect("kept");
        store.tick(T0 + (day + 2) * DAY).expect("it works");
    }
    for step in [900_000, 1_800_000, 10_800_000] {
        let Ok(Answer::Matrix(series)) =
            store.query_range("degrees", (T0, T0 + 65 * DAY - 1), step)
        else {
            unreachable!("it is a vector")
        };
        let days = series[0].points.iter().map(|point| (point.time - T0) / DAY);
        let days: std::collections::BTreeSet<i64> = days.collect();
        assert!(days.is_superset(&[0, 12, 64].into()), "step {step}: {days:?}");
    }
}
