//! Zones, and named groups of rules between them.

use super::target::Addresses;
use super::{Kind, Segment, Target};
use crate::fields::{At, Fields};
use crate::table::{Id, Named};
use crate::value::{Port, Word};

/// A zone: segments whose hosts are trusted alike. A segment is in one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Its segments.
    pub segments: Vec<Id<Segment>>,
    /// Whether it also holds everything that is in no zone: the Internet. Default: false.
    pub rest: bool,
    /// Where it is declared.
    pub at: At,
}

impl Named for Zone {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Zone {
    const KIND: &'static str = "zone";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            segments: fields.list("segments"),
            rest: fields.or("rest", false),
            at: fields.at(),
        }
    }
}

/// A named group of firewall rules from some zones to others: what is not accepted is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleGroup {
    /// Its name.
    pub name: String,
    /// Why it exists.
    pub description: Option<String>,
    /// The zones that new connections come from.
    pub from: Vec<Id<Zone>>,
    /// The zones that they go to.
    pub to: Vec<Id<Zone>>,
    /// The rules, in order: `[[rules.NAME.rule]]`.
    pub rule: Vec<Rule>,
    /// Where it is declared.
    pub at: At,
}

/// One firewall rule: the first that matches decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What it is for.
    pub description: Option<String>,
    /// Where new connections come from: hosts, VIPs, segments, pools or prefixes. Default: anywhere in `from`.
    pub source: Vec<Target>,
    /// Where they go. Default: anywhere in `to`.
    pub destination: Vec<Target>,
    /// To which ports, or by which protocols without ports. Default: every protocol and port. A
    /// rule that forbids `vrrp` by name comes before what VIPs need; its destination only says
    /// which hosts it is for.
    pub ports: Vec<Port>,
    /// What happens. Default: `accept`.
    pub action: Action,
    /// Whether the first packet is logged. Default: false.
    pub log: bool,
    /// Where it is declared.
    pub at: At,
}

/// What a rule does with a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Let it through.
    Accept,
    /// Throw it away in silence.
    Drop,
    /// Refuse it with an error to the sender.
    Reject,
}

impl Word for Action {
    const WORDS: &'static [(&'static str, Self)] =
        &[("accept", Self::Accept), ("drop", Self::Drop), ("reject", Self::Reject)];
}

impl Named for RuleGroup {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for RuleGroup {
    const KIND: &'static str = "rules";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            from: fields.some("from"),
            to: fields.some("to"),
            rule: fields.array("rule").into_iter().map(Rule::read).collect(),
            at: fields.at(),
        }
    }
}

impl Rule {
    fn read(mut fields: Fields<'_>) -> Self {
        let rule = Self {
            description: fields.get("description"),
            source: targets(fields.list::<Addresses>("source")),
            destination: targets(fields.list::<Addresses>("destination")),
            ports: fields.list("ports"),
            action: fields.or("action", Action::Accept),
            log: fields.or("log", false),
            at: fields.at(),
        };
        fields.done();
        rule
    }
}

fn targets(ends: Vec<Addresses>) -> Vec<Target> {
    ends.into_iter().map(|Addresses(target)| target).collect()
}
