//! What the targets of an invariant stand for: where packets of theirs start, and where packets to them
//! go. Whatever a target names, something stands for it, or the invariant is told to be about nothing.

use crate::destination::unnamed;
use crate::flows::{Ends, Origin, first};
use crate::plane::Plane;
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{Invariant, InvariantKind, Neighbor, Relation, SegmentKind, Target, Vip};
use model::{Id, Named as _};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Where packets start, their source, and what it is called.
pub(crate) type Start = (Origin, IpAddr, String);
/// Where packets go to, and what it is called.
pub(crate) type Goal = (IpAddr, String);

/// Where the traffic of an invariant comes from; the Internet where it names nothing.
pub(crate) fn origins(plane: &Plane<'_>, ends: &Ends, invariant: &Invariant) -> Vec<Start> {
    if invariant.from.is_empty() {
        return strangers(plane, ends);
    }
    let targets = invariant.from.iter();
    let mut all: Vec<Start> =
        targets.flat_map(|target| origin(plane, ends, (target, invariant.kind))).collect();
    let mut known = BTreeSet::new();
    all.retain(|(origin, source, _)| known.insert((*origin, *source)));
    all
}

/// Where the traffic of an invariant goes; the Internet where it names nothing.
pub(crate) fn goals(plane: &Plane<'_>, ends: &Ends, invariant: &Invariant) -> Vec<Goal> {
    if invariant.to.is_empty() {
        return internet(ends);
    }
    let mut all = BTreeMap::new();
    for target in &invariant.to {
        for (address, name) in goal(plane, ends, (target, invariant.kind)) {
            all.entry(address).or_insert(name);
        }
    }
    all.into_iter().collect()
}

/// The rest of the world as a goal.
fn internet(ends: &Ends) -> Vec<Goal> {
    ends.outside.first().cloned().into_iter().collect()
}

/// Every session with another network as an origin.
pub(crate) fn strangers(plane: &Plane<'_>, ends: &Ends) -> Vec<Start> {
    let all = ends.sessions.iter();
    all.filter_map(|session| {
        let (source, name) = stranger(plane, *session)?;
        Some((Origin::Outside(*session), source, name))
    })
    .collect()
}

/// An address behind a session, and what it is called: one that its network announces.
pub(crate) fn stranger(plane: &Plane<'_>, number: usize) -> Option<(IpAddr, String)> {
    let session = &plane.routes.sessions[number];
    let neighbor = &plane.isp.neighbors[session.neighbor];
    let name = &neighbor.session[session.at].name;
    let name = format!("neighbor.{}/{name}", neighbor.name());
    let rest = || crate::announce::rest(plane.family);
    let own = neighbor.twin.announces.iter().chain(&neighbor.prefixes).copied();
    let own = own.into_iter().find(|net| Family::of_net(*net) == plane.family);
    let net = match neighbor.relation {
        Relation::Transit => rest(),
        Relation::Peer | Relation::RouteServer | Relation::Customer => own.or_else(rest),
    };
    Some((first(net?)?, name))
}

/// Where packets of a target start.
pub(crate) fn origin(
    plane: &Plane<'_>,
    ends: &Ends,
    (target, kind): (&Target, InvariantKind),
) -> Vec<Start> {
    let isp = plane.isp;
    match target {
        Target::Host(id) => {
            let name = format!("host.{}", isp.hosts[*id].name());
            let address = isp.hosts[*id].main_address(isp, plane.family);
            address.map(|a| (Origin::Host(id.index()), a, name)).into_iter().collect()
        }
        Target::Vip(id) => holders(plane, *id),
        Target::Segment(id) => {
            let Some(net) = isp.segments[*id].prefix(plane.family) else { return Vec::new() };
            let name = format!("segment.{}", isp.segments[*id].name());
            let free = unnamed(plane, net).map(|a| vec![(Origin::Lan(id.index()), a, name)]);
            free.unwrap_or_else(|| declared(plane, net))
        }
        Target::Pool(_) => {
            let nets = isp.prefixes_of(target, plane.family);
            nets.iter().flat_map(|net| inside(ends, *net)).collect()
        }
        Target::Neighbor(id) => {
            let own = |session: &usize| plane.routes.sessions[*session].neighbor == *id;
            let foreign = strangers(plane, ends).into_iter();
            let foreign = foreign.filter(|(origin, _, _)| match origin {
                Origin::Outside(session) => own(session),
                Origin::Lan(_) | Origin::Pool(_) | Origin::Host(_) | Origin::Vip(..) => false,
            });
            foreign.chain(next_door(plane, ends, &isp.neighbors[*id])).collect()
        }
        Target::Zone(id) => {
            let zone = &isp.zones[*id];
            let rest = zone.rest.then(|| strangers(plane, ends)).into_iter().flatten();
            let segments = zone.segments.iter().map(|id| Target::Segment(*id));
            let own = segments.flat_map(|target| origin(plane, ends, (&target, kind)));
            let loose = zone.rest.then(|| loose(plane, ends)).into_iter().flatten();
            rest.chain(own).chain(loose.cloned()).collect()
        }
        Target::Service(id) => {
            let hosts = isp.services[*id].hosts.iter().map(|id| Target::Host(*id));
            hosts.flat_map(|target| origin(plane, ends, (&target, kind))).collect()
        }
        Target::Prefix(net) => starts_in(plane, ends, (*net, kind)),
    }
}

