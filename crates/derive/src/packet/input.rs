//! What is for the host itself: the frame that all roles share, and what members use.

use super::{Here, control, declared, icmp, last, replies};
use crate::packet::rules::{Action, Addresses, Match, Protocol, Rule, State};
use model::Named as _;
use model::ask::Family;
use model::kinds::{Exposure, Role, SegmentKind};

/// For hosts that track connections.
pub(super) fn tracked(here: &Here<'_>) -> Vec<Rule> {
    let mut rules = vec![loopback()];
    rules.extend(declared::forbidden(here));
    rules.push(established());
    rules.extend(neighbours());
    rules.push(invalid());
    rules.extend(open(here));
    rules.extend(last("input"));
    rules
}

/// For routers, which track nothing.
pub(super) fn untracked(here: &Here<'_>) -> Vec<Rule> {
    let mut rules = vec![loopback()];
    rules.extend(declared::forbidden(here));
    rules.extend(neighbours());
    rules.extend(control::routing(here));
    rules.extend(open(here));
    rules.extend(replies());
    rules.extend(last("input"));
    rules
}

fn loopback() -> Rule {
    Rule::accept("loopback").when(Match::In(vec!["lo".to_owned()]))
}

/// Connections that were let in once, or opened from here.
pub(super) fn established() -> Rule {
    Rule::accept("established").when(Match::State(&[State::Established, State::Related]))
}

pub(super) fn invalid() -> Rule {
    Rule::new("invalid", Action::Drop).when(Match::State(&[State::Invalid]))
}

/// Without neighbour discovery there is no IPv6 (RFC 4890 section 4.4.1); without group
/// membership a switch may stop to deliver VRRP and OSPF.
fn neighbours() -> Vec<Rule> {
    let discovery = Match::Icmp(
        Family::V6,
        &["nd-router-solicit", "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert"],
    );
    let listeners = Match::Icmp(
        Family::V6,
        &["mld-listener-query", "mld-listener-report", "mld-listener-done", "mld2-listener-report"],
    );
    vec![
        // RFC 4861 section 6.1: what came over a router is not of a neighbour.
        Rule::accept("neighbour discovery").when(discovery).when(Match::Fresh(Family::V6)),
        Rule::accept("group membership ipv6").when(listeners),
        Rule::accept("group membership ipv4").when(Match::Protocol(Protocol::Igmp)),
    ]
}

/// Everything that a stranger's packet may open.
fn open(here: &Here<'_>) -> Vec<Rule> {
    let mut rules = control::vrrp(here);
    rules.extend(control::sync(here));
    rules.extend(ssh(here));
    for family in Family::BOTH {
        let comment = format!("icmp ipv{}", family.digit());
        rules.push(Rule::accept(comment).when(icmp(family)).at_most(100));
    }
    rules.extend(proxied(here));
    rules.extend(services(here));
    rules.extend(origins(here));
    rules.extend(declared::to_host(here));
    rules
}

/// The team comes from management, from our routers, and to hosts that are not routers from our
/// own prefixes: the VPN is among them.
fn ssh(here: &Here<'_>) -> Vec<Rule> {
    const TEAM: &[SegmentKind] = &[SegmentKind::Management, SegmentKind::OutOfBand];
    let nics = here.names_of(TEAM);
    let from_nics = (!nics.is_empty())
        .then(|| Rule::accept("ssh management").when(Match::In(nics)).when(Match::tcp(22)));
    let from = |what: &str, source: Addresses| {
        let comment = format!("ssh {what} ipv{}", source.family.digit());
        Rule::accept(comment).when(Match::Source(source)).when(Match::tcp(22))
    };
    let inner = Family::BOTH.into_iter().filter_map(|family| here.infrastructure(family));
    let own = Family::BOTH.into_iter().filter_map(|family| here.own(family));
    let own = own.filter(|_| !here.host.role.forwards());
    from_nics
        .into_iter()
        .chain(inner.map(|source| from("infrastructure", source)))
        .chain(own.map(|source| from("own", source)))
        .collect()
}

/// What everybody asks a proxy for.
fn proxied(here: &Here<'_>) -> Vec<Rule> {
    if here.host.role != Role::Proxy || here.isp.services.is_empty() {
        return Vec::new();
    }
    let web = Match::To(crate::packet::rules::Transport::Tcp, vec![(80, 80), (443, 443)]);
    vec![Rule::accept("proxy web").when(web)]
}

/// A service's port: for the proxies only; where there is none, for those that it is exposed to.
fn services(here: &Here<'_>) -> Vec<Rule> {
    let proxies: Vec<_> =
        here.isp.with_role(Role::Proxy).flat_map(|(_, host)| host.addresses()).collect();
    let mut rules = Vec::new();
    for service in here.isp.services_on(here.id) {
        let comment = format!("service.{}", service.name());
        let rule = || Rule::accept(&*comment);
        if proxies.is_empty() && service.exposure == Exposure::Public {
            rules.push(rule().when(Match::tcp(service.port)));
            continue;
        }
        for family in Family::BOTH {
            let own = here.own(family).filter(|_| proxies.is_empty());
            let from = own.or_else(|| Addresses::of(family, proxies.iter().copied()));
            let from = from.map(|source| rule().when(Match::Source(source)));
            rules.extend(from.map(|rule| rule.when(Match::tcp(service.port))));
        }
    }
    rules
}

/// Validated route origins, for the routers that speak with other networks.
fn origins(here: &Here<'_>) -> Vec<Rule> {
    let own = here.isp.rtr_servers().into_iter().find(|(id, _)| *id == here.id);
    let Some((_, port)) = own else { return Vec::new() };
    let routers = here.isp.hosts.iter().filter(|(id, _)| here.isp.validates(*id));
    let addresses: Vec<_> = routers.flat_map(|(_, host)| host.addresses()).collect();
    let from = |family| Addresses::of(family, addresses.iter().copied());
    let rule = |source: Addresses| {
        let comment = format!("rtr ipv{}", source.family.digit());
        Rule::accept(comment).when(Match::Source(source)).when(Match::tcp(port))
    };
    Family::BOTH.into_iter().filter_map(from).map(rule).collect()
}
