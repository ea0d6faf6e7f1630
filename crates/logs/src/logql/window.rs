//! Numbers out of lines: what a range of them comes to.

use std::collections::BTreeMap;

use metrics::{Labels, Op};

use super::ast::{Grouping, Kind, OverTime, Range};
use super::eval::{Context, Series};
use super::scan::Scan;
use super::stage::{ERROR, Passing};
use super::{Points, Trouble};
use crate::SECOND;
use crate::store::{Cluster, Picked, clusters};

/// Samples by labels.
#[derive(Default)]
struct Samples {
    places: BTreeMap<Labels, usize>,
    series: Vec<Points>,
    last: Option<(Labels, usize)>,
    count: usize,
}

impl Samples {
    fn put(&mut self, labels: Labels, sample: (i64, f64)) {
        let place = match &self.last {
            Some((last, place)) if *last == labels => *place,
            Some(_) | None => {
                let place = *self.places.entry(labels.clone()).or_insert(self.series.len());
                if place == self.series.len() {
                    self.series.push(Vec::new());
                }
                self.last = Some((labels, place));
                place
            }
        };
        self.count += 1;
        if let Some(points) = self.series.get_mut(place) {
            points.push(sample);
        }
    }
}

/// Labels as a grouping leaves them.
pub(crate) fn grouped(labels: &Labels, grouping: &Grouping) -> Labels {
    let names: Vec<&str> = grouping.labels.iter().map(String::as_str).collect();
    match grouping.kind {
        Kind::By => labels.only(&names),
        Kind::Without => labels.without(&names),
    }
}

/// A number for each step, where there is one.
pub(crate) fn over_time(
    range: &Range,
    picked: &Picked,
    context: &mut Context<'_>,
) -> Result<Vec<Series>, Trouble> {
    let (first, last) = context.window(range);
    let streams = picked.streams.iter();
    let all = streams.flat_map(|(labels, sources)| clusters(labels, sources));
    let all = all.map(|cluster| (cluster, picked));
    let budget = context.budget;
    let mut samples = Samples::default();
    let mut scan = Scan { pipeline: &range.pipeline, budget, scanned: context.scanned };
    let more = |_: &mut Samples, _: &Cluster<'_>| true;
    let visit = |samples: &mut Samples, passing: Passing<'_>| {
        if samples.count >= budget.samples || samples.places.len() > budget.series {
            return Err(Trouble::Question(format!(
                "more than {} lines or {} series to count: ask for less time, or take fewer labels out of lines",
                budget.samples, budget.series
            )));
        }
        sample(range, passing, samples)
    };
    scan.visit(all, (first, last), &mut samples, (more, visit))?;
    if range.how == OverTime::Absent {
        return Ok(absent(range, &samples, context));
    }
    context.room_for(samples.series.len())?;
    let mut answer = Vec::new();
    for (labels, place) in samples.places {
        let mut points = samples.series.get_mut(place).map(std::mem::take).unwrap_or_default();
        points.sort_by_key(|(time, _)| *time);
        answer.push(Series { labels, values: values(range, &points, context)? });
    }
    Ok(answer)
}

/// What one line counts.
fn sample(range: &Range, mut passing: Passing<'_>, samples: &mut Samples) -> Result<(), Trouble> {
    let counts_bytes = matches!(range.how, OverTime::Bytes | OverTime::BytesRate);
    let mut value = if counts_bytes { passing.line.len() as f64 } else { 1.0 };
    if let Some(unwrap) = &range.unwrap {
        let text = passing.label(&unwrap.label);
        if text.is_empty() {
            return Ok(());
        }
        match unwrap.unit.read(text) {
            Some(number) => value = number,
            None => passing.set(ERROR, "SampleExtractionErr".into()),
        }
        passing.set(&unwrap.label, String::new());
        if !unwrap.after.iter().all(|condition| passing.fulfils(condition)) {
            return Ok(());
        }
    }
    let error = passing.label(ERROR);
    if !error.is_empty() {
        return Err(Trouble::Question(format!(
            "{error} in a line of {}: leave such lines out with | __error__=\"\"",
            passing.labels().without(&[ERROR])
        )));
    }
    let labels = passing.labels();
    let labels =
        range.grouping.as_ref().map_or(labels.clone(), |grouping| grouped(&labels, grouping));
    samples.put(labels, (passing.time, value));
    Ok(())
}

