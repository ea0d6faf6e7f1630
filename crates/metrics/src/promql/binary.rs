//! Operators between two expressions.

use promql_parser::parser::BinaryExpr;
use promql_parser::parser::token::{
    T_ADD, T_ATAN2, T_DIV, T_EQLC, T_GTE, T_GTR, T_LAND, T_LOR, T_LSS, T_LTE, T_LUNLESS, T_MOD,
    T_MUL, T_NEQ, T_POW, T_SUB,
};

use super::eval::Eval;
use super::matching::Matching;
use super::value::{ABSENT, Row, Value, unite};
use super::{Wrong, matching};

/// An operator on two numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operator {
    /// Makes a number of two.
    Makes(fn(f64, f64) -> f64),
    /// Keeps the left one if it holds.
    Keeps(fn(f64, f64) -> bool),
    /// One if it holds, else zero.
    Judges(fn(f64, f64) -> bool),
}

impl Operator {
    fn find(token: u16, bool_given: Option<()>) -> Option<Self> {
        let makes: fn(f64, f64) -> f64 = match token {
            T_ADD => |one, other| one + other,
            T_SUB => |one, other| one - other,
            T_MUL => |one, other| one * other,
            T_DIV => |one, other| one / other,
            T_MOD => |one, other| one % other,
            T_POW => f64::powf,
            T_ATAN2 => f64::atan2,
            _ => {
                let holds: fn(f64, f64) -> bool = match token {
                    T_EQLC => |one, other| one == other,
                    T_NEQ => |one, other| one != other,
                    T_GTR => |one, other| one > other,
                    T_LSS => |one, other| one < other,
                    T_GTE => |one, other| one >= other,
                    T_LTE => |one, other| one <= other,
                    _ => return None,
                };
                let judges = bool_given.map(|()| Self::Judges(holds));
                return Some(judges.unwrap_or(Self::Keeps(holds)));
            }
        };
        Some(Self::Makes(makes))
    }

    /// What becomes of two numbers, and which of them is kept where one is.
    pub(super) fn of(self, one: f64, other: f64, kept: f64) -> f64 {
        match self {
            Self::Makes(make) => make(one, other),
            Self::Keeps(holds) => {
                if holds(one, other) {
                    kept
                } else {
                    ABSENT
                }
            }
            Self::Judges(holds) => f64::from(u8::from(holds(one, other))),
        }
    }

    /// Whether the result is something else than what was there.
    pub(super) fn drops_name(self) -> bool {
        match self {
            Self::Makes(_) | Self::Judges(_) => true,
            Self::Keeps(_) => false,
        }
    }
}

pub(super) fn binary(eval: &Eval<'_>, binary: &BinaryExpr) -> Result<Value, Wrong> {
    let (left, right) = (eval.value(&binary.lhs)?, eval.value(&binary.rhs)?);
    let matching = Matching::of(binary)?;
    if let T_LAND | T_LOR | T_LUNLESS = binary.op.id() {
        let (Value::Vector(left), Value::Vector(right)) = (left, right) else {
            return Err(Wrong::Question("and, or and unless stand between vectors".into()));
        };
        let count = eval.grid.count;
        return Ok(Value::Vector(match binary.op.id() {
            T_LAND => matching.both(left, &right, count),
            T_LUNLESS => matching.unless(left, &right, count),
            _ => matching.either(left, right, count)?,
        }));
    }
    let bool_given = binary.return_bool().then_some(());
    let operator = Operator::find(binary.op.id(), bool_given);
    let operator = operator
        .ok_or_else(|| Wrong::Question(format!("there is no operator {} here", binary.op)))?;
    match (left, right) {
        (Value::Scalar(left), Value::Scalar(right)) => {
            let both = left.into_iter().zip(right);
            Ok(Value::Scalar(both.map(|(one, other)| operator.of(one, other, one)).collect()))
        }
        (Value::Vector(rows), Value::Scalar(numbers)) => {
            with_numbers(operator, rows, &numbers, |value, number| (value, number))
        }
        (Value::Scalar(numbers), Value::Vector(rows)) => {
            with_numbers(operator, rows, &numbers, |value, number| (number, value))
        }
        (Value::Vector(left), Value::Vector(right)) => {
            matching::arithmetic(eval, (&matching, operator), left, right).map(Value::Vector)
        }
        (Value::Text(_), _) | (_, Value::Text(_)) => {
            Err(Wrong::Question(format!("{} does not take texts", binary.op)))
        }
    }
}

/// Series and a number: what is kept is the series' value, whichever side it is on.
fn with_numbers(
    operator: Operator,
    rows: Vec<Row>,
    numbers: &[f64],
    sides: fn(f64, f64) -> (f64, f64),
) -> Result<Value, Wrong> {
    let rows = rows.into_iter().map(|mut row| {
        row.map(|step, value| {
            let number = numbers.get(step).copied().unwrap_or(f64::NAN);
            let (one, other) = sides(value, number);
            operator.of(one, other, value)
        });
        if operator.drops_name() { row.without_name() } else { row }
    });
    unite(rows.collect()).map(Value::Vector)
}
