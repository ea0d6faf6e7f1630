//! The packets that a proof follows: from every LAN, pool and neighbour to every destination that is
//! told apart, and those that the operator's invariants name.

use crate::announce;
use crate::destination::{Destination, unnamed};
use crate::plane::gate::EPHEMERAL;
use crate::plane::routes::SessionNumber;
use crate::plane::{NicNumber, Plane, Position};
use crate::walk::At;
use crate::world::World;
use derive::packet::judge::Content;
use derive::packet::rules::Protocol;
use ipnet::IpNet;
use model::Named as _;
use model::ask::Family;
use model::kinds::{Relation, SegmentKind};
use model::value::Port;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Where packets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// A machine on a segment that the model does not name; it sends to the gateway there.
    Lan(Position),
    /// A machine whose address a host routes: a member behind the VPN or the collection.
    Pool(Position),
    /// A host of ours.
    Host(Position),
    /// A host, by the address of a VIP while it holds it.
    Vip(usize, Position),
    /// Another network, over a session.
    Outside(SessionNumber),
}

/// The number of a destination.
pub(crate) type DestinationNumber = usize;

/// A packet that opens a connection, and where it shall go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) origin: Origin,
    pub(crate) source: IpAddr,
    pub(crate) to: DestinationNumber,
    /// The source as a destination: where answers go.
    pub(crate) back: DestinationNumber,
    pub(crate) port: Option<Port>,
}

/// Destinations and what they are called.
#[derive(Debug, Default)]
pub(crate) struct Destinations {
    pub(crate) all: Vec<Destination>,
    pub(crate) names: Vec<String>,
    known: BTreeMap<IpAddr, DestinationNumber>,
}

impl Destinations {
    /// The number of an address, new or known.
    pub(crate) fn number(
        &mut self,
        plane: &Plane<'_>,
        address: IpAddr,
        name: impl FnOnce() -> String,
    ) -> DestinationNumber {
        if let Some(known) = self.known.get(&address) {
            return *known;
        }
        self.known.insert(address, self.all.len());
        self.all.push(Destination::of(plane, address));
        self.names.push(name());
        self.all.len() - 1
    }
}

/// The places that packets come from and go to by themselves.
pub(crate) struct Ends {
    /// Origin, an address there, what it is called.
    pub(crate) inside: Vec<(Origin, IpAddr, String)>,
    /// An address outside, and what it is called; the rest of the Internet first.
    pub(crate) outside: Vec<(IpAddr, String)>,
    /// Sessions with other networks.
    pub(crate) sessions: Vec<SessionNumber>,
}

impl Ends {
    /// Every LAN, pool and neighbour of a plane.
    pub(crate) fn of(plane: &Plane<'_>) -> Self {
        let mut inside = Vec::new();
        for (id, segment) in plane.isp.segments.iter() {
            let net = segment.prefix(plane.family).filter(|_| segment.kind == SegmentKind::Lan);
            let address = net.and_then(|net| unnamed(plane, net));
            if let Some(address) = address.filter(|address| !translated(plane, *address)) {
                inside.push((
                    Origin::Lan(id.index()),
                    address,
                    format!("segment.{}", segment.name()),
                ));
            }
        }
        for pool in plane.isp.pools.values() {
            let nets = pool.prefixes.iter().filter(|net| Family::of_net(**net) == plane.family);
            for net in nets {
                let host = pool.hosts.first().map(|id| id.index());
                if let (Some(host), Some(address)) = (host, unnamed(plane, *net)) {
                    inside.push((Origin::Pool(host), address, format!("pool.{}", pool.name())));
                }
            }
        }
        Self { inside, outside: outside(plane), sessions: sessions(plane) }
    }
}

/// Whether packets of a source change it on their way: those are not followed.
pub(crate) fn translated(plane: &Plane<'_>, source: IpAddr) -> bool {
    plane.isp.nats.values().any(|nat| {
        let tracks = |id: &model::Id<model::kinds::Host>| plane.gates.tracks(id.index());
        nat.hosts.iter().all(tracks) && nat.from.iter().any(|net| IpNet::V4(*net).contains(&source))
    })
}

/// The sessions with routers that are not ours.
fn sessions(plane: &Plane<'_>) -> Vec<SessionNumber> {
    let all = plane.routes.sessions.iter().enumerate();
    all.filter(|(_, session)| session.remote.is_none()).map(|(number, _)| number).collect()
}

fn outside(plane: &Plane<'_>) -> Vec<(IpAddr, String)> {
    let mut all: Vec<(IpAddr, String)> = Vec::new();
    let rest = announce::rest(plane.family);
    all.extend(rest.and_then(first).map(|address| (address, "internet".to_owned())));
    for neighbor in plane.isp.neighbors.values() {
        let ours = neighbor.session.iter().any(|session| session.remote.is_some());
        let twin = neighbor.twin.announces.iter();
        let nets: Vec<IpNet> = match neighbor.relation {
            Relation::Customer if ours => Vec::new(),
            Relation::Customer => neighbor.prefixes.iter().chain(twin).copied().collect(),
            Relation::Transit | Relation::Peer | Relation::RouteServer => twin.copied().collect(),
        };
        let own = nets.into_iter().find(|net| Family::of_net(*net) == plane.family);
        let address = own.and_then(first);
        all.extend(address.map(|address| (address, format!("neighbor.{}", neighbor.name()))));
    }
    all
}