/// Where packets to a target go.
pub(crate) fn goal(
    plane: &Plane<'_>,
    ends: &Ends,
    (target, kind): (&Target, InvariantKind),
) -> Vec<Goal> {
    let isp = plane.isp;
    let some = |address: Option<IpAddr>, name: String| {
        address.map(|address| (address, name)).into_iter().collect()
    };
    match target {
        Target::Host(id) => {
            let host = &isp.hosts[*id];
            some(host.main_address(isp, plane.family), format!("host.{}", host.name()))
        }
        Target::Vip(id) => {
            let vip = &isp.vips[*id];
            some(vip.address(plane.family), format!("vip.{}", vip.name()))
        }
        Target::Segment(id) => {
            let Some(net) = isp.segments[*id].prefix(plane.family) else { return Vec::new() };
            let name = format!("segment.{}", isp.segments[*id].name());
            let free = unnamed(plane, net).map(|address| vec![(address, name)]);
            free.unwrap_or_else(|| declared(plane, net).into_iter().map(end).collect())
        }
        Target::Pool(id) => {
            let pool = &isp.pools[*id];
            let nets = pool.prefixes.iter().filter(|net| Family::of_net(**net) == plane.family);
            let each = nets
                .filter_map(|net| Some((unnamed(plane, *net)?, format!("pool.{}", pool.name()))));
            each.collect()
        }
        Target::Prefix(net) => goals_in(plane, ends, (*net, kind)),
        Target::Neighbor(id) => behind(plane, ends, &isp.neighbors[*id]),
        Target::Zone(id) => {
            let zone = &isp.zones[*id];
            let rest = zone.rest.then(|| internet(ends)).into_iter().flatten();
            let segments = zone.segments.iter().map(|id| Target::Segment(*id));
            let own = segments.flat_map(|target| goal(plane, ends, (&target, kind)));
            let loose = zone.rest.then(|| loose(plane, ends)).into_iter().flatten();
            rest.chain(own).chain(loose.cloned().map(end)).collect()
        }
        Target::Service(id) => {
            let service = &isp.services[*id];
            let fronts = isp.front_of(service).into_iter();
            let own = fronts.filter(|address| Family::of(*address) == plane.family);
            own.map(|address| (address, format!("service.{}", service.name()))).collect()
        }
    }
}

/// An end that packets start at, as one that they go to.
fn end((_, address, name): Start) -> Goal {
    (address, name)
}

/// The LANs and pools that stand in a prefix.
fn inside(ends: &Ends, net: IpNet) -> impl Iterator<Item = Start> + '_ {
    ends.inside.iter().filter(move |(_, address, _)| net.contains(address)).cloned()
}

