//! One address family of the declared network as dense numbers: what the simulation works on.
//!
//! Hosts, segments and VIPs keep the positions that they have in the model. Interfaces are numbered
//! host by host, routers (hosts with BIRD) in the order of their names.

pub(crate) mod atoms;
pub(crate) mod gate;
mod making;
pub(crate) mod routes;
mod spread;
pub(crate) mod up;

use gate::{Filters, Gates};
use model::ask::Family;
use model::kinds::{Host, Segment, SegmentKind, Target};
use model::{Id, Isp};
use routes::{Needing, Routes};
use std::net::IpAddr;

/// The position of a host, a segment or a VIP in the model's tables.
pub(crate) type Position = usize;
/// The number of a router.
pub(crate) type Router = u16;
/// The number of an interface.
pub(crate) type NicNumber = usize;

/// One family of the network.
#[derive(Debug)]
pub(crate) struct Plane<'a> {
    pub(crate) isp: &'a Isp,
    pub(crate) family: Family,
    pub(crate) host_ids: Vec<Id<Host>>,
    pub(crate) segment_ids: Vec<Id<Segment>>,
    pub(crate) nics: Vec<Nic>,
    /// Where each host's interfaces begin among `nics`; one more at the end.
    pub(crate) first_nic: Vec<NicNumber>,
    pub(crate) on_segment: Vec<Vec<NicNumber>>,
    pub(crate) routers: Vec<Id<Host>>,
    pub(crate) router_of: Vec<Option<Router>>,
    pub(crate) vips: Vec<Vip>,
    pub(crate) gateways: Vec<Option<Gateway>>,
    pub(crate) igp: Igp,
    pub(crate) gates: Gates,
    pub(crate) routes: Routes,
    /// Hosts that invariants name, besides those that forward packets.
    pub(crate) named_hosts: Vec<Position>,
}

/// An interface.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nic {
    pub(crate) host: Position,
    /// Its position among the host's interfaces.
    pub(crate) at: usize,
    pub(crate) segment: Position,
    pub(crate) kind: SegmentKind,
    pub(crate) address: Option<IpAddr>,
    /// Whether it is kept apart from all others, in a VRF.
    pub(crate) apart: bool,
}

/// A virtual address of this family.
#[derive(Debug, Clone)]
pub(crate) struct Vip {
    pub(crate) address: Option<IpAddr>,
    pub(crate) segment: Position,
    pub(crate) group: Option<String>,
    pub(crate) candidates: Vec<Candidate>,
}

/// A host that may hold a VIP.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) host: Position,
    pub(crate) nic: NicNumber,
    pub(crate) priority: u8,
    pub(crate) address: Option<IpAddr>,
    /// Interfaces whose loss lowers the priority.
    pub(crate) tracked: Vec<(NicNumber, u8)>,
    /// Positions of the candidates whose advertisements it hears.
    pub(crate) hears: Vec<bool>,
}

/// Where a host that runs no routing daemon sends what is not on its segments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gateway {
    pub(crate) address: IpAddr,
    pub(crate) nic: NicNumber,
}

/// The graph of OSPF: routers, and the segments between them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Igp {
    /// Backbone segments by their number in the graph.
    pub(crate) segments: Vec<Position>,
    /// Each router's links: the segment's number, cost, interface.
    pub(crate) links: Vec<Vec<Link>>,
    /// Each segment's routers.
    pub(crate) members: Vec<Vec<Member>>,
}

/// A router on a segment in OSPF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) router: Router,
    pub(crate) cost: u32,
    pub(crate) nic: NicNumber,
    /// The interface by which it takes packets from there: its first one on the segment.
    pub(crate) takes_by: NicNumber,
}

/// One link of a router in OSPF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) segment: u16,
    pub(crate) cost: u32,
    pub(crate) nic: NicNumber,
}