/// One where there is nothing, with the labels that the selector fixes.
fn absent(range: &Range, samples: &Samples, context: &Context<'_>) -> Vec<Series> {
    let mut times: Vec<i64> = samples.series.iter().flatten().map(|(time, _)| *time).collect();
    times.sort_unstable();
    let none = |time: i64| {
        let to = time - range.offset;
        let first = times.partition_point(|time| *time <= to - range.length);
        times.get(first).is_none_or(|time| *time > to)
    };
    let fixed = range.pipeline.matchers.iter().filter(|matcher| matcher.op == Op::Equal);
    let labels = Labels::new(fixed.map(|matcher| (matcher.name.as_str(), matcher.value.as_str())));
    let values = context.times().map(|time| none(time).then_some(1.0)).collect();
    vec![Series { labels, values }]
}

fn values(
    range: &Range,
    points: &[(i64, f64)],
    context: &Context<'_>,
) -> Result<Vec<Option<f64>>, Trouble> {
    let (mut first, mut end) = (0, 0);
    let mut values = Vec::new();
    for time in context.times() {
        let to = time - range.offset;
        let before = |(time, _): &&(i64, f64)| *time <= to - range.length;
        first += points.get(first..).unwrap_or_default().iter().take_while(before).count();
        end = end.max(first);
        let until = |(time, _): &&(i64, f64)| *time <= to;
        end += points.get(end..).unwrap_or_default().iter().take_while(until).count();
        let within = points.get(first..end).unwrap_or_default();
        if (context.budget.stop)() {
            return Err(Trouble::Stopped);
        }
        values.push((!within.is_empty()).then(|| value(range, within)));
    }
    Ok(values)
}

/// What some samples come to; there is one at least.
fn value(range: &Range, points: &[(i64, f64)]) -> f64 {
    let numbers = || points.iter().map(|(_, value)| *value);
    let count = points.len() as f64;
    let sum = || numbers().sum::<f64>();
    let seconds = range.length as f64 / SECOND as f64;
    match range.how {
        OverTime::Count | OverTime::Absent => count,
        OverTime::Rate | OverTime::BytesRate => sum() / seconds,
        OverTime::Bytes | OverTime::Sum => sum(),
        OverTime::Average => sum() / count,
        OverTime::Min => numbers().fold(f64::INFINITY, f64::min),
        OverTime::Max => numbers().fold(f64::NEG_INFINITY, f64::max),
        OverTime::First => points.first().map_or(f64::NAN, |(_, value)| *value),
        OverTime::Last => points.last().map_or(f64::NAN, |(_, value)| *value),
        OverTime::Variance => variance(numbers(), count),
        OverTime::Deviation => variance(numbers(), count).sqrt(),
        OverTime::Quantile => quantile(numbers().collect(), range.parameter),
    }
}

pub(crate) fn variance(numbers: impl Iterator<Item = f64> + Clone, count: f64) -> f64 {
    let mean = numbers.clone().sum::<f64>() / count;
    numbers.map(|number| (number - mean).powi(2)).sum::<f64>() / count
}

/// As Prometheus has it: between the two nearest, in proportion.
fn quantile(mut numbers: Vec<f64>, at: f64) -> f64 {
    if at.is_nan() {
        return f64::NAN;
    }
    if at < 0.0 {
        return f64::NEG_INFINITY;
    }
    if at > 1.0 {
        return f64::INFINITY;
    }
    numbers.sort_by(f64::total_cmp);
    let rank = at * (numbers.len() as f64 - 1.0);
    let lower = rank.floor() as usize;
    let number = |place: usize| numbers.get(place).or(numbers.last()).copied().unwrap_or(f64::NAN);
    let weight = rank - rank.floor();
    number(lower) * (1.0 - weight) + number(lower + 1) * weight
}
