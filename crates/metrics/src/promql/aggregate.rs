//! Aggregations: many series become few, step by step.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use promql_parser::parser::token::{
    T_AVG, T_BOTTOMK, T_COUNT, T_COUNT_VALUES, T_GROUP, T_MAX, T_MIN, T_QUANTILE, T_STDDEV,
    T_STDVAR, T_SUM, T_TOPK,
};
use promql_parser::parser::{AggregateExpr, Expr, LabelModifier};

use super::Wrong;
use super::eval::Eval;
use super::moving::quantile;
use super::value::{ABSENT, Row, Value, is_absent, unite};
use crate::labels::{Labels, NAME, is_label_name};
use crate::wire::json::number;

/// Series that become one, and the labels that these keep.
type Groups = BTreeMap<Labels, Vec<Row>>;

pub(super) fn aggregate(eval: &Eval<'_>, aggregate: &AggregateExpr) -> Result<Vec<Row>, Wrong> {
    let operation = aggregate.op.id();
    let count = eval.grid.count;
    let rows = eval.vector(&aggregate.expr)?;
    let modifier = aggregate.modifier.as_ref();
    let parameter = || -> Result<&Expr, Wrong> {
        let missing = || Wrong::Question(format!("{} needs a parameter", aggregate.op));
        aggregate.param.as_deref().ok_or_else(missing)
    };
    match operation {
        T_TOPK | T_BOTTOMK => {
            let most = eval.scalar(parameter()?)?;
            let rank = if operation == T_TOPK { Rank::Greatest } else { Rank::Least };
            Ok(ranked(rank, &most, &groups(rows, modifier)))
        }
        T_COUNT_VALUES => match eval.value(parameter()?)? {
            Value::Text(label) => count_values(eval, &label, &groups(rows, modifier)),
            Value::Scalar(_) | Value::Vector(_) => {
                Err(Wrong::Question("count_values needs the name of a label".into()))
            }
        },
        T_QUANTILE => {
            let shares = eval.scalar(parameter()?)?;
            Ok(each(groups(rows, modifier), count, |step, values| {
                quantile(shares.get(step).copied().unwrap_or(f64::NAN), values)
            }))
        }
        T_STDDEV => Ok(each(groups(rows, modifier), count, |_, values| variance(&values).sqrt())),
        T_STDVAR => Ok(each(groups(rows, modifier), count, |_, values| variance(&values))),
        T_AVG => Ok(each(groups(rows, modifier), count, |_, values| mean(&values))),
        T_SUM => Ok(folded(groups(rows, modifier), |sum, value| sum + value)),
        T_MIN => Ok(folded(groups(rows, modifier), |least, value| {
            if value < least || least.is_nan() { value } else { least }
        })),
        T_MAX => Ok(folded(groups(rows, modifier), |most, value| {
            if value > most || most.is_nan() { value } else { most }
        })),
        T_COUNT | T_GROUP => {
            let ones = rows.into_iter().map(|mut row| {
                row.map(|_, _| 1.0);
                row
            });
            let groups = groups(ones.collect(), modifier);
            let one = operation == T_GROUP;
            Ok(folded(groups, |sum, value| if one { 1.0 } else { sum + value }))
        }
        _ => Err(Wrong::Question(format!("there is no aggregation {} here", aggregate.op))),
    }
}

fn groups(rows: Vec<Row>, modifier: Option<&LabelModifier>) -> Groups {
    let mut groups = Groups::new();
    for row in rows {
        let labels = match modifier {
            None => Labels::default(),
            Some(LabelModifier::Include(names)) => row.labels.only(&words(&names.labels)),
            Some(LabelModifier::Exclude(names)) => {
                let mut names = words(&names.labels);
                names.push(NAME);
                row.labels.without(&names)
            }
        };
        groups.entry(labels).or_default().push(row);
    }
    groups
}

