//! Rule files as Prometheus has them: from text to groups, with everything that is wrong.

use crate::duration;
use crate::group::{Alerting, Group, Makes, Rule, Words};
use crate::template::Template;
use crate::yaml::{self, Entry, Node, Value};
use metrics::{NAME, is_label_name, is_metric_name, promql};
use std::collections::BTreeSet;
use std::fmt;

/// Longer files are refused.
const LONGEST: usize = 8 << 20;

/// What is wrong with a rule file, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wrong {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// One sentence.
    pub says: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.says)
    }
}

/// Reads a rule file; where anything is wrong all of it is told.
pub fn read(name: &str, text: &str) -> Result<Vec<Group>, Vec<Wrong>> {
    let mut reader = Reader { found: Vec::new() };
    let groups = reader.file(text);
    if reader.found.is_empty() {
        let of_file = |group: Group| Group { file: name.to_owned(), ..group };
        return Ok(groups.into_iter().map(of_file).collect());
    }
    reader.found.sort();
    let wrong = |(line, says)| Wrong { file: name.to_owned(), line, says };
    Err(reader.found.into_iter().map(wrong).collect())
}

/// Collects what is wrong.
struct Reader {
    found: Vec<yaml::Wrong>,
}

impl Reader {
    fn wrong(&mut self, line: usize, says: impl Into<String>) {
        self.found.push((line, says.into()));
    }

    fn file(&mut self, text: &str) -> Vec<Group> {
        if text.len() > LONGEST {
            self.wrong(1, format!("the file is longer than {LONGEST} bytes"));
            return Vec::new();
        }
        let whole = match yaml::read(text) {
            Ok(Some(whole)) => whole,
            Ok(None) => return Vec::new(),
            Err(wrong) => {
                self.found.push(wrong);
                return Vec::new();
            }
        };
        let mut groups = Vec::new();
        for ((key, line), node) in self.map(whole) {
            if key == "groups" {
                groups.extend(self.list(node).into_iter().filter_map(|node| self.group(node)));
            } else {
                self.unknown(line, &key, "a rule file has `groups`");
            }
        }
        let mut names = BTreeSet::new();
        for (group, line) in &groups {
            if !names.insert(&group.name) {
                self.found.push((*line, format!("a second group is called `{}`", group.name)));
            }
        }
        groups.into_iter().map(|(group, _)| group).collect()
    }

    fn group(&mut self, node: Node) -> Option<(Group, usize)> {
        let line = node.line;
        let mut group = Group::default();
        for ((key, at), node) in self.map(node) {
            match key.as_str() {
                "name" => group.name = self.text(node)?,
                "interval" => group.interval_ms = self.length(node),
                "query_offset" => group.offset_ms = self.length(node).unwrap_or_default(),
                "limit" => group.limit = self.count(node),
                "labels" => group.labels = plain(self.labels(node)),
                "rules" => {
                    let rules = self.list(node);
                    group.rules = rules.into_iter().filter_map(|rule| self.rule(rule)).collect();
                }
                _ => {
                    let known = "a group has `name`, `interval`, `query_offset`, `limit`, `labels` and `rules`";
                    self.unknown(at, &key, known);
                }
            }
        }
        if group.name.is_empty() {
            self.wrong(line, "the group has no name");
        }
        if group.interval_ms.is_some_and(|interval| interval <= 0) {
            group.interval_ms = None;
        }
        Some((group, line))
    }

    fn rule(&mut self, node: Node) -> Option<Rule> {
        let line = node.line;
        let mut draft = Draft::default();
        for ((key, at), node) in self.map(node) {
            match key.as_str() {
                "record" => draft.record = Some((self.text(node)?, at)),
                "alert" => draft.alert = Some((self.text(node)?, at)),
                "expr" => draft.expr = Some((self.text(node)?, at)),
                "for" => draft.hold = self.length(node).map(|millis| (millis, at)),
                "keep_firing_for" => draft.keep = self.length(node).map(|millis| (millis, at)),
                "labels" => draft.labels = self.labels(node),
                "annotations" => draft.annotations = Some((self.annotations(node), at)),
                _ => {
                    let known = "a rule has `record` or `alert`, `expr`, `for`, `keep_firing_for`, `labels` and `annotations`";
                    self.unknown(at, &key, known);
                }
            }
        }
        self.finish(draft, line)
    }

