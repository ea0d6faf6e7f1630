//! Routing policy: the numbers and rules that filters are made from.

use super::Kind;
use crate::fields::{At, Fields};
use crate::table::Named;
use crate::value::{Asn, Community, Word};
use ipnet::IpNet;

/// A routing policy: what is refused, what is preferred, what is changed. Every key has a default
/// that follows the practice of small providers (NLNOG, MANRS, RFC 7454).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Longest AS path taken. Default: 64.
    pub max_path: u16,
    /// Longest IPv4 prefix taken. Default: 24.
    pub longest4: u8,
    /// Longest IPv6 prefix taken. Default: 48.
    pub longest6: u8,
    /// What to do with routes that the RPKI calls invalid. Default: `reject`.
    pub rpki: RoaMode,
    /// AS numbers that a peer, customer or route server never has behind it.
    pub tier1: Vec<Asn>,
    /// Local preference by relation: `[policy.NAME.local_pref]`.
    pub local_pref: LocalPreferences,
    /// Further rules for routes that come in, in order: `[[policy.NAME.import]]`.
    pub import: Vec<PolicyRule>,
    /// Further rules for routes that go out, in order: `[[policy.NAME.export]]`.
    pub export: Vec<PolicyRule>,
    /// Where it is declared.
    pub at: At,
}

/// Local preference by relation: higher wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalPreferences {
    /// Routes of transits. Default: 100.
    pub transit: u32,
    /// Routes of route servers. Default: 110.
    pub route_server: u32,
    /// Routes of peers. Default: 120.
    pub peer: u32,
    /// Routes of customers. Default: 150.
    pub customer: u32,
    /// Our own routes. Default: 190.
    pub own: u32,
    /// Routes whose traffic is dropped. Default: 900.
    pub blackhole: u32,
}

/// One rule of the operator: if a route meets every condition given, do every action given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRule {
    /// Condition: the route is one of these prefixes or more specific.
    pub prefixes: Vec<IpNet>,
    /// Condition: it carries one of these communities.
    pub communities: Vec<Community>,
    /// Condition: one of these AS numbers is in its path.
    pub path: Vec<Asn>,
    /// Action: refuse it, with this reason.
    pub reject: Option<String>,
    /// Action: set its local preference.
    pub local_pref: Option<u32>,
    /// Action: add these communities.
    pub add: Vec<Community>,
    /// Action: prepend our AS so many times.
    pub prepend: Option<u8>,
    /// Where it is declared.
    pub at: At,
}

/// What to do with routes that the RPKI calls invalid (RFC 6811).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoaMode {
    /// Refuse them.
    Reject,
    /// Take them: for a transition only.
    Ignore,
}

impl Word for RoaMode {
    const WORDS: &'static [(&'static str, Self)] =
        &[("reject", Self::Reject), ("ignore", Self::Ignore)];
}

impl Default for LocalPreferences {
    fn default() -> Self {
        Self { transit: 100, route_server: 110, peer: 120, customer: 150, own: 190, blackhole: 900 }
    }
}

impl Named for Policy {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Policy {
    const KIND: &'static str = "policy";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            max_path: fields.or("max_path", 64),
            longest4: fields.or("longest4", 24),
            longest6: fields.or("longest6", 48),
            rpki: fields.or("rpki", RoaMode::Reject),
            tier1: fields.list("tier1"),
            local_pref: fields.table("local_pref").map(LocalPreferences::read).unwrap_or_default(),
            import: fields.array("import").into_iter().map(PolicyRule::read).collect(),
            export: fields.array("export").into_iter().map(PolicyRule::read).collect(),
            at: fields.at(),
        }
    }
}

impl Default for Policy {
    /// The policy of an ISP that declares none.
    fn default() -> Self {
        Self {
            name: "default".into(),
            description: None,
            max_path: 64,
            longest4: 24,
            longest6: 48,
            rpki: RoaMode::Reject,
            tier1: Vec::new(),
            local_pref: LocalPreferences::default(),
            import: Vec::new(),
            export: Vec::new(),
            at: At::default(),
        }
    }
}

impl LocalPreferences {
    fn read(mut fields: Fields<'_>) -> Self {
        let usual = Self::default();
        let read = Self {
            transit: fields.or("transit", usual.transit),
            route_server: fields.or("route_server", usual.route_server),
            peer: fields.or("peer", usual.peer),
            customer: fields.or("customer", usual.customer),
            own: fields.or("own", usual.own),
            blackhole: fields.or("blackhole", usual.blackhole),
        };
        fields.done();
        read
    }
}

impl PolicyRule {
    fn read(mut fields: Fields<'_>) -> Self {
        let rule = Self {
            prefixes: fields.list("prefixes"),
            communities: fields.list("communities"),
            path: fields.list("path"),
            reject: fields.get("reject"),
            local_pref: fields.get("local_pref"),
            add: fields.list("add"),
            prepend: fields.get("prepend"),
            at: fields.at(),
        };
        fields.done();
        rule
    }
}
