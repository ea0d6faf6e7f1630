//! More of everything than one would think of.

use metrics::{Labels, Matcher, NAME, Op, Samples};

use crate::place::{DAY, Place, T0};

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
