//! More of everything than one would think of.

use metrics::promql::{Answer, Series};
use metrics::{Labels, Matcher, NAME, Op, Samples, Store};

use crate::place::{DAY, Place, T0, scrape};

/// So many series and steps are more than one thread's work where there are more.
#[test]
fn many_series_are_worth_together_what_each_is_worth_alone() {
    const SERIES: usize = 60;
    let place = Place::new("together");
    let mut store = place.open();
    for row in 0..400_i64 {
        let values: Vec<f64> = (0..SERIES as i64).map(|n| (row * (n + 1) % 97) as f64).collect();
        scrape(&mut store, T0 + row * 15_000, &values[..SERIES - row as usize % 7]);
        if row == 250 {
            store.seal().expect("written");
        }
    }
    for question in ["increase(m{}[10m])", "m{}", "avg_over_time(m{}[3m])", "timestamp(m{})"] {
        let together = matrix(&store, &question.replace("{}", ""));
        assert_eq!(together.len(), SERIES, "{question}");
        for one in together {
            let alone = question.replace("{}", &format!("{{n=\"{}\"}}", one.labels.get("n")));
            assert_eq!(matrix(&store, &alone), [one], "{alone}");
        }
    }
}

fn matrix(store: &Store, question: &str) -> Vec<Series> {
    let answer = store.query_range(question, (T0, T0 + 6_000_000), 15_000);
    let Ok(Answer::Matrix(series)) = answer else { return Vec::new() };
    series
}

#[test]
fn each_of_very_many_targets_keeps_its_own_times() {
    const TARGETS: i64 = 65_600;
    let place = Place::new("targets");
    let mut store = place.open();
    let labels = |n: i64| {
        let target = format!("{n:06}");
        Labels::new([(NAME, "up"), ("instance", target.as_str())])
    };
    let labels: Vec<Labels> = (0..TARGETS).map(labels).collect();
    let values: Vec<[(i64, f64); 1]> = (0..TARGETS).map(|n| [(T0 + n, n as f64)]).collect();
    let samples = labels.iter().zip(&values);
    let samples = samples.map(|(labels, values)| Samples { labels: labels.bytes(), values });
    store.append(&samples.collect::<Vec<_>>(), T0 + DAY).expect("kept");
    store.seal().expect("written");
    let some = Matcher::new("instance", Op::Matches, "000.*|06.*").expect("it is right");
    let read = store.read(&[some], T0, T0 + DAY);
    assert_eq!(read.len(), 1000 + 5600);
    for (labels, points) in read {
        let n: i64 = labels.get("instance").parse().expect("a number");
        let points: Vec<(i64, f64)> =
            points.iter().map(|point| (point.time - T0, point.value)).collect();
        assert_eq!(points, [(n, n as f64)], "{labels}");
    }
}
