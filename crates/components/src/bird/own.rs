//! The routes that a router makes itself: its LANs, what lies behind its static next hops, its
//! pools, our aggregates, and the default route that customers hear.

use super::parameters::{is_ours, symbol};
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{Host, Role, SegmentKind, View};
use model::{Id, Isp, Named as _};
use serde::Serialize;
use std::net::IpAddr;

/// What `own.conf` says.
#[derive(Debug, Serialize)]
pub(super) struct Own {
    lans: Vec<Lan>,
    families: Vec<Routes>,
    watched: bool,
}

/// A LAN on one of our interfaces.
#[derive(Debug, Serialize)]
struct Lan {
    nic: String,
    comment: String,
}

/// The routes of one family.
#[derive(Debug, Serialize)]
struct Routes {
    digit: u8,
    /// The filter that marks what we make ourselves; none on a router of another AS.
    originate: Option<String>,
    statics: Vec<Static>,
    aggregates: Vec<IpNet>,
    /// The inside routers of which one must be reachable for the aggregates to be told.
    inside: Vec<Watched>,
    /// The default route, if a customer here wants to hear it.
    default: Option<IpNet>,
    /// The edges of which one must be reachable for the default route to be told.
    edges: Vec<Watched>,
}

/// A static route.
#[derive(Debug, Serialize)]
struct Static {
    net: IpNet,
    via: Option<IpAddr>,
    comment: String,
}

/// A router that is looked for in OSPF.
#[derive(Debug, Serialize)]
struct Watched {
    host: String,
    loopback: IpAddr,
}

/// Everything that a router makes itself.
pub(super) fn own(isp: &Isp, id: Id<Host>, families: &[Family]) -> Own {
    let routes = families.iter().map(|family| routes(isp, id, *family));
    let families: Vec<Routes> = routes.collect();
    let watched = families.iter().any(|f| !f.inside.is_empty() || !f.edges.is_empty());
    Own { lans: lans(isp, id), families, watched }
}

/// The LANs that we are the router of. A host of another AS is a guest on ours.
fn lans(isp: &Isp, id: Id<Host>) -> Vec<Lan> {
    let nics = isp.hosts[id].nic.iter().filter(|_| is_ours(isp, id));
    let lans = nics.filter(|nic| isp.segments[nic.segment].kind == SegmentKind::Lan);
    lans.map(|nic| Lan { nic: nic.name.clone(), comment: about_segment(isp, nic.segment) })
        .collect()
}

/// A segment's name and what it is for.
pub(super) fn about_segment(isp: &Isp, id: Id<model::kinds::Segment>) -> String {
    let segment = &isp.segments[id];
    about(segment.name(), segment.description.as_deref())
}

/// A name and what it is for.
pub(super) fn about(name: &str, description: Option<&str>) -> String {
    match description {
        Some(description) => format!("{name}: {description}"),
        None => name.to_owned(),
    }
}

fn routes(isp: &Isp, id: Id<Host>, family: Family) -> Routes {
    let edge = isp.hosts[id].role == Role::Edge && is_ours(isp, id);
    let all = isp.about.prefixes().filter(|net| edge && Family::of_net(*net) == family);
    let default = tells_default(isp, id).then(|| super::parameters::family(family).whole());
    // A router with LANs of its own in our space serves them even when it is alone.
    let alone = isp.announced_by(id).into_iter().any(|net| isp.is_ours(net));
    Routes {
        digit: family.digit(),
        originate: is_ours(isp, id).then(|| format!("kt_originate_v{}", family.digit())),
        statics: statics(isp, id, family),
        aggregates: all.collect(),
        inside: watched(isp, id, family, |role| edge && !alone && role != Role::Edge),
        default,
        edges: watched(isp, id, family, |role| default.is_some() && role == Role::Edge && !edge),
    }
}

/// The routers of a role that this one reaches by OSPF.
fn watched(isp: &Isp, id: Id<Host>, family: Family, of: impl Fn(Role) -> bool) -> Vec<Watched> {
    if !super::igp::runs(isp, id) {
        return Vec::new();
    }
    let peers = isp.internal_peers(id).into_iter().filter(|(_, peer)| of(peer.role));
    let watched = peers.filter_map(|(_, peer)| {
        Some(Watched { host: peer.name().to_owned(), loopback: peer.loopback(family)? })
    });
    watched.collect()
}

fn tells_default(isp: &Isp, id: Id<Host>) -> bool {
    isp.sessions_of(id).into_iter().any(|(neighbor, _)| {
        neighbor.relation == model::kinds::Relation::Customer
            && matches!(neighbor.told(), View::Default | View::FullAndDefault)
    })
}

/// What lies behind static next hops, then the pools.
fn statics(isp: &Isp, id: Id<Host>, family: Family) -> Vec<Static> {
    let mut all = Vec::new();
    for route in isp.routes_of(id) {
        let Some(via) = isp.vips[route.via].address(family) else { continue };
        let comment = about(route.name(), route.description.as_deref());
        let nets = route.prefixes.iter().filter(|net| Family::of_net(**net) == family);
        all.extend(nets.map(|net| Static { net: *net, via: Some(via), comment: comment.clone() }));
    }
    for pool in isp.pools_of(id) {
        let comment = about(pool.name(), pool.description.as_deref());
        let nets = pool.prefixes.iter().filter(|net| Family::of_net(**net) == family);
        all.extend(nets.map(|net| Static { net: *net, via: None, comment: comment.clone() }));
    }
    all
}

/// The address that packets of ours carry when they leave: the loopback, else the first of ours
/// in our own space (rule K1).
pub(super) fn source(isp: &Isp, host: &Host, family: Family) -> Option<IpAddr> {
    let nics = host.nic.iter().filter_map(|nic| nic.address(family));
    let own = || nics.clone().find(|address| isp.is_ours(IpNet::from(*address)));
    host.loopback(family).or_else(own)
}

/// A word for a protocol's name: the host's, as BIRD takes it.
pub(super) fn word(host: &Host) -> String {
    symbol(host.name())
}
