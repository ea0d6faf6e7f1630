//! What moves along with a window: extremes, counts, smoothing.

use std::collections::VecDeque;

use super::over_time::Function;
use super::value::ABSENT;
use super::windows::Windows;
use crate::store::Point;

/// A function of each window that has points.
pub(super) fn each(
    points: &[Point],
    windows: &Windows,
    count: usize,
    of: impl Fn(usize, &[Point]) -> f64,
) -> Vec<f64> {
    let mut values = vec![ABSENT; count];
    windows.slide(points, |step, from, to| {
        let window = points.get(from..to).unwrap_or_default();
        if let Some(value) = values.get_mut(step)
            && !window.is_empty()
        {
            *value = of(step, window);
        }
    });
    values
}

/// The extreme of each window. Only points that may still become it are kept, the best first: each
/// comes and goes once.
pub(super) fn extreme(
    points: &[Point],
    windows: &Windows,
    better: impl Fn(f64, f64) -> bool,
) -> Vec<f64> {
    let mut values = vec![ABSENT; windows.ends.len()];
    let mut best: VecDeque<(usize, f64)> = VecDeque::new();
    let mut seen = 0;
    windows.slide(points, |step, from, to| {
        if to < seen {
            (best, seen) = (VecDeque::new(), from);
        }
        for (at, point) in points.iter().enumerate().take(to).skip(seen.max(from)) {
            let value = point.value;
            // What is not better than a later one never counts again; equal ones may go too.
            while best.back().is_some_and(|(_, last)| better(value, *last) || value == *last) {
                best.pop_back();
            }
            best.push_back((at, value));
        }
        seen = to;
        while best.front().is_some_and(|(at, _)| *at < from) {
            best.pop_front();
        }
        if let (Some(value), Some((_, first))) = (values.get_mut(step), best.front()) {
            *value = *first;
        }
    });
    values
}

/// How often the value changed or fell from one point to the next.
pub(super) fn count(function: Function, points: &[Point], windows: &Windows) -> Vec<f64> {
    let counts = |pair: &[Point]| match pair {
        [one, next] if function == Function::Resets => next.value < one.value,
        [one, next] => one.value != next.value && !(one.value.is_nan() && next.value.is_nan()),
        _ => false,
    };
    let mut so_far = 0_u32;
    let mut before = vec![0];
    before.extend(points.windows(2).map(|pair| {
        so_far += u32::from(counts(pair));
        so_far
    }));
    let mut values = vec![ABSENT; windows.ends.len()];
    windows.slide(points, |step, from, to| {
        let last = to.checked_sub(1).filter(|last| *last >= from);
        let counted = last.and_then(|last| Some(before.get(last)? - before.get(from)?));
        if let (Some(value), Some(counted)) = (values.get_mut(step), counted) {
            *value = f64::from(counted);
        }
    });
    values
}

/// The value below which that share of the values lies, between the nearest two.
pub(super) fn quantile(share: f64, mut values: Vec<f64>) -> f64 {
    if share.is_nan() || values.is_empty() {
        return f64::NAN;
    }
    if share < 0.0 {
        return f64::NEG_INFINITY;
    }
    if share > 1.0 {
        return f64::INFINITY;
    }
    // What is not a number comes first.
    values.sort_by(|one, other| {
        one.partial_cmp(other).unwrap_or_else(|| other.is_nan().cmp(&one.is_nan()))
    });
    let rank = share * (values.len() - 1) as f64;
    let lower = rank.floor();
    let weight = rank - lower;
    let at = |place: usize| values.get(place.min(values.len() - 1)).copied().unwrap_or(f64::NAN);
    at(lower as usize) * (1.0 - weight) + at(lower as usize + 1) * weight
}

/// Double exponential smoothing: the level after the last point.
pub(super) fn holt_winters(window: &[Point], smooth: f64, trend: f64) -> f64 {
    let [first, second, ..] = window else { return ABSENT };
    let (mut before, mut level) = (0.0, first.value);
    let mut slope = second.value - first.value;
    for (position, point) in window.iter().enumerate().skip(1) {
        if position > 1 {
            slope = trend * (level - before) + (1.0 - trend) * slope;
        }
        let next = smooth * point.value + (1.0 - smooth) * (level + slope);
        (before, level) = (level, next);
    }
    level
}
