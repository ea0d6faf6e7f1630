//! Zones and rule groups: every segment in one zone, every rule reached, none against another.

use crate::tell::{twice, wrong, wrong_in};
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{Host, Role, Rule, RuleGroup, Segment, SegmentKind, Target, Vip, Zone};
use model::value::Port;
use model::{Finding, Id, Isp, Named as _};
use std::collections::{BTreeMap, BTreeSet};

/// N5-ZONE-TWICE.
pub(crate) fn segments_twice(isp: &Isp) -> Vec<Finding> {
    let held = isp.zones.values().flat_map(|zone| zone.segments.iter().map(move |id| (*id, zone)));
    let told = |(segment, first, again): (Id<Segment>, &Zone, &Zone)| {
        let segment = &isp.segments[segment];
        let says = if first.name == again.name {
            format!("{} lists {} twice", first.at.key, segment.at.key)
        } else {
            format!("{} is in {} and in {}", segment.at.key, first.at.key, again.at.key)
        };
        wrong_in(&again.at, "segments", says)
            .also(first.at.field("segments"), "first here")
            .about(first.at.key.clone())
            .about(segment.at.key.clone())
            .hint("keep it in one zone: rules of the other one would never see its packets")
    };
    twice(held).into_iter().map(told).collect()
}

/// N5-ZONE-REST.
pub(crate) fn rests(isp: &Isp) -> Vec<Finding> {
    let rests = isp.zones.values().filter(|zone| zone.rest).map(|zone| ((), zone));
    let told = |((), first, again): ((), &Zone, &Zone)| {
        let says = format!("{} and {} both hold the rest", first.at.key, again.at.key);
        wrong_in(&again.at, "rest", says)
            .also(first.at.field("rest"), "first here")
            .about(first.at.key.clone())
            .hint("one zone holds what is in no other: remove `rest` from the other one")
    };
    twice(rests).into_iter().map(told).collect()
}

/// N5-ZONE-EMPTY.
pub(crate) fn empty_zones(isp: &Isp) -> Vec<Finding> {
    let told = |zone: &Zone| {
        let says = format!("{} holds nothing: rules from or to it never match", zone.at.key);
        wrong_in(&zone.at, "segments", says).hint("add `segments = […]`, or delete the zone")
    };
    isp.zones.values().filter(|zone| zone.segments.is_empty() && !zone.rest).map(told).collect()
}

/// N5-GROUP-EMPTY.
pub(crate) fn empty_groups(isp: &Isp) -> Vec<Finding> {
    let told = |group: &RuleGroup| {
        let says = format!("{} has no rule: nothing passes by it", group.at.key);
        wrong(group.at.place, says)
            .about(group.at.key.clone())
            .hint(format!("add [[rules.{}.rule]], or delete the group", group.name()))
    };
    isp.rules.values().filter(|group| group.rule.is_empty()).map(told).collect()
}

/// N5-NO-FIREWALL.
pub(crate) fn no_firewall(isp: &Isp) -> Vec<Finding> {
    let Some(group) = isp.rules.values().next() else { return Vec::new() };
    if isp.with_role(Role::Firewall).next().is_some() {
        return Vec::new();
    }
    let says = "there are rules, but no host has the role firewall";
    let finding = wrong(group.at.place, says).about(group.at.key.clone());
    vec![finding.hint("declare a host with `role = \"firewall\"`, or delete the rules")]
}

/// N5-NOTRACK: a firewall on a segment where connections are not tracked (F1).
pub(crate) fn untracked(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (_, host) in isp.with_role(Role::Firewall) {
        for nic in &host.nic {
            let segment = &isp.segments[nic.segment];
            if segment.kind == SegmentKind::Backbone || segment.kind.is_external() {
                let says = format!(
                    "{} is on {}, where connections are not tracked",
                    nic.at.key, segment.at.key
                );
                let finding =
                    wrong_in(&nic.at, "segment", says).also(segment.at.field("kind"), "its kind");
                let hint = "put the firewall on segments of kind \"lan\": its rules need the state of connections";
                findings.push(finding.about(segment.at.key.clone()).hint(hint));
            }
        }
    }
    findings
}

/// N5-SYNC: firewalls that take over from each other without knowing the connections.
pub(crate) fn unsynchronised(isp: &Isp) -> Vec<Finding> {
    let mut pairs: BTreeMap<&[Id<Host>], &Vip> = BTreeMap::new();
    for vip in isp.vips.values() {
        let firewalls = vip.hosts.iter().all(|id| isp.hosts[*id].role == Role::Firewall);
        if firewalls && vip.hosts.len() > 1 {
            pairs.entry(&vip.hosts).or_insert(vip);
        }
    }
    let shared = |vip: &Vip| {
        let mut on = vip.hosts.iter().map(|id| {
            let nics = isp.hosts[*id].nic.iter().map(|nic| nic.segment);
            nics.filter(|id| isp.segments[*id].kind == SegmentKind::Sync).collect::<BTreeSet<_>>()
        });
        let first = on.next().unwrap_or_default();
        !on.fold(first, |all, next| &all & &next).is_empty()
    };
    let told = |vip: &Vip| {
        let says = format!("the firewalls of {} share no segment of kind sync", vip.at.key);
        wrong_in(&vip.at, "hosts", says)
            .hint("give both an interface on one: every connection breaks on take-over otherwise")
    };
    pairs.into_values().filter(|vip| !shared(vip)).map(told).collect()
}

