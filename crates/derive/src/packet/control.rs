//! The control plane: BGP, OSPF, BFD, VRRP and the firewalls' tables, each only from whom it is
//! declared with and only where it belongs.

use super::Here;
use crate::packet::rules::{Addresses, Match, Protocol, Rule, Transport};
use ipnet::IpNet;
use model::Named as _;
use model::ask::Family;
use model::kinds::{SegmentKind, Session};
use std::net::{IpAddr, Ipv6Addr};

const BGP: u16 = 179;
/// BFD control and echo on one link (RFC 5881 section 4).
const BFD: (u16, u16) = (3784, 3785);
/// BFD over several hops (RFC 5883 section 5).
const BFD_FAR: u16 = 4784;
/// conntrackd, as its component configures it.
const SYNC: u16 = 3780;

/// IPv6 link-local addresses.
pub(super) fn link_local() -> IpNet {
    let net = ipnet::Ipv6Net::new(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10);
    net.map_or_else(|_| IpNet::default(), IpNet::V6)
}

/// BGP, OSPF and BFD.
pub(super) fn routing(here: &Here<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (neighbor, session) in here.isp.sessions_of(here.id) {
        let name = format!("{}.{}", neighbor.name(), session.name);
        rules
            .extend(Family::BOTH.into_iter().flat_map(|family| ours(here, session, &name, family)));
    }
    rules.extend(theirs(here));
    rules.extend(internal(here));
    rules.extend(backbone(here));
    rules
}

/// The two ends of a session, ours first.
struct Ends<'a> {
    name: &'a str,
    family: Family,
    ours: IpAddr,
    theirs: IpAddr,
    /// Both ends have agreed that no router is between them (GTSM, RFC 5082).
    near: bool,
}

/// A session that ends on this host.
fn ours(here: &Here<'_>, session: &Session, name: &str, family: Family) -> Vec<Rule> {
    let Some(theirs) = session.address(family) else { return Vec::new() };
    let direct = session.local(here.isp, family);
    let Some(ours) = direct.or_else(|| here.host.loopback(family)) else { return Vec::new() };
    let ends = Ends { name, family, ours, theirs, near: session.ttl_security };
    let mut rules = vec![ends.bgp()];
    if session.bfd {
        rules.push(if direct.is_some() { ends.bfd_near() } else { ends.bfd_far() });
    }
    rules
}

/// Sessions of which this host is the neighbour: it speaks for an AS of its own.
fn theirs(here: &Here<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (neighbor, session) in here.isp.sessions().filter(|(_, one)| one.remote == Some(here.id)) {
        let name = format!("{}.{}", neighbor.name(), session.name);
        for family in Family::BOTH {
            let (Some(ours), Some(theirs)) =
                (session.address(family), session.local(here.isp, family))
            else {
                continue;
            };
            let ends = Ends { name: &name, family, ours, theirs, near: session.ttl_security };
            rules.push(ends.bgp());
            rules.extend(session.bfd.then(|| ends.bfd_near()));
        }
    }
    rules
}

/// Internal BGP, loopback to loopback: one rule for all who speak it, however many they are.
fn internal(here: &Here<'_>) -> Vec<Rule> {
    let peers: Vec<_> =
        here.isp.internal_peers(here.id).into_iter().map(|(_, peer)| peer).collect();
    let rule = |family: Family| {
        let ours = Addresses::of(family, [here.host.loopback(family)?])?;
        let theirs = peers.iter().filter_map(|peer| peer.loopback(family));
        let theirs = Addresses::of(family, theirs)?;
        let rule = Rule::accept(format!("internal bgp ipv{}", family.digit()));
        Some(rule.when(Match::Source(theirs)).when(Match::Destination(ours)).when(Match::tcp(BGP)))
    };
    Family::BOTH.into_iter().filter_map(rule).collect()
}

impl Ends<'_> {
    fn rule(&self, what: &str) -> Rule {
        let rule = Rule::accept(format!("{} {what} ipv{}", self.name, self.family.digit()));
        let source = Addresses::of(self.family, [self.theirs]).map(Match::Source);
        let destination = Addresses::of(self.family, [self.ours]).map(Match::Destination);
        source.into_iter().chain(destination).fold(rule, Rule::when)
    }

    fn bgp(&self) -> Rule {
        let rule = self.rule("bgp").when(Match::tcp(BGP));
        if self.near { rule.when(Match::Fresh(self.family)) } else { rule }
    }

    /// Over one link the hop limit must be 255 (RFC 5881 section 5).
    fn bfd_near(&self) -> Rule {
        let rule = self.rule("bfd").when(Match::To(Transport::Udp, vec![BFD]));
        rule.when(Match::Fresh(self.family))
    }

    fn bfd_far(&self) -> Rule {
        self.rule("bfd").when(Match::udp(BFD_FAR))
    }
}

/// OSPF and its BFD, between neighbours on a backbone link.
fn backbone(here: &Here<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for nic in here.nics(&[SegmentKind::Backbone]) {
        let segment = &here.isp.segments[nic.segment];
        let near = |family| {
            let inside = segment.prefix(family).into_iter();
            Addresses::of(family, inside.chain([link_local()]))
        };
        for source in Family::BOTH.into_iter().filter_map(near) {
            let family = source.family;
            let rule = |what: &str| {
                let comment = format!("{} {what} ipv{}", segment.name(), family.digit());
                let rule = Rule::accept(comment).when(Match::In(here.names(nic)));
                rule.when(Match::Source(source.clone()))
            };
            rules.push(rule("ospf").when(Match::Protocol(Protocol::Ospf)));
            let single = Match::To(Transport::Udp, vec![BFD]);
            rules.push(rule("bfd").when(single).when(Match::Fresh(family)));
            rules.push(rule("bfd multihop").when(Match::udp(BFD_FAR)));
        }
    }
    rules
}

/// Advertisements of the other hosts of a VIP, on its segment only. IPv6 ones come from link-local
/// addresses (RFC 5798 section 5.1.2.1); none has passed a router (section 5.1.1.3).
pub(super) fn vrrp(here: &Here<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for vip in here.isp.vips_of(here.id) {
        let Some(nic) = here.host.nic_on(vip.segment) else { continue };
        let others = vip.hosts.iter().filter(|id| **id != here.id);
        let others = others.filter_map(|id| here.isp.hosts[*id].nic_on(vip.segment));
        let others: Vec<IpAddr> = others.filter_map(|nic| nic.address(Family::V4)).collect();
        for family in Family::BOTH.into_iter().filter(|family| vip.address(*family).is_some()) {
            let source = match family {
                Family::V4 => Addresses::of(family, others.iter().copied()),
                Family::V6 => Addresses::of(family, [link_local()]),
            };
            let comment = format!("vip.{} vrrp ipv{}", vip.name(), family.digit());
            let rule = |source| {
                Rule::accept(comment)
                    .when(Match::In(here.names(nic)))
                    .when(Match::Source(source))
                    .when(Match::Protocol(Protocol::Vrrp))
                    .when(Match::Fresh(family))
            };
            rules.extend(source.map(rule));
        }
    }
    rules
}

/// The other half's connections.
pub(super) fn sync(here: &Here<'_>) -> Option<Rule> {
    let link = here.isp.sync_link(here.id)?;
    let source = Addresses::of(link.family, [link.remote])?;
    let rule = Rule::accept("conntrackd").when(Match::In(vec![link.nic.name.clone()]));
    Some(rule.when(Match::Source(source)).when(Match::udp(SYNC)))
}