/// The LANs and pools that are in no zone by name: in that of the rest.
fn loose<'e>(plane: &'e Plane<'_>, ends: &'e Ends) -> impl Iterator<Item = &'e Start> {
    let isp = plane.isp;
    let rest = |segment| isp.zone_of(segment).is_some_and(|zone| zone.rest);
    let leads = |nic: &&model::kinds::Nic| match isp.segments[nic.segment].kind {
        SegmentKind::Backbone | SegmentKind::Transit | SegmentKind::Exchange | SegmentKind::Lan => {
            true
        }
        SegmentKind::Management | SegmentKind::Sync | SegmentKind::OutOfBand => false,
    };
    ends.inside.iter().filter(move |(origin, _, _)| match origin {
        Origin::Lan(segment) => rest(plane.segment_ids[*segment]),
        Origin::Pool(host) => {
            plane.host(*host).nic.iter().filter(leads).any(|nic| rest(nic.segment))
        }
        Origin::Host(_) | Origin::Vip(..) | Origin::Outside(_) => false,
    })
}

/// The hosts of a VIP, each while it holds the address.
fn holders(plane: &Plane<'_>, id: Id<Vip>) -> Vec<Start> {
    let vip = &plane.isp.vips[id];
    let name = format!("vip.{}", vip.name());
    let Some(address) = vip.address(plane.family) else { return Vec::new() };
    let hosts = vip.hosts.iter().map(|host| Origin::Vip(id.index(), host.index()));
    hosts.map(|origin| (origin, address, name.clone())).collect()
}

/// Every address in a prefix that the model names, as a start.
fn declared(plane: &Plane<'_>, net: IpNet) -> Vec<Start> {
    let hosts = plane.isp.hosts.iter().flat_map(|(id, host)| {
        let own = host.addresses().into_iter().filter(move |address| net.contains(address));
        own.map(move |address| (Origin::Host(id.index()), address, format!("host.{}", host.name())))
    });
    let vips = plane.isp.vips.iter().flat_map(|(id, _)| holders(plane, id));
    let vips = vips.filter(|(_, address, _)| net.contains(address));
    hosts.chain(vips).collect()
}

/// The segments in a prefix that are no LANs: nobody is sent there, and nobody shall be.
fn inner(plane: &Plane<'_>, net: IpNet) -> impl Iterator<Item = Start> {
    plane.isp.segments.iter().filter_map(move |(id, segment)| {
        let own = segment.prefix(plane.family).filter(|own| net.contains(own))?;
        let own = (segment.kind != SegmentKind::Lan).then_some(own)?;
        let name = format!("segment.{}", segment.name());
        Some((Origin::Lan(id.index()), unnamed(plane, own)?, name))
    })
}

/// Where packets from a prefix start: in its LANs and pools; where there is none, at whoever has such an
/// address. What must not be or is to be fenced holds for each address in it that is declared, too: of what
/// is reached, one of a LAN stands for all.
fn starts_in(plane: &Plane<'_>, ends: &Ends, (net, kind): (IpNet, InvariantKind)) -> Vec<Start> {
    if Family::of_net(net) != plane.family {
        return Vec::new();
    }
    let named = declared(plane, net);
    let mut all: Vec<Start> = inside(ends, net).collect();
    if all.is_empty() {
        let free = address_in(plane, net).filter(|one| named.iter().all(|(_, own, _)| own != one));
        all = free.map(|address| located(plane, ends, (net, address), kind)).unwrap_or_default();
    }
    if kind != InvariantKind::Reach {
        all.extend(inner(plane, net));
    }
    if all.is_empty() || kind != InvariantKind::Reach {
        all.extend(named);
    }
    all
}

/// Where packets to a prefix go, by the same rule.
fn goals_in(plane: &Plane<'_>, ends: &Ends, (net, kind): (IpNet, InvariantKind)) -> Vec<Goal> {
    if Family::of_net(net) != plane.family {
        return Vec::new();
    }
    let mut all: Vec<Goal> = inside(ends, net).map(end).collect();
    if all.is_empty() {
        all.extend(address_in(plane, net).map(|address| (address, net.to_string())));
    }
    if kind != InvariantKind::Reach {
        all.extend(inner(plane, net).map(end));
    }
    if all.is_empty() || kind != InvariantKind::Reach {
        all.extend(declared(plane, net).into_iter().map(end));
    }
    all
}

/// An address that stands for a prefix: the one that it is, or one that nobody has.
fn address_in(plane: &Plane<'_>, net: IpNet) -> Option<IpAddr> {
    let single = net.prefix_len() == net.max_prefix_len();
    if single { Some(net.addr()) } else { unnamed(plane, net) }
}

