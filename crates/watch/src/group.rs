//! Rules: what is asked again and again, and what follows from the answer.

use std::collections::BTreeMap;

/// Names and what they say: labels, annotations.
pub type Words = BTreeMap<String, String>;

/// Rules that are evaluated one after the other, at the same times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Where it comes from: the name of a file, or nothing if it follows from the model.
    pub file: String,
    /// Its name, unique within the file.
    pub name: String,
    /// How often it is evaluated, in milliseconds; nothing leaves that to whoever evaluates.
    pub interval_ms: Option<i64>,
    /// How far back it asks, in milliseconds.
    pub offset_ms: i64,
    /// How many series or alerts one rule may make; 0 is as many as there are.
    pub limit: usize,
    /// Labels of everything that its rules make.
    pub labels: Words,
    /// The rules, in order: later ones see what earlier ones made.
    pub rules: Vec<Rule>,
}

/// A question, and what follows from its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The name of the alert, or of the series.
    pub name: String,
    /// The question.
    pub expr: String,
    /// Labels that it adds.
    pub labels: Words,
    /// What follows.
    pub makes: Makes,
    /// The line on which it begins; 0 if it comes from no file.
    pub line: usize,
}

/// What follows from an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Makes {
    /// Each line of it is kept as a series.
    Series,
    /// Each line of it is an alert.
    Alerts(Alerting),
}

/// How a rule alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alerting {
    /// How long it must hold before the alert fires, in milliseconds.
    pub hold_ms: i64,
    /// How long an alert goes on firing when it holds no more, in milliseconds.
    pub keep_ms: i64,
    /// What people are told.
    pub annotations: Words,
}

impl Group {
    /// Its name among all groups.
    pub fn key(&self) -> String {
        [&self.file, ";", &self.name].concat()
    }

    /// The labels that a rule of it adds, its own and the group's.
    pub fn labels_of(&self, rule: &Rule) -> Words {
        let own = rule.labels.iter();
        let all = self.labels.iter().chain(own);
        all.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

impl Rule {
    /// How it alerts, if it does.
    pub fn alerting(&self) -> Option<&Alerting> {
        match &self.makes {
            Makes::Series => None,
            Makes::Alerts(alerting) => Some(alerting),
        }
    }
}
