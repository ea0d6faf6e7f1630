//! One condition on a label.

use regex::{Regex, RegexBuilder};

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, the whole value
    Matches,
    /// `!~`, the whole value
    NotMatches,
}

/// A condition on one label; a label that a series lacks is empty.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// The label.
    pub name: String,
    /// How it is compared.
    pub op: Op,
    /// With what.
    pub value: String,
    expression: Option<Regex>,
}

/// What an expression may take when it is compiled: selectors come from strangers' dashboards.
const LARGEST: usize = 1 << 20;

/// A regular expression as Prometheus reads it: over the whole value, `.` being any letter.
pub fn anchored(expression: &str) -> Result<Regex, String> {
    let whole = format!("^(?s:{expression})$");
    let built = RegexBuilder::new(&whole).size_limit(LARGEST).build();
    built.map_err(|_| format!("the regular expression {expression:?} is wrong or too large"))
}

impl Matcher {
    /// A condition; the error says what is wrong with its regular expression.
    pub fn new(name: &str, op: Op, value: &str) -> Result<Self, String> {
        let expression = match op {
            Op::Equal | Op::NotEqual => None,
            Op::Matches | Op::NotMatches => Some(anchored(value)?),
        };
        Ok(Self { name: name.to_owned(), op, value: value.to_owned(), expression })
    }

    /// Whether a value of the label fulfils it.
    pub fn accepts(&self, value: &str) -> bool {
        let matches = || self.expression.as_ref().is_some_and(|regex| regex.is_match(value));
        match self.op {
            Op::Equal => self.value == value,
            Op::NotEqual => self.value != value,
            Op::Matches => matches(),
            Op::NotMatches => !matches(),
        }
    }

    /// The only value that fulfils it, where there is one.
    pub(crate) fn exactly(&self) -> Option<&str> {
        (self.op == Op::Equal).then_some(&self.value)
    }
}
