//! Windows that move along a series, one for each step.

use std::collections::BTreeMap;

use super::value::is_absent;
use crate::store::{DAY, Point, Reading, Wanted};

/// Windows of one length, one for each step: open on the left, closed on the right. Where only rollups
/// are left, they are as long as it takes to have one in them.
#[derive(Clone, Debug)]
pub(crate) struct Windows {
    pub(crate) ends: Vec<i64>,
    /// When each begins; this moment is not in it.
    starts: Vec<i64>,
    range: i64,
}

impl Windows {
    pub(super) fn new(ends: Vec<i64>, range: i64) -> Self {
        let starts = ends.iter().map(|end| end - range).collect();
        Self { ends, starts, range }
    }

    /// When the window of a step begins, and when it ends.
    pub(crate) fn bounds(&self, step: usize) -> (i64, i64) {
        let at = |times: &[i64]| times.get(step).copied().unwrap_or_default();
        (at(&self.starts), at(&self.ends))
    }

    /// When the window of a step would begin if it were no longer than was asked for.
    pub(super) fn asked(&self, step: usize) -> i64 {
        self.ends.get(step).map_or(i64::MIN, |end| end - self.range)
    }

    /// Of values that add up over windows: what falls on the length that was asked for.
    pub(super) fn share(&self, mut values: Vec<f64>) -> Vec<f64> {
        for (value, (start, end)) in values.iter_mut().zip(self.starts.iter().zip(&self.ends)) {
            let long = end - start;
            if long > self.range && !is_absent(*value) {
                *value *= self.range as f64 / long as f64;
            }
        }
        values
    }

    /// The time that all windows together span.
    pub(super) fn span(&self) -> (i64, i64) {
        let first = self.starts.iter().min().copied().unwrap_or_default();
        let last = self.ends.iter().max().copied().unwrap_or_default();
        (first + 1, last)
    }

    /// Makes windows on rollups long enough.
    pub(super) fn widen(&mut self, reading: &Reading<'_>, wanted: Wanted) {
        let points = match wanted {
            Wanted::Rises | Wanted::Change => 2,
            Wanted::Last | Wanted::Min | Wanted::Max | Wanted::Sum | Wanted::Count => 1,
        };
        let mut least: BTreeMap<i64, i64> = BTreeMap::new();
        for (start, end) in self.starts.iter_mut().zip(&self.ends) {
            let day = end.div_euclid(DAY);
            let of_day = || points * reading.every(day).unwrap_or_default();
            *start = (*start).min(end - *least.entry(day).or_insert_with(of_day));
        }
    }

    /// Asks for each window's points, going along the series once.
    pub(crate) fn slide(&self, points: &[Point], mut ask: impl FnMut(usize, usize, usize)) {
        let (mut from, mut to, mut before) = (0, 0, (i64::MIN, i64::MIN));
        for (step, (start, end)) in self.starts.iter().zip(&self.ends).enumerate() {
            if *end < before.1 || *start < before.0 {
                (from, to) = (0, 0);
            }
            before = (*start, *end);
            let rest = |at: usize| points.get(at..).unwrap_or_default().iter();
            to += rest(to).take_while(|point| point.time <= *end).count();
            from += rest(from).take_while(|point| point.time <= *start).count();
            ask(step, from.min(to), to);
        }
    }
}
