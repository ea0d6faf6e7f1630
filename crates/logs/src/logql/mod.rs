//! `LogQL`: which lines, what is done with them, and numbers out of them.

mod aggregate;
mod ast;
mod binary;
mod eval;
mod extract;
mod lex;
mod lines;
mod metric;
mod parse;
mod scan;
mod stage;
mod template;
mod window;

use std::fmt;

use metrics::{Labels, Matcher};

use crate::store::{Picked, Store};
use ast::Expr;

pub use lex::duration;

/// What is wrong with a question, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The line, from 1.
    pub line: usize,
    /// The letter of it, from 1.
    pub column: usize,
    /// What is wrong, in a sentence.
    pub says: String,
}

impl Wrong {
    fn at(text: &str, at: usize, says: String) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column, says }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, says } = self;
        write!(f, "parse error at line {line}, column {column}: {says}")
    }
}

impl std::error::Error for Wrong {}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The question asks for too much, or for what cannot be.
    Question(String),
    /// It took too long.
    Stopped,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Question(says) => f.write_str(says),
            Self::Stopped => {
                f.write_str("the query took too long: ask for less time or fewer streams")
            }
        }
    }
}

impl std::error::Error for Trouble {}

/// Which lines come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The oldest.
    Forward,
    /// The newest.
    Backward,
}

/// When, and how much.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// The first time, in nanoseconds.
    pub start: i64,
    /// The last time: lines end before it, numbers are told for it too.
    pub end: i64,
    /// How far numbers are apart; zero asks for those of the last time alone.
    pub step: i64,
    /// Lines at most.
    pub limit: usize,
    /// Which lines come first.
    pub direction: Direction,
}

/// What a question may cost.
pub struct Budget<'a> {
    /// Text that is looked through, in bytes.
    pub bytes: u64,
    /// Lines that numbers are made of.
    pub samples: usize,
    /// Series of an answer.
    pub series: usize,
    /// Numbers of an answer.
    pub points: usize,
    /// Whether it has taken too long.
    pub stop: &'a dyn Fn() -> bool,
}

impl Default for Budget<'_> {
    fn default() -> Self {
        let stop = &|| false;
        Self { bytes: 32 << 30, samples: 10_000_000, series: 10_000, points: 5_000_000, stop }
    }
}

/// Times and numbers.
pub type Points = Vec<(i64, f64)>;

/// What is the case.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Lines by their labels, in the order that was asked for.
    Streams(Vec<(Labels, Vec<(i64, String)>)>),
    /// Numbers over time, by labels.
    Matrix(Vec<(Labels, Points)>),
    /// Numbers of one time, by labels.
    Vector(i64, Vec<(Labels, f64)>),
    /// A number of one time.
    Scalar(i64, f64),
}

/// How much was looked through for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Bytes of text.
    pub bytes: u64,
    /// Lines that came out.
    pub lines: u64,
}

/// A question that was understood.
#[derive(Clone, Debug)]
pub struct Query(Expr);

/// Reads a question.
pub fn parse(text: &str) -> Result<Query, Wrong> {
    parse::parse(text).map(Query)
}

/// Reads a selector alone: `{job="x"}`.
pub fn selector(text: &str) -> Result<Vec<Matcher>, Wrong> {
    match parse::parse(text)? {
        Expr::Log(pipeline) if pipeline.stages.is_empty() => Ok(pipeline.matchers),
        Expr::Log(_) | Expr::Metric(_) => {
            Err(Wrong::at(text, 0, "expected a selector alone, such as {job=\"x\"}".into()))
        }
    }
}

impl Query {
    /// Whether the answer is numbers.
    pub fn is_metric(&self) -> bool {
        match self.0 {
            Expr::Log(_) => false,
            Expr::Metric(_) => true,
        }
    }

    /// What the answer needs from a store. It can be answered without the store then.
    pub fn pick(&self, store: &Store, ask: &Ask) -> Vec<Picked> {
        match &self.0 {
            Expr::Log(pipeline) => {
                vec![store.pick(&pipeline.matchers, ask.start, ask.end.saturating_sub(1))]
            }
            Expr::Metric(metric) => eval::pick(metric, store, ask),
        }
    }

    /// The answer, from what was picked for it.
    pub fn answer(
        &self,
        picked: &[Picked],
        ask: &Ask,
        budget: &Budget<'_>,
    ) -> Result<(Answer, Scanned), Trouble> {
        let mut scanned = Scanned::default();
        let answer = match &self.0 {
            Expr::Log(pipeline) => {
                let scan = scan::Scan { pipeline, budget, scanned: &mut scanned };
                Answer::Streams(lines::lines(scan, picked, ask)?)
            }
            Expr::Metric(metric) => eval::answer(metric, picked, (ask, budget), &mut scanned)?,
        };
        Ok((answer, scanned))
    }
}