impl<'a> Plane<'a> {
    /// Everything of one family that the simulation needs, worked out once.
    pub(crate) fn of(isp: &'a Isp, family: Family) -> Self {
        let filters: Vec<_> = isp.hosts.iter().map(|(id, _)| gate::filter(isp, id)).collect();
        Self::with(isp, family, filters.into())
    }

    /// The same where the filters of both families are known.
    pub(crate) fn with(isp: &'a Isp, family: Family, filters: Filters) -> Self {
        let (nics, first_nic) = nics(isp, family);
        let mut on_segment = vec![Vec::new(); isp.segments.len()];
        for (number, nic) in nics.iter().enumerate() {
            on_segment[nic.segment].push(number);
        }
        let mut routers = Vec::new();
        let mut router_of = vec![None; isp.hosts.len()];
        for (id, host) in isp.hosts.iter().filter(|(_, host)| host.role.routes()) {
            let usable = host.addresses().into_iter().any(|a| Family::of(a) == family);
            if let Ok(number) = Router::try_from(routers.len())
                && usable
            {
                router_of[id.index()] = Some(number);
                routers.push(id);
            }
        }
        let mut plane = Self {
            isp,
            family,
            host_ids: isp.hosts.iter().map(|(id, _)| id).collect(),
            segment_ids: isp.segments.iter().map(|(id, _)| id).collect(),
            nics,
            first_nic,
            on_segment,
            routers,
            router_of,
            vips: Vec::new(),
            gateways: Vec::new(),
            igp: Igp::default(),
            gates: Gates::default(),
            routes: Routes::default(),
            named_hosts: named_hosts(isp),
        };
        plane.gates = Gates::of(&plane, filters);
        plane.vips = plane.virtual_addresses();
        plane.gateways = isp.hosts.iter().map(|(id, _)| plane.gateway(id)).collect();
        plane.igp = plane.graph();
        plane.routes = Routes::of(&plane);
        let (nics, routers) = (plane.nics.len(), plane.routers.len());
        plane.routes.needing = Needing::of(&plane.routes, nics, routers);
        plane
    }

    /// The interfaces of a host.
    pub(crate) fn nics_of(&self, host: Position) -> std::ops::Range<NicNumber> {
        self.first_nic[host]..self.first_nic[host + 1]
    }

    /// A host's interface by its position among them.
    pub(crate) fn nic(&self, host: Position, at: usize) -> NicNumber {
        self.first_nic[host] + at
    }

    /// A host's interface on a segment.
    pub(crate) fn nic_on(&self, host: Position, segment: Position) -> Option<NicNumber> {
        self.nics_of(host).find(|nic| self.nics[*nic].segment == segment)
    }

    /// A host's interface by its name.
    pub(crate) fn nic_named(&self, host: Position, name: &str) -> Option<NicNumber> {
        self.nics_of(host).find(|nic| self.nic_name(*nic) == name)
    }

