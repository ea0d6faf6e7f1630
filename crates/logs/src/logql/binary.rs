//! Operators between numbers and series.

use std::collections::BTreeMap;

use metrics::Labels;

use super::Trouble;
use super::ast::{Answering, Binary, Operator};
use super::eval::{Series, Value};
use super::window::grouped;

pub(crate) fn binary(binary: &Binary, left: Value, right: Value) -> Result<Value, Trouble> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            if is_set(binary.operator) {
                return Err(needs_series());
            }
            if let Operator::Compare(compare) = binary.operator {
                return Ok(Value::Number(f64::from(u8::from(compare.holds(left, right)))));
            }
            Ok(Value::Number(calculated(binary.operator, left, right)))
        }
        (Value::Series(series), Value::Number(number)) => {
            let value = |left: f64| applied(binary, left, number, left);
            each(binary, series, value)
        }
        (Value::Number(number), Value::Series(series)) => {
            let value = |right: f64| applied(binary, number, right, right);
            each(binary, series, value)
        }
        (Value::Series(left), Value::Series(right)) => {
            if is_set(binary.operator) {
                return Ok(Value::Series(sets(binary, left, &right)));
            }
            paired(binary, left, &right).map(Value::Series)
        }
    }
}

fn is_set(operator: Operator) -> bool {
    matches!(operator, Operator::And | Operator::Or | Operator::Unless)
}

fn needs_series() -> Trouble {
    Trouble::Question("and, or and unless need series on both sides".into())
}

fn calculated(operator: Operator, left: f64, right: f64) -> f64 {
    match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Modulo => left % right,
        Operator::Power => left.powf(right),
        // These are not calculated, they choose.
        Operator::Compare(_) | Operator::And | Operator::Or | Operator::Unless => f64::NAN,
    }
}

/// A result; of a comparison that does not hold there is none.
fn applied(binary: &Binary, left: f64, right: f64, kept: f64) -> Option<f64> {
    let Operator::Compare(compare) = binary.operator else {
        return Some(calculated(binary.operator, left, right));
    };
    let holds = compare.holds(left, right);
    match binary.answer {
        Answering::Truth => Some(f64::from(u8::from(holds))),
        Answering::Filter => holds.then_some(kept),
    }
}

fn each(
    binary: &Binary,
    series: Vec<Series>,
    value: impl Fn(f64) -> Option<f64>,
) -> Result<Value, Trouble> {
    if is_set(binary.operator) {
        return Err(needs_series());
    }
    let each = series.into_iter().map(|series| {
        let values = series.values.iter().map(|old| old.and_then(&value)).collect();
        Series { labels: series.labels, values }
    });
    Ok(Value::Series(each.collect()))
}

/// The labels by which samples are paired.
fn key(binary: &Binary, labels: &Labels) -> Labels {
    binary.pairing.as_ref().map_or_else(|| labels.clone(), |pairing| grouped(labels, pairing))
}

fn paired(binary: &Binary, left: Vec<Series>, right: &[Series]) -> Result<Vec<Series>, Trouble> {
    let mut partners: BTreeMap<Labels, &Series> = BTreeMap::new();
    for series in right {
        let key = key(binary, &series.labels);
        if let Some(other) = partners.insert(key.clone(), series) {
            return Err(twice("right", &key, &other.labels));
        }
    }
    let mut done: BTreeMap<Labels, Series> = BTreeMap::new();
    for series in left {
        let key = key(binary, &series.labels);
        let Some(partner) = partners.get(&key) else { continue };
        let both = series.values.iter().zip(&partner.values);
        let value = |(left, right): (&Option<f64>, &Option<f64>)| {
            left.zip(*right).and_then(|(left, right)| applied(binary, left, right, left))
        };
        let values = both.map(value).collect();
        let labels = if binary.pairing.is_some() { key.clone() } else { series.labels.clone() };
        if let Some(other) = done.insert(key.clone(), Series { labels, values }) {
            return Err(twice("left", &key, &other.labels));
        }
    }
    Ok(done.into_values().collect())
}

fn twice(side: &str, key: &Labels, labels: &Labels) -> Trouble {
    Trouble::Question(format!(
        "several series on the {side} are paired by {key}, one of them {labels}: aggregate them first"
    ))
}

/// At which steps one of a side's series has a number, by what pairs them.
type Presence = BTreeMap<Labels, Vec<bool>>;

fn presence(binary: &Binary, side: &[Series]) -> Presence {
    let mut presence = Presence::new();
    for series in side {
        let known = presence.entry(key(binary, &series.labels)).or_default();
        known.resize(series.values.len().max(known.len()), false);
        for (there, value) in known.iter_mut().zip(&series.values) {
            *there |= value.is_some();
        }
    }
    presence
}

fn sets(binary: &Binary, left: Vec<Series>, right: &[Series]) -> Vec<Series> {
    let chosen = |series: &Series, other: &Presence, wanted: Has| {
        let there = other.get(&key(binary, &series.labels));
        let has = |step: usize| there.is_some_and(|there| there.get(step) == Some(&true));
        let values = series.values.iter().enumerate();
        let values = values.map(|(step, value)| value.filter(|_| has(step) == (wanted == Has::It)));
        Series { labels: series.labels.clone(), values: values.collect() }
    };
    let mut answer: Vec<Series> = if binary.operator == Operator::Or {
        let known = presence(binary, &left);
        let others = right.iter().map(|series| chosen(series, &known, Has::ItNot)).collect();
        merged(left, others)
    } else {
        let wanted = if binary.operator == Operator::And { Has::It } else { Has::ItNot };
        let known = presence(binary, right);
        left.iter().map(|series| chosen(series, &known, wanted)).collect()
    };
    answer.retain(|series| series.values.iter().any(Option::is_some));
    answer
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Has {
    It,
    ItNot,
}

/// Series with the same labels become one: at each step only one of them has a number.
fn merged(left: Vec<Series>, right: Vec<Series>) -> Vec<Series> {
    let mut all: BTreeMap<Labels, Series> = BTreeMap::new();
    for series in left.into_iter().chain(right) {
        match all.get_mut(&series.labels) {
            Some(known) => {
                for (value, other) in known.values.iter_mut().zip(series.values) {
                    *value = value.or(other);
                }
            }
            None => {
                all.insert(series.labels.clone(), series);
            }
        }
    }
    all.into_values().collect()
}
