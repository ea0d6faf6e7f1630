//! Declared rule groups: as chains of a firewall, and as what a host lets in for itself.

use super::Here;
use crate::packet::rules::{Action, Addresses, Match, Protocol, Rule, Transport};
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{self, RuleGroup, Target, Zone};
use model::value::Port;
use model::{Id, Isp, Named as _};

/// The chain of a group.
pub(super) fn chain_name(group: &RuleGroup) -> String {
    format!("group_{}", group.name())
}

/// The rules of a group as a firewall's chain holds them.
pub(super) fn group(isp: &Isp, group: &RuleGroup) -> Vec<Rule> {
    let rules = numbered(group);
    rules
        .flat_map(|(comment, rule)| {
            let ends = |family| {
                let source = targets(isp, &rule.source, family)?;
                Some((source, targets(isp, &rule.destination, family)?))
            };
            let everywhere = rule.source.is_empty() && rule.destination.is_empty();
            expand(&comment, rule, (!everywhere).then_some(&ends))
        })
        .collect()
}

/// What the groups let a host take: a firewall that lets a connection through to a host would do
/// so in vain if the host refused it. The order is that of the firewall.
pub(super) fn to_host(here: &Here<'_>) -> Vec<Rule> {
    let mut all = Vec::new();
    for group in here.isp.rules.values() {
        for (comment, rule) in numbered(group).filter(|(_, rule)| means(here, group, rule)) {
            // VRRP alone is let in by VIPs and forbidden by `forbidden`.
            if rule.ports.iter().all(|port| *port == Port::Vrrp) && !rule.ports.is_empty() {
                continue;
            }
            let ends = |family| {
                let source = match rule.source.as_slice() {
                    [] => from_zones(here.isp, &group.from, family)?,
                    some => targets(here.isp, some, family)?,
                };
                Some((source, held(here, rule, family)?))
            };
            let open = rule.source.is_empty() && any_rest(here.isp, &group.from);
            let anything = open && rule.destination.is_empty();
            all.extend(expand(&comment, rule, (!anything).then_some(&ends)));
        }
    }
    all
}

/// Where the groups forbid VRRP. It goes to a group address, so such a rule has no destination; it is
/// the operator's word against what follows from VIPs, so it stands first.
pub(super) fn forbidden(here: &Here<'_>) -> Vec<Rule> {
    let mut all = Vec::new();
    for group in here.isp.rules.values() {
        for (comment, rule) in numbered(group).filter(|(_, rule)| means(here, group, rule)) {
            if !rule.ports.contains(&Port::Vrrp) || rule.action == kinds::Action::Accept {
                continue;
            }
            let ends = |family| {
                let source = match rule.source.as_slice() {
                    [] => from_zones(here.isp, &group.from, family)?,
                    some => targets(here.isp, some, family)?,
                };
                Some((source, None))
            };
            let open = rule.source.is_empty() && any_rest(here.isp, &group.from);
            let vrrp = kinds::Rule { ports: vec![Port::Vrrp], ..rule.clone() };
            all.extend(expand(&comment, &vrrp, (!open).then_some(&ends)));
            if !open {
                all.extend(on_link(here, group, (&comment, &vrrp)));
            }
        }
    }
    all
}

/// IPv6 routers speak of themselves from link-local addresses: whoever means a link means these, on
/// that link.
fn on_link(here: &Here<'_>, group: &RuleGroup, (comment, rule): (&str, &kinds::Rule)) -> Vec<Rule> {
    let named = rule.source.iter().filter_map(|target| match target {
        Target::Segment(id) => Some(*id),
        Target::Host(_)
        | Target::Vip(_)
        | Target::Pool(_)
        | Target::Zone(_)
        | Target::Neighbor(_)
        | Target::Service(_)
        | Target::Prefix(_) => None,
    });
    let zoned = group.from.iter().filter(|_| rule.source.is_empty());
    let zoned = zoned.flat_map(|id| here.isp.zones[*id].segments.iter().copied());
    let segments: Vec<_> = named.chain(zoned).collect();
    let nics = here.host.nic.iter().filter(|nic| segments.contains(&nic.segment));
    let names: Vec<String> = nics.flat_map(|nic| here.names(nic)).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let near = |family| {
        let near = [super::control::link_local()].into_iter().filter(|_| family == Family::V6);
        Some((Some(Addresses::of(family, near)?), None))
    };
    let rules = expand(comment, rule, Some(&near)).into_iter();
    rules.map(|rule| rule.when(Match::In(names.clone()))).collect()
}

