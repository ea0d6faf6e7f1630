//! Sums that lose nothing: of windows, and what is made of them.

use super::moving::each;
use super::value::ABSENT;
use super::windows::Windows;
use crate::store::Point;

/// A sum with what rounding lost (Kahan, Neumaier).
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - sum) + value
        } else {
            (value - sum) + self.sum
        };
        self.sum = sum;
    }

    fn total(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.lost }
    }

    fn minus(self, other: Self) -> f64 {
        let difference = self.sum - other.sum;
        // What this subtraction itself loses, after Knuth.
        let of_other = difference - self.sum;
        let lost = (self.sum - (difference - of_other)) - (other.sum + of_other);
        difference + (lost + (self.lost - other.lost))
    }
}

/// Sums up to each point, if all are numbers: then any window is a difference of two.
fn running(points: &[Point]) -> Option<Vec<Sum>> {
    let mut sum = Sum::default();
    let mut sums = vec![sum];
    sums.extend(points.iter().map(|point| {
        sum.add(point.value);
        sum
    }));
    sum.total().is_finite().then_some(sums)
}

/// Whether windows overlap so much that running sums pay: then each point would be added often.
fn overlap(points: &[Point], windows: &Windows) -> bool {
    let mut added = 0;
    windows.slide(points, |_, from, to| added += to - from);
    added > 4 * points.len()
}

/// The sum of each window.
pub(super) fn sum(points: &[Point], windows: &Windows, count: usize) -> Vec<f64> {
    if overlap(points, windows)
        && let Some(sums) = running(points)
    {
        return differences(&sums, points, windows, |sum, _| sum);
    }
    each(points, windows, count, |_, window| {
        let mut sum = Sum::default();
        for point in window {
            sum.add(point.value);
        }
        sum.total()
    })
}

/// The average of each window.
pub(super) fn mean(points: &[Point], windows: &Windows, count: usize) -> Vec<f64> {
    if overlap(points, windows)
        && let Some(sums) = running(points)
    {
        return differences(&sums, points, windows, |sum, count| sum / count as f64);
    }
    each(points, windows, count, |_, window| mean_of(window))
}

fn differences(
    sums: &[Sum],
    points: &[Point],
    windows: &Windows,
    of: impl Fn(f64, usize) -> f64,
) -> Vec<f64> {
    let mut values = vec![ABSENT; windows.ends.len()];
    windows.slide(points, |step, from, to| {
        let both = sums.get(to).zip(sums.get(from));
        if let (Some(value), Some((until, before))) = (values.get_mut(step), both)
            && to > from
        {
            *value = of(until.minus(*before), to - from);
        }
    });
    values
}

/// The average, of values whose sum may be too large for a float.
fn mean_of(window: &[Point]) -> f64 {
    let mut mean = Sum::default();
    for (before, Point { value, .. }) in window.iter().enumerate() {
        let count = before as f64 + 1.0;
        if mean.sum.is_infinite() {
            let same = value.is_infinite() && (mean.sum > 0.0) == (*value > 0.0);
            if same || value.is_finite() {
                continue;
            }
        }
        mean.add(value / count - mean.sum / count);
    }
    mean.total()
}

/// The variance of all values (Welford).
pub(super) fn variance(window: &[Point]) -> f64 {
    let (mut mean, mut squares) = (Sum::default(), Sum::default());
    for (before, Point { value, .. }) in window.iter().enumerate() {
        let delta = value - (mean.sum + mean.lost);
        mean.add(delta / (before as f64 + 1.0));
        squares.add(delta * (value - (mean.sum + mean.lost)));
    }
    (squares.sum + squares.lost) / window.len() as f64
}

/// The line that is nearest to all points: its slope in a second, and its height at `origin`.
pub(super) fn line(window: &[Point], origin: i64) -> (f64, f64) {
    let Some(first) = window.first() else { return (f64::NAN, f64::NAN) };
    if window.iter().all(|point| point.value == first.value) {
        let flat = if first.value.is_infinite() { f64::NAN } else { first.value };
        return (if flat.is_nan() { f64::NAN } else { 0.0 }, flat);
    }
    let count = window.len() as f64;
    let of = |value: fn(f64, f64) -> f64| {
        let mut sum = Sum::default();
        for point in window {
            sum.add(value((point.time - origin) as f64 / 1000.0, point.value));
        }
        sum.sum + sum.lost
    };
    let (times, values) = (of(|time, _| time), of(|_, value| value));
    let (products, squares) = (of(|time, value| time * value), of(|time, _| time * time));
    let slope = (products - times * values / count) / (squares - times * times / count);
    (slope, values / count - slope * times / count)
}
