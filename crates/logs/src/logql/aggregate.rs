//! One number out of those of many series.

use std::collections::BTreeMap;

use metrics::Labels;

use super::ast::{Aggregate, Grouping};
use super::eval::Series;
use super::window::{grouped, variance};

pub(crate) fn aggregate(
    how: Aggregate,
    parameter: f64,
    grouping: &Grouping,
    series: Vec<Series>,
) -> Vec<Series> {
    let mut groups: BTreeMap<Labels, Vec<Series>> = BTreeMap::new();
    for series in series {
        groups.entry(grouped(&series.labels, grouping)).or_default().push(series);
    }
    let mut answer = Vec::new();
    for (labels, members) in groups {
        match how {
            Aggregate::Sort | Aggregate::SortDown => answer.extend(members),
            Aggregate::Top => answer.extend(best(&members, parameter as usize, |value| -value)),
            Aggregate::Bottom => answer.extend(best(&members, parameter as usize, |value| value)),
            Aggregate::Sum
            | Aggregate::Average
            | Aggregate::Min
            | Aggregate::Max
            | Aggregate::Count
            | Aggregate::Deviation
            | Aggregate::Variance => {
                answer.push(Series { labels, values: together(how, &members) });
            }
        }
    }
    answer
}

fn steps(members: &[Series]) -> usize {
    members.first().map_or(0, |series| series.values.len())
}

fn at(members: &[Series], step: usize) -> impl Iterator<Item = f64> + Clone {
    members.iter().filter_map(move |series| series.values.get(step).copied().flatten())
}

fn together(how: Aggregate, members: &[Series]) -> Vec<Option<f64>> {
    let value = |step: usize| {
        let numbers = at(members, step);
        let count = numbers.clone().count() as f64;
        (count > 0.0).then(|| match how {
            Aggregate::Average => numbers.sum::<f64>() / count,
            Aggregate::Min => numbers.fold(f64::INFINITY, f64::min),
            Aggregate::Max => numbers.fold(f64::NEG_INFINITY, f64::max),
            Aggregate::Count => count,
            Aggregate::Variance => variance(numbers, count),
            Aggregate::Deviation => variance(numbers, count).sqrt(),
            Aggregate::Sum
            | Aggregate::Top
            | Aggregate::Bottom
            | Aggregate::Sort
            | Aggregate::SortDown => numbers.sum(),
        })
    };
    (0..steps(members)).map(value).collect()
}

/// Each series where it is one of the best.
fn best(members: &[Series], most: usize, key: impl Fn(f64) -> f64) -> Vec<Series> {
    let mut chosen: Vec<Series> = members
        .iter()
        .map(|series| Series {
            labels: series.labels.clone(),
            values: vec![None; series.values.len()],
        })
        .collect();
    for step in 0..steps(members) {
        let values = members.iter().enumerate();
        let values =
            values.filter_map(|(n, series)| Some((n, series.values.get(step).copied().flatten()?)));
        let mut values: Vec<(usize, f64)> = values.collect();
        values.sort_by(|one, other| key(one.1).total_cmp(&key(other.1)));
        for (n, value) in values.into_iter().take(most) {
            if let Some(place) = chosen.get_mut(n).and_then(|series| series.values.get_mut(step)) {
                *place = Some(value);
            }
        }
    }
    chosen.retain(|series| series.values.iter().any(Option::is_some));
    chosen
}
