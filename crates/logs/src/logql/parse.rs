//! Reads a question: selectors and what is done with lines. Numbers are [`super::metric`]'s.

use metrics::{Matcher, Op};
use regex::{Regex, RegexBuilder};

use super::Wrong;
use super::ast::{
    Chosen, Compare, Condition, Expr, LineFilter, Needle, Pipeline, Source, Stage, Unit, Want,
};
use super::extract::{Path, Pieces};
use super::lex::{Token, tokens};
use super::template::Template;

/// How deep a question may be.
const DEEPEST: usize = 32;
/// How much may be done with each line.
const STAGES: usize = 64;
/// What an expression may take when it is compiled.
const LARGEST: usize = 1 << 20;

/// What is left of a question.
pub(crate) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
}

/// Reads a whole question.
pub(crate) fn parse(text: &str) -> Result<Expr, Wrong> {
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0, depth: 0 };
    let expr = if parser.peek() == &Token::Sign("{") {
        Expr::Log(parser.pipeline()?)
    } else {
        Expr::Metric(parser.metric(0)?)
    };
    if parser.peek() == &Token::End { Ok(expr) } else { Err(parser.unexpected("the end")) }
}

pub(crate) fn regex(expression: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(expression).size_limit(LARGEST).build();
    built.map_err(|_| format!("the regular expression {expression:.200?} is wrong or too large"))
}

