//! From text to pieces: what stands outside of braces, and the words inside of them.

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Text(String),
    Action(Vec<Word>),
}

/// A word inside of braces.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    /// A function or a keyword.
    Name(String),
    /// `$name`.
    Variable(String),
    /// `.name`; glued if no space is before it.
    Field(String, Glue),
    /// `.` alone.
    Dot,
    Text(String),
    Number(f64, Number),
    Pipe,
    Open,
    /// Closed, and whether a field may follow.
    Close,
    Declare,
    Assign,
    Comma,
}

/// Whether a field belongs to what is before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glue {
    Loose,
    Glued,
}

/// How a number was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Whole,
    Float,
}

/// Takes a template apart.
pub(super) fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut trim = false;
    loop {
        let (before, action) = match rest.split_once("{{") {
            Some((before, after)) => (before, Some(after)),
            None => (rest, None),
        };
        let before = if trim { before.trim_start() } else { before };
        let Some(mut after) = action else {
            parts.push(Part::Text(before.to_owned()));
            return Ok(parts);
        };
        let trims = after.strip_prefix('-').filter(|rest| rest.starts_with(char::is_whitespace));
        after = trims.unwrap_or(after);
        let before = if trims.is_some() { before.trim_end() } else { before };
        parts.push(Part::Text(before.to_owned()));
        if let Some(comment) = after.trim_start().strip_prefix("/*") {
            let (_, end) = comment.split_once("*/").ok_or("a comment is not closed")?;
            (rest, trim) = closed(end).ok_or("after a comment `}}` is missing")?;
            continue;
        }
        let (words, end, trims) = action_words(after)?;
        parts.push(Part::Action(words));
        (rest, trim) = (end, trims);
    }
}

/// What follows the end of an action, and whether it loses its spaces.
fn closed(text: &str) -> Option<(&str, bool)> {
    let spaceless = text.trim_start();
    let spaced = spaceless.len() < text.len();
    match spaceless.strip_prefix("-}}").filter(|_| spaced) {
        Some(rest) => Some((rest, true)),
        None => spaceless.strip_prefix("}}").map(|rest| (rest, false)),
    }
}

/// The words of an action, what follows it, and whether that loses its spaces.
fn action_words(text: &str) -> Result<(Vec<Word>, &str, bool), String> {
    let mut words = Vec::new();
    let mut rest = text;
    loop {
        if let Some((rest, trim)) = closed(rest) {
            return Ok((words, rest, trim));
        }
        let spaceless = rest.trim_start();
        let glue = if spaceless.len() == rest.len() { Glue::Glued } else { Glue::Loose };
        let Some(first) = spaceless.chars().next() else {
            return Err("an action is not closed: `}}` is missing".into());
        };
        let (word, after) = word(spaceless, first, glue)?;
        words.push(word);
        rest = after;
    }
}

fn word(text: &str, first: char, glue: Glue) -> Result<(Word, &str), String> {
    let simple = [
        (":=", Word::Declare),
        ("=", Word::Assign),
        ("|", Word::Pipe),
        ("(", Word::Open),
        (")", Word::Close),
        (",", Word::Comma),
    ];
    for (sign, word) in simple {
        if let Some(rest) = text.strip_prefix(sign) {
            return Ok((word, rest));
        }
    }
    match first {
        '"' => quoted(text),
        '`' => {
            let inside = text.strip_prefix('`').unwrap_or_default();
            let end =
                inside.split_once('`').ok_or("a text is not closed: a backquote is missing")?;
            Ok((Word::Text(end.0.to_owned()), end.1))
        }
        '$' => {
            let (name, rest) = name(text.strip_prefix('$').unwrap_or_default());
            Ok((Word::Variable(name.to_owned()), rest))
        }
        '.' if !text.chars().nth(1).is_some_and(|next| next.is_ascii_digit()) => {
            let (name, rest) = name(text.strip_prefix('.').unwrap_or_default());
            let word = if name.is_empty() { Word::Dot } else { Word::Field(name.to_owned(), glue) };
            Ok((word, rest))
        }
        '0'..='9' | '-' | '+' | '.' => number(text),
        _ => match name(text) {
            ("", _) => Err(format!("`{first}` means nothing in an action")),
            (name, rest) => Ok((Word::Name(name.to_owned()), rest)),
        },
    }
}

fn name(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    text.split_at(end.unwrap_or(text.len()))
}

fn number(text: &str) -> Result<(Word, &str), String> {
    let inside = |letter: char| letter.is_ascii_alphanumeric() || "+-._".contains(letter);
    let end = text.find(|letter: char| !inside(letter)).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let value: f64 = digits.parse().map_err(|_| format!("`{digits:.40}` is no number"))?;
    let kind = if digits.parse::<i64>().is_ok() { Number::Whole } else { Number::Float };
    Ok((Word::Number(value, kind), rest))
}

fn quoted(text: &str) -> Result<(Word, &str), String> {
    let mut said = String::new();
    let mut letters = text.chars();
    letters.next();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Ok((Word::Text(said), letters.as_str())),
            '\n' => break,
            '\\' => said.push(escaped(letters.next())?),
            _ => said.push(letter),
        }
    }
    Err("a text is not closed: `\"` is missing".into())
}

fn escaped(letter: Option<char>) -> Result<char, String> {
    match letter {
        Some('n') => Ok('\n'),
        Some('t') => Ok('\t'),
        Some('r') => Ok('\r'),
        Some(same @ ('\\' | '"' | '\'')) => Ok(same),
        Some(other) => Err(format!("`\\{other}` means nothing in a text")),
        None => Err("a text is not closed: `\"` is missing".into()),
    }
}
