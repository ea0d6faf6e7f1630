//! How fast things change: `rate`, `increase`, `delta`, and of the last two points.

use super::over_time::Function;
use super::value::ABSENT;
use super::windows::Windows;
use crate::store::Point;

/// What happened between a window's first and last point, stretched over the window where its edges
/// are near. A counter's falls are found once for the whole series.
pub(super) fn extrapolated(function: Function, points: &[Point], windows: &Windows) -> Vec<f64> {
    let fell = |pair: &[Point]| matches!(pair, [one, next] if next.value < one.value);
    let falls: Vec<(usize, f64)> = if function == Function::Delta {
        Vec::new()
    } else {
        let pairs = points.windows(2).enumerate().filter(|(_, pair)| fell(pair));
        pairs.filter_map(|(at, pair)| Some((at, pair.first()?.value))).collect()
    };
    let mut values = vec![ABSENT; windows.ends.len()];
    windows.slide(points, |step, from, to| {
        let window = points.get(from..to).unwrap_or_default();
        let (Some(value), [first, .., last]) = (values.get_mut(step), window) else { return };
        let within = falls.get(falls.partition_point(|(at, _)| *at < from)..).unwrap_or_default();
        let within = within.iter().take_while(|(at, _)| at + 1 < to);
        let change = within.fold(last.value - first.value, |change, (_, fallen)| change + fallen);
        let (start, end) = windows.bounds(step);
        let stretch = stretch(function, change, window, (start, end));
        let seconds = (end - start) as f64 / 1000.0;
        let rate = function == Function::Rate;
        *value = change * if rate { stretch / seconds } else { stretch };
    });
    values
}

/// By how much a change is stretched from the time between the points to that of the window.
fn stretch(function: Function, change: f64, window: &[Point], (start, end): (i64, i64)) -> f64 {
    let [first, .., last] = window else { return f64::NAN };
    let seconds = |from: i64, to: i64| (to - from) as f64 / 1000.0;
    let mut to_start = seconds(start, first.time);
    let to_end = seconds(last.time, end);
    let sampled = seconds(first.time, last.time);
    let apart = sampled / (window.len() - 1) as f64;
    // A counter was not below zero: it cannot have risen for longer than that.
    if function != Function::Delta && change > 0.0 && first.value >= 0.0 {
        to_start = to_start.min(sampled * (first.value / change));
    }
    let near = apart * 1.1;
    let side = |distance: f64| if distance < near { distance } else { apart / 2.0 };
    (sampled + side(to_start) + side(to_end)) / sampled
}

/// The change between the last two points, through the time between them for `irate`.
pub(super) fn instant(function: Function, window: &[Point]) -> f64 {
    let [.., before, last] = window else { return ABSENT };
    let apart = (last.time - before.time) as f64 / 1000.0;
    let fell = last.value < before.value;
    let change = last.value - before.value;
    if function != Function::Irate {
        return change;
    }
    if fell { last.value / apart } else { change / apart }
}
