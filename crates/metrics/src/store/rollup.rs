//! A point for many: what is kept of five minutes and of an hour.
//!
//! Each bucket has its last value and how many there were; a gauge that moved its least, greatest and
//! sum too; a counter what it fell from, so that a restart within a bucket is still seen. A counter that
//! fell on a day may be a gauge by the name of a counter: for that day it has both.

use super::chunk::Kind;
use super::column::Point;
use super::{Metadata, STALE};

/// A bucket's last moment: the bucket begins at a multiple of its length.
pub(crate) fn stamp(time: i64, every: i64) -> i64 {
    (time.div_euclid(every) + 1) * every - 1
}

/// Whether a metric only rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    Counter,
    Gauge,
}

/// What a metric's type says it is, or its name where no type was told.
pub(crate) fn nature(metric: &str, metadata: Option<&Metadata>) -> Nature {
    let rises = ["_total", "_count", "_sum", "_bucket"].iter().any(|end| metric.ends_with(end));
    match metadata.map(|metadata| metadata.kind.as_str()) {
        Some("counter" | "histogram" | "summary") => Nature::Counter,
        Some("gauge") => Nature::Gauge,
        Some(_) | None if rises => Nature::Counter,
        Some(_) | None => Nature::Gauge,
    }
}

struct Bucket {
    stamp: i64,
    last: f64,
    min: f64,
    max: f64,
    sum: f64,
    count: u32,
    fallen: f64,
}

impl Bucket {
    /// Extremes pass over what is not a number, sums do not.
    fn moved(&self) -> bool {
        self.min.to_bits() != self.max.to_bits() || self.min.is_nan() != self.sum.is_nan()
    }
}

fn buckets(points: &[Point], every: i64) -> Vec<Bucket> {
    let mut buckets: Vec<Bucket> = Vec::new();
    let mut before = f64::NEG_INFINITY;
    for Point { time, value } in points.iter().filter(|point| point.value.to_bits() != STALE) {
        let (stamp, value) = (stamp(*time, every), *value);
        if buckets.last().is_none_or(|bucket| bucket.stamp != stamp) {
            let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
            buckets.push(Bucket { stamp, last: value, min, max, sum: 0.0, count: 0, fallen: 0.0 });
        }
        let Some(bucket) = buckets.last_mut() else { continue };
        bucket.last = value;
        bucket.min =
            if value.is_nan() && bucket.count == 0 { value } else { bucket.min.min(value) };
        bucket.max =
            if value.is_nan() && bucket.count == 0 { value } else { bucket.max.max(value) };
        bucket.sum += value;
        bucket.count += 1;
        if value < before {
            bucket.fallen += before;
        }
        before = value;
    }
    buckets
}

/// A sum of decimals without the dust that adding them leaves, where there is such a decimal.
fn tidy(sum: f64) -> f64 {
    let near = |scale: f64| {
        let tidy = (sum * scale).round() / scale;
        ((tidy - sum).abs() <= sum.abs() * 1e-13).then_some(tidy)
    };
    [1.0, 1e2, 1e3, 1e6, 1e9].into_iter().find_map(near).unwrap_or(sum)
}

/// Points of one kind.
pub(crate) type Rolled = (Kind, Vec<Point>);

/// The columns that stand for a series' points.
pub(crate) fn roll(points: &[Point], every: i64, nature: Nature) -> Vec<Rolled> {
    let buckets = buckets(points, every);
    let of = |value: fn(&Bucket) -> f64| -> Vec<Point> {
        buckets.iter().map(|bucket| Point { time: bucket.stamp, value: value(bucket) }).collect()
    };
    let mut rolled = vec![
        (Kind::Value, of(|bucket| bucket.last)),
        (Kind::Count, of(|bucket| f64::from(bucket.count))),
    ];
    let mut moves = nature == Nature::Gauge;
    if nature == Nature::Counter {
        let mut fallen = of(|bucket| bucket.fallen);
        fallen.retain(|point| point.value > 0.0);
        moves = !fallen.is_empty();
        rolled.push((Kind::Fallen, fallen));
    }
    if moves && buckets.iter().any(Bucket::moved) {
        rolled.push((Kind::Min, of(|bucket| bucket.min)));
        rolled.push((Kind::Max, of(|bucket| bucket.max)));
        rolled.push((Kind::Sum, of(|bucket| tidy(bucket.sum))));
    }
    rolled.retain(|(_, points)| !points.is_empty());
    rolled
}

/// The buckets of rows.
pub(crate) fn stamps(times: &[i64], every: i64) -> Vec<i64> {
    let mut stamps: Vec<i64> = times.iter().map(|time| stamp(*time, every)).collect();
    stamps.dedup();
    stamps
}

/// Points of a counter that falls no more: what it fell from is added to all that follows. Buckets tell
/// of falls since the bucket before on the same day; those at the border of a day and between samples
/// show in the points themselves.
pub(crate) fn without_falls(mut points: Vec<Point>, fallen: &[Point]) -> Vec<Point> {
    let mut fallen = fallen.iter().peekable();
    let (mut lifted, mut before) = (0.0, f64::NEG_INFINITY);
    for point in points.iter_mut().filter(|point| point.value.to_bits() != STALE) {
        let mut told = 0.0;
        while let Some(fall) = fallen.next_if(|fall| fall.time <= point.time) {
            told += fall.value;
        }
        // What fell from less than there was before had fallen already when its bucket began.
        let reached = if told > 0.0 { told } else { point.value };
        if reached < before {
            lifted += before;
        }
        lifted += told;
        before = point.value;
        point.value += lifted;
    }
    points
}
