//! The routes that a router makes itself: its LANs, what lies behind its static next hops, its
//! pools, our aggregates, and the default route that customers hear.

use super::{is_ours, ospf};
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{Host, Nic, Relation, Role, SegmentKind, View, Vip};
use model::{Id, Isp, Named as _};

/// Everything that a router makes itself.
#[derive(Debug, Clone)]
pub struct Own<'a> {
    /// The interfaces on LANs that it is the router of.
    pub lans: Vec<&'a Nic>,
    /// Routes, by family.
    pub families: Vec<OwnRoutes>,
}

/// The routes of one family.
#[derive(Debug, Clone)]
pub struct OwnRoutes {
    /// The family.
    pub family: Family,
    /// What lies behind static next hops, then the pools.
    pub statics: Vec<StaticRoute>,
    /// Our prefixes as the world knows them.
    pub aggregates: Vec<IpNet>,
    /// The inside routers of which one must be reached for the aggregates to be told; none where
    /// they always are.
    pub inside: Vec<Id<Host>>,
    /// The default route, if a customer here wants to hear it.
    pub default: Option<IpNet>,
    /// The edges of which one must be reached for the default route to be told; none where it
    /// always is.
    pub edges: Vec<Id<Host>>,
}

/// A static route.
#[derive(Debug, Clone)]
pub struct StaticRoute {
    /// Where to.
    pub net: IpNet,
    /// The virtual address behind which it is; a pool leads nowhere by itself.
    pub via: Option<Id<Vip>>,
    /// The name of what declares it, and what it is for.
    pub about: String,
}

/// Everything that a router makes itself, in some families.
pub fn own<'a>(isp: &'a Isp, id: Id<Host>, families: &[Family]) -> Own<'a> {
    let families = families.iter().map(|family| routes(isp, id, *family)).collect();
    Own { lans: lans(isp, id), families }
}

/// The LANs that we are the router of. A host of another AS is a guest on ours.
fn lans(isp: &Isp, id: Id<Host>) -> Vec<&Nic> {
    let nics = isp.hosts[id].nic.iter().filter(|_| is_ours(isp, id));
    nics.filter(|nic| isp.segments[nic.segment].kind == SegmentKind::Lan).collect()
}

fn routes(isp: &Isp, id: Id<Host>, family: Family) -> OwnRoutes {
    let edge = isp.hosts[id].role == Role::Edge && is_ours(isp, id);
    let all = isp.about.prefixes().filter(|net| edge && Family::of_net(*net) == family);
    let default = tells_default(isp, id).then(|| super::family(family).whole());
    // A router with LANs of its own in our space serves them even when it is alone.
    let alone = isp.announced_by(id).into_iter().any(|net| isp.is_ours(net));
    OwnRoutes {
        family,
        statics: statics(isp, id, family),
        aggregates: all.collect(),
        inside: watched(isp, id, family, |role| edge && !alone && role != Role::Edge),
        default,
        edges: watched(isp, id, family, |role| default.is_some() && role == Role::Edge && !edge),
    }
}

/// The routers of a role that this one looks for in OSPF.
fn watched(isp: &Isp, id: Id<Host>, family: Family, of: impl Fn(Role) -> bool) -> Vec<Id<Host>> {
    if ospf(isp, id).is_none() {
        return Vec::new();
    }
    let peers = isp.internal_peers(id).into_iter().filter(|(_, peer)| of(peer.role));
    peers.filter(|(_, peer)| peer.loopback(family).is_some()).map(|(id, _)| id).collect()
}

fn tells_default(isp: &Isp, id: Id<Host>) -> bool {
    isp.sessions_of(id).into_iter().any(|(neighbor, _)| {
        neighbor.relation == Relation::Customer
            && matches!(neighbor.told(), View::Default | View::FullAndDefault)
    })
}

/// What lies behind static next hops, then the pools.
fn statics(isp: &Isp, id: Id<Host>, family: Family) -> Vec<StaticRoute> {
    let mut all = Vec::new();
    for route in isp.routes_of(id).filter(|one| isp.vips[one.via].address(family).is_some()) {
        let about = about(route.name(), route.description.as_deref());
        let nets = route.prefixes.iter().filter(|net| Family::of_net(**net) == family);
        let via = Some(route.via);
        all.extend(nets.map(|net| StaticRoute { net: *net, via, about: about.clone() }));
    }
    for pool in isp.pools_of(id) {
        let about = about(pool.name(), pool.description.as_deref());
        let nets = pool.prefixes.iter().filter(|net| Family::of_net(**net) == family);
        all.extend(nets.map(|net| StaticRoute { net: *net, via: None, about: about.clone() }));
    }
    all
}

/// A name and what it is for.
pub fn about(name: &str, description: Option<&str>) -> String {
    match description {
        Some(description) => format!("{name}: {description}"),
        None => name.to_owned(),
    }
}
