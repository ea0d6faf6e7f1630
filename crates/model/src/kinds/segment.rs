//! Layer 2 segments, address pools and static routes.

use super::{Host, Kind, Site, Vip};
use crate::fields::{At, Fields};
use crate::table::{Id, Named};
use crate::value::{Word, word};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A layer 2 segment: a VLAN, a cable, an exchange's switch. It can fail as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What sort of network it is: filters, tracking and routing follow from it.
    pub kind: SegmentKind,
    /// Where its switch stands.
    pub site: Option<Id<Site>>,
    /// The IPv4 prefix of its hosts.
    pub ipv4: Option<Ipv4Net>,
    /// The IPv6 prefix of its hosts.
    pub ipv6: Option<Ipv6Net>,
    /// The 802.1Q VLAN, from 1 to 4094.
    pub vlan: Option<u16>,
    /// Largest packet, in bytes. Default: 1500.
    pub mtu: u16,
    /// OSPF cost of a hop over it. Default: 10.
    pub cost: u16,
    /// The IPv4 default gateway of its hosts, where it is not a VIP of ours.
    pub gateway4: Option<Ipv4Addr>,
    /// The IPv6 default gateway of its hosts, where it is not a VIP of ours.
    pub gateway6: Option<Ipv6Addr>,
    /// Where it is declared.
    pub at: At,
}

/// What sort of network a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum SegmentKind {
    /// Between our own routers: OSPF runs here, connections are not tracked.
    Backbone,
    /// To one other network: BGP runs here, connections are not tracked.
    Transit,
    /// An Internet exchange's peering LAN.
    Exchange,
    /// Hosts behind a default gateway of ours.
    #[default]
    Lan,
    /// Management: its own routing table (VRF), no route to or from the rest.
    Management,
    /// Between the two halves of a pair: connection tables.
    Sync,
    /// Out-of-band: a modem, a console server's uplink.
    OutOfBand,
}

impl Word for SegmentKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("backbone", Self::Backbone),
        ("transit", Self::Transit),
        ("exchange", Self::Exchange),
        ("lan", Self::Lan),
        ("management", Self::Management),
        ("sync", Self::Sync),
        ("out-of-band", Self::OutOfBand),
    ];
}

impl SegmentKind {
    /// The word for it in TOML.
    pub fn word(self) -> &'static str {
        word(self)
    }

    /// Whether other networks' routers sit on it.
    pub fn is_external(self) -> bool {
        matches!(self, Self::Transit | Self::Exchange)
    }
}

impl Named for Segment {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Segment {
    const KIND: &'static str = "segment";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            kind: fields.need("kind"),
            site: fields.get("site"),
            ipv4: fields.get("ipv4"),
            ipv6: fields.get("ipv6"),
            vlan: fields.get("vlan"),
            mtu: fields.or("mtu", 1500),
            cost: fields.or("cost", 10),
            gateway4: fields.get("gateway4"),
            gateway6: fields.get("gateway6"),
            at: fields.at(),
        }
    }
}

/// Addresses that a host hands out or routes: the VPN's clients, members' lines.
/// The host announces them inside our network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The prefixes.
    pub prefixes: Vec<IpNet>,
    /// The hosts that route them.
    pub hosts: Vec<Id<Host>>,
    /// Where it is declared.
    pub at: At,
}

impl Named for Pool {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Pool {
    const KIND: &'static str = "pool";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            prefixes: fields.some("prefixes"),
            hosts: fields.some("hosts"),
            at: fields.at(),
        }
    }
}

/// Prefixes behind a next hop that speaks no routing protocol, such as a firewall pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticRoute {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where to.
    pub prefixes: Vec<IpNet>,
    /// The virtual address that is the next hop.
    pub via: Id<Vip>,
    /// The routers that hold the route and announce it inside our network.
    pub hosts: Vec<Id<Host>>,
    /// Where it is declared.
    pub at: At,
}

impl Named for StaticRoute {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for StaticRoute {
    const KIND: &'static str = "route";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            prefixes: fields.some("prefixes"),
            via: fields.need("via"),
            hosts: fields.some("hosts"),
            at: fields.at(),
        }
    }
}
