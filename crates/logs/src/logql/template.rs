//! What `line_format` and `label_format` write: text with labels in it, as Go's templates have them.
//!
//! `{{.label}}`, `{{__line__}}`, `{{__timestamp__}}`, a few functions before or after a `|`; no
//! conditions, no loops.

/// A text with values in it.
#[derive(Clone, Debug)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Value(Value, Vec<Call>),
}

#[derive(Clone, Debug)]
enum Value {
    Label(String),
    Line,
    Time,
    Text(String),
}

#[derive(Clone, Debug)]
enum Call {
    Upper,
    Lower,
    Trim,
    TrimPrefix(String),
    TrimSuffix(String),
    Replace(String, String),
    Truncate(i64),
    Default(String),
}

/// What is written is cut here.
const LONGEST: usize = 1 << 20;
const FUNCTIONS: &str = "upper, lower, trim, trimPrefix, trimSuffix, replace, trunc, default";

impl Template {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, inner)) = rest.split_once("{{") {
            let (inner, after) =
                inner.split_once("}}").ok_or("a {{ of the template is not closed")?;
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(piece(inner)?);
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self(pieces))
    }

    /// The text, with the values of labels that a function tells.
    pub(crate) fn write(&self, line: &str, time: i64, label: impl Fn(&str) -> String) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(value, calls) => {
                    let value = match value {
                        Value::Label(name) => label(name),
                        Value::Line => line.to_owned(),
                        Value::Time => time.to_string(),
                        Value::Text(text) => text.clone(),
                    };
                    out.push_str(&calls.iter().fold(value, |value, call| call.of(value)));
                }
            }
            if out.len() > LONGEST {
                break;
            }
        }
        out
    }
}

impl Call {
    fn of(&self, value: String) -> String {
        match self {
            Self::Upper => value.to_uppercase(),
            Self::Lower => value.to_lowercase(),
            Self::Trim => value.trim().to_owned(),
            Self::TrimPrefix(prefix) => {
                value.strip_prefix(prefix.as_str()).unwrap_or(&value).to_owned()
            }
            Self::TrimSuffix(suffix) => {
                value.strip_suffix(suffix.as_str()).unwrap_or(&value).to_owned()
            }
            // An empty text is everywhere: nothing would end.
            Self::Replace(from, to) if !from.is_empty() && value.len() < LONGEST => {
                value.replace(from, to)
            }
            Self::Truncate(length) if *length >= 0 => {
                value.chars().take(*length as usize).collect()
            }
            Self::Truncate(length) => {
                let all = value.chars().count();
                value.chars().skip(all.saturating_sub(length.unsigned_abs() as usize)).collect()
            }
            Self::Default(default) if value.is_empty() => default.clone(),
            Self::Replace(..) | Self::Default(_) => value,
        }
    }
}

/// `.a`, `upper .a`, `.a | replace "x" "y" | upper`.
fn piece(inner: &str) -> Result<Piece, String> {
    let words = words(inner)?;
    let mut segments = words.split(|word| *word == Word::Pipe);
    let first = segments.next().unwrap_or_default();
    let (last, before) = first.split_last().ok_or("{{}} of the template is empty")?;
    let value = match last {
        Word::Bare(word) => match (word.strip_prefix('.'), word.as_str()) {
            (Some(name), _) if metrics::is_label_name(name) => Value::Label(name.to_owned()),
            (_, "__line__") => Value::Line,
            (_, "__timestamp__") => Value::Time,
            _ => {
                return Err(format!(
                    "{word:.40} is no label such as .name: conditions and loops are not supported"
                ));
            }
        },
        Word::Text(text) => Value::Text(text.clone()),
        Word::Pipe => return Err("a | of the template has nothing before it".into()),
    };
    let mut calls = Vec::new();
    if !before.is_empty() {
        calls.push(call(before)?);
    }
    for segment in segments {
        calls.push(call(segment)?);
    }
    Ok(Piece::Value(value, calls))
}

fn call(words: &[Word]) -> Result<Call, String> {
    let (Word::Bare(name), arguments) =
        words.split_first().ok_or("a | of the template has nothing after it")?
    else {
        return Err(format!("a function of the template is one of {FUNCTIONS}"));
    };
    let text = |place: usize| match arguments.get(place) {
        Some(Word::Text(text)) => Ok(text.clone()),
        Some(Word::Bare(_) | Word::Pipe) | None => Err(format!("{name} needs texts in quotes")),
    };
    let (call, takes) = match name.as_str() {
        "upper" | "ToUpper" => (Call::Upper, 0),
        "lower" | "ToLower" => (Call::Lower, 0),
        "trim" | "TrimSpace" => (Call::Trim, 0),
        "trimPrefix" => (Call::TrimPrefix(text(0)?), 1),
        "trimSuffix" => (Call::TrimSuffix(text(0)?), 1),
        "replace" => (Call::Replace(text(0)?, text(1)?), 2),
        "default" => (Call::Default(text(0)?), 1),
        "trunc" => {
            let number = match arguments.first() {
                Some(Word::Bare(number)) => number.parse().ok(),
                Some(Word::Text(_) | Word::Pipe) | None => None,
            };
            (Call::Truncate(number.ok_or("trunc needs a number")?), 1)
        }
        other => {
            return Err(format!(
                "{other:.40} is not supported in templates; there are {FUNCTIONS}"
            ));
        }
    };
    if arguments.len() > takes { Err(format!("{name} has too much after it")) } else { Ok(call) }
}

#[derive(Clone, Debug, PartialEq)]
enum Word {
    Bare(String),
    Text(String),
    Pipe,
}

fn words(inner: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = inner.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('|') {
            words.push(Word::Pipe);
            rest = after.trim_start();
            continue;
        }
        if let Some((quote, quoted)) =
            ['"', '`'].iter().find_map(|quote| Some((*quote, rest.strip_prefix(*quote)?)))
        {
            let (text, after) =
                quoted.split_once(quote).ok_or("a quote of the template is not closed")?;
            words.push(Word::Text(text.to_owned()));
            rest = after.trim_start();
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '|').unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        words.push(Word::Bare(word.to_owned()));
        rest = after.trim_start();
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_write_labels_and_functions() {
        let write =
            |text: &str| {
                let template = Template::read(text).expect("it is right");
                template.write("the line", 7, |name| {
                    if name == "a" { "x y".into() } else { String::new() }
                })
            };
        assert_eq!(write("{{.a}}-{{ .b }}-{{__line__}} {{__timestamp__}}"), "x y--the line 7");
        assert_eq!(write("{{ .a | replace \" \" \"_\" | ToUpper }}"), "X_Y");
        assert_eq!(
            write("{{ upper .a }}{{ .b | default `none` }}{{ .a | trunc 1 }}{{ .a | trunc -1 }}"),
            "X Ynonexy"
        );
    }

    #[test]
    fn what_is_not_supported_is_told() {
        for text in [
            "{{",
            "{{}}",
            "{{ if .a }}",
            "{{ .a | now }}",
            "{{ | upper }}",
            "{{ .a | }}",
            "{{ .a | replace \"x\" }}",
            "{{ .a | upper 1 }}",
        ] {
            assert!(Template::read(text).is_err(), "{text}");
        }
    }
}
