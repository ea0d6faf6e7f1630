//! The packet filters of all hosts, and what they do to the packets that the simulation sends.

use super::{NicNumber, Plane, Position, Router};
use derive::packet::judge::{Content, Ends, Packet, Ruling, judge, judge_any};
use derive::packet::rules::{Action, Hook, Match, Protocol, Ruleset, State};
use model::ask::Family;
use model::kinds::Host;
use model::{Id, Isp};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// By host: what its filter says, of both families. They are many words where routers are many.
pub(crate) type Filters = Arc<Vec<Option<Ruleset>>>;

/// What the filter of a host says.
pub(crate) fn filter(isp: &Isp, host: Id<Host>) -> Option<Ruleset> {
    isp.hosts[host].managed.then(|| derive::packet::of(isp, host))
}

/// The filters of all hosts.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    /// By host; a host that Ketupa does not configure lets everything pass.
    rulesets: Filters,
    /// Whether a host's filter tracks connections.
    tracks: Vec<bool>,
    /// Pairs of routers whose filters keep internal BGP from coming up.
    deaf: BTreeSet<(Router, Router)>,
}

const BGP: u16 = 179;
/// A port that Linux gives to connections of its own.
pub(crate) const EPHEMERAL: u16 = 40_000;

impl Gates {
    /// The filters of a plane whose interfaces and routers are known.
    pub(crate) fn of(plane: &Plane<'_>, rulesets: Filters) -> Self {
        let tracks = rulesets.iter().map(|rules| rules.as_ref().is_some_and(tracks)).collect();
        let mut gates = Self { rulesets, tracks, deaf: BTreeSet::new() };
        gates.deaf = gates.deaf_pairs(plane);
        gates
    }

    /// Whether a host tracks the connections that pass it.
    pub(crate) fn tracks(&self, host: Position) -> bool {
        self.tracks[host]
    }

    /// Whether internal BGP between two routers never comes up.
    pub(crate) fn deaf(&self, one: Router, other: Router) -> bool {
        !self.deaf.is_empty() && self.deaf.contains(&(one.min(other), one.max(other)))
    }

    /// How a host's filter treats what comes in by an interface: the same answers for two of them mean
    /// that it does not tell them apart.
    pub(crate) fn coming_in(&self, host: Position, interface: &str) -> Vec<Option<&str>> {
        let chains = self.rulesets[host].iter().flat_map(|ruleset| &ruleset.chains);
        let mut treated = Vec::new();
        for rule in chains.flat_map(|chain| &chain.rules) {
            if let Action::ByInput(beside) = &rule.action {
                let own = beside.iter().find(|(name, _)| name == interface);
                treated.push(own.map(|(_, chain)| chain.as_str()));
            }
            for condition in &rule.matches {
                if let Match::In(names) = condition {
                    treated.push(names.iter().any(|name| name == interface).then_some(""));
                }
            }
        }
        treated
    }

    /// Whether a host's filter says the same as in another version of the network.
    pub(crate) fn same(&self, other: &Self, host: Position) -> bool {
        self.rulesets.get(host) == other.rulesets.get(host)
    }

