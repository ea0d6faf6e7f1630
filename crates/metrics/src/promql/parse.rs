//! From text to an expression, with bounds on what is taken.

use std::sync::Once;

use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::function::Function;
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{self, Expr};

use super::Wrong;
use crate::labels::NAME;
use crate::matcher::{Matcher, Op};

/// Longer questions are refused.
const LONGEST: usize = 32 << 10;
/// Deeper ones too: each level of an expression takes a piece of the stack.
const DEEPEST: usize = 400;

/// A function that newer versions of Prometheus have under another name, and the parser under that only.
static HOLT_WINTERS: Once = Once::new();

pub(super) fn expression(text: &str) -> Result<Expr, Wrong> {
    HOLT_WINTERS.call_once(|| {
        let arguments = vec![ValueType::Matrix, ValueType::Scalar, ValueType::Scalar];
        let function = Function::new("holt_winters", arguments, 0, ValueType::Vector, false);
        // It can only fail if the parser learns the name itself, which is as well.
        let _ = parser::register_extra_functions(vec![function]);
    });
    if text.len() > LONGEST {
        return Err(Wrong::Question(format!("the question is longer than {LONGEST} bytes")));
    }
    if depth(text) > DEEPEST {
        return Err(Wrong::Question("the question is too deep: take it apart".into()));
    }
    // It panics where a duration is longer than the universe is old.
    let parsed = std::panic::catch_unwind(|| parser::parse(text));
    let parsed = parsed.unwrap_or_else(|_| Err("a number in it is beyond all measure".into()));
    parsed.map_err(|why| Wrong::Question(format!("{text:.200}: {why}")))
}

/// How deep an expression can be at most: each operator and each bracket may open a level.
fn depth(text: &str) -> usize {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let words = words.filter(|word| {
        ["and", "or", "unless", "atan2"].iter().any(|known| word.eq_ignore_ascii_case(known))
    });
    let signs = text.bytes().filter(|letter| b"([+-*/%^<>".contains(letter));
    let equal = text.as_bytes().windows(2).filter(|pair| [b"==".as_slice(), b"!="].contains(pair));
    words.count() + signs.count() + equal.count()
}

pub(super) fn selector(text: &str) -> Result<Vec<Matcher>, Wrong> {
    match expression(text)? {
        Expr::VectorSelector(selector) => matchers(selector.name.as_deref(), &selector.matchers),
        Expr::Aggregate(_)
        | Expr::Unary(_)
        | Expr::Binary(_)
        | Expr::Paren(_)
        | Expr::Subquery(_)
        | Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::MatrixSelector(_)
        | Expr::Call(_)
        | Expr::Extension(_) => Err(Wrong::Question(format!(
            "{text:.200} is not the selector of series that it should be"
        ))),
    }
}

/// The conditions of a selector.
pub(super) fn matchers(name: Option<&str>, given: &Matchers) -> Result<Vec<Matcher>, Wrong> {
    if !given.or_matchers.is_empty() {
        return Err(Wrong::Question("`or` between conditions on labels is not PromQL".into()));
    }
    let given = given.matchers.iter().map(|matcher| {
        let op = match matcher.op {
            MatchOp::Equal => Op::Equal,
            MatchOp::NotEqual => Op::NotEqual,
            MatchOp::Re(_) => Op::Matches,
            MatchOp::NotRe(_) => Op::NotMatches,
        };
        (matcher.name.as_str(), op, matcher.value.as_str())
    });
    let named = name.map(|name| (NAME, Op::Equal, name));
    let all = named.into_iter().chain(given).map(|(name, op, value)| Matcher::new(name, op, value));
    all.collect::<Result<Vec<Matcher>, String>>().map_err(Wrong::Question)
}
