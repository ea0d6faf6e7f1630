//! What the simulated network holds, laid open: to be compared with what real daemons do.

use crate::bgp::From;
use crate::destination::Step;
use crate::element::Failure;
use crate::plane::routes::{Carrier, Carriers, Leads};
use crate::plane::{Position, Router};
use crate::prove::planes;
use crate::why;
use crate::world::{Forward, World};
use ipnet::IpNet;
use model::Isp;
use model::Named as _;
use model::ask::Family;
use model::kinds::{Segment, SegmentKind};
use std::collections::{BTreeMap, BTreeSet};

/// The route that a router is to have in its kernel for a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicted {
    /// The router.
    pub host: String,
    /// The family.
    pub family: Family,
    /// The prefix.
    pub net: IpNet,
    /// Where it leads.
    pub leads: To,
    /// Who told it.
    pub by: By,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum To {
    /// To hosts of ours, over interfaces; sorted.
    Hosts(Vec<(String, String)>),
    /// To other networks: our interface and the neighbour; sorted.
    Neighbors(Vec<(String, String)>),
    /// To the segment of an interface.
    Segment(String),
    /// Nowhere: packets are refused.
    Unreachable,
    /// Nowhere: packets are dropped in silence.
    Blackhole,
    /// Wherever the host's own kernel knows: it answers for a pool.
    Pool,
    /// To an interface's segment, where nobody answers for the next hop.
    Silence(String),
}

/// Who told a router its best route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// Itself: a segment of its own, a static route, an aggregate.
    Itself,
    /// OSPF.
    Ospf,
    /// Internal BGP, by this router.
    Internal(String),
    /// BGP with another network, over this session: `verixi/edge-01`.
    Session(String),
}

/// Every route of every router that runs when something failed.
pub fn routes(isp: &Isp, failure: &Failure) -> Vec<Predicted> {
    let mut all = Vec::new();
    for plane in &planes(isp, 1) {
        let world = World::of(plane, failure);
        let nets = nets(&world);
        for id in &plane.routers {
            let host = id.index();
            if !world.up.routing[host] || !world.up.hosts[host] {
                continue;
            }
            all.extend(nets.iter().filter_map(|step| predicted(&world, host, step)));
        }
    }
    all
}

/// Every prefix that somebody may know.
fn nets(world: &World<'_>) -> Vec<Step> {
    let plane = world.plane;
    let routes = &plane.routes;
    let carried = carried(world);
    let mut nets: BTreeSet<IpNet> = routes.prefixes.iter().copied().collect();
    nets.extend(carried.keys());
    // Management has a table of its own.
    let carries = |segment: &Segment| segment.kind != SegmentKind::Management;
    let segments = || plane.isp.segments.iter().filter(move |(_, segment)| carries(segment));
    nets.extend(segments().filter_map(|(_, segment)| segment.prefix(plane.family)));
    let step = |net: IpNet| Step {
        net,
        segment: segments()
            .find(|(_, segment)| segment.prefix(plane.family) == Some(net))
            .map(|(id, _)| id.index()),
        prefix: routes.prefixes.binary_search(&net).ok(),
        infrastructure: carried.get(&net).cloned().unwrap_or_default(),
    };
    nets.into_iter().map(step).collect()
}

/// What OSPF carries now. A router tells of a network while its interface has a link there, and of its
/// own address alone while it has none (BIRD's loopback state, RFC 2328 section 9.1). The proof itself
/// does not tell them apart: no flow of anybody ends on a network between routers.
fn carried(world: &World<'_>) -> BTreeMap<IpNet, Carriers> {
    let mut now: BTreeMap<IpNet, Carriers> = BTreeMap::new();
    for (net, carriers) in &world.plane.routes.infrastructure {
        for one in &carriers.0 {
            let linked = one.nic.is_none_or(|nic| world.up.nics[nic]);
            let alone = || world.plane.nics[one.nic?].address.map(IpNet::from);
            let told =
                if linked { Some((*net, *one)) } else { alone().map(|own| (own, host(*one))) };
            let told = told.into_iter();
            told.for_each(|(net, one)| now.entry(net).or_default().0.push(one));
        }
    }
    now
}

