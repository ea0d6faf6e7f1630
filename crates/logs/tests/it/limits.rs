//! What is refused, and with which words.

use logs::logql::{Budget, Trouble, parse};
use logs::{DAY, Labels, Line, Settings, Store, Stream};

use crate::place::{Place, T0, all, always, append, stream};

fn why(store: &mut Store, labels: &Labels, time: i64, line: &str) -> String {
    let said = append(store, labels, &[(time, line), (T0, "good")], T0);
    said.why.unwrap_or_default()
}

#[test]
fn what_is_wrong_is_told_and_keeps_nothing_else_out() {
    let place = Place::new("limits");
    let mut settings = Settings::default();
    settings.limits.streams = 2;
    settings.limits.line_bytes = 100;
    let mut store = Store::open(place.path(), settings).expect("it opens");
    let one = stream(0);
    assert!(why(&mut store, &one, T0 + DAY, "x").contains("ahead of the clock here"));
    assert!(why(&mut store, &one, T0 - 40 * DAY, "x").contains("older than such lines are kept"));
    assert!(why(&mut store, &one, -5, "x").contains("older than such lines are kept"));
    assert!(why(&mut store, &one, T0, &"x".repeat(101)).contains("longer than 100"));
    assert_eq!(all(&store).len(), 1, "the good one came with each");
    assert!(why(&mut store, &Labels::default(), T0, "x").contains("one label at least"));
    assert!(
        why(&mut store, &Labels::new([("a-b", "c")]), T0, "x").contains("no proper label name")
    );
    let long = Labels::new([("a", "x".repeat(3000))]);
    assert!(why(&mut store, &long, T0, "x").contains("too long"));
    let many = Labels::new((0..40).map(|n| (format!("l{n}"), "x")));
    assert!(why(&mut store, &many, T0, "x").contains("more than 30 labels"));
    assert_eq!(why(&mut store, &stream(1), T0, "x"), "");
    assert!(why(&mut store, &stream(2), T0, "x").contains("there are 2 streams already"));
    assert_eq!(store.stream_count(), 2);
    let metadata = Labels::new([("a b", "c")]);
    let line = Line { time: T0, line: "x".into(), metadata };
    let said = store.append(&[Stream { labels: one, lines: vec![line] }], T0).expect("it goes");
    assert_eq!(said.refused, 1);
}

#[test]
fn a_question_costs_no_more_than_it_may() {
    let place = Place::new("budget");
    let mut store = place.open();
    for n in 0..20 {
        let lines: Vec<(i64, String)> =
            (0..50).map(|k| (T0 + k, format!("k={k} and more"))).collect();
        let lines: Vec<(i64, &str)> =
            lines.iter().map(|(time, line)| (*time, line.as_str())).collect();
        append(&mut store, &stream(n), &lines, T0);
    }
    let refused = |query: &str, budget: Budget<'_>| {
        let query = parse(query).expect("right");
        let ask = logs::logql::Ask { end: T0 + DAY, ..always() };
        let picked = query.pick(&store, &ask);
        query.answer(&picked, &ask, &budget).expect_err("too much")
    };
    let says = |trouble: Trouble| trouble.to_string();
    let budget = || Budget::default();
    let lines = "{job=\"test\"}";
    assert!(
        says(refused(lines, Budget { bytes: 2000, ..budget() }))
            .contains("bytes of logs to look through")
    );
    let count = "count_over_time({job=\"test\"}[1d])";
    assert!(
        says(refused(count, Budget { samples: 100, ..budget() })).contains("more than 100 lines")
    );
    assert!(says(refused(count, Budget { series: 5, ..budget() })).contains("or 5 series"));
    assert!(says(refused(count, Budget { points: 5, ..budget() })).contains("sum by"));
    assert_eq!(refused(lines, Budget { stop: &|| true, ..budget() }), Trouble::Stopped);
    let wrong = "sum_over_time({job=\"test\"} | logfmt | unwrap job [1d])";
    assert!(says(refused(wrong, budget())).contains("SampleExtractionErr"));
}
