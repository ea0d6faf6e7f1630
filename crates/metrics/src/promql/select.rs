//! Where series come from: selectors and subqueries.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use promql_parser::parser::{AtModifier, Expr, Offset, SubqueryExpr, VectorSelector};

use super::eval::Eval;
use super::value::{ABSENT, Grid, Row, is_absent};
use super::{Series, Wrong, parse};
use crate::labels::Labels;
use crate::store::{DAY, Point, Reading, STALE, Tier, Wanted};

/// How long a sample counts when no other follows, in milliseconds.
const LOOKBACK: i64 = 300_000;
/// How long a step is if a subquery does not say, in milliseconds.
const SUBQUERY_STEP: i64 = 60_000;

/// Steps that a subquery may have.
const SUBQUERY_STEPS: i64 = 1_000_000;

/// Times, windows and offsets stay far from where sums of them could overflow.
pub(super) const FAR: i64 = i64::MAX / 16;

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(FAR).min(FAR)
}

/// Windows of one length, one for each step: open on the left, closed on the right. Where only rollups
/// are left, they are as long as it takes to have one in them.
#[derive(Clone, Debug)]
pub(crate) struct Windows {
    pub(crate) ends: Vec<i64>,
    range: i64,
    /// How long those that end on a day have to be at least.
    least: BTreeMap<i64, i64>,
}

impl Windows {
    fn new(ends: Vec<i64>, range: i64) -> Self {
        Self { ends, range, least: BTreeMap::new() }
    }

    /// When the window that ends at a time begins; this moment is not in it.
    pub(crate) fn start(&self, end: i64) -> i64 {
        let least = self.least.get(&end.div_euclid(DAY)).copied().unwrap_or_default();
        end - self.range.max(least)
    }

    /// Of values that add up over windows: what falls on the length that was asked for.
    pub(super) fn share(&self, mut values: Vec<f64>) -> Vec<f64> {
        if self.least.is_empty() {
            return values;
        }
        for (value, end) in values.iter_mut().zip(&self.ends) {
            let long = end - self.start(*end);
            if long > self.range && !is_absent(*value) {
                *value *= self.range as f64 / long as f64;
            }
        }
        values
    }

    /// The time that all windows together span.
    fn span(&self) -> (i64, i64) {
        let first = self.ends.iter().map(|end| self.start(*end)).min().unwrap_or_default();
        let last = self.ends.iter().max().copied().unwrap_or_default();
        (first + 1, last)
    }

    /// Makes windows on rollups long enough.
    fn widen(&mut self, reading: &Reading<'_>, wanted: Wanted) {
        let points = match wanted {
            Wanted::Rises | Wanted::Change => 2,
            Wanted::Last | Wanted::Min | Wanted::Max | Wanted::Sum | Wanted::Count => 1,
        };
        let days: BTreeSet<i64> = self.ends.iter().map(|end| end.div_euclid(DAY)).collect();
        let least = days.into_iter().filter_map(|day| Some((day, points * reading.every(day)?)));
        self.least = least.collect();
    }

    /// Asks for each window's points, going along the series once.
    pub(crate) fn slide(&self, points: &[Point], mut ask: impl FnMut(usize, usize, usize)) {
        let (mut from, mut to, mut before) = (0, 0, (i64::MIN, i64::MIN));
        for (step, end) in self.ends.iter().enumerate() {
            let start = self.start(*end);
            if *end < before.1 || start < before.0 {
                (from, to) = (0, 0);
            }
            before = (start, *end);
            let rest = |at: usize| points.get(at..).unwrap_or_default().iter();
            to += rest(to).take_while(|point| point.time <= *end).count();
            from += rest(from).take_while(|point| point.time <= start).count();
            ask(step, from.min(to), to);
        }
    }
}