/// The rules of a group with the name of their counter, `GROUP.1` and so on.
fn numbered(group: &RuleGroup) -> impl Iterator<Item = (String, &kinds::Rule)> {
    group
        .rule
        .iter()
        .zip(1..)
        .map(|(rule, number): (_, u32)| (format!("{}.{number}", group.name()), rule))
}

/// Whether a rule is about connections to a host. What is said of a whole zone or segment is not
/// about the routers and firewalls in it, and leave to go to the Internet is not leave to come in.
fn means(here: &Here<'_>, group: &RuleGroup, rule: &kinds::Rule) -> bool {
    let own = here.addresses();
    let exact = here.host.role.forwards();
    let target = |target: &Target| {
        let named = matches!(target, Target::Host(_) | Target::Vip(_)) || !exact;
        let mut prefixes = Family::BOTH.into_iter().flat_map(|f| here.isp.prefixes_of(target, f));
        named && prefixes.any(|prefix| own.iter().any(|address| prefix.contains(address)))
    };
    if !rule.destination.is_empty() {
        return rule.destination.iter().any(target);
    }
    let zoned = |nic: &kinds::Nic| {
        let zone = here.isp.zone_of(nic.segment).map(Zone::name);
        let to = group.to.iter().map(|id| &here.isp.zones[*id]).filter(|zone| !zone.rest);
        to.map(Zone::name).any(|name| Some(name) == zone)
    };
    !exact && here.host.nic.iter().any(zoned)
}

/// The host's addresses among a rule's destinations: none wanted, some, or (outer none) none left.
#[expect(clippy::option_option, reason = "no condition and no address are different answers")]
fn held(here: &Here<'_>, rule: &kinds::Rule, family: Family) -> Option<Option<Addresses>> {
    if rule.destination.is_empty() {
        return Some(None);
    }
    let wanted: Vec<IpNet> =
        rule.destination.iter().flat_map(|one| here.isp.prefixes_of(one, family)).collect();
    let inside = |own: &IpNet| wanted.iter().any(|prefix| prefix.contains(own));
    Addresses::of(family, here.addresses().into_iter().filter(inside)).map(Some)
}

/// What targets stand for in a family: no condition for no target; outer none where targets are
/// named and none has an address of the family.
#[expect(clippy::option_option, reason = "no condition and no address are different answers")]
fn targets(isp: &Isp, targets: &[Target], family: Family) -> Option<Option<Addresses>> {
    if targets.is_empty() {
        return Some(None);
    }
    let prefixes = targets.iter().flat_map(|target| isp.prefixes_of(target, family));
    Addresses::of(family, prefixes).map(Some)
}

/// Who is in the zones: no condition if one of them holds the Internet.
#[expect(clippy::option_option, reason = "no condition and no address are different answers")]
fn from_zones(isp: &Isp, zones: &[Id<Zone>], family: Family) -> Option<Option<Addresses>> {
    if any_rest(isp, zones) {
        return Some(None);
    }
    let segments = zones.iter().flat_map(|id| isp.zones[*id].segments.iter());
    Addresses::of(family, segments.flat_map(|id| isp.sources_on(*id, family))).map(Some)
}

fn any_rest(isp: &Isp, zones: &[Id<Zone>]) -> bool {
    zones.iter().any(|id| isp.zones[*id].rest)
}

/// Source and destination of a rule in a family; none if the rule has nothing to say there.
type Ends<'a> = dyn Fn(Family) -> Option<(Option<Addresses>, Option<Addresses>)> + 'a;

