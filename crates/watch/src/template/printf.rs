//! `printf`: a text with values in it.

use super::number::{general, no_number, shortest, with_exponent};
use super::value::Value;

/// Wider fields are refused: they are nothing but spaces.
const WIDEST: usize = 200;

/// A place in the text that a value goes to.
#[derive(Default)]
struct Place {
    flags: String,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Puts values into a text.
pub(super) fn printf(format: &str, values: &[Value]) -> Result<String, String> {
    let mut said = String::new();
    let mut rest = format;
    let mut values = values.iter();
    while let Some((before, after)) = rest.split_once('%') {
        said.push_str(before);
        let (place, after) = place(after)?;
        let mut letters = after.chars();
        let Some(verb) = letters.next() else {
            said.push_str("%!(NOVERB)");
            return Ok(said);
        };
        rest = letters.as_str();
        if verb == '%' {
            said.push('%');
            continue;
        }
        let value = values.next();
        said.push_str(
            &value.map_or_else(|| format!("%!{verb}(MISSING)"), |v| put(&place, verb, v)),
        );
    }
    said.push_str(rest);
    let left: Vec<String> = values.map(named).collect();
    if !left.is_empty() {
        said.push_str(&["%!(EXTRA ", &left.join(", "), ")"].concat());
    }
    Ok(said)
}

fn place(text: &str) -> Result<(Place, &str), String> {
    let flags = text.find(|letter| !"+-# 0".contains(letter)).unwrap_or(text.len());
    let (flags, rest) = text.split_at(flags);
    let (width, rest) = digits(rest)?;
    let (precision, rest) = match rest.strip_prefix('.') {
        Some(rest) => {
            let (precision, rest) = digits(rest)?;
            (Some(precision.unwrap_or(0)), rest)
        }
        None => (None, rest),
    };
    Ok((Place { flags: flags.to_owned(), width, precision }, rest))
}

fn digits(text: &str) -> Result<(Option<usize>, &str), String> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return Ok((None, rest));
    }
    match digits.parse().ok().filter(|width| *width <= WIDEST) {
        Some(width) => Ok((Some(width), rest)),
        None => Err(format!("a place of {digits:.20} letters is too wide: {WIDEST} are the most")),
    }
}

fn put(place: &Place, verb: char, value: &Value) -> String {
    let text = match (verb, value) {
        ('v', Value::Number(number)) => {
            place.precision.map_or_else(|| shortest(*number), |digits| general(*number, digits))
        }
        ('v', _) => value.shown(),
        ('s', Value::Text(_) | Value::Labels(_) | Value::Nothing) => cut(value.shown(), place),
        ('q', Value::Text(text)) => format!("{text:?}"),
        ('t', Value::Flag(flag)) => flag.to_string(),
        ('d', Value::Whole(number)) => number.to_string(),
        ('f' | 'F', Value::Number(number)) => {
            let digits = place.precision.unwrap_or(6);
            no_number(*number).unwrap_or_else(|| format!("{number:.digits$}"))
        }
        ('g', Value::Number(number)) => {
            place.precision.map_or_else(|| shortest(*number), |digits| general(*number, digits))
        }
        ('e', Value::Number(number)) => {
            let digits = place.precision.unwrap_or(6);
            no_number(*number).unwrap_or_else(|| with_exponent(&format!("{number:.digits$e}")))
        }
        _ => return ["%!", &verb.to_string(), "(", &named(value), ")"].concat(),
    };
    padded(signed(text, place, value), place)
}

fn cut(text: String, place: &Place) -> String {
    match place.precision {
        Some(most) => text.chars().take(most).collect(),
        None => text,
    }
}

fn signed(text: String, place: &Place, value: &Value) -> String {
    let number = matches!(value, Value::Number(_) | Value::Whole(_));
    let wants = number && place.flags.contains('+') && !text.starts_with(['-', '+']);
    if wants { ["+", &text].concat() } else { text }
}

fn padded(text: String, place: &Place) -> String {
    let missing = place.width.unwrap_or(0).saturating_sub(text.chars().count());
    if missing == 0 {
        text
    } else if place.flags.contains('-') {
        [text, " ".repeat(missing)].concat()
    } else if place.flags.contains('0') {
        match text.strip_prefix('-') {
            Some(digits) => ["-", &"0".repeat(missing), digits].concat(),
            None => ["0".repeat(missing), text].concat(),
        }
    } else {
        [" ".repeat(missing), text].concat()
    }
}

/// A value with its type, as Go tells what does not fit.
fn named(value: &Value) -> String {
    let kind = match value {
        Value::Nothing => return "<nil>".into(),
        Value::Flag(_) => "bool",
        Value::Whole(_) => "int",
        Value::Number(_) => "float64",
        Value::Text(_) => "string",
        Value::Labels(_) | Value::Named(_) => "map",
        Value::Sample(_) | Value::About(_) => "sample",
        Value::Samples(_) => "samples",
    };
    [kind, "=", &value.shown()].concat()
}
