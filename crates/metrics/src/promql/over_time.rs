//! Functions of range vectors.

use super::calls::{Arguments, absent_labels};
use super::eval::Eval;
use super::moving::{self, quantile};
use super::rate;
use super::value::{ABSENT, Row, unite};
use super::windows::Windows;
use super::{Wrong, sums};
use crate::labels::Labels;
use crate::store::{Point, Wanted};

/// What is asked of each window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Absent,
    Avg,
    Changes,
    Count,
    /// Counts of rollups: they add up.
    Counted,
    Delta,
    Deriv,
    HoltWinters,
    Idelta,
    Increase,
    Irate,
    Last,
    Max,
    Min,
    PredictLinear,
    Present,
    Quantile,
    Rate,
    Resets,
    Stddev,
    Stdvar,
    Sum,
}

pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "absent_over_time" => Function::Absent,
        "avg_over_time" => Function::Avg,
        "changes" => Function::Changes,
        "count_over_time" => Function::Count,
        "delta" => Function::Delta,
        "deriv" => Function::Deriv,
        "holt_winters" => Function::HoltWinters,
        "idelta" => Function::Idelta,
        "increase" => Function::Increase,
        "irate" => Function::Irate,
        "last_over_time" => Function::Last,
        "max_over_time" => Function::Max,
        "min_over_time" => Function::Min,
        "predict_linear" => Function::PredictLinear,
        "present_over_time" => Function::Present,
        "quantile_over_time" => Function::Quantile,
        "rate" => Function::Rate,
        "resets" => Function::Resets,
        "stddev_over_time" => Function::Stddev,
        "stdvar_over_time" => Function::Stdvar,
        "sum_over_time" => Function::Sum,
        _ => return None,
    })
}

impl Function {
    /// What it needs to know of rollups; nothing if only samples will do.
    fn wanted(self) -> Option<Wanted> {
        match self {
            Self::Increase | Self::Rate => Some(Wanted::Rises),
            Self::Delta => Some(Wanted::Change),
            Self::Last | Self::Present | Self::Absent => Some(Wanted::Last),
            Self::Max => Some(Wanted::Max),
            Self::Min => Some(Wanted::Min),
            Self::Count | Self::Counted => Some(Wanted::Count),
            // How many they were is read beside, for averages.
            Self::Sum | Self::Avg => Some(Wanted::Sum),
            Self::Changes
            | Self::Deriv
            | Self::HoltWinters
            | Self::Idelta
            | Self::Irate
            | Self::PredictLinear
            | Self::Quantile
            | Self::Resets
            | Self::Stddev
            | Self::Stdvar => None,
        }
    }
}

/// Which of the arguments is the range vector, and the numbers beside it.
fn numbers(
    function: Function,
    arguments: &Arguments<'_>,
) -> Result<(usize, Vec<f64>, Vec<f64>), Wrong> {
    if function == Function::Quantile {
        return Ok((1, arguments.scalar(0)?, Vec::new()));
    }
    if function == Function::PredictLinear {
        return Ok((0, arguments.scalar(1)?, Vec::new()));
    }
    if function != Function::HoltWinters {
        return Ok((0, Vec::new(), Vec::new()));
    }
    let (smooth, trend) = (arguments.scalar(1)?, arguments.scalar(2)?);
    let outside = |factor: &&f64| !(**factor > 0.0 && **factor < 1.0);
    if let Some(factor) = smooth.iter().chain(&trend).find(outside) {
        return Err(Wrong::Answer(format!(
            "a factor of holt_winters lies between 0 and 1, and {factor} does not"
        )));
    }
    Ok((0, smooth, trend))
}

pub(super) fn call(
    eval: &Eval<'_>,
    function: Function,
    arguments: &Arguments<'_>,
) -> Result<Vec<Row>, Wrong> {
    let (position, first, second) = numbers(function, arguments)?;
    let expr = arguments.expr(position)?;
    let times: Vec<i64> = eval.grid.times().collect();
    let asked = Asked { times, first, second };
    // Of rollups counts add up, and averages are sums through counts.
    let rolled = matches!(function, Function::Avg | Function::Count) && eval.reads_rollups(expr)?;
    if rolled && function == Function::Avg {
        return averages(eval, expr);
    }
    let function = if rolled { Function::Counted } else { function };
    let named = function == Function::Last;
    let rows = eval.ranges(expr, function.wanted(), |labels, points, windows| {
        let row = Row { labels: labels.clone(), values: asked.of(function, points, windows) };
        if named { row } else { row.without_name() }
    })?;
    if function == Function::Absent {
        return Ok(vec![absent(eval, &rows, absent_labels(expr)?)]);
    }
    if named { Ok(rows) } else { unite(rows) }
}

