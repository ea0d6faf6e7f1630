//! From words to what is to be done.

use super::functions::{Function, function};
use super::lex::{Glue, Number, Part, Word, parts};
use super::value::Value;

/// Longer templates are refused.
const LONGEST: usize = 64 << 10;
/// So are braces and parentheses that are nested deeper.
const DEEPEST: usize = 40;

/// A step of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    /// A pipeline whose value is printed.
    Say(Pipe),
    /// A pipeline whose value gets a name.
    Name(String, Pipe),
    /// The first whose condition holds, or the rest.
    If(Vec<(Pipe, Vec<Self>)>, Vec<Self>),
    /// A value that becomes the dot, and a name where it gets one.
    With(Option<String>, Pipe, Vec<Self>, Vec<Self>),
    /// Each of several values.
    Range(Vec<String>, Pipe, Vec<Self>, Vec<Self>),
}

/// Calls; each has the value of the one before as its last argument.
pub(super) type Pipe = Vec<Call>;

/// A value, or a function with arguments.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Call {
    Value(Term),
    Function(&'static Function, Vec<Term>),
}

/// An argument.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    pub(super) base: Base,
    /// What is taken of it: `.Labels.job`.
    pub(super) fields: Vec<String>,
}

/// What an argument begins with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Base {
    Literal(Value),
    Variable(String),
    Dot,
    Pipe(Pipe),
    /// A function without arguments.
    Function(&'static Function),
}

/// Understands a template.
pub(super) fn parse(text: &str) -> Result<Vec<Piece>, String> {
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let known = ["", "labels", "value", "externalLabels", "externalURL"];
    let mut parser = Parser {
        parts: parts(text)?.into_iter(),
        known: known.map(str::to_owned).to_vec(),
        depth: 0,
    };
    let (pieces, end) = parser.pieces()?;
    match end {
        Stop::Text => Ok(pieces),
        Stop::End => Err("an `end` without a beginning".into()),
        Stop::Else(_) => Err("an `else` without an `if`".into()),
    }
}

struct Parser {
    parts: std::vec::IntoIter<Part>,
    known: Vec<String>,
    depth: usize,
}

/// How a list of pieces ends.
enum Stop {
    Text,
    End,
    Else(Vec<Word>),
}

