//! Answers questions for numbers.

use metrics::Labels;

use super::aggregate::aggregate;
use super::ast::{Aggregate, Metric, Range};
use super::binary::binary;
use super::window::over_time;
use super::{Answer, Ask, Budget, Scanned, Trouble};
use crate::store::{Picked, Store};

/// Steps of one answer.
const STEPS: i64 = 11_000;

/// A number for each step, where there is one.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) labels: Labels,
    pub(crate) values: Vec<Option<f64>>,
}

/// What a part of a question comes to.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Number(f64),
    Series(Vec<Series>),
}

/// What all parts of a question share.
pub(crate) struct Context<'a> {
    pub(crate) start: i64,
    pub(crate) step: i64,
    pub(crate) steps: usize,
    pub(crate) budget: &'a Budget<'a>,
    pub(crate) scanned: &'a mut Scanned,
}

impl Context<'_> {
    /// Each time that is asked for.
    pub(crate) fn times(&self) -> impl Iterator<Item = i64> + use<> {
        let (start, step) = (self.start, self.step);
        (0..self.steps as i64).map(move |n| start + n * step)
    }

    /// The first and the last nanosecond that a range needs.
    pub(crate) fn window(&self, range: &Range) -> (i64, i64) {
        let last = self.start + (self.steps as i64 - 1) * self.step;
        window(range, self.start, last)
    }

    /// Whether so many series may be answered.
    pub(crate) fn room_for(&self, series: usize) -> Result<(), Trouble> {
        if series.saturating_mul(self.steps) <= self.budget.points {
            return Ok(());
        }
        Err(Trouble::Question(format!(
            "{series} series with {} steps are too much: ask for larger steps, or group with sum by (…)",
            self.steps
        )))
    }
}

/// No time is later, and no range or offset longer: nothing overflows with these.
const LATEST: i64 = i64::MAX / 2;
const LONGEST: i64 = i64::MAX / 8;

fn window(range: &Range, first: i64, last: i64) -> (i64, i64) {
    (first - range.offset - range.length + 1, last - range.offset)
}

/// The ranges of a question, in the order in which they are answered.
fn ranges<'a>(metric: &'a Metric, found: &mut Vec<&'a Range>) {
    match metric {
        Metric::Number(_) | Metric::Vector(_) => {}
        Metric::Range(range) => found.push(range),
        Metric::Aggregate { of, .. } => ranges(of, found),
        Metric::Binary(binary) => {
            ranges(&binary.left, found);
            ranges(&binary.right, found);
        }
    }
}

pub(crate) fn pick(metric: &Metric, store: &Store, ask: &Ask) -> Vec<Picked> {
    let mut found = Vec::new();
    ranges(metric, &mut found);
    let first = if ask.step == 0 { ask.end } else { ask.start };
    if ask.start.saturating_abs() > LATEST || ask.end.saturating_abs() > LATEST {
        return Vec::new();
    }
    let picked = found
        .into_iter()
        .filter(|range| range.offset.saturating_abs() < LONGEST && range.length < LONGEST);
    let picked = picked.map(|range| {
        let (from, to) = window(range, first, ask.end);
        store.pick(&range.pipeline.matchers, from, to)
    });
    picked.collect()
}

pub(crate) fn answer(
    metric: &Metric,
    picked: &[Picked],
    (ask, budget): (&Ask, &Budget<'_>),
    scanned: &mut Scanned,
) -> Result<Answer, Trouble> {
    let question = |says: &str| Err(Trouble::Question(says.to_owned()));
    let mut found = Vec::new();
    ranges(metric, &mut found);
    if found.len() != picked.len() {
        return question("a time is too far away");
    }
    let (start, step) = if ask.step == 0 { (ask.end, 1) } else { (ask.start, ask.step) };
    if ask.end < start || step < 0 {
        return question("the end is before the start, or the step less than nothing");
    }
    if (ask.end - start) / step >= STEPS {
        return question("more than 11000 steps: ask for a larger step");
    }
    let steps = ((ask.end - start) / step + 1) as usize;
    let mut context = Context { start, step, steps, budget, scanned };
    let value = eval(metric, &mut picked.iter(), &mut context)?;
    Ok(shown(metric, value, &context, ask))
}

fn shown(metric: &Metric, value: Value, context: &Context<'_>, ask: &Ask) -> Answer {
    let instant = ask.step == 0;
    let series = match value {
        Value::Number(number) if instant => return Answer::Scalar(ask.end, number),
        Value::Number(number) => {
            let values = vec![Some(number); context.steps];
            vec![Series { labels: Labels::default(), values }]
        }
        Value::Series(series) => series,
    };
    if instant {
        let vector = series
            .into_iter()
            .filter_map(|series| Some((series.labels, series.values.first().copied().flatten()?)));
        let mut vector: Vec<(Labels, f64)> = vector.collect();
        vector.sort_by(|one, other| one.0.order(&other.0));
        sort(metric, &mut vector);
        return Answer::Vector(ask.end, vector);
    }
    let points = |series: Series| {
        let points = context.times().zip(series.values);
        let points = points.filter_map(|(time, value)| Some((time, value?)));
        (series.labels, points.collect::<Vec<_>>())
    };
    let matrix = series.into_iter().map(points).filter(|(_, points)| !points.is_empty());
    let mut matrix: Vec<_> = matrix.collect();
    matrix.sort_by(|one, other| one.0.order(&other.0));
    Answer::Matrix(matrix)
}

/// The order that a question asks for.
fn sort(metric: &Metric, vector: &mut [(Labels, f64)]) {
    let Metric::Aggregate { how, .. } = metric else { return };
    match how {
        Aggregate::Top | Aggregate::SortDown => {
            vector.sort_by(|one, other| other.1.total_cmp(&one.1));
        }
        Aggregate::Bottom | Aggregate::Sort => {
            vector.sort_by(|one, other| one.1.total_cmp(&other.1));
        }
        Aggregate::Sum
        | Aggregate::Average
        | Aggregate::Min
        | Aggregate::Max
        | Aggregate::Count
        | Aggregate::Deviation
        | Aggregate::Variance => {}
    }
}

fn eval(
    metric: &Metric,
    picked: &mut std::slice::Iter<'_, Picked>,
    context: &mut Context<'_>,
) -> Result<Value, Trouble> {
    match metric {
        Metric::Number(number) => Ok(Value::Number(*number)),
        Metric::Vector(number) => {
            let values = vec![Some(*number); context.steps];
            Ok(Value::Series(vec![Series { labels: Labels::default(), values }]))
        }
        Metric::Range(range) => {
            // There is one for each, it was counted.
            let Some(picked) = picked.next() else { return Ok(Value::Series(Vec::new())) };
            over_time(range, picked, context).map(Value::Series)
        }
        Metric::Aggregate { of, how, parameter, grouping } => match eval(of, picked, context)? {
            Value::Number(_) => Err(Trouble::Question(
                "a number cannot be aggregated: put a function over a range there".into(),
            )),
            Value::Series(series) => {
                Ok(Value::Series(aggregate(*how, *parameter, grouping, series)))
            }
        },
        Metric::Binary(both) => {
            let left = eval(&both.left, picked, context)?;
            let right = eval(&both.right, picked, context)?;
            binary(both, left, right)
        }
    }
}
