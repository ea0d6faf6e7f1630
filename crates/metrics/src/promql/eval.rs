//! Walks an expression: each node is worth a value for each step.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use promql_parser::parser::{Expr, UnaryExpr};

use super::value::{Grid, Row, Value, unite};
use super::{Asking, Wrong, aggregate, binary, calls};
use crate::store::Store;

/// Values that one question may bring up.
const MOST: usize = 50_000_000;

/// One question on its way.
pub(crate) struct Eval<'a> {
    pub(crate) store: &'a Store,
    pub(crate) grid: Grid,
    /// What `start()` and `end()` mean, also within subqueries.
    pub(crate) bounds: (i64, i64),
    left: Arc<AtomicUsize>,
    stop: &'a AtomicBool,
}

impl<'a> Eval<'a> {
    pub(crate) fn new(asking: &Asking<'a>, grid: Grid) -> Self {
        let bounds = (grid.start, grid.end());
        let (store, stop) = (asking.store, asking.stop);
        Self { store, grid, bounds, left: Arc::new(AtomicUsize::new(MOST)), stop }
    }

    /// The same question on other steps.
    pub(crate) fn on(&self, grid: Grid) -> Self {
        Self { grid, left: Arc::clone(&self.left), ..*self }
    }

    /// Counts what is brought up; too much is an error before it is too much for the machine.
    pub(crate) fn spend(&self, values: usize) -> Result<(), Wrong> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Wrong::Stopped);
        }
        let less = |left: usize| left.checked_sub(values);
        let spent = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        spent.map(drop).map_err(|_| {
            Wrong::Answer(format!(
                "the question needs more than {MOST} values: ask for fewer series or a shorter time"
            ))
        })
    }

    /// What may still be brought up.
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }

    /// What an expression is worth.
    pub(crate) fn value(&self, expr: &Expr) -> Result<Value, Wrong> {
        match expr {
            Expr::NumberLiteral(number) => Ok(Value::Scalar(vec![number.val; self.grid.count])),
            Expr::StringLiteral(text) => Ok(Value::Text(text.val.clone())),
            Expr::Paren(paren) => self.value(&paren.expr),
            Expr::Unary(unary) => self.negated(unary),
            Expr::Binary(binary) => binary::binary(self, binary),
            Expr::Aggregate(aggregate) => aggregate::aggregate(self, aggregate).map(Value::Vector),
            Expr::VectorSelector(selector) => self.instant(selector).map(Value::Vector),
            Expr::Call(call) => calls::call(self, call),
            Expr::MatrixSelector(_) | Expr::Subquery(_) => Err(Wrong::Question(
                "a range vector has no value at a time: put a function around it".into(),
            )),
            Expr::Extension(_) => Err(Wrong::Question("this is not PromQL".into())),
        }
    }

    /// The series that an expression is worth.
    pub(crate) fn vector(&self, expr: &Expr) -> Result<Vec<Row>, Wrong> {
        match self.value(expr)? {
            Value::Vector(rows) => Ok(rows),
            Value::Scalar(_) | Value::Text(_) => {
                Err(Wrong::Question(format!("{expr} should be an instant vector")))
            }
        }
    }

    /// The number that an expression is worth.
    pub(crate) fn scalar(&self, expr: &Expr) -> Result<Vec<f64>, Wrong> {
        match self.value(expr)? {
            Value::Scalar(values) => Ok(values),
            Value::Vector(_) | Value::Text(_) => {
                Err(Wrong::Question(format!("{expr} should be a scalar")))
            }
        }
    }

    fn negated(&self, unary: &UnaryExpr) -> Result<Value, Wrong> {
        Ok(match self.value(&unary.expr)? {
            Value::Scalar(values) => {
                Value::Scalar(values.into_iter().map(|value| -value).collect())
            }
            Value::Vector(rows) => {
                let negated = rows.into_iter().map(|mut row| {
                    row.map(|_, value| -value);
                    row.without_name()
                });
                Value::Vector(unite(negated.collect())?)
            }
            Value::Text(_) => return Err(Wrong::Question("a text has no sign".into())),
        })
    }
}