    fn finish(&mut self, draft: Draft, line: usize) -> Option<Rule> {
        match &draft.expr {
            Some((expr, at)) => {
                if let Err(why) = promql::check(expr) {
                    self.wrong(*at, format!("the question cannot be asked: {why}"));
                }
            }
            None => self.wrong(line, "the rule has no `expr`"),
        }
        let expr = draft.expr.as_ref().map(|(expr, _)| expr.clone()).unwrap_or_default();
        let labels = plain(draft.labels.clone());
        let (name, makes) = match (&draft.record, &draft.alert) {
            (Some(_), Some((_, at))) => {
                self.wrong(*at, "a rule is either `record` or `alert`");
                return None;
            }
            (None, None) => {
                self.wrong(line, "the rule has neither `record` nor `alert`");
                return None;
            }
            (Some((name, at)), None) => {
                self.of_series(name, *at, &draft);
                (name.clone(), Makes::Series)
            }
            (None, Some((name, _))) => {
                self.templates(&draft);
                let millis = |said: Option<(i64, usize)>| said.map_or(0, |(millis, _)| millis);
                let (hold_ms, keep_ms) = (millis(draft.hold), millis(draft.keep));
                let annotations = draft.annotations.map(|(named, _)| plain(named));
                let annotations = annotations.unwrap_or_default();
                (name.clone(), Makes::Alerts(Alerting { hold_ms, keep_ms, annotations }))
            }
        };
        Some(Rule { name, expr, labels, makes, line })
    }

    fn of_series(&mut self, name: &str, at: usize, draft: &Draft) {
        if !is_metric_name(name) {
            self.wrong(at, format!("`{name:.60}` is no name of a series"));
        }
        let times = [("for", draft.hold), ("keep_firing_for", draft.keep)];
        let others = times.map(|(key, said)| (key, said.map(|(_, at)| at)));
        let annotations = ("annotations", draft.annotations.as_ref().map(|(_, at)| *at));
        for (key, at) in others.into_iter().chain([annotations]) {
            if let Some(at) = at {
                self.wrong(at, format!("`{key}` is for alerts, not for `record`"));
            }
        }
    }

    /// What is told is said in a language of its own; mistakes in it are told now, not when it burns.
    fn templates(&mut self, draft: &Draft) {
        let annotations = draft.annotations.iter().flat_map(|(named, _)| named);
        for ((name, text), line) in draft.labels.iter().chain(annotations) {
            if let Err(why) = Template::read(text) {
                self.wrong(*line, format!("`{name}` cannot be filled in: {why}"));
            }
        }
    }

    fn labels(&mut self, node: Node) -> Named {
        let named = self.named(node);
        for ((name, _), line) in &named {
            if !is_label_name(name) || name == NAME {
                self.wrong(*line, format!("`{name:.60}` is no name of a label"));
            }
        }
        named
    }

    fn annotations(&mut self, node: Node) -> Named {
        let named = self.named(node);
        for ((name, _), line) in &named {
            if !is_label_name(name) {
                self.wrong(*line, format!("`{name:.60}` is no name of an annotation"));
            }
        }
        named
    }

    fn named(&mut self, node: Node) -> Named {
        let entries = self.map(node);
        let mut named = Vec::new();
        for ((name, line), node) in entries {
            let text = match node.value {
                Value::Nothing => Some(String::new()),
                Value::Text(_) | Value::List(_) | Value::Map(_) => self.text(node),
            };
            named.extend(text.map(|text| ((name, text), line)));
        }
        named
    }

    fn map(&mut self, node: Node) -> Vec<Entry> {
        match node.value {
            Value::Map(entries) => return entries,
            Value::Nothing => {}
            Value::Text(_) | Value::List(_) => {
                self.wrong(node.line, "keys with values belong here");
            }
        }
        Vec::new()
    }

    fn list(&mut self, node: Node) -> Vec<Node> {
        match node.value {
            Value::List(list) => return list,
            Value::Nothing => {}
            Value::Text(_) | Value::Map(_) => self.wrong(node.line, "a list belongs here"),
        }
        Vec::new()
    }

    fn text(&mut self, node: Node) -> Option<String> {
        match node.value {
            Value::Text(text) => return Some(text),
            Value::Nothing => self.wrong(node.line, "there is nothing"),
            Value::List(_) | Value::Map(_) => self.wrong(node.line, "a text belongs here"),
        }
        None
    }

    fn length(&mut self, node: Node) -> Option<i64> {
        let line = node.line;
        let text = self.text(node)?;
        let millis = duration::read(&text);
        if millis.is_none() {
            self.wrong(line, format!("`{text:.60}` is no length of time: write `90s` or `1h30m`"));
        }
        millis
    }

    fn count(&mut self, node: Node) -> usize {
        let line = node.line;
        let Some(text) = self.text(node) else { return 0 };
        text.parse().unwrap_or_else(|_| {
            self.wrong(line, format!("`{text:.60}` is no count"));
            0
        })
    }

    fn unknown(&mut self, line: usize, key: &str, known: &str) {
        self.wrong(line, format!("there is no `{key:.60}` here: {known}"));
    }
}

/// Names with texts, and the line of each.
type Named = Vec<((String, String), usize)>;

fn plain(named: Named) -> Words {
    named.into_iter().map(|(pair, _)| pair).collect()
}

/// What a rule says, before it is known what it is.
#[derive(Default)]
struct Draft {
    record: Option<(String, usize)>,
    alert: Option<(String, usize)>,
    expr: Option<(String, usize)>,
    hold: Option<(i64, usize)>,
    keep: Option<(i64, usize)>,
    labels: Named,
    annotations: Option<(Named, usize)>,
}
