//! The text that exporters expose, in; the text of `/federate`, out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::json::number;
use crate::labels::{Labels, NAME, escaped, is_label_name, is_metric_name};
use crate::matcher::Matcher;
use crate::store::{Appended, Metadata, Point, Refused, STALE, Samples, Store};

/// One line of the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its labels, the name included.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
    /// Its time in milliseconds, where it says one.
    pub time: Option<i64>,
}

/// What a text says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exposed {
    /// Its samples, in their order.
    pub samples: Vec<Sample>,
    /// What it tells about metrics.
    pub metadata: BTreeMap<String, Metadata>,
}

/// Reads a text; the error says which line cannot be read.
pub fn parse(text: &str) -> Result<Exposed, String> {
    let mut exposed = Exposed::default();
    for (position, line) in text.lines().enumerate() {
        let line = line.trim_matches([' ', '\t', '\r']);
        if let Some(comment) = line.strip_prefix('#') {
            describe(comment, &mut exposed.metadata);
        } else if !line.is_empty() {
            let sample = sample(line)
                .ok_or_else(|| format!("line {} is no sample: {line:.100}", position + 1))?;
            exposed.samples.push(sample);
        }
    }
    Ok(exposed)
}

fn describe(comment: &str, metadata: &mut BTreeMap<String, Metadata>) {
    let mut words = comment.trim_start().splitn(3, ' ');
    let (Some(key), Some(metric)) = (words.next(), words.next()) else { return };
    let rest = words.next().unwrap_or_default();
    if !["HELP", "TYPE", "UNIT"].contains(&key) || !is_metric_name(metric) {
        return;
    }
    let metadata = metadata.entry(metric.to_owned()).or_default();
    match key {
        "HELP" => metadata.help = unescaped(rest),
        "TYPE" if rest == "untyped" => metadata.kind = "unknown".into(),
        "TYPE" => rest.trim().clone_into(&mut metadata.kind),
        _ => rest.trim().clone_into(&mut metadata.unit),
    }
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, if letter == '\\' { letters.next() } else { None }) {
            (_, Some('n')) => plain.push('\n'),
            (_, Some(other)) => plain.push(other),
            (letter, None) => plain.push(letter),
        }
    }
    plain
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' ', '\t'])?;
    let (name, rest) = line.split_at_checked(end)?;
    if !is_metric_name(name) {
        return None;
    }
    let mut pairs = vec![(NAME.to_owned(), name.to_owned())];
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('{') {
        Some(rest) => labels(rest, &mut pairs)?,
        None => rest,
    };
    // What follows a `#` is an exemplar of OpenMetrics.
    let rest = rest.split_once(" # ").map_or(rest, |(before, _)| before);
    let mut words = rest.split_ascii_whitespace();
    let value = words.next()?.parse::<f64>().ok()?;
    let time = words.next().map(str::parse::<i64>).transpose().ok()?;
    if words.next().is_some() {
        return None;
    }
    Some(Sample { labels: Labels::new(pairs), value, time })
}

/// Reads labels up to the closing brace, and gives what follows it.
fn labels<'a>(mut rest: &'a str, pairs: &mut Vec<(String, String)>) -> Option<&'a str> {
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Some(rest);
        }
        let (name, after) = rest.split_once('=')?;
        let name = name.trim_end();
        let quoted = after.trim_start().strip_prefix('"')?;
        let (value, after) = quoted.split_at_checked(closing(quoted)?)?;
        if !is_label_name(name) {
            return None;
        }
        pairs.push((name.to_owned(), unescaped(value)));
        rest = after.strip_prefix('"')?;
    }
}

/// Where the quote is that ends a value.
fn closing(quoted: &str) -> Option<usize> {
    let mut escaped = false;
    quoted.bytes().position(|letter| {
        let ends = letter == b'"' && !escaped;
        escaped = letter == b'\\' && !escaped;
        ends
    })
}

/// A sample: its labels, its time in milliseconds, its value.
pub type Told = (Labels, i64, f64);

/// What is scraped: its labels, and the series that it exposed last.
#[derive(Clone, Debug, Default)]
pub struct Target {
    labels: Labels,
    last: BTreeSet<Labels>,
}

impl Target {
    /// A target with the labels that all its series get, such as `job` and `instance`.
    pub fn new(labels: Labels) -> Self {
        Self { labels, last: BTreeSet::new() }
    }

    /// Keeps what a scrape brought, with how long it took in seconds. What was there before and is no
    /// more is marked as ended.
    pub fn scraped(
        &mut self,
        store: &mut Store,
        text: &str,
        (time, took_s): (i64, f64),
    ) -> Result<Appended, Refused> {
        let (told, exposed) = self.told(text, (time, took_s));
        let appended = keep(store, &told, time)?;
        for (metric, metadata) in exposed.map_err(Refused::Malformed)? {
            store.describe(&metric, metadata);
        }
        Ok(appended)
    }