/// The first address of a prefix that a machine can have.
pub(crate) fn first(net: IpNet) -> Option<IpAddr> {
    // The first address of an IPv6 prefix is every router's (RFC 4291, section 2.6.1).
    net.hosts().nth(usize::from(net.addr().is_ipv6()))
}

impl Flow {
    /// What is in the packet that opens the connection.
    pub(crate) fn content(&self) -> Content<'static> {
        question(self.port)
    }

    /// The host of ours that sends it, where it is one.
    pub(crate) fn asker(&self) -> Option<Position> {
        match self.origin {
            Origin::Host(host) | Origin::Vip(_, host) => Some(host),
            Origin::Lan(_) | Origin::Pool(_) | Origin::Outside(_) => None,
        }
    }

    /// What is in the answer.
    pub(crate) fn answer(&self) -> Content<'static> {
        content(self.port, Way::Back)
    }

    /// Where the packet is first seen by a host of ours, in a state of the network.
    pub(crate) fn starts(&self, world: &World<'_>) -> Vec<At> {
        starts(world, self.origin, self.source)
    }
}

/// What is in the packet that opens a connection to a port.
pub(crate) fn question(port: Option<Port>) -> Content<'static> {
    content(port, Way::There)
}

/// Question or answer.
enum Way {
    There,
    Back,
}

fn content(port: Option<Port>, way: Way) -> Content<'static> {
    match (port.unwrap_or(Port::Tcp(443, 443)), way) {
        (Port::Tcp(to, _), Way::There) => Content::Tcp { from: EPHEMERAL, to, opens: true },
        (Port::Tcp(from, _), Way::Back) => Content::Tcp { from, to: EPHEMERAL, opens: false },
        (Port::Udp(to, _), Way::There) => Content::Udp { from: EPHEMERAL, to },
        (Port::Udp(from, _), Way::Back) => Content::Udp { from, to: EPHEMERAL },
        (Port::Icmp, Way::There) => Content::Icmp("echo-request"),
        (Port::Icmp, Way::Back) => Content::Icmp("echo-reply"),
        (Port::Esp, _) => Content::Other(Protocol::Esp),
        (Port::Gre, _) => Content::Other(Protocol::Gre),
        (Port::Vrrp, _) => Content::Other(Protocol::Vrrp),
    }
}

/// Where packets of an origin enter; nowhere where it is cut off or dead.
pub(crate) fn starts(world: &World<'_>, origin: Origin, source: IpAddr) -> Vec<At> {
    let plane = world.plane;
    match origin {
        Origin::Lan(segment) => gateway(world, segment),
        Origin::Vip(vip, host) => {
            let holds = world.masters[vip].contains(&host);
            holds.then_some(At { host, input: None }).into_iter().collect()
        }
        Origin::Pool(host) | Origin::Host(host) => {
            let lives = world.up.hosts[host];
            lives.then_some(At { host, input: None }).into_iter().collect()
        }
        Origin::Outside(session) => {
            let about = &plane.routes.sessions[session];
            let host = plane.routers[usize::from(about.router)].index();
            let up = world.session_is_up(session) && !world.holds(host, source);
            up.then_some(At { host, input: about.nic }).into_iter().collect()
        }
    }
}

/// Who takes what the machines of a LAN send to their gateway: whoever answers for its VIP, or for
/// the declared gateway; where there is neither, the routers on it.
fn gateway(world: &World<'_>, segment: Position) -> Vec<At> {
    let plane = world.plane;
    let at = |nic: usize| At { host: plane.nics[nic].host, input: Some(nic) };
    match gateway_of(plane, segment) {
        Some(address) => world.answering(segment, address).map(at).collect(),
        None => first_router(world, segment).into_iter().map(at).collect(),
    }
}

/// The first router on a segment.
pub(crate) fn first_router(world: &World<'_>, segment: Position) -> Option<NicNumber> {
    let plane = world.plane;
    plane.on_segment[segment].iter().copied().find(|nic| {
        let about = plane.nics[*nic];
        let router = plane.router_of[about.host].is_some();
        world.up.nics[*nic] && about.address.is_some() && router
    })
}

/// The address that the machines of a LAN send to; none where it is that of any router there.
pub(crate) fn gateway_of(plane: &Plane<'_>, segment: Position) -> Option<IpAddr> {
    let declared = &plane.isp.segments[plane.segment_ids[segment]];
    let virtual_one = plane.vips.iter().zip(plane.isp.vips.values()).find(|(vip, about)| {
        let forward = about.hosts.iter().all(|id| plane.isp.hosts[*id].role.forwards());
        let routers = about.hosts.iter().any(|id| plane.isp.hosts[*id].role.routes());
        let firewalls = plane.isp.vips.values().any(|other| {
            other.segment == about.segment
                && other.hosts.iter().any(|id| plane.isp.hosts[*id].role.routes())
        });
        vip.segment == segment && vip.address.is_some() && forward && (routers || !firewalls)
    });
    let address = virtual_one.and_then(|(vip, _)| vip.address);
    address.or_else(|| declared.gateway(plane.family))
}
