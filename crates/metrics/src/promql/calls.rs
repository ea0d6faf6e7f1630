//! Functions by name.

use promql_parser::parser::{Call, Expr};

use super::eval::Eval;
use super::value::{ABSENT, Row, Value, is_absent, unite};
use super::{Wrong, dates, histogram, over_time, relabel};
use crate::labels::Labels;
use crate::matcher::Op;

pub(super) fn call(eval: &Eval<'_>, call: &Call) -> Result<Value, Wrong> {
    let name = call.func.name;
    let arguments = Arguments { eval, list: &call.args.args };
    if let Some(function) = over_time::find(name) {
        return over_time::call(eval, function, &arguments).map(Value::Vector);
    }
    if let Some(of) = plain(name) {
        return arguments.each(0, |_, value| of(value));
    }
    if let Some(of) = dates::find(name) {
        return dated(&arguments, of);
    }
    match name {
        "time" => Ok(Value::Scalar(eval.grid.times().map(|time| time as f64 / 1000.0).collect())),
        "pi" => Ok(Value::Scalar(vec![std::f64::consts::PI; eval.grid.count])),
        "scalar" => scalar(&arguments),
        "vector" => {
            let values = arguments.scalar(0)?;
            Ok(Value::Vector(vec![Row { labels: Labels::default(), values }]))
        }
        "absent" => absent(&arguments),
        "timestamp" => timestamp(&arguments),
        "sort" | "sort_desc" => sort(&arguments, name),
        "round" | "clamp" | "clamp_min" | "clamp_max" => bounded(&arguments, name),
        "histogram_quantile" => {
            let (quantiles, rows) = (arguments.scalar(0)?, arguments.vector(1)?);
            histogram::quantile(&quantiles, rows).map(Value::Vector)
        }
        // There are no native histograms here, so that these have nothing to say.
        "histogram_count" | "histogram_sum" => {
            arguments.vector(0).map(|_| Value::Vector(Vec::new()))
        }
        "histogram_fraction" => arguments.vector(2).map(|_| Value::Vector(Vec::new())),
        "label_replace" => relabel::replace(&arguments).map(Value::Vector),
        "label_join" => relabel::join(&arguments).map(Value::Vector),
        _ => Err(Wrong::Question(format!("there is no function {name} here"))),
    }
}

/// What stands between the brackets.
pub(crate) struct Arguments<'a> {
    pub(crate) eval: &'a Eval<'a>,
    list: &'a [Box<Expr>],
}

impl Arguments<'_> {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn expr(&self, position: usize) -> Result<&Expr, Wrong> {
        let missing = || Wrong::Question(format!("argument {} is missing", position + 1));
        self.list.get(position).map(AsRef::as_ref).ok_or_else(missing)
    }

    pub(crate) fn vector(&self, position: usize) -> Result<Vec<Row>, Wrong> {
        self.eval.vector(self.expr(position)?)
    }

    pub(crate) fn scalar(&self, position: usize) -> Result<Vec<f64>, Wrong> {
        self.eval.scalar(self.expr(position)?)
    }

    pub(crate) fn text(&self, position: usize) -> Result<String, Wrong> {
        match self.eval.value(self.expr(position)?)? {
            Value::Text(text) => Ok(text),
            Value::Scalar(_) | Value::Vector(_) => {
                Err(Wrong::Question(format!("argument {} should be a text", position + 1)))
            }
        }
    }

    /// A function of each value of a vector; names go.
    fn each(&self, position: usize, of: impl Fn(usize, f64) -> f64) -> Result<Value, Wrong> {
        let rows = self.vector(position)?.into_iter().map(|mut row| {
            row.map(&of);
            row.without_name()
        });
        unite(rows.collect()).map(Value::Vector)
    }
}

fn plain(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "abs" => f64::abs,
        "acos" => f64::acos,
        "acosh" => |value| large(value, f64::acosh),
        "asin" => f64::asin,
        "asinh" => |value| large(value, f64::asinh),
        "atan" => f64::atan,
        "atanh" => f64::atanh,
        "ceil" => f64::ceil,
        "cos" => f64::cos,
        "cosh" => f64::cosh,
        "deg" => |value| value * 180.0 / std::f64::consts::PI,
        "exp" => f64::exp,
        "floor" => f64::floor,
        "ln" => f64::ln,
        "log10" => f64::log10,
        "log2" => f64::log2,
        "rad" => |value| value * std::f64::consts::PI / 180.0,
        "sgn" => |value| if value == 0.0 || value.is_nan() { value } else { value.signum() },
        "sin" => f64::sin,
        "sinh" => f64::sinh,
        "sqrt" => f64::sqrt,
        "tan" => f64::tan,
        "tanh" => f64::tanh,
        _ => return None,
    })
}

/// An inverse of a hyperbolic function: of large numbers the logarithm of the double, which may itself be
/// no float any more.
fn large(value: f64, of: fn(f64) -> f64) -> f64 {
    const LARGE: f64 = (1_u32 << 28) as f64;
    let near = of(value);
    if near.is_nan() || value.abs() <= LARGE {
        return near;
    }
    (value.abs().ln() + std::f64::consts::LN_2).copysign(value)
}

