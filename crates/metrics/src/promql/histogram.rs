//! Quantiles of histograms whose buckets are series.

use std::collections::BTreeMap;

use super::Wrong;
use super::value::{ABSENT, Row, unite};
use crate::labels::Labels;

/// The label that holds a bucket's upper bound.
const BOUND: &str = "le";

#[derive(Clone, Copy)]
struct Bucket {
    bound: f64,
    count: f64,
}

pub(super) fn quantile(quantiles: &[f64], rows: Vec<Row>) -> Result<Vec<Row>, Wrong> {
    let mut histograms: BTreeMap<Labels, Vec<(f64, Row)>> = BTreeMap::new();
    for row in rows {
        if let Some(bound) = bound(row.labels.get(BOUND)) {
            histograms.entry(row.labels.without(&[BOUND])).or_default().push((bound, row));
        }
    }
    let rows = histograms.into_iter().map(|(labels, mut rows)| {
        rows.sort_by(|one, other| one.0.total_cmp(&other.0));
        let values = quantiles.iter().enumerate().map(|(step, quantile)| {
            let there = rows
                .iter()
                .filter_map(|(bound, row)| Some(Bucket { bound: *bound, count: row.at(step)? }));
            of_buckets(*quantile, there.collect())
        });
        Row { values: values.collect(), labels }.without_name()
    });
    unite(rows.collect())
}

/// A bound as Go reads it.
fn bound(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// The quantile within the bucket where it falls, as if values were spread evenly there.
fn of_buckets(quantile: f64, buckets: Vec<Bucket>) -> f64 {
    if buckets.is_empty() {
        return ABSENT;
    }
    let infinite = buckets.last().is_some_and(|last| last.bound == f64::INFINITY);
    let buckets = monotonic(buckets);
    let total = buckets.last().map_or(0.0, |last| last.count);
    match quantile {
        quantile if quantile.is_nan() => return f64::NAN,
        quantile if quantile < 0.0 => return f64::NEG_INFINITY,
        quantile if quantile > 1.0 => return f64::INFINITY,
        _ if !infinite || buckets.len() < 2 || total == 0.0 || total.is_nan() => return f64::NAN,
        _ => {}
    }
    let rank = quantile * total;
    let place = buckets.iter().take(buckets.len() - 1).position(|bucket| bucket.count >= rank);
    let place = place.unwrap_or(buckets.len() - 1);
    let before = place.checked_sub(1).and_then(|before| buckets.get(before)).copied();
    let Some(bucket) = buckets.get(place) else { return f64::NAN };
    match before {
        Some(before) if place == buckets.len() - 1 => before.bound,
        None if bucket.bound <= 0.0 => bucket.bound,
        None => bucket.bound * (rank / bucket.count),
        Some(before) => {
            let share = (rank - before.count) / (bucket.count - before.count);
            before.bound + (bucket.bound - before.bound) * share
        }
    }
}

/// Buckets with one bound become one, and none holds less than the one before it: scrapes are not
/// made in one moment.
fn monotonic(buckets: Vec<Bucket>) -> Vec<Bucket> {
    let mut rising: Vec<Bucket> = Vec::with_capacity(buckets.len());
    for bucket in buckets {
        match rising.last_mut() {
            Some(last) if last.bound == bucket.bound => last.count += bucket.count,
            Some(_) | None => rising.push(bucket),
        }
    }
    let mut most = f64::NEG_INFINITY;
    for bucket in &mut rising {
        if bucket.count > most {
            most = bucket.count;
        } else if bucket.count < most {
            bucket.count = most;
        }
    }
    rising
}
