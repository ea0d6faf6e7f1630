//! What is done with one line.

use std::borrow::Cow;
use std::collections::BTreeMap;

use metrics::Labels;

use super::ast::{Chosen, Condition, Source, Stage};
use super::extract;

/// The label that says what could not be done with a line.
pub(crate) const ERROR: &str = "__error__";

/// A line on its way through the stages.
pub(crate) struct Passing<'a> {
    pub(crate) time: i64,
    pub(crate) line: Cow<'a, str>,
    stream: &'a Labels,
    /// What changed; what is empty is gone.
    changed: BTreeMap<String, String>,
}

impl<'a> Passing<'a> {
    pub(crate) fn new(
        time: i64,
        line: &'a str,
        stream: &'a Labels,
        known: Option<&Labels>,
    ) -> Self {
        let mut passing = Self { time, line: line.into(), stream, changed: BTreeMap::new() };
        for (name, value) in known.into_iter().flat_map(Labels::iter) {
            passing.extract(name, value.to_owned());
        }
        passing
    }

    pub(crate) fn label(&self, name: &str) -> &str {
        self.changed.get(name).map_or_else(|| self.stream.get(name), String::as_str)
    }

    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.changed.insert(name.to_owned(), value);
    }

    /// Takes a label out of the line: one of the stream keeps its name.
    fn extract(&mut self, name: &str, value: String) {
        let taken = !self.stream.get(name).is_empty();
        let name = if taken { format!("{name}_extracted") } else { name.to_owned() };
        self.changed.insert(name, value);
    }

    fn fail(&mut self, what: &str) {
        if self.label(ERROR).is_empty() {
            self.set(ERROR, what.to_owned());
        }
    }

    /// The labels that it has now.
    pub(crate) fn labels(&self) -> Labels {
        if self.changed.is_empty() {
            return self.stream.clone();
        }
        let changed = self.changed.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Labels::new(self.stream.iter().chain(changed))
    }

    /// Whether it is still there after all stages.
    pub(crate) fn passes(&mut self, stages: &[Stage]) -> bool {
        stages.iter().all(|stage| self.pass(stage))
    }

    fn pass(&mut self, stage: &Stage) -> bool {
        match stage {
            Stage::Line(filter) => return filter.accepts(&self.line),
            Stage::Label(condition) => return self.fulfils(condition),
            Stage::Json(paths) => {
                let found = extract::json(&self.line, paths);
                self.extract_all(found, "JSONParserErr");
            }
            Stage::Logfmt(keys) => {
                let found = extract::logfmt(&self.line).map(|found| chosen(found, keys));
                self.extract_all(found, "LogfmtParserErr");
            }
            Stage::Pattern(pieces) => {
                let found = pieces.find(&self.line);
                self.extract_all(Some(found), ERROR);
            }
            Stage::Regexp(regex) => {
                let found = named(regex, &self.line);
                self.extract_all(Some(found), ERROR);
            }
            Stage::LineFormat(template) => {
                let line =
                    template.write(&self.line, self.time, |name| self.label(name).to_owned());
                self.line = line.into();
            }
            Stage::LabelFormat(formats) => self.format(formats),
            Stage::Drop(labels) => self.remove(|passing, name| passing.chosen(labels, name)),
            Stage::Keep(labels) => {
                self.remove(|passing, name| {
                    !name.starts_with("__") && !passing.chosen(labels, name)
                });
            }
            Stage::Decolorize => self.line = colourless(&self.line).into(),
        }
        true
    }

    fn extract_all(&mut self, found: Option<Vec<(String, String)>>, error: &str) {
        match found {
            Some(found) => {
                for (name, value) in found {
                    self.extract(&name, value);
                }
            }
            None => self.fail(error),
        }
    }

    fn format(&mut self, formats: &[(String, Source)]) {
        for (name, source) in formats {
            let value = match source {
                Source::Label(other) => {
                    let value = self.label(other).to_owned();
                    self.set(other, String::new());
                    value
                }
                Source::Template(template) => {
                    template.write(&self.line, self.time, |name| self.label(name).to_owned())
                }
            };
            self.set(name, value);
        }
    }

    fn chosen(&self, labels: &[Chosen], name: &str) -> bool {
        labels.iter().any(|chosen| match chosen {
            Chosen::Name(other) => other == name,
            Chosen::Matcher(matcher) => matcher.name == name && matcher.accepts(self.label(name)),
        })
    }

    fn remove(&mut self, goes: impl Fn(&Self, &str) -> bool) {
        let names: Vec<String> = self.labels().iter().map(|(name, _)| name.to_owned()).collect();
        for name in names.iter().filter(|name| goes(self, name)).cloned().collect::<Vec<_>>() {
            self.set(&name, String::new());
        }
    }

    /// Whether a condition holds. A label that should be a number and is none makes an error of the
    /// line, and lets it pass.
    pub(crate) fn fulfils(&mut self, condition: &Condition) -> bool {
        match condition {
            Condition::And(left, right) => self.fulfils(left) && self.fulfils(right),
            Condition::Or(left, right) => self.fulfils(left) || self.fulfils(right),
            Condition::Text(matcher) => matcher.accepts(self.label(&matcher.name)),
            Condition::Number { name, compare, value, unit } => {
                let text = self.label(name);
                if text.is_empty() {
                    return false;
                }
                let Some(number) = unit.read(text) else {
                    self.fail("LabelFilterErr");
                    return true;
                };
                compare.holds(number, *value)
            }
        }
    }
}

/// Those of some keys under their names; all if there are none.
fn chosen(found: Vec<(String, String)>, keys: &[(String, String)]) -> Vec<(String, String)> {
    if keys.is_empty() {
        return found;
    }
    let value =
        |key: &str| found.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    keys.iter().map(|(name, key)| (name.clone(), value(key).unwrap_or_default())).collect()
}

fn named(regex: &regex::Regex, line: &str) -> Vec<(String, String)> {
    let Some(captures) = regex.captures(line) else { return Vec::new() };
    let names = regex.capture_names().flatten();
    let value = |name: &str| captures.name(name).map_or("", |found| found.as_str()).to_owned();
    names.take(extract::MOST).map(|name| (name.to_owned(), value(name))).collect()
}

/// Without the sequences that colour terminals.
fn colourless(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let end = after.find(|c: char| c.is_ascii_alphabetic());
        rest = end.and_then(|end| after.get(end + 1..)).unwrap_or_default();
    }
    out.push_str(rest);
    out
}
