//! What is known of rules from one evaluation to the next: which alerts are on, and since when.

use crate::group::{Group, Rule, Words};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that a restart must not forget.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub(crate) groups: BTreeMap<String, OfGroup>,
}

/// What is known of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OfGroup {
    /// When it was evaluated, in milliseconds since 1970.
    pub(crate) last: Option<i64>,
    /// When that was after a pause the last time, and until when senders come back after it.
    #[serde(default)]
    pub(crate) back: Option<(i64, i64)>,
    pub(crate) evaluations: u64,
    pub(crate) failures: u64,
    pub(crate) rules: BTreeMap<String, OfRule>,
}

/// What is known of a rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OfRule {
    /// Why the last evaluation failed, if it did.
    pub(crate) error: Option<String>,
    pub(crate) active: Vec<Active>,
    /// The series that it made last.
    pub(crate) made: Vec<Words>,
}

/// An alert that is on, or was until a while ago.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Active {
    pub(crate) labels: Words,
    pub(crate) annotations: Words,
    #[serde(with = "float")]
    pub(crate) value: f64,
    pub(crate) since: i64,
    pub(crate) fired: Option<i64>,
    pub(crate) kept_since: Option<i64>,
    pub(crate) resolved: Option<i64>,
}

/// How an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It was, until a while ago.
    Resolved,
    /// It holds, not yet long enough.
    Pending,
    /// It burns.
    Firing,
}

impl Phase {
    /// Its word in the label `alertstate`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Resolved => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its labels; `alertname` is one.
    pub labels: Words,
    /// What people are told.
    pub annotations: Words,
    /// How it is.
    pub phase: Phase,
    /// What its question was worth last.
    #[serde(with = "float")]
    pub value: f64,
    /// Since when it holds, in milliseconds since 1970.
    pub since: i64,
    /// Since when it fires.
    pub fired: Option<i64>,
    /// When it ended.
    pub resolved: Option<i64>,
}

impl Alert {
    /// A label, or nothing.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.label("alertname")
    }
}

impl Active {
    pub(crate) fn phase(&self) -> Phase {
        match (self.resolved, self.fired) {
            (Some(_), _) => Phase::Resolved,
            (None, Some(_)) => Phase::Firing,
            (None, None) => Phase::Pending,
        }
    }

    fn alert(&self) -> Alert {
        Alert {
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            phase: self.phase(),
            value: self.value,
            since: self.since,
            fired: self.fired,
            resolved: self.resolved,
        }
    }
}

impl State {
    /// Every alert that is on or ended a while ago, sorted by its labels.
    pub fn alerts(&self) -> Vec<Alert> {
        let rules = self.groups.values().flat_map(|group| group.rules.values());
        let mut alerts: Vec<Alert> =
            rules.flat_map(|rule| rule.active.iter().map(Active::alert)).collect();
        alerts.sort_by(|one, other| one.labels.cmp(&other.labels));
        alerts
    }

    /// The alerts of one rule.
    pub fn alerts_of(&self, group: &Group, place: usize) -> Vec<Alert> {
        let found = self.of_rule(group, place);
        found.map(|rule| rule.active.iter().map(Active::alert).collect()).unwrap_or_default()
    }

    /// Why a rule cannot be evaluated.
    pub fn error_of(&self, group: &Group, place: usize) -> Option<&str> {
        self.of_rule(group, place).and_then(|rule| rule.error.as_deref())
    }

    /// When a group was evaluated last, in milliseconds since 1970.
    pub fn last_of(&self, group: &Group) -> Option<i64> {
        self.groups.get(&group.key()).and_then(|group| group.last)
    }

    fn of_rule(&self, group: &Group, place: usize) -> Option<&OfRule> {
        self.groups.get(&group.key())?.rules.get(keys(group).get(place)?)
    }
}

/// The names by which a group's rules are remembered: what is added before a rule changes none.
pub(crate) fn keys(group: &Group) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let key = |rule: &Rule| {
        let labels = rule.labels.iter().map(|(name, value)| [name, "=", value].concat());
        let words: Vec<String> = std::iter::once(rule.name.clone()).chain(labels).collect();
        let key = words.join(",");
        let count = seen.entry(key.clone()).or_default();
        *count += 1;
        if *count == 1 { key } else { format!("{key};{count}") }
    };
    group.rules.iter().map(key).collect()
}

/// Numbers as texts: JSON knows no infinity.
mod float {
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&crate::template::shortest(*value))
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<f64, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