    /// An interface's name.
    pub(crate) fn nic_name(&self, nic: NicNumber) -> &'a str {
        let Nic { host, at, .. } = self.nics[nic];
        let host = self.host(host);
        host.nic.get(at).map_or("?", |nic| nic.name.as_str())
    }

    /// The host at a position.
    pub(crate) fn host(&self, position: Position) -> &'a Host {
        &self.isp.hosts[self.host_ids[position]]
    }

    fn gateway(&self, id: Id<Host>) -> Option<Gateway> {
        let address = self.isp.gateway_of(id, self.family)?;
        let nic = self.nics_of(id.index()).find(|nic| {
            let Nic { segment, address: own, .. } = self.nics[*nic];
            let prefix = self.isp.segments[self.segment_ids[segment]].prefix(self.family);
            own.is_some() && prefix.is_some_and(|prefix| prefix.contains(&address))
        })?;
        Some(Gateway { address, nic })
    }

    fn virtual_addresses(&self) -> Vec<Vip> {
        let all = self.isp.vips.values();
        all.map(|vip| Vip {
            address: vip.address(self.family),
            segment: vip.segment.index(),
            group: vip.group.clone(),
            candidates: self.candidates(vip),
        })
        .collect()
    }

    fn candidates(&self, vip: &model::kinds::Vip) -> Vec<Candidate> {
        let held = |id: &Id<Host>| {
            let nic = self.nic_on(id.index(), vip.segment.index())?;
            Some((*id, nic, vip.priority(*id)?))
        };
        let all: Vec<_> = vip.hosts.iter().filter_map(held).collect();
        let hears = |id: Id<Host>, nic: NicNumber| {
            let from = |(other, far, _): &(Id<Host>, NicNumber, u8)| {
                *other == id || self.gates.hears_vrrp(self, (id.index(), nic), *far)
            };
            all.iter().map(from).collect()
        };
        let tracked = |id: Id<Host>| {
            let losses = self.isp.tracked_by(id).into_iter();
            let at = |name: &str| self.nic_named(id.index(), name);
            losses.filter_map(|(nic, loss)| Some((at(&nic.name)?, loss))).collect::<Vec<_>>()
        };
        let candidate = |(id, nic, priority): &(Id<Host>, NicNumber, u8)| Candidate {
            host: id.index(),
            nic: *nic,
            priority: *priority,
            address: self.nics[*nic].address,
            tracked: tracked(*id).into_iter().filter(|(tracked, _)| tracked != nic).collect(),
            hears: hears(*id, *nic),
        };
        all.iter().map(candidate).collect()
    }

    fn graph(&self) -> Igp {
        let mut igp = Igp { links: vec![Vec::new(); self.routers.len()], ..Igp::default() };
        let mut number_of = vec![None; self.isp.segments.len()];
        for (router, id) in self.routers.iter().enumerate() {
            let Some(ospf) = derive::routing::ospf(self.isp, *id) else { continue };
            for (nic, cost) in ospf.backbones {
                let host = id.index();
                let Some(nic) = self.nic_named(host, &nic.name) else { continue };
                let Nic { segment, address, .. } = self.nics[nic];
                if address.is_none() || !self.gates.speaks_ospf(self, (host, nic)) {
                    continue;
                }
                let number = *number_of[segment].get_or_insert_with(|| {
                    igp.segments.push(segment);
                    igp.members.push(Vec::new());
                    igp.segments.len() - 1
                });
                let (cost, router_number) = (u32::from(cost.max(1)), router as Router);
                igp.links[router].push(Link { segment: number as u16, cost, nic });
                let takes_by = self.nic_on(host, segment).unwrap_or(nic);
                igp.members[number].push(Member { router: router_number, cost, nic, takes_by });
            }
        }
        igp
    }
}

fn nics(isp: &Isp, family: Family) -> (Vec<Nic>, Vec<NicNumber>) {
    let (mut nics, mut first) = (Vec::new(), Vec::new());
    for (id, host) in isp.hosts.iter() {
        first.push(nics.len());
        nics.extend(host.nic.iter().enumerate().map(|(at, nic)| Nic {
            host: id.index(),
            at,
            segment: nic.segment.index(),
            kind: isp.segments[nic.segment].kind,
            address: nic.address(family),
            apart: isp.management_nic(id).is_some_and(|own| own.name == nic.name),
        }));
    }
    first.push(nics.len());
    (nics, first)
}

fn named_hosts(isp: &Isp) -> Vec<Position> {
    let targets = isp.invariants.values().flat_map(|one| one.from.iter().chain(&one.to));
    let named = |target: &Target| match target {
        Target::Host(id) => Some(id.index()),
        Target::Vip(_)
        | Target::Segment(_)
        | Target::Pool(_)
        | Target::Prefix(_)
        | Target::Zone(_)
        | Target::Neighbor(_)
        | Target::Service(_) => None,
    };
    targets.filter_map(named).collect()
}