impl Parser<'_> {
    pub(crate) fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(_, token)| token)
    }

    pub(crate) fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    pub(crate) fn wrong(&self, says: impl Into<String>) -> Wrong {
        let at = self.tokens.get(self.at).map_or(self.text.len(), |(at, _)| *at);
        Wrong::at(self.text, at, says.into())
    }

    /// The same about the token that was taken last.
    pub(crate) fn wrong_before(&self, says: impl Into<String>) -> Wrong {
        let at = self.tokens.get(self.at.saturating_sub(1)).map_or(0, |(at, _)| *at);
        Wrong::at(self.text, at, says.into())
    }

    pub(crate) fn unexpected(&self, expected: &str) -> Wrong {
        let found = match self.peek() {
            Token::Name(name) => format!("{name:.40?}"),
            Token::Text(text) => format!("the text {text:.40?}"),
            Token::Number(number) => format!("the number {number}"),
            Token::Duration(_) => "a duration".into(),
            Token::Size(_) => "a size".into(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".into(),
        };
        self.wrong(format!("expected {expected}, found {found}"))
    }

    pub(crate) fn takes(&mut self, sign: &str) -> bool {
        let takes = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.at += usize::from(takes);
        takes
    }

    pub(crate) fn takes_word(&mut self, word: &str) -> bool {
        let takes = matches!(self.peek(), Token::Name(found) if found == word);
        self.at += usize::from(takes);
        takes
    }

    pub(crate) fn sign(&mut self, sign: &str) -> Result<(), Wrong> {
        if self.takes(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    pub(crate) fn name(&mut self) -> Result<String, Wrong> {
        if let Token::Name(name) = self.peek().clone() {
            self.at += 1;
            return Ok(name);
        }
        Err(self.unexpected("a name"))
    }

    fn quoted(&mut self) -> Result<String, Wrong> {
        if let Token::Text(text) = self.peek().clone() {
            self.at += 1;
            return Ok(text);
        }
        Err(self.unexpected("a text in quotes"))
    }

    /// Goes one deeper, if that is not too deep.
    pub(crate) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Wrong>,
    ) -> Result<T, Wrong> {
        if self.depth >= DEEPEST {
            return Err(self.wrong(format!("more than {DEEPEST} levels deep")));
        }
        self.depth += 1;
        let done = read(self);
        self.depth -= 1;
        done
    }

    fn pipeline(&mut self) -> Result<Pipeline, Wrong> {
        let matchers = self.selector()?;
        let mut stages = Vec::new();
        self.stages(&mut stages)?;
        Ok(Pipeline { matchers, stages })
    }

    /// `{name="value", …}`: one condition at least has to say what is there.
    pub(crate) fn selector(&mut self) -> Result<Vec<Matcher>, Wrong> {
        let begin = self.at;
        self.sign("{")?;
        let mut matchers = Vec::new();
        while !self.takes("}") {
            if !matchers.is_empty() {
                self.sign(",")?;
            }
            let name = self.name()?;
            matchers.push(self.matcher(&name)?);
        }
        if matchers.iter().all(|matcher| matcher.accepts("")) {
            self.at = begin;
            return Err(self.wrong(
                "a selector needs one condition at least that an empty label does not fulfil, such as {job=~\".+\"}",
            ));
        }
        Ok(matchers)
    }

    fn matcher(&mut self, name: &str) -> Result<Matcher, Wrong> {
        let signs =
            [("=", Op::Equal), ("!=", Op::NotEqual), ("=~", Op::Matches), ("!~", Op::NotMatches)];
        let found = signs.into_iter().find(|(sign, _)| self.peek() == &Token::Sign(sign));
        let Some((_, op)) = found else {
            return Err(self.unexpected("one of `=`, `!=`, `=~`, `!~`"));
        };
        self.at += 1;
        let value = self.quoted()?;
        Matcher::new(name, op, &value).map_err(|says| self.wrong_before(says))
    }

    /// Everything that is done with a line, up to `| unwrap` or the end.
    pub(crate) fn stages(&mut self, stages: &mut Vec<Stage>) -> Result<(), Wrong> {
        loop {
            if stages.len() > STAGES {
                return Err(self.wrong(format!("more than {STAGES} stages")));
            }
            if matches!(self.peek(), Token::Sign("|>" | "!>")) {
                return Err(self.wrong("pattern filters are not supported: use |~ or | pattern"));
            }
            let filters = ["|=", "|~", "!=", "!~"];
            let filter = filters.into_iter().find(|sign| self.peek() == &Token::Sign(sign));
            if let Some(sign) = filter {
                self.at += 1;
                stages.push(Stage::Line(self.line_filter(sign)?));
                continue;
            }
            let unwrap = matches!(self.tokens.get(self.at + 1), Some((_, Token::Name(word))) if word == "unwrap");
            if unwrap || !self.takes("|") {
                return Ok(());
            }
            stages.push(self.stage()?);
        }
    }

    fn line_filter(&mut self, sign: &str) -> Result<LineFilter, Wrong> {
        let want = if sign.starts_with('|') { Want::Has } else { Want::HasNot };
        let mut any = Vec::new();
        loop {
            if self.takes_word("ip") {
                return Err(self.wrong_before("ip(…) is not supported: use |~ with an expression"));
            }
            let text = self.quoted()?;
            any.push(if sign.ends_with('~') {
                Needle::Regex(regex(&text).map_err(|says| self.wrong_before(says))?)
            } else {
                Needle::Text(text)
            });
            if any.len() > STAGES {
                return Err(self.wrong(format!("more than {STAGES} texts")));
            }
            if !self.takes_word("or") {
                return Ok(LineFilter { want, any });
            }
        }
    }

    fn stage(&mut self) -> Result<Stage, Wrong> {
        if self.peek() == &Token::Sign("(") {
            return Ok(Stage::Label(self.condition()?));
        }
        let begin = self.at;
        let word = self.name()?;
        match word.as_str() {
            "json" => Ok(Stage::Json(self.paths()?)),
            "logfmt" => Ok(Stage::Logfmt(self.keys()?)),
            "pattern" => {
                let text = self.quoted()?;
                Ok(Stage::Pattern(Pieces::read(&text).map_err(|says| self.wrong_before(says))?))
            }
            "regexp" => {
                let text = self.quoted()?;
                let regex = regex(&text).map_err(|says| self.wrong_before(says))?;
                if regex.capture_names().flatten().next().is_none() {
                    return Err(
                        self.wrong_before("regexp needs a named group, such as (?P<name>…)")
                    );
                }
                Ok(Stage::Regexp(regex))
            }
            "line_format" => {
                let text = self.quoted()?;
                Ok(Stage::LineFormat(
                    Template::read(&text).map_err(|says| self.wrong_before(says))?,
                ))
            }
            "label_format" => self.label_format(),
            "drop" => Ok(Stage::Drop(self.chosen()?)),
            "keep" => Ok(Stage::Keep(self.chosen()?)),
            "decolorize" => Ok(Stage::Decolorize),
            "unpack" | "distinct" | "keep_labels" => {
                self.at = begin;
                Err(self.wrong(format!("| {word} is not supported")))
            }
            _ => {
                self.at = begin;
                Ok(Stage::Label(self.condition()?))
            }
        }
    }

    /// `name="path", …` after `json`.
    fn paths(&mut self) -> Result<Vec<(String, Path)>, Wrong> {
        let pairs = self.pairs()?;
        let path = |(name, path): (String, String)| match Path::read(&path) {
            Some(path) => Ok((name, path)),
            None => {
                Err(self.wrong_before(format!("{path:.200?} is no path, such as a.b[0][\"c d\"]")))
            }
        };
        pairs.into_iter().map(path).collect()
    }

    fn keys(&mut self) -> Result<Vec<(String, String)>, Wrong> {
        if self.peek() == &Token::Sign("-") {
            return Err(self.wrong("flags of logfmt are not supported"));
        }
        self.pairs()
    }

    fn pairs(&mut self) -> Result<Vec<(String, String)>, Wrong> {
        let mut pairs = Vec::new();
        while let Token::Name(name) = self.peek().clone() {
            self.at += 1;
            let value = if self.takes("=") { self.quoted()? } else { name.clone() };
            pairs.push((name, value));
            if !self.takes(",") {
                break;
            }
        }
        Ok(pairs)
    }

    fn label_format(&mut self) -> Result<Stage, Wrong> {
        let mut formats = Vec::new();
        loop {
            let name = self.name()?;
            self.sign("=")?;
            let source = if let Token::Name(other) = self.peek().clone() {
                self.at += 1;
                Source::Label(other)
            } else {
                let text = self.quoted()?;
                Source::Template(Template::read(&text).map_err(|says| self.wrong_before(says))?)
            };
            formats.push((name, source));
            if !self.takes(",") {
                return Ok(Stage::LabelFormat(formats));
            }
        }
    }

    fn chosen(&mut self) -> Result<Vec<Chosen>, Wrong> {
        let mut chosen = Vec::new();
        loop {
            let name = self.name()?;
            let conditional = matches!(self.peek(), Token::Sign("=" | "!=" | "=~" | "!~"));
            chosen.push(if conditional {
                Chosen::Matcher(self.matcher(&name)?)
            } else {
                Chosen::Name(name)
            });
            if !self.takes(",") {
                return Ok(chosen);
            }
        }
    }

    /// Conditions on labels: `or` binds less than `and`, `,` or a mere space.
    pub(crate) fn condition(&mut self) -> Result<Condition, Wrong> {
        self.deeper(|parser| {
            let mut left = parser.conjunction()?;
            while parser.takes_word("or") {
                left = Condition::Or(Box::new(left), Box::new(parser.conjunction()?));
            }
            Ok(left)
        })
    }

    fn conjunction(&mut self) -> Result<Condition, Wrong> {
        let mut left = self.one_condition()?;
        let mut count = 0;
        loop {
            let follows = self.takes_word("and")
                || self.takes(",")
                || self.peek() == &Token::Sign("(")
                || matches!(self.peek(), Token::Name(word) if word != "or");
            if !follows {
                return Ok(left);
            }
            count += 1;
            if count > STAGES {
                return Err(self.wrong(format!("more than {STAGES} conditions")));
            }
            left = Condition::And(Box::new(left), Box::new(self.one_condition()?));
        }
    }

    fn one_condition(&mut self) -> Result<Condition, Wrong> {
        if self.takes("(") {
            let inner = self.condition()?;
            self.sign(")")?;
            return Ok(inner);
        }
        let name = self.name()?;
        let Token::Sign(sign) = *self.peek() else {
            return Err(self.unexpected("a comparison such as `=\"text\"` or `> 10`"));
        };
        let number = self.tokens.get(self.at + 1).map(|(_, token)| token.clone());
        if matches!(number, Some(Token::Text(_))) && !matches!(sign, ">" | ">=" | "<" | "<=" | "==")
        {
            return self.matcher(&name).map(Condition::Text);
        }
        let Some(compare) = Compare::read(sign) else {
            return Err(self.unexpected("a comparison such as `=\"text\"` or `> 10`"));
        };
        self.at += 1;
        let sign = if self.takes("-") { -1.0 } else { 1.0 };
        let (unit, value) = match self.peek() {
            Token::Number(number) => (Unit::Plain, *number),
            Token::Duration(duration) => (Unit::Duration, *duration as f64 / 1e9),
            Token::Size(size) => (Unit::Size, *size),
            Token::Name(name) if name == "ip" => {
                return Err(self.wrong("ip(…) is not supported: use =~ with an expression"));
            }
            Token::Name(_) | Token::Text(_) | Token::Sign(_) | Token::End => {
                return Err(self.unexpected("a number, a duration or a size"));
            }
        };
        self.at += 1;
        Ok(Condition::Number { name, compare, value: value * sign, unit })
    }
}
