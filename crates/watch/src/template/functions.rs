//! What templates can call: Prometheus's functions for rules, and those of Go's templates that make sense here.

use super::Sample;
use super::number;
use super::printf::printf;
use super::run::Run;
use super::value::Value;
use std::cmp::Ordering;

/// A function.
#[derive(Debug)]
pub(super) struct Function {
    name: &'static str,
    /// How many arguments it takes at least and at most.
    least: usize,
    most: usize,
    pub(super) call: fn(&Run<'_>, &[Value]) -> Result<Value, String>,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Function {
    /// Whether it takes so many arguments.
    pub(super) fn takes(&self, count: usize) -> Result<(), String> {
        if (self.least..=self.most).contains(&count) {
            return Ok(());
        }
        let wanted = if self.least == self.most {
            format!("{} argument{}", self.least, if self.least == 1 { "" } else { "s" })
        } else {
            format!("{} or more arguments", self.least)
        };
        Err(format!("`{}` takes {wanted}, not {count}", self.name))
    }
}

/// A function of a name.
pub(super) fn function(name: &str) -> Option<&'static Function> {
    ALL.iter().find(|function| function.name == name)
}

type Done = Result<Value, String>;

const fn takes(name: &'static str, count: usize, call: fn(&Run<'_>, &[Value]) -> Done) -> Function {
    Function { name, least: count, most: count, call }
}

const fn many(name: &'static str, least: usize, call: fn(&Run<'_>, &[Value]) -> Done) -> Function {
    Function { name, least, most: 32, call }
}

static ALL: &[Function] = &[
    takes("query", 1, |run, args| run.ask(&text(args, 0)?).map(Value::Samples)),
    takes("first", 1, |_, args| {
        let first = samples(args, 0)?.first().cloned();
        first.map(Value::Sample).ok_or_else(|| "`first` of an answer without a line".to_owned())
    }),
    takes("value", 1, |_, args| Ok(Value::Number(sample(args, 0)?.value))),
    takes("label", 2, |_, args| {
        let (name, sample) = (text(args, 0)?, sample(args, 1)?);
        Ok(Value::Text(sample.labels.get(&name).cloned().unwrap_or_default()))
    }),
    takes("strvalue", 1, |_, args| {
        Ok(Value::Text(sample(args, 0)?.labels.get("__value__").cloned().unwrap_or_default()))
    }),
    takes("sortByLabel", 2, |_, args| {
        let name = text(args, 0)?;
        let mut samples = samples(args, 1)?.to_vec();
        samples.sort_by(|one, other| one.labels.get(&name).cmp(&other.labels.get(&name)));
        Ok(Value::Samples(samples))
    }),
    takes("humanize", 1, |_, args| shown(args, number::humanize)),
    takes("humanize1024", 1, |_, args| shown(args, number::humanize_1024)),
    takes("humanizeDuration", 1, |_, args| shown(args, number::humanize_duration)),
    takes("humanizeTimestamp", 1, |_, args| shown(args, number::humanize_timestamp)),
    takes("humanizePercentage", 1, |_, args| {
        shown(args, |number| [&number::general(number * 100.0, 4), "%"].concat())
    }),
    takes("title", 1, |_, args| Ok(Value::Text(title(&text(args, 0)?)))),
    takes("toUpper", 1, |_, args| Ok(Value::Text(text(args, 0)?.to_uppercase()))),
    takes("toLower", 1, |_, args| Ok(Value::Text(text(args, 0)?.to_lowercase()))),
    takes("match", 2, |_, args| Ok(Value::Flag(pattern(args)?.is_match(&text(args, 1)?)))),
    takes("reReplaceAll", 3, |_, args| {
        let (new, text) = (text(args, 1)?, text(args, 2)?);
        Ok(Value::Text(pattern(args)?.replace_all(&text, new.as_str()).into_owned()))
    }),
    takes("stripPort", 1, |_, args| {
        let text = text(args, 0)?;
        let host = text.rsplit_once(':').filter(|(host, _)| !host.contains(':'));
        Ok(Value::Text(host.map_or(text.clone(), |(host, _)| host.to_owned())))
    }),
    takes("safeHtml", 1, |_, args| text(args, 0).map(Value::Text)),
    takes("graphLink", 1, |_, args| link(args, "0")),
    takes("tableLink", 1, |_, args| link(args, "1")),
    takes("externalURL", 0, |_, _| Ok(Value::Text(String::new()))),
    takes("pathPrefix", 0, |_, _| Ok(Value::Text(String::new()))),
    many("args", 0, |_, args| {
        let named = args.iter().enumerate().map(|(n, value)| (format!("arg{n}"), value.clone()));
        Ok(Value::Named(named.collect()))
    }),
    many("printf", 1, |_, args| {
        printf(&text(args, 0)?, args.get(1..).unwrap_or_default()).map(Value::Text)
    }),
    many("print", 0, |_, args| {
        Ok(Value::Text(args.iter().map(Value::shown).collect::<Vec<_>>().concat()))
    }),
    takes("len", 1, |_, args| length(args)),
    takes("index", 2, index),
    takes("not", 1, |_, args| Ok(Value::Flag(!args.iter().any(Value::holds)))),
    many("and", 1, |_, args| Ok(choose(args, |value| !value.holds()))),
    many("or", 1, |_, args| Ok(choose(args, Value::holds))),
    many("eq", 2, |_, args| {
        let Some((first, rest)) = args.split_first() else { return Ok(Value::Flag(false)) };
        Ok(Value::Flag(rest.iter().any(|other| order(first, other) == Some(Ordering::Equal))))
    }),
    takes("ne", 2, |_, args| Ok(compare(args, |order| order != Some(Ordering::Equal)))),
    takes("lt", 2, |_, args| Ok(compare(args, |order| order == Some(Ordering::Less)))),
    takes("le", 2, |_, args| Ok(compare(args, |order| order.is_some_and(Ordering::is_le)))),
    takes("gt", 2, |_, args| Ok(compare(args, |order| order == Some(Ordering::Greater)))),
    takes("ge", 2, |_, args| Ok(compare(args, |order| order.is_some_and(Ordering::is_ge)))),
];

