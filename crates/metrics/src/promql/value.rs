//! What expressions are worth: a value for each step.

use std::collections::BTreeMap;

use super::Wrong;
use crate::labels::{Labels, NAME};
use crate::store::STALE;

/// The times that are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub(crate) start: i64,
    pub(crate) step: i64,
    pub(crate) count: usize,
}

impl Grid {
    pub(crate) fn times(self) -> impl Iterator<Item = i64> + Clone {
        (0..self.count as i64).map(move |n| self.start + n * self.step)
    }

    pub(crate) fn end(self) -> i64 {
        self.start + (self.count as i64 - 1) * self.step
    }
}

/// Where a series has no value. The mark of the end of a series serves: it never is a value.
pub(crate) const ABSENT: f64 = f64::from_bits(STALE);

pub(crate) fn is_absent(value: f64) -> bool {
    value.to_bits() == STALE
}

/// A series with a value for each step, or none.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) labels: Labels,
    pub(crate) values: Vec<f64>,
}

impl Row {
    /// Where there are values they become others, or go.
    pub(crate) fn map(&mut self, mut to: impl FnMut(usize, f64) -> f64) {
        for (step, value) in self.values.iter_mut().enumerate() {
            if !is_absent(*value) {
                *value = to(step, *value);
            }
        }
    }

    pub(crate) fn without_name(mut self) -> Self {
        self.labels = self.labels.without(&[NAME]);
        self
    }

    pub(crate) fn at(&self, step: usize) -> Option<f64> {
        self.values.get(step).copied().filter(|value| !is_absent(*value))
    }
}

/// What an expression is worth.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A number at each step.
    Scalar(Vec<f64>),
    /// Series.
    Vector(Vec<Row>),
    /// A text.
    Text(String),
}

/// Rows with the same labels become one; that two have a value at the same time is an error.
pub(crate) fn unite(rows: Vec<Row>) -> Result<Vec<Row>, Wrong> {
    let mut known: BTreeMap<Labels, usize> = BTreeMap::new();
    let mut united: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        let before = known.get(&row.labels).and_then(|place| united.get_mut(*place));
        let Some(before) = before else {
            known.insert(row.labels.clone(), united.len());
            united.push(row);
            continue;
        };
        for (value, new) in before.values.iter_mut().zip(row.values) {
            if !is_absent(new) && !is_absent(*value) {
                return Err(Wrong::Answer(format!(
                    "the result would have several series with the labels {}",
                    before.labels
                )));
            }
            *value = if is_absent(new) { *value } else { new };
        }
    }
    Ok(united)
}