/// Where packets from an address start that no host of ours has.
fn located(
    plane: &Plane<'_>,
    ends: &Ends,
    (net, address): (IpNet, IpAddr),
    kind: InvariantKind,
) -> Vec<Start> {
    let isp = plane.isp;
    let holds = |net: &IpNet| net.contains(&address);
    let mut segments = isp.segments.iter();
    let segment = segments.find(|(_, one)| one.prefix(plane.family).as_ref().is_some_and(holds));
    let segment = segment.map(|(id, _)| Origin::Lan(id.index()));
    let mut pools = isp.pools.values().filter(|pool| pool.prefixes.iter().any(holds));
    let pool = || pools.find_map(|pool| Some(Origin::Pool(pool.hosts.first()?.index())));
    let route = isp.routes.values().find(|route| route.prefixes.iter().any(holds));
    if let Some(origin) = segment.or_else(pool) {
        return vec![(origin, address, net.to_string())];
    }
    if let Some(route) = route {
        let through = holders(plane, route.via).into_iter();
        return through.map(|(origin, _, _)| (origin, address, net.to_string())).collect();
    }
    let whose = |neighbor: &Neighbor| announced(neighbor).any(|net| holds(&net));
    let declared = isp.neighbors.values().any(whose);
    // Space of ours that nobody uses, or somebody's that no answer would find.
    let lost = kind == InvariantKind::Reach && !plane.routes.prefixes.iter().any(holds);
    if !declared && (isp.is_ours(net) || lost) {
        return Vec::new();
    }
    let sends = |neighbor: &Neighbor| {
        let own = neighbor.relation == Relation::Customer;
        if declared { whose(neighbor) } else { !own }
    };
    let near = isp.neighbors.values().filter(|one| sends(one));
    let near = near.flat_map(|neighbor| own_routers(plane, neighbor));
    let near = near.map(|host| (Origin::Pool(host), address, net.to_string()));
    let far = ends
        .sessions
        .iter()
        .filter(|session| sends(&isp.neighbors[plane.routes.sessions[**session].neighbor]));
    let far = far.filter_map(|session| {
        let (_, name) = stranger(plane, *session)?;
        Some((Origin::Outside(*session), address, name))
    });
    near.chain(far).collect()
}

/// What a neighbour announces, as far as that is declared.
fn announced(neighbor: &Neighbor) -> impl Iterator<Item = IpNet> {
    neighbor.prefixes.iter().chain(&neighbor.twin.announces).copied()
}

/// The hosts of ours that are the other end of a neighbour's sessions.
fn own_routers(plane: &Plane<'_>, neighbor: &Neighbor) -> BTreeSet<usize> {
    let remote = neighbor.session.iter().filter_map(|session| session.remote);
    remote.map(Id::index).filter(|host| plane.router_of[*host].is_some()).collect()
}

/// Where packets of a neighbour start whose routers are ours.
fn next_door(plane: &Plane<'_>, ends: &Ends, neighbor: &Neighbor) -> Vec<Start> {
    let hosts = own_routers(plane, neighbor);
    if hosts.is_empty() {
        return Vec::new();
    }
    let name = format!("neighbor.{}", neighbor.name());
    let nets = announced(neighbor);
    let all = nets.flat_map(|net| starts_in(plane, ends, (net, InvariantKind::Reach)));
    let all: Vec<Start> = all.map(|(origin, source, _)| (origin, source, name.clone())).collect();
    if !all.is_empty() {
        return all;
    }
    // It announces nothing: it sends from its routers alone.
    let own = |host: usize| plane.host(host).main_address(plane.isp, plane.family);
    let routers = hosts.into_iter().filter_map(|host| Some((Origin::Host(host), own(host)?)));
    routers.map(|(origin, address)| (origin, address, name.clone())).collect()
}

/// Where packets to a neighbour go. Behind a transit of which nothing is said is the Internet.
fn behind(plane: &Plane<'_>, ends: &Ends, neighbor: &Neighbor) -> Vec<Goal> {
    let name = format!("neighbor.{}", neighbor.name());
    let told: Vec<Goal> = ends.outside.iter().filter(|(_, own)| *own == name).cloned().collect();
    if !told.is_empty() {
        return told;
    }
    if neighbor.relation == Relation::Transit {
        return internet(ends);
    }
    next_door(plane, ends, neighbor).into_iter().map(end).collect()
}