fn words(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// One value after the other, for all steps of a series at a time.
fn folded(groups: Groups, fold: impl Fn(f64, f64) -> f64) -> Vec<Row> {
    let of_group = |(labels, rows): (Labels, Vec<Row>)| {
        let mut rows = rows.into_iter();
        let mut values = rows.next().map(|row| row.values).unwrap_or_default();
        for row in rows {
            for (value, new) in values.iter_mut().zip(row.values) {
                *value = match (is_absent(*value), is_absent(new)) {
                    (_, true) => *value,
                    (true, false) => new,
                    (false, false) => fold(*value, new),
                };
            }
        }
        Row { labels, values }
    };
    groups.into_iter().map(of_group).collect()
}

/// A function of all values that a group has at a step.
fn each(groups: Groups, count: usize, of: impl Fn(usize, Vec<f64>) -> f64) -> Vec<Row> {
    let of_group = |(labels, rows): (Labels, Vec<Row>)| {
        let at = |step: usize| {
            let there: Vec<f64> = rows.iter().filter_map(|row| row.at(step)).collect();
            if there.is_empty() { ABSENT } else { of(step, there) }
        };
        Row { labels, values: (0..count).map(at).collect() }
    };
    groups.into_iter().map(of_group).collect()
}

/// The average, of values whose sum may be too large for a float.
fn mean(values: &[f64]) -> f64 {
    let (mut mean, mut count) = (0.0_f64, 0.0);
    for value in values {
        count += 1.0;
        if mean.is_infinite() {
            let same = value.is_infinite() && (mean > 0.0) == (*value > 0.0);
            if same || value.is_finite() {
                continue;
            }
        }
        mean += value / count - mean / count;
    }
    mean
}

fn variance(values: &[f64]) -> f64 {
    let (mut mean, mut squares, mut count) = (0.0, 0.0, 0.0);
    for value in values {
        count += 1.0;
        let delta = value - mean;
        mean += delta / count;
        squares += delta * (value - mean);
    }
    squares / count
}

fn count_values(eval: &Eval<'_>, label: &str, groups: &Groups) -> Result<Vec<Row>, Wrong> {
    let count = eval.grid.count;
    if !is_label_name(label) {
        return Err(Wrong::Question(format!("{label:?} is no proper label name")));
    }
    let mut counted: BTreeMap<Labels, Vec<f64>> = BTreeMap::new();
    let seen = groups.iter().flat_map(|(labels, rows)| {
        let steps = move |row: &'_ Row| row.values.clone().into_iter().enumerate();
        rows.iter().flat_map(steps).map(move |(step, value)| (labels, step, value))
    });
    for (labels, step, value) in seen.filter(|(_, _, value)| !is_absent(*value)) {
        let labels = labels.with(label, &number(value));
        let counts = match counted.entry(labels) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(fresh) => {
                // Each value is a row of its own.
                eval.spend(count)?;
                fresh.insert(vec![ABSENT; count])
            }
        };
        if let Some(seen) = counts.get_mut(step) {
            *seen = if is_absent(*seen) { 1.0 } else { *seen + 1.0 };
        }
    }
    unite(counted.into_iter().map(|(labels, values)| Row { labels, values }).collect())
}

/// Which values of a group are chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    Greatest,
    Least,
}

/// Keeps of each group those with the greatest or least values at each step, the first of them first.
fn ranked(rank: Rank, most: &[f64], groups: &Groups) -> Vec<Row> {
    let mut kept = Vec::new();
    for rows in groups.values() {
        let nothing = |row: &Row| Row { values: vec![ABSENT; most.len()], ..row.clone() };
        let mut chosen: Vec<Row> = rows.iter().map(nothing).collect();
        let mut places = Vec::new();
        for (step, most) in most.iter().enumerate() {
            let best = best(rank, rows, step, *most);
            for (place, value) in &best {
                let values = chosen.get_mut(*place).map(|row| &mut row.values);
                if let Some(slot) = values.and_then(|values| values.get_mut(step)) {
                    *slot = *value;
                }
            }
            places = best;
        }
        // For one time the order is the answer's.
        if most.len() == 1 {
            kept.extend(places.iter().filter_map(|(place, _)| chosen.get(*place)).cloned());
        } else {
            kept.extend(chosen);
        }
    }
    kept.retain(|row| row.values.iter().any(|value| !is_absent(*value)));
    kept
}

/// Which rows are chosen at a step, and their values; what is not a number is the last choice.
fn best(rank: Rank, rows: &[Row], step: usize, most: f64) -> Vec<(usize, f64)> {
    let there = rows.iter().enumerate().filter_map(|(place, row)| Some((place, row.at(step)?)));
    let mut there: Vec<(usize, f64)> = there.collect();
    there.sort_by(|(_, one), (_, other)| {
        let order = one.partial_cmp(other).map(|order| match rank {
            Rank::Least => order,
            Rank::Greatest => order.reverse(),
        });
        order.unwrap_or_else(|| one.is_nan().cmp(&other.is_nan()))
    });
    there.truncate(if most >= 1.0 { most as usize } else { 0 });
    there
}
