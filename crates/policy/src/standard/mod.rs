//! The house's policy: what a small provider takes from and tells to each kind of neighbour.
//!
//! The rules and their numbers are those of the manual: I1 to I20 for what comes in, E1 to E4 for
//! what goes out, B1 inside. The reasons of [`crate::REASONS`] carry the same numbers.
//!
//! Marks, as large communities: see [`Marks`].

mod checks;
mod export;
mod import;
mod internal;
mod lists;

use ipnet::IpNet;

use crate::bird::Names;
use crate::route::{Community, Family, Large};
use crate::set::{AsnRange, PrefixPattern, PrefixSet};
use crate::tree::{RoaTable, Rule};

pub use export::export;
pub use import::import;
pub use internal::{internal_export, internal_import, originate};
pub use lists::{BOGON_ASNS, BOGONS_V4, BOGONS_V6, TIER1};

/// What a neighbour outside our AS is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// We pay it for the whole Internet.
    Transit,
    /// The route server of an exchange.
    RouteServer,
    /// We tell each other about our own and our customers' networks.
    Peer,
    /// It gets the Internet through us: a member with its own router, or a reseller.
    Customer,
}

impl Relation {
    const fn word(self) -> &'static str {
        match self {
            Self::Transit => "transit",
            Self::RouteServer => "route server",
            Self::Peer => "peer",
            Self::Customer => "customer",
        }
    }
}

/// What a router is inside our AS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// It has sessions with the outside.
    Edge,
    /// It has our LANs and lines: core and access.
    Inside,
}

/// Local preference by relation (RFC 4271 section 5.1.5): the higher wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalPreference {
    /// From those whom we pay.
    pub transit: u32,
    /// From route servers.
    pub route_server: u32,
    /// From those with whom we speak directly.
    pub peer: u32,
    /// From customers.
    pub customer: u32,
    /// Our own.
    pub own: u32,
    /// Blackholes.
    pub blackhole: u32,
}

impl Default for LocalPreference {
    fn default() -> Self {
        Self { transit: 100, route_server: 110, peer: 120, customer: 190, own: 190, blackhole: 900 }
    }
}

/// What the whole network has in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Our ASN.
    pub own_asn: u32,
    /// Our prefixes as we announce them, both families.
    pub own_prefixes: Vec<IpNet>,
    /// More-specifics of ours that are announced all the same, both families.
    pub more_specifics: Vec<IpNet>,
    /// What core and access may tell inside, parts of our own prefixes or not: private LANs.
    pub inside_prefixes: Vec<PrefixPattern>,
    /// Peering LANs of exchanges, both families.
    pub exchange_lans: Vec<IpNet>,
    /// Transit networks that nobody but our transits may show us, less those we peer with.
    pub tier1: Vec<u32>,
    /// Private ASNs of our customers: they never leave.
    pub private_asns: Vec<u32>,
    /// Origin validation: the tables of ROAs, if there are any.
    pub roa_tables: Vec<RoaTable>,
    /// Local preferences.
    pub local_preference: LocalPreference,
    /// Longest path that is believed.
    pub path_limit: u32,
    /// The longest IPv4 and IPv6 prefix that is taken from outside.
    pub longest: (u8, u8),
    /// From how many communities on all of them are taken away.
    pub community_limit: u32,
    /// How far a customer's blackhole goes.
    pub blackhole: BlackholeReach,
}

impl Network {
    /// A network with nothing declared but its ASN and prefixes, and usual limits.
    pub fn new(own_asn: u32, own_prefixes: Vec<IpNet>) -> Self {
        Self {
            own_asn,
            own_prefixes,
            more_specifics: Vec::new(),
            inside_prefixes: Vec::new(),
            exchange_lans: Vec::new(),
            tier1: TIER1.to_vec(),
            private_asns: Vec::new(),
            roa_tables: Vec::new(),
            local_preference: LocalPreference::default(),
            path_limit: 64,
            longest: (24, 48),
            community_limit: 100,
            blackhole: BlackholeReach::Here,
        }
    }

    /// The marks that this network puts on its routes.
    pub const fn marks(&self) -> Marks {
        Marks { own_asn: self.own_asn }
    }

    /// The names with which [`crate::bird::print`] prints this network's filters.
    pub fn names(&self) -> Names {
        let marks = self.marks();
        let large = vec![
            (marks.outside(), "learnt_outside"),
            (marks.own(), "own_or_member"),
            (marks.inside(), "inside_only"),
        ];
        Names { own_asn: self.own_asn, large }
    }

