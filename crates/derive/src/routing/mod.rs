//! What a router speaks and makes itself: sessions with their filters, internal BGP, OSPF, its own
//! routes. The BIRD component writes it as text, the simulator runs it.

mod own;
mod parameters;
mod sides;

pub use own::{Own, OwnRoutes, StaticRoute, about, own};
pub use parameters::{Origins, cone, family, is_ours, network, relation, session, symbol};
pub use sides::{End, Side, sides};

use model::ask::Family;
use model::kinds::{Host, Nic, Policy, Role, SegmentKind};
use model::{Id, Isp};
use policy::Filter;
use policy::standard::{self, Network, Place};
use std::net::Ipv4Addr;

/// The families in which a router has an address.
pub fn families(host: &Host) -> Vec<Family> {
    let held = |family: &Family| host.addresses().into_iter().any(|a| Family::of(a) == *family);
    Family::BOTH.into_iter().filter(held).collect()
}

/// The declared router id, or the loopback, or the first address.
pub fn router_id(host: &Host) -> Ipv4Addr {
    let first = || host.nic.iter().find_map(|nic| nic.ipv4);
    host.router_id().or_else(first).unwrap_or(Ipv4Addr::UNSPECIFIED)
}

/// A router asks for validated origins where it meets other networks, if there is a cache.
pub fn origins(isp: &Isp, id: Id<Host>) -> Origins {
    let asks = isp.validates(id) && !isp.rtr_servers().is_empty();
    if asks { Origins::Validated } else { Origins::Unknown }
}

/// The policy of what does not belong to one neighbour.
pub fn common(isp: &Isp) -> Policy {
    isp.about.policy.map_or_else(Policy::default, |id| isp.policies[id].clone())
}

/// Where a router of our AS stands inside it.
pub fn place(host: &Host) -> Place {
    if host.role == Role::Edge { Place::Edge } else { Place::Inside }
}

/// The filters of internal BGP at one end: what it takes from the far end, and what it tells it.
pub fn internal(near: Place, far: Place, network: &Network, of: Family) -> (Filter, Filter) {
    let import = standard::internal_import(far, near, network, family(of));
    (import, standard::internal_export(near, far, network, family(of)))
}

/// The filter of the routes that a router makes itself; none on a router of another AS.
pub fn originate(isp: &Isp, id: Id<Host>, network: &Network, of: Family) -> Option<Filter> {
    is_ours(isp, id).then(|| standard::originate(network, family(of)))
}

/// A router's interfaces in OSPF.
#[derive(Debug, Clone)]
pub struct Ospf<'a> {
    /// Where it speaks with others: interface and cost.
    pub backbones: Vec<(&'a Nic, u16)>,
    /// Links to other networks: told, but nobody speaks OSPF there.
    pub stubs: Vec<(&'a Nic, u16)>,
}

/// OSPF, if it runs on a router: it is of our AS and has an interface in a backbone.
pub fn ospf(isp: &Isp, id: Id<Host>) -> Option<Ospf<'_>> {
    let links = |of: fn(SegmentKind) -> bool| -> Vec<(&Nic, u16)> {
        let nics = isp.hosts[id].nic.iter().filter(|nic| of(isp.segments[nic.segment].kind));
        nics.map(|nic| (nic, nic.cost.unwrap_or(isp.segments[nic.segment].cost))).collect()
    };
    let backbones = links(|kind| kind == SegmentKind::Backbone);
    let runs = is_ours(isp, id) && !backbones.is_empty();
    runs.then(|| Ospf { backbones, stubs: links(SegmentKind::is_external) })
}
