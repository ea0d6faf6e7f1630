//! Other networks and the BGP sessions with them.

use super::{Host, Kind, Policy};
use crate::fields::{At, Fields};
use crate::finding::Finding;
use crate::table::{Id, Named};
use crate::value::{Asn, Community, Secret, Word, word};
use ipnet::IpNet;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Another network that we exchange routes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbor {
    /// Its name.
    pub name: String,
    /// Who it is, for people.
    pub description: Option<String>,
    /// Its autonomous system number.
    pub asn: Asn,
    /// What it is to us: filters, preferences and roles follow from it.
    pub relation: Relation,
    /// Its AS-SET in the routing registries, such as `AS-EXAMPLE`.
    pub as_set: Option<String>,
    /// The prefixes that it may announce to us, and their more specifics up to the limits of the
    /// policy. Needed for customers; for peers it is used where given.
    pub prefixes: Vec<IpNet>,
    /// The most IPv4 routes that it may send (filtered ones count too).
    pub limit4: Option<u32>,
    /// The most IPv6 routes that it may send (filtered ones count too).
    pub limit6: Option<u32>,
    /// The community that makes it drop traffic to a prefix for us (RTBH), to transits.
    pub blackhole: Option<Community>,
    /// Whether it may ask us to drop traffic to its addresses (RFC 7999). Default: customers may.
    pub may_blackhole: bool,
    /// Whether it sends us a default route that we take. Default: false.
    pub default_route: bool,
    /// What we tell it, if it is a customer. Default: `full`, or `default` with a private ASN.
    pub view: Option<View>,
    /// Whether its sessions are being drained: graceful shutdown (RFC 8326). Default: false.
    pub drain: bool,
    /// How often our AS is prepended towards it, from 0 to 5. Default: 0.
    pub prepend: u8,
    /// TCP MD5 password of the IPv4 sessions (RFC 2385).
    pub password4: Option<Secret>,
    /// TCP MD5 password of the IPv6 sessions.
    pub password6: Option<Secret>,
    /// The routing policy. Default: the ISP's.
    pub policy: Option<Id<Policy>>,
    /// What it announces in the twin: `[neighbor.NAME.twin]`.
    pub twin: Rehearsal,
    /// The sessions: `[neighbor.NAME.session.SESSION]`.
    pub session: Vec<Session>,
    /// Where it is declared.
    pub at: At,
}

/// One BGP session with a neighbour: a pair of protocols, one for each family that has an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name, unique within the neighbour.
    pub name: String,
    /// Our router.
    pub host: Id<Host>,
    /// The neighbour's IPv4 address.
    pub ipv4: Option<Ipv4Addr>,
    /// The neighbour's IPv6 address.
    pub ipv6: Option<Ipv6Addr>,
    /// The neighbour's router, where it is one of ours.
    pub remote: Option<Id<Host>>,
    /// BGP role of our side (RFC 9234). Default: what follows from the relation; `none` turns it off.
    pub role: Option<BgpRole>,
    /// Whether BFD watches the link, which needs the neighbour to do so too. Default: true where the
    /// neighbour's router is one of ours, else false.
    pub bfd: bool,
    /// Whether both sides accept packets from the same link only (GTSM, RFC 5082): by agreement,
    /// because the session stays down unless the neighbour sets it too. Default: true where the
    /// neighbour's router is one of ours, else false.
    pub ttl_security: bool,
    /// Where it is declared.
    pub at: At,
}

/// What another network is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Relation {
    /// We buy the whole Internet from it.
    Transit,
    /// We exchange our own and our customers' routes, for nothing.
    #[default]
    Peer,
    /// An exchange's route server: many peers behind one session.
    RouteServer,
    /// It buys from us.
    Customer,
}

/// What a customer hears from us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// Every route that we know.
    Full,
    /// Only a default route.
    Default,
    /// Both.
    FullAndDefault,
    /// Only our own routes and those of other customers.
    Own,
}