/// What a rule matches, ready to compare. No list means anything.
struct Match<'a> {
    rule: &'a Rule,
    source: Option<Vec<IpNet>>,
    destination: Option<Vec<IpNet>>,
}

fn matches<'a>(isp: &Isp, group: &'a RuleGroup) -> Vec<Match<'a>> {
    let of = |rule: &'a Rule| Match {
        rule,
        source: side(isp, &rule.source),
        destination: side(isp, &rule.destination),
    };
    group.rule.iter().map(of).collect()
}

fn side(isp: &Isp, targets: &[Target]) -> Option<Vec<IpNet>> {
    if targets.is_empty() {
        return None;
    }
    let of =
        |target| Family::BOTH.into_iter().flat_map(move |family| isp.prefixes_of(target, family));
    Some(IpNet::aggregate(&targets.iter().flat_map(of).collect()))
}

fn holds(outer: Option<&Vec<IpNet>>, inner: Option<&Vec<IpNet>>) -> bool {
    match (outer, inner) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(outer), Some(inner)) => inner.iter().all(|net| outer.iter().any(|o| o.contains(net))),
    }
}

fn meet(one: Option<&Vec<IpNet>>, other: Option<&Vec<IpNet>>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return true };
    one.iter().any(|a| other.iter().any(|b| a.contains(b) || b.contains(a)))
}

/// Whether ports cover others; no port means every protocol.
fn covers_ports(outer: &[Port], inner: &[Port]) -> bool {
    let one = |inner: &Port| outer.iter().any(|outer| covers_port(*outer, *inner));
    outer.is_empty() || (!inner.is_empty() && inner.iter().all(one))
}

fn covers_port(outer: Port, inner: Port) -> bool {
    let within = |a: u16, b: u16, c: u16, d: u16| a <= c && d <= b;
    match (outer, inner) {
        (Port::Tcp(a, b), Port::Tcp(c, d)) | (Port::Udp(a, b), Port::Udp(c, d)) => {
            within(a, b, c, d)
        }
        (outer, inner) => outer == inner,
    }
}

fn ports_meet(one: &[Port], other: &[Port]) -> bool {
    let touch = |one: Port, other: Port| match (one, other) {
        (Port::Tcp(a, b), Port::Tcp(c, d)) | (Port::Udp(a, b), Port::Udp(c, d)) => a <= d && c <= b,
        (one, other) => one == other,
    };
    let any = || one.iter().any(|a| other.iter().any(|b| touch(*a, *b)));
    one.is_empty() || other.is_empty() || any()
}

impl Match<'_> {
    fn covers(&self, later: &Self) -> bool {
        holds(self.source.as_ref(), later.source.as_ref())
            && holds(self.destination.as_ref(), later.destination.as_ref())
            && covers_ports(&self.rule.ports, &later.rule.ports)
    }

    fn meets(&self, other: &Self) -> bool {
        meet(self.source.as_ref(), other.source.as_ref())
            && meet(self.destination.as_ref(), other.destination.as_ref())
            && ports_meet(&self.rule.ports, &other.rule.ports)
    }
}

/// N5-RULE-SHADOWED: an earlier rule of the group takes all of its packets, and does otherwise.
pub(crate) fn shadowed(isp: &Isp) -> Vec<Finding> {
    hidden(
        isp,
        |first, later| first.action != later.action,
        |group, first, later| {
            let (number, earlier) = (position(group, later), position(group, first));
            let says = format!(
                "rule {number} of {} never matches: rule {earlier} takes all of its packets",
                group.at.key
            );
            wrong(later.at.place, says)
                .hint("the first rule that matches decides: move the narrower rule up")
        },
    )
}

/// N5-RULE-REDUNDANT: the same, and does the same.
pub(crate) fn redundant(isp: &Isp) -> Vec<Finding> {
    hidden(
        isp,
        |first, later| first.action == later.action,
        |group, first, later| {
            let (number, earlier) = (position(group, later), position(group, first));
            let says = format!("rule {number} of {} adds nothing to rule {earlier}", group.at.key);
            wrong(later.at.place, says).hint("delete it, or correct what it matches")
        },
    )
}

fn position(group: &RuleGroup, rule: &Rule) -> usize {
    1 + group.rule.iter().position(|own| std::ptr::eq(own, rule)).unwrap_or_default()
}