    /// The samples of a scrape: what it brought, how it went, and what has ended. The second is what it
    /// tells about metrics, or what cannot be read of it.
    pub fn told(
        &mut self,
        text: &str,
        (time, took_s): (i64, f64),
    ) -> (Vec<Told>, Result<BTreeMap<String, Metadata>, String>) {
        let exposed = match parse(text) {
            Ok(exposed) => exposed,
            Err(why) => return (self.silent((time, took_s)), Err(why)),
        };
        let count = exposed.samples.len() as f64;
        let samples = exposed.samples.into_iter().map(|sample| {
            (self.of_target(&sample.labels), sample.time.unwrap_or(time), sample.value)
        });
        let samples: Vec<Told> = samples.collect();
        let mut all = self.about(time, &[("up", 1.0), ("scrape_samples_scraped", count)], took_s);
        let now: BTreeSet<Labels> = samples.iter().map(|(labels, _, _)| labels.clone()).collect();
        all.extend(self.ended(time, &now));
        all.extend(samples);
        self.last = now;
        (all, Ok(exposed.metadata))
    }

    /// Keeps that a scrape failed: the target is down, and its series have ended.
    pub fn failed(
        &mut self,
        store: &mut Store,
        (time, took_s): (i64, f64),
    ) -> Result<Appended, Refused> {
        keep(store, &self.silent((time, took_s)), time)
    }

    /// The samples of a scrape that failed.
    pub fn silent(&mut self, (time, took_s): (i64, f64)) -> Vec<Told> {
        let mut all = self.about(time, &[("up", 0.0), ("scrape_samples_scraped", 0.0)], took_s);
        all.extend(self.ended(time, &BTreeSet::new()));
        self.last.clear();
        all
    }

    /// The labels of the target go first; what had the same names is called exported.
    fn of_target(&self, labels: &Labels) -> Labels {
        let renamed = labels.iter().map(|(name, value)| {
            let taken = name != NAME && !self.labels.get(name).is_empty();
            (if taken { format!("exported_{name}") } else { name.to_owned() }, value.to_owned())
        });
        let own = self.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Labels::new(renamed.chain(own))
    }

    fn about(&self, time: i64, values: &[(&str, f64)], took_s: f64) -> Vec<Told> {
        let values = values.iter().copied().chain([("scrape_duration_seconds", took_s)]);
        values.map(|(name, value)| (self.labels.with(NAME, name), time, value)).collect()
    }

    fn ended(&self, time: i64, now: &BTreeSet<Labels>) -> Vec<Told> {
        let ended = self.last.difference(now).cloned();
        ended.map(|labels| (labels, time, f64::from_bits(STALE))).collect()
    }
}

fn keep(store: &mut Store, all: &[Told], now: i64) -> Result<Appended, Refused> {
    let values: Vec<[(i64, f64); 1]> =
        all.iter().map(|(_, time, value)| [(*time, *value)]).collect();
    let samples = all.iter().zip(&values);
    let samples =
        samples.map(|((labels, _, _), values)| Samples { labels: labels.bytes(), values });
    store.append(&samples.collect::<Vec<_>>(), now)
}

/// How long a sample counts, in milliseconds.
const LOOKBACK: i64 = 300_000;

impl Store {
    /// The last samples of series, as `/federate` tells them.
    pub fn federate(&self, lists: &[Vec<Matcher>], at: i64) -> String {
        let mut last: BTreeMap<(String, Labels), Point> = BTreeMap::new();
        for matchers in lists {
            for (labels, points) in self.read(matchers, at.saturating_sub(LOOKBACK - 1), at) {
                if let Some(point) = points.last().filter(|point| point.value.to_bits() != STALE) {
                    last.insert((labels.get(NAME).to_owned(), labels), *point);
                }
            }
        }
        let (mut text, mut before) = (String::new(), String::new());
        for ((name, labels), Point { time, value }) in last {
            // Writing to a string cannot fail.
            let _ = if name == before { Ok(()) } else { self.put_type(&mut text, &name) };
            let _ = writeln!(text, "{labels} {} {time}", number(value));
            before = name;
        }
        text
    }

    fn put_type(&self, text: &mut String, name: &str) -> std::fmt::Result {
        let kind = self.metadata().get(name).map_or("untyped", |metadata| &metadata.kind);
        let kind = if kind.is_empty() || kind == "unknown" { "untyped" } else { kind };
        writeln!(text, "# TYPE {name} {}", escaped(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_exporters_is_read() {
        let text = "# HELP x_total What\\nit is.\n# TYPE x_total counter\nx_total{a=\"1\",b=\"q\\\"\\\\\\n\",} 3.5e2 1700\n\
                    x_total 1 # {trace=\"a\"} 1\n  y\tNaN\nz{} +Inf\r\n\n# nothing\n# EOF\n";
        let exposed = parse(text).expect("it is right");
        let labels: Vec<String> =
            exposed.samples.iter().map(|sample| sample.labels.to_string()).collect();
        assert_eq!(labels, [r#"x_total{a="1",b="q\"\\\n"}"#, "x_total", "y", "z"]);
        assert_eq!(exposed.samples.first().map(|sample| sample.time), Some(Some(1700)));
        assert_eq!(exposed.metadata.len(), 1);
        let told = exposed.metadata.get("x_total").expect("it is told");
        assert_eq!((told.kind.as_str(), told.help.as_str()), ("counter", "What\nit is."));
    }

    #[test]
    fn what_is_no_sample_is_refused_with_its_line() {
        for bad in [
            "x",
            "x{a=1} 1",
            "x{a=\"1} 1",
            "1x 1",
            "x 1 2 3",
            "x{a=\"1\" 1",
            "x one",
            "x{-=\"\"} 1",
        ] {
            let why = parse(&format!("ok 1\n{bad}")).expect_err(bad);
            assert!(why.starts_with("line 2 is no sample"), "{why}");
        }
    }
}