/// Our side's BGP role (RFC 9234).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BgpRole {
    /// We are the neighbour's provider.
    Provider,
    /// We are the neighbour's customer.
    Customer,
    /// Neither pays.
    Peer,
    /// We are a client of a route server.
    RsClient,
    /// The session has no role.
    None,
}

/// What a neighbour announces in the twin, and to whom its routers are connected there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rehearsal {
    /// Prefixes that its twin announces.
    pub announces: Vec<IpNet>,
    /// Further generated IPv4 routes that its twin announces. Default: 0.
    pub routes: u32,
}

impl Word for Relation {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("transit", Self::Transit),
        ("peer", Self::Peer),
        ("route-server", Self::RouteServer),
        ("customer", Self::Customer),
    ];
}

impl Word for View {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("full", Self::Full),
        ("default", Self::Default),
        ("full-and-default", Self::FullAndDefault),
        ("own", Self::Own),
    ];
}

impl Word for BgpRole {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("provider", Self::Provider),
        ("customer", Self::Customer),
        ("peer", Self::Peer),
        ("rs-client", Self::RsClient),
        ("none", Self::None),
    ];
}

impl Relation {
    /// The word for it in TOML.
    pub fn word(self) -> &'static str {
        word(self)
    }

    /// The role that our side of a session has by RFC 9234.
    pub fn our_role(self) -> BgpRole {
        match self {
            Self::Transit => BgpRole::Customer,
            Self::Peer => BgpRole::Peer,
            Self::RouteServer => BgpRole::RsClient,
            Self::Customer => BgpRole::Provider,
        }
    }
}

impl BgpRole {
    /// The word for it in TOML.
    pub fn word(self) -> &'static str {
        word(self)
    }
}

impl Named for Neighbor {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Neighbor {
    const KIND: &'static str = "neighbor";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        let relation = fields.need("relation");
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            asn: fields.need("asn"),
            relation,
            as_set: fields.get("as_set"),
            prefixes: fields.list("prefixes"),
            limit4: fields.get("limit4"),
            limit6: fields.get("limit6"),
            blackhole: fields.get("blackhole"),
            may_blackhole: fields.or("may_blackhole", relation == Relation::Customer),
            default_route: fields.or("default_route", false),
            view: fields.get("view"),
            drain: fields.or("drain", false),
            prepend: fields.or("prepend", 0),
            password4: fields.get("password4"),
            password6: fields.get("password6"),
            policy: fields.get("policy"),
            twin: fields.table("twin").map(Rehearsal::read).unwrap_or_default(),
            session: fields
                .tables("session")
                .into_iter()
                .map(|(s, t)| Session::read(s, t))
                .collect(),
            at: fields.at(),
        }
    }
}

impl Session {
    fn read(name: String, mut fields: Fields<'_>) -> Self {
        if !crate::names::is_name(&name) {
            fields.finding(crate::names::bad_name(&name, fields.at().place));
        }
        let remote: Option<Id<Host>> = fields.get("remote");
        let session = Self {
            name,
            host: fields.need("host"),
            ipv4: fields.get("ipv4"),
            ipv6: fields.get("ipv6"),
            remote,
            role: fields.get("role"),
            bfd: fields.or("bfd", remote.is_some()),
            ttl_security: fields.or("ttl_security", remote.is_some()),
            at: fields.at(),
        };
        if !session.at.has("ipv4") && !session.at.has("ipv6") {
            let says = format!("{} has neither an IPv4 nor an IPv6 address", session.at.key);
            let finding = Finding::error("M-MISSING-KEY", session.at.place, says);
            fields.finding(finding.hint("add `ipv4 = …` or `ipv6 = …`: the neighbour's address"));
        }
        fields.done();
        session
    }
}

impl Rehearsal {
    fn read(mut fields: Fields<'_>) -> Self {
        let twin = Self { announces: fields.list("announces"), routes: fields.or("routes", 0) };
        fields.done();
        twin
    }
}
