//! Whether the hosts of a VIP hear each other: who hears nobody believes that it is alone.

use crate::tell::wrong;
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{Action, Host, Rule, RuleGroup, Target, Vip};
use model::value::Port;
use model::{Finding, Id, Isp, Named as _};

/// N4-VRRP-DROPPED: a rule that makes a host of a VIP deaf for the others.
pub(crate) fn dropped(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for group in isp.rules.values() {
        for rule in group.rule.iter().filter(|rule| forbids(rule)) {
            let deaf =
                isp.vips.values().filter_map(|vip| Some((vip, deaf(isp, group, rule, vip)?)));
            findings.extend(deaf.map(|(vip, host)| told(group, rule, vip, &isp.hosts[host])));
        }
    }
    findings
}

fn told(group: &RuleGroup, rule: &Rule, vip: &Vip, host: &Host) -> Finding {
    let at = group.rule.iter().position(|own| own.at.place == rule.at.place).unwrap_or_default();
    let (number, group) = (at + 1, &group.at.key);
    let says = format!(
        "rule {number} of {group} makes {} deaf for the other hosts of {}: two would answer",
        host.at.key, vip.at.key
    );
    wrong(rule.at.field("ports"), says)
        .also(vip.at.field("hosts"), "these must hear each other")
        .about(group.clone())
        .about(vip.at.key.clone())
        .about(host.at.key.clone())
        .hint("name a narrower `source` that holds none of these hosts, or remove \"vrrp\"")
}

/// Only a rule that names the protocol comes before what VIPs need.
fn forbids(rule: &Rule) -> bool {
    rule.action != Action::Accept && rule.ports.contains(&Port::Vrrp)
}

/// The first host of a VIP that drops by this rule what another one sends.
fn deaf(isp: &Isp, group: &RuleGroup, rule: &Rule, vip: &Vip) -> Option<Id<Host>> {
    let guarded =
        |host: &&Id<Host>| isp.hosts[**host].managed && concerns(isp, group, rule, **host);
    let hears_none = |host: &&Id<Host>| {
        let mut others = vip.hosts.iter().filter(|other| other != host);
        others
            .any(|other| Family::BOTH.into_iter().any(|f| sent(isp, group, rule, vip, (other, f))))
    };
    vip.hosts.iter().filter(guarded).find(hears_none).copied()
}

/// Whether a rule is about what comes to a host: what is said of a whole zone or segment is not
/// about the routers and firewalls in it.
fn concerns(isp: &Isp, group: &RuleGroup, rule: &Rule, id: Id<Host>) -> bool {
    let host = &isp.hosts[id];
    let exact = host.role.forwards();
    if rule.destination.is_empty() {
        let zones = host.nic.iter().filter_map(|nic| isp.zone_of(nic.segment));
        let mut zones = zones.filter(|zone| !zone.rest);
        let to = |name: &str| group.to.iter().any(|id| isp.zones[*id].name() == name);
        return !exact && zones.any(|zone| to(zone.name()));
    }
    let vips =
        isp.vips_of(id).flat_map(|vip| Family::BOTH.into_iter().filter_map(|f| vip.address(f)));
    let own: Vec<_> = host.addresses().into_iter().chain(vips).collect();
    rule.destination.iter().any(|target| {
        let named = matches!(target, Target::Host(_) | Target::Vip(_)) || !exact;
        let mut prefixes = Family::BOTH.into_iter().flat_map(|f| isp.prefixes_of(target, f));
        named && prefixes.any(|prefix| own.iter().any(|address| prefix.contains(address)))
    })
}

/// Whether a rule matches the advertisements of a host: IPv4 ones come from its address on the
/// segment, IPv6 ones from a link-local one, which a zone or segment means on its own links.
fn sent(isp: &Isp, group: &RuleGroup, rule: &Rule, vip: &Vip, by: (&Id<Host>, Family)) -> bool {
    let (host, family) = by;
    let from = || group.from.iter().map(|id| &isp.zones[*id]);
    let address = isp.hosts[*host].nic_on(vip.segment).and_then(|nic| nic.address(Family::V4));
    if vip.address(family).is_none() || (family == Family::V4 && address.is_none()) {
        return false;
    }
    if rule.source.is_empty() {
        let zone = |prefix: IpNet| address.is_some_and(|address| prefix.contains(&address));
        let mut segments = from().flat_map(|zone| zone.segments.iter());
        return from().any(|zone| zone.rest)
            || match family {
                Family::V4 => segments.any(|id| isp.sources_on(*id, family).into_iter().any(zone)),
                Family::V6 => {
                    segments.any(|id| *id == vip.segment && isp.segments[*id].ipv6.is_some())
                }
            };
    }
    rule.source.iter().any(|target| {
        let mut prefixes = isp.prefixes_of(target, family).into_iter();
        match family {
            Family::V4 => prefixes.any(|p| address.is_some_and(|address| p.contains(&address))),
            Family::V6 => {
                let whole = *target == Target::Segment(vip.segment) && prefixes.len() > 0;
                whole || prefixes.any(|prefix| meets(prefix, "fe80::/10"))
            }
        }
    })
}

fn meets(prefix: IpNet, other: &str) -> bool {
    let other: Option<IpNet> = other.parse().ok();
    other.is_some_and(|other| other.contains(&prefix) || prefix.contains(&other))
}