fn hidden(
    isp: &Isp,
    asked: impl Fn(&Rule, &Rule) -> bool,
    tell: impl Fn(&RuleGroup, &Rule, &Rule) -> Finding,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for group in isp.rules.values() {
        let matches = matches(isp, group);
        for (number, later) in matches.iter().enumerate() {
            let mut earlier = matches.get(..number).unwrap_or_default().iter();
            let Some(first) = earlier.find(|first| first.covers(later)) else { continue };
            if asked(first.rule, later.rule) {
                let finding = tell(group, first.rule, later.rule);
                findings.push(
                    finding
                        .also(first.rule.at.place, "this one comes first")
                        .about(group.at.key.clone()),
                );
            }
        }
    }
    findings
}

/// N5-RULE-ZONE: a source that is not in `from`, a destination that is not in `to`.
pub(crate) fn outside_zones(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for group in isp.rules.values().filter(|group| {
        group.rule.iter().any(|rule| !rule.source.is_empty() || !rule.destination.is_empty())
    }) {
        let (from, to) = (space(isp, &group.from), space(isp, &group.to));
        for rule in &group.rule {
            for (key, targets, zone, word) in [
                ("source", &rule.source, &from, "from"),
                ("destination", &rule.destination, &to, "to"),
            ] {
                if meet(side(isp, targets).as_ref(), zone.as_ref()) {
                    continue;
                }
                let says = format!(
                    "the {key} of rule {} of {} is in no zone of `{word}`",
                    position(group, rule),
                    group.at.key
                );
                let finding =
                    wrong(rule.at.field(key), says).also(group.at.field(word), "the zones");
                let finding = finding.about(group.at.key.clone());
                findings.push(
                    finding.hint(format!("the rule never matches: correct the {key}, or `{word}`")),
                );
            }
        }
    }
    findings
}

/// The addresses of zones; nothing where one of them holds the rest, which may be anything.
fn space(isp: &Isp, zones: &[Id<Zone>]) -> Option<Vec<IpNet>> {
    let zones = || zones.iter().map(|id| &isp.zones[*id]);
    if zones().any(|zone| zone.rest) {
        return None;
    }
    let segments = zones().flat_map(|zone| zone.segments.iter());
    let of = |id: &Id<Segment>| Family::BOTH.map(|family| isp.sources_on(*id, family));
    Some(segments.flat_map(of).flatten().collect())
}

/// N5-RULE-FAMILY: an IPv4 source with an IPv6 destination.
pub(crate) fn families(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for group in isp.rules.values() {
        for one in matches(isp, group) {
            let (Some(source), Some(destination)) = (&one.source, &one.destination) else {
                continue;
            };
            let of = |nets: &[IpNet]| {
                nets.iter().map(|net| Family::of_net(*net)).collect::<BTreeSet<_>>()
            };
            if of(source).is_disjoint(&of(destination)) {
                let says = format!(
                    "source and destination of rule {} of {} have no address family in common",
                    position(group, one.rule),
                    group.at.key
                );
                let finding = wrong(one.rule.at.field("destination"), says);
                let finding = finding
                    .also(one.rule.at.field("source"), "the source")
                    .about(group.at.key.clone());
                findings.push(
                    finding.hint("no packet has both: add the addresses of the other family"),
                );
            }
        }
    }
    findings
}

/// N5-GROUP-OVERLAP: two groups that say different things about the same packets.
pub(crate) fn contradictions(isp: &Isp) -> Vec<Finding> {
    let mut ways: BTreeMap<(Id<Zone>, Id<Zone>), Vec<&RuleGroup>> = BTreeMap::new();
    for group in isp.rules.values() {
        for way in group.from.iter().flat_map(|from| group.to.iter().map(move |to| (*from, *to))) {
            ways.entry(way).or_default().push(group);
        }
    }
    let mut told: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut findings = Vec::new();
    for groups in ways.values() {
        for (number, later) in groups.iter().enumerate() {
            let earlier = groups.get(..number).unwrap_or_default();
            for first in earlier.iter().filter(|first| first.name != later.name) {
                if told.insert((&first.name, &later.name)) {
                    findings.extend(contradiction(isp, first, later));
                }
            }
        }
    }
    findings
}

fn contradiction(isp: &Isp, first: &RuleGroup, later: &RuleGroup) -> Option<Finding> {
    let (ones, others) = (matches(isp, first), matches(isp, later));
    let pairs = ones.iter().flat_map(|one| others.iter().map(move |other| (one, other)));
    let mut odd =
        pairs.filter(|(one, other)| one.rule.action != other.rule.action && one.meets(other));
    let (one, other) = odd.next()?;
    let says =
        format!("{} and {} decide differently about the same packets", first.at.key, later.at.key);
    let finding = wrong(other.rule.at.place, says)
        .also(one.rule.at.place, "decides first: groups are asked in the order of their names")
        .about(later.at.key.clone())
        .about(first.at.key.clone());
    Some(finding.hint("put both rules into one group, in the order that is meant"))
}
