//! Questions in `PromQL`: parsed by promql-parser, answered here for all steps at once.
#![expect(clippy::float_cmp, reason = "PromQL compares floats as they are")]

mod aggregate;
mod beside;
mod binary;
mod calls;
mod dates;
mod eval;
mod histogram;
mod matching;
mod moving;
mod over_time;
mod parse;
mod rate;
mod relabel;
mod select;
mod sums;
mod value;
mod windows;

use std::fmt;
use std::sync::atomic::AtomicBool;

use crate::labels::Labels;
use crate::matcher::Matcher;
use crate::store::{Point, Store};

use eval::Eval;
use value::{Grid, Value, is_absent};

/// Steps that a range query may have.
const MOST_STEPS: i64 = 11_000;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The question cannot be understood.
    Question(String),
    /// It was understood and cannot be answered with what there is.
    Answer(String),
    /// It was told to stop.
    Stopped,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Question(why) | Self::Answer(why) => f.write_str(why),
            Self::Stopped => f.write_str("the question was stopped before it was answered"),
        }
    }
}

impl std::error::Error for Wrong {}

/// One line of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its labels.
    pub labels: Labels,
    /// Its points, by time.
    pub points: Vec<Point>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A number at a time.
    Scalar(Point),
    /// A text, and the time of the question.
    Text(i64, String),
    /// Series with one point each.
    Vector(Vec<Series>),
    /// Series with points over time.
    Matrix(Vec<Series>),
}

/// Of questions that nobody stops.
static NEVER: AtomicBool = AtomicBool::new(false);

/// A store, and whether questions to it shall stop.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    store: &'a Store,
    stop: &'a AtomicBool,
}

impl Store {
    /// For questions that end soon after `stop` has become true.
    pub fn asking<'a>(&'a self, stop: &'a AtomicBool) -> Asking<'a> {
        Asking { store: self, stop }
    }

    /// Answers a question for one time, in milliseconds since 1970.
    pub fn query(&self, question: &str, at: i64) -> Result<Answer, Wrong> {
        self.asking(&NEVER).query(question, at)
    }

    /// Answers a question for the times from `start` to `end` that are `step` apart, in milliseconds.
    pub fn query_range(
        &self,
        question: &str,
        bounds: (i64, i64),
        step: i64,
    ) -> Result<Answer, Wrong> {
        self.asking(&NEVER).query_range(question, bounds, step)
    }
}

impl Asking<'_> {
    /// Answers a question for one time, in milliseconds since 1970.
    pub fn query(&self, question: &str, at: i64) -> Result<Answer, Wrong> {
        let expr = parse::expression(question)?;
        within(at)?;
        let grid = Grid { start: at, step: 0, count: 1 };
        let eval = Eval::new(self, grid);
        if let Some(matrix) = eval.matrix(&expr)? {
            return Ok(Answer::Matrix(sorted(matrix)));
        }
        Ok(match eval.value(&expr)? {
            Value::Text(text) => Answer::Text(at, text),
            Value::Scalar(values) => {
                let value = values.first().copied().unwrap_or(f64::NAN);
                Answer::Scalar(Point { time: at, value })
            }
            // Not sorted here: `sort` and `topk` have an order.
            Value::Vector(rows) => Answer::Vector(series(&grid, rows)),
        })
    }

    /// Answers a question for the times from `start` to `end` that are `step` apart, in milliseconds.
    pub fn query_range(
        &self,
        question: &str,
        (start, end): (i64, i64),
        step: i64,
    ) -> Result<Answer, Wrong> {
        let expr = parse::expression(question)?;
        within(start)?;
        within(end)?;
        if step <= 0 {
            return Err(Wrong::Question("the step must be longer than nothing".into()));
        }
        let steps =
            end.checked_sub(start).filter(|length| *length >= 0).map(|length| length / step);
        let Some(steps) = steps else {
            return Err(Wrong::Question("the end is before the start".into()));
        };
        if steps > MOST_STEPS {
            return Err(Wrong::Question(format!(
                "{steps} steps are more than {MOST_STEPS}: ask for a shorter time or a longer step"
            )));
        }
        let grid = Grid { start, step, count: steps as usize + 1 };
        let eval = Eval::new(self, grid);
        if select::is_matrix(&expr) {
            return Err(Wrong::Question(
                "a range vector has no value at each step: put a function around it".into(),
            ));
        }
        match eval.value(&expr)? {
            Value::Text(_) => Err(Wrong::Question("a text has no value at each step".into())),
            Value::Scalar(values) => {
                let rows = vec![value::Row { labels: Labels::default(), values }];
                Ok(Answer::Matrix(series(&grid, rows)))
            }
            Value::Vector(rows) => Ok(Answer::Matrix(sorted(series(&grid, rows)))),
        }
    }
}

/// Times beyond some millions of years are mistakes.
fn within(time: i64) -> Result<(), Wrong> {
    if (-select::FAR..=select::FAR).contains(&time) {
        return Ok(());
    }
    Err(Wrong::Question(format!("the time {time} is too far away")))
}

/// Whether a question can be understood, without asking it.
pub fn check(question: &str) -> Result<(), Wrong> {
    parse::expression(question).map(drop)
}

/// The conditions of a selector such as `up{job="node"}`, as `match[]` has them.
pub fn selector(text: &str) -> Result<Vec<Matcher>, Wrong> {
    parse::selector(text)
}

fn series(grid: &Grid, rows: Vec<value::Row>) -> Vec<Series> {
    let points = |values: Vec<f64>| {
        let points = grid.times().zip(values).filter(|(_, value)| !is_absent(*value));
        points.map(|(time, value)| Point { time, value }).collect()
    };
    let series = rows.into_iter().map(|row| {
        let points: Vec<Point> = points(row.values);
        Series { labels: row.labels, points }
    });
    series.filter(|series| !series.points.is_empty()).collect()
}

fn sorted(mut series: Vec<Series>) -> Vec<Series> {
    series.sort_by(|one, other| one.labels.order(&other.labels));
    series
}