/// One declared rule as rules of the filter: by family where it names addresses (`ends`) or ICMP,
/// by protocol where it names ports, twice where it is logged.
fn expand(comment: &str, rule: &kinds::Rule, ends: Option<&Ends<'_>>) -> Vec<Rule> {
    let protocols = protocols(&rule.ports);
    let mut all: Vec<Vec<Match>> = Vec::new();
    match ends {
        None => all.extend(protocols.iter().map(|one| one.iter().cloned().collect())),
        Some(ends) => {
            for (source, destination) in Family::BOTH.into_iter().filter_map(ends) {
                let addresses: Vec<Match> = source
                    .map(Match::Source)
                    .into_iter()
                    .chain(destination.map(Match::Destination))
                    .collect();
                let with = |one: &Option<Match>| addresses.iter().chain(one).cloned().collect();
                all.extend(protocols.iter().map(with));
            }
        }
    }
    drop_mixed(&mut all);
    all.into_iter().flat_map(|matches| written(comment, rule, &matches)).collect()
}

/// Ping of one family from addresses of the other is nothing.
fn drop_mixed(all: &mut Vec<Vec<Match>>) {
    let family = |one: &Match| match one {
        Match::Family(family) | Match::Icmp(family, _) | Match::Fresh(family) => Some(*family),
        Match::Source(all) | Match::SourceOutside(all) | Match::Destination(all) => {
            Some(all.family)
        }
        Match::In(_)
        | Match::Out(_)
        | Match::Protocol(_)
        | Match::To(..)
        | Match::From(..)
        | Match::Underway
        | Match::State(_) => None,
    };
    all.retain(|matches| {
        let mut families = matches.iter().filter_map(family);
        let first = families.next();
        families.all(|other| Some(other) == first)
    });
}

/// The conditions that ports stand for, one for each rule that is needed.
fn protocols(ports: &[Port]) -> Vec<Option<Match>> {
    if ports.is_empty() {
        return vec![None];
    }
    let of = |transport: Transport| {
        let pair = move |port: &Port| match (port, transport) {
            (Port::Tcp(first, last), Transport::Tcp) | (Port::Udp(first, last), Transport::Udp) => {
                Some((*first, *last))
            }
            (
                Port::Tcp(..) | Port::Udp(..) | Port::Icmp | Port::Esp | Port::Gre | Port::Vrrp,
                _,
            ) => None,
        };
        let mut pairs: Vec<(u16, u16)> = ports.iter().filter_map(pair).collect();
        pairs.sort_unstable();
        let pairs = joined(pairs);
        (!pairs.is_empty()).then_some(Some(Match::To(transport, pairs)))
    };
    let ping = ports.contains(&Port::Icmp);
    let ping = Family::BOTH.into_iter().filter(|_| ping).map(|family| Some(super::icmp(family)));
    let bare = ports.iter().filter_map(|port| bare(*port)).map(|one| Some(Match::Protocol(one)));
    [Transport::Tcp, Transport::Udp].into_iter().filter_map(of).chain(ping).chain(bare).collect()
}

/// The protocol that a port stands for, where it has no ports and is not ICMP.
fn bare(port: Port) -> Option<Protocol> {
    match port {
        Port::Tcp(..) | Port::Udp(..) | Port::Icmp => None,
        Port::Esp => Some(Protocol::Esp),
        Port::Gre => Some(Protocol::Gre),
        Port::Vrrp => Some(Protocol::Vrrp),
    }
}

/// Sorted ranges of ports, none overlapping another: a set refuses those that do.
fn joined(pairs: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    let mut all: Vec<(u16, u16)> = Vec::new();
    for (first, last) in pairs {
        match all.last_mut() {
            Some((_, end)) if first <= *end => *end = last.max(*end),
            Some(_) | None => all.push((first, last)),
        }
    }
    all
}

/// The rule, after one that shows its first packets where that is wished for.
fn written(comment: &str, rule: &kinds::Rule, matches: &[Match]) -> Vec<Rule> {
    let action = match rule.action {
        kinds::Action::Accept => Action::Accept,
        kinds::Action::Drop => Action::Drop,
        kinds::Action::Reject => Action::Reject,
    };
    let with = |rule: Rule| Rule { matches: matches.to_vec(), ..rule };
    let shown = Rule::new(format!("{comment} log"), Action::Log(comment.to_owned())).at_most(10);
    let shown = rule.log.then(|| with(shown));
    shown.into_iter().chain([with(Rule::new(comment, action))]).collect()
}
