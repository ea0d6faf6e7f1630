//! Labels out of lines: JSON, logfmt, patterns.

use serde_json::Value;

/// Labels of a line that are taken out of it, at most.
pub(crate) const MOST: usize = 256;

/// A way into a JSON value.
#[derive(Clone, Debug)]
pub(crate) struct Path(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Place(usize),
}

impl Path {
    /// From `a.b[0]["c d"]`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (step, after) = bracket(inner)?;
                steps.push(step);
                rest = after;
                continue;
            }
            rest = if steps.is_empty() { rest } else { rest.strip_prefix('.')? };
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at_checked(end).filter(|(key, _)| !key.is_empty())?;
            steps.push(Step::Key(key.to_owned()));
            rest = after;
        }
        (!steps.is_empty() && steps.len() < 32).then_some(Self(steps))
    }

    fn find<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(value, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Place(place) => value.get(place),
        })
    }
}

fn bracket(inner: &str) -> Option<(Step, &str)> {
    if let Some(quoted) = inner.strip_prefix('"') {
        let (key, after) = quoted.split_once("\"]")?;
        return Some((Step::Key(key.to_owned()), after));
    }
    let (place, after) = inner.split_once(']')?;
    Some((Step::Place(place.parse().ok()?), after))
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.to_string())
        }
    }
}

/// The values at some paths of a line, or all of them; nothing if it is no JSON object.
pub(crate) fn json(line: &str, paths: &[(String, Path)]) -> Option<Vec<(String, String)>> {
    let value: Value = serde_json::from_str(line).ok()?;
    if !value.is_object() {
        return None;
    }
    if paths.is_empty() {
        let mut found = Vec::new();
        flatten("", &value, &mut found);
        return Some(found);
    }
    let found = paths.iter().map(|(name, path)| {
        (name.clone(), path.find(&value).and_then(as_text).unwrap_or_default())
    });
    Some(found.collect())
}

/// How deep objects are, the reader of JSON limits.
fn flatten(name: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let name = if name.is_empty() {
                    sanitized(key)
                } else {
                    format!("{name}_{}", sanitized(key))
                };
                flatten(&name, value, found);
            }
        }
        Value::Array(_) | Value::Null => {}
        Value::String(_) | Value::Bool(_) | Value::Number(_) => {
            if found.len() < MOST && !name.is_empty() {
                found.extend(as_text(value).map(|text| (name.to_owned(), text)));
            }
        }
    }
}

/// A name for a label.
fn sanitized(key: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let digit = key.starts_with(|c: char| c.is_ascii_digit());
    let before = if digit { "_" } else { "" };
    before.chars().chain(key.trim().chars().map(letter)).collect()
}

/// The pairs of a line such as `level=info msg="a b"`; nothing if a quote is not closed.
pub(crate) fn logfmt(line: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && found.len() < MOST {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (key, after) = rest.split_at_checked(end)?;
        let Some(after) = after.strip_prefix('=') else {
            // A key without a value is no label.
            rest = after.trim_start();
            continue;
        };
        let (value, after) = if let Some(quoted) = after.strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let end = after.find(char::is_whitespace).unwrap_or(after.len());
            let (value, after) = after.split_at_checked(end)?;
            (value.to_owned(), after)
        };
        if !key.is_empty() {
            found.push((sanitized(key), value));
        }
        rest = after.trim_start();
    }
    Some(found)
}

fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let mut letters = quoted.chars();
    let mut text = String::new();
    loop {
        match letters.next()? {
            '"' => return Some((text, letters.as_str())),
            '\\' => match letters.next()? {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                other => text.push(other),
            },
            letter => text.push(letter),
        }
    }
}

/// A pattern such as `<ip> - <_> "<method> <path>"`.
#[derive(Clone, Debug)]
pub(crate) struct Pieces {
    /// What the line begins with.
    first: String,
    /// A name, nothing where it is of no interest, and what comes after it.
    rest: Vec<(Option<String>, String)>,
}

impl Pieces {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut pieces = Self { first: String::new(), rest: Vec::new() };
        let mut rest = text;
        while let Some((literal, name, after)) = capture(rest) {
            let before = pieces.last();
            before.push_str(literal);
            if before.is_empty() && !pieces.rest.is_empty() {
                return Err(format!(
                    "<{name}> follows another capture at once: put something between"
                ));
            }
            pieces.rest.push(((name != "_").then(|| name.to_owned()), String::new()));
            rest = after;
        }
        pieces.last().push_str(rest);
        if pieces.rest.iter().all(|(name, _)| name.is_none()) {
            return Err("a pattern needs a capture with a name, such as <path>".into());
        }
        Ok(pieces)
    }

    fn last(&mut self) -> &mut String {
        self.rest.last_mut().map_or(&mut self.first, |(_, after)| after)
    }

    /// What a line has at the captures; where it ends early the last one takes what is left.
    pub(crate) fn find(&self, line: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let Some(mut rest) = line.strip_prefix(self.first.as_str()) else { return found };
        for (name, after) in &self.rest {
            let split = if after.is_empty() { None } else { rest.split_once(after.as_str()) };
            let (value, next) = split.map_or((rest, None), |(value, next)| (value, Some(next)));
            found.extend(name.as_ref().map(|name| (name.clone(), value.to_owned())));
            let Some(next) = next else { break };
            rest = next;
        }
        found
    }
}

/// The next capture: what is before, its name, what is after.
fn capture(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let begin = from + text.get(from..)?.find('<')?;
        let (name, after) = text.get(begin + 1..)?.split_once('>')?;
        if metrics::is_label_name(name) {
            return Some((text.get(..begin)?, name, after));
        }
        from = begin + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(found: &[(String, String)]) -> Vec<(&str, &str)> {
        found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    #[test]
    fn json_becomes_flat() {
        let line = r#"{"a":{"b-c":1,"d":[1]},"9":"x","t":true,"n":null}"#;
        let found = json(line, &[]).expect("an object");
        assert_eq!(pairs(&found), [("_9", "x"), ("a_b_c", "1"), ("t", "true")]);
        let path = |text: &str| ("x".to_owned(), Path::read(text).expect("a path"));
        let at = |text: &str| json(line, &[path(text)]).expect("an object").remove(0).1;
        assert_eq!(
            (at("a.d[0]"), at(r#"["a"]["b-c"]"#), at("a.q")),
            ("1".into(), "1".into(), String::new())
        );
        assert!(json("[1]", &[]).is_none() && json("{", &[]).is_none());
        for wrong in ["", ".", "a..b", "a[", "a[x]"] {
            assert!(Path::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn logfmt_knows_quotes() {
        let found = logfmt(r#"level=info  bare msg="a \"b\"\n" e= x.y=2"#).expect("right");
        assert_eq!(
            pairs(&found),
            [("level", "info"), ("msg", "a \"b\"\n"), ("e", ""), ("x_y", "2")]
        );
        assert!(logfmt("a=\"b").is_none());
    }

    #[test]
    fn patterns_take_what_is_between() {
        let pieces = Pieces::read(r#"<ip> - <_> "<method> <path>" <status>"#).expect("right");
        let found = pieces.find(r#"10.0.0.1 - - "GET /a b" 200"#);
        assert_eq!(
            pairs(&found),
            [("ip", "10.0.0.1"), ("method", "GET"), ("path", "/a b"), ("status", "200")]
        );
        assert!(Pieces::read("<a><b>").is_err() && Pieces::read("x <_>").is_err());
        assert!(Pieces::read("no capture").is_err());
    }
}
