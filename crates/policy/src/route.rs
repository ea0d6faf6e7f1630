//! A route as a filter sees it, and what a filter makes of it.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::reason::Reason;

/// An address family: sessions, tables and filters are of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of a prefix.
    pub const fn of(net: &IpNet) -> Self {
        match net {
            IpNet::V4(_) => Self::V4,
            IpNet::V6(_) => Self::V6,
        }
    }

    /// The length of one address: 32 or 128.
    pub const fn bits(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    /// The prefix that covers everything: `0.0.0.0/0` or `::/0`.
    pub fn whole(self) -> IpNet {
        match self {
            Self::V4 => IpNet::V4(ipnet::Ipv4Net::default()),
            Self::V6 => IpNet::V6(ipnet::Ipv6Net::default()),
        }
    }

    /// `v4` or `v6`, as used in names.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::V4 => "v4",
            Self::V6 => "v6",
        }
    }
}

/// A standard community (RFC 1997).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Community(pub u16, pub u16);

impl Community {
    /// Graceful shutdown (RFC 8326).
    pub const GRACEFUL_SHUTDOWN: Self = Self(65535, 0);
    /// Blackhole (RFC 7999).
    pub const BLACKHOLE: Self = Self(65535, 666);
    /// Do not announce outside the AS (RFC 1997).
    pub const NO_EXPORT: Self = Self(65535, 65281);
    /// Do not announce to anybody (RFC 1997).
    pub const NO_ADVERTISE: Self = Self(65535, 65282);
}

impl fmt::Display for Community {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {})", self.0, self.1)
    }
}

/// A large community (RFC 8092).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Large(pub u32, pub u32, pub u32);

impl fmt::Display for Large {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {}, {})", self.0, self.1, self.2)
    }
}

/// How a route came into BGP (RFC 4271 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// From an interior protocol.
    Igp,
    /// From EGP, of historical interest.
    Egp,
    /// From somewhere else.
    Incomplete,
}

/// The kind of protocol that brought a route into our table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A BGP session.
    Bgp,
    /// A static route of the configuration.
    Static,
    /// A network on one of our interfaces.
    Device,
    /// Another program, through the kernel.
    Kernel,
    /// OSPF, of any type.
    Ospf,
    /// Babel.
    Babel,
}

/// What happens to packets that follow the route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// They are forwarded.
    #[default]
    AsLearnt,
    /// They are answered as unreachable: a static route that says so, or a BGP route whose next hop
    /// nobody knows a way to. BIRD keeps the latter, and would tell it on.
    Unreachable,
    /// They are dropped in silence.
    Blackhole,
}

/// A part of an AS path (RFC 4271 section 4.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// ASNs in the order in which the route passed, the last to pass first.
    Sequence(Vec<u32>),
    /// ASNs without order, left by aggregation; deprecated by RFC 9774.
    Set(Vec<u32>),
}

/// An AS path. Two sequences never stand side by side, and no sequence is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Segment>);

impl Path {
    /// A path from its segments, joined where two sequences meet.
    pub fn new(segments: Vec<Segment>) -> Self {
        let mut path = Vec::new();
        for segment in segments {
            match (path.last_mut(), segment) {
                (_, Segment::Sequence(asns)) if asns.is_empty() => {}
                (Some(Segment::Sequence(last)), Segment::Sequence(asns)) => last.extend(asns),
                (_, segment) => path.push(segment),
            }
        }
        Self(path)
    }

    /// A path without sets.
    pub fn sequence(asns: &[u32]) -> Self {
        Self::new(vec![Segment::Sequence(asns.to_vec())])
    }

    /// The segments, the neighbour's first.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Every ASN, those of sets included.
    pub fn asns(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|segment| match segment {
            Segment::Sequence(asns) | Segment::Set(asns) => asns.iter().copied(),
        })
    }

    /// The length as the decision process counts: a set is one (RFC 4271 section 9.1.2.2).
    pub fn len(&self) -> usize {
        let counted = |segment: &Segment| match segment {
            Segment::Sequence(asns) => asns.len(),
            Segment::Set(_) => 1,
        };
        self.0.iter().map(counted).sum()
    }

    /// Whether there is no segment at all, as for a route of our own.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The neighbour; 0 when the path is empty or begins with a set.
    pub fn first(&self) -> u32 {
        match self.0.first() {
            Some(Segment::Sequence(asns)) => asns.first().copied().unwrap_or_default(),
            Some(Segment::Set(_)) | None => 0,
        }
    }

    /// The origin; 0 when the path is empty or ends in a set.
    pub fn last(&self) -> u32 {
        match self.0.last() {
            Some(Segment::Sequence(asns)) => asns.last().copied().unwrap_or_default(),
            Some(Segment::Set(_)) | None => 0,
        }
    }

    /// The last ASN before the first set; 0 when there is none.
    pub fn last_nonaggregated(&self) -> u32 {
        match self.0.first() {
            Some(Segment::Sequence(asns)) => asns.last().copied().unwrap_or_default(),
            Some(Segment::Set(_)) | None => 0,
        }
    }

    /// The path with `asn` in front, `times` times.
    pub(crate) fn prepended(self, asn: u32, times: u8) -> Self {
        let mut segments = vec![Segment::Sequence(vec![asn; usize::from(times)])];
        segments.extend(self.0);
        Self::new(segments)
    }

    /// The path with only those ASNs for which `keep` holds.
    pub(crate) fn retained(self, keep: impl Fn(u32) -> bool) -> Self {
        let kept = |asns: Vec<u32>| asns.into_iter().filter(|asn| keep(*asn)).collect::<Vec<_>>();
        let segments = self.0.into_iter().filter_map(|segment| match segment {
            Segment::Sequence(asns) => Some(Segment::Sequence(kept(asns))),
            Segment::Set(asns) => Some(Segment::Set(kept(asns))).filter(|set| !is_empty(set)),
        });
        Self::new(segments.collect())
    }
}

fn is_empty(segment: &Segment) -> bool {
    match segment {
        Segment::Sequence(asns) | Segment::Set(asns) => asns.is_empty(),
    }
}

/// A route with the attributes that a policy may read and write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route {
    /// The prefix.
    pub net: IpNet,
    /// The AS path.
    pub path: Path,
    /// Standard communities, in the order of the wire.
    pub communities: Vec<Community>,
    /// Large communities, in the order of the wire.
    pub large: Vec<Large>,
    /// Local preference; BIRD gives 100 to what comes from outside without one.
    pub local_pref: Option<u32>,
    /// The neighbour's wish among several links with it.
    pub med: Option<u32>,
    /// Origin code.
    pub origin: Option<Origin>,
    /// BGP next hop; absent on routes that did not come by BGP.
    pub next_hop: Option<IpAddr>,
    /// The protocol that brought it.
    pub source: Source,
    /// What happens to packets.
    pub destination: Destination,
}

impl Route {
    /// A bare route of our own, as a static protocol makes it.
    pub fn bare(net: IpNet, source: Source) -> Self {
        Self {
            net: net.trunc(),
            path: Path::default(),
            communities: Vec::new(),
            large: Vec::new(),
            local_pref: None,
            med: None,
            origin: None,
            next_hop: None,
            source,
            destination: Destination::AsLearnt,
        }
    }
}

/// What a filter decided, and the route as it left the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the route passed.
    pub accepted: bool,
    /// Why it did not; always there when `accepted` is false.
    pub reason: Option<Reason>,
    /// The route with every change that the filter made before it decided.
    pub route: Route,
}