/// The greater of two; not-a-number if either is, where Rust would take the other.
fn greater(one: f64, other: f64) -> f64 {
    if one.is_nan() || other.is_nan() { f64::NAN } else { one.max(other) }
}

fn lesser(one: f64, other: f64) -> f64 {
    if one.is_nan() || other.is_nan() { f64::NAN } else { one.min(other) }
}

fn bounded(arguments: &Arguments<'_>, name: &str) -> Result<Value, Wrong> {
    let second = match arguments.len() {
        1 => vec![1.0; arguments.eval.grid.count],
        _ => arguments.scalar(1)?,
    };
    let second = |step: usize| second.get(step).copied().unwrap_or(f64::NAN);
    match name {
        "clamp_min" => arguments.each(0, |step, value| greater(second(step), value)),
        "clamp_max" => arguments.each(0, |step, value| lesser(second(step), value)),
        "round" => arguments.each(0, |step, value| {
            let inverse = 1.0 / second(step);
            (value * inverse + 0.5).floor() / inverse
        }),
        _ => {
            let third = arguments.scalar(2)?;
            let third = |step: usize| third.get(step).copied().unwrap_or(f64::NAN);
            arguments.each(0, |step, value| {
                let (least, most) = (second(step), third(step));
                if most < least { ABSENT } else { greater(least, lesser(most, value)) }
            })
        }
    }
}

fn dated(arguments: &Arguments<'_>, of: fn(f64) -> f64) -> Result<Value, Wrong> {
    if arguments.len() > 0 {
        return arguments.each(0, |_, value| of(value));
    }
    let values = arguments.eval.grid.times().map(|time| of((time as f64 / 1000.0).floor()));
    Ok(Value::Vector(vec![Row { labels: Labels::default(), values: values.collect() }]))
}

fn scalar(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let rows = arguments.vector(0)?;
    let value = |step: usize| {
        let mut there = rows.iter().filter_map(|row| row.at(step));
        match (there.next(), there.next()) {
            (Some(value), None) => value,
            (Some(_) | None, _) => f64::NAN,
        }
    };
    Ok(Value::Scalar((0..arguments.eval.grid.count).map(value).collect()))
}

fn absent(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let mut values = vec![1.0; arguments.eval.grid.count];
    for row in arguments.vector(0)? {
        for (value, there) in values.iter_mut().zip(&row.values) {
            *value = if is_absent(*there) { *value } else { ABSENT };
        }
    }
    Ok(Value::Vector(vec![Row { labels: absent_labels(arguments.expr(0)?)?, values }]))
}

/// The labels of what is not there: those that its selector fixes.
pub(super) fn absent_labels(expr: &Expr) -> Result<Labels, Wrong> {
    let selector = match expr {
        Expr::Paren(paren) => return absent_labels(&paren.expr),
        Expr::VectorSelector(selector) => selector,
        Expr::MatrixSelector(matrix) => &matrix.vs,
        Expr::Aggregate(_)
        | Expr::Unary(_)
        | Expr::Binary(_)
        | Expr::Subquery(_)
        | Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::Call(_)
        | Expr::Extension(_) => return Ok(Labels::default()),
    };
    let matchers = super::parse::matchers(None, &selector.matchers)?;
    let matchers = matchers.iter().filter(|matcher| matcher.name != crate::labels::NAME);
    let (mut fixed, mut free) = (Labels::default(), Vec::new());
    for matcher in matchers {
        if matcher.op == Op::Equal && fixed.get(&matcher.name).is_empty() {
            fixed = fixed.with(&matcher.name, &matcher.value);
        } else {
            free.push(matcher.name.as_str());
        }
    }
    Ok(fixed.without(&free))
}

fn timestamp(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let mut expr = arguments.expr(0)?;
    while let Expr::Paren(paren) = expr {
        expr = &paren.expr;
    }
    if let Expr::VectorSelector(selector) = expr {
        let rows = arguments.eval.latest(selector, |point| point.time as f64 / 1000.0)?;
        return unite(rows.into_iter().map(Row::without_name).collect()).map(Value::Vector);
    }
    let times: Vec<i64> = arguments.eval.grid.times().collect();
    let time = |step: usize| times.get(step).map_or(ABSENT, |time| *time as f64 / 1000.0);
    arguments.each(0, |step, _| time(step))
}

/// By value for one time; over time there is no order.
fn sort(arguments: &Arguments<'_>, name: &str) -> Result<Value, Wrong> {
    let mut rows = arguments.vector(0)?;
    let value = |row: &Row| row.at(0).unwrap_or(f64::NAN);
    if arguments.eval.grid.count == 1 {
        rows.sort_by(|one, other| {
            let (one, other) = (value(one), value(other));
            let order = one.partial_cmp(&other);
            let order = order.unwrap_or_else(|| one.is_nan().cmp(&other.is_nan()));
            let number = !one.is_nan() && !other.is_nan();
            if name == "sort_desc" && number { order.reverse() } else { order }
        });
    }
    Ok(Value::Vector(rows))
}