impl Parser {
    fn pieces(&mut self) -> Result<(Vec<Piece>, Stop), String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("it is nested more than {DEEPEST} deep"));
        }
        let before = self.known.len();
        let mut pieces = Vec::new();
        let end = loop {
            let Some(part) = self.parts.next() else { break Stop::Text };
            let words = match part {
                Part::Text(text) => {
                    pieces.push(Piece::Text(text));
                    continue;
                }
                Part::Action(words) => words,
            };
            let mut words = words.into_iter().peekable();
            let keyword = match words.peek() {
                Some(Word::Name(name)) => name.clone(),
                _ => String::new(),
            };
            match keyword.as_str() {
                "end" => break Stop::End,
                "else" => break Stop::Else(words.skip(1).collect()),
                "if" => pieces.push(self.condition(words.skip(1).collect())?),
                "with" => pieces.push(self.with(words.skip(1).collect())?),
                "range" => pieces.push(self.range(words.skip(1).collect())?),
                _ => pieces.push(self.action(words.collect())?),
            }
        };
        self.known.truncate(before);
        self.depth -= 1;
        Ok((pieces, end))
    }

    fn action(&mut self, words: Vec<Word>) -> Result<Piece, String> {
        let (names, pipe) = self.declared(words)?;
        match <[String; 1]>::try_from(names) {
            Ok([name]) => Ok(Piece::Name(name, pipe)),
            Err(_) => Ok(Piece::Say(pipe)),
        }
    }

    /// `$a, $b := pipeline`: the names, which are known from here on, and the pipeline.
    fn declared(&mut self, words: Vec<Word>) -> Result<(Vec<String>, Pipe), String> {
        let sign = words.iter().position(|word| matches!(word, Word::Declare | Word::Assign));
        let Some(sign) = sign else { return Ok((Vec::new(), self.pipe(words)?)) };
        let mut names = words;
        let rest = names.split_off(sign);
        let name = |word| if let Word::Variable(name) = word { Some(name) } else { None };
        let names: Vec<String> = names.into_iter().filter_map(name).collect();
        let pipe = self.pipe(rest.into_iter().skip(1).collect())?;
        self.known.extend(names.iter().cloned());
        Ok((names, pipe))
    }

    fn condition(&mut self, words: Vec<Word>) -> Result<Piece, String> {
        let mut cases = Vec::new();
        let mut words = words;
        loop {
            let pipe = self.pipe(words)?;
            let (body, end) = self.pieces()?;
            cases.push((pipe, body));
            match end {
                Stop::Text => return Err("an `if` is not ended: `{{ end }}` is missing".into()),
                Stop::End => return Ok(Piece::If(cases, Vec::new())),
                Stop::Else(rest) => match rest.first() {
                    Some(Word::Name(name)) if name == "if" => {
                        words = rest.into_iter().skip(1).collect();
                    }
                    _ => return Ok(Piece::If(cases, self.rest("if")?)),
                },
            }
        }
    }

    fn with(&mut self, words: Vec<Word>) -> Result<Piece, String> {
        let before = self.known.len();
        let (names, pipe) = self.declared(words)?;
        let (body, otherwise) = self.body("with")?;
        self.known.truncate(before);
        Ok(Piece::With(names.into_iter().next(), pipe, body, otherwise))
    }

    fn range(&mut self, words: Vec<Word>) -> Result<Piece, String> {
        let before = self.known.len();
        let (names, pipe) = self.declared(words)?;
        let (body, otherwise) = self.body("range")?;
        self.known.truncate(before);
        Ok(Piece::Range(names, pipe, body, otherwise))
    }

    fn body(&mut self, of: &str) -> Result<(Vec<Piece>, Vec<Piece>), String> {
        let (body, end) = self.pieces()?;
        match end {
            Stop::Text => Err(format!("a `{of}` is not ended: `{{{{ end }}}}` is missing")),
            Stop::End => Ok((body, Vec::new())),
            Stop::Else(_) => Ok((body, self.rest(of)?)),
        }
    }

    /// What follows an `else`.
    fn rest(&mut self, of: &str) -> Result<Vec<Piece>, String> {
        match self.pieces()? {
            (rest, Stop::End) => Ok(rest),
            (_, Stop::Text) => Err(format!("a `{of}` is not ended: `{{{{ end }}}}` is missing")),
            (_, Stop::Else(_)) => Err("a second `else`".into()),
        }
    }

    fn pipe(&mut self, words: Vec<Word>) -> Result<Pipe, String> {
        let mut words = words.into_iter().peekable();
        let pipe = self.calls(&mut words, 0)?;
        match words.next() {
            None => Ok(pipe),
            Some(_) => Err("a `)` too many".into()),
        }
    }

    /// Calls up to the end, or to a closing parenthesis.
    fn calls(&mut self, words: &mut Words, depth: usize) -> Result<Pipe, String> {
        if depth > DEEPEST {
            return Err(format!("it is nested more than {DEEPEST} deep"));
        }
        let mut pipe = Vec::new();
        loop {
            let mut terms = Vec::new();
            while words.peek().is_some_and(|word| !matches!(word, Word::Pipe | Word::Close)) {
                terms.push(self.term(words, depth)?);
            }
            pipe.push(call(terms, pipe.last())?);
            if words.next_if(|word| *word == Word::Pipe).is_none() {
                return Ok(pipe);
            }
        }
    }

    fn term(&mut self, words: &mut Words, depth: usize) -> Result<Term, String> {
        let mut fields = Vec::new();
        let base = match words.next() {
            Some(Word::Text(text)) => Base::Literal(Value::Text(text)),
            Some(Word::Number(number, kind)) => Base::Literal(literal(number, kind)),
            Some(Word::Variable(name)) if self.known.contains(&name) => Base::Variable(name),
            Some(Word::Variable(name)) => return Err(format!("there is no variable `${name}`")),
            Some(Word::Dot) => Base::Dot,
            Some(Word::Field(name, _)) => {
                fields.push(name);
                Base::Dot
            }
            Some(Word::Name(name)) => named(&name)?,
            Some(Word::Open) => {
                let pipe = self.calls(words, depth + 1)?;
                words.next_if(|word| *word == Word::Close).ok_or("a `)` is missing")?;
                Base::Pipe(pipe)
            }
            Some(Word::Pipe | Word::Close | Word::Declare | Word::Assign | Word::Comma) | None => {
                return Err("a value is missing".into());
            }
        };
        while let Some(Word::Field(name, Glue::Glued)) = words.peek() {
            fields.push(name.clone());
            words.next();
        }
        Ok(Term { base, fields })
    }
}

type Words = std::iter::Peekable<std::vec::IntoIter<Word>>;

fn literal(number: f64, kind: Number) -> Value {
    match kind {
        #[expect(clippy::cast_possible_truncation, reason = "it was written as a whole number")]
        Number::Whole => Value::Whole(number as i64),
        Number::Float => Value::Number(number),
    }
}

fn named(name: &str) -> Result<Base, String> {
    match name {
        "true" => Ok(Base::Literal(Value::Flag(true))),
        "false" => Ok(Base::Literal(Value::Flag(false))),
        "nil" => Ok(Base::Literal(Value::Nothing)),
        _ => match function(name) {
            Some(function) => Ok(Base::Function(function)),
            None => Err(format!("there is no function `{name:.40}`")),
        },
    }
}

/// What the terms between two pipes are, and whether they take a value from before.
fn call(terms: Vec<Term>, before: Option<&Call>) -> Result<Call, String> {
    let mut terms = terms.into_iter();
    let first = terms.next().ok_or("a value is missing")?;
    let rest: Vec<Term> = terms.collect();
    let Base::Function(function) = first.base else {
        if rest.is_empty() && before.is_none() {
            return Ok(Call::Value(first));
        }
        return Err("what is no function takes no arguments".into());
    };
    function.takes(rest.len() + usize::from(before.is_some()))?;
    // A function among the arguments is one that takes none.
    for term in &rest {
        if let Base::Function(function) = term.base {
            function.takes(0)?;
        }
    }
    Ok(Call::Function(function, rest))
}
