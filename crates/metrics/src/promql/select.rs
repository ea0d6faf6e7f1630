//! Where series come from: selectors and subqueries.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use promql_parser::parser::{AtModifier, Expr, Offset, SubqueryExpr, VectorSelector};

use super::eval::Eval;
use super::value::{ABSENT, Grid, Row, is_absent};
use super::windows::Windows;
use super::{Series, Wrong, beside, parse};
use crate::index::SeriesId;
use crate::labels::Labels;
use crate::store::{DAY, Point, Reading, STALE, Tier, Wanted};

/// How long a sample counts when no other follows, in milliseconds.
const LOOKBACK: i64 = 300_000;
/// Samples that a question for which rollups would do may read instead, about: they are brought up in a
/// tenth of a second.
const SAMPLES: usize = 5_000_000;
/// How long such a question may be: samples are rarely kept for longer.
const MONTH: i64 = 32 * DAY;
/// How long a step is if a subquery does not say, in milliseconds.
const SUBQUERY_STEP: i64 = 60_000;

/// Steps that a subquery may have.
const SUBQUERY_STEPS: i64 = 1_000_000;

/// Times, windows and offsets stay far from where sums of them could overflow.
pub(super) const FAR: i64 = i64::MAX / 16;

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(FAR).min(FAR)
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

    /// What is read for these steps and windows: rollups where they do, unless all samples are there and
    /// few enough. Where some are gone all is read from rollups: a year takes no longer for that.
    fn tier(
        &self,
        selector: &VectorSelector,
        ends: &[i64],
        range: Option<i64>,
    ) -> Result<Tier, Wrong> {
        let enough = |tier: &Tier| {
            let wide = range.is_none_or(|range| range >= 2 * tier.every());
            self.grid.count > 1 && self.grid.step >= 6 * tier.every() && wide
        };
        let rollups = [Tier::Hour, Tier::FiveMinutes].into_iter().find(enough);
        let Some(tier) = rollups else { return Ok(Tier::Raw) };
        let (from, to) = Windows::new(ends.to_vec(), range.unwrap_or(LOOKBACK)).span();
        if to - from > MONTH || !self.store.has_samples(from, to) {
            return Ok(tier);
        }
        let matchers = parse::matchers(selector.name.as_deref(), &selector.matchers)?;
        let series = self.store.select(&matchers);
        let samples = self.store.reading(Tier::Raw, from, to).about(&series);
        Ok(if samples > SAMPLES { tier } else { Tier::Raw })
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
        let tier = self.tier(selector, &ends, None)?;
        // The bucket of a step has its point at its end: until then the one before counts.
        let windows = Windows::new(ends, LOOKBACK + tier.every());
        let mut rows =
            self.read(selector, (tier, Wanted::Last), windows, |labels, points, windows| {
                let mut values = vec![ABSENT; self.grid.count];
                windows.slide(points, |step, from, to| {
                    let last = points.get(from..to).and_then(<[Point]>::last);
                    let last = last.filter(|point| point.value.to_bits() != STALE);
                    if let (Some(value), Some(point)) = (values.get_mut(step), last) {
                        *value = of(point);
                    }
                });
                Row { labels: labels.clone(), values }
            })?;
        rows.retain(|row| row.values.iter().any(|value| !is_absent(*value)));
        Ok(rows)
    }

    /// Makes something of the points of each of a selector's series.
    fn read<R: Send>(
        &self,
        selector: &VectorSelector,
        (tier, wanted): (Tier, Wanted),
        mut windows: Windows,
        of: impl Fn(&Labels, &[Point], &Windows) -> R + Sync,
    ) -> Result<Vec<R>, Wrong> {
        let matchers = parse::matchers(selector.name.as_deref(), &selector.matchers)?;
        let (from, to) = windows.span();
        let mut reading = self.store.reading(tier, from, to);
        if reading.is_rolled() {
            windows.widen(&reading, wanted);
            let (from, to) = windows.span();
            reading = self.store.reading(tier, from, to);
        }
        let one = |reading: &mut Reading<'_>, series: SeriesId| {
            let points = reading.points(series, wanted);
            // Samples come and go, one series at a time; the steps stay.
            self.spend(points.len() / 8 + self.grid.count)?;
            let labels = self.store.labels_of(series).filter(|_| !points.is_empty());
            Ok(labels.map(|labels| of(labels, &points, &windows)))
        };
        let series = self.store.select(&matchers);
        let Some((first, others)) = series.split_first() else { return Ok(Vec::new()) };
        // The first one says how much work the others are.
        let before = self.left();
        let first = one(&mut reading, *first)?;
        let work = before.saturating_sub(self.left()).saturating_mul(others.len());
        let others = beside::each(others, work, &reading, one)?;
        Ok(std::iter::once(first).chain(others).flatten().collect())
    }

    /// Makes something of the points of each series of a range vector, and the windows on them.
    pub(crate) fn ranges<R: Send>(
        &self,
        expr: &Expr,
        wanted: Option<Wanted>,
        of: impl Fn(&Labels, &[Point], &Windows) -> R + Sync,
    ) -> Result<Vec<R>, Wrong> {
        match expr {
            Expr::Paren(paren) => self.ranges(&paren.expr, wanted, of),
            Expr::MatrixSelector(matrix) => {
                let selector = &matrix.vs;
                let range = millis(matrix.range);
                let ends = self.ends(selector.at.as_ref(), selector.offset.as_ref());
                let tier = match wanted {
                    Some(_) => self.tier(selector, &ends, Some(range))?,
                    None => Tier::Raw,
                };
                let wanted = wanted.unwrap_or(Wanted::Change);
                let windows = Windows::new(ends, range.max(tier.every()));
                self.read(selector, (tier, wanted), windows, |labels, points, windows| {
                    let ended = points.iter().any(|point| point.value.to_bits() == STALE);
                    if !ended {
                        return of(labels, points, windows);
                    }
                    let live = points.iter().filter(|point| point.value.to_bits() != STALE);
                    of(labels, &live.copied().collect::<Vec<Point>>(), windows)
                })
            }
            Expr::Subquery(subquery) => {
                let (windows, series) = self.subquery(subquery)?;
                Ok(series.iter().map(|one| of(&one.labels, &one.points, &windows)).collect())
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
    pub(crate) fn reads_rollups(&self, expr: &Expr) -> Result<bool, Wrong> {
        match expr {
            Expr::Paren(paren) => self.reads_rollups(&paren.expr),
            Expr::MatrixSelector(matrix) => {
                let (selector, range) = (&matrix.vs, millis(matrix.range));
                let ends = self.ends(selector.at.as_ref(), selector.offset.as_ref());
                let tier = self.tier(selector, &ends, Some(range))?;
                let (from, to) = Windows::new(ends, range).span();
                Ok(self.store.reading(tier, from, to).is_rolled())
            }
            Expr::Aggregate(_)
            | Expr::Unary(_)
            | Expr::Binary(_)
            | Expr::Subquery(_)
            | Expr::NumberLiteral(_)
            | Expr::StringLiteral(_)
            | Expr::VectorSelector(_)
            | Expr::Call(_)
            | Expr::Extension(_) => Ok(false),
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
        let all = self.ranges(expr, None, |labels, points, windows| {
            let mut within = Vec::new();
            windows.slide(points, |step, from, to| {
                let points = points.get(from..to).unwrap_or_default().iter();
                within.extend(points.filter(|point| point.time > windows.asked(step)).copied());
            });
            Series { labels: labels.clone(), points: within }
        })?;
        Ok(Some(all.into_iter().filter(|series| !series.points.is_empty()).collect()))
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
