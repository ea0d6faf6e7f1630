//! What a question says.

use metrics::Matcher;
use regex::Regex;

use super::extract::{Path, Pieces};
use super::template::Template;

/// A question.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Log(Pipeline),
    Metric(Metric),
}

/// Which lines, and what is done with each.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) stages: Vec<Stage>,
}

#[derive(Clone, Debug)]
pub(crate) enum Stage {
    Line(LineFilter),
    /// All of it, or these labels from these paths.
    Json(Vec<(String, Path)>),
    /// All of it, or these labels from these keys.
    Logfmt(Vec<(String, String)>),
    Pattern(Pieces),
    Regexp(Regex),
    Label(Condition),
    LineFormat(Template),
    LabelFormat(Vec<(String, Source)>),
    Drop(Vec<Chosen>),
    Keep(Vec<Chosen>),
    Decolorize,
}

/// Where a label's new value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Another label, that is gone then.
    Label(String),
    Template(Template),
}

/// A label, perhaps only with some values.
#[derive(Clone, Debug)]
pub(crate) enum Chosen {
    Name(String),
    Matcher(Matcher),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Has,
    HasNot,
}

#[derive(Clone, Debug)]
pub(crate) struct LineFilter {
    pub(crate) want: Want,
    /// One of them is enough.
    pub(crate) any: Vec<Needle>,
}

#[derive(Clone, Debug)]
pub(crate) enum Needle {
    Text(String),
    Regex(Regex),
}

impl Needle {
    pub(crate) fn is_in(&self, line: &str) -> bool {
        match self {
            Self::Text(text) => line.contains(text.as_str()),
            Self::Regex(regex) => regex.is_match(line),
        }
    }
}

impl LineFilter {
    pub(crate) fn accepts(&self, line: &str) -> bool {
        let found = self.any.iter().any(|needle| needle.is_in(line));
        found == (self.want == Want::Has)
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Condition {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Text(Matcher),
    Number { name: String, compare: Compare, value: f64, unit: Unit },
}

/// How a label's value is read as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Plain,
    /// In seconds.
    Duration,
    /// In bytes.
    Size,
}

impl Unit {
    pub(crate) fn read(self, text: &str) -> Option<f64> {
        match self {
            Self::Plain => text.trim().parse().ok(),
            Self::Duration => {
                let (sign, text) = text.strip_prefix('-').map_or((1.0, text), |text| (-1.0, text));
                Some(super::lex::duration(text)? as f64 / 1e9 * sign)
            }
            Self::Size => super::lex::size(text),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Compare {
    pub(crate) fn read(sign: &str) -> Option<Self> {
        Some(match sign {
            "=" | "==" => Self::Equal,
            "!=" => Self::NotEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            _ => return None,
        })
    }

    #[expect(clippy::float_cmp, reason = "whoever asks for equal numbers gets these")]
    pub(crate) fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
        }
    }
}

/// A question whose answer is numbers.
#[derive(Clone, Debug)]
pub(crate) enum Metric {
    Number(f64),
    /// One sample without labels.
    Vector(f64),
    Range(Box<Range>),
    Aggregate {
        of: Box<Self>,
        how: Aggregate,
        parameter: f64,
        grouping: Grouping,
    },
    Binary(Box<Binary>),
}

#[derive(Clone, Debug)]
pub(crate) struct Range {
    pub(crate) how: OverTime,
    pub(crate) parameter: f64,
    pub(crate) pipeline: Pipeline,
    pub(crate) unwrap: Option<Unwrap>,
    /// Nanoseconds.
    pub(crate) length: i64,
    pub(crate) offset: i64,
    pub(crate) grouping: Option<Grouping>,
}

/// The label whose value counts, and which lines do.
#[derive(Clone, Debug)]
pub(crate) struct Unwrap {
    pub(crate) label: String,
    pub(crate) unit: Unit,
    pub(crate) after: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OverTime {
    Count,
    Rate,
    Bytes,
    BytesRate,
    Absent,
    Sum,
    Average,
    Min,
    Max,
    First,
    Last,
    Deviation,
    Variance,
    Quantile,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Grouping {
    pub(crate) kind: Kind,
    pub(crate) labels: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    By,
    Without,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Sum,
    Average,
    Min,
    Max,
    Count,
    Deviation,
    Variance,
    Top,
    Bottom,
    Sort,
    SortDown,
}

#[derive(Clone, Debug)]
pub(crate) struct Binary {
    pub(crate) left: Metric,
    pub(crate) right: Metric,
    pub(crate) operator: Operator,
    /// A comparison answers 0 or 1 instead of leaving out.
    pub(crate) answer: Answering,
    /// `on`, `ignoring`: the labels that pair samples.
    pub(crate) pairing: Option<Grouping>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answering {
    Filter,
    Truth,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Compare(Compare),
    And,
    Or,
    Unless,
}