/// Sums through counts.
fn averages(eval: &Eval<'_>, expr: &promql_parser::parser::Expr) -> Result<Vec<Row>, Wrong> {
    let sums = |labels: &Labels, points: &[Point], windows: &Windows| {
        (labels.clone(), sums::sum(points, windows, eval.grid.count))
    };
    let counts = eval.ranges(expr, Some(Wanted::Count), sums)?;
    let counts: std::collections::BTreeMap<Labels, Vec<f64>> = counts.into_iter().collect();
    let mut rows = Vec::new();
    for (labels, mut values) in eval.ranges(expr, Some(Wanted::Sum), sums)? {
        for (value, count) in values.iter_mut().zip(counts.get(&labels).into_iter().flatten()) {
            *value = if super::is_absent(*value) { ABSENT } else { *value / count };
        }
        rows.push(Row { labels, values }.without_name());
    }
    unite(rows)
}

fn absent(eval: &Eval<'_>, rows: &[Row], labels: Labels) -> Row {
    let there = |step: usize| rows.iter().any(|row| row.at(step).is_some());
    let values = (0..eval.grid.count).map(|step| if there(step) { ABSENT } else { 1.0 });
    Row { labels, values: values.collect() }
}

/// The steps, and the numbers beside the range vector.
struct Asked {
    times: Vec<i64>,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Asked {
    /// The function of each window of a series.
    fn of(&self, function: Function, points: &[Point], windows: &Windows) -> Vec<f64> {
        let count = self.times.len();
        match function {
            Function::Sum | Function::Counted => windows.share(sums::sum(points, windows, count)),
            Function::Avg => sums::mean(points, windows, count),
            Function::Max => moving::extreme(points, windows, |new, old| new > old || old.is_nan()),
            Function::Min => moving::extreme(points, windows, |new, old| new < old || old.is_nan()),
            Function::Rate => rate::extrapolated(function, points, windows),
            Function::Increase | Function::Delta => {
                windows.share(rate::extrapolated(function, points, windows))
            }
            Function::Changes | Function::Resets => moving::count(function, points, windows),
            Function::Count => {
                moving::each(points, windows, count, |_, window| window.len() as f64)
            }
            Function::Absent | Function::Present => {
                moving::each(points, windows, count, |_, _| 1.0)
            }
            Function::Last => moving::each(points, windows, count, |_, window| {
                window.last().map_or(ABSENT, |point| point.value)
            }),
            Function::Irate | Function::Idelta => {
                moving::each(points, windows, count, |_, window| rate::instant(function, window))
            }
            Function::Stdvar => {
                moving::each(points, windows, count, |_, window| sums::variance(window))
            }
            Function::Stddev => {
                moving::each(points, windows, count, |_, window| sums::variance(window).sqrt())
            }
            Function::Quantile => moving::each(points, windows, count, |step, window| {
                quantile(self.first(step), window.iter().map(|point| point.value).collect())
            }),
            Function::Deriv => moving::each(points, windows, count, |_, window| {
                let origin = window.first().map_or(0, |first| first.time);
                if window.len() < 2 { ABSENT } else { sums::line(window, origin).0 }
            }),
            Function::PredictLinear => moving::each(points, windows, count, |step, window| {
                let origin = self.times.get(step).copied().unwrap_or_default();
                let (slope, now) = sums::line(window, origin);
                if window.len() < 2 { ABSENT } else { slope * self.first(step) + now }
            }),
            Function::HoltWinters => moving::each(points, windows, count, |step, window| {
                let trend = self.second.get(step).copied().unwrap_or(f64::NAN);
                moving::holt_winters(window, self.first(step), trend)
            }),
        }
    }

    fn first(&self, step: usize) -> f64 {
        self.first.get(step).copied().unwrap_or(f64::NAN)
    }
}