    /// Whether they are the same filters, before which routers are deaf in the same way.
    pub(crate) fn alike(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.rulesets, &other.rulesets)
            && self.tracks == other.tracks
            && self.deaf == other.deaf
    }

    /// What the filters say, by host.
    pub(crate) fn rulesets(&self) -> &[Option<Ruleset>] {
        &self.rulesets
    }

    /// Every condition that some filter has.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Match> {
        let chains = self.rulesets.iter().flatten().flat_map(|ruleset| &ruleset.chains);
        chains.flat_map(|chain| &chain.rules).flat_map(|rule| &rule.matches)
    }

    /// Whether the same routers can speak internal BGP as in another version of the network.
    pub(crate) fn hear_alike(&self, other: &Self) -> bool {
        self.deaf == other.deaf
    }

    /// What a host does to a packet.
    pub(crate) fn judge(&self, host: Position, packet: &Packet<'_>) -> Ruling {
        match &self.rulesets[host] {
            Some(ruleset) => judge(ruleset, packet),
            None => Ruling { passes: true, by: None },
        }
    }

    /// Whether a host lets packets like this one pass whatever their ends are; none where that counts.
    pub(crate) fn judge_any(
        &self,
        host: Position,
        packet: &Packet<'_>,
        ends: Ends,
    ) -> Option<bool> {
        let ruleset = self.rulesets[host].as_ref();
        ruleset.map_or(Some(true), |ruleset| judge_any(ruleset, packet, ends))
    }

    /// Takes rules away by their comment, from every host: what a template of the operator may do.
    #[cfg(test)]
    pub(crate) fn forget(&mut self, gone: impl Fn(&str) -> bool) {
        let rulesets = Arc::make_mut(&mut self.rulesets).iter_mut().flatten();
        let chains = rulesets.flat_map(|ruleset| &mut ruleset.chains);
        for chain in chains {
            chain.rules.retain(|rule| !gone(&rule.comment));
        }
    }

    /// Whether a host's filter has something to say about what it forwards.
    pub(crate) fn filters(&self, host: Position) -> bool {
        self.rulesets[host].is_some()
    }

    /// What a host does with a packet for itself that arrives over an interface.
    pub(crate) fn takes(
        &self,
        plane: &Plane<'_>,
        to: (Position, NicNumber),
        what: Arriving,
    ) -> Ruling {
        let (host, nic) = to;
        let Arriving { source, destination, content, hops } = what;
        let (input, output) = (Some(plane.nic_name(nic)), None);
        self.judge(host, &Packet { input, output, source, destination, content, hops, state: None })
    }

    /// Whether a host takes VRRP advertisements that leave a neighbour's interface.
    pub(crate) fn hears_vrrp(
        &self,
        plane: &Plane<'_>,
        to: (Position, NicNumber),
        from: NicNumber,
    ) -> bool {
        let said = on_link(plane.family, plane.nics[from].address, Protocol::Vrrp);
        said.is_none_or(|said| self.takes(plane, to, said).passes)
    }

    /// Whether a router takes OSPF from the neighbours on an interface.
    pub(crate) fn speaks_ospf(&self, plane: &Plane<'_>, to: (Position, NicNumber)) -> bool {
        let (_, nic) = to;
        let others = &plane.on_segment[plane.nics[nic].segment];
        let mut others = others.iter().filter(|other| **other != nic);
        let near = others.find_map(|other| plane.nics[*other].address);
        let said = on_link(plane.family, near, Protocol::Ospf);
        said.is_none_or(|said| self.takes(plane, to, said).passes)
    }

    fn deaf_pairs(&self, plane: &Plane<'_>) -> BTreeSet<(Router, Router)> {
        let mut deaf = BTreeSet::new();
        let loopback = |router: usize| {
            let id = plane.routers[router];
            let host = &plane.isp.hosts[id];
            let own = host.asn(plane.isp) == plane.isp.about.asn;
            Some((id.index(), host.loopback(plane.family).filter(|_| own)?))
        };
        let takes = |(near, own): (Position, IpAddr), (_, far): (Position, IpAddr)| {
            let Some(nic) = plane.nics_of(near).next() else { return true };
            let content = Content::Tcp { from: EPHEMERAL, to: BGP, opens: true };
            let syn = Arriving { source: far, destination: own, content, hops: 255 };
            self.takes(plane, (near, nic), syn).passes
        };
        for one in 0..plane.routers.len() {
            let Some(near) = loopback(one) else { continue };
            for other in one + 1..plane.routers.len() {
                let Some(far) = loopback(other) else { continue };
                if !takes(near, far) && !takes(far, near) {
                    deaf.insert((one as Router, other as Router));
                }
            }
        }
        deaf
    }
}

/// A packet that arrives at the host that it is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arriving {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) content: Content<'static>,
    /// Its hop limit as it arrives.
    pub(crate) hops: u8,
}

/// What a host says to all its neighbours by OSPF (RFC 2328 appendix A.1, RFC 5340 appendix A.1) or
/// VRRP (RFC 5798 section 5.1), from its address on the link; nothing where it has none.
pub(crate) fn on_link(
    family: Family,
    sender: Option<IpAddr>,
    protocol: Protocol,
) -> Option<Arriving> {
    let (last, hops) = if protocol == Protocol::Vrrp { (18, 255) } else { (5, 1) };
    let (source, destination) = match family {
        Family::V4 => (sender?, [224, 0, 0, last].into()),
        Family::V6 => (LINK_LOCAL, [0xff02, 0, 0, 0, 0, 0, 0, u16::from(last)].into()),
    };
    Some(Arriving { source, destination, content: Content::Other(protocol), hops })
}

/// Any host's address on its link.
const LINK_LOCAL: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1));

/// Whether a filter lets answers through because it saw the question.
fn tracks(ruleset: &Ruleset) -> bool {
    let forward = |hook| matches!(hook, Hook::ForwardDrop | Hook::ForwardAccept);
    let stateful = |condition: &Match| matches!(condition, Match::State(states) if states.contains(&State::Established));
    let untracked = ruleset
        .at(|hook| hook == Hook::Arriving)
        .flat_map(|chain| &chain.rules)
        .any(|rule| rule.matches.is_empty() && rule.action == Action::Untrack);
    let asks = ruleset.at(forward).flat_map(|chain| &chain.rules);
    !untracked && asks.flat_map(|rule| &rule.matches).any(stateful)
}
