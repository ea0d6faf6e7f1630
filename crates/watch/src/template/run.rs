//! Fills a template in.

use super::parse::{Base, Call, Piece, Pipe, Term};
use super::value::Value;
use super::{About, Sample};
use std::cell::Cell;

/// Longer texts are cut off with an error: nobody reads them.
const LONGEST: usize = 64 << 10;
/// Steps that one template may take: loops in loops end.
const MOST_STEPS: usize = 100_000;

/// A template being filled in.
pub(super) struct Run<'a> {
    about: &'a About<'a>,
    names: Vec<(String, Value)>,
    dot: Value,
    said: String,
    steps: Cell<usize>,
}

pub(super) fn run(pieces: &[Piece], about: &About<'_>) -> Result<String, String> {
    let dot = Value::About(Sample { labels: about.labels.clone(), value: about.value });
    let names = [
        ("", dot.clone()),
        ("labels", Value::Labels(about.labels.clone())),
        ("value", Value::Number(about.value)),
        ("externalLabels", Value::Labels(crate::Words::new())),
        ("externalURL", Value::Text(String::new())),
    ];
    let names = names.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let mut run = Run { about, names, dot, said: String::new(), steps: Cell::new(0) };
    run.pieces(pieces)?;
    Ok(run.said)
}

impl Run<'_> {
    /// Asks a question.
    pub(super) fn ask(&self, question: &str) -> Result<Vec<Sample>, String> {
        (self.about.ask)(question)
    }

    fn pieces(&mut self, pieces: &[Piece]) -> Result<(), String> {
        let known = self.names.len();
        for piece in pieces {
            self.step()?;
            self.piece(piece)?;
        }
        self.names.truncate(known);
        Ok(())
    }

    fn step(&self) -> Result<(), String> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MOST_STEPS || self.said.len() > LONGEST {
            return Err("it becomes too long".into());
        }
        Ok(())
    }

    fn piece(&mut self, piece: &Piece) -> Result<(), String> {
        match piece {
            Piece::Text(text) => self.said.push_str(text),
            Piece::Say(pipe) => {
                let shown = self.pipe(pipe)?.shown();
                self.said.push_str(&shown);
            }
            Piece::Name(name, pipe) => {
                let value = self.pipe(pipe)?;
                self.names.push((name.clone(), value));
            }
            Piece::If(cases, otherwise) => return self.choose(cases, otherwise),
            Piece::With(name, pipe, body, otherwise) => {
                let value = self.pipe(pipe)?;
                if !value.holds() {
                    return self.pieces(otherwise);
                }
                let names = name.iter().map(|name| (name.clone(), value.clone())).collect();
                return self.inside(names, value, body);
            }
            Piece::Range(names, pipe, body, otherwise) => {
                let value = self.pipe(pipe)?;
                return self.range(names, value, body, otherwise);
            }
        }
        Ok(())
    }

    fn choose(&mut self, cases: &[(Pipe, Vec<Piece>)], rest: &[Piece]) -> Result<(), String> {
        for (condition, body) in cases {
            if self.pipe(condition)?.holds() {
                return self.pieces(body);
            }
        }
        self.pieces(rest)
    }

    fn range(
        &mut self,
        names: &[String],
        value: Value,
        body: &[Piece],
        otherwise: &[Piece],
    ) -> Result<(), String> {
        let shown = value.shown();
        let Some(each) = parts(value) else {
            return Err(format!("`{shown:.40}` has no parts to go through"));
        };
        if each.is_empty() {
            return self.pieces(otherwise);
        }
        for (key, value) in each {
            let named = match names {
                [] => Vec::new(),
                [one] => vec![(one.clone(), value.clone())],
                [one, two, ..] => vec![(one.clone(), key), (two.clone(), value.clone())],
            };
            self.inside(named, value, body)?;
        }
        Ok(())
    }

    /// Goes through pieces with another dot, and names that hold there only.
    fn inside(
        &mut self,
        names: Vec<(String, Value)>,
        dot: Value,
        body: &[Piece],
    ) -> Result<(), String> {
        let known = self.names.len();
        self.names.extend(names);
        let before = std::mem::replace(&mut self.dot, dot);
        self.pieces(body)?;
        self.dot = before;
        self.names.truncate(known);
        Ok(())
    }

    fn pipe(&self, pipe: &Pipe) -> Result<Value, String> {
        let mut value = None;
        for call in pipe {
            self.step()?;
            value = Some(match call {
                Call::Value(term) => self.term(term)?,
                Call::Function(function, terms) => {
                    let args = terms.iter().map(|term| self.term(term));
                    let mut args = args.collect::<Result<Vec<Value>, String>>()?;
                    args.extend(value);
                    (function.call)(self, &args)?
                }
            });
        }
        Ok(value.unwrap_or(Value::Nothing))
    }

    fn term(&self, term: &Term) -> Result<Value, String> {
        let mut value = match &term.base {
            Base::Literal(value) => value.clone(),
            Base::Dot => self.dot.clone(),
            Base::Pipe(pipe) => self.pipe(pipe)?,
            Base::Function(function) => (function.call)(self, &[])?,
            Base::Variable(name) => {
                let found = self.names.iter().rev().find(|(known, _)| known == name);
                found.map_or(Value::Nothing, |(_, value)| value.clone())
            }
        };
        for field in &term.fields {
            value = value.field(field)?;
        }
        Ok(value)
    }
}

/// The parts of a value, each with its number or name.
fn parts(value: Value) -> Option<Vec<(Value, Value)>> {
    if let Value::Samples(samples) = value {
        let samples = samples.into_iter().map(Value::Sample);
        return Some((0..).map(Value::Whole).zip(samples).collect());
    }
    let Value::Labels(labels) = value else { return None };
    let pair = |(name, value)| (Value::Text(name), Value::Text(value));
    Some(labels.into_iter().map(pair).collect())
}