    fn own(&self, family: Family) -> PrefixSet {
        let patterns = self.own_prefixes.iter().copied().map(PrefixPattern::or_longer);
        let name = format!("own_space_{}", family.suffix());
        PrefixSet::named(&name, family, &patterns.collect::<Vec<_>>())
    }

    fn announced(&self, family: Family) -> PrefixSet {
        let all = self.own_prefixes.iter().chain(&self.more_specifics).copied();
        let name = format!("announced_{}", family.suffix());
        PrefixSet::named(&name, family, &all.map(PrefixPattern::exact).collect::<Vec<_>>())
    }
}

/// Where the packets of a customer's blackhole are dropped.
///
/// BIRD looks at no-export before the export filter, so a route that carries it can never reach a
/// transit (unless `interpret communities` is off).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlackholeReach {
    /// On our routers; the route is marked no-export.
    Here,
    /// Our transits are asked too, with their own communities. The export filters alone keep the
    /// route from everybody else.
    Transits,
}

/// The large communities that a network puts on its own routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    own_asn: u32,
}

impl Marks {
    /// `(OWN, 0, 20)`: learnt outside.
    pub const fn outside(self) -> Large {
        Large(self.own_asn, 0, 20)
    }

    /// `(OWN, 0, 30)`: our own or a member's, to be announced.
    pub const fn own(self) -> Large {
        Large(self.own_asn, 0, 30)
    }

    /// `(OWN, 0, 40)`: stays inside.
    pub const fn inside(self) -> Large {
        Large(self.own_asn, 0, 40)
    }
}

/// Whether a default route is taken from the neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultRoute {
    /// Refused, as from nearly everybody.
    Refuse,
    /// Taken: the transit's, for a router without a full table.
    Take,
}

/// Whether a customer's requests for a blackhole are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requests {
    /// They are, inside its own prefixes.
    Honoured,
    /// They are not: the community means nothing.
    Ignored,
}

/// What a customer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Every route that we know, without a default route.
    Full,
    /// A default route only.
    Default,
    /// Both.
    FullAndDefault,
    /// Only our own and other members' routes.
    Own,
}

/// Whether the session is being emptied for works (RFC 8326).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// In use.
    Normal,
    /// Soon to be cut: everybody is asked to prefer another way.
    Draining,
}

/// One session with the outside, of one family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// A word for names: `verixi`, `belgiumix_rs1`.
    pub name: String,
    /// The neighbour's ASN.
    pub asn: u32,
    /// The family of the session's channel.
    pub family: Family,
    /// Where next hops must lie: the neighbour's address, or the exchange's LAN for route servers.
    pub next_hops: Vec<IpNet>,
    /// The prefixes that it may announce, from the registries or declared. `None` believes
    /// everything; an empty list nothing. A customer without a list may announce nothing.
    pub prefixes: Option<Vec<PrefixPattern>>,
    /// The ASNs that may stand in its paths, its own included. `None` believes everything.
    pub asns: Option<Vec<AsnRange>>,
    /// Whether its default route is taken.
    pub default_route: DefaultRoute,
    /// What it is told, if it is a customer.
    pub view: View,
    /// Whether it may have packets to its own addresses dropped, if it is a customer.
    pub requests: Requests,
    /// The community by which this transit drops packets for us.
    pub blackhole_community: Option<Community>,
    /// Whether works are ahead.
    pub service: Service,
    /// The operator's rules for what comes in: after all checks and marks, before graceful shutdown.
    pub import_rules: Vec<Rule>,
    /// The operator's rules for what goes out: after all checks, when our marks are gone.
    pub export_rules: Vec<Rule>,
}

impl Session {
    /// A session with nothing special.
    pub fn new(name: &str, asn: u32, family: Family, next_hops: Vec<IpNet>) -> Self {
        Self {
            name: name.to_owned(),
            asn,
            family,
            next_hops,
            prefixes: None,
            asns: None,
            default_route: DefaultRoute::Refuse,
            view: View::Full,
            requests: Requests::Honoured,
            blackhole_community: None,
            service: Service::Normal,
            import_rules: Vec::new(),
            export_rules: Vec::new(),
        }
    }
}

/// Everything that decides the filters of one session with the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// What all sessions have in common.
    pub network: Network,
    /// This session.
    pub session: Session,
}