fn get(args: &[Value], place: usize) -> &Value {
    args.get(place).unwrap_or(&Value::Nothing)
}

fn text(args: &[Value], place: usize) -> Result<String, String> {
    let value = get(args, place);
    if let Value::Text(text) = value {
        return Ok(text.clone());
    }
    Err(format!("`{:.40}` is no text", value.shown()))
}

fn samples(args: &[Value], place: usize) -> Result<&[Sample], String> {
    let value = get(args, place);
    if let Value::Samples(samples) = value {
        return Ok(samples);
    }
    Err(format!("`{:.40}` is no answer to a question", value.shown()))
}

fn sample(args: &[Value], place: usize) -> Result<&Sample, String> {
    let value = get(args, place);
    if let Value::Sample(sample) = value {
        return Ok(sample);
    }
    Err(format!("`{:.40}` is no line of an answer", value.shown()))
}

fn shown(args: &[Value], how: fn(f64) -> String) -> Done {
    get(args, 0).number().map(|number| Value::Text(how(number)))
}

fn title(text: &str) -> String {
    let mut before = ' ';
    let mut said = String::new();
    for letter in text.chars() {
        if before.is_alphanumeric() || before == '\'' {
            said.push(letter);
        } else {
            said.extend(letter.to_uppercase());
        }
        before = letter;
    }
    said
}

fn pattern(args: &[Value]) -> Result<regex::Regex, String> {
    let text = text(args, 0)?;
    let limited = regex::RegexBuilder::new(&text).size_limit(1 << 20).build();
    limited.map_err(|_| format!("`{text:.60}` is no regular expression"))
}

fn link(args: &[Value], tab: &str) -> Done {
    let question = text(args, 0)?;
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let letter =
        |byte: u8| if safe(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let encoded: String = question.bytes().map(letter).collect();
    Ok(Value::Text(["/graph?g0.expr=", &encoded, "&g0.tab=", tab].concat()))
}

fn length(args: &[Value]) -> Done {
    let value = get(args, 0);
    let Some(length) = value.length() else {
        return Err(format!("`{:.40}` has no length", value.shown()));
    };
    Ok(Value::Whole(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn index(_: &Run<'_>, args: &[Value]) -> Done {
    match (get(args, 0), get(args, 1)) {
        (Value::Samples(samples), Value::Whole(place)) => {
            let found = usize::try_from(*place).ok().and_then(|place| samples.get(place));
            found.cloned().map(Value::Sample).ok_or_else(|| format!("there is no line {place}"))
        }
        (labels @ (Value::Labels(_) | Value::Named(_)), Value::Text(name)) => labels.field(name),
        (other, _) => Err(format!("`{:.40}` has no parts by number", other.shown())),
    }
}

/// The first that is so, or the last.
fn choose(args: &[Value], so: impl Fn(&Value) -> bool) -> Value {
    let found = args.iter().find(|value| so(value)).or(args.last());
    found.cloned().unwrap_or(Value::Nothing)
}

fn compare(args: &[Value], holds: fn(Option<Ordering>) -> bool) -> Value {
    Value::Flag(holds(order(get(args, 0), get(args, 1))))
}

fn order(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => Some(one.cmp(other)),
        (Value::Flag(one), Value::Flag(other)) => Some(one.cmp(other)),
        (Value::Text(_), _) | (_, Value::Text(_)) => None,
        _ => one.number().ok()?.partial_cmp(&other.number().ok()?),
    }
}
