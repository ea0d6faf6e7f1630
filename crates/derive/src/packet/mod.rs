//! The packet filter of one host: from the model to typed rules. Pure: the same ISP always gives the
//! same rules. [`rules`] are the values, [`judge`] says what they do to a packet; the nftables
//! component writes them as text.

mod control;
mod declared;
mod firewall;
mod input;
pub mod judge;
mod router;
pub mod rules;
mod spoof;

use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{Host, Nic, Role, SegmentKind};
use model::{Id, Isp, Named as _};
use rules::{Action, Addresses, Chain, Hook, Match, Rule, Ruleset, Transport};

/// The packet filter of a host.
pub fn of(isp: &Isp, id: Id<Host>) -> Ruleset {
    let here = Here { isp, id, host: &isp.hosts[id] };
    let chains = match here.host.role {
        Role::Firewall => firewall::chains(&here),
        Role::Edge | Role::Core | Role::Access | Role::Vpn => router::chains(&here),
        Role::Proxy
        | Role::Validator
        | Role::Server
        | Role::Hypervisor
        | Role::OutOfBand
        | Role::Client => vec![Chain::hooked("input", Hook::Input, input::tracked(&here))],
    };
    let translated = translated(&here);
    let leaving =
        (!translated.is_empty()).then(|| Chain::hooked("leaving", Hook::Leaving, translated));
    Ruleset { chains: chains.into_iter().chain(leaving).collect() }
}

/// Translation of sources, as it is declared for a host.
fn translated(here: &Here<'_>) -> Vec<Rule> {
    let declared = here.isp.nats.values().filter(|nat| nat.hosts.contains(&here.id));
    let rule = |nat: &model::kinds::Nat| {
        let sources = Addresses::of(Family::V4, nat.from.iter().copied())?;
        let rule = Rule::new(format!("nat.{}", nat.name()), Action::Translate(nat.to));
        Some(rule.when(Match::Source(sources)))
    };
    declared.filter_map(rule).collect()
}

/// The host that rules are made for, in its ISP.
struct Here<'a> {
    isp: &'a Isp,
    id: Id<Host>,
    host: &'a Host,
}

impl<'a> Here<'a> {
    fn kind(&self, nic: &Nic) -> SegmentKind {
        self.isp.segments[nic.segment].kind
    }

    /// The host's interfaces on segments of some kinds.
    fn nics(&self, kinds: &'static [SegmentKind]) -> impl Iterator<Item = &'a Nic> {
        let isp = self.isp;
        self.host.nic.iter().filter(move |nic| kinds.contains(&isp.segments[nic.segment].kind))
    }

    /// Every name under which packets of an interface may arrive: its own, those of the virtual
    /// routers on it, and that of the VRF it belongs to.
    fn names(&self, nic: &Nic) -> Vec<String> {
        let vips = self.isp.vips_of(self.id).filter(|vip| vip.segment == nic.segment);
        let virtual_ones = vips.flat_map(|vip| {
            let families = Family::BOTH.into_iter().filter(|family| vip.address(*family).is_some());
            families.map(|family| vip.interface(family))
        });
        let in_vrf = self.isp.management_nic(self.id).is_some_and(|own| own.name == nic.name);
        let vrf = self.isp.management_vrf(self.id).filter(|_| in_vrf);
        [nic.name.clone()].into_iter().chain(virtual_ones).chain(vrf).collect()
    }

    /// The same for all interfaces on segments of some kinds.
    fn names_of(&self, kinds: &'static [SegmentKind]) -> Vec<String> {
        self.nics(kinds).flat_map(|nic| self.names(nic)).collect()
    }

    /// The provider's own prefixes, as a shared set.
    fn own(&self, family: Family) -> Option<Addresses> {
        Some(Addresses::of(family, self.isp.about.prefixes())?.named("own"))
    }

    /// Loopbacks of routers and inner links, as a shared set.
    fn infrastructure(&self, family: Family) -> Option<Addresses> {
        Some(Addresses::of(family, self.isp.infrastructure(family))?.named("infrastructure"))
    }

    /// The host's addresses with those that it may hold.
    fn addresses(&self) -> Vec<IpNet> {
        let vips = self.isp.vips_of(self.id);
        let vips = vips.flat_map(|vip| Family::BOTH.into_iter().filter_map(|f| vip.address(f)));
        self.host.addresses().into_iter().chain(vips).map(IpNet::from).collect()
    }
}

/// The kinds of segment that lead to the team and not to the network.
const INNER: &[SegmentKind] = &[SegmentKind::Management, SegmentKind::Sync, SegmentKind::OutOfBand];

/// Ports that Linux gives to connections of its own (`net.ipv4.ip_local_port_range`).
const EPHEMERAL: (u16, u16) = (32_768, 60_999);

/// ICMP that every host takes: ping, and the errors that path MTU discovery and traceroute need
/// (RFC 4890 section 4.3.1).
fn icmp(family: Family) -> Match {
    match family {
        Family::V4 => Match::Icmp(
            family,
            &[
                "echo-request",
                "echo-reply",
                "destination-unreachable",
                "time-exceeded",
                "parameter-problem",
            ],
        ),
        Family::V6 => Match::Icmp(
            family,
            &[
                "echo-request",
                "echo-reply",
                "destination-unreachable",
                "packet-too-big",
                "time-exceeded",
                "parameter-problem",
            ],
        ),
    }
}

/// What answers connections that were opened from here, told without tracking them: TCP under way
/// to a port of ours, and answers of DNS and NTP.
fn replies() -> Vec<Rule> {
    let answers = vec![(53, 53), (123, 123)];
    vec![
        Rule::accept("replies tcp")
            .when(Match::To(Transport::Tcp, vec![EPHEMERAL]))
            .when(Match::Underway),
        Rule::accept("replies dns ntp")
            .when(Match::From(Transport::Udp, answers))
            .when(Match::To(Transport::Udp, vec![EPHEMERAL])),
    ]
}

/// The end of a chain: what comes here is dropped, counted, and shown a few times a second.
fn last(chain: &str) -> Vec<Rule> {
    let shown = Rule::new(format!("{chain} log"), Action::Log(format!("{chain} drop")));
    vec![shown.at_most(10), Rule::new(format!("{chain} default"), Action::Drop)]
}