/// The same router, telling of its own address.
fn host(carrier: Carrier) -> Carrier {
    Carrier { cost: 0, ..carrier }
}

fn predicted(world: &World<'_>, host: Position, step: &Step) -> Option<Predicted> {
    let plane = world.plane;
    let name = plane.host(host).name().to_owned();
    let made = |leads: To, by: By| {
        Some(Predicted { host: name.clone(), family: plane.family, net: step.net, leads, by })
    };
    let segment = step.segment.and_then(|segment| plane.nic_on(host, segment));
    if let Some(nic) = segment.filter(|nic| world.connected(*nic)) {
        return made(To::Segment(plane.nic_name(nic).to_owned()), By::Itself);
    }
    // An address of its own is no route to anywhere.
    let own = plane.nics_of(host).filter_map(|nic| plane.nics[nic].address);
    let mut own = own.chain(plane.host(host).loopback(plane.family));
    if own.any(|address| IpNet::from(address) == step.net) {
        return None;
    }
    let forward = world.step(host, step.net.addr(), step)?;
    made(to(world, forward), by(world, host, step))
}

fn to(world: &World<'_>, forward: Forward) -> To {
    let plane = world.plane;
    let sorted = |all: Vec<(String, String)>| {
        let all: BTreeSet<(String, String)> = all.into_iter().collect();
        all.into_iter().collect::<Vec<_>>()
    };
    let nic = |nic: usize| plane.nic_name(nic).to_owned();
    match forward {
        Forward::To(hops) => {
            let hop = |(own, theirs): &(usize, usize)| {
                (nic(*own), plane.host(plane.nics[*theirs].host).name().to_owned())
            };
            To::Hosts(sorted(hops.iter().map(hop).collect()))
        }
        Forward::Out(sessions) => {
            let over = |session: &usize| {
                let about = &plane.routes.sessions[*session];
                let own = about.nic.map_or_else(String::new, nic);
                (own, plane.isp.neighbors[about.neighbor].name().to_owned())
            };
            To::Neighbors(sorted(sessions.iter().map(over).collect()))
        }
        Forward::Member(own) => To::Segment(nic(own)),
        Forward::Silence(own) => To::Silence(nic(own)),
        Forward::Unreachable => To::Unreachable,
        Forward::Blackhole => To::Blackhole,
        Forward::Here | Forward::Pool => To::Pool,
    }
}

fn by(world: &World<'_>, host: Position, step: &Step) -> By {
    let plane = world.plane;
    let first = plane.router_of[host].zip(step.prefix).and_then(|(router, prefix)| {
        let from = *world.chosen(prefix, router).of.first()?;
        Some((router, prefix, from))
    });
    match first {
        None => By::Ospf,
        Some((router, prefix, _)) if ospf_wins(world, router, (prefix, step)) => By::Ospf,
        Some((_, prefix, From::Own(number))) => {
            match plane.routes.injections[prefix][usize::from(number)].leads {
                Leads::Out(session) => By::Session(why::session_name(world, session)),
                Leads::Attached(_) | Leads::Via(..) | Leads::Pool | Leads::Unreachable => {
                    By::Itself
                }
            }
        }
        Some((_, _, From::Inner(session))) => By::Session(why::session_name(world, session)),
        Some((_, _, From::Internal(teller))) => {
            By::Internal(plane.isp.hosts[plane.routers[usize::from(teller)]].name().to_owned())
        }
    }
}

/// Whether a prefix that OSPF carries too goes its way.
fn ospf_wins(world: &World<'_>, router: Router, (prefix, step): (usize, &Step)) -> bool {
    world.preference(prefix, &world.chosen(prefix, router)) <= crate::world::OSPF
        && world.ospf(router, &step.infrastructure).is_some()
}