impl Eval<'_> {
    /// The ends of windows: the steps, or one fixed time, moved by an offset.
    fn ends(&self, at: Option<&AtModifier>, offset: Option<&Offset>) -> Vec<i64> {
        let fixed = at.map(|at| match at {
            AtModifier::Start => self.bounds.0,
            AtModifier::End => self.bounds.1,
            AtModifier::At(time) => since_epoch(*time),
        });
        let offset = match offset {
            None => 0,
            Some(Offset::Pos(duration)) => millis(*duration),
            Some(Offset::Neg(duration)) => -millis(*duration),
        };
        let end = |time: i64| fixed.unwrap_or(time).clamp(-FAR, FAR).saturating_sub(offset);
        self.grid.times().map(end).collect()
    }

    /// Rollups that do for these steps and windows.
    fn tier(&self, range: i64) -> Tier {
        let enough = |tier: &Tier| {
            self.grid.count > 1 && self.grid.step >= 6 * tier.every() && range >= 2 * tier.every()
        };
        [Tier::Hour, Tier::FiveMinutes].into_iter().find(enough).unwrap_or(Tier::Raw)
    }

    /// A selector's series at each step, with their last sample.
    pub(crate) fn instant(&self, selector: &VectorSelector) -> Result<Vec<Row>, Wrong> {
        self.latest(selector, |point| point.value)
    }

    /// Of each series at each step something of its last sample.
    pub(crate) fn latest(
        &self,
        selector: &VectorSelector,
        of: fn(&Point) -> f64,
    ) -> Result<Vec<Row>, Wrong> {
        let ends = self.ends(selector.at.as_ref(), selector.offset.as_ref());
        let tier = self.tier(i64::MAX);
        let mut windows = Windows::new(ends, LOOKBACK);
        let mut rows = Vec::new();
        self.read(selector, (tier, Wanted::Last), &mut windows, |labels, points, windows| {
            let mut values = vec![ABSENT; self.grid.count];
            windows.slide(points, |step, from, to| {
                let last = points.get(from..to).and_then(<[Point]>::last);
                let last = last.filter(|point| point.value.to_bits() != STALE);
                if let (Some(value), Some(point)) = (values.get_mut(step), last) {
                    *value = of(point);
                }
            });
            rows.push(Row { labels: labels.clone(), values });
            Ok(())
        })?;
        rows.retain(|row| row.values.iter().any(|value| !is_absent(*value)));
        Ok(rows)
    }

    /// Reads a selector's series one by one.
    fn read(
        &self,
        selector: &VectorSelector,
        (tier, wanted): (Tier, Wanted),
        windows: &mut Windows,
        mut take: impl FnMut(&Labels, &[Point], &Windows) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        let matchers = parse::matchers(selector.name.as_deref(), &selector.matchers)?;
        windows.range = windows.range.max(tier.every());
        let (from, to) = windows.span();
        let mut reading = self.store.reading(tier, from, to);
        if reading.is_rolled() {
            windows.widen(&reading, wanted);
            let (from, to) = windows.span();
            reading = self.store.reading(tier, from, to);
        }
        for series in self.store.select(&matchers) {
            let points = reading.points(series, wanted);
            // Samples come and go, one series at a time; the steps stay.
            self.spend(points.len() / 8 + self.grid.count)?;
            if let Some(labels) = self.store.labels_of(series)
                && !points.is_empty()
            {
                take(labels, &points, windows)?;
            }
        }
        Ok(())
    }

    /// Gives the points of each series of a range vector, and the windows on them.
    pub(crate) fn ranges(
        &self,
        expr: &Expr,
        wanted: Option<Wanted>,
        mut take: impl FnMut(&Labels, &[Point], &Windows) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        match expr {
            Expr::Paren(paren) => self.ranges(&paren.expr, wanted, take),
            Expr::MatrixSelector(matrix) => {
                let selector = &matrix.vs;
                let range = millis(matrix.range);
                let ends = self.ends(selector.at.as_ref(), selector.offset.as_ref());
                let mut windows = Windows::new(ends, range);
                let tier = wanted.map_or(Tier::Raw, |_| self.tier(range));
                let wanted = wanted.unwrap_or(Wanted::Change);
                self.read(selector, (tier, wanted), &mut windows, |labels, points, windows| {
                    let ended = points.iter().any(|point| point.value.to_bits() == STALE);
                    if !ended {
                        return take(labels, points, windows);
                    }
                    let live = points.iter().filter(|point| point.value.to_bits() != STALE);
                    take(labels, &live.copied().collect::<Vec<Point>>(), windows)
                })
            }
            Expr::Subquery(subquery) => {
                let (windows, series) = self.subquery(subquery)?;
                series.iter().try_for_each(|one| take(&one.labels, &one.points, &windows))
            }
            Expr::Aggregate(_)
            | Expr::Unary(_)
            | Expr::Binary(_)
            | Expr::NumberLiteral(_)
            | Expr::StringLiteral(_)
            | Expr::VectorSelector(_)
            | Expr::Call(_)
            | Expr::Extension(_) => {
                Err(Wrong::Question(format!("{expr} should be a range vector")))
            }
        }
    }

    /// Whether any window of a range vector is read from rollups.
    pub(crate) fn reads_rollups(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Paren(paren) => self.reads_rollups(&paren.expr),
            Expr::MatrixSelector(matrix) => {
                let (selector, range) = (&matrix.vs, millis(matrix.range));
                let ends = self.ends(selector.at.as_ref(), selector.offset.as_ref());
                let (from, to) = Windows::new(ends, range).span();
                self.store.reading(self.tier(range), from, to).is_rolled()
            }
            Expr::Aggregate(_)
            | Expr::Unary(_)
            | Expr::Binary(_)
            | Expr::Subquery(_)
            | Expr::NumberLiteral(_)
            | Expr::StringLiteral(_)
            | Expr::VectorSelector(_)
            | Expr::Call(_)
            | Expr::Extension(_) => false,
        }
    }

    /// A subquery is asked once, at all times that any of its windows has.
    fn subquery(&self, subquery: &SubqueryExpr) -> Result<(Windows, Vec<Series>), Wrong> {
        let step = subquery.step.map_or(SUBQUERY_STEP, millis).max(1);
        let ends = self.ends(subquery.at.as_ref(), subquery.offset.as_ref());
        let windows = Windows::new(ends, millis(subquery.range));
        let (from, to) = windows.span();
        let start = from.div_euclid(step) * step;
        let start = if start < from { start + step } else { start };
        let count = if to < start { 0 } else { (to - start) / step + 1 };
        if count > SUBQUERY_STEPS {
            return Err(Wrong::Question(format!(
                "a subquery of {count} steps is too long: {SUBQUERY_STEPS} may be"
            )));
        }
        if count == 0 {
            return Ok((windows, Vec::new()));
        }
        let grid = Grid { start, step, count: count as usize };
        let inner = self.on(grid);
        let rows = match inner.value(&subquery.expr)? {
            super::Value::Vector(rows) => rows,
            super::Value::Scalar(values) => vec![Row { labels: Labels::default(), values }],
            super::Value::Text(_) => return Err(Wrong::Question("a text has no range".into())),
        };
        Ok((windows, super::series(&grid, rows)))
    }

    /// The points of a range vector at one time; nothing if the expression is another.
    pub(crate) fn matrix(&self, expr: &Expr) -> Result<Option<Vec<Series>>, Wrong> {
        if !is_matrix(expr) {
            return Ok(None);
        }
        let mut all = Vec::new();
        self.ranges(expr, None, |labels, points, windows| {
            windows.slide(points, |step, from, to| {
                let start = windows.ends.get(step).map_or(i64::MIN, |end| end - windows.range);
                let points = points.get(from..to).unwrap_or_default().iter();
                let points: Vec<Point> =
                    points.filter(|point| point.time > start).copied().collect();
                if !points.is_empty() {
                    all.push(Series { labels: labels.clone(), points });
                }
            });
            Ok(())
        })?;
        Ok(Some(all))
    }
}

fn since_epoch(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => millis(after),
        Err(before) => -millis(before.duration()),
    }
}

/// Whether an expression is a range vector.
pub(crate) fn is_matrix(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(paren) => is_matrix(&paren.expr),
        Expr::MatrixSelector(_) | Expr::Subquery(_) => true,
        Expr::Aggregate(_)
        | Expr::Unary(_)
        | Expr::Binary(_)
        | Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::VectorSelector(_)
        | Expr::Call(_)
        | Expr::Extension(_) => false,
    }
}
